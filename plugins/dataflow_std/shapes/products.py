"""Shapes of diagonals and of sums of products over named axes."""

from __future__ import annotations

from dataflow.arrays.shape_checks import check_lengths
from dataflow.shapes import OpenShape, Shape, find_shorter, match_shapes, show_shape
from dataflow.sizes import Length, UnknownSizeError
from dataflow_std.subscripts import read_equation


def measure_diagonal(rows: Length, columns: Length, offset: int) -> Length | None:
    """How long the diagonal of a matrix is that starts `offset` places to the right; None where data must tell.

    >>> measure_diagonal(3, 3, 0), measure_diagonal(2, 4, 3), measure_diagonal(2, 4, -1), measure_diagonal(2, 3, 5)
    (3, 1, 1, 0)
    """
    length = find_shorter(rows + min(offset, 0), columns - max(offset, 0))
    try:
        return None if length is None else length if length >= 0 else 0
    except UnknownSizeError:
        return None


def diagonal(x: Shape, *, offset: int) -> OpenShape:
    """The last two axes replaced by that of the diagonal."""
    if len(x) < 2:
        raise ValueError(f"x has no diagonals: it needs 2 dimensions, not {len(x)}")
    return (*x[:-2], measure_diagonal(x[-2], x[-1], offset))


def put_diagonal(x: Shape, *, offset: int, shape: Shape) -> Shape:
    """The shape that is asked for. Raises `ValueError` if x is no diagonal of it."""
    if len(shape) < 2:
        raise ValueError(f"the shape of a result with a diagonal has 2 dimensions at least, not {len(shape)}")
    check_lengths(shape)
    *batch, rows, columns = shape
    expected = (*batch, measure_diagonal(rows, columns, offset))
    if x != expected:
        found = f"x has the shape {show_shape(x)}"
        listed = show_shape(["?" if length is None else length for length in expected])
        match_shapes(x, expected, f"{found}; the diagonal of {show_shape(shape)} has {listed}")
    return tuple(shape)


def einsum(*xs: Shape, equation: str) -> Shape:
    """The lengths of the axes that the equation names after the arrow.

    >>> einsum((5, 2, 3), (3, 4), equation="...ij,jk->...ik")
    (5, 2, 4)
    """
    read = read_equation(equation, xs)
    return tuple([read.lengths[letter] for letter in read.output])
