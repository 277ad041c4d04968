"""Scans written as they are defined, one element after the other."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, fsum, inf, log
from typing import Any

import numpy as np


def cumulative_max(x: Any, *, axis: int | None = None) -> Any:
    """The largest so far.

    >>> cumulative_max(np.array([1.0, 3.0, 2.0])).tolist()
    [1.0, 3.0, 3.0]
    """
    return _of_prefixes(lambda items: max(items, key=lambda item: (item != item, item)), x, axis)


def cumulative_min(x: Any, *, axis: int | None = None) -> Any:
    """The smallest so far.

    >>> cumulative_min(np.array([2.0, 3.0, 1.0])).tolist()
    [2.0, 2.0, 1.0]
    """
    return _of_prefixes(lambda items: min(items, key=lambda item: (item == item, item)), x, axis)


def log_cumulative_sum_exp(x: Any, *, axis: int | None = None) -> Any:
    """The logarithms of running sums of exponentials.

    >>> log_cumulative_sum_exp(np.array([0.0, 0.0])).round(4).tolist()
    [0.0, 0.6931]
    """

    def of_prefix(items: list[float]) -> float:
        largest = max(items)
        if largest in (inf, -inf):
            return largest
        return largest + log(fsum(exp(item - largest) for item in items))

    return _of_prefixes(of_prefix, x, axis)


def _of_prefixes(function: Callable[[list[float]], float], x: Any, axis: int | None) -> Any:
    """For each element what a function makes of the list of those up to it."""
    rows = np.moveaxis(x, axis or 0, -1)
    z = np.empty_like(rows)
    for place in np.ndindex(rows.shape):
        z[place] = function(rows[place[:-1]][: place[-1] + 1].tolist())
    return np.moveaxis(z, -1, axis or 0)


def linear_recurrence(x: Any, a: Any, *, axis: int = -1, reverse: bool = False) -> Any:
    """z[i] = x[i] + a[i] * z[i - 1], number by number.

    >>> linear_recurrence(np.array([1.0, 2.0, 3.0]), 2.0).tolist()
    [1.0, 4.0, 11.0]
    """
    z = np.array(np.moveaxis(x, axis, -1))
    factors = np.moveaxis(np.broadcast_to(a, np.shape(x)), axis, -1)
    order = range(z.shape[-1])[:: -1 if reverse else 1]
    for row in np.ndindex(z.shape[:-1]):
        before = 0.0
        for index in order:
            if index != order[0] and factors[row][index] != 0:
                z[row][index] += factors[row][index] * before
            before = z[row][index]
    return np.moveaxis(z, -1, axis)
