"""Shapes of affine maps and of what is drawn for dropout."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow.sizes import UnknownSizeError
from tests.plugins.shapes.inferring import infer, infer_types, read_shape, refusal, run_types

KNOWN: list[tuple[list[str], str]] = [
    (["rows, 30", "hidden, 30"], "rows, hidden"),
    (["rows, 30", "hidden, 30", "hidden"], "rows, hidden"),
    (["batch, tokens, 2*k", "10, k*2", "10"], "batch, tokens, 10"),
    (["k", "10, k", "10"], "10"),
]


@pytest.mark.parametrize(("shapes", "expected"), KNOWN)
def test_symbolic_sizes(shapes: list[str], expected: str) -> None:
    assert infer("linear", shapes) == [read_shape(expected)]


@pytest.mark.parametrize("shapes", [["rows, 30", "hidden, k"], ["rows, 30", "hidden, 30", "10"]])
def test_what_only_the_data_will_tell(shapes: list[str]) -> None:
    with pytest.raises(UnknownSizeError):
        infer("linear", shapes)


REFUSED: list[tuple[list[str], str]] = [
    (["4, 3", "3"], "weight has the shape [3]: it needs [out, in]"),
    (["4, 3", "2, 4"], "x has the shape [4, 3]: its last axis needs the 4 of a weight of shape [2, 4]"),
    (["", "2, 0"], "x has the shape []: its last axis needs the 0 of a weight of shape [2, 0]"),
    (["4, 3", "2, 3", "3"], "bias has the shape [3], and 2 outputs need [2]"),
    (["4, 3", "2, 3", ""], "bias has the shape [], and 2 outputs need [2]"),
]


@pytest.mark.parametrize(("shapes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(shapes: list[str], expected: str) -> None:
    assert refusal("linear", shapes) == expected


def test_what_is_drawn() -> None:
    about: dict[str, Any] = {"probability": 0.5, "seed": 1}
    assert infer_types("bernoulli_like", [("float32", "rows, 3")], **about) == [("bool", read_shape("rows, 3"))]
    assert refusal("bernoulli_like", ["3"], probability=1.5, seed=1) == "a probability is from 0 to 1, not 1.5"
    assert refusal("bernoulli_like", ["3"], probability=0.5, seed=-1) == "a seed is at least 0, not -1"


@pytest.mark.parametrize("narrow", [0, 1, 2])
def test_one_wide_input_makes_a_wide_result(narrow: int) -> None:
    inputs = [("float32" if place == narrow else "float64", shape) for place, shape in enumerate(["4, 3", "2, 3", "2"])]
    assert infer_types("linear", inputs) == run_types("linear", inputs) == [("float64", (4, 2))]
