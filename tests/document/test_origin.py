"""The names of a graph lead back to the lines of its text."""

from __future__ import annotations

import pytest

from dataflow.document.origin import Origin
from dataflow.errors import Diagnostic, Path
from dataflow.registry import standard

TEXT = """\
dataflow: 1
inputs:
  a: [1, 2]
  b: {value: [1, 2]}
nodes:
  u: 3 * (a + b)
  v: {op: pow, inputs: {y: a, x: u}}
  w: {op: stack, inputs: {xs: [a, b]}}
  x: {op: unknown, inputs: {p: a, q: b}}
  y: 5
"""


@pytest.fixture
def origin() -> Origin:
    return Origin("g.yaml", TEXT, None, standard())


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("nodes", "u"), (6, 6)),
        (("nodes", "u", "<key>"), (6, 3)),
        (("nodes", "u", "op"), (6, 6)),
        (("nodes", "u", "inputs"), (6, 6)),
        (("nodes", "u", "inputs", 1), (6, 11)),
        (("nodes", "u#1"), (6, 11)),
        (("nodes", "u#1", "inputs"), (6, 11)),
        (("nodes", "u#1", "inputs", 1), (6, 15)),
        (("nodes", "u#9"), (6, 6)),
        (("nodes", "v", "inputs", 0), (7, 34)),
        (("nodes", "v", "inputs", 1), (7, 28)),
        (("nodes", "v", "inputs", 7), (7, 24)),
        (("nodes", "v", "inputs", "x"), (7, 24)),
        (("nodes", "w", "inputs", 1), (8, 35)),
        (("nodes", "x", "inputs", 1), (9, 28)),
        (("nodes", "y", "inputs", 0), (10, 3)),
        (("nodes", "gone"), (5, 1)),
        (("inputs", "a", "value", 1), (3, 10)),
        (("inputs", "b", "value", 1), (4, 18)),
        (("inputs", "a", "value"), (3, 6)),
        (("inputs", "gone", "value"), (2, 1)),
        (("target",), (1, 1)),
    ],
)
def test_place(path: Path, place: tuple[int, int], origin: Origin) -> None:
    found = origin.locate(Diagnostic("DF0000", "here", path))
    assert (found.line, found.column) == place
    assert found.file == "g.yaml"


def test_what_is_located_stays_where_it_is(origin: Origin) -> None:
    for known in (
        Diagnostic("DF0000", "here", line=3, column=4, file="g.yaml"),
        Diagnostic("DF0000", "here", ("nodes", "u"), file="t.csv"),
    ):
        assert origin.locate(known) == known


def test_in_the_order_of_the_text_and_once(origin: Origin) -> None:
    problems = [Diagnostic("DF0000", "here", ("nodes", name)) for name in ("y", "v", "u", "v", "u#1")]
    found = origin.locate_all([*problems, Diagnostic("DF0001", "elsewhere", file="t.csv")])
    assert [(item.line, item.column) for item in found] == [(None, None), (6, 6), (6, 11), (7, 6), (10, 6)]


def test_places_of_nodes(origin: Origin) -> None:
    assert (origin.place_of("u"), origin.place_of("u#1"), origin.place_of("y")) == ((6, 6), (6, 11), (10, 6))


@pytest.mark.parametrize("text", ["", "[", "- a", "nodes: 3", "nodes: {u: [}"])
def test_text_that_cannot_be_read(text: str) -> None:
    origin = Origin("g.yaml", text, None, standard())
    found = origin.locate(Diagnostic("DF0000", "here", ("nodes", "u", "inputs", 0)))
    assert found.file == "g.yaml"
    assert found.line in (None, 1)
