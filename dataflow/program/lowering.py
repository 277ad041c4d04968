"""From a tape to the nodes of a program: only what is needed, once each, and what mixes rows taken apart.

Of every value that has rows the axis at which they stand is noted, so that the program can be cut into blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.axes import Maps, Reduces, count_per_row, find_rows, read_attributes
from dataflow.graph import Node, owner_of
from dataflow.operators import treat
from dataflow.order import find_needed
from dataflow.shapes import ArrayType
from dataflow.sizes import SymbolicSize, names_in
from dataflow.tracing import Recorder, Symbol
from dataflow.tracing.recorder import convert_symbols

if TYPE_CHECKING:
    from dataflow.derivation.tape import Tape
    from dataflow.operators import Operator

ROWS = SymbolicSize.named("rows")


class Lowered(NamedTuple):
    """The nodes of a program, each after those it needs, and what is known of their values.

    given:      the values from outside that the program uses.
    outputs:    by label the name of a value, or a number.
    places:     by name the axis at which rows stand, for each value that has rows.
    reductions: by name the operator that puts the parts of blocks together, for each value that reduces rows.
    mixing:     the nodes that have rows and cannot be cut into blocks: these run whole.
    labels:     by name a node of the graph that it stands for, or belongs to.
    """

    nodes: Mapping[str, Node]
    types: Mapping[str, ArrayType]
    constants: Mapping[str, Any]
    given: tuple[str, ...]
    outputs: Mapping[Any, Any]
    places: Mapping[str, int]
    reductions: Mapping[str, str]
    mixing: tuple[str, ...]
    labels: Mapping[str, str]


def lower(tape: Tape, outputs: Mapping[Any, Any]) -> Lowered:
    """The program that computes some values of a tape, by label symbols of it or numbers."""
    recorder = RowRecorder(tape.operators, tape.graph.dtype)
    old = tape.recorder
    makers = {out: name for name, node in old.nodes.items() for out in node.outputs}
    roots = [item.name for item in outputs.values() if isinstance(item, Symbol)]
    needed = find_needed(old.nodes, list(old.nodes), makers, roots)
    found: dict[Any, Any] = {}
    given = [name for name in old.types if name in needed and name not in old.nodes]
    for name in given:
        found[name] = recorder.give_rows(name, old.types[name])
    constants = {name: array for name, array in old.constants.items() if name in needed}
    for name, node in old.nodes.items():
        if name in needed:
            recorder.label = owner_of(name) if name[0] != "%" else recorder.label
            operands = [found[item] if item.__class__ is str else item for item in node.inputs]
            made = recorder.note(tape.operators[node.op], operands, node.attributes)
            found |= zip(node.outputs, made, strict=True) if node.outputs else [(name, made)]
    labelled = {
        label: recorder.name_of(found[item.name] if isinstance(item, Symbol) else item)
        for label, item in outputs.items()
    }
    return _keep_needed(recorder, tuple(name for name in given if name not in constants), constants, labelled)


def _keep_needed(
    recorder: RowRecorder, given: tuple[str, ...], constants: Mapping[str, Any], outputs: Mapping[Any, Any]
) -> Lowered:
    nodes = recorder.nodes
    makers = {out: name for name, node in nodes.items() for out in node.outputs}
    roots = [item for item in outputs.values() if isinstance(item, str)]
    needed = find_needed(nodes, list(nodes), makers, roots)
    kept = {name: node._replace(attributes=dict(node.attributes)) for name, node in nodes.items() if name in needed}
    return Lowered(
        kept, recorder.types, {**constants, **recorder.constants}, tuple(name for name in given if name in needed),
        outputs, recorder.places, recorder.reductions, tuple(name for name in recorder.mixing if name in kept),
        recorder.labels,
    )  # fmt: skip


class RowRecorder(Recorder):
    """A recorder that follows the rows. A composite is recorded as what it is composed of, so that its parts are shared
    and write to buffers; so is a primitive that mixes rows, as far as that goes.
    """

    def __init__(self, operators: Mapping[str, Operator], default: str) -> None:
        super().__init__(operators, default)
        self.places: dict[str, int] = {}
        self.reductions: dict[str, str] = {}
        self.mixing: list[str] = []
        self.labels: dict[str, str] = {}
        self.label = ""

    def give_rows(self, name: str, type: ArrayType) -> Symbol:
        """A symbol for a value from outside, with its rows where its shape has them."""
        if (place := find_place(type)) is not None:
            self.places[name] = place
        return self.give(name, type)

    def check_indices(self, indices: Any, length: Any) -> Any:
        """The indices, negative ones replaced by one that is out of range for what takes them too."""
        whole = indices if indices.type.dtype == "int64" else self.astype(indices, dtype="int64")
        return self.where(whole < 0, length, whole)

    def _make(self, operator: Operator, inputs: tuple[Any, ...], filled: Mapping[str, Any]) -> tuple[Symbol, ...]:
        if operator.kernels is None and (parts := self._follow_composite(operator, inputs, filled)) is not None:
            return parts
        places = [self.places.get(item) if isinstance(item, str) else None for item in inputs]
        if all(place is None for place in places) and not (filled and read_attributes(filled)):
            return self._note_made(super()._make(operator, inputs, filled))
        shapes = [self.types[item].shape if isinstance(item, str) else () for item in inputs]
        treatment = treat(operator, places, shapes, filled)
        if treatment is None and operator.composition is not None:
            return self._compose(operator.composition, operator, inputs, filled)
        made = self._note_made(super()._make(operator, inputs, filled))
        self._note_rows(made, treatment)
        return made

    def _note_made(self, made: tuple[Symbol, ...]) -> tuple[Symbol, ...]:
        for item in made:
            self.labels[item.name] = self.label
        return made

    def _follow_composite(
        self, operator: Operator, inputs: Sequence[Any], filled: Mapping[str, Any]
    ) -> tuple[Symbol, ...] | None:
        """The parts of a composite, recorded in its place; None if its rule cannot be followed, or mixes rows."""
        before = len(self.mixing)
        try:
            parts = self._compose(operator.forward, operator, inputs, filled)
        except Exception:  # a rule that is no formula fails on symbols in its own way, and is one operation
            parts = None
        apart = parts is not None and len(self.mixing) == before
        return parts if apart or operator.axes is None else None

    def _compose(
        self, rule: Callable[..., Any], operator: Operator, inputs: Sequence[Any], filled: Mapping[str, Any]
    ) -> tuple[Symbol, ...]:
        """What a rule of the operator is composed of, recorded in its place."""
        operands = [self.symbol(item) if isinstance(item, str) else item for item in inputs]
        operands += [None] * (len(operator.inputs) - len(operands) if not operator.variadic else 0)
        found = rule(self, *convert_symbols(self, operator, operands), **filled)
        parts = found if isinstance(found, tuple | list) else (found,)
        return tuple([item if isinstance(item, Symbol) else self.copy(item) for item in parts])

    def _note_rows(self, made: tuple[Symbol, ...], treatment: Any) -> None:
        """Where the rows of what was made stand, if the statement of its operator fits the shapes that came out."""
        name, *_ = (item.name.partition(".")[0] for item in made)
        if isinstance(treatment, Reduces) and len(made) == 1 and not _has_rows(made[0]):
            self.reductions[name] = treatment.by
            return
        places = treatment.places if isinstance(treatment, Maps) else ()
        if len(places) == len(made) and all(map(_stands_at, made, places)):
            self.places.update((item.name, place) for item, place in zip(made, places, strict=True))
            return
        self.mixing.append(name)
        for item in made:
            if (place := find_place(item.type)) is not None:
                self.places[item.name] = place


def _has_rows(symbol: Symbol) -> bool:
    return any(isinstance(length, SymbolicSize) for length in symbol.type.shape)


def _stands_at(symbol: Symbol, place: int) -> bool:
    return find_place(symbol.type) == place


def find_place(type: ArrayType) -> int | None:
    """The axis at which rows stand: one whose length is their number, or so many times that.

    >>> find_place(ArrayType("float64", (3, 2 * ROWS))), find_place(ArrayType("float64", (ROWS, ROWS)))
    (1, None)
    """
    place = find_rows(type.shape)
    return None if place is None or count_per_row(type.shape[place]) is None else place


def mentions_rows(item: Any) -> bool:
    """Whether a size, or what a tuple of them holds, depends on the number of rows.

    >>> mentions_rows((3, 2 * ROWS)), mentions_rows(4)
    (True, False)
    """
    if isinstance(item, tuple):
        return any(map(mentions_rows, item))
    return isinstance(item, SymbolicSize) and "rows" in names_in(item)
