"""Pseudoinverses, least squares and ranks of stacks of NumPy matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflow_std.kernels.solvers import by_member, solve_triangular, take_matrices, with_columns
from dataflow_std.shapes import pseudoinverses as shapes


def pinv(x: Any, *, rtol: float | None = None) -> Any:
    """The pseudoinverse, NaN where x is not finite."""
    x = np.asarray(x)
    shapes.pinv(x.shape, rtol=rtol)
    limit = max(x.shape[-2:]) * np.finfo(x.dtype).eps if rtol is None else rtol
    return by_member(lambda items: np.linalg.pinv(items, rtol=limit), x)


def lstsq(a: Any, b: Any) -> Any:
    """The `z` with the least sum of squares of `a @ z - b`, NaN where the columns of `a` depend on each other.

    Raises `ValueError` if there are fewer rows than columns.
    """
    a = np.asarray(a)
    shapes.check_tall(a.shape)

    def solver(a: Any, b: Any) -> Any:
        q, r = np.linalg.qr(a)
        z = solve_triangular(r, np.swapaxes(q, -1, -2) @ b)
        pivots = np.abs(np.diagonal(r, axis1=-2, axis2=-1))
        lengths = np.linalg.norm(r, axis=-2)  # of the columns of a, which may be of very different size
        dependent = np.any(pivots <= max(a.shape[-2:]) * np.finfo(r.dtype).eps * lengths, axis=-1)
        return np.where(dependent[..., None, None], np.nan, z).astype(z.dtype, copy=False) if dependent.any() else z

    return with_columns(solver, a, b, ("a", "b"))


def matrix_rank(x: Any, *, rtol: float | None = None) -> Any:
    """How many singular values exceed `rtol` times the largest; 0 where x is not finite."""
    x = take_matrices(x, "x")
    if not x.size:
        return np.zeros(x.shape[:-2], np.int64)
    limit = max(x.shape[-2:]) * np.finfo(x.dtype).eps if rtol is None else rtol
    s = by_member(lambda items: np.linalg.svd(items, compute_uv=False)[..., None], x)[..., 0]
    return np.count_nonzero(s > limit * s.max(axis=-1, keepdims=True), axis=-1)
