"""Shapes of arrays that are made of attributes and of class numbers."""

from __future__ import annotations

from dataflow.arrays.index_checks import check_named
from dataflow.arrays.shape_checks import check_lengths
from dataflow.shapes import Shape, broadcast_shapes
from dataflow.sizes import Length, UnknownSizeError
from dataflow_std.creation import check_count


def arange(*, start: int, stop: int, step: int) -> Shape:
    """How many numbers there are from start to below stop.

    >>> arange(start=5, stop=-2, step=-3), arange(start=3, stop=3, step=1)
    ((3,), (0,))
    """
    check_step(step)
    if step < 0:
        start, stop, step = -start, -stop, -step
    distance = stop - start
    try:
        if distance <= 0:
            return (0,)
    except UnknownSizeError:
        pass
    count: Length = (distance + step - 1) // step
    check_lengths((count,))
    return (count,)


def check_step(step: Length) -> None:
    """Raise `ValueError` for a step that leads nowhere."""
    if step == 0:
        raise ValueError("the step from one number to the next cannot be 0")


def eye(*, n_rows: int, n_cols: int | None, k: int, dtype: str) -> Shape:
    """As many rows and columns as are asked for."""
    shape = (n_rows, n_rows if n_cols is None else n_cols)
    check_lengths(shape)
    return shape


def zeros(*, shape: Shape, dtype: str) -> Shape:
    """The shape that is asked for."""
    check_lengths(shape)
    return tuple(shape)


def linspace(start: Shape, stop: Shape, *, num: int, endpoint: bool) -> Shape:
    """So many numbers along a new first axis.

    >>> linspace((2, 1), (3,), num=5, endpoint=True)
    (5, 2, 3)
    """
    check_count(num)
    return (num, *broadcast_shapes(start, stop))


def one_hot(indices: Shape, *, num_classes: int, dtype: str) -> Shape:
    """A new last axis of classes."""
    check_lengths((num_classes,))
    check_named(num_classes, "classes", indices)
    return (*indices, num_classes)
