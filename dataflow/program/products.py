"""Large products of matrices in parts, on several cores: which parts there are follows from shapes alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

LARGE = 3 * 10**7  # products of two numbers, from which on a product of matrices is cut
HUGE = 2**28  # ... and from which on into twice as many parts


def is_large(x: tuple[int, ...], y: tuple[int, ...]) -> bool:
    """Whether a product of matrices of these shapes is computed in parts.

    >>> is_large((128, 784), (784, 512)), is_large((10, 10), (10, 10)), is_large((500,), (500, 100_000))
    (True, False, False)
    """
    return len(x) == len(y) == 2 and prod(x) * y[1] >= LARGE


class Products:
    """Products of matrices with `cores` threads. The number of them changes no bit."""

    def __init__(self, cores: int) -> None:
        self._pool = ThreadPoolExecutor(cores - 1, thread_name_prefix="dataflow") if cores > 1 else None

    def matmul(self, x: Any, y: Any, out: Any = None) -> Any:
        """x @ y, cut along the longer side of the result."""
        rows, columns = x.shape[0], y.shape[1]
        if out is None:
            out = np.empty((rows, columns), np.result_type(x, y))
        count = 4 if prod(x.shape) * columns >= HUGE else 2
        longest = max(rows, columns)
        tasks: list[tuple[Any, Any, Any]] = []
        for start, stop in pairwise(index * longest // count for index in range(count + 1)):
            if columns >= rows:
                tasks.append((x, y[:, start:stop], out[:, start:stop]))
            else:
                tasks.append((x[start:stop], y, out[start:stop]))
        waiting = [] if self._pool is None else [self._pool.submit(_multiply, task) for task in tasks[1:]]
        for task in tasks[:1] if waiting else tasks:
            _multiply(task)
        for item in waiting:
            item.result()
        return out

    def linear(self, x: Any, weight: Any, bias: Any = None) -> Any:
        """x @ weight.T + bias."""
        found = self.matmul(x, weight.T)
        if bias is not None:
            found += bias
        return found


def _multiply(task: tuple[Any, Any, Any]) -> None:
    np.matmul(*task)
