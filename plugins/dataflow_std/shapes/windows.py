"""Shapes of what is padded, and of what is seen through windows."""

from __future__ import annotations

from typing import Any

from dataflow.arrays.dtype_checks import check_held
from dataflow.shapes import Shape, check_axes, is_surely_less, match_sizes
from dataflow.sizes import Length

Pairs = tuple[tuple[int, int], ...]


def pad(x: Shape, *, pad_width: Any, mode: str, value: float) -> Shape:
    """The lengths with what is put before and after them.

    >>> pad((2, 3), pad_width=((1, 0), (0, 2)), mode="edge", value=0.0)
    (3, 5)
    """
    pairs = read_pads(pad_width, len(x))
    if mode != "constant" and any(length == 0 and pair != (0, 0) for pair, length in zip(pairs, x, strict=True)):
        raise ValueError(f'an axis of x has no elements, of which the mode "{mode}" could make others')
    return tuple([before + length + after for (before, after), length in zip(pairs, x, strict=True)])


def pad_dtype(x: str, *, pad_width: Any, mode: str, value: float) -> str:
    """The dtype of x. Raises `ValueError` for a value that is not of it."""
    if mode == "constant":
        check_held(value, x)
    return x


def read_pads(pad_width: Any, ndim: int) -> Pairs:
    """How many elements go before and after each axis.

    >>> read_pads(1, 2), read_pads((0, 2), 2), read_pads(((1, 0), (0, 2)), 2)
    (((1, 1), (1, 1)), ((0, 2), (0, 2)), ((1, 0), (0, 2)))
    """
    if not isinstance(pad_width, tuple | list):
        pairs: Pairs = ((pad_width, pad_width),) * ndim
    elif len(pad_width) == 2 and not isinstance(pad_width[0], tuple | list):
        pairs = (tuple(pad_width),) * ndim
    elif len(pad_width) == ndim:
        pairs = tuple([(before, after) for before, after in pad_width])
    else:
        raise ValueError(f"pad_width has {len(pad_width)} pairs, and x has {ndim} axes")
    if any(is_surely_less(number, 0) for pair in pairs for number in pair):
        raise ValueError(f"pad_width says how many elements are put on, at least 0: {pad_width}")
    return pairs


def unfold(x: Shape, *, size: int, step: int, axis: int) -> Shape:
    """The number of windows in place of the axis, and a last axis of their elements.

    >>> unfold((7, 2), size=3, step=2, axis=0)
    (3, 2, 3)
    """
    check_axes(axis, len(x))
    place = axis % len(x)
    return (*x[:place], count_windows(x[place], size, step), *x[place + 1 :], size)


def count_windows(length: Length, size: Length, step: Length) -> Length:
    """How many windows of a size fit into a length, `step` apart.

    >>> count_windows(7, 3, 2)
    3
    """
    if is_surely_less(step, 1):
        raise ValueError(f"the step from one window to the next is at least 1, not {step}")
    if is_surely_less(size, 1) or is_surely_less(length, size):
        raise ValueError(f"a window has 1 to {length} elements, as many as there are along the axis; not {size}")
    return (length - size) // step + 1


def overlap_add(x: Shape, *, length: int, step: int, axis: int) -> Shape:
    """So many elements in place of the windows, along the axis.

    >>> overlap_add((2, 4, 3), length=9, step=2, axis=-1)
    (2, 9)
    """
    if len(x) < 2:
        raise ValueError(f"x needs an axis of windows and one of their elements, 2 dimensions or more, not {len(x)}")
    check_axes(axis, len(x) - 1, "result")
    place = axis % (len(x) - 1)
    number, fitting = x[place], count_windows(length, x[-1], step)
    match_sizes(number, fitting, f"x has {number} windows, and into {length} elements fit {fitting}")
    return (*x[:place], length, *x[place + 1 : -1])
