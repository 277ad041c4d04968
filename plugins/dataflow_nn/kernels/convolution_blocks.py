"""Blocks of a convolution: some samples and some rows, so that what is copied of them stays in the cache.

Of a block one copy is made for each offset of the kernel along all axes but the first, the rows:
`spread[channel, offset, row, sample, place]`. The elements that one row of the kernel meets are then a slice of it,
already a matrix if the stride along the rows is 1. The adjoints take the same way back.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from dataflow_nn.kernels.windows import Array, Shape, pad
from dataflow_nn.shapes.convolution import Geometry
from dataflow_nn.shapes.windows import Windows

COLUMNS = 1024  # about so many columns of a matrix are fastest: of several samples, or of some rows of one
ELEMENTS = 2**17  # of a matrix of few rows, which has more columns


class Block(NamedTuple):
    """Some samples and some rows of the places of the kernel."""

    samples: slice
    rows: slice

    @property
    def size(self) -> int:
        """How many samples."""
        return int(self.samples.stop - self.samples.start)

    @property
    def height(self) -> int:
        """How many rows."""
        return int(self.rows.stop - self.rows.start)


def cut(geometry: Geometry) -> Iterator[Block]:
    """The blocks, in order: a function of the shapes alone."""
    windows = geometry.windows
    height, inner = windows.places[0], prod(windows.places[1:])
    columns = max(COLUMNS, ELEMENTS // max(1, geometry.inputs * prod(windows.kernel)))
    together = max(1, min(geometry.samples, columns // max(1, height * inner)))
    shared = (windows.kernel[0] - 1) * windows.dilation[0] // windows.stride[0]  # rows that two blocks both meet
    rows = _even(height, max(COLUMNS // max(1, inner), 4 * shared, 1))
    if together == 1 and _is_pointwise(windows):
        rows = height
    for start in range(0, geometry.samples, step := _even(geometry.samples, together)):
        for first in range(0, height, rows):
            samples = slice(start, min(start + step, geometry.samples))
            yield Block(samples, slice(first, min(first + rows, height)))


def _even(length: int, most: int) -> int:
    """The length of parts that are about equal, and at most so long."""
    return -(-length // max(1, -(-length // most))) or 1


def _is_pointwise(windows: Windows) -> bool:
    """Whether the kernel has one element and stands on every place."""
    return prod(windows.kernel) == 1 and set(windows.stride) == {1} and not windows.padded


def _is_plain(geometry: Geometry, block: Block) -> bool:
    """Whether `x` itself is the matrix."""
    return block.size == 1 and block.height == geometry.windows.places[0] and _is_pointwise(geometry.windows)


def _span(geometry: Geometry, block: Block) -> slice:
    """The rows of the padded input that a block meets."""
    windows = geometry.windows
    last = (block.rows.stop - 1) * windows.stride[0] + (windows.kernel[0] - 1) * windows.dilation[0]
    return slice(block.rows.start * windows.stride[0], last + 1)


def spread_shape(geometry: Geometry, block: Block) -> Shape:
    span = _span(geometry, block)
    channels, places = geometry.groups * geometry.inputs, geometry.windows.places[1:]
    return (channels, geometry.inner, span.stop - span.start, block.size, *places)


def tail(geometry: Geometry, block: Block) -> Shape:
    return (block.height, block.size, *geometry.windows.places[1:])


def _inner_taps(geometry: Geometry) -> Iterator[tuple[Any, ...]]:
    """For every offset of the kernel along the axes but the first: where it meets the padded input."""
    _, kernel, stride, _, _, dilation, places = geometry.windows
    for offset in product(*map(range, kernel[1:])):
        starts = [gap * item for gap, item in zip(dilation[1:], offset, strict=True)]
        yield tuple(
            slice(start, start + step * (count - 1) + 1, step)
            for start, step, count in zip(starts, stride[1:], places[1:], strict=True)
        )


def spread_out(x: Array, geometry: Geometry, block: Block) -> Array:
    """The copies of a block, one for each inner offset of the kernel: [channel, offset, row, sample, place]."""
    if _is_plain(geometry, block):
        return x[block.samples].reshape(spread_shape(geometry, block))
    padded = _pad_block(x, geometry, block)
    spread = np.empty(spread_shape(geometry, block), x.dtype)
    for index, meets in enumerate(_inner_taps(geometry)):
        spread[:, index] = np.moveaxis(padded[(slice(None), slice(None), slice(None), *meets)], 0, 2)
    return spread


def _pad_block(x: Array, geometry: Geometry, block: Block) -> Array:
    """The padded rows that a block meets."""
    windows, span = geometry.windows, _span(geometry, block)
    top, length = windows.before[0], windows.lengths[0]
    first, last = (min(max(edge - top, 0), length) for edge in (span.start, span.stop))
    known = windows._replace(
        lengths=(last - first, *windows.lengths[1:]),
        before=(first - (span.start - top), *windows.before[1:]),
        after=(span.stop - top - last, *windows.after[1:]),
    )
    return pad(x[block.samples, :, first:last], known, 0.0)


def gather_back(spread: Array, padded: Array, geometry: Geometry, block: Block) -> None:
    """The adjoint of `spread_out`: what its copies hold is added up in the padded array."""
    part = padded[block.samples, :, _span(geometry, block)]
    for index, meets in enumerate(_inner_taps(geometry)):
        view = part[(slice(None), slice(None), slice(None), *meets)]
        view += np.moveaxis(spread[:, index], 2, 0)


def row_slices(geometry: Geometry, block: Block) -> list[slice]:
    """For every row of the kernel the rows of a spread block that it meets."""
    step, gap = geometry.windows.stride[0], geometry.windows.dilation[0]
    return [slice(gap * k, gap * k + step * (block.height - 1) + 1, step) for k in range(geometry.windows.kernel[0])]


def as_columns(spread: Array, geometry: Geometry, block: Block) -> list[Array]:
    """The matrices [group, input and offset, place] that the weight's are multiplied with."""
    width = prod(tail(geometry, block))
    grouped = spread.reshape(geometry.groups, -1, *spread.shape[2:])
    parts = [grouped[:, :, rows] for rows in row_slices(geometry, block)]
    if not geometry.stacked or len(parts) == 1:
        return [part.reshape(geometry.groups, -1, width) for part in parts]
    return [np.stack(parts, axis=1).reshape(geometry.groups, -1, width)]


def take_block(g: Array, geometry: Geometry, block: Block) -> Array:
    """The cotangent of a block as matrices [group, output, place]."""
    part = np.moveaxis(g[block.samples, :, block.rows], 0, 2)
    width = prod(tail(geometry, block))
    return np.ascontiguousarray(part).reshape(geometry.groups, geometry.outputs, width)
