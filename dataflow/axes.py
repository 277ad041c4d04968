"""How an operator treats an axis of its inputs: maps along it, reduces it, or mixes it.

A graph is swept in blocks of rows where every operator on the way maps along the rows or reduces them. What an operator
does is stated by its rule ``axes(places, shapes, **attributes)``:

* ``places`` has for each input the axis at which the rows stand, None for an input that has none (and for one that is
  not given);
* ``shapes`` has the shapes of the inputs, () for a number; the length of the axis of the rows is a `SymbolicSize`, in
  shapes as in attributes, and all others are ints. Where no input has rows, an attribute mentions them;
* the rule gives `Maps`, `Reduces`, or None where the operator mixes rows. It may raise nothing.

An operator without such a rule maps if it is elementwise, and else mixes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from dataflow.sizes import SymbolicSize

Places = Sequence[int | None]
Shapes = Sequence[Sequence[Any]]


class Maps(NamedTuple):
    """Every part along the axis of an output is made of the same part of the inputs, at `places`, one for each output.

    >>> Maps.at(0)
    Maps(places=(0,))
    """

    places: tuple[int, ...]

    @classmethod
    def at(cls, place: int) -> Maps:
        """Of one output."""
        return cls((place,))


class Reduces(NamedTuple):
    """What is made of parts of the inputs one after the other gives the whole, put together by an operator of two.

    `by` is "add", "multiply", "maximum", "minimum", "logical_and" or "logical_or".
    """

    by: str


Treatment = Maps | Reduces | None
AxesRule = Callable[..., Treatment]


def map_elementwise(places: Places, shapes: Shapes, **attributes: Any) -> Treatment:
    """Of inputs that broadcast against each other: their rows have to stand on the same axis, counted from the last.

    >>> map_elementwise((0, None), ((8, 3), (3,))), map_elementwise((0, 0), ((8, 3), (8,)))
    (Maps(places=(0,)), None)
    """
    depths = [len(shape) - place for place, shape in zip(places, shapes, strict=True) if place is not None]
    axes = max(map(len, shapes), default=0)
    if len(set(depths)) != 1:
        return None
    place = axes - depths[0]
    for found, shape in zip(places, shapes, strict=True):
        at = place - (axes - len(shape))
        if found is None and at >= 0 and shape[at] != 1:
            return None
    return Maps.at(place)


def find_rows(shape: Sequence[Any]) -> int | None:
    """The axis of a shape whose length is a symbolic size; None if there is none, or several.

    >>> find_rows((3, SymbolicSize.named("rows"))), find_rows((3, 4))
    (1, None)
    """
    found = [place for place, length in enumerate(shape) if isinstance(length, SymbolicSize)]
    return found[0] if len(found) == 1 else None


def read_attributes(attributes: Mapping[str, Any]) -> bool:
    """Whether attributes mention a symbolic size.

    >>> read_attributes({"shape": (SymbolicSize.named("rows"), 3)})
    True
    """
    return any(_mentions(item) for item in attributes.values())


def _mentions(item: Any) -> bool:
    return isinstance(item, SymbolicSize) or (isinstance(item, tuple) and any(map(_mentions, item)))
