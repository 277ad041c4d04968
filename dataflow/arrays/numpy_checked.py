"""NumPy functions that refuse, in plain words, axes and shapes that a value does not have.

NumPy's own words speak of its inner workings, and it lets some of what makes no sense pass: a number has an axis 0 in
half of its reductions, a length of -3 means what is left over, the lower triangle of a vector is a matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, Final

import numpy as np

from dataflow.arrays.dtype_checks import check_bits, check_held
from dataflow.arrays.index_checks import take_along_axis_shape, take_shape
from dataflow.arrays.numpy_short import SHORT_EXTREME, SHORT_SUM, add_last, find_last, is_short
from dataflow.arrays.product_checks import Pairs, check_matmul, check_matrix, check_tensordot, check_vecdot
from dataflow.arrays.shape_checks import (
    check_axis_of_vector,
    check_diagonals,
    check_moves,
    check_order,
    check_reduced,
    check_repeated,
    check_repeats,
    check_shifts,
    check_squeezed,
    fill_shape,
    join_shapes,
    stack_shapes,
)
from dataflow.shapes import broadcast_shapes, check_axes

Shape = tuple[int, ...]
Axes = int | Shape | None


# --- reductions and what else has an axis ---


def _with_axis(function: Callable[..., Any]) -> Callable[..., Any]:
    def checked(x: Any, *more: Any, **attributes: Any) -> Any:
        axis = attributes.get("axis")
        if axis is not None:
            check_axes(axis, np.ndim(x))
        return function(x, *more, **attributes)

    return checked


def _reduce(ufunc: Any) -> Callable[..., Any]:
    """The reduction by an operation, called directly: NumPy's own functions add 1 us of looking around."""

    def reduce(x: Any, *, axis: Axes = None, keepdims: bool = False) -> Any:
        if axis is not None:
            check_axes(axis, np.ndim(x))
            if is_short(x, axis, longest):
                if ufunc is np.add:
                    return add_last(x, keepdims=keepdims)
                return find_last(ufunc, x, keepdims=keepdims)
        return ufunc.reduce(x, axis=axis, keepdims=keepdims)

    longest = {np.add: SHORT_SUM, np.maximum: SHORT_EXTREME, np.minimum: SHORT_EXTREME}.get(ufunc, 0)
    return reduce


def _count_nonzero(x: Any, *, axis: Axes = None, keepdims: bool = False) -> Any:
    """NumPy's, which makes a long integer of every boolean when it counts along axes: short ones take half the time."""
    if axis is None or getattr(x, "dtype", None) != np.bool_:
        return np.count_nonzero(x, axis=axis, keepdims=keepdims)
    length = prod([x.shape[item] for item in (axis if isinstance(axis, tuple) else (axis,))])
    short = np.uint16 if length < 2**16 else np.uint32 if length < 2**32 else np.uint64
    return np.sum(x.view(np.uint8), axis=axis, dtype=short, keepdims=keepdims).astype(np.intp)


def _find_extreme(function: Callable[..., Any], which: str) -> Callable[..., Any]:
    def find(x: Any, *, axis: Axes = None, keepdims: bool = False) -> Any:
        try:
            return function(x, axis=axis, keepdims=keepdims)
        except ValueError:
            check_reduced(np.shape(x), axis, which)
            raise

    return find


def _cumulate(function: Callable[..., Any]) -> Callable[..., Any]:
    def checked(x: Any, *, axis: int | None = None, include_initial: bool = False) -> Any:
        check_axis_of_vector(axis, np.ndim(x))
        return function(x, axis=axis, include_initial=include_initial)

    return checked


def _take(x: Any, indices: Any, *, axis: int | None = None) -> Any:
    check_axis_of_vector(axis, np.ndim(x))
    try:
        return np.take(x, indices, axis=axis)
    except IndexError:
        take_shape(np.shape(x), np.shape(indices), axis)
        raise


def _take_along_axis(x: Any, indices: Any, *, axis: int = -1) -> Any:
    try:
        return np.take_along_axis(x, indices, axis=axis)
    except (IndexError, ValueError):
        take_along_axis_shape(np.shape(x), np.shape(indices), axis)
        raise


# --- shapes ---


def _reshape(x: Any, shape: int | Shape) -> Any:
    if isinstance(shape, int):
        shape = (shape,)
    if shape and min(shape) < -1:  # what NumPy takes for -1
        fill_shape(np.shape(x), shape)
    try:
        return np.reshape(x, shape)
    except ValueError:
        fill_shape(np.shape(x), shape)
        raise


def _broadcast_to(x: Any, shape: Shape) -> Any:
    try:
        return np.broadcast_to(x, shape)
    except ValueError:
        check_repeated(np.shape(x), shape)
        raise


def _broadcast_arrays(xs: Sequence[Any]) -> tuple[Any, ...]:
    shape: Any = broadcast_shapes(*[np.shape(x) for x in xs])
    return tuple([np.broadcast_to(x, shape) for x in xs])


