"""Sorting on NumPy arrays, in both directions with NaN last."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from dataflow.shapes import check_axes
from dataflow_std.shapes.sorting import check_ordered


def sort(x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The elements in order. Equal ones cannot be told apart (but for the sign of 0), so that none needs to be stable.

    >>> sort(np.array([2.0, np.nan, 3.0]), descending=True).tolist()
    [3.0, 2.0, nan]
    """
    check_axes(axis, np.ndim(x))
    return _turn(np.sort(_turn(x), axis=axis)) if descending else np.sort(x, axis=axis)


def argsort(x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The indices that put the elements in order.

    >>> argsort(np.array([2.0, 1.0, 2.0]), descending=True).tolist()
    [0, 2, 1]
    """
    check_axes(axis, np.ndim(x))
    keys = _turn(x) if descending else np.asarray(x)
    order = np.argsort(keys, axis=axis)
    if stable and _has_ties(np.take_along_axis(keys, order, axis=axis), axis):
        return np.argsort(keys, axis=axis, stable=True)  # takes four times as long
    return order


def searchsorted(x: Any, y: Any, *, side: Literal["left", "right"] = "left") -> Any:
    """Where the elements of `y` would be put into the ordered vector `x`.

    >>> searchsorted(np.array([1.0, 2.0, 2.0]), 2.0, side="right").tolist()
    3
    """
    check_ordered(np.shape(x))
    return np.searchsorted(x, y, side=side)


def _turn(x: Any) -> Any:
    """Keys in the reverse order; twice gives what was there. Not every integer has a negative, but a complement."""
    return ~x if np.asarray(x).dtype.kind in "iu" else -x


def _has_ties(ordered: Any, axis: int) -> bool:
    """Whether elements may be equal: a NaN is not below another, nor above."""
    ordered = np.moveaxis(ordered, axis, -1)
    return not np.all(ordered[..., :-1] < ordered[..., 1:])
