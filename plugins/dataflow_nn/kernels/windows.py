"""What convolution and pooling share: arrays that are padded, and where windows meet them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dataflow_nn.shapes.windows import Windows

Shape = tuple[int, ...]
Array = np.ndarray[Any, Any]


def pad(x: Array, windows: Windows, fill: float) -> Array:
    """`x` with its spatial axes padded."""
    if not windows.padded:
        return x
    lead = x.shape[: x.ndim - len(windows.lengths)]
    sizes = zip(windows.before, windows.lengths, windows.after, strict=True)
    padded = np.full((*lead, *(sum(parts) for parts in sizes)), fill, x.dtype)
    padded[interior(windows)] = x
    return padded


def interior(windows: Windows) -> tuple[Any, ...]:
    """Where the array itself is in the padded one."""
    return (..., *(slice(start, start + n) for start, n in zip(windows.before, windows.lengths, strict=True)))


def crop(padded: Array, windows: Windows) -> Array:
    """The adjoint of `pad`."""
    return padded[interior(windows)] if windows.padded else padded


def tap(windows: Windows, offset: Sequence[int]) -> tuple[Any, ...]:
    """The elements of the padded array that stand at one offset of the kernel, in all windows."""
    return (..., *(
        slice(start, start + step * (count - 1) + 1, step)
        for start, step, count in zip(
            [gap * item for gap, item in zip(windows.dilation, offset, strict=True)], windows.stride, windows.places,
            strict=True,
        )
    ))  # fmt: skip
