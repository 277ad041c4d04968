"""What indexing gives and refuses, by shapes alone: for the functions of arrays, and before anything runs.

A slice is taken to begin and to end within a symbolic size: `x[2:]` has `rows - 2` elements.
"""

from __future__ import annotations

from types import EllipsisType
from typing import Any

from dataflow.arrays.shape_checks import check_axis_of_vector, check_fills, check_lengths, count_axes
from dataflow.shapes import (
    OpenShape,
    Shape,
    check_axes,
    count,
    find_shorter,
    is_surely_less,
    match_shapes,
    match_sizes,
    show_shape,
)
from dataflow.sizes import Length, UnknownSizeError

Item = Length | slice | EllipsisType | None


def read_key(key: Any) -> tuple[Item, ...]:
    """The index that Python understands, from integers, None, "..." and slices written "start:stop:step".

    >>> read_key((0, "1:", "...", None))
    (0, slice(1, None, None), Ellipsis, None)
    """
    items = key if isinstance(key, tuple) else (key,)
    return tuple([_read_item(item) if isinstance(item, str) else item for item in items])


def _read_item(text: str) -> slice | EllipsisType:
    if text == "...":
        return Ellipsis
    parts = text.split(":")
    try:
        found = slice(*[int(part) if part.strip() else None for part in parts]) if len(parts) in (2, 3) else None
    except ValueError:
        found = None
    if found is None:
        raise ValueError(f'"{text}" is no slice: write "start:stop" or "start:stop:step" with integers')
    if found.step == 0:
        raise ValueError(f'"{text}" is no slice: its step is 0')
    return found


def index_shape(x: Shape, key: Any) -> OpenShape:
    """The shape of x[key], a length None if it cannot be told. Raises `ValueError` for what x does not have.

    >>> index_shape((5, 3, 4), (-1, "...", None, "::2"))
    (3, 1, 2)
    """
    items = list(read_key(key))
    dots = [place for place, item in enumerate(items) if item is Ellipsis]
    if len(dots) > 1:
        raise ValueError('"..." may stand only once in a key')
    named = len([item for item in items if item is not None and item is not Ellipsis])
    if named > len(x):
        raise ValueError(f"the key names {count_axes(named)}, and the value has {len(x)}")
    place = dots[0] if dots else len(items)
    items[place : place + 1] = [slice(None)] * (len(x) - named)
    found: list[Length | None] = []
    axis = 0
    for item in items:
        if item is None:
            found.append(1)
            continue
        if isinstance(item, slice):
            found.append(measure_slice(item, x[axis]))
        else:
            _check_index(item, x[axis], axis)
        axis += 1
    return tuple(found)


def _check_index(index: Any, length: Length, axis: int) -> None:
    if is_surely_less(index, -length) or is_surely_less(length - 1, index):
        raise ValueError(f"index {index} is outside axis {axis}, which has {count(length, 'element')}")


def measure_slice(item: slice, length: Length) -> Length | None:
    """How many elements a slice takes of so many; None where only the data will tell.

    >>> measure_slice(slice(1, None, 2), 6), measure_slice(slice(None, None, -1), 6)
    (3, 6)
    """
    if isinstance(length, int):
        return len(range(*item.indices(length)))
    start, stop, step = item.start, item.stop, item.step or 1
    if step < 0:  # from behind the first is the last one, -1
        start, stop = (None if end is None else ~end for end in (start, stop))
    begin = _find_begin(start or 0, length)
    end = length if stop is None else length + stop if stop < 0 else find_shorter(stop, length)
    if begin is None or end is None:
        return None
    taken = end - begin
    try:
        if taken <= 0:
            return 0
    except UnknownSizeError:
        pass
    return taken if abs(step) == 1 else (taken + abs(step) - 1) // abs(step)


def _find_begin(start: int, length: Length) -> Length | None:
    if start >= 0:
        return start
    try:
        return length + start if length + start >= 0 else 0
    except UnknownSizeError:
        return None


