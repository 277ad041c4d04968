"""How indexing, taking and scattering treat an axis."""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType
from typing import Any

from dataflow.arrays.index_checks import read_key
from dataflow.axes import Maps, Places, Reduces, Shapes, Treatment, find_rows

Shape = Sequence[Any]
WHOLE = slice(None, None, None)


def _follow(key: Any, count: int) -> list[int | None]:
    """For each axis of the whole, the axis of the part that a key takes of it whole; None where it does not."""
    items = list(read_key(key))
    named = sum(item is not None and not isinstance(item, EllipsisType) for item in items)
    if not any(isinstance(item, EllipsisType) for item in items):
        items.append(...)
    found: list[int | None] = []
    after = 0
    for item in items:
        if item is None:
            after += 1
        elif isinstance(item, EllipsisType):
            found += range(after, after + count - named)
            after += count - named
        elif isinstance(item, slice):
            found.append(after if item == WHOLE else None)
            after += 1
        else:
            found.append(None)
    return found


def getitem(places: Places, shapes: Shapes, *, key: Any) -> Treatment:
    """A key that takes the axis whole."""
    if places[0] is None or (place := _follow(key, len(shapes[0]))[places[0]]) is None:
        return None
    return Maps.at(place)


def put_items(places: Places, shapes: Shapes, *, key: Any, shape: Shape) -> Treatment:
    """The adjoint of indexing with such a key."""
    after = find_rows(shape)
    if after is None or places[0] is None or _follow(key, len(shape))[after] != places[0]:
        return None
    return Maps.at(after)


def take(places: Places, shapes: Shapes, *, axis: int | None) -> Treatment:
    """Indices with rows take of a table without; or a table with rows is taken of along another axis."""
    x, indices = shapes
    at = 0 if axis is None else axis % len(x)
    if places[0] is None:
        return None if places[1] is None else Maps.at(at + places[1])
    if places[1] is not None or places[0] == at:
        return None
    return Maps.at(places[0] if places[0] < at else places[0] - 1 + len(indices))


def put_add(places: Places, shapes: Shapes, *, axis: int | None, shape: Shape) -> Treatment:
    """The adjoint of `take`: what indices with rows took is added up over them."""
    at = 0 if axis is None else axis % len(shape)
    x, indices = places
    if indices is not None:
        return Reduces("add") if x == at + indices and find_rows(shape) is None else None
    after = find_rows(shape)
    if x is None or after is None or after == at:
        return None
    return Maps.at(after) if x == (after if after < at else after - 1 + len(shapes[1])) else None


def take_along_axis(places: Places, shapes: Shapes, *, axis: int) -> Treatment:
    """Along another axis, of inputs that both have the rows."""
    place = places[0]
    return None if place is None or places[1] != place or axis % len(shapes[0]) == place else Maps.at(place)


def put_add_along_axis(places: Places, shapes: Shapes, *, axis: int, shape: Shape) -> Treatment:
    """The adjoint of `take_along_axis`."""
    place = places[0]
    fits = place is not None and places[1] == place and find_rows(shape) == place
    return Maps.at(place) if fits and place is not None and axis % len(shape) != place else None


def scatter(places: Places, shapes: Shapes, *, axis: int) -> Treatment:
    """Written or added along another axis, all inputs with the rows."""
    place = places[0]
    same = place is not None and all(item == place for item in places)
    return Maps.at(place) if same and place is not None and axis % len(shapes[0]) != place else None


def segment_sum(places: Places, shapes: Shapes, *, num_segments: int) -> Treatment:
    """Sums over the rows of each segment."""
    return Reduces("add") if places[0] == 0 and places[1] == 0 else None


def one_hot(places: Places, shapes: Shapes, **attributes: Any) -> Treatment:
    """A last axis more."""
    return None if places[0] is None else Maps.at(places[0])


def only_first(places: Places, shapes: Shapes, **attributes: Any) -> Treatment:
    """Of a function of each element of the first input, whose other inputs are tables."""
    return Maps.at(places[0]) if places[0] is not None and not any(place is not None for place in places[1:]) else None


def searchsorted(places: Places, shapes: Shapes, **attributes: Any) -> Treatment:
    """Each element of the second input is looked up in the first."""
    alone = places[1] is not None and all(place is None for place in (places[0], *places[2:]))
    return Maps.at(places[1]) if alone and places[1] is not None else None
