"""Slow twins of what picks elements: one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np


def boolean_mask(x: Any, mask: Any, *, axis: int = 0) -> Any:
    """The parts at the places where the mask is true, in their order."""
    axis %= np.ndim(x)
    places = [place for place in np.ndindex(np.shape(mask)) if mask[place]]
    parts = [x[(*(slice(None),) * axis, *place)] for place in places]
    shape = (*np.shape(x)[:axis], 0, *np.shape(x)[axis + np.ndim(mask) :])
    return np.stack(parts, axis) if parts else np.empty(shape, x.dtype)


def top_k(x: Any, *, k: int, axis: int = -1, largest: bool = True) -> tuple[Any, Any]:
    """The best of what is left, k times over."""
    rows = np.moveaxis(x, axis, -1)
    indices = np.zeros((*rows.shape[:-1], k), np.int64)
    for place in np.ndindex(rows.shape[:-1]):
        left = list(range(rows.shape[-1]))
        for index in range(k):
            best = left[0]
            for other in left:
                if rows[place][other] > rows[place][best] if largest else rows[place][other] < rows[place][best]:
                    best = other
            indices[(*place, index)] = best
            left.remove(best)
    indices = np.moveaxis(indices, -1, axis)
    return np.take_along_axis(x, indices, axis), indices
