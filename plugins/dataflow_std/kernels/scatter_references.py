"""Slow twins of what writes elements into an array: one element after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

Shape = tuple[int, ...]


def scatter(x: Any, indices: Any, updates: Any, *, axis: int = -1) -> Any:
    """Each update written over what is in its place."""
    result = np.array(x, np.result_type(x, updates))
    for place, value in _targets(np.shape(x), indices, updates, axis):
        result[place] = value
    return result


def scatter_add(x: Any, indices: Any, updates: Any, *, axis: int = -1) -> Any:
    """Each update added to what is in its place."""
    result = np.array(x, np.result_type(x, updates))
    for place, value in _targets(np.shape(x), indices, updates, axis):
        result[place] += value
    return result


def _targets(shape: Shape, indices: Any, updates: Any, axis: int) -> Any:
    axis %= len(shape)
    region = (*shape[:axis], np.shape(indices)[axis], *shape[axis + 1 :])
    indices, updates = np.broadcast_to(indices, region), np.broadcast_to(updates, region)
    for place in np.ndindex(region):
        yield (*place[:axis], int(indices[place]), *place[axis + 1 :]), updates[place]


def segment_sum(x: Any, segments: Any, *, num_segments: int) -> Any:
    """Each row added to the sum of its segment."""
    result = np.zeros((num_segments, *np.shape(x)[1:]), x.dtype)
    for row, segment in zip(x, segments, strict=True):
        result[segment] += row
    return result


def put_add(x: Any, indices: Any, *, axis: int | None = None, shape: Shape) -> Any:
    """Each part added in the place from which `take` would take it."""
    result = np.zeros(shape, x.dtype)
    lead: tuple[Any, ...] = (slice(None),) * (0 if axis is None else axis % len(shape))
    for place in np.ndindex(np.shape(indices)):
        result[(*lead, int(np.asarray(indices)[place]))] += x[(*lead, *place)]
    return result


def put_add_along_axis(x: Any, indices: Any, *, axis: int = -1, shape: Shape) -> Any:
    """Each element added in the place from which `take_along_axis` would take it."""
    result = np.zeros(shape, x.dtype)
    axis %= len(shape)
    stretched = (*shape[:axis], 1, *shape[axis + 1 :])
    region = np.broadcast_shapes(stretched, np.shape(indices))
    indices, x = np.broadcast_to(indices, region), np.broadcast_to(x, region)
    for place in np.ndindex(region):
        target = [0 if shape[other] == 1 else index for other, index in enumerate(place)]
        target[axis] = int(indices[place])
        result[tuple(target)] += x[place]
    return result
