"""Large products of matrices in parts, on several cores: which parts there are follows from shapes alone."""

from __future__ import annotations

import weakref
from itertools import pairwise
from math import prod
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import numpy as np

LARGE = 3 * 10**7  # products of two numbers, from which on a product of matrices is cut
HUGE = 2**28  # ... and from which on into twice as many parts
FEWEST = 128  # rows of a part

TILE = 32  # what libraries compute at a time

Task = tuple[Any, Any, Any]


def is_large(x: tuple[int, ...], y: tuple[int, ...]) -> bool:
    """Whether a product of matrices of these shapes is computed in parts.

    >>> is_large((128, 784), (784, 512)), is_large((10, 10), (10, 10)), is_large((500,), (500, 100_000))
    (True, False, False)
    """
    return len(x) == len(y) == 2 and prod(x) * y[1] >= LARGE


class Products:
    """Products of matrices with `cores` threads. The number of them changes no bit."""

    def __init__(self, cores: int) -> None:
        self._helpers = cores - 1
        self._waiting: SimpleQueue[Any] | None = None

    def matmul(self, x: Any, y: Any, out: Any = None) -> Any:
        """x @ y, cut along the rows, or the columns where there are few rows."""
        rows, columns = x.shape[0], y.shape[1]
        if out is None:
            out = np.empty((rows, columns), np.result_type(x, y))
        count = 4 if prod(x.shape) * columns >= HUGE else 2
        if rows >= count * FEWEST:
            tasks = [(x[start:stop], y, out[start:stop]) for start, stop in _cut(rows, count)]
        else:
            tasks = [(x, y[:, start:stop], out[:, start:stop]) for start, stop in _cut(columns, count)]
        if self._helpers:
            self._share(tasks)
        else:
            for task in tasks:
                np.matmul(*task)
        return out

    def linear(self, x: Any, weight: Any, bias: Any = None) -> Any:
        """x @ weight.T + bias, over the last axis of x."""
        found = self.matmul(x.reshape(-1, x.shape[-1]), weight.T)
        if bias is not None:
            found += bias
        return found.reshape(*x.shape[:-1], weight.shape[0])

    def _share(self, tasks: list[Task]) -> None:
        """Run tasks here and on other threads; what none of these has begun by then is done here too."""
        if self._waiting is None:
            self._waiting = self._start_helpers()
        done: SimpleQueue[BaseException | None] = SimpleQueue()
        for task in tasks[1:]:
            self._waiting.put((task, done))
        _work(tasks[0], done)
        while True:
            try:
                _work(*self._waiting.get_nowait())
            except Empty:
                break
        errors = [done.get() for _ in tasks]  # until nobody writes to the result any more
        for error in filter(None, errors):
            raise error

    def _start_helpers(self) -> SimpleQueue[Any]:
        waiting: SimpleQueue[Any] = SimpleQueue()
        for number in range(self._helpers):
            Thread(target=_help, args=(waiting,), name=f"dataflow-{number}", daemon=True).start()
        weakref.finalize(self, _end, waiting, self._helpers)
        return waiting


def _cut(length: int, count: int) -> list[tuple[int, int]]:
    """Parts of a length. Of two the first is larger: the second begins later, by the time that a thread takes to wake.

    >>> _cut(512, 2), _cut(1000, 4)
    ([(0, 288), (288, 512)], [(0, 250), (250, 500), (500, 750), (750, 1000)])
    """
    if count == 2:
        middle = -(-length * 9 // 16) // TILE * TILE
        return [(0, middle), (middle, length)]
    return list(pairwise(index * length // count for index in range(count + 1)))


def _help(waiting: SimpleQueue[Any]) -> None:
    with np.errstate(all="ignore"):
        while (item := waiting.get()) is not None:
            _work(*item)


def _work(task: Task, done: SimpleQueue[BaseException | None]) -> None:
    try:
        np.matmul(*task)
    except Exception as error:
        done.put(error)
    else:
        done.put(None)


def _end(waiting: SimpleQueue[Any], helpers: int) -> None:
    for _ in range(helpers):
        waiting.put(None)
