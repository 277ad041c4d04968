"""What the rules of reductions, products and shaping share: axes put back, and broadcasting undone."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
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


def merge_axes(xp: Any, x: Any, axis: Axes) -> Any:
    """`x` with the axes of a reduction merged into one, its last. Raises `ValueError` for an axis it does not have."""
    if axis is None:
        return xp.reshape(x, shape=(xp.size(x),))
    moved = xp.moveaxis(x, source=axis, destination=_last(axis))
    if isinstance(axis, int):
        return moved
    shape = xp.shape(moved)
    kept = shape[: len(shape) - len(axis)]
    return xp.reshape(moved, shape=(*kept, prod(shape[len(kept) :])))


def split_axes(xp: Any, merged: Any, axis: Axes, shape: tuple[int, ...]) -> Any:
    """What `merge_axes` undone gives: the axes in their places, so that the result has the given shape."""
    if axis is None:
        return xp.reshape(merged, shape=shape)
    if isinstance(axis, tuple):
        axes = normalise(axis, len(shape))
        kept = [length for place, length in enumerate(shape) if place not in axes]
        merged = xp.reshape(merged, shape=(*kept, *(shape[place] for place in axes)))
    return xp.moveaxis(merged, source=_last(axis), destination=axis)


def _last(axis: int | tuple[int, ...]) -> int | tuple[int, ...]:
    return -1 if isinstance(axis, int) else tuple(range(-len(axis), 0))
