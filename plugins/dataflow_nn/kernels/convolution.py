"""Convolution and its adjoints as products of matrices, block by block."""

from __future__ import annotations

from math import prod

import numpy as np

from dataflow_nn.kernels.convolution_blocks import (
    as_columns,
    cut,
    gather_back,
    row_slices,
    spread_out,
    spread_shape,
    tail,
    take_block,
)
from dataflow_nn.kernels.windows import Array, Shape, crop
from dataflow_nn.shapes.convolution import Geometry, check_bias, check_cotangent, describe
from dataflow_nn.shapes.windows import Lengths, Padding


def conv(
    x: Array, weight: Array, bias: Array | None = None, *, stride: Lengths = 1, padding: Padding = 0,
    dilation: Lengths = 1, groups: int = 1,
) -> Array:  # fmt: skip
    """The cross-correlation of `x` with `weight`."""
    geometry = describe(x.shape, weight.shape, stride, padding, dilation, groups)
    if bias is not None:
        check_bias(bias.shape, weight.shape[0])
    return _correlate(x, weight, bias, geometry)


def _correlate(x: Array, weight: Array, bias: Array | None, geometry: Geometry) -> Array:
    places, channels = geometry.windows.places, weight.shape[0]
    matrices = _split_weight(weight, geometry)
    dtype = np.result_type(x, weight) if bias is None else np.result_type(x, weight, bias)
    z = np.empty((x.shape[0], channels, *places), dtype)
    for block in cut(geometry):
        shape = (geometry.groups, geometry.outputs, block.height * block.size * prod(places[1:]))
        whole = block.size == 1 and block.height == places[0]
        total = z[block.samples].reshape(shape) if whole else np.empty(shape, z.dtype)
        columns = as_columns(spread_out(x, geometry, block), geometry, block)
        np.matmul(matrices[0], columns[0], out=total)
        for matrix, column in zip(matrices[1:], columns[1:], strict=True):
            total += matrix @ column
        if bias is not None:
            total += bias.reshape(geometry.groups, geometry.outputs, 1)
        if not whole:
            part = total.reshape(channels, block.height, block.size, *places[1:])
            z[block.samples, :, block.rows] = np.moveaxis(part, 2, 0)
    return z


def conv_input_gradient(
    g: Array, weight: Array, *, shape: Shape, stride: Lengths = 1, padding: Padding = 0, dilation: Lengths = 1,
    groups: int = 1,
) -> Array:  # fmt: skip
    """The adjoint of `conv` in `x`, which had this shape."""
    geometry = describe(shape, weight.shape, stride, padding, dilation, groups)
    check_cotangent(g.shape, weight.shape[0], geometry)
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
    for block in cut(geometry):
        cotangent = take_block(g, geometry, block)
        spread = np.zeros(spread_shape(geometry, block), padded.dtype)
        grouped = spread.reshape(geometry.groups, -1, *spread.shape[2:])
        rows = row_slices(geometry, block)
        for matrix, meets in zip(matrices, [rows] if geometry.stacked else [[item] for item in rows], strict=True):
            parts = (matrix @ cotangent).reshape(geometry.groups, len(meets), -1, *tail(geometry, block))
            for index, item in enumerate(meets):
                grouped[:, :, item] += parts[:, index]
        gather_back(spread, padded, geometry, block)
    return crop(padded, windows)


def conv_weight_gradient(
    g: Array, x: Array, *, shape: Shape, stride: Lengths = 1, padding: Padding = 0, dilation: Lengths = 1,
    groups: int = 1,
) -> Array:  # fmt: skip
    """The adjoint of `conv` in `weight`, which had this shape."""
    geometry = describe(x.shape, shape, stride, padding, dilation, groups)
    check_cotangent(g.shape, shape[0], geometry)
    dtype = np.result_type(g, x)
    height, offsets = geometry.windows.kernel[0], geometry.inputs * geometry.inner
    total = np.zeros((geometry.groups, geometry.outputs, height, offsets), dtype)
    for block in cut(geometry):
        cotangent = take_block(g, geometry, block)
        columns = as_columns(spread_out(x, geometry, block), geometry, block)
        for index, column in enumerate(columns):
            products = cotangent @ np.swapaxes(column, 1, 2)
            if geometry.stacked:
                total += products.reshape(total.shape)
            else:
                total[:, :, index] += products
    parts = total.reshape(shape[0], height, geometry.inputs, geometry.inner)
    return np.ascontiguousarray(np.moveaxis(parts, 1, 2)).reshape(shape)


def _split_weight(weight: Array, geometry: Geometry) -> list[Array]:
    """One matrix [group, output, input and offset] for each row of the kernel, or for all one after the other."""
    height = geometry.windows.kernel[0]
    parts = weight.reshape(geometry.groups, geometry.outputs, geometry.inputs, height, geometry.inner)
    lengths = (geometry.groups, geometry.outputs, geometry.inputs * geometry.inner)
    parts = np.ascontiguousarray(np.moveaxis(parts, 3, 0)).reshape(height, *lengths)
    if geometry.stacked:
        return [np.moveaxis(parts, 0, 2).reshape(*lengths[:2], height * lengths[2])]
    return list(parts)
