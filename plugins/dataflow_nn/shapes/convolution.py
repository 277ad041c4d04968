"""Shapes of convolutions and of their adjoints, and what does not fit."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from dataflow.shapes import Shape, match_shapes, match_sizes, show_shape
from dataflow_nn.shapes.windows import Lengths, Padding, Windows, place_windows


class Geometry(NamedTuple):
    """The shapes of one convolution: of ints in a kernel, in a rule some may be symbolic."""

    windows: Windows
    samples: Any
    groups: int
    inputs: Any  # channels of one group
    outputs: Any

    @property
    def inner(self) -> int:
        """Offsets of the kernel along all spatial axes but the first."""
        return prod(self.windows.kernel[1:])

    @property
    def stacked(self) -> bool:
        """Whether the rows of the kernel make one matrix, copied: where it costs less than adding up their products."""
        return self.windows.stride[0] > 1 or bool(self.inputs * self.inner < self.outputs)

    @property
    def result(self) -> tuple[Any, ...]:
        """The shape of what the convolution gives."""
        return (self.samples, self.groups * self.outputs, *self.windows.places)


def describe(x: Shape, weight: Shape, stride: Lengths, padding: Padding, dilation: Lengths, groups: int) -> Geometry:
    """The geometry of a convolution of these shapes. Raises `ValueError` if they do not fit each other."""
    if not 3 <= len(weight) <= 5:
        needed = "it needs [out, in / groups, then 1 to 3 spatial axes]"
        raise ValueError(f"weight has the shape {show_shape(weight)}: {needed}")
    if len(x) != len(weight):
        needed = f"it needs [batch, channels, and {len(weight) - 2} spatial axes]"
        raise ValueError(f"x has the shape {show_shape(x)}: with a weight of shape {show_shape(weight)} {needed}")
    channels = weight[0]
    if groups < 1 or (isinstance(channels, int) and channels % groups):
        raise ValueError(f"{channels} output channels do not fall into {groups} groups")
    if x[1] != weight[1] * groups:
        times = f" times {groups} groups" if groups > 1 else ""
        needed = f"weight of shape {show_shape(weight)} needs {weight[1]}{times}"
        match_sizes(x[1], weight[1] * groups, f"x has {x[1]} channels, and {needed}")
    windows = place_windows(x[2:], weight[2:], stride, padding, dilation)
    return Geometry(windows, x[0], groups, weight[1], channels // groups)


def check_bias(bias: Shape, channels: Any) -> None:
    """Raise `ValueError` if a bias has not one element for each output channel."""
    if bias != (channels,):
        needed = f"{channels} output channels need [{channels}]"
        match_shapes(bias, (channels,), f"bias has the shape {show_shape(bias)}, and {needed}")


def check_cotangent(g: Shape, geometry: Geometry) -> None:
    """Raise `ValueError` if `g` has not the shape of what the convolution gives."""
    if g != (expected := geometry.result):
        found = f"g has the shape {show_shape(g)}"
        match_shapes(g, expected, f"{found}, and the convolution gives {show_shape(expected)}")


def conv(
    x: Shape, weight: Shape, bias: Shape | None = None, *, stride: Lengths, padding: Padding, dilation: Lengths,
    groups: int,
) -> Shape:  # fmt: skip
    """The samples, the output channels, and the places of the kernel.

    >>> conv((2, 3, 7), (4, 3, 3), (4,), stride=2, padding=1, dilation=1, groups=1)
    (2, 4, 4)
    """
    geometry = describe(x, weight, stride, padding, dilation, groups)
    if bias is not None:
        check_bias(bias, weight[0])
    return (x[0], weight[0], *geometry.windows.places)


def conv_input_gradient(g: Shape, weight: Shape, *, shape: Shape, **about: Any) -> Shape:
    """The shape that is asked for, that of x."""
    check_cotangent(g, describe(shape, weight, **about))
    return tuple(shape)


def conv_weight_gradient(g: Shape, x: Shape, *, shape: Shape, **about: Any) -> Shape:
    """The shape that is asked for, that of weight."""
    check_cotangent(g, describe(x, shape, **about))
    return tuple(shape)
