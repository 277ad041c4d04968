"""Shapes of running sums, products and extremes."""

from __future__ import annotations

from dataflow.arrays.shape_checks import check_axis_of_vector, check_fills
from dataflow.shapes import Shape, check_axes, show_shape


def add_up(x: Shape, *, axis: int | None, include_initial: bool) -> Shape:
    """The shape of x, with one more element along the axis for what goes before.

    >>> add_up((2, 3), axis=1, include_initial=True)
    (2, 4)
    """
    check_axis_of_vector(axis, len(x))
    place = (axis or 0) % len(x)
    return (*x[:place], x[place] + 1, *x[place + 1 :]) if include_initial else x


def accumulate(x: Shape, *, axis: int | None) -> Shape:
    """The shape of x."""
    check_axis_of_vector(axis, len(x))
    return x


def linear_recurrence(x: Shape, a: Shape, *, axis: int, reverse: bool) -> Shape:
    """The shape of x. Raises `ValueError` for factors that do not broadcast to it."""
    check_axes(axis, len(x))
    if a != x:
        check_fills(a, x, f"a of shape {show_shape(a)} does not broadcast to that of x, {show_shape(x)}")
    return x
