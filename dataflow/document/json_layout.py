"""A graph in JSON, laid out anew: sections and entries in lines of their own, what stands in an entry as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dataflow.document.brackets import Shift, Token, write_brackets
from dataflow.document.page import STEP, Line, Page, measure
from dataflow.document.schema import SECTIONS
from dataflow.document.sections import rank
from dataflow.document.spelling import respell

if TYPE_CHECKING:
    from dataflow.operators import Operator

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,:\[\]{}"]+|[\[\]{}]')
Value = list[Token]  # the tokens of a value; the first is the value itself, or the bracket that opens it


def is_json(text: str) -> bool:
    """Whether a text is JSON as a whole.

    >>> is_json('{"dataflow": 1}'), is_json("{dataflow: 1}")
    (True, False)
    """
    import json

    if not text.lstrip().startswith("{"):
        return False
    try:
        json.loads(text, parse_int=str, parse_float=str)  # numbers of any length
    except (ValueError, RecursionError):
        return False
    return True


def lay_out_json(text: str, operators: Mapping[str, Operator]) -> list[Line]:
    """The lines of a graph that is a mapping in JSON."""
    tokens = _TOKEN.finditer(text)
    next(tokens)
    members: list[tuple[str, list[Line]]] = []
    for key, value in _read_members(tokens):
        page, name = Page(), key.text[1:-1]
        page.write(f"{key.text}: ", STEP)
        if name in SECTIONS and value[0].text == "{":
            _write_section(page, text, value, operators if name == "nodes" else None)
        else:
            _write_value(page, text, key, value, STEP)
        page.write(",")
        page.end()
        members.append((name, page.lines))
    members.sort(key=lambda member: rank(member[0]))
    lines = [line for _, found in members for line in found]
    return ["{", *lines[:-1], *(str(line)[:-1] for line in lines[-1:]), "}"]


def _read_members(tokens: Iterator[re.Match[str]]) -> Iterator[tuple[Token, Value]]:
    """Keys and values of a mapping that has begun, up to its end."""
    for match in tokens:
        if match[0] == "}":
            return
        value: Value = []
        depth = 0
        for part in tokens:
            value.append(_as_token(part))
            depth += (part[0] in "[{") - (part[0] in "]}")
            if depth == 0:
                break
        yield _as_token(match), value


def _as_token(match: re.Match[str]) -> Token:
    return Token(match.start(), match.end(), match[0])


def _write_section(page: Page, text: str, value: Value, operators: Mapping[str, Operator] | None) -> None:
    """A mapping with each of its entries in a line of its own; with operators, those that are texts are expressions."""
    page.write("{")
    parts = _TOKEN.finditer(text, value[0].end, value[-1].end)
    entries = list(_read_members(parts))
    for number, (key, entry) in enumerate(entries, 1):
        page.end()
        page.write(f"{key.text}: ", 2 * STEP)
        if operators is not None and entry[0].text[0] == '"' and "\\" not in entry[0].text:
            page.write(f'"{respell(entry[0].text[1:-1], operators)}"')
        else:
            _write_value(page, text, key, entry, 2 * STEP)
        page.write("," if number < len(entries) else "")
    if entries:
        page.end()
        page.write("}", STEP)
    else:
        page.write("}")


def _write_value(page: Page, text: str, key: Token, value: Value, indent: int) -> None:
    begin, end = value[0].start, value[-1].end
    parts = [token for token in value if token.text not in ("[", "]", "{", "}")]
    shift = Shift(0, 0, 0, 0)
    if "\n" in text[begin:end]:  # columns are looked for only then: the text may be one long line
        shift = Shift(_column(text, begin), len(page.line or ""), _column(text, key.start), indent)
    write_brackets(page, text, begin, end, parts, shift)


def _column(text: str, place: int) -> int:
    return measure(text[text.rfind("\n", 0, place) + 1 : place])
