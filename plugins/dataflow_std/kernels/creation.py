"""Kernels that make arrays out of attributes, and of numbers of classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflow.arrays.shape_checks import check_lengths
from dataflow_std.shapes import creation as shapes

Shape = tuple[int, ...]


def arange(start: int = 0, stop: int | None = None, step: int = 1) -> Any:
    """The integers from start to below stop, `step` apart; as in the standard, start is 0 if only one is given."""
    shapes.check_step(step)
    start, stop = (0, start) if stop is None else (start, stop)
    return np.arange(start, stop, step, dtype=np.int64)


def eye(n_rows: int, n_cols: int | None = None, *, k: int = 0, dtype: str = "int64") -> Any:
    """Ones on diagonal k, and zeros."""
    n_cols = n_rows if n_cols is None else n_cols
    check_lengths((n_rows, n_cols))
    return np.eye(n_rows, n_cols, k, dtype)


def zeros(shape: Shape, *, dtype: str = "int64") -> Any:
    """Zeros of a shape."""
    check_lengths(shape)
    return np.zeros(shape, dtype)


def ones(shape: Shape, *, dtype: str = "int64") -> Any:
    """Ones of a shape."""
    check_lengths(shape)
    return np.ones(shape, dtype)


def one_hot(indices: Any, *, num_classes: int, dtype: str = "int64") -> Any:
    """Along a new last axis: 1 at the index, 0 elsewhere."""
    indices = np.asarray(indices)
    shapes.one_hot(indices.shape, num_classes=num_classes, dtype=dtype)
    wrong = (indices < 0) | (indices >= num_classes)
    if np.any(wrong):
        raise IndexError(f"class {indices[wrong].reshape(-1)[0]} is outside 0 to {num_classes - 1}")
    result = np.zeros((*indices.shape, num_classes), dtype)
    np.put_along_axis(result, indices[..., None].astype(np.intp, copy=False), 1, -1)
    return result
