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


def lstsq(a: Any, b: Any) -> Any:
    """The equations of Gauss for each member of a stack."""
    columns = b[:, None] if b.ndim == 1 else b
    batch = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    a, columns = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (a, columns))
    z = np.empty((*batch, a.shape[-1], columns.shape[-1]))
    for member in np.ndindex(batch):
        z[member] = np.linalg.inv(a[member].T @ a[member]) @ (a[member].T @ columns[member])
    return z[..., 0] if b.ndim == 1 else z


def expm(x: Any) -> Any:
    """The series, summed to the last digit."""
    term = np.broadcast_to(np.eye(x.shape[-1]), x.shape)
    z = term.copy()
    for number in range(1, 80):
        term = term @ x / number
        z += term
    return z
