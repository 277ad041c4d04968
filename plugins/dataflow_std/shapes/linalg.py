"""Shapes of products of matrices and tensors."""

from __future__ import annotations

from dataflow.arrays.product_checks import Pairs, check_matmul, check_matrix, check_tensordot, check_vecdot
from dataflow.shapes import Shape


def matmul(x: Shape, y: Shape) -> Shape:
    """Rows of x and columns of y, as far as there are any, behind the axes of both that broadcast.

    >>> matmul((5, 2, 3), (3, 4)), matmul((2, 3), (3,)), matmul((3,), (3,))
    ((5, 2, 4), (2,), ())
    """
    batch = check_matmul(x, y)
    return (*batch, *x[-2:-1], *(y[-1:] if len(y) > 1 else ()))


def matrix_transpose(x: Shape) -> Shape:
    """The last two axes swapped."""
    check_matrix(x)
    return (*x[:-2], x[-1], x[-2])


def tensordot(x: Shape, y: Shape, *, axes: Pairs) -> Shape:
    """The axes of x that are not summed over, then those of y.

    >>> tensordot((2, 3, 4), (3, 4, 5), axes=2)
    (2, 5)
    """
    first, second = check_tensordot(x, y, axes)
    free_x = [length for place, length in enumerate(x) if place not in first]
    return (*free_x, *[length for place, length in enumerate(y) if place not in second])


def vecdot(x: Shape, y: Shape, *, axis: int) -> Shape:
    """All axes but the one that is summed over, broadcast."""
    return check_vecdot(x, y, axis)
