"""Softmax and its logarithms on NumPy arrays: no array but the result in full, and no digits lost near the largest.

ln(sum of e ** x) is the largest x plus ln(1 + s), where s is the sum of all other powers, relative to the largest one.
If 1 + s were summed up as one number, an s below 1e-16 would be lost, and with it the loss of whatever is classified
well.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from dataflow.arrays.numpy_short import SHORT_EXTREME, SHORT_SUM, add_last, find_last, is_short
from dataflow.shapes import Axes
from dataflow_nn.shapes.softmaxes import check_largest

Array = Any


def softmax(x: Array, *, axis: Axes = -1) -> Array:
    """The powers e ** x, each divided by their sum over `axis`.

    >>> softmax(np.array([1000.0, 1000.0])).tolist()
    [0.5, 0.5]
    """
    x = np.asarray(x)
    check_largest(x.shape, axis)
    powers = x - _find_largest(x, axis)
    powers = np.exp(powers, out=powers) if isinstance(powers, np.ndarray) else np.exp(powers)
    powers /= _add_up(powers, axis)
    return powers


def log_softmax(x: Array, *, axis: Axes = -1) -> Array:
    """The logarithm of softmax.

    >>> log_softmax(np.array([40.0, 0.0])).tolist()
    [-4.248354255291589e-18, -40.0]
    """
    x = np.asarray(x)
    check_largest(x.shape, axis)
    blocks = _to_blocks(x, axis)
    largest, rest = _sum_up(blocks)
    z = blocks - largest
    z -= rest + (largest - largest)  # NaN for all where the largest is infinite
    return _from_blocks(z, x.shape, axis)


def logsumexp(x: Array, *, axis: Axes = None, keepdims: bool = False) -> Array:
    """The logarithm of the sum of e ** x over `axis`.

    >>> float(logsumexp(np.array([0.0, -40.0])))
    4.248354255291589e-18
    """
    x = np.asarray(x)
    check_largest(x.shape, axis)
    largest, rest = _sum_up(_to_blocks(x, axis))
    reduced = {place % x.ndim for place in _list_axes(x.ndim, axis)} if x.ndim else set()
    kept = [(1 if place in reduced else length) for place, length in enumerate(x.shape)]
    if not keepdims:
        kept = [length for place, length in enumerate(x.shape) if place not in reduced]
    return (largest + rest).reshape(kept)[()]


def _list_axes(ndim: int, axis: Axes) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    return axis if isinstance(axis, tuple) else (axis,)


def _find_largest(x: Array, axis: Axes) -> Array:
    if is_short(x, axis, SHORT_EXTREME):
        return find_last(np.maximum, x, keepdims=True)
    return np.maximum.reduce(x, axis=axis, keepdims=True)


def _add_up(x: Array, axis: Axes) -> Array:
    return add_last(x, keepdims=True) if is_short(x, axis, SHORT_SUM) else np.add.reduce(x, axis=axis, keepdims=True)


def _sum_up(blocks: Array) -> tuple[Array, Array]:
    """The largest along the axis in the middle, and what ln(sum of e ** x) is more than that.

    A power that is 1 is that of a largest element: it is counted, and not added to the others.
    """
    flat, axis = (blocks.reshape(blocks.shape[:2]), -1) if blocks.shape[2] == 1 else (blocks, 1)
    largest = _find_largest(flat, axis)
    powers = flat - np.where(np.isfinite(largest), largest, 0)
    np.exp(powers, out=powers)
    ones = np.equal(powers, 1).astype(powers.dtype)
    powers -= ones
    rest = _add_up(powers, axis) + (_add_up(ones, axis) - 1)
    np.log1p(rest, out=rest)
    kept = (blocks.shape[0], 1, blocks.shape[2])
    return largest.reshape(kept), rest.reshape(kept)


def _to_blocks(x: Array, axis: Axes) -> Array:
    """x in three dimensions: what is before the axis, the axis, what is behind it. Several axes become the last one."""
    if isinstance(axis, int):
        place = axis % x.ndim
        return x.reshape(prod(x.shape[:place]), x.shape[place], prod(x.shape[place + 1 :]))
    axes = _list_axes(x.ndim, axis)
    length = prod([x.shape[place] for place in axes])
    moved = np.moveaxis(x, axes, range(x.ndim - len(axes), x.ndim))
    return moved.reshape(x.size // length, length, 1)


def _from_blocks(z: Array, shape: tuple[int, ...], axis: Axes) -> Array:
    if isinstance(axis, int):
        return z.reshape(shape)
    axes = [place % len(shape) for place in _list_axes(len(shape), axis)]
    ends = range(len(shape) - len(axes), len(shape))
    moved = [length for place, length in enumerate(shape) if place not in axes] + [shape[place] for place in axes]
    return np.moveaxis(z.reshape(moved), ends, axes)
