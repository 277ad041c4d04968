"""Kernels that write elements into an array at given places."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflow.arrays.numpy_arrays import find_along_axis, put_add
from dataflow_std.kernels.indexing import mask_key
from dataflow_std.shapes import scatter as shapes

Shape = tuple[int, ...]


def scatter(x: Any, indices: Any, updates: Any, *, axis: int = -1) -> Any:
    """A copy of `x` with the updates in their places; of those for one place the last one stays."""
    result, places, values = _prepare(x, indices, updates, axis)
    result[places] = values
    return result.reshape(np.shape(x))


def scatter_add(x: Any, indices: Any, updates: Any, *, axis: int = -1) -> Any:
    """A copy of `x` with the updates added to the elements in their places, in the order of `indices`."""
    result, places, values = _prepare(x, indices, updates, axis)
    np.add.at(result, places, values)
    return result.reshape(np.shape(x))


def _prepare(x: Any, indices: Any, updates: Any, axis: int) -> tuple[Any, Any, Any]:
    """A flat copy of `x`, flat places in it, and a value for each: flat, since only so their order is certain."""
    shapes.find_places(np.shape(x), np.shape(indices), np.shape(updates), axis)
    places = find_along_axis(indices, axis, np.shape(x))
    dtype = np.result_type(x, updates)
    values = np.broadcast_to(np.asarray(updates, dtype), places.shape)
    return np.array(x, dtype).reshape(-1), places.reshape(-1), values.reshape(-1)


def segment_sum(x: Any, segments: Any, *, num_segments: int) -> Any:
    """The sums of the parts of `x` along its first axis that have the same segment."""
    shapes.segment_sum(np.shape(x), np.shape(segments), num_segments=num_segments)
    wrong = (segments < 0) | (segments >= num_segments)
    if np.any(wrong):
        raise IndexError(f"segment {segments[wrong][0]} is outside 0 to {num_segments - 1}")
    return put_add(x, segments, axis=0, shape=(num_segments, *np.shape(x)[1:]))


def put_masked(x: Any, mask: Any, *, axis: int = 0, shape: Shape) -> Any:
    """Zeros of a shape, with `x` where the mask is true."""
    shapes.put_masked(np.shape(x), np.shape(mask), axis=axis, shape=shape)
    result = np.zeros(shape, np.asarray(x).dtype)
    key = mask_key(mask, axis, shape)
    shapes.check_taken(np.shape(x), result[key].shape)
    result[key] = x
    return result
