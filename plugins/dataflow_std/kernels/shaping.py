"""Kernels that cut, pad, turn and window arrays."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from dataflow.shapes import check_axes
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
    pairs = read_pads(pad_width, np.ndim(x))
    if mode != "constant":
        if any((before or after) and not length for (before, after), length in zip(pairs, np.shape(x), strict=True)):
            raise ValueError(f'an axis of x has no elements, of which the mode "{mode}" could make others')
        return np.pad(x, pairs, mode=mode)  # type: ignore[call-overload]
    x = np.asarray(x)
    if x.dtype.kind != "f" and value % 1:
        raise ValueError(f"{value} is no {x.dtype}, which x holds")
    shape = [before + length + after for (before, after), length in zip(pairs, x.shape, strict=True)]
    result = np.full(shape, value, x.dtype)
    result[tuple([slice(pair[0], pair[0] + length) for pair, length in zip(pairs, x.shape, strict=True)])] = x
    return result


def read_pads(pad_width: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """How many elements go before and after each axis.

    >>> read_pads(1, 2), read_pads((0, 2), 2), read_pads(((1, 0), (0, 2)), 2)
    (((1, 1), (1, 1)), ((0, 2), (0, 2)), ((1, 0), (0, 2)))
    """
    if isinstance(pad_width, int):
        pairs: tuple[tuple[int, int], ...] = ((pad_width, pad_width),) * ndim
    elif len(pad_width) == 2 and isinstance(pad_width[0], int):
        pairs = (tuple(pad_width),) * ndim
    elif len(pad_width) == ndim:
        pairs = tuple([(before, after) for before, after in pad_width])
    else:
        raise ValueError(f"pad_width has {len(pad_width)} pairs, and x has {ndim} axes")
    if any(count < 0 for pair in pairs for count in pair):
        raise ValueError(f"pad_width says how many elements are put on, at least 0: {pad_width}")
    return pairs


def unfold(x: Any, *, size: int, step: int = 1, axis: int = -1) -> Any:
    """All windows of a size along an axis, `step` apart, as a view; their elements stand along a new last axis."""
    check_axes(axis, np.ndim(x))
    count_windows(np.shape(x)[axis], size, step)
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis)
    return windows[(*[slice(None)] * (axis % np.ndim(x)), slice(None, None, step))]


def count_windows(length: int, size: int, step: int) -> int:
    """How many windows of a size fit into a length, `step` apart.

    >>> count_windows(7, 3, 2)
    3
    """
    if step < 1:
        raise ValueError(f"the step from one window to the next is at least 1, not {step}")
    if not 1 <= size <= length:
        raise ValueError(f"a window has 1 to {length} elements, as many as there are along the axis; not {size}")
    return (length - size) // step + 1


def overlap_add(x: Any, *, length: int, step: int = 1, axis: int = -1) -> Any:
    """The windows along an axis, `step` apart, added up where they overlap."""
    x = np.asarray(x)
    if x.ndim < 2:
        raise ValueError(f"x needs an axis of windows and one of their elements, 2 dimensions or more, not {x.ndim}")
    check_axes(axis, x.ndim - 1, "result")
    windows = np.moveaxis(x, axis % (x.ndim - 1), -2)
    *lead, count, size = windows.shape
    if count != (fitting := count_windows(length, size, step)):
        raise ValueError(f"x has {count} windows, and into {length} elements fit {fitting}")
    if count < size // step:
        result = np.zeros((*lead, length), x.dtype)
        for window in range(count):
            result[..., window * step : window * step + size] += windows[..., window, :]
        return np.moveaxis(result, -1, axis)
    # In blocks of one step the same part of every window is one block on from the same part of the window before.
    parts = -(-size // step)
    blocks = np.zeros((*lead, max(count + parts, -(-length // step)), step), x.dtype)
    for part in range(parts):
        piece = windows[..., part * step : (part + 1) * step]
        blocks[..., part : part + count, : piece.shape[-1]] += piece
    return np.moveaxis(blocks.reshape(*lead, blocks.shape[-2] * step)[..., :length], -1, axis)
