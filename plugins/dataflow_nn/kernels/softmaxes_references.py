"""Softmax and its logarithms by their definitions, one addition of powers after another, to prove the kernels by."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflow.shapes import Axes


def logsumexp(x: Any, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """ln(... (e ** a + e ** b) + ...): two logarithms of sums at a time are added up."""
    add: Any = np.logaddexp
    return add.reduce(x, axis=axis, keepdims=keepdims)


def log_softmax(x: Any, *, axis: Axes = -1) -> Any:
    """x - ln(sum of e ** x); NaN for all where that is infinite."""
    total = logsumexp(x, axis=axis, keepdims=True)
    return x - total + 0 * total


def softmax(x: Any, *, axis: Axes = -1) -> Any:
    """e to the power of it."""
    return np.exp(log_softmax(x, axis=axis))
