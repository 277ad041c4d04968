"""Shapes of determinants and adjugates."""

from __future__ import annotations

from dataflow.shapes import Shape, match_shapes, show_shape
from dataflow_std.shapes.solvers import check_square


def det(x: Shape) -> Shape:
    """One number for each matrix."""
    check_square(x, "x")
    return x[:-2]


def slogdet(x: Shape) -> list[Shape]:
    """The shapes of the signs and of the logarithms."""
    return [det(x)] * 2


def adjugate_adjoint(x: Shape, y: Shape) -> Shape:
    """The shape of both. Raises `ValueError` if they differ."""
    check_square(x, "x")
    check_square(y, "y")
    if x != y:
        match_shapes(x, y, f"y needs the shape of x, {show_shape(x)}, and has {show_shape(y)}")
    return x
