"""Determinants, adjugates and their slopes on stacks of NumPy matrices, also where these are singular."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflow_std.kernels.solvers import by_member, take_square
from dataflow_std.shapes import determinants as shapes

WELL_CONDITIONED = 1e3  # up to here the inverse loses no more than three digits


def det(x: Any) -> Any:
    """The determinant."""
    return np.linalg.det(take_square(x, "x"))


def slogdet(x: Any) -> tuple[Any, Any]:
    """The sign of the determinant and the logarithm of its size."""
    sign, logabsdet = np.linalg.slogdet(take_square(x, "x"))
    return sign, logabsdet


def adjugate(x: Any) -> Any:
    """The transposed matrix of cofactors: from the inverse where that is exact enough, else from singular values.

    >>> adjugate(np.array([[1.0, 2.0], [2.0, 4.0]])).tolist()
    [[4.0, -2.0], [-2.0, 1.0]]
    """
    x = take_square(x, "x")
    if x.shape[-1] == 2:
        a, b, c, d = x[..., 0, 0], x[..., 0, 1], x[..., 1, 0], x[..., 1, 1]
        return np.stack([np.stack([d, -b], axis=-1), np.stack([-c, a], axis=-1)], axis=-2)
    if not x.size:
        return np.array(x)
    inverse, determinant = by_member(np.linalg.inv, x), np.linalg.det(x)
    with np.errstate(all="ignore"):
        z = determinant[..., None, None] * inverse
        condition = np.linalg.norm(x, 1, axis=(-2, -1)) * np.linalg.norm(inverse, 1, axis=(-2, -1))
    limits = np.finfo(x.dtype)
    exact = (condition < WELL_CONDITIONED) & (np.abs(determinant) > limits.tiny) & np.isfinite(determinant)
    if exact.all():
        return z
    z[~exact] = by_member(_adjugate_of_factors, x[~exact])
    return z


def _adjugate_of_factors(x: Any) -> Any:
    """`adj(u @ s @ vt) = det(u) det(vt) v @ adj(s) @ u.T`, where `adj(s)` has the products of the other elements."""
    u, s, vt, turn = _factor(x)
    others = turn * _leave_one_out(s)
    return np.swapaxes(vt, -1, -2) @ (others[..., None] * np.swapaxes(u, -1, -2))


def _factor(x: Any) -> tuple[Any, Any, Any, Any]:
    """Singular value decomposition, and the sign of `det(u) det(vt)` with an axis to broadcast."""
    u, s, vt = np.linalg.svd(x)
    turn = np.sign(np.linalg.det(u)) * np.sign(np.linalg.det(vt))
    return u, s, vt, turn[..., None]


def _leave_one_out(s: Any) -> Any:
    """For every element the product of the others along the last axis, without division.

    Large and small elements take turns, so that no product on the way overflows if those of all others do not.

    >>> _leave_one_out(np.array([4.0, 2.0, 0.0])).tolist()
    [0.0, 0.0, 8.0]
    """
    count = s.shape[-1]
    order = np.stack([np.arange(count), np.arange(count)[::-1]], axis=-1).reshape(-1)[:count]
    s, ones = s[..., order], np.ones_like(s[..., :1])
    before = np.cumprod(np.concatenate([ones, s[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, s[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    result = np.empty_like(s)
    result[..., order] = before * after
    return result


def adjugate_adjoint(x: Any, y: Any) -> Any:
    """The slope of `sum(y * adjugate(x))` in `x`: a polynomial in `x`, of degree n - 2."""
    x, y = np.asarray(x), np.asarray(y)
    shapes.adjugate_adjoint(x.shape, y.shape)
    dtype = np.result_type(x, y)
    if x.shape[-1] == 2:
        return adjugate(y).astype(dtype, copy=False)
    return by_member(_adjoint_of_factors, x, y) if x.size else np.array(x, dtype)


def _adjoint_of_factors(x: Any, y: Any) -> Any:
    """In the bases of the singular vectors `x` is diagonal, and the derivative of its adjugate has two products:

    of element (i, i) by element (k, k), and of (i, j) by (i, j) with a minus, the product of all others.
    """
    u, s, vt, turn = _factor(x)
    size = s.shape[-1]
    eye = np.eye(size, dtype=bool)
    without = _leave_one_out(np.where(eye, np.ones_like(s)[..., None, :], s[..., None, :]))
    without = np.where(eye, np.zeros_like(without), without)
    turned = vt @ y @ u
    diagonal = without @ np.diagonal(turned, axis1=-2, axis2=-1)[..., None]
    inner = turn[..., None] * np.where(eye, diagonal, -turned * without)
    return u @ inner @ vt