def take_shape(x: Shape, indices: Shape, axis: int | None) -> Shape:
    """The shape of the parts of x at indices along an axis. Raises `ValueError` for an axis that is not there.

    >>> take_shape((5, 3), (2, 4), 0)
    (2, 4, 3)
    """
    check_axis_of_vector(axis, len(x))
    place = 0 if axis is None else axis % len(x)
    check_named(x[place], "elements along the axis", indices)
    return (*x[:place], *indices, *x[place + 1 :])


def take_along_axis_shape(x: Shape, indices: Shape, axis: int) -> Shape:
    """The shape of the indices, repeated along the other axes of x. Raises `ValueError` if they do not fit.

    >>> take_along_axis_shape((5, 3), (1, 2), 1)
    (5, 2)
    """
    check_axes(axis, len(x))
    if len(x) != len(indices):
        raise ValueError(f"x has {count(len(x), 'dimension')} and indices {len(indices)}: they need as many")
    found = _align(indices, axis % len(x), x)
    check_named(x[axis], "elements along the axis", found)
    return found


def place_along_axis(indices: Shape, axis: int, shape: Shape) -> Shape:
    """The shape of the places in a result that indices name along an axis. Raises `ValueError` if they do not fit."""
    check_lengths(shape)
    check_axes(axis, len(shape), "result")
    if len(indices) != len(shape):
        raise ValueError(f"the indices need as many dimensions as the result, {len(shape)}, not {len(indices)}")
    check_named(shape[axis], "elements along the axis", indices)
    return _align(indices, axis % len(shape), shape)


def check_named(number: Length, things: str, indices: Shape) -> None:
    """Raise `ValueError` if there are indices and nothing that they could name.

    >>> check_named(0, "classes", (2,))
    Traceback (most recent call last):
    ValueError: there are no classes for the indices to name
    """
    if number == 0 and 0 not in indices:
        raise ValueError(f"there are no {things} for the indices to name")


def _align(indices: Shape, place: int, shape: Shape) -> Shape:
    found = list(indices)
    for other, length in enumerate(shape):
        number = indices[other]
        if other == place or number == length or length == 1:
            continue
        if number != 1:
            match_sizes(number, length, f"axis {other} of the indices has {number} elements, not 1 or {length}")
        found[other] = length
    return tuple(found)


def put_add_along_axis_shape(x: Shape, indices: Shape, axis: int, shape: Shape) -> Shape:
    """The shape of the places among which x is shared out. Raises `ValueError` if it does not fill them."""
    places = place_along_axis(indices, axis, shape)
    check_fills(x, places, f"x has the shape {show_shape(x)}, and the indices {show_shape(places)}")
    return places


def check_put_add(x: Shape, indices: Shape, axis: int | None, shape: Shape) -> int:
    """The axis along which x is put into a shape. Raises `ValueError` if x is not what is taken of it.

    >>> check_put_add((2, 3), (2,), -2, (5, 3))
    0
    """
    check_lengths(shape)
    if axis is not None:
        check_axes(axis, len(shape), "result")
    elif len(shape) != 1:
        raise ValueError(f"axis may be left out for a vector only, not for the shape {show_shape(shape)}")
    place = 0 if axis is None else axis % len(shape)
    expected = (*shape[:place], *indices, *shape[place + 1 :])
    if x != expected:
        listed = f"x has the shape {show_shape(x)}; the indices and the shape ask for {show_shape(expected)}"
        match_shapes(x, expected, listed)
    check_named(shape[place], "elements along the axis", indices)
    return place


def check_put_items(x: Shape, key: Any, shape: Shape) -> None:
    """Raise `ValueError` if x does not have the shape of the place that a key names.

    >>> check_put_items((3,), ("1:4",), (5,))
    """
    check_lengths(shape)
    place = index_shape(shape, key)
    if x != place:
        listed = show_shape(["?" if length is None else length for length in place])
        match_shapes(x, place, f"the place that the key names has the shape {listed}, and x {show_shape(x)}")
