"""Columns of a sparse Jacobian that share no row are computed together, in one sweep.

Curtis, Powell and Reid (1974), On the estimation of sparse Jacobian matrices; the colouring is greedy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def colour_columns(indptr: Array, indices: Array, count: int) -> Array:
    """A colour for each of `count` columns of a pattern in rows (CSR), so that no row has a colour twice.

    >>> colour_columns(np.array([0, 1, 2, 3]), np.array([0, 1, 2]), 3)
    array([0, 0, 0])
    >>> colour_columns(np.array([0, 2, 4]), np.array([0, 1, 1, 2]), 3)
    array([0, 1, 0])
    """
    lengths = np.diff(indptr)
    if not len(indices) or lengths.max() <= 1:
        return np.zeros(count, np.int64)
    order = np.argsort(indices, kind="stable")
    rows = np.repeat(np.arange(len(lengths)), lengths)[order].tolist()
    ends = np.searchsorted(indices[order], np.arange(count + 1)).tolist()
    used = [0] * len(lengths)  # by row, as bits, the colours that its columns have
    colours = np.zeros(count, np.int64)
    for column in range(count):
        touched = rows[ends[column] : ends[column + 1]]
        taken = 0
        for row in touched:
            taken |= used[row]
        free = ~taken & (taken + 1)
        colours[column] = free.bit_length() - 1
        for row in touched:
            used[row] |= free
    return colours