def _expand_dims(x: Any, axis: int | Shape) -> Any:
    check_axes(axis, np.ndim(x) + (len(axis) if isinstance(axis, tuple) else 1), "result")
    return np.expand_dims(x, axis)


def _squeeze(x: Any, axis: int | Shape) -> Any:
    if not np.ndim(x):  # NumPy gives a number an axis 0
        check_axes(axis, 0)
    try:
        return np.squeeze(x, axis)
    except ValueError:
        check_squeezed(axis, np.shape(x))
        raise


def _permute_dims(x: Any, axes: Shape) -> Any:
    check_order(axes, np.ndim(x))
    return np.permute_dims(x, axes)


def _moveaxis(x: Any, source: int | Shape, destination: int | Shape) -> Any:
    check_moves(source, destination, np.ndim(x))
    return np.moveaxis(x, source, destination)


def _roll(x: Any, *, shift: int | Shape, axis: Axes = None) -> Any:
    check_shifts(shift, axis, np.ndim(x))
    return np.roll(x, shift, axis)


def _repeat(x: Any, *, repeats: int, axis: int | None = None) -> Any:
    check_axes(axis, np.ndim(x))
    check_repeats("repeats", [repeats])
    return np.repeat(x, repeats, axis)


def _tile(x: Any, *, repetitions: Shape) -> Any:
    check_repeats("repetitions", repetitions)
    return np.tile(x, repetitions)


def _concat(xs: Sequence[Any], *, axis: int | None = 0) -> Any:
    try:
        return np.concat(xs, axis=axis)
    except ValueError:
        join_shapes([np.shape(x) for x in xs], axis)
        raise


def _stack(xs: Sequence[Any], *, axis: int = 0) -> Any:
    try:
        return np.stack(xs, axis=axis)
    except ValueError:
        stack_shapes([np.shape(x) for x in xs], axis)
        raise


def _triangle(function: Callable[..., Any]) -> Callable[..., Any]:
    def triangle(x: Any, *, k: int = 0) -> Any:
        check_diagonals(np.ndim(x))
        return function(x, k=k)

    return triangle


# --- products ---


def _matmul(x: Any, y: Any) -> Any:
    try:
        return np.matmul(x, y)
    except ValueError:
        check_matmul(np.shape(x), np.shape(y))
        raise


def _matrix_transpose(x: Any) -> Any:
    try:
        return np.matrix_transpose(x)
    except ValueError:
        check_matrix(np.shape(x))
        raise


def _vecdot(x: Any, y: Any, *, axis: int = -1) -> Any:
    check_vecdot(np.shape(x), np.shape(y), axis)
    return np.vecdot(x, y, axis=axis)  # type: ignore[call-overload]


def _tensordot(x: Any, y: Any, *, axes: Pairs = 2) -> Any:
    return np.tensordot(x, y, check_tensordot(np.shape(x), np.shape(y), axes))


# --- values ---


def _full_like(x: Any, fill_value: float) -> Any:
    check_held(fill_value, np.asarray(x).dtype.name)
    return np.full_like(x, fill_value)


def _on_bits(function: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*xs: Any) -> Any:
        check_bits(*[np.asarray(x).dtype.name for x in xs])
        return function(*xs)

    return checked


CHECKED: Final[Mapping[str, Callable[..., Any]]] = {
    "all": _with_axis(np.all),
    "any": _with_axis(np.any),
    "argmax": _with_axis(_find_extreme(np.argmax, "largest")),
    "argmin": _with_axis(_find_extreme(np.argmin, "smallest")),
    "bitwise_and": _on_bits(np.bitwise_and),
    "bitwise_invert": _on_bits(np.bitwise_invert),
    "bitwise_or": _on_bits(np.bitwise_or),
    "bitwise_xor": _on_bits(np.bitwise_xor),
    "broadcast_arrays": _broadcast_arrays,
    "broadcast_to": _broadcast_to,
    "concat": _concat,
    "count_nonzero": _with_axis(_count_nonzero),
    "cumulative_prod": _cumulate(np.cumulative_prod),
    "cumulative_sum": _cumulate(np.cumulative_sum),
    "expand_dims": _expand_dims,
    "flip": _with_axis(np.flip),
    "full_like": _full_like,
    "matmul": _matmul,
    "matrix_transpose": _matrix_transpose,
    "max": _find_extreme(_reduce(np.maximum), "largest"),
    "min": _find_extreme(_reduce(np.minimum), "smallest"),
    "moveaxis": _moveaxis,
    "permute_dims": _permute_dims,
    "prod": _reduce(np.multiply),
    "repeat": _repeat,
    "reshape": _reshape,
    "roll": _roll,
    "squeeze": _squeeze,
    "stack": _stack,
    "sum": _reduce(np.add),
    "take": _take,
    "take_along_axis": _take_along_axis,
    "tensordot": _tensordot,
    "tile": _tile,
    "tril": _triangle(np.tril),
    "triu": _triangle(np.triu),
    "unstack": _with_axis(np.unstack),
    "vecdot": _vecdot,
}
