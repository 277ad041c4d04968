"""What is said of values with too many rows to be written: counts, extremes and mean, put together from blocks."""

from __future__ import annotations

from math import isfinite
from typing import Any, NamedTuple

import numpy as np


class Summary(NamedTuple):
    """How many elements there are and how many are not finite; of the finite ones least, greatest and sum.

    `first` is the first element that is not finite. A sum for which no float is large enough is an integer.

    >>> Summary.of(np.array([1.0, 4.0, np.nan])).as_data()
    {'count': 3, 'non_finite': 1, 'min': 1.0, 'mean': 2.5, 'max': 4.0}
    """

    size: int
    non_finite: int
    low: Any
    high: Any
    total: float | int
    first: float | None

    @classmethod
    def of(cls, array: Any) -> Summary:
        """Of the elements of an array."""
        count, non_finite, first = array.size, 0, None
        total: float | int = _sum(array)
        if array.dtype.kind == "f" and not isfinite(total):  # as it is not if any element is not
            finite = np.isfinite(array)
            non_finite = count - int(np.count_nonzero(finite))
            if non_finite:
                first = float(array[~finite].reshape(-1)[0])
                array = array[finite]
                total = _sum(array)
            if not isfinite(total):
                total = int(np.sum(array * 2.0**-64)) << 64
        if not array.size:
            return cls(count, non_finite, None, None, 0.0, first)
        return cls(count, non_finite, array.min(), array.max(), total, first)

    def join(self, other: Summary) -> Summary:
        """Of the elements of both."""
        if self.low is None or other.low is None:
            low, high = (other.low, other.high) if self.low is None else (self.low, self.high)
        else:
            low, high = min(self.low, other.low), max(self.high, other.high)
        first = self.first if self.first is not None else other.first
        count, non_finite = self.size + other.size, self.non_finite + other.non_finite
        return Summary(count, non_finite, low, high, _add(self.total, other.total), first)

    def as_data(self) -> dict[str, Any]:
        """As results have it."""
        if self.low is None:
            return {"count": self.size, "non_finite": self.non_finite, "min": None, "mean": None, "max": None}
        mean = self.total / (self.size - self.non_finite)
        return {
            "count": self.size, "non_finite": self.non_finite, "min": self.low.item(), "mean": mean,
            "max": self.high.item(),
        }  # fmt: skip


def _sum(array: Any) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sum(array, dtype=np.float64))


def _add(first: float | int, second: float | int) -> float | int:
    """
    >>> _add(1.5, 2.0), _add(1e308, 1e308) == 2 * int(1e308)
    (3.5, True)
    """
    if isinstance(first, float) and isinstance(second, float) and isfinite(first + second):
        return first + second
    return int(first) + int(second)
