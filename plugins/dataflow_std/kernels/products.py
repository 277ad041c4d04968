"""Kernels of products that are summed over named axes, and of diagonals."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from dataflow_std.shapes import products as shapes
from dataflow_std.subscripts import read_equation

Shape = tuple[int, ...]
SMALL = 4096  # products below which two inputs are multiplied before a plan is made


def diagonal(x: Any, *, offset: int = 0) -> Any:
    """The diagonal of the last two axes."""
    shapes.diagonal(np.shape(x), offset=offset)
    return np.diagonal(x, offset, -2, -1)


def put_diagonal(x: Any, *, offset: int = 0, shape: Shape) -> Any:
    """Zeros of a shape, with the last axis of `x` on the diagonal of the last two."""
    shapes.put_diagonal(np.shape(x), offset=offset, shape=shape)
    *batch, rows, columns = shape
    count = np.shape(x)[-1]
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
    return np.einsum(equation, *map(_write_out, xs), optimize=False if few else "greedy")


def _write_out(x: Any) -> Any:
    """An array without repeated elements: NumPy adds first what these multiply, where infinity times 0 gets lost."""
    if not isinstance(x, np.ndarray):
        return x
    repeated = any(step == 0 and length > 1 for step, length in zip(x.strides, x.shape, strict=True))
    return np.ascontiguousarray(x) if repeated else x
