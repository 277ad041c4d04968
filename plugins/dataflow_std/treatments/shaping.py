"""How operators that move elements treat an axis."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from dataflow.axes import (
    Maps,
    Places,
    Shapes,
    Treatment,
    find_rows,
    map_batch,
    map_elementwise,
    map_others,
    map_to_shape,
)
from dataflow.shapes import list_axes

Shape = Sequence[Any]

broadcast_to = map_to_shape
flip = roll = map_others()
tril = triu = map_batch(2)


def reshape(places: Places, shapes: Shapes, *, shape: Any) -> Treatment:
    """Rows stay together where as many elements stand before their axis as before."""
    lengths = list(shape) if isinstance(shape, tuple | list) else [shape]
    after = lengths.index(-1) if -1 in lengths else find_rows(lengths)
    place, before = places[0], shapes[0]
    if place is None or after is None:
        return None
    return Maps.at(after) if prod(before[:place]) == prod(lengths[:after]) else None


def broadcast_arrays(places: Places, shapes: Shapes) -> Treatment:
    """Every output has the rows that one of the inputs has."""
    found = map_elementwise(places, shapes)
    return Maps(found.places * len(shapes)) if isinstance(found, Maps) else None


def permute_dims(places: Places, shapes: Shapes, *, axes: Sequence[int]) -> Treatment:
    """The axis goes where the permutation takes it."""
    count = len(shapes[0])
    return None if places[0] is None else Maps.at([axis % count for axis in axes].index(places[0]))


def matrix_transpose(places: Places, shapes: Shapes) -> Treatment:
    """The last two axes change places."""
    place, count = places[0], len(shapes[0])
    if place is None:
        return None
    return Maps.at(2 * count - 3 - place if place >= count - 2 else place)


def moveaxis(places: Places, shapes: Shapes, *, source: Any, destination: Any) -> Treatment:
    """The axes that are not moved fill the places that are left."""
    count = len(shapes[0])
    sources, destinations = (
        [axis % count for axis in (item if isinstance(item, tuple) else (item,))] for item in (source, destination)
    )
    order: list[int | None] = [None] * count
    for axis, target in zip(sources, destinations, strict=True):
        order[target] = axis
    rest = iter(axis for axis in range(count) if axis not in sources)
    filled = [next(rest) if axis is None else axis for axis in order]
    return None if places[0] is None else Maps.at(filled.index(places[0]))


def expand_dims(places: Places, shapes: Shapes, *, axis: Any) -> Treatment:
    """The new axes stand at the places that they name in the result."""
    new = list_axes(axis, len(shapes[0]) + (len(axis) if isinstance(axis, tuple) else 1))
    old = [place for place in range(len(shapes[0]) + len(new)) if place not in new]
    return None if places[0] is None else Maps.at(old[places[0]])


def squeeze(places: Places, shapes: Shapes, *, axis: Any) -> Treatment:
    """The axes of length 1 go."""
    gone = list_axes(axis, len(shapes[0]))
    return (
        None if places[0] is None or places[0] in gone else Maps.at(places[0] - sum(item < places[0] for item in gone))
    )


def _find_common(places: Places) -> int | None:
    """The axis at which the rows of all inputs stand."""
    return places[0] if places and all(place == places[0] for place in places) else None


def concat(places: Places, shapes: Shapes, *, axis: Any) -> Treatment:
    """Joined along another axis."""
    place = _find_common(places)
    return None if place is None or axis is None or axis % len(shapes[0]) == place else Maps.at(place)


def stack(places: Places, shapes: Shapes, *, axis: int) -> Treatment:
    """Put side by side along a new axis."""
    place = _find_common(places)
    return None if place is None else Maps.at(place + (axis % (len(shapes[0]) + 1) <= place))


def repeat(places: Places, shapes: Shapes, *, repeats: int, axis: int | None) -> Treatment:
    """Elements repeated along another axis."""
    place = places[0]
    return None if place is None or axis is None or axis % len(shapes[0]) == place else Maps.at(place)


def tile(places: Places, shapes: Shapes, *, repetitions: Sequence[int]) -> Treatment:
    """The whole repeated, but not along the axis."""
    place, count = places[0], len(shapes[0])
    if place is None:
        return None
    at = place - count
    if len(repetitions) >= -at and repetitions[at] != 1:
        return None
    return Maps.at(place + max(0, len(repetitions) - count))


def pad(places: Places, shapes: Shapes, *, pad_width: Any, **attributes: Any) -> Treatment:
    """Padded along other axes."""
    place = places[0]
    listed = isinstance(pad_width, tuple) and len(pad_width) == len(shapes[0])
    if place is None or not listed or pad_width[place] != (0, 0):
        return None
    return Maps.at(place)


def diagonal(places: Places, shapes: Shapes, *, offset: int) -> Treatment:
    """The diagonals of the last two axes."""
    place = places[0]
    return Maps.at(place) if place is not None and place < len(shapes[0]) - 2 else None


def put_diagonal(places: Places, shapes: Shapes, *, offset: int, shape: Shape) -> Treatment:
    """Diagonals put into matrices."""
    place = places[0]
    return Maps.at(place) if place is not None and place < len(shapes[0]) - 1 and find_rows(shape) == place else None


def unfold(places: Places, shapes: Shapes, *, axis: int, **attributes: Any) -> Treatment:
    """Windows along another axis become a last axis."""
    place = places[0]
    return None if place is None or axis % len(shapes[0]) == place else Maps.at(place)


def overlap_add(places: Places, shapes: Shapes, *, axis: int, **attributes: Any) -> Treatment:
    """The adjoint of `unfold`: the last axis goes."""
    place, count = places[0], len(shapes[0]) - 1
    return None if place is None or place >= count or axis % count == place else Maps.at(place)
