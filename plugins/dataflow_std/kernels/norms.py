"""Norms, scaled where squares or powers would leave the range of floats."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from dataflow.shapes import Axes
from dataflow_std.shapes.norms import check_norm


def vector_norm(x: Any, *, axis: Axes = None, keepdims: bool = False, ord: float = 2) -> Any:
    """The norm of any order over axes."""
    check_norm(np.shape(x), axis, ord)
    if ord == 0:
        return np.sum(np.astype(np.asarray(x != 0), np.asarray(x).dtype), axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims, initial=0)
    if ord == -inf:
        return np.min(np.abs(x), axis=axis, keepdims=keepdims, initial=inf)
    return _find_norm(x, axis, keepdims, ord)


def _find_norm(x: Any, axis: Axes, keepdims: bool, ord: float) -> Any:
    """The root of the sum of powers; scaled by the extreme element where that sum is not well within range."""
    sums = _add_powers(x, axis, keepdims, ord)
    limits = np.finfo(sums.dtype)
    fits = (sums > limits.tiny / limits.eps) & (sums <= limits.max)
    if np.all(fits):
        return _take_root(sums, ord)
    size = np.abs(x)
    if ord > 0:
        extreme = np.max(size, axis=axis, keepdims=True, initial=0)
    else:
        extreme = np.min(size, axis=axis, keepdims=True, initial=inf)
    scale = np.ldexp(np.ones_like(extreme), np.frexp(extreme)[1] - 1)  # a power of 2: nothing is rounded
    scaled = _take_root(_add_powers(x / scale, axis, keepdims, ord), ord) * np.reshape(scale, np.shape(sums))
    return np.where(fits, _take_root(sums, ord), scaled)[()]


def _add_powers(x: Any, axis: Axes, keepdims: bool, ord: float) -> Any:
    if ord == 2 and axis is None and not keepdims:
        flat = np.reshape(x, -1)
        return np.dot(flat, flat)
    if ord == 2:
        return np.sum(x * x, axis=axis, keepdims=keepdims)
    size = np.asarray(np.abs(x))
    size **= ord
    return np.sum(size, axis=axis, keepdims=keepdims)


def _take_root(sums: Any, ord: float) -> Any:
    return np.sqrt(sums) if ord == 2 else sums ** (1 / ord)
