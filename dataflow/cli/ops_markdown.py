"""The operators as one Markdown page: what `dataflow ops --markdown` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from json import dumps
from typing import Any

Data = Mapping[str, Any]


def write_page(found: Iterable[Data]) -> Iterator[str]:
    """The lines of the page: a section for each plugin and family, in it one for each operator.

    >>> from dataflow.cli.operator_data import data_of
    >>> from dataflow.registry import standard
    >>> print(*list(write_page([data_of("exp", standard())]))[:6], sep=chr(10))
    # Operators
    <BLANKLINE>
    1 operator. `z` is the output, a slope is dz/dx.
    <BLANKLINE>
    ## dataflow_std: functions
    <BLANKLINE>
    """
    operators = list(found)
    yield "# Operators"
    yield ""
    yield f"{len(operators)} operator{'s' * (len(operators) != 1)}. `z` is the output, a slope is dz/dx."
    yield ""
    for heading, group in groupby(operators, key=_heading):
        yield f"## {heading}"
        yield ""
        for item in group:
            yield from _write_operator(item)


def _heading(item: Data) -> str:
    plugin = str(item["plugin"]["name"])
    return f"{plugin}: {item['family']}" if item["family"] else plugin


def _write_operator(item: Data) -> Iterator[str]:
    yield f"### `{item['signature']}`"
    yield ""
    yield f"`{item['formula']}`"
    yield ""
    if item["description"]:
        yield from (item["description"], "")
    for part in item["inputs"]:
        slope = "" if part["differentiable"] else "not differentiable"
        yield f"- {_join(part['name'], part['takes'], part['domain'], slope)}"
    for part in item["attributes"]:
        default = "required" if part["required"] else f"`{dumps(part['default'], ensure_ascii=False)}` if left out"
        yield f"- {_join(part['name'], part['accepts'], default)}"
    if item["outputs"]:
        names = "any number, to be named" if item["outputs"] == ["*"] else ", ".join(f"`{x}`" for x in item["outputs"])
        yield f"- outputs: {names}"
    yield ""
    if item["conventions"]:
        yield from (f"At edges: {item['conventions']}.", "")
    if item["edges"]:
        yield from _write_table(item["edges"])
    if item["source"]:
        yield from (f"Source: {item['source']}", "")


def _join(name: str, *about: str) -> str:
    return f"`{name}`: {'; '.join(filter(None, about))}"


def _write_table(rows: Iterable[Data]) -> Iterator[str]:
    """What goes in, what comes out, and the slopes, a row each."""
    yield "| in | z | slopes |"
    yield "|---|---|---|"
    for row in rows:
        given = ", ".join(f"{name} = {dumps(value)}" for name, value in (row["inputs"] | row["attributes"]).items())
        slopes = ", ".join(f"{name}: {dumps(value)}" for name, value in row["gradients"].items() if value is not None)
        yield f"| {_cell(given)} | {_cell(dumps(row['value']))} | {_cell(slopes)} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
