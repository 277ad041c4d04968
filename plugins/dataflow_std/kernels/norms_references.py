"""Slow twin of the norm of vectors."""

from __future__ import annotations

from math import fsum
from typing import Any

import numpy as np


def vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Any:
    """The definition, for one vector after the other."""
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(sorted(item % x.ndim for item in axes))
    kept = [place for place in range(x.ndim) if place not in axes]
    rows = np.transpose(x, [*kept, *axes]).reshape([*[x.shape[place] for place in kept], -1]) if x.size else None
    result = np.zeros([x.shape[place] for place in kept], x.dtype)
    for place in np.ndindex(result.shape):
        result[place] = _norm([] if rows is None else [abs(float(item)) for item in rows[place]], ord)
    return np.expand_dims(result, axes) if keepdims else result


def _norm(sizes: list[float], ord: float) -> float:
    if ord == 0:
        return sum(item != 0 for item in sizes)
    if ord in (np.inf, -np.inf):
        return max(sizes, default=0.0) if ord > 0 else min(sizes, default=np.inf)
    return float(fsum(item**ord for item in sizes) ** (1 / ord))
