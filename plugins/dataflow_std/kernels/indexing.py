"""Kernels that pick elements by their place, by a mask or by their order."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflow_std.shapes import indexing as shapes

FEW = 8  # a selection in linear time costs as much as sorting the eighth part of the elements


def boolean_mask(x: Any, mask: Any, *, axis: int = 0) -> Any:
    """The parts of `x` where the mask is true."""
    return x[mask_key(mask, axis, np.shape(x))]


def mask_key(mask: Any, axis: int, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The NumPy index of a mask over some axes of a shape, the first of them `axis`."""
    first = shapes.check_mask(np.shape(mask), axis, shape)
    return (*[slice(None)] * first, np.asarray(mask))


def top_k(x: Any, *, k: int, axis: int = -1, largest: bool = True) -> tuple[Any, Any]:
    """The k largest or smallest elements along an axis, in order, and where they are; at a tie the first of them."""
    shapes.top_k(np.shape(x), k=k, axis=axis, largest=largest)
    length = np.shape(x)[axis]
    rows = np.moveaxis(x, axis, -1)
    chosen = _select(rows, k, largest) if k * FEW <= length else None
    if chosen is None:
        order = _sort(rows, largest)[..., :k]
    else:
        order = np.take_along_axis(chosen, _sort(np.take_along_axis(rows, chosen, -1), largest), -1)
    indices = np.moveaxis(order, -1, axis)
    return np.take_along_axis(x, indices, axis), indices


def _sort(rows: Any, largest: bool) -> Any:
    """The order of each row, stable; NaN counts as larger than any number."""
    if not largest:
        return np.argsort(rows, axis=-1, stable=True)
    return (rows.shape[-1] - 1 - np.argsort(rows[..., ::-1], axis=-1, stable=True))[..., ::-1]


def _select(rows: Any, k: int, largest: bool) -> Any:
    """Where the k first elements of each row in that order are, from left to right; None if there are NaN."""
    if not k or (rows.dtype.kind == "f" and np.isnan(rows).any()):
        return None
    place = rows.shape[-1] - k if largest else k - 1
    last = np.partition(rows, place, axis=-1)[..., place : place + 1]
    taken = rows > last if largest else rows < last
    ties = rows == last
    taken |= ties & (np.cumsum(ties, axis=-1) <= k - np.count_nonzero(taken, axis=-1, keepdims=True))
    return np.nonzero(taken)[-1].reshape(*rows.shape[:-1], k)
