"""Shapes of softmax and its logarithms."""

from __future__ import annotations

from dataflow.shapes import Axes, Shape, list_axes, reduce_shape


def check_largest(x: Shape, axis: Axes) -> None:
    """Raise `ValueError` for an axis that is not there, or along which there is no element.

    >>> check_largest((2, 0), 1)
    Traceback (most recent call last):
    ValueError: there is no largest element: x has none along the axis
    """
    if type(axis) is int and -len(x) <= axis < len(x) and x[axis] != 0:  # nearly always
        return
    if 0 in [x[place] for place in list_axes(axis, len(x))]:
        raise ValueError("there is no largest element: x has none along the axis")


def softmax(x: Shape, *, axis: Axes) -> Shape:
    """The shape of x."""
    check_largest(x, axis)
    return x


def logsumexp(x: Shape, *, axis: Axes, keepdims: bool) -> Shape:
    """The shape of x without the axis, or with the length 1 in its place."""
    check_largest(x, axis)
    return reduce_shape(x, axis, keepdims)
