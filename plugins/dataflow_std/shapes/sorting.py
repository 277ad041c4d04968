"""Shapes of what is sorted and searched."""

from __future__ import annotations

from dataflow.arrays.index_checks import take_shape
from dataflow.shapes import Shape, check_axes, count


def sort(x: Shape, *, axis: int, descending: bool, stable: bool) -> Shape:
    """The shape of x."""
    check_axes(axis, len(x))
    return x


def searchsorted(x: Shape, y: Shape, sorter: Shape | None = None, *, side: str) -> Shape:
    """The shape of y."""
    check_ordered(x if sorter is None else take_shape(x, sorter, None))
    return y


def check_ordered(x: Shape) -> None:
    """Raise `ValueError` for what is no vector."""
    if len(x) != 1:
        raise ValueError(f"x is a vector in order, not a value of {count(len(x), 'dimension')}")
