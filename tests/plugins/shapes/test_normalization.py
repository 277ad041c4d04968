"""Shapes of normalisation and of its adjoint."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow.sizes import UnknownSizeError
from tests.plugins.shapes.inferring import infer, infer_types, read_shape, refusal, run_types

KNOWN: list[tuple[str, str, dict[str, Any]]] = [
    ("rows, 30", "1, 30", {"axis": -1}),
    ("rows, c, h, w", "1, c, 1, 1", {"axis": (0, 2, 3)}),
    ("batch, tokens, 2*k", "1, 1, 2*k", {"axis": 2, "centered": False}),
    ("rows, 3", "rows, 1", {"axis": 1}),
]


@pytest.mark.parametrize(("x", "weight", "attributes"), KNOWN)
def test_symbolic_sizes(x: str, weight: str, attributes: dict[str, Any]) -> None:
    full, affine = read_shape(x), read_shape(weight)
    assert infer("normalize", [x], **attributes) == [full]
    assert infer("normalize", [x, weight, "-"], **attributes) == [full]
    assert infer("normalize", [x, "-", weight], **attributes) == [full]
    assert infer("normalize_gradient", [x, x, weight], **attributes) == [full, affine, affine]
    ones = (1,) * len(full)
    assert infer("normalize_gradient", [x, x], **attributes) == [full, ones, ones]


@pytest.mark.parametrize("shapes", [["rows, 30", "1, k"], ["rows, 30", "-", "k, 1"]])
def test_what_only_the_data_will_tell(shapes: list[str]) -> None:
    with pytest.raises(UnknownSizeError):
        infer("normalize", shapes, axis=1)


REFUSED: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("normalize", ["2, 3"], {"axis": 2}, "axis 2 is out of range for an x of shape [2, 3]"),
    ("normalize", ["2, 3"], {"axis": (0, -3)}, "axis -3 is out of range for an x of shape [2, 3]"),
    ("normalize", ["2, 3", "3"], {"axis": 1}, "weight and bias of shape [3] cannot be repeated to fill [2, 3]"),
    ("normalize", ["2, 3", "1, 3", "1, 2"], {"axis": 1},
     "weight and bias of shape [1, 2] cannot be repeated to fill [2, 3]"),
    ("normalize_gradient", ["2, 3", "2, 3", "3, 1"], {"axis": 1},
     "weight and bias of shape [3, 1] cannot be repeated to fill [2, 3]"),
    ("normalize_gradient", ["3, 2", "2, 3"], {"axis": 1}, "g has the shape [3, 2], and x [2, 3]"),
    ("normalize_gradient", ["2, 3", "2, 3"], {"axis": -3}, "axis -3 is out of range for an x of shape [2, 3]"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "attributes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(
    name: str, shapes: list[str], attributes: dict[str, Any], expected: str
) -> None:
    assert refusal(name, shapes, **attributes) == expected


@pytest.mark.parametrize("wide", [0, 1, 2])
@pytest.mark.parametrize(("name", "shapes"), [("normalize", ["2, 3", "1, 3", "1, 3"]),
                                              ("normalize_gradient", ["2, 3", "2, 3", "1, 3"])])  # fmt: skip
def test_one_wide_input_makes_a_wide_result(name: str, shapes: list[str], wide: int) -> None:
    inputs = [("float64" if place == wide else "float32", shape) for place, shape in enumerate(shapes)]
    assert infer_types(name, inputs, axis=1) == run_types(name, inputs, axis=1)
