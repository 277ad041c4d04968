"""Slow twins: definitions written out, to prove the fast functions by."""

from __future__ import annotations

from typing import Any

import numpy as np


def adjugate(x: Any) -> Any:
    """Every element a determinant of what is left without its row and column, with its sign."""
    z = np.empty(x.shape, x.dtype)
    for *member, row, column in np.ndindex(x.shape):
        rest = np.delete(np.delete(x[tuple(member)], row, axis=0), column, axis=1)
        z[(*member, column, row)] = (-1) ** (row + column) * _expand(rest)
    return z


def _expand(x: Any) -> float:
    """The determinant, expanded along the first row."""
    if not len(x):
        return 1.0
    rest = [np.delete(x[1:], column, axis=1) for column in range(len(x))]
    return float(sum((-1) ** column * x[0, column] * _expand(part) for column, part in enumerate(rest)))
