"""Values that stand in a graph: their shape, their type, and whether they fit what is declared."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.checks.inline import MAX_ELEMENTS, RaggedError, check_input, leaves_of, shape_of
from dataflow.errors import Diagnostic
from dataflow.graph import Graph, Input

NESTED = st.recursive(st.integers(0, 9), lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=12)


def check_entry(entry: Any, *, parameter: bool = False, default: str = "float64") -> list[Diagnostic]:
    held = Graph(inputs={"a": entry}).inputs["a"]
    return list(check_input(held, ("inputs", "a"), default, parameter=parameter))


@given(NESTED)
def test_shape_is_that_of_numpy(value: Any) -> None:
    try:
        expected = np.array(value).shape
    except ValueError:  # ragged
        with pytest.raises(RaggedError):
            shape_of(value)
    else:
        assert shape_of(value) == expected
        assert sum(1 for _ in leaves_of(value)) == math.prod(expected)


@given(NESTED)
def test_leaves_are_where_they_are_said_to_be(value: Any) -> None:
    for index, leaf in leaves_of(value):
        part = value
        for position in index:
            part = part[position]
        assert part == leaf
        assert isinstance(leaf, int)


@pytest.mark.parametrize(
    ("value", "index"),
    [
        ([[1, 2], [3]], (1,)), ([[1, 2], 3], (1,)), ([1, [2, 3]], (1,)), ([[[1], [2]], [[3], 4]], (1, 1)),
        ([[[1], [2]], [[3], [4, 5]]], (1, 1)), ([[], [1]], (1,)), ([[1], []], (1,)),
    ],
)  # fmt: skip
def test_ragged(value: Any, index: tuple[int, ...]) -> None:
    (problem,) = check_entry(value)
    assert (problem.code, problem.path) == ("DF0501", ("inputs", "a", "value", *index))


SOUND: list[Any] = [
    5, [1, 2.5], [], [[], []], math.nan, [math.inf], "NaN", Input(True, dtype="bool"), Input([True], dtype="bool"),
    Input(-128, dtype="int8"), Input(2**64 - 1, dtype="uint64"), Input([1, 2], shape=("rows",)),
    Input([1, 2], shape=(2,)), Input(1, differentiable=True),
    Input(shape=(2, 0)), Input(), Input(source="a.npy"), Input(source="a.csv", columns="x"),
    Input(shape=(MAX_ELEMENTS,)), Input(5, dtype="float32"),
]  # fmt: skip


@pytest.mark.parametrize("entry", SOUND, ids=str)
def test_sound(entry: Any) -> None:
    assert check_entry(entry) == []


@pytest.mark.parametrize(
    ("entry", "code", "path"),
    [
        (True, "DF0502", ("value",)),
        ([1, True], "DF0502", ("value", 1)),
        ("text", "DF0502", ("value",)),
        ([[1, "x"]], "DF0502", ("value", 0, 1)),
        ([1, None], "DF0502", ("value", 1)),
        (10**400, "DF0512", ("value",)),
        (Input(1, dtype="bool"), "DF0502", ("value",)),
        (Input(1.0, dtype="int64"), "DF0502", ("value",)),
        (Input([1, True], dtype="int64"), "DF0502", ("value", 1)),
        (Input(128, dtype="int8"), "DF0512", ("value",)),
        (Input(-1, dtype="uint8"), "DF0512", ("value",)),
        (Input(2**64, dtype="uint64"), "DF0512", ("value",)),
        (Input([1, 2], shape=(3,)), "DF0503", ("shape",)),
        (Input(1, shape=("rows",)), "DF0503", ("shape",)),
        (Input(shape=(-1,)), "DF0510", ("shape", 0)),
        (Input(shape=(2, "a b")), "DF0510", ("shape", 1)),
        (Input(shape=(True,)), "DF0510", ("shape", 0)),
        (Input(shape=(2**32, 2**32)), "DF0511", ("shape",)),
        (Input(1, source="a.npy"), "DF0508", ("source",)),
        (Input(1, columns="x"), "DF0509", ("column",)),
        (Input(1, columns=("x",)), "DF0509", ("columns",)),
        (Input(1, dtype="flaot64"), "DF0505", ("dtype",)),
        (Input(1, dtype="complex64"), "DF0505", ("dtype",)),
        (Input(1, dtype="int64", differentiable=True), "DF0507", ("differentiable",)),
    ],
    ids=str,
)
def test_refused(entry: Any, code: str, path: tuple[str | int, ...]) -> None:
    (problem,) = check_entry(entry)
    assert (problem.code, problem.path) == (code, ("inputs", "a", *path))


def test_parameter_is_differentiated() -> None:
    (problem,) = check_entry(Input(1, dtype="int64"), parameter=True)
    assert (problem.code, problem.hint) == ("DF0507", "make it an input")


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("1_000", "write 1000"), ("1,000.5", "write 1000.5"), ("no", "in YAML 1.2 this is text"),
        ("b * c", "under `nodes`"),
        ("x.csv", "{source: FILE}"), ("2024-01-31", "a date or a time is text"), ("12:30", "a date or a time is text"),
        ("hello", "a number, a list of numbers, or a file"), (None, "leave the entry out"), ("", "a number, a list"),
    ],
)  # fmt: skip
def test_hint(value: Any, hint: str) -> None:
    (problem,) = check_entry([value])
    assert hint in str(problem.hint)


def test_a_shape_beyond_every_float() -> None:
    (problem,) = check_entry(Input(shape=(10**200, 10**200)))
    assert (problem.code, problem.path) == ("DF0511", ("inputs", "a", "shape"))


def test_the_first_wrong_number_is_told() -> None:
    (problem,) = check_entry([[1, 2], ["p", 3], ["q", "r"]])
    assert problem.path == ("inputs", "a", "value", 1, 0)
    assert [index for index, _ in leaves_of(((1, 2), (3, 4)))] == [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize("entry", [Input(10**5000, dtype="int8"), Input(-(10**5000)), Input(shape=(-(10**5000),))])
def test_integers_that_python_does_not_print(entry: Input) -> None:
    (problem,) = check_entry(entry)
    assert "an integer of 16610 bits" in problem.message
