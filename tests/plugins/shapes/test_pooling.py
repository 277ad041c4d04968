"""Shapes of pools and of windows as columns, and of their adjoints, also where sizes are symbolic."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow.sizes import UnknownSizeError
from tests.plugins.shapes.inferring import infer, infer_types, read_shape, refusal, run_types

POOLS: list[tuple[str, dict[str, Any], str]] = [
    ("rows, c, 7", {"kernel_size": 3}, "rows, c, 2"),
    ("rows, c, 2*h, 6", {"kernel_size": 2}, "rows, c, (2*h - 2)//2 + 1, 3"),
    ("rows, c, h", {"kernel_size": 3, "stride": 1, "padding": 1}, "rows, c, h"),
    ("rows, c, h, w", {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)}, "rows, c, (h - 1)//2 + 1, w - 1"),
]


@pytest.mark.parametrize(("shape", "attributes", "expected"), POOLS)
def test_symbolic_sizes(shape: str, attributes: dict[str, Any], expected: str) -> None:
    full, pooled = read_shape(shape), read_shape(expected)
    for name in ("max_pool", "avg_pool"):
        assert infer(name, [shape], **attributes) == [pooled]
    assert infer("max_pool_gradient", [expected, expected, shape], **attributes) == [full]
    assert infer("max_pool_tangent", [shape, expected, shape], **attributes) == [pooled]
    assert infer("avg_pool_gradient", [expected], shape=full, **attributes) == [full]


def test_windows_that_are_dilated() -> None:
    assert infer("max_pool", ["rows, c, h"], kernel_size=3, stride=1, dilation=2) == [read_shape("rows, c, h - 4")]


def test_so_many_windows() -> None:
    full, pooled = read_shape("rows, c, h, w"), read_shape("rows, c, 2, 3")
    assert infer("adaptive_avg_pool", [full], output_size=(2, 3)) == [pooled]
    assert infer("adaptive_avg_pool_gradient", [pooled], shape=full, output_size=(2, 3)) == [full]


COLUMNS: list[tuple[str, dict[str, Any], str]] = [
    ("rows, c, h", {"kernel_size": 3}, "rows, 3*c, h - 2"),
    ("rows, 3, h, w", {"kernel_size": (2, 1)}, "rows, 6, h*w - w"),
    ("rows, c, 5, 4", {"kernel_size": (3, 2), "stride": (2, 1), "padding": (2, 0)}, "rows, 6*c, 12"),
]


@pytest.mark.parametrize(("shape", "attributes", "expected"), COLUMNS)
def test_windows_as_columns(shape: str, attributes: dict[str, Any], expected: str) -> None:
    full = read_shape(shape)
    assert infer("unfold_patches", [shape], **attributes) == [read_shape(expected)]
    assert infer("fold_patches", [expected], output_size=full[2:], **attributes) == [full]


def test_what_only_the_data_will_tell() -> None:
    with pytest.raises(UnknownSizeError):
        infer("max_pool_gradient", ["rows, c, k", "rows, c, k", "rows, c, 8"], kernel_size=2)
    with pytest.raises(UnknownSizeError):
        infer("avg_pool_gradient", ["rows, c, 4"], shape=read_shape("k, c, 8"), kernel_size=2)
    with pytest.raises(UnknownSizeError):
        infer("fold_patches", ["rows, 6, k"], output_size=(5,), kernel_size=3)


LAYOUT = "x has the shape [2, 3]: it needs [batch, channels, and 1 to 3 spatial axes]"
TWO = {"kernel_size": 2}
REFUSED: list[tuple[str, list[str], dict[str, Any], str]] = [
    *[(name, ["2, 3"], TWO, LAYOUT) for name in ("max_pool", "avg_pool", "unfold_patches")],
    ("adaptive_avg_pool", ["2, 3"], {"output_size": 1}, LAYOUT),
    ("adaptive_avg_pool", ["2, 3, 4"], {"output_size": 0}, "output_size is at least 1 along each axis, not 0"),
    ("max_pool", ["2, 3, 4"], {"kernel_size": 0}, "kernel_size is at least 1 along each axis, not 0"),
    ("max_pool", ["2, 3, 4"], {"kernel_size": 5},
     "the kernel spans 5 along spatial axis 0, more than the 4 of the padded input"),
    ("avg_pool", ["2, 3, 4"], {"kernel_size": 3, "padding": 2},
     "padding is at most half of the kernel's 3 along spatial axis 0, not 2"),
    ("avg_pool", ["2, 3, 4"], {"kernel_size": (2, 2)}, "kernel_size has 2 numbers, [2, 2], for 1 spatial axes"),
    ("max_pool_gradient", ["2, 3, 3", "2, 3, 2", "2, 3, 4"], TWO,
     "g has the shape [2, 3, 3], and the pool gives [2, 3, 2]"),
    ("max_pool_gradient", ["2, 3, 2", "2, 3, 1", "2, 3, 4"], TWO,
     "z has the shape [2, 3, 1], and the pool gives [2, 3, 2]"),
    ("max_pool_tangent", ["2, 3, 5", "2, 3, 2", "2, 3, 4"], TWO, "h has the shape [2, 3, 5], and x [2, 3, 4]"),
    ("max_pool_tangent", ["2, 3, 4", "2, 3", "2, 3, 4"], TWO, "z has the shape [2, 3], and the pool gives [2, 3, 2]"),
    ("avg_pool_gradient", ["2, 3, 3"], {"shape": (2, 3, 4), **TWO},
     "g has the shape [2, 3, 3], and the pool gives [2, 3, 2]"),
    ("adaptive_avg_pool_gradient", ["2, 3, 3"], {"shape": (2, 3, 4), "output_size": 2},
     "g has the shape [2, 3, 3], and the pool gives [2, 3, 2]"),
    ("adaptive_avg_pool_gradient", ["2, 3, 2"], {"shape": (2, 3, -4), "output_size": 2},
     "a length is at least 0: [2, 3, -4]"),
    ("fold_patches", ["2, 5, 3"], {"output_size": (4,), **TWO},
     "x has the shape [2, 5, 3], and needs [batch, channels times 2, 3] for these windows"),
    ("fold_patches", ["2, 6, 4"], {"output_size": 4, **TWO},
     "x has the shape [2, 6, 4], and needs [batch, channels times 2, 3] for these windows"),
    ("fold_patches", ["2, 6"], {"output_size": 4, **TWO},
     "x has the shape [2, 6], and needs [batch, channels times 2, 3] for these windows"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "attributes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(
    name: str, shapes: list[str], attributes: dict[str, Any], expected: str
) -> None:
    assert refusal(name, shapes, **attributes) == expected


TWINS: list[tuple[str, list[str]]] = [
    ("max_pool_gradient", ["2, 3, 2", "2, 3, 2", "2, 3, 4"]),
    ("max_pool_tangent", ["2, 3, 4", "2, 3, 2", "2, 3, 4"]),
]


@pytest.mark.parametrize("wide", [0, 1, 2])
@pytest.mark.parametrize(("name", "shapes"), TWINS)
def test_one_wide_input_makes_a_wide_result(name: str, shapes: list[str], wide: int) -> None:
    inputs = [("float64" if place == wide else "float32", shape) for place, shape in enumerate(shapes)]
    assert infer_types(name, inputs, **TWO) == run_types(name, inputs, **TWO)
