"""Shapes of pseudoinverses, of solutions by least squares and of ranks."""

from __future__ import annotations

from dataflow.shapes import Shape, is_surely_less, show_shape
from dataflow_std.shapes.solvers import check_matrices, find_solution


def pinv(x: Shape, *, rtol: float | None) -> Shape:
    """The last two axes swapped. Raises `ValueError` for what is no matrix and for a negative tolerance."""
    if rtol is not None and not rtol >= 0:
        raise ValueError(f"rtol is at least 0, not {rtol}")
    check_matrices(x, "x")
    return (*x[:-2], x[-1], x[-2])


def check_tall(a: Shape) -> None:
    """Raise `ValueError` for the shape of matrices that have fewer rows than columns."""
    check_matrices(a, "a")
    if is_surely_less(a[-2], a[-1]):
        raise ValueError(f"a needs at least as many rows as columns, and has the shape {show_shape(a)}")


def lstsq(a: Shape, b: Shape) -> Shape:
    """As many rows as a has columns, with the stacks of both.

    >>> lstsq((4, 3, 2), (3,)), lstsq((3, 2), (3, 5))
    ((4, 2), (2, 5))
    """
    check_tall(a)
    return find_solution(a, b, ("a", "b"))


def matrix_rank(x: Shape, **_: object) -> Shape:
    """One number for each matrix."""
    check_matrices(x, "x")
    return x[:-2]
