"""Convolution as products of matrices, block by block, so that what is copied stays in the cache.

Of a block of samples and rows (the first spatial axis) one copy is made for each offset of the kernel along the other
axes: `spread[channel, offset, row, sample, place]`. The elements that one row of the kernel meets are then a slice
of it, already a matrix if the stride along the rows is 1. The adjoints take the same way back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from dataflow_nn.kernels.windows import Array, Lengths, Padding, Shape, Windows, crop, pad, place_windows


COLUMNS = 1024  # about so many columns of a matrix are fastest: of several samples, or of some rows of one


class Geometry(NamedTuple):
    """The shapes of one convolution."""

    windows: Windows
    samples: int
    groups: int
    inputs: int  # channels of one group
    outputs: int

    @property
    def inner(self) -> int:
        """Offsets of the kernel along all spatial axes but the first."""
        return prod(self.windows.kernel[1:])

    @property
    def stacked(self) -> bool:
        """Whether the rows of the kernel make one matrix, copied: where it costs less than adding up their products."""
        return self.windows.stride[0] > 1 or self.inputs * self.inner < self.outputs


class Block(NamedTuple):
    """Some samples and some rows of the places of the kernel."""

    samples: slice
    rows: slice

    @property
    def count(self) -> int:
        """How many samples."""
        return int(self.samples.stop - self.samples.start)

    @property
    def height(self) -> int:
        """How many rows."""
        return int(self.rows.stop - self.rows.start)


def _describe(
    x: Sequence[int], weight: Sequence[int], stride: Lengths, padding: Padding, dilation: Lengths, groups: int
) -> Geometry:
    """The geometry of a convolution of these shapes. Raises `ValueError` if they do not fit each other."""
    if not 3 <= len(weight) <= 5:
        raise ValueError(f"weight has the shape {list(weight)}: it needs [out, in / groups, then 1 to 3 spatial axes]")
    if len(x) != len(weight):
        raise ValueError(
            f"x has the shape {list(x)}: with a weight of shape {list(weight)} it needs [batch, channels, "
            f"and {len(weight) - 2} spatial axes]"
        )
    if groups < 1 or weight[0] % groups:
        raise ValueError(f"{weight[0]} output channels do not fall into {groups} groups")
    if x[1] != weight[1] * groups:
        times = f" times {groups} groups" if groups > 1 else ""
        raise ValueError(f"x has {x[1]} channels, and weight of shape {list(weight)} needs {weight[1]}{times}")
    windows = place_windows(x[2:], weight[2:], stride, padding, dilation)
    return Geometry(windows, x[0], groups, weight[1], weight[0] // groups)


def conv(
    x: Array, weight: Array, bias: Array | None = None, *, stride: Lengths = 1, padding: Padding = 0,
    dilation: Lengths = 1, groups: int = 1,
) -> Array:  # fmt: skip
    """The cross-correlation of `x` with `weight`."""
    geometry = _describe(x.shape, weight.shape, stride, padding, dilation, groups)
    channels = weight.shape[0]
    if bias is not None and bias.shape != (channels,):
        raise ValueError(f"bias has the shape {list(bias.shape)}, and {channels} output channels need [{channels}]")
    return _correlate(x, weight, bias, geometry)


def _correlate(x: Array, weight: Array, bias: Array | None, geometry: Geometry) -> Array:
    places, channels = geometry.windows.places, weight.shape[0]
    matrices = _split_weight(weight, geometry)
    z = np.empty((x.shape[0], channels, *places), np.result_type(x, weight))
    for block in _blocks(geometry):
        shape = (geometry.groups, geometry.outputs, block.height * block.count * prod(places[1:]))
        whole = block.count == 1 and block.height == places[0]
        total = z[block.samples].reshape(shape) if whole else np.empty(shape, z.dtype)
        columns = _columns(_spread(x, geometry, block), geometry, block)
        np.matmul(matrices[0], columns[0], out=total)
        for matrix, column in zip(matrices[1:], columns[1:], strict=True):
            total += matrix @ column
        if bias is not None:
            total += bias.reshape(geometry.groups, geometry.outputs, 1)
        if not whole:
            part = total.reshape(channels, block.height, block.count, *places[1:])
            z[block.samples, :, block.rows] = np.moveaxis(part, 2, 0)
    return z


def conv_input_gradient(
    g: Array, weight: Array, *, shape: Shape, stride: Lengths = 1, padding: Padding = 0, dilation: Lengths = 1,
    groups: int = 1,
) -> Array:  # fmt: skip
    """The adjoint of `conv` in `x`, which had this shape."""
    geometry = _describe(shape, weight.shape, stride, padding, dilation, groups)
    _check_cotangent(g, geometry)
    turned = _turn_round(geometry)
    if turned is not None:
        return _correlate(g, _turn_weight(weight, geometry), None, turned)
    return _scatter(g, weight, geometry)


def _turn_round(geometry: Geometry) -> Geometry | None:
    """The geometry of the convolution that is the adjoint of one of stride 1, with the kernel turned round."""
    windows = geometry.windows
    reach = [gap * (length - 1) for length, gap in zip(windows.kernel, windows.dilation, strict=True)]
    before = tuple(most - item for most, item in zip(reach, windows.before, strict=True))
    after = tuple(most - item for most, item in zip(reach, windows.after, strict=True))
    if set(windows.stride) != {1} or min(*before, *after) < 0:
        return None
    other = windows._replace(lengths=windows.places, before=before, after=after, places=windows.lengths)
    return geometry._replace(windows=other, inputs=geometry.outputs, outputs=geometry.inputs)


def _turn_weight(weight: Array, geometry: Geometry) -> Array:
    kernel = geometry.windows.kernel
    parts = weight.reshape(geometry.groups, geometry.outputs, geometry.inputs, *kernel)
    parts = np.flip(np.swapaxes(parts, 1, 2), axis=tuple(range(3, parts.ndim)))
    return parts.reshape(geometry.groups * geometry.inputs, geometry.outputs, *kernel)


def _scatter(g: Array, weight: Array, geometry: Geometry) -> Array:
    """The adjoint in `x` for any stride: the way of `_correlate` back, step by step."""
    matrices = [np.swapaxes(matrix, 1, 2) for matrix in _split_weight(weight, geometry)]
    windows = geometry.windows
    lengths = (sum(parts) for parts in zip(windows.before, windows.lengths, windows.after, strict=True))
    shape = (geometry.samples, geometry.groups * geometry.inputs, *lengths)
    padded = np.zeros(shape, np.result_type(g, weight))
    for block in _blocks(geometry):
        cotangent = _take_block(g, geometry, block)
        spread = np.zeros(_spread_shape(geometry, block), padded.dtype)
        grouped = spread.reshape(geometry.groups, -1, *spread.shape[2:])
        rows = _row_slices(geometry, block)
        for matrix, meets in zip(matrices, [rows] if geometry.stacked else [[item] for item in rows], strict=True):
            parts = (matrix @ cotangent).reshape(geometry.groups, len(meets), -1, *_tail(geometry, block))
            for index, item in enumerate(meets):
                grouped[:, :, item] += parts[:, index]
        _gather(spread, padded, geometry, block)
    return crop(padded, windows)


def conv_weight_gradient(
    g: Array, x: Array, *, shape: Shape, stride: Lengths = 1, padding: Padding = 0, dilation: Lengths = 1,
    groups: int = 1,
) -> Array:  # fmt: skip
    """The adjoint of `conv` in `weight`, which had this shape."""
    geometry = _describe(x.shape, shape, stride, padding, dilation, groups)
    _check_cotangent(g, geometry)
    dtype = np.result_type(g, x)
    height, offsets = geometry.windows.kernel[0], geometry.inputs * geometry.inner
    total = np.zeros((geometry.groups, geometry.outputs, height, offsets), dtype)
    for block in _blocks(geometry):
        cotangent = _take_block(g, geometry, block)
        columns = _columns(_spread(x, geometry, block), geometry, block)
        for index, column in enumerate(columns):
            products = cotangent @ np.swapaxes(column, 1, 2)
            if geometry.stacked:
                total += products.reshape(total.shape)
            else:
                total[:, :, index] += products
    parts = total.reshape(shape[0], height, geometry.inputs, geometry.inner)
    return np.ascontiguousarray(np.moveaxis(parts, 1, 2)).reshape(shape)


def _check_cotangent(g: Array, geometry: Geometry) -> None:
    expected = (geometry.samples, geometry.groups * geometry.outputs, *geometry.windows.places)
    if g.shape != expected:
        raise ValueError(f"g has the shape {list(g.shape)}, and the convolution gives {list(expected)}")


def _split_weight(weight: Array, geometry: Geometry) -> list[Array]:
    """One matrix [group, output, input and offset] for each row of the kernel, or for all of them one after the other."""
    height = geometry.windows.kernel[0]
    parts = weight.reshape(geometry.groups, geometry.outputs, geometry.inputs, height, geometry.inner)
    parts = np.ascontiguousarray(np.moveaxis(parts, 3, 0)).reshape(height, geometry.groups, geometry.outputs, -1)
    if geometry.stacked:
        return [np.moveaxis(parts, 0, 2).reshape(geometry.groups, geometry.outputs, -1)]
    return list(parts)


def _blocks(geometry: Geometry) -> Iterator[Block]:
    """The blocks, in order: a function of the shapes alone."""
    windows = geometry.windows
    height, inner = windows.places[0], prod(windows.places[1:])
    together = max(1, min(geometry.samples, COLUMNS // max(1, height * inner)))
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
    return block.count == 1 and block.height == geometry.windows.places[0] and _is_pointwise(geometry.windows)


def _span(geometry: Geometry, block: Block) -> slice:
    """The rows of the padded input that a block meets."""
    windows = geometry.windows
    last = (block.rows.stop - 1) * windows.stride[0] + (windows.kernel[0] - 1) * windows.dilation[0]
    return slice(block.rows.start * windows.stride[0], last + 1)


def _spread_shape(geometry: Geometry, block: Block) -> Shape:
    span = _span(geometry, block)
    channels, places = geometry.groups * geometry.inputs, geometry.windows.places[1:]
    return (channels, geometry.inner, span.stop - span.start, block.count, *places)


def _tail(geometry: Geometry, block: Block) -> Shape:
    return (block.height, block.count, *geometry.windows.places[1:])


def _inner_taps(geometry: Geometry) -> Iterator[tuple[Any, ...]]:
    """For every offset of the kernel along the axes but the first: where it meets the padded input."""
    _, kernel, stride, _, _, dilation, places = geometry.windows
    for offset in product(*map(range, kernel[1:])):
        starts = [gap * item for gap, item in zip(dilation[1:], offset, strict=True)]
        yield tuple(
            slice(start, start + step * (count - 1) + 1, step)
            for start, step, count in zip(starts, stride[1:], places[1:], strict=True)
        )


def _spread(x: Array, geometry: Geometry, block: Block) -> Array:
    """The copies of a block, one for each inner offset of the kernel: [channel, offset, row, sample, place]."""
    if _is_plain(geometry, block):
        return x[block.samples].reshape(_spread_shape(geometry, block))
    padded = _pad_block(x, geometry, block)
    spread = np.empty(_spread_shape(geometry, block), x.dtype)
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


def _gather(spread: Array, padded: Array, geometry: Geometry, block: Block) -> None:
    """The adjoint of `_spread`: what its copies hold is added up in the padded array."""
    part = padded[block.samples, :, _span(geometry, block)]
    for index, meets in enumerate(_inner_taps(geometry)):
        view = part[(slice(None), slice(None), slice(None), *meets)]
        view += np.moveaxis(spread[:, index], 2, 0)


def _row_slices(geometry: Geometry, block: Block) -> list[slice]:
    """For every row of the kernel the rows of a spread block that it meets."""
    step, gap = geometry.windows.stride[0], geometry.windows.dilation[0]
    return [slice(gap * k, gap * k + step * (block.height - 1) + 1, step) for k in range(geometry.windows.kernel[0])]


def _columns(spread: Array, geometry: Geometry, block: Block) -> list[Array]:
    """The matrices [group, input and offset, place] that the weight's are multiplied with."""
    width = prod(_tail(geometry, block))
    grouped = spread.reshape(geometry.groups, -1, *spread.shape[2:])
    parts = [grouped[:, :, rows] for rows in _row_slices(geometry, block)]
    if not geometry.stacked or len(parts) == 1:
        return [part.reshape(geometry.groups, -1, width) for part in parts]
    return [np.stack(parts, axis=1).reshape(geometry.groups, -1, width)]


def _take_block(g: Array, geometry: Geometry, block: Block) -> Array:
    """The cotangent of a block as matrices [group, output, place]."""
    part = np.moveaxis(g[block.samples, :, block.rows], 0, 2)
    return np.ascontiguousarray(part).reshape(geometry.groups, geometry.outputs, -1)
