"""Differences and integrals, neighbour by neighbour."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np


def diff(x: Any, prepend: Any = None, append: Any = None, *, axis: int = -1, n: int = 1) -> Any:
    """Each element subtracted from the next, n times.

    >>> diff(np.array([1.0, 4.0, 9.0]), n=2).tolist()
    [2.0]
    """
    parts = [list(np.moveaxis(item, axis, 0)) for item in (prepend, x, append) if item is not None]
    slices = [item for part in parts for item in part]
    for _ in range(n):
        slices = [after - before for before, after in pairwise(slices)]
    shape = np.moveaxis(x, axis, 0).shape[1:]
    return np.moveaxis(np.array(slices, np.asarray(x).dtype).reshape(len(slices), *shape), 0, axis)


def trapezoid(y: Any, x: Any = None, *, dx: float = 1.0, axis: int = -1) -> Any:
    """The areas of the trapezoids between neighbours, added up.

    >>> float(trapezoid(np.array([1.0, 2.0, 4.0]), dx=2.0))
    9.0
    """
    heights = np.moveaxis(y, axis, -1)
    places = None if x is None else np.asarray(x) if np.ndim(x) == 1 else np.moveaxis(x, axis, -1)
    z = np.zeros(heights.shape[:-1], heights.dtype)
    for index in range(heights.shape[-1] - 1):
        width = dx if places is None else places[..., index + 1] - places[..., index]
        z += width * (heights[..., index] + heights[..., index + 1]) / 2
    return z
