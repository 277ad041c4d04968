"""Pools, their adjoints and windows as columns, straight from the definition: one window after the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Place = tuple[int, ...]


def _axes(value: Any, count: int) -> Place:
    return (value,) * count if isinstance(value, int) else tuple(value)


def _windows(
    lengths: Place, kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> tuple[Place, Iterator[tuple[Place, list[tuple[int, Place]]]]]:
    """How many windows there are, and for each its place and its elements, numbered by their offset in the kernel."""
    count = len(lengths)
    kernel, cut, gaps = _axes(kernel_size, count), _axes(padding, count), _axes(dilation, count)
    steps = kernel if stride is None else _axes(stride, count)
    places = tuple((lengths[d] + 2 * cut[d] - gaps[d] * (kernel[d] - 1) - 1) // steps[d] + 1 for d in range(count))

    def walk() -> Iterator[tuple[Place, list[tuple[int, Place]]]]:
        for i in product(*map(range, places)):
            elements = []
            for number, k in enumerate(product(*map(range, kernel))):
                at = tuple(steps[d] * i[d] + gaps[d] * k[d] - cut[d] for d in range(count))
                if all(0 <= at[d] < lengths[d] for d in range(count)):
                    elements.append((number, at))
            yield i, elements

    return places, walk()


def _largest(x: Array, elements: list[tuple[int, Place]]) -> list[Place]:
    """The elements of one image's window that no other passes by."""
    top = max(x[at] for _, at in elements)
    return [at for _, at in elements if x[at] == top]


def max_pool(x: Array, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Array:
    """The largest element of each window."""
    places, windows = _windows(x.shape[2:], kernel_size, stride, padding, dilation)
    z = np.empty((*x.shape[:2], *places), x.dtype)
    for i, elements in windows:
        for image in np.ndindex(*x.shape[:2]):
            z[(*image, *i)] = x[image][_largest(x[image], elements)[0]]
    return z


def max_pool_gradient(
    g: Array, z: Array, x: Array, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1
) -> Array:
    """What each window has, in equal shares to its largest elements."""
    dx = np.zeros(x.shape, g.dtype)
    for i, elements in _windows(x.shape[2:], kernel_size, stride, padding, dilation)[1]:
        for image in np.ndindex(*x.shape[:2]):
            found = _largest(x[image], elements)
            for at in found:
                dx[(*image, *at)] += g[(*image, *i)] / len(found)
    return dx


def max_pool_tangent(
    h: Array, z: Array, x: Array, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1
) -> Array:
    """The mean over the largest elements of each window."""
    dz = np.zeros(z.shape, h.dtype)
    for i, elements in _windows(x.shape[2:], kernel_size, stride, padding, dilation)[1]:
        for image in np.ndindex(*x.shape[:2]):
            found = _largest(x[image], elements)
            dz[(*image, *i)] = sum(h[(*image, *at)] for at in found) / len(found)
    return dz


def avg_pool(
    x: Array, *, kernel_size: Any, stride: Any = None, padding: Any = 0, count_include_pad: bool = True
) -> Array:
    """The mean of each window."""
    places, windows = _windows(x.shape[2:], kernel_size, stride, padding, 1)
    size = int(np.prod(_axes(kernel_size, x.ndim - 2)))
    z = np.zeros((*x.shape[:2], *places), x.dtype)
    for i, elements in windows:
        for image in np.ndindex(*x.shape[:2]):
            total = sum(x[(*image, *at)] for _, at in elements)
            z[(*image, *i)] = total / (size if count_include_pad else len(elements))
    return z


def avg_pool_gradient(
    g: Array, *, shape: Place, kernel_size: Any, stride: Any = None, padding: Any = 0, count_include_pad: bool = True
) -> Array:
    """What each window has, in equal shares to its elements."""
    dx = np.zeros(shape, g.dtype)
    size = int(np.prod(_axes(kernel_size, len(shape) - 2)))
    for i, elements in _windows(shape[2:], kernel_size, stride, padding, 1)[1]:
        for image in np.ndindex(*shape[:2]):
            for _, at in elements:
                dx[(*image, *at)] += g[(*image, *i)] / (size if count_include_pad else len(elements))
    return dx


def _split(length: int, size: int) -> list[range]:
    return [range(int(np.floor(k * length / size)), int(np.ceil((k + 1) * length / size))) for k in range(size)]


def adaptive_avg_pool(x: Array, *, output_size: Any) -> Array:
    """Means of so many windows along each spatial axis."""
    sizes = _axes(output_size, x.ndim - 2)
    z = np.zeros((*x.shape[:2], *sizes), x.dtype)
    parts = [_split(length, size) for length, size in zip(x.shape[2:], sizes, strict=True)]
    for place in np.ndindex(*z.shape):
        window = list(product(*(parts[d][i] for d, i in enumerate(place[2:]))))
        z[place] = sum(x[(*place[:2], *at)] for at in window) / len(window)
    return z


def adaptive_avg_pool_gradient(g: Array, *, shape: Place, output_size: Any) -> Array:
    """What each window has, in equal shares to its elements."""
    sizes = _axes(output_size, len(shape) - 2)
    dx = np.zeros(shape, g.dtype)
    parts = [_split(length, size) for length, size in zip(shape[2:], sizes, strict=True)]
    for place in np.ndindex(*g.shape):
        window = list(product(*(parts[d][i] for d, i in enumerate(place[2:]))))
        for at in window:
            dx[(*place[:2], *at)] += g[place] / len(window)
    return dx


def unfold(x: Array, *, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> Array:
    """The windows as columns."""
    places, windows = _windows(x.shape[2:], kernel_size, stride, padding, dilation)
    size = int(np.prod(_axes(kernel_size, x.ndim - 2)))
    z = np.zeros((x.shape[0], x.shape[1] * size, int(np.prod(places))), x.dtype)
    for column, (_, elements) in enumerate(windows):
        for (n, c), (number, at) in product(np.ndindex(*x.shape[:2]), elements):
            z[n, c * size + number, column] = x[(n, c, *at)]
    return z


def fold(
    x: Array, *, output_size: Any, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1
) -> Array:
    """Columns added up where their elements came from."""
    lengths = _axes(output_size, 1)
    size = int(np.prod(_axes(kernel_size, len(lengths))))
    z = np.zeros((x.shape[0], x.shape[1] // size, *lengths), x.dtype)
    for column, (_, elements) in enumerate(_windows(lengths, kernel_size, stride, padding, dilation)[1]):
        for (n, c), (number, at) in product(np.ndindex(*z.shape[:2]), elements):
            z[(n, c, *at)] += x[n, c * size + number, column]
    return z
