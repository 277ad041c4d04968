"""Shapes and dtypes of sums, products, extremes and counts."""

from __future__ import annotations

from dataflow.arrays.shape_checks import check_reduced
from dataflow.shapes import FLOATS, Axes, Shape, reduce_shape


def add_up(x: str, **_: object) -> str:
    """The dtype in which NumPy adds up and multiplies: the widest of its kind for integers.

    >>> add_up("float32"), add_up("int8"), add_up("uint8"), add_up("bool")
    ('float32', 'int64', 'uint64', 'int64')
    """
    return x if x in FLOATS else "uint64" if x.startswith("u") else "int64"


def find_largest(x: Shape, *, axis: Axes, keepdims: bool) -> Shape:
    """The shape of what has no value over an empty axis."""
    check_reduced(x, axis, "largest")
    return reduce_shape(x, axis, keepdims)


def find_smallest(x: Shape, *, axis: Axes, keepdims: bool) -> Shape:
    """The shape of what has no value over an empty axis."""
    check_reduced(x, axis, "smallest")
    return reduce_shape(x, axis, keepdims)
