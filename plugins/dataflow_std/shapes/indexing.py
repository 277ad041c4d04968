"""Shapes of what picks elements by their place, by a mask or by their order."""

from __future__ import annotations

from typing import Any

from dataflow.arrays.index_checks import index_shape, take_along_axis_shape, take_shape
from dataflow.shapes import OpenShape, Shape, check_axes, is_surely_less, match_shapes, show_shape


def getitem(x: Shape, *, key: Any) -> OpenShape:
    """The lengths of what the key leaves.

    >>> getitem((5, 3, 4), key=("1:", "...", 0))
    (4, 3)
    """
    return index_shape(x, key)


def take(x: Shape, indices: Shape, *, axis: int | None) -> Shape:
    """The shape of the indices in place of the axis."""
    return take_shape(x, indices, axis)


def take_along_axis(x: Shape, indices: Shape, *, axis: int) -> Shape:
    """The shape of the indices, their other axes broadcast against those of x."""
    return take_along_axis_shape(x, indices, axis)


def boolean_mask(x: Shape, mask: Shape, *, axis: int) -> OpenShape:
    """An axis of a length that depends on the mask in place of those that it covers.

    >>> boolean_mask((5, 3, 4), (3, 4), axis=1)
    (5, None)
    """
    first = check_mask(mask, axis, x)
    return (*x[:first], None, *x[first + len(mask) :])


def check_mask(mask: Shape, axis: int, shape: Shape) -> int:
    """The first of the axes of a shape that a mask covers. Raises `ValueError` if it does not fit them."""
    if not mask:
        raise ValueError("the mask is one truth value, and needs an axis at least")
    check_axes(axis, len(shape))
    first = axis % len(shape)
    covered = shape[first : first + len(mask)]
    if covered != mask:
        listed = f"those of x from axis {first} on are {show_shape(shape[first:])}"
        match_shapes(covered, mask, f"the mask has the lengths {show_shape(mask)}, and {listed}")
    return first


def top_k(x: Shape, *, k: int, axis: int, largest: bool) -> list[Shape]:
    """For the values and for their places as many along the axis as are asked for."""
    check_axes(axis, len(x))
    length, place = x[axis], axis % len(x)
    if is_surely_less(k, 0) or is_surely_less(length, k):
        raise ValueError(f"k is 0 to {length}, the number of elements along axis {axis}; not {k}")
    return [(*x[:place], k, *x[place + 1 :])] * 2
