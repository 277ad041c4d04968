"""Shapes and dtypes before anything runs: what the shape rules of operators are written with.

A shape is a tuple of sizes, each an int or a `SymbolicSize`. These functions refuse, by `ValueError` and in the words
that the kernels use, what no values of these shapes can do. NumPy is not needed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from dataflow.sizes import Length, SymbolicSize, UnknownSizeError, product_of

Shape = tuple[Length, ...]
OpenShape = tuple[Length | None, ...]  # with None for a length that depends on values, or cannot be told
Axes = int | tuple[int, ...] | None

SIGNED = ("int64", "int32", "int16", "int8")
INTEGERS = (*SIGNED, "uint64", "uint32", "uint16", "uint8")
FLOATS = ("float64", "float32")


class ArrayType(NamedTuple):
    """dtype and shape of a value.

    >>> ArrayType("float64", (SymbolicSize.named("rows"), 3))
    float64[rows, 3]
    """

    dtype: str
    shape: Shape

    def __repr__(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]" if self.shape else self.dtype


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The shape that values of these shapes have together. Raises `ValueError` if they do not fit.

    A symbolic size beside a number other than 1, or beside another symbolic size, is refused by `UnknownSizeError`:
    they may turn out to be equal.

    >>> rows = SymbolicSize.named("rows")
    >>> broadcast_shapes((rows, 1), (3,), ())
    (rows, 3)
    >>> broadcast_shapes((2,), (3,))
    Traceback (most recent call last):
    ValueError: shapes [2] and [3] do not fit: sizes must be equal or 1, counted from the last axis
    """
    longest = max(shapes, key=len, default=())
    if all(shape == longest or not shape for shape in shapes):
        return longest
    result: list[Length] = list(longest)
    for shape in shapes:
        lead = len(result) - len(shape)
        for axis, length in enumerate(shape, lead):
            before = result[axis]
            if before == length or length == 1:
                continue
            if before != 1:
                listed = " and ".join(show_shape(item) for item in shapes)
                message = f"shapes {listed} do not fit: sizes must be equal or 1, counted from the last axis"
                match_sizes(before, length, message)
            result[axis] = length
    return tuple(result)


def check_axes(axis: Axes, ndim: int, what: str = "value") -> None:
    """Raise `ValueError` if an axis is out of range for so many dimensions, or named twice.

    >>> check_axes((0, -1), 2)
    >>> check_axes(1, 1)
    Traceback (most recent call last):
    ValueError: axis 1 is out of range for a value of 1 dimension
    """
    if axis is None or (type(axis) is int and -ndim <= axis < ndim):  # nearly always
        return
    axes = axis if isinstance(axis, tuple) else (axis,)
    for item in axes:
        if not -ndim <= item < ndim:
            raise ValueError(f"axis {item} is out of range for a {what} of {count(ndim, 'dimension')}")
    places = [item % ndim for item in axes]
    for place in places:
        if places.count(place) > 1:
            raise ValueError(f"axis {place} is named twice")


