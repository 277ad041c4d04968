"""Shapes of what puts elements in places."""

from __future__ import annotations

from typing import Any

from dataflow.arrays.index_checks import (
    check_named,
    check_put_add,
    check_put_items,
    place_along_axis,
    put_add_along_axis_shape,
)
from dataflow.arrays.shape_checks import check_fills, check_lengths
from dataflow.shapes import OpenShape, Shape, is_surely_less, match_shapes, match_sizes, show_shape
from dataflow.sizes import Length
from dataflow_std.shapes.indexing import check_mask


def scatter(x: Shape, indices: Shape, updates: Shape, *, axis: int) -> Shape:
    """The shape of x."""
    find_places(x, indices, updates, axis)
    return x


def find_places(x: Shape, indices: Shape, updates: Shape, axis: int) -> Shape:
    """The shape of the places in x that indices name. Raises `ValueError` if these or the updates do not fit."""
    places = place_along_axis(indices, axis, x)
    for other, (length, number) in enumerate(zip(x, indices, strict=True)):
        if other != axis % len(x) and number != 1 and number != length:
            match_sizes(number, length, f"axis {other} of the indices has {number} elements, not 1 or {length}")
    if updates:
        listed = f"the updates have the shape {show_shape(updates)}, and the indices {show_shape(places)}"
        check_fills(updates, places, listed)
    return places


def segment_sum(x: Shape, segments: Shape, *, num_segments: int) -> Shape:
    """The number of segments in place of the first axis."""
    if is_surely_less(num_segments, 0):
        raise ValueError(f"the number of segments is at least 0, not {num_segments}")
    if not x or segments != x[:1]:
        listed = f"not the shape {show_shape(segments)}" + ("" if x else ", and x is one number")
        message = f"segments hold one integer for each element along the first axis of x, {listed}"
        match_shapes(x[:1], segments, message)
        raise ValueError(message)
    check_named(num_segments, "segments", segments)
    return (num_segments, *x[1:])


def put_items(x: Shape, *, key: Any, shape: Shape) -> Shape:
    """The shape that is asked for."""
    check_put_items(x, key, shape)
    return tuple(shape)


def put_masked(x: Shape, mask: Shape, *, axis: int, shape: Shape) -> Shape:
    """The shape that is asked for."""
    check_lengths(shape)
    first = check_mask(mask, axis, shape)
    count: Length | None = x[first] if first < len(x) else None
    taken: OpenShape = (*shape[:first], count, *shape[first + len(mask) :])
    if x != taken:
        check_taken(x, taken)
    return tuple(shape)


def check_taken(x: Shape, taken: OpenShape) -> None:
    """Raise `ValueError` if x does not have the shape of what a mask takes."""
    listed = show_shape(["?" if length is None else length for length in taken])
    match_shapes(x, taken, f"x has the shape {show_shape(x)}, and the mask takes {listed}")


def put_add(x: Shape, indices: Shape, *, axis: int | None, shape: Shape) -> Shape:
    """The shape that is asked for."""
    check_put_add(x, indices, axis, shape)
    return tuple(shape)


def put_add_along_axis(x: Shape, indices: Shape, *, axis: int, shape: Shape) -> Shape:
    """The shape that is asked for."""
    put_add_along_axis_shape(x, indices, axis, shape)
    return tuple(shape)
