"""Kernels of products that are summed over named axes, and of diagonals."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from dataflow_std.subscripts import read_equation

Shape = tuple[int, ...]
SMALL = 4096  # products below which two inputs are multiplied before a plan is made


def diagonal(x: Any, *, offset: int = 0) -> Any:
    """The diagonal of the last two axes."""
    if np.ndim(x) < 2:
        raise ValueError(f"x has no diagonals: it needs 2 dimensions, not {np.ndim(x)}")
    return np.diagonal(x, offset, -2, -1)


def put_diagonal(x: Any, *, offset: int = 0, shape: Shape) -> Any:
    """Zeros of a shape, with the last axis of `x` on the diagonal of the last two."""
    if len(shape) < 2:
        raise ValueError(f"the shape of a result with a diagonal has 2 dimensions at least, not {len(shape)}")
    *batch, rows, columns = shape
    count = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    if np.shape(x) != (expected := (*batch, count)):
        raise ValueError(f"x has the shape {list(np.shape(x))}; the diagonal of {list(shape)} has {list(expected)}")
    result = np.zeros(shape, np.asarray(x).dtype)
    if count:
        step = columns + 1
        first = offset if offset > 0 else -offset * columns
        result.reshape(*batch, rows * columns)[..., first : first + count * step : step] = x
    return result


def einsum(xs: Sequence[Any], *, equation: str) -> Any:
    """The sum of products that an equation says; several factors in an order that keeps what is between small."""
    read = read_equation(equation, tuple([np.shape(x) for x in xs]))
    few = len(xs) == 1 or (len(xs) == 2 and prod(read.lengths.values()) < SMALL)
    return np.einsum(equation, *xs, optimize=False if few else "greedy")
