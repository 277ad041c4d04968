"""Normalisation in one pass over memory: a part of the rows at a time, all steps on it while it is in the cache."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np

from dataflow_nn.kernels.windows import Array, Shape
from dataflow_nn.shapes.normalization import check_cotangent, check_weight, list_places

Axes = int | tuple[int, ...]

ELEMENTS = 1 << 16  # in a part


class Rows(NamedTuple):
    """`x` seen with its leading free axes merged: `axes` are normalised, `free` is the axis that is cut into parts."""

    shape: Shape
    axes: tuple[int, ...]
    free: int | None


def _arrange(x: Array, weights: list[Array | None], axis: Axes) -> Rows:
    """How `x` is cut. Raises `ValueError` for an axis or a weight that does not fit."""
    axes = list_places(x.shape, axis)
    for weight in weights:
        check_weight(None if weight is None else weight.shape, x.shape)
    lead = 0
    while lead not in axes and lead < x.ndim and all(item is None or item.shape[lead] == 1 for item in weights):
        lead += 1
    merged = max(lead - 1, 0)  # as many axes fewer
    shape = (prod(x.shape[:lead]), *x.shape[lead:]) if lead else x.shape
    axes = tuple(item - merged for item in axes)
    free = [item for item in range(len(shape)) if item not in axes]
    return Rows(shape, axes, free[0] if free else None)


def _parts(rows: Rows) -> Iterator[tuple[Any, ...]]:
    if rows.free is None:
        yield ()
        return
    length = rows.shape[rows.free]
    step = max(1, ELEMENTS * length // max(1, prod(rows.shape)))
    for start in range(0, length, step):
        yield (slice(None),) * rows.free + (slice(start, min(start + step, length)),)


def _fit(weight: Array | None, rows: Rows) -> Array | None:
    """A weight with its leading axes merged like those of `x`."""
    return None if weight is None else weight.reshape(weight.shape[weight.ndim - len(rows.shape) :])


def _cut(weight: Array, rows: Rows, part: tuple[Any, ...]) -> Array:
    return weight if rows.free is None or weight.shape[rows.free] == 1 else weight[part]


def _sum(x: Array, y: Array | None, axes: tuple[int, ...]) -> Array:
    """The sum of x, or of x * y, with its axes kept; over the last axes by the dot product, which is fastest."""
    tail = x.ndim
    while tail - 1 in axes:
        tail -= 1
    shape, total = x.shape[:tail], x
    if tail < x.ndim:
        length = prod(x.shape[tail:])
        other = np.ones(length, x.dtype) if y is None else y.reshape(*shape, length)
        total = np.vecdot(x.reshape(*shape, length), other).reshape(*shape, *(1,) * (x.ndim - tail))
    elif y is not None:
        total = x * y
    others = tuple(axis for axis in axes if axis < tail)
    if others == (0,) and x.ndim == 2:
        summed: Array = np.ones((1, x.shape[0]), x.dtype) @ total
        return summed
    return np.sum(total, axis=others, keepdims=True, dtype=x.dtype) if others else total


def _mean(x: Array, y: Array | None, axes: tuple[int, ...]) -> Array:
    """The mean of x, or of x * y, with its axes kept."""
    mean: Array = _sum(x, y, axes) / x.dtype.type(prod(x.shape[axis] for axis in axes))
    return mean


def _standardize(
    x: Array, axes: tuple[int, ...], epsilon: float, centered: bool, out: Array | None = None
) -> tuple[Array, Array]:
    """The standardised values, and what their deviations were multiplied by."""
    y = np.subtract(x, _mean(x, None, axes) if centered else x.dtype.type(0), out=out)
    scale = 1 / np.sqrt(_mean(y, y, axes) + x.dtype.type(epsilon))
    y *= scale
    return y, scale


def normalize(
    x: Array, weight: Array | None = None, bias: Array | None = None, *, axis: Axes, epsilon: float,
    centered: bool = True,
) -> Array:  # fmt: skip
    """`x` less its mean, over the root of its mean square, times `weight`, plus `bias`."""
    rows = _arrange(x, [weight, bias], axis)
    images, weight, bias = x.reshape(rows.shape), _fit(weight, rows), _fit(bias, rows)
    z = np.empty(rows.shape, np.result_type(*[item for item in (x, weight, bias) if item is not None]))
    for part in _parts(rows):
        y, _ = _standardize(images[part], rows.axes, epsilon, centered, out=z[part])
        if weight is not None:
            y *= _cut(weight, rows, part)
        if bias is not None:
            y += _cut(bias, rows, part)
    return z.reshape(x.shape)


def normalize_gradient(
    g: Array, x: Array, weight: Array | None = None, *, axis: Axes, epsilon: float, centered: bool = True
) -> tuple[Array, Array, Array]:
    """The adjoints of `normalize` in `x`, in `weight` and in a bias of the same shape; zeros if there is no weight."""
    rows = _arrange(x, [weight], axis)
    check_cotangent(g.shape, x.shape)
    images, cotangents, scales = x.reshape(rows.shape), g.reshape(rows.shape), _fit(weight, rows)
    dtype = np.result_type(g, x) if weight is None else np.result_type(g, x, weight)
    dx = np.empty(rows.shape, dtype)
    dweight = np.zeros((1,) * len(rows.shape) if scales is None else scales.shape, dtype)
    dbias = np.zeros_like(dweight)
    for part in _parts(rows):
        y, scale = _standardize(images[part], rows.axes, epsilon, centered)
        given = cotangents[part]
        if scales is not None:
            slopes, shifts = _cut(dweight, rows, part), _cut(dbias, rows, part)
            slopes += _sum_to(given, y, slopes.shape)
            shifts += _sum_to(given, None, shifts.shape)
            given = given * _cut(scales, rows, part)
        mean = _mean(given, y, rows.axes)
        y *= mean
        total = np.subtract(given, y, out=y)
        if centered:
            total -= _mean(given, None, rows.axes)
        np.multiply(total, scale, out=dx[part])
    shape = (1,) * x.ndim if weight is None else weight.shape
    return dx.reshape(x.shape), dweight.reshape(shape), dbias.reshape(shape)


def _sum_to(x: Array, y: Array | None, shape: Shape) -> Array:
    """x, or x * y, summed over the axes that have length 1 in `shape`."""
    return _sum(x, y, tuple(axis for axis, length in enumerate(shape) if length == 1))
