"""Shapes of norms."""

from __future__ import annotations

from dataflow.shapes import Axes, Shape, check_axes, reduce_shape


def check_norm(x: Shape, axis: Axes, ord: float) -> None:
    """Raise `ValueError` for an axis that is not there, and for an order that is no number."""
    check_axes(axis, len(x))
    if ord != ord:
        raise ValueError("ord is a number, or inf or -inf; not NaN")


def vector_norm(x: Shape, *, axis: Axes, keepdims: bool, ord: float) -> Shape:
    """The shape of x without the axis, or with the length 1 in its place."""
    check_norm(x, axis, ord)
    return reduce_shape(x, axis, keepdims)
