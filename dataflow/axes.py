"""How an operator treats an axis of its inputs: maps along it, reduces it, or mixes it.

A graph is swept in blocks of rows where every operator on the way maps along the rows or reduces them. What an operator
does is stated by its rule ``axes(places, shapes, **attributes)``:

* ``places`` has for each input the axis at which the rows stand, None for an input that has none (and for one that is
  not given);
* ``shapes`` has the shapes of the inputs, () for a number; the length of the axis of the rows is a `SymbolicSize`, in
  shapes as in attributes, and all others are ints. Where no input has rows, an attribute mentions them;
* the rule gives `Maps`, `Reduces`, or None where the operator mixes rows. It may raise nothing.

Rules are made when operators are, and asked long after: what they need is imported then.

An operator without such a rule maps if it is elementwise, and else mixes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

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


def map_each(places: Places, shapes: Shapes, **attributes: Any) -> Treatment:
    """Of what keeps the shape of its one input, whatever the axis.

    >>> map_each((1,), ((3, 8),))
    Maps(places=(1,))
    """
    return Maps.at(places[0]) if places[0] is not None else None


def reduces(by: str | None) -> AxesRule:
    """The rule of a reduction over `axis` (one, several, None for all) of its first input.

    `by` puts the parts of blocks together; None: nothing does.

    >>> rule = reduces("add")
    >>> rule((0,), ((8, 3),), axis=None, keepdims=False), rule((1,), ((3, 8),), axis=0, keepdims=False)
    (Reduces(by='add'), Maps(places=(0,)))
    """

    def treat_reduction(
        places: Places, shapes: Shapes, *, axis: Any = None, keepdims: bool = False, **attributes: Any
    ) -> Treatment:
        place = places[0]
        if place is None:
            return None
        from dataflow.shapes import list_axes

        axes = list_axes(axis, len(shapes[0]))
        if place in axes:
            return None if by is None else Reduces(by)
        return Maps.at(place if keepdims else place - sum(item < place for item in axes))

    return treat_reduction


def map_others(outputs: int = 1) -> AxesRule:
    """The rule of what mixes elements along `axis` and keeps the shape of its inputs: maps along every other axis.

    >>> map_others()((0,), ((8, 3),), axis=-1), map_others()((0,), ((8, 3),), axis=None)
    (Maps(places=(0,)), None)
    """

    def treat_others(places: Places, shapes: Shapes, *, axis: Any = -1, **attributes: Any) -> Treatment:
        place = places[0]
        if place is None or any(item != place for item in places[1:]):
            return None
        from dataflow.shapes import list_axes

        return None if place in list_axes(axis, len(shapes[0])) else Maps((place,) * outputs)

    return treat_others


def map_batch(core: int, outputs: int = 1) -> AxesRule:
    """The rule of what works on the last `core` axes of its inputs, for each of the axes before them on its own.

    >>> map_batch(2)((0,), ((8, 3, 3),)), map_batch(2)((1,), ((3, 8),))
    (Maps(places=(0,)), None)
    """

    def treat_batch(places: Places, shapes: Shapes, **attributes: Any) -> Treatment:
        place = places[0]
        if place is None or any(item != place for item in places):
            return None
        if len(set(map(len, shapes))) != 1 or place >= len(shapes[0]) - core:
            return None
        return Maps((place,) * outputs)

    return treat_batch


def map_first(outputs: int = 1) -> AxesRule:
    """The rule of what treats each part along axis 0 of its first input on its own; further inputs are parameters.

    >>> map_first()((0, None), ((8, 3, 5, 5), (4, 3, 2, 2))), map_first()((0, 0), ((8, 3), (8, 3)))
    (Maps(places=(0,)), None)
    """

    def treat_first(places: Places, shapes: Shapes, **attributes: Any) -> Treatment:
        return Maps((0,) * outputs) if places[0] == 0 and not any(item is not None for item in places[1:]) else None

    return treat_first


def map_first_to_shape(places: Places, shapes: Shapes, *, shape: Sequence[Any], **attributes: Any) -> Treatment:
    """The same of what gives a `shape` whose first axis is that of its first input.

    >>> from dataflow.sizes import SymbolicSize
    >>> map_first_to_shape((0,), ((8, 3),), shape=(SymbolicSize.named("rows"), 6))
    Maps(places=(0,))
    """
    first = find_rows(shape) == 0 and places[0] == 0 and not any(item is not None for item in places[1:])
    return Maps.at(0) if first else None


def map_together(outputs: int = 1) -> AxesRule:
    """The rule of what treats each part along axis 0 of all its inputs on its own.

    >>> map_together()((0, 0), ((8, 3), (8, 3))), map_together()((0, None), ((8, 3), (4, 3)))
    (Maps(places=(0,)), None)
    """

    def treat_together(places: Places, shapes: Shapes, **attributes: Any) -> Treatment:
        return Maps((0,) * outputs) if places and all(item == 0 for item in places) else None

    return treat_together


def reduce_together(by: str) -> AxesRule:
    """The rule of what adds up over axis 0 of all its inputs.

    >>> reduce_together("add")((0, 0), ((8, 3), (8, 4)))
    Reduces(by='add')
    """

    def treat_together(places: Places, shapes: Shapes, **attributes: Any) -> Treatment:
        return Reduces(by) if places and all(item == 0 for item in places) else None

    return treat_together


def map_to_shape(places: Places, shapes: Shapes, *, shape: Sequence[Any], **attributes: Any) -> Treatment:
    """Of what is made in a shape that mentions the rows, of nothing or of what broadcasts to it.

    >>> from dataflow.sizes import SymbolicSize
    >>> rows = SymbolicSize.named("rows")
    >>> map_to_shape((), (), shape=(rows, 3)), map_to_shape((0,), ((rows, 1),), shape=(rows, 3))
    (Maps(places=(0,)), Maps(places=(0,)))
    """
    place = find_rows(shape)
    if place is None:
        return None
    for found, before in zip(places, shapes, strict=True):
        at = place - (len(shape) - len(before))
        if (found is not None and found != at) or (found is None and at >= 0 and before[at] != 1):
            return None
    return Maps.at(place)


def find_rows(shape: Sequence[Any]) -> int | None:
    """The axis of a shape whose length is a symbolic size; None if there is none, or several.

    >>> from dataflow.sizes import SymbolicSize
    >>> find_rows((3, SymbolicSize.named("rows"))), find_rows((3, 4))
    (1, None)
    """
    from dataflow.sizes import SymbolicSize

    found = [place for place, length in enumerate(shape) if isinstance(length, SymbolicSize)]
    return found[0] if len(found) == 1 else None


def count_per_row(length: Any) -> int | None:
    """How many elements along an axis belong to one row: `k` for a length of `k*rows`; None for any other length.

    >>> from dataflow.sizes import SymbolicSize
    >>> rows = SymbolicSize.named("rows")
    >>> count_per_row(rows), count_per_row(4 * rows), count_per_row(rows + 1)
    (1, 4, None)
    """
    from dataflow.sizes import SymbolicSize, substitute

    if not isinstance(length, SymbolicSize):
        return None
    found = substitute(length, {"rows": 1})
    return found if isinstance(found, int) and length == found * SymbolicSize.named("rows") else None


def read_attributes(attributes: Mapping[str, Any]) -> bool:
    """Whether attributes mention a symbolic size.

    >>> from dataflow.sizes import SymbolicSize
    >>> read_attributes({"shape": (SymbolicSize.named("rows"), 3)})
    True
    """
    return any(_mentions(item) for item in attributes.values())


def _mentions(item: Any) -> bool:
    from dataflow.sizes import SymbolicSize

    return isinstance(item, SymbolicSize) or (isinstance(item, tuple) and any(map(_mentions, item)))
