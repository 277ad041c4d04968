"""Shapes of convolutions and of their adjoints, and what does not fit."""

from __future__ import annotations

from contextlib import suppress
from math import prod
from typing import Any, NamedTuple

from dataflow.shapes import Shape, is_surely_less, match_shapes, match_sizes, show_shape
from dataflow.sizes import UnknownSizeError
from dataflow_nn.shapes.windows import Lengths, Padding, Windows, per_axis, place_windows


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


def check_cotangent(g: Shape, channels: Any, geometry: Geometry) -> None:
    """Raise `ValueError` if `g` has not the shape of what a convolution to so many channels gives."""
    if g != (expected := (geometry.samples, channels, *geometry.windows.places)):
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
    geometry = describe(shape, weight, **about)
    check_cotangent(g, weight[0], geometry)
    return tuple(shape)


def conv_weight_gradient(g: Shape, x: Shape, *, shape: Shape, **about: Any) -> Shape:
    """The shape that is asked for, that of weight."""
    geometry = describe(x, shape, **about)
    check_cotangent(g, shape[0], geometry)
    return tuple(shape)


def measure_transposed(
    x: Shape, weight: Shape, output_padding: Any, *, stride: Any, padding: Any, dilation: Any, groups: int
) -> Shape:
    """The shape that a transposed convolution gives. Raises `ValueError` where the shapes do not fit each other.

    >>> measure_transposed((2, 3, 4), (3, 5, 2), 0, stride=2, padding=0, dilation=1, groups=1)
    (2, 5, 8)
    """
    count = len(weight) - 2
    if not 1 <= count <= 3 or len(x) != len(weight):
        raise ValueError(
            f"x has the shape {show_shape(x)} and weight {show_shape(weight)}: they need [batch, in, spatial axes] and "
            "[in, out / groups, as many axes, 1 to 3]"
        )
    if x[1] != weight[0]:
        needed = f"weight of shape {show_shape(weight)} needs {weight[0]}"
        match_sizes(x[1], weight[0], f"x has {x[1]} channels, and {needed}")
    steps, gaps = per_axis(stride, count, "stride", 1), per_axis(dilation, count, "dilation", 1)
    cuts, more = per_axis(padding, count, "padding", 0), per_axis(output_padding, count, "output_padding", 0)
    lengths = []
    for axis, (length, kernel) in enumerate(zip(x[2:], weight[2:], strict=True)):
        if more[axis] >= max(steps[axis], gaps[axis]):
            least = "output_padding is less than the stride or the dilation"
            raise ValueError(f"{least}, not {more[axis]} along axis {axis}")
        reach = (length - 1) * steps[axis] + gaps[axis] * (kernel - 1) + more[axis]
        lengths.append(reach - 2 * cuts[axis] + 1)
        if is_surely_less(lengths[-1], 1):
            raise ValueError(f"a padding of {cuts[axis]} along spatial axis {axis} leaves {lengths[-1]} elements")
    return (x[0], weight[1] * groups, *lengths)


def conv_transpose(x: Shape, weight: Shape, bias: Shape | None = None, *, output_padding: Any, **about: Any) -> Shape:
    """The shape that a transposed convolution gives, after a look that its parts fit."""
    shape = measure_transposed(x, weight, output_padding, **about)
    geometry = describe(shape, weight, **about)
    with suppress(UnknownSizeError):  # floors of symbolic sizes: they are as long as x is
        check_cotangent(x, weight[0], geometry)
    if bias is not None:
        check_bias(bias, shape[1])
    return shape
