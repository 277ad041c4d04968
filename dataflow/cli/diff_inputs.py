"""What is compared: graphs and results as they are read, and the results of graphs that are run."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from dataflow.errors import DataError, Diagnostic
from dataflow.graph import Graph

if TYPE_CHECKING:
    from dataflow.registry import Operators
    from dataflow.result import Result

    Compared = Graph | Result

STANDARD_INPUT = "-"


def load_compared(path: str, operators: Operators) -> Compared:
    """The graph in a file, or the result, whichever it is. What is no regular file is read once."""
    from dataflow.document import load
    from dataflow.places import is_result, read_head

    try:
        head = None if path == STANDARD_INPUT else read_head(path)
    except (OSError, ValueError):
        return load(path, operators)  # which says what is wrong
    if head is None:
        return _load_stream(path, operators)
    return _load_result(path) if is_result(head) else load(path, operators)


def _load_stream(path: str, operators: Operators) -> Compared:
    """What comes through standard input or a pipe."""
    from dataflow.document import loads
    from dataflow.document.reader import read_text
    from dataflow.places import is_result

    text = read_text(path)
    file = "<stdin>" if path == STANDARD_INPUT else path
    if not is_result(text[:100].encode("utf-8", "replace")):
        folder = None if path == STANDARD_INPUT else os.path.dirname(os.path.abspath(path))
        return loads(text, file=file, folder=folder, operators=operators)
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:  # a result is read from a file, beside which its arrays may be
        copy = os.path.join(folder, "result.json")
        with open(copy, "w", encoding="utf-8") as stream:
            stream.write(text)
        try:
            return _load_result(copy)
        except DataError as error:
            found = [item._replace(message=item.message.replace(copy, file)) for item in error.diagnostics]
            raise DataError(found) from error.__cause__


def _load_result(path: str) -> Result:
    """A result whose members are what a result has. Raises `DataError` for one that was changed by hand."""
    from dataflow.result import Result

    result = Result.load(path)
    sound = (
        (result.target is None or isinstance(result.target, str))
        and all(_has_texts(item, "code", "node", "message") for item in result.findings)
        and all(_has_texts(item, "owner", "text") for item in (result.labels or {}).values())
        and all(isinstance(item, str) for item in (*result.data.values(), *result.versions.values(), result.processor))
        and all(_is_sound(block) for product in result.derivatives.values() for block in product.blocks.values())
    )
    if not sound:
        message = f"`{path}` is damaged: a part of it is of another kind than a result has there"
        raise DataError(Diagnostic("DF0572", message, hint="it was changed after it was written; run the graph again"))
    return result


def _has_texts(item: Any, *keys: str) -> bool:
    return isinstance(item, Mapping) and all(isinstance(item.get(key), str) for key in keys)


def _is_sound(block: Any) -> bool:
    """Whether a block of a derivative is an array; a sparse one, with its elements within its shape, each once."""
    from dataflow.result.products import is_sparse

    if not is_sparse(block):
        return not isinstance(block, Mapping)
    if not all(getattr(item, "ndim", None) == 1 for item in (block.rows, block.columns, block.values)):
        return False
    height, width = block.shape
    places = list(zip(block.rows.tolist(), block.columns.tolist(), strict=True))
    inside = all(0 <= row < height and 0 <= column < width for row, column in places)
    return height * width < 2**63 and inside and len(set(places)) == len(places)


def run_both(
    old: Compared, new: Compared, arguments: argparse.Namespace, renames: Mapping[str, str]
) -> tuple[Result, Result]:
    """Both results: those of graphs by running these, with the values that the command line gives."""
    first, second = _read_both_values(old, new, arguments)
    for name, other in renames.items():
        if name in first and other not in second and _is_given(new, other):
            second[other] = first[name]
        elif other in second and name not in first and _is_given(old, name):
            first[name] = second[other]
    return _run(old, first, arguments), _run(new, second, arguments)


def _is_given(item: Compared, name: str) -> bool:
    return isinstance(item, Graph) and name in item.given


def _run(item: Compared, values: Mapping[str, Any], arguments: argparse.Namespace) -> Result:
    if not isinstance(item, Graph):
        return item
    from dataflow.execution import execute

    with redirect_stdout(sys.stderr):  # what a rule prints is no report
        return execute(item, values, target=arguments.target, data_root=arguments.data_root)


def _read_both_values(
    old: Compared, new: Compared, arguments: argparse.Namespace
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of --inputs and --set for each graph: those that it has, and what neither has, to be refused."""
    from dataflow.cli.execute import read_values

    graphs = [item for item in (old, new) if isinstance(item, Graph)]
    known = {name for graph in graphs for name in graph.given}
    alone = argparse.Namespace(inputs=arguments.inputs, settings=[])
    shared = read_values(Graph(inputs=dict.fromkeys(known)), alone) if graphs else {}
    found: list[dict[str, Any]] = []
    for item in (old, new):
        if not isinstance(item, Graph):
            found.append({})
            continue
        own = set(item.given)
        settings = [text for text in arguments.settings if _is_for(text.partition("=")[0].strip(), own, known)]
        given = {name: value for name, value in shared.items() if _is_for(name, own, known)}
        found.append(given | read_values(item, argparse.Namespace(inputs=None, settings=settings)))
    return found[0], found[1]


def _is_for(name: str, own: set[str], known: Iterable[str]) -> bool:
    """Whether a graph takes a value of this name: its own, or one that no graph knows."""
    return name in own or name not in known
