"""Sizes that shapes declare and attributes name are told from data, and are no values."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow.checks import check
from dataflow.checks.inline import fault_of_size
from dataflow.checks.sizes import MAX_HINTS
from dataflow.errors import Diagnostic
from dataflow.graph import Graph, Input, Node
from dataflow.registry import standard

OPERATORS = standard()


def problems(*shapes: tuple[Any, ...], **nodes: Node) -> list[Diagnostic]:
    inputs = {f"x{index}": Input(shape=shape) for index, shape in enumerate(shapes)}
    return check(Graph(inputs=inputs, nodes=nodes), OPERATORS)


@pytest.mark.parametrize(
    "shapes",
    [
        [("rows", 3)], [("rows - 1",)], [("rows", "2*rows")], [("2*h + 3",)], [("h*k", "k")], [("h*k", "2*k")],
        [("a + b + c",), ("b + c",), ("c",)], [("h//2", "h")], [("h*h", "h")], [("(h - 3)//2 + 1",), ("h",)],
        [("0*h + 3",)], [("h*k + k", "k")],
    ],
)  # fmt: skip
def test_shapes_that_data_can_tell(shapes: list[tuple[Any, ...]]) -> None:
    assert problems(*shapes) == []


@pytest.mark.parametrize(
    ("shapes", "unknown"),
    [
        ([("h//2",)], ["h"]),
        ([("h*h",)], ["h"]),
        ([("h*k",)], ["h", "k"]),
        ([("h*k",), ("h*k*2",)], ["h", "k"]),
        ([("h + k",), ("h - k",)], ["h", "k"]),  # which two equations would tell; one at a time does not
        ([("h + h//2",)], ["h"]),
        ([("h*k + k//h", "k")], ["h"]),
        ([("a + b + c",), ("b + c",)], ["a", "b", "c"]),
    ],
)
def test_shapes_that_no_data_can_tell(shapes: list[tuple[Any, ...]], unknown: list[str]) -> None:
    found = problems(*shapes)
    assert [item.code for item in found] == ["DF0518"] * len(unknown)
    assert [item.message.split("`")[1] for item in found] == unknown
    assert all(item.hint == f"let a shape name `{name}` alone" for item, name in zip(found, unknown, strict=True))


def test_the_size_that_was_meant() -> None:
    (found,) = problems(("hidden", "hiden*hiden"))
    assert (found.path, found.hint) == (("inputs", "x0", "shape", 1), "did you mean `hidden`?")


def test_a_computed_size_names_no_value() -> None:
    graph = Graph(inputs={"x": Input(shape=("n", "k + n"))}, nodes={"n": Node("exp", (1,))})
    assert [(item.code, item.path) for item in check(graph, OPERATORS)] == [
        ("DF0506", ("inputs", "x", "shape", 0)), ("DF0506", ("inputs", "x", "shape", 1)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("rows +", "`rows +` is no size", "made of these with + - * //"),
        ("rows / 2", "`rows / 2` is no size", "write `//`"),
        ("rows ** 2", "`rows ** 2` is no size", "made of these"),
        ("2*pi", "`pi` is no name of a size", "call it `pi_`"),
        ("lambda", "`lambda` is no name of a size", "call it `lambda_`"),
        ("2*__x", "`__x` is no name of a size", ""),
        ("\N{LATIN SMALL LIGATURE FI} + 1", "`\N{LATIN SMALL LIGATURE FI}` is no name of a size", "write `fi`"),
        ("3", "`3` is text", "without quotes"),
        ("-rows", "the size `-rows` is below 0", "0 or more"),
        ("1 - 2*rows", "the size `1 - 2*rows` is below 0", "0 or more"),
        ("", "`` is no size", ""),
        ("rows\n*2", "`rows?*2` is no size", ""),
        ("a*" * 600 + "a", "...", ""),
        ("*".join(f"({letter}+{letter}{letter})" for letter in "abcdefghijklmnop"), "...", ""),
    ],
)
def test_what_is_no_size(text: str, message: str, hint: str) -> None:
    fault = fault_of_size(text)
    assert fault is not None
    assert message in fault[0]
    assert hint in fault[1]
    assert len(fault[0]) < 100
    (found,) = problems((text,))
    assert (found.code, found.path) == ("DF0510", ("inputs", "x0", "shape", 0))


def reshaped(*shape: Any) -> Node:
    return Node("reshape", ("x0",), {"shape": shape})


@pytest.mark.parametrize(
    ("shape", "code", "place", "hint"),
    [
        (("rows", "row"), "DF0518", (1,), "did you mean `rows`?"),
        (("2*row - 1",), "DF0518", (0,), "did you mean `rows`?"),
        ((1, "zzz"), "DF0518", (1,), "there are `rows`"),
        ((1, "x0 + 1"), "DF0306", (1,), "an attribute is fixed"),
        ((1, "rows +"), "DF0413", (), "`rows +` is no size"),
        ((1, "3"), "DF0413", (), "without quotes"),
        (("rows", (1, "rows")), "DF0413", (), "None"),
        (("rows", 1.5), "DF0413", (), "None"),
        (("rows", 2**70), "DF0413", (), "None"),
    ],
)
def test_sizes_in_attributes(shape: tuple[Any, ...], code: str, place: tuple[int, ...], hint: str) -> None:
    (found,) = problems(("rows",), y=reshaped(*shape))
    assert (found.code, found.path) == (code, ("nodes", "y", "attributes", "shape", *place))
    assert str(found.hint).startswith(hint) or hint in str(found.hint)


def test_sizes_are_not_for_every_attribute() -> None:
    assert problems(("rows",), y=reshaped("rows", 1), z=Node("roll", ("x0",), {"shift": "rows - 1"})) == []
    for node in (
        Node("sum", ("x0",), {"keepdims": "rows"}),
        Node("pad", ("x0",), {"pad_width": 1, "mode": "rows"}),
        Node("reshape", ("x0",), {"shape": "rows"}),
    ):
        assert [item.code for item in problems(("rows",), y=node)] == ["DF0413"]


def test_where_no_shape_names_a_size() -> None:
    (found,) = problems((3,), y=reshaped("rows", 1))
    assert (found.code, found.hint) == ("DF0518", "let the shape of an input name it: `shape: [rows]`")
    (found,) = problems((3,), y=Node("divide", ("x0", "rows")))
    assert (found.code, found.hint) == ("DF0203", "there are `x0`, `y`")


def test_only_so_many_words_are_compared_with_all_sizes() -> None:
    count = MAX_HINTS + 5
    found = problems(("length",), **{f"y{index}": reshaped(f"lengt{index}") for index in range(count)})
    assert sum(item.hint == "did you mean `length`?" for item in found) == MAX_HINTS
    assert len(found) == count
    found = problems(("length",), *[(f"lengt{index}//2",) for index in range(count)])
    assert sum(item.hint == "did you mean `length`?" for item in found) == MAX_HINTS
    assert len(found) == count
