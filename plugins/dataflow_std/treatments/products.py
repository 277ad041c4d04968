"""How products of matrices and tensors treat an axis."""

from __future__ import annotations

from typing import Any

from dataflow.axes import Maps, Places, Reduces, Shapes, Treatment, map_elementwise
from dataflow_std.subscripts import read_equation


def matmul(places: Places, shapes: Shapes) -> Treatment:
    """Rows of the first factor and columns of the second map; the axis that is summed over reduces."""
    (first, second), (x, y) = (len(shapes[0]), len(shapes[1])), places
    if x == first - 1 or y == max(second - 2, 0):
        return Reduces("add") if x == first - 1 and y == max(second - 2, 0) else None
    batch = max(first - 2, second - 2, 0)
    if x == first - 2 or y == second - 1:
        alone = x is None or y is None
        place = batch if x == first - 2 else batch + (first > 1)
        return Maps.at(place) if alone else None
    found = map_elementwise(places, [shape[:-2] for shape in shapes])
    return Maps.at(found.places[0] + batch - max(first - 2, second - 2)) if isinstance(found, Maps) else None


def vecdot(places: Places, shapes: Shapes, *, axis: int) -> Treatment:
    """The axis that is summed over reduces, others map as those of a product of elements."""
    at = [axis % len(shape) for shape in shapes]
    if places[0] == at[0] or places[1] == at[1]:
        return Reduces("add") if places[0] == at[0] and places[1] == at[1] else None
    found = map_elementwise(places, shapes)
    if not isinstance(found, Maps):
        return None
    place = found.places[0]
    return Maps.at(place - (axis % max(map(len, shapes)) < place))


def tensordot(places: Places, shapes: Shapes, *, axes: Any) -> Treatment:
    """Axes that are summed over in pairs reduce, the others map."""
    (first, second), (x, y) = (len(shapes[0]), len(shapes[1])), places
    if isinstance(axes, int):
        pairs = [(first - axes + index, index) for index in range(axes)]
    else:
        pairs = [(one % first, other % second) for one, other in zip(axes[0], axes[1], strict=True)]
    if any((x == one) != (y == other) for one, other in pairs):
        return None
    if any(x == one for one, _ in pairs):
        return Reduces("add")
    if x is not None and y is not None:
        return None
    if x is not None:
        return Maps.at(x - sum(one < x for one, _ in pairs))
    assert y is not None
    return Maps.at(first - len(pairs) + y - sum(other < y for _, other in pairs))


def einsum(places: Places, shapes: Shapes, *, equation: str) -> Treatment:
    """One letter has the rows: in the output it maps, else it is summed over. It is in every input that has it."""
    try:
        read = read_equation(equation, tuple(map(tuple, shapes)))
    except ValueError:  # a letter that has the rows in one input and a number in another
        return None
    letters = {term[place] for term, place in zip(read.terms, places, strict=True) if place is not None}
    if len(letters) != 1:
        return None
    (letter,) = letters
    for term, place in zip(read.terms, places, strict=True):
        if term.count(letter) != (place is not None):
            return None
    return Maps.at(read.output.index(letter)) if letter in read.output else Reduces("add")
