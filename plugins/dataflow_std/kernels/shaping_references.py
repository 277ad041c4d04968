"""Slow twins of what pads and windows arrays."""

from __future__ import annotations

from typing import Any

import numpy as np


def pad(x: Any, *, pad_width: Any, mode: str = "constant", value: float = 0.0) -> Any:
    """Each element looked up: beyond the ends there is nothing, the end, the other end, or a mirror."""
    if isinstance(pad_width, int):
        pad_width = (pad_width, pad_width)
    pairs = pad_width if np.ndim(pad_width) == 2 else [pad_width] * np.ndim(x)
    shape = [before + length + after for (before, after), length in zip(pairs, np.shape(x), strict=True)]
    result = np.full(shape, value, x.dtype)
    for place in np.ndindex(*shape):
        looked = [_look(index - pairs[axis][0], np.shape(x)[axis], mode) for axis, index in enumerate(place)]
        if None not in looked:
            result[place] = x[tuple(looked)]
    return result


def _look(index: int, length: int, mode: str) -> int | None:
    if mode == "constant":
        return index if 0 <= index < length else None
    while not 0 <= index < length:
        if mode == "edge" or length == 1:
            index = 0 if index < 0 else length - 1
        elif mode == "wrap":
            index += length if index < 0 else -length
        else:
            between = 1 if mode == "symmetric" else 0
            index = -index - between if index < 0 else 2 * (length - 1) - index + between
    return index


def unfold(x: Any, *, size: int, step: int = 1, axis: int = -1) -> Any:
    """Each window cut out."""
    moved = np.moveaxis(x, axis, -1)
    starts = range(0, moved.shape[-1] - size + 1, step)
    return np.moveaxis(np.stack([moved[..., start : start + size] for start in starts], axis=-2), -2, axis % np.ndim(x))


def overlap_add(x: Any, *, length: int, step: int = 1, axis: int = -1) -> Any:
    """Each element of each window added in its place."""
    windows = np.moveaxis(x, axis % (np.ndim(x) - 1), -2)
    result = np.zeros((*windows.shape[:-2], length), x.dtype)
    for place in np.ndindex(windows.shape):
        result[(*place[:-2], place[-2] * step + place[-1])] += windows[place]
    return np.moveaxis(result, -1, axis)
