"""Sorting and searching by Python's own sort and by counting."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np


def sort(x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The elements in order, NaN last.

    >>> sort(np.array([2.0, np.nan, 3.0])).tolist()
    [2.0, 3.0, nan]
    """
    return np.take_along_axis(x, argsort(x, axis=axis, descending=descending), axis=axis)


def argsort(x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The indices that put the elements in order, those of equal ones as they are.

    >>> argsort(np.array([2.0, 1.0, 2.0])).tolist()
    [1, 0, 2]
    """
    rows = np.moveaxis(x, axis, -1)
    order = np.empty(rows.shape, np.int64)
    for place in np.ndindex(rows.shape[:-1]):
        items = rows[place].tolist()
        keys = [(item != item, -item if descending else item, index) for index, item in enumerate(items)]
        order[place] = [index for *_, index in sorted(keys, key=_without_nan)]
    return np.moveaxis(order, -1, axis)


def _without_nan(key: tuple[bool, float, int]) -> tuple[bool, float, int]:
    missing, item, index = key
    return missing, 0.0 if missing else item, index


def searchsorted(x: Any, y: Any, sorter: Any = None, *, side: Literal["left", "right"] = "left") -> Any:
    """How many elements of `x` are below those of `y`, or not above.

    >>> searchsorted(np.array([1.0, 2.0, 2.0]), 2.0, side="right").tolist()
    3
    """
    x = np.asarray(x)
    above = np.expand_dims(y, -1)
    below = (x < above) | (np.isnan(above) & ~np.isnan(x))
    equal = (x == above) | (np.isnan(above) & np.isnan(x))
    return np.sum(below | equal if side == "right" else below, axis=-1)
