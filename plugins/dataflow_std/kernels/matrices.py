"""Pseudo-inverses, ranks and exponentials of stacks of NumPy matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflow_std.kernels.solvers import check_square


def _check_matrix(x: Any) -> Any:
    x = np.asarray(x)
    if x.ndim < 2:
        raise ValueError(f"x has the shape {list(x.shape)}, and a matrix has two axes")
    return x


def _tolerance(x: Any, rtol: float | None) -> Any:
    """The standard's: the longer side times the distance of 1 to the next number."""
    return max(x.shape[-2:], default=1) * np.finfo(x.dtype).eps if rtol is None else rtol


def pinv(x: Any, *, rtol: float | None = None) -> Any:
    """The Moore-Penrose inverse; singular values below `rtol` times the largest count as 0."""
    x = _check_matrix(x)
    return np.linalg.pinv(x, rtol=_tolerance(x, rtol)).astype(x.dtype, copy=False)


def matrix_rank(x: Any, *, rtol: float | None = None) -> Any:
    """The number of singular values above `rtol` times the largest."""
    x = _check_matrix(x)
    return np.asarray(np.linalg.matrix_rank(x, rtol=_tolerance(x, rtol)), np.int64)


def expm(x: Any) -> Any:
    """The exponential of square matrices; NaN for a member that is not finite."""
    from scipy.linalg import expm as exponential

    x = check_square(x, "x")
    if not x.size:
        return np.array(x)
    sound = np.isfinite(x).all(axis=(-2, -1))
    if sound.all():
        return exponential(x).astype(x.dtype, copy=False)
    z = np.full_like(x, np.nan)
    z[sound] = exponential(x[sound])
    return z
