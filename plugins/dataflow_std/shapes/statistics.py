"""Shapes of quantiles."""

from __future__ import annotations

from dataflow.shapes import Axes, Shape, reduce_shape
from dataflow_std.statistics import Fractions, check_fractions


def quantile(x: Shape, *, q: Fractions, axis: Axes, keepdims: bool) -> Shape:
    """What is left of x, behind an axis of the fractions if they are a list.

    >>> quantile((2, 3), q=0.5, axis=1, keepdims=False), quantile((2, 3), q=(0.1, 0.9), axis=1, keepdims=True)
    ((2,), (2, 2, 1))
    """
    check_fractions(q)
    shape = reduce_shape(x, axis, keepdims)
    return (len(q), *shape) if isinstance(q, tuple) else shape
