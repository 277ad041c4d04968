"""Shapes of convolutions and of their adjoints, also where sizes are symbolic."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow.sizes import UnknownSizeError
from tests.plugins.shapes.inferring import infer, infer_types, read_shape, refusal, run_types

KNOWN: list[tuple[list[str], dict[str, Any], str]] = [
    (["rows, 3, 7", "4, 3, 3"], {}, "rows, 4, 5"),
    (["rows, 3, h, w", "c, 3, 3, 3", "c"], {"padding": 1}, "rows, c, h, w"),
    (["rows, 3, h, w", "8, 3, 3, 3"], {"stride": 2, "padding": 1}, "rows, 8, (h - 1)//2 + 1, (w - 1)//2 + 1"),
    (["rows, 3, 2*h", "8, 3, 2"], {"stride": 2}, "rows, 8, (2*h - 2)//2 + 1"),
    (["rows, 3, h", "8, 3, k"], {"padding": "same"}, "rows, 8, h"),
    (["rows, 3, h", "8, 3, k"], {}, "rows, 8, h - k + 1"),
    (["rows, 3, h", "8, 3, 5"], {"dilation": 2, "padding": "valid"}, "rows, 8, h - 8"),
    (["rows, 2*c, 5", "4*c, c, 3"], {"groups": 2}, "rows, 4*c, 3"),
    (["rows, 3, t, h, 4", "8, 3, 1, 2, 2"], {"stride": (1, 1, 2), "padding": (0, 1, 0)}, "rows, 8, t, h + 1, 2"),
]


@pytest.mark.parametrize(("shapes", "attributes", "expected"), KNOWN)
def test_symbolic_sizes(shapes: list[str], attributes: dict[str, Any], expected: str) -> None:
    """The rule of thumb is (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1."""
    x, weight, *_ = shapes
    assert infer("conv", shapes, **attributes) == [read_shape(expected)]
    full = read_shape(x)
    assert infer("conv_input_gradient", [expected, weight], shape=full, **attributes) == [full]
    full = read_shape(weight)
    assert infer("conv_weight_gradient", [expected, x], shape=full, **attributes) == [full]


UNKNOWN: list[list[str]] = [["rows, c, 7", "4, 3, 3"], ["rows, 3, 7", "c, 3, 3", "4"], ["rows, 3, 7", "4, 3, 3", "k"]]


@pytest.mark.parametrize("shapes", UNKNOWN)
def test_what_only_the_data_will_tell(shapes: list[str]) -> None:
    with pytest.raises(UnknownSizeError):
        infer("conv", shapes)


REFUSED: list[tuple[list[str], dict[str, Any], str]] = [
    (["2, 3", "4, 3"], {}, "weight has the shape [4, 3]: it needs [out, in / groups, then 1 to 3 spatial axes]"),
    (["2, 3, 7, 7", "4, 3, 3"], {},
     "x has the shape [2, 3, 7, 7]: with a weight of shape [4, 3, 3] it needs [batch, channels, and 1 spatial axes]"),
    (["2, 3, 7", "4, 3, 3"], {"groups": 3}, "4 output channels do not fall into 3 groups"),
    (["2, 3, 7", "4, 3, 3"], {"groups": 0}, "4 output channels do not fall into 0 groups"),
    (["2, 3, 7", "4, 2, 3"], {}, "x has 3 channels, and weight of shape [4, 2, 3] needs 2"),
    (["2, 3, 7", "4, 2, 3"], {"groups": 2}, "x has 3 channels, and weight of shape [4, 2, 3] needs 2 times 2 groups"),
    (["2, 3, 7", "4, 3, 3", "3"], {}, "bias has the shape [3], and 4 output channels need [4]"),
    (["2, 3, 2", "4, 3, 3"], {},
     "the kernel spans 3 along spatial axis 0, more than the 2 of the padded input"),
    (["2, 3, 7", "4, 3, 0"], {}, "the kernel is at least 1 along each axis, not [0]"),
    (["2, 3, 7", "4, 3, 3"], {"stride": 0}, "stride is at least 1 along each axis, not 0"),
    (["2, 3, 7", "4, 3, 3"], {"stride": (1, 2)}, "stride has 2 numbers, [1, 2], for 1 spatial axes"),
    (["2, 3, 7", "4, 3, 3"], {"padding": -1}, "padding is at least 0 along each axis, not -1"),
    (["2, 3, 7", "4, 3, 3"], {"padding": "same", "stride": 2}, 'padding "same" needs a stride of 1, not [2]'),
]  # fmt: skip


@pytest.mark.parametrize(("shapes", "attributes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(shapes: list[str], attributes: dict[str, Any], expected: str) -> None:
    assert refusal("conv", shapes, **attributes) == expected


def test_a_cotangent_of_another_shape_is_refused() -> None:
    expected = "g has the shape [2, 4, 4], and the convolution gives [2, 4, 5]"
    assert refusal("conv_input_gradient", ["2, 4, 4", "4, 3, 3"], shape=(2, 3, 7)) == expected
    assert refusal("conv_weight_gradient", ["2, 4, 4", "2, 3, 7"], shape=(4, 3, 3)) == expected


@pytest.mark.parametrize("wide", [0, 1, 2])
def test_one_wide_input_makes_a_wide_result(wide: int) -> None:
    shapes = ["2, 3, 7", "4, 3, 3", "4"]
    inputs = [("float64" if place == wide else "float32", shape) for place, shape in enumerate(shapes)]
    assert infer_types("conv", inputs) == run_types("conv", inputs) == [("float64", (2, 4, 5))]
