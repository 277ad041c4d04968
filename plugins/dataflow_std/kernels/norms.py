"""Norms, scaled where squares or powers would leave the range of floats."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from dataflow.arrays.numpy_checked import check_axes

Axes = int | tuple[int, ...] | None


def vector_norm(x: Any, *, axis: Axes = None, keepdims: bool = False, ord: float = 2) -> Any:
    """The norm of any order over axes."""
    if axis is not None:
        check_axes(axis, np.ndim(x))
    if ord != ord:
        raise ValueError("ord is a number, or inf or -inf; not NaN")
    if ord == 2:
        return _find_length(x, axis, keepdims)
    if ord == 0:
        return np.astype(np.asarray(x != 0), np.asarray(x).dtype).sum(axis=axis, keepdims=keepdims)
    size = np.abs(x)
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    if ord == inf:
        return np.max(size, axis=axis, keepdims=keepdims, initial=0)
    if ord == -inf:
        return np.min(size, axis=axis, keepdims=keepdims, initial=inf)
    return _find_power_mean(size, axis, keepdims, ord)


def _find_length(x: Any, axis: Axes, keepdims: bool) -> Any:
    if axis is None and not keepdims:
        flat = np.reshape(x, -1)
        squares = np.dot(flat, flat)
    else:
        squares = np.sum(x * x, axis=axis, keepdims=keepdims)
    limits = np.finfo(squares.dtype)
    fits = (squares > limits.tiny / limits.eps) & (squares <= limits.max)
    if np.all(fits):
        return np.sqrt(squares)
    scale = _find_scale(np.max(np.abs(x), axis=axis, keepdims=True, initial=0))
    part = x / scale
    scaled = np.sqrt(np.sum(part * part, axis=axis, keepdims=keepdims))
    return np.where(fits, np.sqrt(squares), scaled * np.reshape(scale, np.shape(scaled)))[()]


def _find_power_mean(size: Any, axis: Axes, keepdims: bool, ord: float) -> Any:
    if ord > 0:
        extreme = np.max(size, axis=axis, keepdims=True, initial=0)
    else:
        extreme = np.min(size, axis=axis, keepdims=True, initial=inf)
    scale = _find_scale(extreme)
    z = np.sum((size / scale) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)
    return z * np.reshape(scale, np.shape(z))


def _find_scale(extreme: Any) -> Any:
    return np.where((extreme == 0) | np.isinf(extreme), 1, extreme).astype(extreme.dtype)
