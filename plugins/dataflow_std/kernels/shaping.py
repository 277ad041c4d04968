"""Kernels that cut, pad, turn and window arrays."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from dataflow.arrays.dtype_checks import check_held
from dataflow.shapes import check_axes
from dataflow_std.shapes import windows
from dataflow_std.shapes.shaping import check_matrix_or_vector, split_lengths

Shape = tuple[int, ...]


def rot90(x: Any, *, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """`x` turned k times by a right angle, from the first of the axes to the second."""
    check_axes(axes, np.ndim(x))
    return np.rot90(x, k, axes)


def split(x: Any, *, sections: int | None = None, lengths: Shape | None = None, axis: int = 0) -> tuple[Any, ...]:
    """The parts of `x` along an axis: as many as there are sections, or of these lengths."""
    parts: Any = split_lengths(np.shape(x), sections, lengths, axis)
    return tuple(np.split(x, list(accumulate(parts))[:-1], axis)) if parts else ()


def diag(x: Any, *, k: int = 0) -> Any:
    """The matrix with a vector on diagonal k, or the diagonal k of a matrix."""
    check_matrix_or_vector(np.ndim(x))
    return np.diag(x, k)


def pad(x: Any, *, pad_width: Any, mode: str = "constant", value: float = 0.0) -> Any:
    """`x` with more elements before and after it along its axes."""
    x = np.asarray(x)
    shape: Any = windows.pad(x.shape, pad_width=pad_width, mode=mode, value=value)
    pairs = windows.read_pads(pad_width, x.ndim)
    if mode != "constant":
        return np.pad(x, pairs, mode=mode) if pairs else x  # type: ignore[call-overload]
    check_held(value, x.dtype.name)
    result = np.full(shape, value, x.dtype)
    result[tuple([slice(pair[0], pair[0] + length) for pair, length in zip(pairs, x.shape, strict=True)])] = x
    return result


def unfold(x: Any, *, size: int, step: int = 1, axis: int = -1) -> Any:
    """All windows of a size along an axis, `step` apart, as a view; their elements stand along a new last axis."""
    windows.unfold(np.shape(x), size=size, step=step, axis=axis)
    seen = np.lib.stride_tricks.sliding_window_view(x, size, axis)
    return seen[(*[slice(None)] * (axis % np.ndim(x)), slice(None, None, step))]


def overlap_add(x: Any, *, length: int, step: int = 1, axis: int = -1) -> Any:
    """The windows along an axis, `step` apart, added up where they overlap."""
    x = np.asarray(x)
    windows.overlap_add(x.shape, length=length, step=step, axis=axis)
    seen = np.moveaxis(x, axis % (x.ndim - 1), -2)
    *lead, count, size = seen.shape
    if count < size // step:
        result = np.zeros((*lead, length), x.dtype)
        for window in range(count):
            result[..., window * step : window * step + size] += seen[..., window, :]
        return np.moveaxis(result, -1, axis)
    # In blocks of one step the same part of every window is one block on from the same part of the window before.
    parts = -(-size // step)
    blocks = np.zeros((*lead, max(count + parts, -(-length // step)), step), x.dtype)
    for part in range(parts):
        piece = seen[..., part * step : (part + 1) * step]
        blocks[..., part : part + count, : piece.shape[-1]] += piece
    return np.moveaxis(blocks.reshape(*lead, blocks.shape[-2] * step)[..., :length], -1, axis)
