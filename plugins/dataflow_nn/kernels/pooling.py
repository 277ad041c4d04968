"""Pooling: extremes and means of windows, axis by axis where that is the same, on parts that fit in the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np

from dataflow.arrays.numpy_arrays import keep
from dataflow_nn.kernels.windows import Array, Shape, crop, interior, pad, tap
from dataflow_nn.shapes import pooling as shapes
from dataflow_nn.shapes.pooling import check_like, check_pooled, place_pool
from dataflow_nn.shapes.windows import Lengths, Windows, per_axis

ELEMENTS = 1 << 16  # of the input, in a part


def _parts(shape: Shape) -> Iterator[slice]:
    """The images, as many at a time as fit in the cache."""
    count = prod(shape[:2])
    step = max(1, ELEMENTS // max(1, prod(shape[2:])))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def _images(x: Array) -> Array:
    return np.ascontiguousarray(x).reshape(x.shape[0] * x.shape[1], *x.shape[2:])


def _along(windows: Windows, axis: int, ndim: int) -> list[tuple[Any, ...]]:
    """For each offset of the kernel along one axis: the elements that stand there in all windows."""
    start = [gap * k for k, gap in enumerate([windows.dilation[axis]] * windows.kernel[axis])]
    reach = windows.stride[axis] * (windows.places[axis] - 1) + 1
    after = (slice(None),) * (ndim - 1 - axis)
    return [(..., slice(first, first + reach, windows.stride[axis]), *after) for first in start]


def _reduce(x: Array, windows: Windows, combine: Callable[..., Any]) -> Array:
    """What an operation makes of each window, axis by axis."""
    ndim = len(windows.lengths)
    for axis in range(ndim):
        first, *others = _along(windows, axis, ndim)
        z = x[first].copy() if not others else combine(x[first], x[others[0]])
        for meets in others[1:]:
            combine(z, x[meets], out=z)
        x = z
    return x


def _spread(g: Array, windows: Windows) -> Array:
    """The adjoint of the sum of each window: what each window has, added to all its elements."""
    ndim = len(windows.lengths)
    whole = [sum(parts) for parts in zip(windows.before, windows.lengths, windows.after, strict=True)]
    for axis in reversed(range(ndim)):
        shape = (g.shape[0], *windows.places[:axis], *whole[axis:])
        total = np.zeros(shape, g.dtype)
        for meets in _along(windows, axis, ndim):
            total[meets] += g
        g = total
    return crop(g, windows)


# --- the largest ---


def max_pool(
    x: Array, *, kernel_size: Lengths, stride: Lengths | None = None, padding: Lengths = 0, dilation: Lengths = 1
) -> Array:
    """The largest element of each window; NaN if it has one."""
    windows = place_pool(x.shape, kernel_size, stride, padding, dilation)
    images = _images(x)
    z = np.empty((images.shape[0], *windows.places), x.dtype)
    for part in _parts(x.shape):
        z[part] = _reduce(pad(images[part], windows, -np.inf), windows, np.maximum)
    return z.reshape(*x.shape[:2], *windows.places)


def _find_largest(x: Array, z: Array, windows: Windows) -> tuple[list[tuple[tuple[Any, ...], Array]], Array]:
    """For each offset of the kernel where the largest element stands there, and how many are equal in each window."""
    padded = pad(x, windows, -np.inf)
    doubtful = windows.padded and not (z > -np.inf).all()  # the padding may be as large as the largest
    inside = pad(np.ones(x.shape, bool), windows, False) if doubtful else None
    found, count = [], np.zeros(z.shape, z.dtype)
    for offset in product(*map(range, windows.kernel)):
        meets = tap(windows, offset)
        largest = padded[meets] < z
        np.logical_not(largest, out=largest)
        if inside is not None:
            largest &= inside[meets]
        count += largest
        found.append((meets, largest))
    return found, count


def max_pool_gradient(
    g: Array, z: Array, x: Array, *, kernel_size: Lengths, stride: Lengths | None = None, padding: Lengths = 0,
    dilation: Lengths = 1,
) -> Array:  # fmt: skip
    """What each window has, given to its largest elements in equal shares."""
    windows = place_pool(x.shape, kernel_size, stride, padding, dilation)
    check_pooled("g", g.shape, x.shape, windows)
    check_pooled("z", z.shape, x.shape, windows)
    cotangents, extremes, images = _images(g), _images(z), _images(x)
    dx = np.empty(images.shape, np.result_type(g, z, x))
    for part in _parts(x.shape):
        found, count = _find_largest(images[part], extremes[part], windows)
        share = cotangents[part] / count
        share[np.isnan(extremes[part])] = np.nan
        total = pad(np.zeros(images[part].shape, g.dtype), windows, 0.0)
        for meets, largest in found:
            total[meets] += keep(largest, share)
        dx[part] = crop(total, windows)
    return dx.reshape(x.shape)


def max_pool_tangent(
    h: Array, z: Array, x: Array, *, kernel_size: Lengths, stride: Lengths | None = None, padding: Lengths = 0,
    dilation: Lengths = 1,
) -> Array:  # fmt: skip
    """The mean of what the largest elements of each window have."""
    windows = place_pool(x.shape, kernel_size, stride, padding, dilation)
    check_like("h", h.shape, x.shape)
    check_pooled("z", z.shape, x.shape, windows)
    tangents, extremes, images = _images(h), _images(z), _images(x)
    dz = np.empty(extremes.shape, np.result_type(h, z, x))
    for part in _parts(x.shape):
        found, count = _find_largest(images[part], extremes[part], windows)
        padded, total = pad(tangents[part], windows, 0.0), np.zeros(count.shape, h.dtype)
        for meets, largest in found:
            total += np.where(largest, padded[meets], h.dtype.type(0))
        total /= count
        total[np.isnan(extremes[part])] = np.nan
        dz[part] = total
    return dz.reshape(z.shape)


# --- the mean ---


def _counts(windows: Windows, count_include_pad: bool, dtype: Any) -> Any:
    """What the sum of each window is divided by."""
    if count_include_pad or not windows.padded:
        return float(prod(windows.kernel))
    return _reduce(pad(np.ones((1, *windows.lengths), dtype), windows, 0.0), windows, np.add)


def avg_pool(
    x: Array, *, kernel_size: Lengths, stride: Lengths | None = None, padding: Lengths = 0,
    count_include_pad: bool = True,
) -> Array:  # fmt: skip
    """The mean of each window."""
    windows = place_pool(x.shape, kernel_size, stride, padding, 1)
    images, count = _images(x), _counts(windows, count_include_pad, x.dtype)
    z = np.empty((images.shape[0], *windows.places), x.dtype)
    for part in _parts(x.shape):
        np.divide(_reduce(pad(images[part], windows, 0.0), windows, np.add), count, out=z[part])
    return z.reshape(*x.shape[:2], *windows.places)


def avg_pool_gradient(
    g: Array, *, shape: Shape, kernel_size: Lengths, stride: Lengths | None = None, padding: Lengths = 0,
    count_include_pad: bool = True,
) -> Array:  # fmt: skip
    """The adjoint of `avg_pool` of a value of this shape."""
    windows = place_pool(shape, kernel_size, stride, padding, 1)
    check_pooled("g", g.shape, shape, windows)
    cotangents, count = _images(g), _counts(windows, count_include_pad, g.dtype)
    dx = np.empty((prod(shape[:2]), *shape[2:]), g.dtype)
    for part in _parts(shape):
        dx[part] = _spread(cotangents[part] / count, windows)
    return dx.reshape(shape)


def _adaptive(shape: Shape, output_size: Lengths) -> list[list[slice]]:
    """Along each spatial axis the windows of about equal length."""
    sizes = per_axis(output_size, len(shape) - 2, "output_size", 1)
    return [
        [slice(length * k // size, -(-length * (k + 1) // size)) for k in range(size)]
        for length, size in zip(shape[2:], sizes, strict=True)
    ]


def adaptive_avg_pool(x: Array, *, output_size: Lengths) -> Array:
    """Means of so many windows along each spatial axis."""
    shapes.adaptive_avg_pool(x.shape, output_size=output_size)
    for axis, windows in enumerate(_adaptive(x.shape, output_size), start=2):
        parts = [np.mean(x[(slice(None),) * axis + (window,)], axis=axis, dtype=x.dtype) for window in windows]
        x = np.stack(parts, axis=axis)
    return x


def adaptive_avg_pool_gradient(g: Array, *, shape: Shape, output_size: Lengths) -> Array:
    """The adjoint of `adaptive_avg_pool` of a value of this shape."""
    shapes.adaptive_avg_pool_gradient(g.shape, shape=shape, output_size=output_size)
    windows = _adaptive(shape, output_size)
    for axis in reversed(range(2, len(shape))):
        total = np.zeros((*g.shape[:axis], shape[axis], *g.shape[axis + 1 :]), g.dtype)
        lead = (slice(None),) * axis
        for place, window in enumerate(windows[axis - 2]):
            total[(*lead, window)] += g[(*lead, slice(place, place + 1))] / (window.stop - window.start)
        g = total
    return g


# --- windows as columns ---


def unfold(
    x: Array, *, kernel_size: Lengths, stride: Lengths = 1, padding: Lengths = 0, dilation: Lengths = 1
) -> Array:
    """The windows as columns: [batch, channel and offset, place]."""
    windows = shapes.place_columns(x.shape, kernel_size, stride, padding, dilation)
    padded = pad(x, windows, 0)
    columns = np.empty((*x.shape[:2], prod(windows.kernel), *windows.places), x.dtype)
    for index, offset in enumerate(product(*map(range, windows.kernel))):
        columns[:, :, index] = padded[tap(windows, offset)]
    return columns.reshape(x.shape[0], -1 if columns.size else x.shape[1] * prod(windows.kernel), prod(windows.places))


def fold(
    x: Array, *, output_size: Lengths, kernel_size: Lengths, stride: Lengths = 1, padding: Lengths = 0,
    dilation: Lengths = 1,
) -> Array:  # fmt: skip
    """The adjoint of `unfold`: columns added up where their elements came from."""
    about = {"stride": stride, "padding": padding, "dilation": dilation}
    channels, lengths, windows = shapes.place_fold(x.shape, output_size, kernel_size, **about)
    columns = x.reshape(x.shape[0], channels, prod(windows.kernel), *windows.places)
    total = pad(np.zeros((x.shape[0], channels, *lengths), x.dtype), windows, 0)
    for index, offset in enumerate(product(*map(range, windows.kernel))):
        total[tap(windows, offset)] += columns[:, :, index]
    return np.ascontiguousarray(total[interior(windows)])
