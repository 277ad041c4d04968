"""How layers treat an axis: examples stand along the first one."""

from __future__ import annotations

from typing import Any

from dataflow.axes import Maps, Places, Reduces, Shapes, Treatment, find_rows
from dataflow.shapes import list_axes


def linear(places: Places, shapes: Shapes) -> Treatment:
    """Every row of x is multiplied on its own."""
    alone = places[0] is not None and places[0] != len(shapes[0]) - 1
    others = any(place is not None for place in places[1:])
    return Maps.at(places[0]) if alone and not others and places[0] is not None else None


def normalize(places: Places, shapes: Shapes, *, axis: Any, **attributes: Any) -> Treatment:
    """Groups along other axes, weight and bias the same for all rows."""
    place = places[0]
    if place is None or any(item is not None for item in places[1:]):
        return None
    depth = len(shapes[0]) - place
    if any(len(shape) >= depth and shape[-depth] != 1 for shape in shapes[1:]):
        return None
    return None if place in list_axes(axis, len(shapes[0])) else Maps.at(place)


def attend(places: Places, shapes: Shapes, **attributes: Any) -> Treatment:
    """Sequences along the first axis, each on its own; a mask may be the same for all of them."""
    return Maps.at(0) if _are_sequences(places, shapes, 3) else None


def attend_back(places: Places, shapes: Shapes, **attributes: Any) -> Treatment:
    """The same for the three gradients."""
    return Maps((0, 0, 0)) if _are_sequences(places, shapes, 4) else None


def _are_sequences(places: Places, shapes: Shapes, count: int) -> bool:
    ranks = {len(shape) for shape in shapes[:count]}
    if len(ranks) != 1 or min(ranks) < 3 or any(place != 0 for place in places[:count]):
        return False
    rest = list(zip(places[count:], shapes[count:], strict=True))
    return all(place == 0 if len(shape) == max(ranks) and shape[0] != 1 else place is None for place, shape in rest)


def convolve_weight(places: Places, shapes: Shapes, *, shape: Any, **attributes: Any) -> Treatment:
    """What the examples say about the weight is added up."""
    return Reduces("add") if places[0] == 0 and places[1] == 0 and find_rows(shape) is None else None
