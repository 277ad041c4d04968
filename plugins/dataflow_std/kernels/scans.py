"""Scans on NumPy arrays: running extremes and logarithms, and the linear recurrence that their slopes are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import get_blas_funcs

from dataflow.arrays.shape_checks import check_axis_of_vector
from dataflow_std.shapes import scans as shapes


def cumulative_max(x: Any, *, axis: int | None = None) -> Any:
    """The largest so far.

    >>> cumulative_max(np.array([1.0, 3.0, 2.0])).tolist()
    [1.0, 3.0, 3.0]
    """
    return _accumulate(np.maximum, x, axis)


def cumulative_min(x: Any, *, axis: int | None = None) -> Any:
    """The smallest so far.

    >>> cumulative_min(np.array([2.0, 3.0, 1.0])).tolist()
    [2.0, 2.0, 1.0]
    """
    return _accumulate(np.minimum, x, axis)


def log_cumulative_sum_exp(x: Any, *, axis: int | None = None) -> Any:
    """The logarithms of running sums of exponentials, none of which overflows.

    >>> log_cumulative_sum_exp(np.array([1000.0, 1000.0])).round(4).tolist()
    [1000.0, 1000.6931]
    """
    return _accumulate(np.logaddexp, x, axis)


def _accumulate(operation: np.ufunc, x: Any, axis: int | None) -> Any:
    check_axis_of_vector(axis, np.ndim(x))
    return operation.accumulate(x, axis=axis or 0)


def linear_recurrence(x: Any, a: Any, *, axis: int = -1, reverse: bool = False) -> Any:
    """z[i] = x[i] + a[i] * z[i - 1] along an axis.

    >>> linear_recurrence(np.array([1.0, 2.0, 3.0]), 2.0).tolist()
    [1.0, 4.0, 11.0]
    """
    shapes.linear_recurrence(np.shape(x), np.shape(a), axis=axis, reverse=reverse)
    factors = np.broadcast_to(a, np.shape(x))
    z = np.array(x, dtype=np.result_type(x, a))
    steps, factors = np.moveaxis(z, axis, 0), np.moveaxis(factors, axis, 0)
    given = np.moveaxis(np.asarray(x), axis, 0)
    if reverse:
        steps, factors, given = steps[::-1], factors[::-1], given[::-1]
    if len(steps) > 1 and z.size:
        by_steps = len(steps) <= 4 * (z.size // len(steps))  # the fewer calls: one a step, or one a row
        (_advance if by_steps else _solve)(steps, factors.astype(z.dtype, copy=False))
        _cut(steps, given, factors)
    return z


def _advance(steps: Any, factors: Any) -> None:
    """Step by step, all rows at once, in place."""
    for index in range(1, len(steps)):
        steps[index] += factors[index] * steps[index - 1]


def _solve(steps: Any, factors: Any) -> None:
    """Row by row: forward substitution in the bidiagonal system z[i] - a[i] * z[i - 1] = x[i], in place."""
    substitute = get_blas_funcs("tbsv", (steps,))
    bands = np.zeros((2, len(steps)), steps.dtype, order="F")
    for row in np.ndindex(steps.shape[1:]):
        line = (slice(None), *row)
        np.negative(factors[line][1:], out=bands[1, :-1])
        steps[line] = substitute(1, bands, steps[line], lower=1, diag=1)


def _cut(steps: Any, given: Any, factors: Any) -> None:
    """Repeat the rows with inf or NaN in which a factor is 0, number by number: what is before it counts no more."""
    finite = np.all(np.isfinite(steps), axis=0)
    if np.all(finite):
        return
    for row in np.argwhere(~finite & np.any(factors[1:] == 0, axis=0)):
        line = (slice(None), *row)
        items, before = [], 0.0
        for item, factor in zip(given[line].tolist(), [0.0, *factors[line][1:].tolist()], strict=True):
            before = item + factor * before if factor else item
            items.append(before)
        steps[line] = items
