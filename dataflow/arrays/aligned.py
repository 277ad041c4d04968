"""Memory that begins where a line of the cache does: registers that lie across two lines take twice as long to fill."""

from __future__ import annotations

from typing import Any

import numpy as np

LINE = 64  # bytes, and those of the widest registers


def make_aligned(count: int, dtype: Any) -> np.ndarray[Any, Any]:
    """An array of so many elements that are not set.

    >>> make_aligned(3, np.float32).__array_interface__["data"][0] % LINE
    0
    """
    size = count * np.dtype(dtype).itemsize
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.__array_interface__["data"][0] % LINE
    return memory[start : start + size].view(dtype)
