"""Reductions over a short last axis: NumPy's own take ten times as long there, since each is a loop of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

MANY = 2048  # elements, below which it does not matter
SHORT_SUM, SHORT_EXTREME = 128, 32  # lengths up to which it does


def add_last(x: Any, *, keepdims: bool = False) -> Any:
    """The sum over the last axis of an array of floats, as a product with ones.

    >>> add_last(np.ones((3, 2))).tolist()
    [2.0, 2.0, 2.0]
    """
    total = np.matmul(x, np.ones(x.shape[-1], x.dtype))
    return total[..., np.newaxis] if keepdims else total


def find_last(function: Any, x: Any, *, keepdims: bool = False) -> Any:
    """The extreme (`function` is numpy.maximum or numpy.minimum) over the last axis, which is brought to the front.

    >>> find_last(np.maximum, np.array([[1.0, 5.0], [3.0, 2.0]])).tolist()
    [5.0, 3.0]
    """
    found = function.reduce(np.ascontiguousarray(np.moveaxis(x, -1, 0)), axis=0)
    return found[..., np.newaxis] if keepdims else found


def is_short(x: Any, axis: Any, longest: int) -> bool:
    """Whether a reduction is one over a short last axis of a large array of floats that lies in one piece.

    >>> is_short(np.ones((1000, 8)), -1, 32), is_short(np.ones((1000, 8)), 0, 32)
    (True, False)
    """
    if type(x) is not np.ndarray or x.ndim < 2 or x.size < MANY or not 1 < x.shape[-1] <= longest:
        return False
    return axis in (-1, x.ndim - 1) and x.dtype.kind == "f" and x.itemsize >= 4 and x.flags.c_contiguous
