"""NumPy arrays. Imports NumPy: import this module only for a graph that has arrays.

Most functions are NumPy's own, whose main namespace is the Array API standard; the table has those that differ from
the standard, that have a faster way, or that are no part of it. Zero divisions and overflows give what IEEE 754
says; who calls silences NumPy's warnings about them (`numpy.errstate`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, Final

import numpy as np

from dataflow.arrays.index_checks import (
    check_put_add,
    check_put_items,
    index_shape,
    place_along_axis,
    put_add_along_axis_shape,
)
from dataflow.arrays.index_checks import read_key as read_key
from dataflow.arrays.numpy_checked import CHECKED

kind: Final = "numpy"

Shape = tuple[int, ...]
BITS: Final[Mapping[Any, Any]] = {np.dtype(np.float64): np.dtype(np.int64), np.dtype(np.float32): np.dtype(np.int32)}
Axes = int | tuple[int, ...] | None


def find(name: str) -> Callable[..., Any] | None:
    """The function of that name, or None.

    >>> float(find("sum")(np.ones(3)))
    3.0
    """
    function = TABLE.get(name)
    if function is None:
        function = getattr(np, name, None)
    return function if callable(function) else None


def keep(condition: Any, g: Any) -> Any:
    """`g` where the condition holds, else 0, in the dtype of `g`."""
    shape = getattr(condition, "shape", None)
    if not isinstance(g, np.ndarray) or not shape or g.dtype not in BITS or not _fits_within(g.shape, shape):
        return np.where(condition, g, 0)
    return keep_bits(condition, g)


def keep_bits(condition: Any, g: Any, out: Any = None) -> Any:
    """`keep` of an array of float64 or float32 that fits within the condition; written to `out`, if that is given.

    A mask of bits does that several times as fast as a choice where the condition changes often.

    >>> keep_bits(np.array([True, False]), np.array([1.5, np.nan])).tolist()
    [1.5, 0.0]
    """
    kept = _widen(np.negative(condition.view(np.int8)), g.dtype, out)  # all bits, or none
    kept &= g.view(kept.dtype)
    return kept.view(g.dtype)


def take_or_nan(condition: Any, x: Any, out: Any = None) -> Any:
    """`x` where the condition, of the same shape, holds, else NaN, of which all bits are set; as `keep_bits`.

    >>> take_or_nan(np.array([True, False]), np.array([1.5, 2.0])).tolist()
    [1.5, nan]
    """
    taken = _widen(np.subtract(condition.view(np.int8), 1), x.dtype, out)  # no bits, or all
    taken |= x.view(taken.dtype)
    return taken.view(x.dtype)


def _widen(mask: Any, dtype: Any, out: Any) -> Any:
    """Short integers as those that are as long as a dtype, which is faster than to make them so long at first."""
    bits = BITS[dtype]
    wide: Any = np.empty(mask.shape, bits) if out is None else out.view(bits)
    wide[...] = mask
    return wide


def _fits_within(shape: Shape, whole: Shape) -> bool:
    """Whether a value of a shape can be repeated to fill another."""
    if shape == whole:
        return True
    lead = len(whole) - len(shape)
    return lead >= 0 and all(one in (1, other) for one, other in zip(shape, whole[lead:], strict=True))


def _pow(x: Any, y: Any) -> Any:
    """`x ** y`: by number an array's `**` squares, takes roots and inverts, which numpy.power does not.

    A root of -inf is NaN, where the power 0.5 of IEEE 754 is inf, and that of -0.0 is 0.0.
    """
    z = x**y
    if type(y) is float and y == 0.5 and np.isneginf(x).any():
        z = np.where(np.isneginf(x), np.inf, z).astype(z.dtype)[()]
    return z + 0.0 if type(y) is float and y == 0.5 else z


def cast_like(x: Any, other: Any) -> Any:
    """`x`, an array or a Python number, in the dtype of `other`."""
    dtype = np.asarray(other).dtype
    return x.astype(dtype, copy=False) if isinstance(x, np.ndarray) else dtype.type(x)


def size(x: Any, axis: Axes = None) -> int:
    """How many elements `x` has in all, or along one axis or several.

    >>> size(np.ones((2, 3, 4))), size(np.ones((2, 3, 4)), (0, -1))
    (24, 8)
    """
    if axis is None:
        return int(np.size(x))
    lengths = np.shape(x)
    return prod(lengths[item] for item in (axis if isinstance(axis, tuple) else (axis,)))


def put_items(x: Any, *, key: Any, shape: Shape) -> Any:
    """The adjoint of indexing: zeros of a shape, with `x` at the place that the key names."""
    x = np.asarray(x)
    check_put_items(x.shape, key, shape)
    result = np.zeros(shape, x.dtype)
    result[read_key(key)] = x
    return result


def put_add(x: Any, indices: Any, *, axis: int | None = None, shape: Shape) -> Any:
    """The adjoint of `take`: zeros of a shape, and along `axis` every part of `x` added where it was taken.

    Parts that were taken more than once are added up in the order of `indices`.
    """
    place = check_put_add(np.shape(x), np.shape(indices), axis, shape)
    length, before, after = shape[place], shape[:place], shape[place + 1 :]
    flat = wrap_indices(indices, length).reshape(-1)
    rows = np.moveaxis(np.reshape(x, (*before, flat.size, *after)), place, 0)
    summed = _add_rows(rows.reshape(flat.size, prod((*before, *after))), flat, length)
    return np.moveaxis(summed.reshape((length, *before, *after)), 0, place)


def _add_rows(rows: Any, indices: Any, length: int) -> Any:
    if rows.shape[1] > 1 and rows.size > 4096:  # the same sums in the same order, but 20 times as fast
        from scipy.sparse import csr_array

        ends = np.arange(indices.size + 1)
        chosen = csr_array((np.ones(indices.size, rows.dtype), indices, ends), shape=(indices.size, length))
        return chosen.T @ rows
    result = np.zeros((length, rows.shape[1]), rows.dtype)
    if rows.shape[1] == 1:
        np.add.at(result[:, 0], indices, rows[:, 0])
    else:
        np.add.at(result, indices, rows)
    return result


def put_add_along_axis(x: Any, indices: Any, *, axis: int = -1, shape: Shape) -> Any:
    """The adjoint of `take_along_axis`: zeros of a shape, and every element of `x` added where it was taken."""
    places = find_along_axis(indices, axis, shape)
    try:
        x = np.broadcast_to(x, places.shape)
    except ValueError:
        put_add_along_axis_shape(np.shape(x), np.shape(indices), axis, shape)
        raise
    result = np.zeros(prod(shape), x.dtype)
    np.add.at(result, places.reshape(-1), x.reshape(-1))  # flat: ten times as fast as with an index for each axis
    return result.reshape(shape)


def find_along_axis(indices: Any, axis: int, shape: Shape) -> Any:
    """Where in the flat array of a shape the elements are that `indices` name along an axis.

    >>> find_along_axis(np.array([[2], [-1]]), 1, (2, 3))
    array([[2],
           [5]])
    """
    place_along_axis(np.shape(indices), axis, shape)
    place = axis % len(shape)
    result, step = wrap_indices(indices, shape[place]) * prod(shape[place + 1 :]), prod(shape)
    for other, length in enumerate(shape):
        if other == place:
            step //= max(length, 1)
            continue
        step //= max(length, 1)
        result = result + (np.arange(length) * step).reshape((-1,) + (1,) * (len(shape) - other - 1))
    return result


def wrap_indices(indices: Any, length: int) -> Any:
    """The indices counted from 0; those below 0 count from the end. Raises `IndexError` for what is outside.

    >>> wrap_indices(np.array([0, -1]), 3)
    array([0, 2])
    """
    indices = np.asarray(indices)
    if indices.size and not (-length <= indices.min() and indices.max() < length):
        found = indices[(indices < -length) | (indices >= length)].reshape(-1)[0]
        raise IndexError(f"index {found} is outside {-length} to {length - 1}")
    return np.where(indices < 0, indices + length, indices).astype(np.intp, copy=False)


def check_indices(indices: Any, length: int) -> Any:
    """The indices, if all are from 0 to below `length`. Raises `IndexError` otherwise."""
    wrong = (indices < 0) | (indices >= length)
    if np.any(wrong):
        found = np.asarray(indices)[wrong].reshape(-1)[0]
        raise IndexError(f"index {found} is outside 0 to {length - 1}")
    return indices


def _getitem(x: Any, *, key: Any) -> Any:
    x, index = np.asarray(x), read_key(key)
    try:
        return x[index]
    except IndexError:
        index_shape(x.shape, key)
        raise


def _where(condition: Any, x: Any, y: Any) -> Any:
    """NumPy's, but a condition that is a Python bool costs nothing if a number is what is not taken."""
    if condition is True or condition is False:
        taken, other = (x, y) if condition else (y, x)
        if type(other) in (int, float) and isinstance(taken, np.ndarray):
            return taken
    like = isinstance(x, np.ndarray) and x.dtype in BITS and getattr(condition, "shape", None) == x.shape
    if like and type(y) is float and y != y:
        return take_or_nan(condition, x)
    return np.where(condition, _bound(x, y), _bound(y, x))


def _bound(item: Any, other: Any) -> Any:
    """A Python integer in the integer type of what it meets: `np.where` would cut one that does not fit to size."""
    dtype = getattr(other, "dtype", None)
    return dtype.type(item) if type(item) is int and dtype is not None and dtype.kind in "iu" else item


def _astype(x: Any, *, dtype: str) -> Any:
    return np.asarray(x).astype(dtype, copy=False)


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    **CHECKED,
    "astype": _astype,
    "getitem": _getitem,
    "identity": lambda x: x,
    "pow": _pow,
    "where": _where,
    # helpers of rules
    "cast_like": cast_like,
    "check_indices": check_indices,
    "keep": keep,
    "put_add": put_add,
    "put_add_along_axis": put_add_along_axis,
    "put_items": put_items,
    "size": size,
}
