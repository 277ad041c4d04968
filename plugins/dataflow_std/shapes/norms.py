"""Shapes of norms."""

from __future__ import annotations

from math import inf

from dataflow.arrays.product_checks import check_matrix
from dataflow.shapes import Axes, Shape, check_axes, reduce_shape, show_shape


def check_norm(x: Shape, axis: Axes, ord: float) -> None:
    """Raise `ValueError` for an axis that is not there, and for an order that is no number."""
    check_axes(axis, len(x))
    if ord != ord:
        raise ValueError("ord is a number, or inf or -inf; not NaN")


def check_matrix_norm(x: Shape, ord: float | str) -> None:
    """Raise `ValueError` for what is no matrix, and for a norm that matrices do not have.

    >>> check_matrix_norm((2, 0), 1)
    Traceback (most recent call last):
    ValueError: norm 1 of a matrix without elements is not defined; its shape is [2, 0]
    """
    check_matrix(x)
    if ord == "fro":
        return
    if ord not in (1, -1, 2, -2, inf, -inf, "nuc"):
        raise ValueError(f'a matrix has the norms "fro", "nuc", 1, -1, 2, -2, inf and -inf, not {ord}')
    if 0 in x[-2:]:
        raise ValueError(f"norm {ord} of a matrix without elements is not defined; its shape is {show_shape(x)}")


def matrix_norm(x: Shape, *, keepdims: bool, ord: float | str) -> Shape:
    """The shape of x without the last two axes, or with the length 1 in their places."""
    check_matrix_norm(x, ord)
    return reduce_shape(x, (-2, -1), keepdims)


def vector_norm(x: Shape, *, axis: Axes, keepdims: bool, ord: float) -> Shape:
    """The shape of x without the axis, or with the length 1 in its place."""
    check_norm(x, axis, ord)
    return reduce_shape(x, axis, keepdims)
