"""Shapes of what matrices are decomposed into, and which have a decomposition."""

from __future__ import annotations

from dataflow.shapes import OpenShape, Shape, find_shorter, is_surely_less, match_sizes, show_shape
from dataflow.sizes import Length


def measure(x: Shape) -> tuple[Length, Length]:
    """Rows and columns. Raises `ValueError` for what is no matrix.

    >>> measure((5, 2, 3))
    (2, 3)
    """
    if len(x) < 2:
        raise ValueError(f"x is no matrix: it needs at least 2 dimensions, and has the shape {show_shape(x)}")
    return x[-2], x[-1]


def eigvalsh(x: Shape) -> Shape:
    """One eigenvalue for each row. Raises `ValueError` for what is not square."""
    rows, columns = measure(x)
    if rows != columns:
        message = f"x has {rows} rows and {columns} columns: only a square matrix has eigenvalues"
        match_sizes(rows, columns, message)
    return x[:-1]


def eigh(x: Shape) -> list[Shape]:
    """The shapes of eigenvalues and eigenvectors."""
    return [eigvalsh(x), x]


def svd(x: Shape, *, full_matrices: bool) -> list[OpenShape]:
    """As many singular values, and vectors on either side, as the shorter side is long.

    >>> svd((5, 2, 3), full_matrices=False)
    [(5, 2, 2), (5, 2), (5, 2, 3)]
    """
    rows, columns = measure(x)
    fewer = find_shorter(rows, columns)
    if full_matrices and rows != columns:
        beyond = f"the vectors beyond the first {'few' if fewer is None else fewer} are any that complete a basis"
        match_sizes(
            rows,
            columns,
            f"full_matrices is for a square matrix, not for one of {rows} x {columns}: {beyond}, and have no slopes; "
            "leave it out",
        )
    return [(*x[:-1], fewer), (*x[:-2], fewer), (*x[:-2], fewer, columns)]


def svdvals(x: Shape) -> OpenShape:
    """As many singular values as the shorter side is long."""
    return (*x[:-2], find_shorter(*measure(x)))


def qr(x: Shape, *, mode: str) -> list[OpenShape]:
    """As many columns of Q and rows of R as the shorter side is long.

    >>> qr((5, 2, 3), mode="reduced")
    [(5, 2, 2), (5, 2, 3)]
    """
    rows, columns = measure(x)
    if mode == "complete" and is_surely_less(columns, rows):
        raise ValueError(
            f'mode "complete" is for a matrix with no more rows than columns, not for one of {rows} x {columns}: the '
            f'columns of Q beyond the first {columns} are any that complete a basis, and have no slopes; use "reduced"'
        )
    fewer = rows if mode == "complete" else find_shorter(rows, columns)
    return [(*x[:-1], fewer), (*x[:-2], fewer, columns)]
