"""What the rules of reductions, products and shaping share: axes put back, and broadcasting undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow.operators import Axes


def put_back(xp: Any, g: Any, axis: Axes, keepdims: bool) -> Any:
    """The result of a reduction with its axes put back as axes of length 1, so that it broadcasts against the input."""
    return g if keepdims or axis is None else xp.expand_dims(g, axis=axis)


def sum_to(xp: Any, g: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of broadcasting: `g` summed over what was broadcast from `shape`."""
    long = xp.shape(g)
    if long == shape:
        return g
    extra = len(long) - len(shape)
    stretched = [extra + axis for axis, length in enumerate(shape) if length == 1 and long[extra + axis] != 1]
    return xp.reshape(xp.sum(g, axis=(*range(extra), *stretched)), shape=shape)


def normalise(axis: Axes, ndim: int) -> tuple[int, ...]:
    """Axes as a tuple of numbers from 0.

    >>> normalise(None, 2), normalise(-1, 3), normalise((0, -1), 3)
    ((0, 1), (2,), (0, 2))
    """
    if axis is None:
        return tuple(range(ndim))
    return tuple(item % ndim for item in (axis if isinstance(axis, tuple) else (axis,)))


def invert(order: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes a permutation.

    >>> invert((2, 0, 1))
    (1, 2, 0)
    """
    return tuple(sorted(range(len(order)), key=order.__getitem__))
