"""Inverses, systems of equations and Cholesky factors of stacks of matrices, on NumPy arrays.

What LAPACK refuses, a singular or an indefinite matrix, becomes NaN, for that member of a stack alone.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from dataflow_std.shapes.solvers import check_matrices, check_square, find_solution


def take_matrices(x: Any, name: str) -> Any:
    """`x` as an array. Raises `ValueError` if it is no matrix and no stack of matrices."""
    x = np.asarray(x)
    check_matrices(x.shape, name)
    return x


def take_square(x: Any, name: str) -> Any:
    """`x` as an array. Raises `ValueError` if it is no square matrix and no stack of them."""
    x = np.asarray(x)
    check_square(x.shape, name)
    return x


def by_member(function: Callable[..., Any], *stacks: Any) -> Any:
    """A function of stacks of matrices that broadcast, with NaN for those members on which it raises `LinAlgError`.

    They are found by halving the stack, so that one member in many costs little more than none.

    >>> by_member(np.linalg.inv, np.array([[[0.0]], [[2.0]]])).tolist()
    [[[nan]], [[0.5]]]
    """
    try:
        return function(*stacks)
    except np.linalg.LinAlgError:
        batch = np.broadcast_shapes(*[x.shape[:-2] for x in stacks])
    flat = [np.broadcast_to(x, (*batch, *x.shape[-2:])).reshape(-1, *x.shape[-2:]) for x in stacks]
    found = _halve(function, flat)
    return found.reshape(*batch, *found.shape[1:])


def _halve(function: Callable[..., Any], stacks: list[Any]) -> Any:
    count = len(stacks[0])
    try:
        return function(*stacks)
    except np.linalg.LinAlgError:
        if count == 1:
            like = function(*[_regular(x) for x in stacks])
            return np.full(like.shape, np.nan, like.dtype)
    middle = count // 2
    return np.concatenate(
        [_halve(function, [x[part] for x in stacks]) for part in (slice(middle), slice(middle, None))]
    )


def _regular(x: Any) -> Any:
    """Matrices of the same shape on which nothing fails."""
    return np.broadcast_to(np.eye(*x.shape[-2:], dtype=x.dtype), x.shape)


def inv(x: Any) -> Any:
    """The inverse, NaN where there is none."""
    return by_member(np.linalg.inv, take_square(x, "x"))


def cholesky(x: Any, *, upper: bool = False) -> Any:
    """The triangular factor of the symmetric part of `x`, NaN where that is not positive definite."""
    x = take_square(x, "x")
    symmetric = 0.5 * x + 0.5 * np.swapaxes(x, -1, -2)
    sound = np.isfinite(symmetric).all(axis=(-2, -1), keepdims=True)
    z = by_member(lambda items: np.linalg.cholesky(items, upper=upper), np.where(sound, symmetric, 1.0))
    return np.where(sound, z, np.nan).astype(z.dtype, copy=False)


def solve(x1: Any, x2: Any) -> Any:
    """The solution of `x1 @ z = x2`, NaN where `x1` is singular. A vector `x2` is one column."""
    return with_columns(lambda a, b: by_member(np.linalg.solve, a, b), take_square(x1, "x1"), x2, ("x1", "x2"))


def with_columns(function: Callable[[Any, Any], Any], a: Any, b: Any, names: tuple[str, str]) -> Any:
    """A solver of `a @ z = b` for matrices `b`, applied to a vector too, and to a stack `b` for one matrix `a` at once.

    Raises `ValueError` if shapes do not fit.
    """
    b = np.asarray(b)
    find_solution(a.shape, b.shape, names)
    if b.ndim == 1:
        return function(a, b[:, None])[..., 0]
    if a.ndim > 2 or b.ndim == 2:
        return function(a, b)
    columns = np.moveaxis(b, -2, 0)  # one matrix is factored once
    found = function(a, columns.reshape(b.shape[-2], prod(columns.shape[1:])))
    return np.moveaxis(found.reshape(found.shape[0], *columns.shape[1:]), 0, -2)


def solve_triangular(
    a: Any, b: Any, *, lower: bool = False, transpose: bool = False, unit_diagonal: bool = False
) -> Any:
    """The solution of `a @ z = b`, or of `a.T @ z = b`, of which only one triangle of `a` is read."""

    def solver(a: Any, b: Any) -> Any:
        diagonal = np.ones(a.shape[:-1], a.dtype) if unit_diagonal else np.diagonal(a, axis1=-2, axis2=-1)
        if transpose:
            a = np.swapaxes(a, -1, -2)
        z = _substitute(a, b, diagonal, forwards=lower != transpose)
        singular = np.any(diagonal == 0, axis=-1)
        return np.where(singular[..., None, None], np.nan, z).astype(z.dtype, copy=False) if singular.any() else z

    return with_columns(solver, take_square(a, "a"), b, ("a", "b"))


def _substitute(a: Any, b: Any, diagonal: Any, *, forwards: bool) -> Any:
    """Forward or backward substitution: by LAPACK for each matrix, or for many small ones row by row for all."""
    dtype = np.result_type(a, b)
    size, batch = a.shape[-1], np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    z = np.empty((*batch, *b.shape[-2:]), dtype)
    if prod(batch) > size:
        order = range(size) if forwards else range(size - 1, -1, -1)
        for row in order:
            known = slice(row) if forwards else slice(row + 1, None)
            rest = b[..., row, :] - (a[..., row, None, known] @ z[..., known, :])[..., 0, :]
            z[..., row, :] = rest / diagonal[..., row, None]
        return z
    return _substitute_each(a, b, diagonal, z, forwards)


def _substitute_each(a: Any, b: Any, diagonal: Any, z: Any, forwards: bool) -> Any:
    from scipy.linalg import get_blas_funcs

    trsm = get_blas_funcs("trsm", dtype=z.dtype)
    ones = bool(np.all(diagonal == 1))
    batch = z.shape[:-2]
    a, b = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (a, b))
    if z.size:
        for place in np.ndindex(batch):
            z[place] = trsm(1.0, a[place], b[place], lower=forwards, diag=ones)
    return z
