"""Shapes of scaled dot-product attention and of its adjoint."""

from __future__ import annotations

import pytest

from dataflow.sizes import UnknownSizeError
from tests.plugins.shapes.inferring import infer, infer_types, read_shape, refusal, run_types

ATTENTION, GRADIENT = "scaled_dot_product_attention", "scaled_dot_product_attention_gradient"
KNOWN: list[tuple[list[str], str]] = [
    (["n, k", "m, k", "m, 3"], "n, 3"),
    (["batch, heads, n, k", "batch, heads, m, k", "batch, heads, m, v"], "batch, heads, n, v"),
    (["batch, n, k", "batch, m, k", "batch, m, k", "n, m"], "batch, n, k"),
    (["batch, n, k", "batch, m, k", "batch, m, k", "batch, 1, m"], "batch, n, k"),
]


@pytest.mark.parametrize(("shapes", "expected"), KNOWN)
def test_symbolic_sizes(shapes: list[str], expected: str) -> None:
    assert infer(ATTENTION, shapes) == [read_shape(expected)]
    assert infer(GRADIENT, [expected, *shapes]) == [read_shape(shape) for shape in shapes[:3]]


UNKNOWN: list[list[str]] = [
    ["n, k", "m, 8", "m, 3"], ["n, k", "m, k", "7, 3"], ["batch, n, k", "2, m, k", "2, m, 3"],
    ["n, k", "m, k", "m, 3", "5, m"],
]  # fmt: skip


@pytest.mark.parametrize("shapes", UNKNOWN)
def test_what_only_the_data_will_tell(shapes: list[str]) -> None:
    with pytest.raises(UnknownSizeError):
        infer(ATTENTION, shapes)


REFUSED: list[tuple[list[str], str]] = [
    (["4, 2", "5, 2", "5"], "query, key and value need [..., tokens, features], not [4, 2], [5, 2], [5]"),
    (["2, 4, 2", "5, 2", "5, 3"],
     "the axes before tokens and features differ between query, key and value: [2], [], []"),
    (["2, 4, 2", "2, 5, 2", "3, 5, 3"],
     "the axes before tokens and features differ between query, key and value: [2], [2], [3]"),
    (["4, 2", "5, 3", "5, 3"], "query has 2 features and key 3: they need as many"),
    (["4, 2", "5, 2", "4, 3"], "key has 5 tokens and value 4: they need as many"),
    (["4, 2", "5, 2", "5, 3", "5, 4"], "a mask of shape [5, 4] cannot be repeated to fill [4, 5]"),
    (["4, 2", "5, 2", "5, 3", "1, 4, 5"], "a mask of shape [1, 4, 5] cannot be repeated to fill [4, 5]"),
    (["1, 2", "5, 2", "5, 3", "4, 5"], "a mask of shape [4, 5] cannot be repeated to fill [1, 5]"),
]  # fmt: skip


@pytest.mark.parametrize(("shapes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(shapes: list[str], expected: str) -> None:
    assert refusal(ATTENTION, shapes) == expected
    assert refusal(GRADIENT, ["4, 3", *shapes]) == expected


def test_a_cotangent_of_another_shape_is_refused() -> None:
    expected = "g has the shape [3, 4], and the attention gives [4, 3]"
    assert refusal(GRADIENT, ["3, 4", "4, 2", "5, 2", "5, 3"]) == expected


@pytest.mark.parametrize("wide", [0, 1, 2, 3])
def test_one_wide_input_makes_a_wide_result(wide: int) -> None:
    shapes = ["4, 3", "4, 2", "5, 2", "5, 3"]
    inputs = [("float64" if place == wide else "float32", shape) for place, shape in enumerate(shapes)]
    assert infer_types(GRADIENT, inputs) == run_types(GRADIENT, inputs)
    assert infer_types(ATTENTION, inputs[1:]) == run_types(ATTENTION, inputs[1:])
