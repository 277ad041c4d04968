"""Every key, value and part of an expression is found at the line and column where an editor shows it."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.document.reader import read_tree
from dataflow.document.source import Source
from dataflow.errors import KEY, Diagnostic

DOCUMENT = """\
# a comment
dataflow: 1
inputs: {é😀: 5, "b c": [1, [2, 30]]}
nodes:
  u: &u b * c   # comment
  v:
    op: add
    inputs:
      - a
      - *u
  empty:
  w: !!str 5
last: *u
"""


def locate(text: str, path: tuple[str | int, ...], span: tuple[int, int] | None = None) -> Diagnostic:
    return Source("g.yaml", text).locate(Diagnostic("DF0000", "here", path=path, span=span))


def point(text: str, path: tuple[str | int, ...], span: tuple[int, int] | None = None) -> tuple[Any, Any, int]:
    found = locate(text, path, span)
    return found.line, found.column, found.length


@pytest.fixture(params=["libyaml", "Python"])
def _either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "Python":
        monkeypatch.setitem(sys.modules, "yaml.cyaml", None)
    else:
        pytest.importorskip("yaml.cyaml")


@pytest.mark.usefixtures("_either_parser")
@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (2, 1, 1)),
        (("dataflow",), (2, 11, 1)),
        (("dataflow", KEY), (2, 1, 8)),
        (("inputs",), (3, 9, 28)),
        (("inputs", "é😀"), (3, 14, 1)),
        (("inputs", "é😀", KEY), (3, 10, 2)),
        (("inputs", "b c", KEY), (3, 17, 5)),
        (("inputs", "b c", 1, 1), (3, 32, 2)),
        (("inputs", "b c", 1, KEY), (3, 28, 7)),  # what has no key is meant itself
        (("nodes",), (5, 3, 1)),
        (("nodes", "u"), (5, 9, 5)),
        (("nodes", "v", "op"), (7, 9, 3)),
        (("nodes", "v", "inputs", 0), (9, 9, 1)),
        (("nodes", "v", "inputs", 1), (10, 9, 2)),
        (("nodes", "empty"), (11, 3, 5)),
        (("nodes", "w"), (12, 12, 1)),
        (("last",), (13, 7, 2)),
        (("nodes", "v", "attributes", "axis"), (6, 3, 1)),  # not there: the last that is
        (("nodes", "v", "inputs", 7), (8, 5, 6)),
        (("nodes", "x"), (4, 1, 5)),
        (("nodes", "x", KEY), (4, 1, 5)),
        (("target",), (2, 1, 1)),
    ],
)
def test_path(path: tuple[str | int, ...], place: tuple[int, int, int]) -> None:
    assert point(DOCUMENT, path) == place


def test_every_entry_has_its_place() -> None:
    source = Source("g.yaml", DOCUMENT, "folder")
    found = source.locate(Diagnostic("DF0203", "unknown", path=("nodes", "u"), span=(4, 5), node="u"))
    assert found.place == "g.yaml:5:13"
    assert (found.source, found.length, found.node, source.base) == ("  u: &u b * c   # comment", 1, "u", "folder")


def test_span_through_an_alias_is_where_the_text_stands() -> None:
    assert point(DOCUMENT, ("last",), (4, 5)) == (5, 13, 1)
    assert point("a: &a [x, {y: 1}]\nb: *a\n", ("b", 1, "y")) == (1, 15, 1)


def test_span_of_what_is_no_text_or_not_there_is_left_out() -> None:
    assert point(DOCUMENT, ("inputs",), (0, 3)) == (3, 9, 28)
    assert point(DOCUMENT, ("nodes", "zzz"), (0, 3)) == (4, 1, 5)


def test_span_at_the_end_of_a_value() -> None:
    assert point("u: (a + b\n", ("u",), (6, 6)) == (1, 10, 1)
    assert point("u: (a +  # no more\n", ("u",), (4, 4)) == (1, 8, 1)
    assert point("u: '(a + b'\n", ("u",), (6, 6)) == (1, 11, 1)


def test_repeated_key_points_at_the_first() -> None:
    source = Source("g.yaml", "a: 1\nb: {c: 2, c: 3}\na: 4\n")
    assert [(source.position(again), source.position(first)) for again, first in source.marks.repeats.items()] == [
        ((2, 11), (2, 5)),
        ((3, 1), (1, 1)),
    ]
    assert point(source.text, ("a",)) == (1, 4, 1)


def test_located_diagnostics_keep_their_place() -> None:
    source = Source("g.yaml", "a: 1\nb: 2\n")
    found = source.locate(Diagnostic("DF0101", "here", line=2, column=3))
    assert (found.file, found.line, found.column, found.source) == ("g.yaml", 2, 3, "b: 2")
    assert source.locate(Diagnostic("DF0101", "here", file="h.csv", line=9)).place == "h.csv:9"


def test_text_that_cannot_be_read_to_its_end() -> None:
    assert point("a: 1\nb: [2, @", ("a",)) == (1, 4, 1)
    assert point("a: 1\nb: [2, @", ("b", 0)) == (2, 5, 1)
    assert locate("", ("a",)).place == "g.yaml"
    assert locate("@", ()).place == "g.yaml"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_editors(end: str) -> None:
    text = end.join(["a: x\x85y", "# \u2028 \u2029", "b: 'p", "  q * é r'", "c: 1"])
    source = Source("g.yaml", text)
    assert len(source.lines) == 5
    assert [source.line_of(match.start()) for match in re.finditer("a:|#|b:|q|c:", text)] == [1, 2, 3, 4, 5]
    assert point(text, ("b",), (4, 7)) == (4, 5, 3)
    assert point(text, ("c",)) == (5, 4, 1)
    assert locate(text, ("c",)).source == "c: 1"


@pytest.mark.parametrize(
    ("text", "part", "place"),
    [
        ("u: 'it''s w'", "w", (1, 11, 1)),
        ('u: "a\\t\\x2A\\u0020w"', "w", (1, 18, 1)),
        ('u: "a\\t\\x2A\\u0020w"', "*", (1, 8, 4)),
        ('u: "\\ud83d\\ude00 w"', "w", (1, 18, 1)),
        ('u: "a +\\\n   \\  w"', "w", (2, 7, 1)),
        ('u: "a +\n\n   w"', "w", (3, 4, 1)),
        ("u: a +\n  b\n  + w # w\n", "w", (3, 5, 1)),
        ("u: | # w\n  a +\n   w\n", "w", (3, 4, 1)),
        ("u: >2-\n\n   a +\n  w\n\n\nv: w", "w", (4, 3, 1)),
        ("u: !!str &x # w\n  'w'\n", "w", (2, 4, 1)),
        ("u: &w |+\n w", "w", (2, 2, 1)),
        ("\ufeffu: é😀 w", "w", (1, 7, 1)),
        ("? u\n: w", "w", (2, 3, 1)),
    ],
)
def test_span_in_every_style(text: str, part: str, place: tuple[int, int, int]) -> None:
    start = read_tree(text)["u"].index(part)
    assert point(text, ("u",), (start, start + len(part))) == place


WORDS = ["a", "bc", "é", "😀x", "12", "+", "**", "(", ")", "'", '"', "x\u2028y", "\\", "1e-3"]
TOKENS = st.lists(st.sampled_from(WORDS), min_size=1)


@st.composite
def written(draw: st.DrawFn) -> tuple[str, list[tuple[str, int]]]:
    """A document with an expression in some style, and each of its tokens with its offset in the text."""
    style = draw(st.sampled_from(["plain", "single", "double", "literal", "folded"]))
    tokens = draw(TOKENS)
    if style == "plain":
        tokens = ["a", *tokens]
    opening = {"plain": "", "single": "'", "double": '"'}.get(style) or {
        "literal": draw(st.sampled_from(["|\n   ", "|- # x\n   ", "|3+\n     "])),
        "folded": draw(st.sampled_from([">\n   ", ">+\n   ", ">-3 # x\n    "])),
    }.get(style, "")
    gaps = [" ", "  ", "\n   ", "\n\n   "] + ["\n    \n     "] * (style != "plain")
    if style == "double":
        gaps += ["\\t", "\\n", "\\\n   \\ ", "\\x20"]
    text = draw(st.sampled_from(["u: ", "w: 'é😀'\nu: ", "u: &anchor ", "u: !!str "])) + opening
    places: list[tuple[str, int]] = []
    for token in tokens:
        if places:
            text += draw(st.sampled_from(gaps))
        places.append((token, len(text)))
        for character in token:
            if style == "single":
                text += character.replace("'", "''")
            elif style == "double":
                escapes = {"'": ["'"], '"': ['\\"', "\\x22"], "\\": ["\\\\", "\\u005c"], "a": ["a", "\\U00000061"]}
                escapes |= {"\u2028": ["\u2028", "\\L"], "😀": ["😀", "\\ud83d\\uDE00", "\\U0001F600"]}
                text += draw(st.sampled_from(escapes.get(character, [character])))
            else:
                text += character
    text += {"single": "'", "double": '"'}.get(style, "") + draw(st.sampled_from(["", "\n", "\n\nv: 1", " \nv: 1\n"]))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    places = [(token, offset + text.count("\n", 0, offset) * (len(end) - 1)) for token, offset in places]
    return text.replace("\n", end), places


@given(written())
def test_every_token_is_found_in_every_style(case: tuple[str, list[tuple[str, int]]]) -> None:
    text, places = case
    source = Source("g.yaml", text)
    value = read_tree(text)["u"]
    assert isinstance(value, str)
    start = 0
    for token, offset in places:
        start = value.index(token, start)
        found = source.locate(Diagnostic("DF0000", "here", path=("u",), span=(start, start + len(token))))
        assert (found.line, found.column) == source.position(offset)
        start += len(token)
