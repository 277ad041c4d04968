"""Shapes of pools and of windows as columns, and of their adjoints."""

from __future__ import annotations

from math import prod
from typing import Any

from dataflow.arrays.shape_checks import check_lengths
from dataflow.shapes import Shape, is_surely_less, match_shapes, show_shape
from dataflow.sizes import Length
from dataflow_nn.shapes.windows import Lengths, Sizes, Windows, per_axis, place_windows


def _check_layout(x: Shape) -> int:
    """How many spatial axes there are."""
    if not 3 <= len(x) <= 5:
        raise ValueError(f"x has the shape {show_shape(x)}: it needs [batch, channels, and 1 to 3 spatial axes]")
    return len(x) - 2


def place_pool(x: Shape, kernel_size: Lengths, stride: Lengths | None, padding: Lengths, dilation: Lengths) -> Windows:
    """The windows of a pool. Raises `ValueError` if they do not fit the input, or may lie outside it altogether.

    >>> place_pool((1, 2, 7), 3, None, 1, 1).places
    (3,)
    """
    count = _check_layout(x)
    kernel, gaps = per_axis(kernel_size, count, "kernel_size", 1), per_axis(dilation, count, "dilation", 1)
    cut = per_axis(padding, count, "padding", 0)
    for axis, (length, gap, item) in enumerate(zip(kernel, gaps, cut, strict=True)):
        if is_surely_less(span := gap * (length - 1) + 1, 2 * item):
            raise ValueError(f"padding is at most half of the kernel's {span} along spatial axis {axis}, not {item}")
    return place_windows(x[2:], kernel, kernel if stride is None else stride, cut, gaps)


def check_pooled(name: str, found: Shape, x: Shape, windows: Windows) -> None:
    """Raise `ValueError` if an input has not the shape of what the pool of x gives."""
    if found != (expected := (*x[:2], *windows.places)):
        shown = f"{name} has the shape {show_shape(found)}"
        match_shapes(found, expected, f"{shown}, and the pool gives {show_shape(expected)}")


def check_like(name: str, found: Shape, x: Shape) -> None:
    """Raise `ValueError` if an input has not the shape of x."""
    if found != x:
        match_shapes(found, x, f"{name} has the shape {show_shape(found)}, and x {show_shape(x)}")


def max_pool(x: Shape, *, kernel_size: Lengths, stride: Lengths | None, padding: Lengths, dilation: Lengths) -> Shape:
    """The batch, the channels, and the places of the windows."""
    return (*x[:2], *place_pool(x, kernel_size, stride, padding, dilation).places)


def max_pool_gradient(g: Shape, z: Shape, x: Shape, **about: Any) -> Shape:
    """The shape of x."""
    windows = place_pool(x, **about)
    check_pooled("g", g, x, windows)
    check_pooled("z", z, x, windows)
    return x


def max_pool_tangent(h: Shape, z: Shape, x: Shape, **about: Any) -> Shape:
    """The shape of z."""
    windows = place_pool(x, **about)
    check_like("h", h, x)
    check_pooled("z", z, x, windows)
    return z


def avg_pool(x: Shape, *, count_include_pad: bool, **about: Any) -> Shape:
    """The batch, the channels, and the places of the windows."""
    return max_pool(x, **about, dilation=1)


def avg_pool_gradient(g: Shape, *, shape: Shape, count_include_pad: bool, **about: Any) -> Shape:
    """The shape that is asked for."""
    shape = tuple(shape)
    check_pooled("g", g, shape, place_pool(shape, **about, dilation=1))
    return shape


def adaptive_avg_pool(x: Shape, *, output_size: Lengths) -> Shape:
    """The batch, the channels, and so many windows along each spatial axis.

    >>> adaptive_avg_pool((1, 2, 5, 6), output_size=3)
    (1, 2, 3, 3)
    """
    return (*x[:2], *per_axis(output_size, _check_layout(x), "output_size", 1))


def adaptive_avg_pool_gradient(g: Shape, *, shape: Shape, output_size: Lengths) -> Shape:
    """The shape that is asked for."""
    check_lengths(shape)
    if g != (expected := adaptive_avg_pool(tuple(shape), output_size=output_size)):
        found = f"g has the shape {show_shape(g)}"
        match_shapes(g, expected, f"{found}, and the pool gives {show_shape(expected)}")
    return tuple(shape)


# --- windows as columns ---


def place_columns(x: Shape, kernel_size: Lengths, stride: Lengths, padding: Lengths, dilation: Lengths) -> Windows:
    """The windows of which each becomes a column. Raises `ValueError` if they do not fit the input."""
    kernel = per_axis(kernel_size, _check_layout(x), "kernel_size", 1)
    return place_windows(x[2:], kernel, stride, padding, dilation)


def unfold(x: Shape, **about: Any) -> Shape:
    """The batch, a row for each channel and offset of the kernel, a column for each place.

    >>> unfold((2, 3, 5, 6), kernel_size=(2, 3), stride=1, padding=0, dilation=1)
    (2, 18, 16)
    """
    windows = place_columns(x, **about)
    return (x[0], x[1] * prod(windows.kernel), prod(windows.places))


def place_fold(x: Shape, output_size: Lengths, kernel_size: Lengths, **about: Any) -> tuple[Length, Sizes, Windows]:
    """The channels and the lengths of what columns are added up to, and the windows that they stood for.

    Raises `ValueError` if the columns are not as long, or not as many.
    """
    sizes = [len(item) for item in (output_size, kernel_size) if isinstance(item, tuple | list)]
    lengths = per_axis(output_size, max(sizes, default=1), "output_size", 1)
    windows = place_columns((1, 1, *lengths), kernel_size, **about)
    size, places = prod(windows.kernel), prod(windows.places)
    needed = f"[batch, channels times {size}, {places}] for these windows"
    message = f"x has the shape {show_shape(x)}, and needs {needed}"
    if len(x) != 3 or (isinstance(x[1], int) and isinstance(size, int) and x[1] % size):
        raise ValueError(message)
    match_shapes(x[2:], (places,), message)
    return x[1] // size, lengths, windows


def fold(x: Shape, *, output_size: Lengths, kernel_size: Lengths, **about: Any) -> Shape:
    """The batch, the channels, and the lengths that are asked for.

    >>> fold((2, 18, 16), output_size=(5, 6), kernel_size=(2, 3), stride=1, padding=0, dilation=1)
    (2, 3, 5, 6)
    """
    channels, lengths, _ = place_fold(x, output_size, kernel_size, **about)
    return (x[0], channels, *lengths)
