"""Memory for the values of a program: a buffer is used again as soon as what it holds is needed no more."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

import numpy as np

from dataflow.arrays.aligned import make_aligned

Array = np.ndarray[Any, Any]


class Buffers:
    """Memory for values that do not leave the program: what is released is used again for the same size."""

    def __init__(self) -> None:
        self._free: dict[tuple[str, int], list[int]] = {}
        self._flat: list[tuple[tuple[str, int], Array]] = []
        self._held: dict[str, set[int]] = {}  # by value: the buffers in which it may stand
        self._holders: list[int] = []

    def take(self, name: str, dtype: str, shape: tuple[int, ...]) -> Array:
        """A buffer for a value."""
        key = (dtype, prod(shape))
        free = self._free.setdefault(key, [])
        if free:
            index = free.pop()
        else:
            index = len(self._flat)
            self._flat.append((key, make_aligned(key[1], dtype)))
            self._holders.append(0)
        self._hold(name, {index})
        return self._flat[index][1].reshape(shape)

    def hold(self, name: str, operands: Iterable[Any]) -> None:
        """Note that a value may be a view of its operands."""
        indices = [self._held.get(item, set()) for item in operands if isinstance(item, str)]
        self._hold(name, set().union(*indices))

    def _hold(self, name: str, indices: set[int]) -> None:
        self._held[name] = indices
        for index in indices:
            self._holders[index] += 1

    def release(self, names: Iterable[str]) -> None:
        """Note that values are needed no more."""
        for name in names:
            for index in self._held.pop(name, ()):
                self._holders[index] -= 1
                if not self._holders[index]:
                    self._free[self._flat[index][0]].append(index)