def count(number: Length, noun: str) -> str:
    """A number of things in words.

    >>> count(1, "axis"), count(3, "row")
    ('1 axis', '3 rows')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def list_axes(axis: Axes, ndim: int) -> tuple[int, ...]:
    """Axes as a tuple of numbers from 0; None stands for all. Raises `ValueError` for one that is not there.

    >>> list_axes(None, 2), list_axes(-1, 3), list_axes((0, -1), 3)
    ((0, 1), (2,), (0, 2))
    """
    if axis is None:
        return tuple(range(ndim))
    check_axes(axis, ndim)
    return tuple([item % ndim for item in (axis if isinstance(axis, tuple) else (axis,))])


def reduce_shape(shape: Shape, axis: Axes, keepdims: bool) -> Shape:
    """The shape of what a reduction over axes gives.

    >>> reduce_shape((2, 3, 4), (0, -1), False), reduce_shape((2, 3, 4), 1, True), reduce_shape((2, 3), None, False)
    ((3,), (2, 1, 4), ())
    """
    if axis is None:
        return (1,) * len(shape) if keepdims else ()
    axes = list_axes(axis, len(shape))
    if keepdims:
        return tuple([1 if place in axes else length for place, length in enumerate(shape)])
    return tuple([length for place, length in enumerate(shape) if place not in axes])


def shape_reduction(x: Shape, *, axis: Axes = None, keepdims: bool = False, **_: object) -> Shape:
    """The shape rule of reductions.

    >>> shape_reduction((2, 3), axis=0)
    (3,)
    """
    return reduce_shape(x, axis, keepdims)


def match_sizes(first: Length, second: Length, message: str) -> Length:
    """Two sizes that have to be equal: the one they are. Raises `ValueError` with the message if they are not.

    If one of them is symbolic it raises `UnknownSizeError`, which is one: they may turn out to be equal.

    >>> match_sizes(3, 3, "lengths differ")
    3
    """
    if first == second:
        return first
    if isinstance(first, int) and isinstance(second, int):
        raise ValueError(message)
    raise UnknownSizeError(message, (first, second))


def match_shapes(first: OpenShape, second: OpenShape, message: str) -> None:
    """Raise `ValueError` with the message if two shapes that have to be equal are not; a length of None fits any.

    As `match_sizes` it raises `UnknownSizeError` where they may turn out to be equal.

    >>> match_shapes((2, None), (2, 3), "shapes differ")
    >>> match_shapes((SymbolicSize.named("rows"), 2), (4, 3), "shapes differ")
    Traceback (most recent call last):
    ValueError: shapes differ
    """
    if first == second:
        return
    if len(first) != len(second):
        raise ValueError(message)
    unknown = []
    for one, other in zip(first, second, strict=True):
        if one == other or one is None or other is None:
            continue
        if not isinstance(one - other, SymbolicSize):
            raise ValueError(message)
        unknown.append((one, other))
    if unknown:
        raise UnknownSizeError(message, unknown[0])


def broadcast_or_refuse(first: Shape, second: Shape, message: str) -> Shape:
    """The shape of two that broadcast. Raises `ValueError` with the message if they do not fit.

    >>> broadcast_or_refuse((2, 1), (3,), "the axes do not broadcast")
    (2, 3)
    """
    try:
        return broadcast_shapes(first, second)
    except UnknownSizeError as error:
        raise UnknownSizeError(message, error.pair) from None
    except ValueError:
        raise ValueError(message) from None


def is_surely_less(first: Length, second: Length) -> bool:
    """Whether a size is less than another: False also where only the data will tell.

    >>> rows = SymbolicSize.named("rows")
    >>> is_surely_less(2, 3), is_surely_less(rows, rows + 1), is_surely_less(2, rows), is_surely_less(rows, 2)
    (True, True, False, False)
    """
    try:
        return first < second
    except UnknownSizeError:
        return False


def find_shorter(first: Length, second: Length) -> Length | None:
    """The smaller of two sizes, None where only the data will tell.

    >>> rows = SymbolicSize.named("rows")
    >>> find_shorter(3, 2), find_shorter(rows, rows + 1), find_shorter(rows, 1), find_shorter(rows, 3)
    (2, rows, 1, None)
    """
    for one, other in ((first, second), (second, first)):
        try:
            if one <= other:
                return one
        except UnknownSizeError:
            continue
    return None


def promote(*dtypes: str) -> str:
    """The dtype that values of these dtypes make together, as NumPy has it.

    >>> promote("float32", "float64"), promote("int8", "uint8"), promote("bool", "int32"), promote("float32", "int64")
    ('float64', 'int16', 'int32', 'float64')
    """
    result = dtypes[0]
    for dtype in dtypes[1:]:
        result = dtype if dtype == result else _promote_two(result, dtype)
    return result


def _promote_two(first: str, second: str) -> str:
    if "bool" in (first, second):
        return second if first == "bool" else first
    if first in FLOATS or second in FLOATS:
        if first in FLOATS and second in FLOATS:
            return "float64"
        floating, other = (first, second) if first in FLOATS else (second, first)
        return floating if floating == "float64" or other in ("int8", "int16", "uint8", "uint16") else "float64"
    signed, widths = [not item.startswith("u") for item in (first, second)], [_bits(first), _bits(second)]
    if signed[0] == signed[1]:
        return first if widths[0] >= widths[1] else second
    with_sign, without = (widths[0], widths[1]) if signed[0] else (widths[1], widths[0])
    if with_sign > without:
        return f"int{with_sign}"
    return "float64" if without == 64 else f"int{2 * without}"


def have_no_integer(dtypes: Collection[str]) -> bool:
    """Whether these integers have no common type, so that they are computed with as floats: uint64 beside signed ones.

    >>> have_no_integer(["uint64", "int8"]), have_no_integer(["uint64", "bool"])
    (True, False)
    """
    return "uint64" in dtypes and any(dtype in SIGNED for dtype in dtypes)


def _bits(dtype: str) -> int:
    return int(dtype.lstrip("uint"))


def count_elements(shape: Sequence[Length]) -> Length:
    """How many elements a shape has.

    >>> count_elements((2, SymbolicSize.named("rows")))
    2*rows
    """
    return product_of(shape)


def show_shape(shape: Sequence[Length | str]) -> str:
    """A shape as it is written in a graph.

    >>> show_shape((SymbolicSize.named("rows"), 3))
    '[rows, 3]'
    """
    return f"[{', '.join(map(str, shape))}]"
