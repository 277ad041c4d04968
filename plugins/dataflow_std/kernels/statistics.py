"""The standard deviation on NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflow.shapes import check_axes

Axes = int | tuple[int, ...] | None


def std(x: Any, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The root of the mean square of the deviations, also where their squares overflow or vanish.

    The mean is corrected by the mean of the deviations from it, so that equal elements give exactly 0.

    >>> float(std(np.array([1e200, 3e200]))), float(std(np.full(3, 0.1)))
    (1e+200, 0.0)
    """
    if axis is not None:
        check_axes(axis, np.ndim(x))
    deviation = np.asarray(x - np.mean(x, axis=axis, keepdims=True) if np.size(x) else np.array(x))
    count = deviation.size if axis is None else np.prod(np.take(deviation.shape, axis), dtype=int)
    degrees = max(int(count) - correction, 0)
    if not count:
        return np.sum(deviation, axis=axis, keepdims=keepdims) / 0
    deviation -= np.mean(deviation, axis=axis, keepdims=True)
    with np.errstate(over="ignore", under="ignore"):
        squares = np.sum(deviation * deviation, axis=axis, keepdims=keepdims)
    limits = np.finfo(squares.dtype)
    if np.all((squares > limits.tiny / limits.eps) & (squares < limits.max)):
        return np.sqrt(squares / degrees)
    return _scaled(deviation, degrees, axis, keepdims)


def _scaled(deviation: Any, degrees: float, axis: Axes, keepdims: bool) -> Any:
    """The same with the deviations divided by the largest of them first."""
    scale = np.max(np.abs(deviation), axis=axis, keepdims=True)
    deviation = deviation / np.where(scale == 0, 1, scale)
    mean = np.sum(deviation * deviation, axis=axis, keepdims=True) / degrees
    z = scale * np.sqrt(mean)
    return z if keepdims else np.squeeze(z, axis=axis)
