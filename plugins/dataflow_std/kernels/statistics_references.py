"""Statistics written as they are defined, one slice after the other."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import floor, inf, isfinite, nan, sqrt
from typing import Any

import numpy as np

Axes = int | tuple[int, ...] | None


def std(x: Any, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The standard deviation in exact fractions.

    >>> float(std(np.array([1.0, 3.0])))
    1.0
    """

    def of_slice(items: list[float]) -> float:
        degrees = Fraction(len(items)) - Fraction(correction)
        if not items or not all(map(isfinite, items)):
            return nan
        if degrees <= 0:
            return inf if len(set(items)) > 1 else nan
        exact = [Fraction(item) for item in items]
        mean = sum(exact, Fraction()) / len(items)
        return _root(sum(((item - mean) ** 2 for item in exact), Fraction()) / degrees)

    return _reduce(of_slice, x, axis, keepdims)


def _root(square: Fraction) -> float:
    if not square:
        return 0.0
    halvings = (square.numerator.bit_length() - square.denominator.bit_length()) // 2
    return sqrt(square / Fraction(4) ** halvings) * 2.0**halvings


def median(x: Any, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """The middle element, or the mean of the two in the middle.

    >>> float(median(np.array([4.0, 1.0, 2.0, 3.0])))
    2.5
    """

    def of_slice(items: list[float]) -> float:
        if not items or any(item != item for item in items):
            return nan
        ordered, half = sorted(items), len(items) // 2
        if len(items) % 2 or ordered[half - 1] == ordered[half]:
            return ordered[half]
        return ordered[half - 1] / 2 + ordered[half] / 2

    return _reduce(of_slice, x, axis, keepdims)


def quantile(x: Any, *, q: float | tuple[float, ...], axis: Axes = None, keepdims: bool = False) -> Any:
    """The element at the place q * (n - 1) of those in order, between two of them interpolated linearly.

    >>> float(quantile(np.array([4.0, 0.0, 8.0]), q=0.375))
    3.0
    """
    if isinstance(q, tuple):
        return np.stack([quantile(x, q=item, axis=axis, keepdims=keepdims) for item in q])

    def of_slice(items: list[float]) -> float:
        if not items or any(item != item for item in items):
            return nan
        ordered, place = sorted(items), q * (len(items) - 1)
        below = floor(place)
        if below == place or ordered[below] == ordered[below + 1]:
            return ordered[below]
        return ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])

    return _reduce(of_slice, x, axis, keepdims)


def _reduce(of_slice: Callable[[list[float]], float], x: Any, axis: Axes, keepdims: bool) -> Any:
    """The result of a function of a list for each slice of `x` over `axis`."""
    x = np.asarray(x)
    axes = range(x.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    reduced = [item % x.ndim for item in axes]
    kept = tuple(1 if place in reduced else length for place, length in enumerate(x.shape))
    z = np.empty(kept, x.dtype)
    for place in np.ndindex(kept):
        key = tuple(slice(None) if item in reduced else index for item, index in enumerate(place))
        z[place] = of_slice(x[key].reshape(-1).tolist())
    return z if keepdims else z.reshape([length for place, length in enumerate(x.shape) if place not in reduced])
