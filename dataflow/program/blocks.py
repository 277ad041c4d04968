"""A pass over the rows: its blocks, the workers that run them, and what the blocks add up to.

Blocks follow from shapes alone. They are put into at most 16 chunks; a chunk's parts are put together in the order of
its blocks, and the chunks in theirs: who runs a chunk, and when, changes no bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.axes import count_per_row
from dataflow.program.failures import ProgramError
from dataflow.program.schedule import Pass, count_row, find_block_length, find_widest
from dataflow.program.summaries import Summary

if TYPE_CHECKING:
    from dataflow.program.binding import Binder, Bound, Slots

Array = np.ndarray[Any, Any]
MAX_CHUNKS = 16

COMBINE: Mapping[str, Any] = MappingProxyType({
    "add": np.add, "multiply": np.multiply, "maximum": np.maximum, "minimum": np.minimum,
    "logical_and": np.logical_and, "logical_or": np.logical_or,
})  # fmt: skip


class Chunk(NamedTuple):
    """Some blocks one after the other: rows from `start` to `stop`."""

    start: int
    stop: int


def cut_chunks(rows: int, length: int) -> list[Chunk]:
    """The rows in at most 16 chunks of whole blocks; the last block may be shorter, and is empty if there are no rows.

    >>> cut_chunks(10, 4), cut_chunks(0, 4)
    ([Chunk(start=0, stop=4), Chunk(start=4, stop=8), Chunk(start=8, stop=10)], [Chunk(start=0, stop=0)])
    """
    blocks = max(1, -(-rows // length))
    count = min(blocks, MAX_CHUNKS)
    edges = [index * blocks // count * length for index in range(count)] + [rows]
    return [Chunk(start, stop) for start, stop in pairwise(edges)]


class Frame:
    """One list of values on which the calls of a pass run, for blocks of one length; for one worker at a time."""

    def __init__(self, bound: Bound, slots: Slots) -> None:
        self.bound = bound
        self.slots = slots
        self.values: list[Any] = []

    def fill(self, values: Sequence[Any]) -> None:
        """Take over the values that all blocks share."""
        self.values[:] = values
        self.values += self.slots.values[len(values) :]
        for slot, value in self.bound.filled.items():
            self.values[slot] = value


def run_calls(bound: Bound, values: list[Any]) -> None:
    """Run calls on a list of values."""
    for function, operands, out, dead in bound.calls:
        values[out] = function(*[values[slot] for slot in operands])
        for slot in dead:
            values[slot] = None


def run_checked(bound: Bound, values: list[Any]) -> None:
    """Run calls, and see that every value has the type that it was planned with. Raises `ProgramError`."""
    expected = {slot: (dtype, shape) for slot, dtype, shape in bound.checks}
    for function, operands, out, dead in bound.calls:
        value = values[out] = function(*[values[slot] for slot in operands])
        if out in expected:
            found = (getattr(getattr(value, "dtype", None), "name", type(value).__name__), np.shape(value))
            if found != expected[out]:
                raise ProgramError(f"came out as {found}, not as {expected[out]}")
        for slot in dead:
            values[slot] = None


class BlockPass:
    """A pass bound to arrays. `targets` are the slots of the arrays that rows are written to, by value."""

    def __init__(self, binder: Binder, plan: Pass, stage: int, rows: int) -> None:
        self.binder = binder
        self.stage = stage
        self.plan = plan
        self.rows = rows
        lowered = binder.lowered
        self.moving = {node.op for node in lowered.nodes.values() if binder.operators[node.op].moves}
        self.length = find_block_length(*find_widest(lowered, plan, self.moving))
        self.chunks = cut_chunks(rows, self.length)
        slots = binder.slots
        self.targets = {name: slots.add() for name in plan.stored}
        self.read = [(slots.by_name[name], *self._stand(name), name) for name in plan.read]
        self.count_done: Callable[[int], None] = _ignore
        self.written = [(name, self.targets[name], *self._stand(name)) for name in plan.stored]
        self.sums = [(slots.by_name[name], COMBINE[by]) for name, by in plan.sums.items()]
        self.watched = [(name, slots.by_name[name]) for name in plan.watched]
        self._frames: dict[int, list[Frame]] = {}
        self._lock = Lock()
        self._checked: set[int] = set()

    def _stand(self, name: str) -> tuple[int, int]:
        """The axis at which a value's rows stand, and how many elements along it belong to each."""
        place = self.binder.lowered.places[name]
        return place, count_per_row(self.binder.lowered.types[name].shape[place]) or 1

    def run_chunk(self, chunk: Chunk, values: Sequence[Any], stored: Mapping[str, Array], base: int = 0) -> list[Any]:
        """The parts of the sums that a chunk gives, and summaries; rows are written to the arrays in `stored`.

        A given value may be a source of rows in place of an array. The arrays in `stored` begin at row `base`.
        """
        with (
            np.errstate(all="ignore"),
            Readers(self.read, values, chunk) as readers,
        ):  # a thread has settings of its own
            return self._run_chunk(chunk, values, stored, readers, base)

    def _run_chunk(
        self, chunk: Chunk, values: Sequence[Any], stored: Mapping[str, Array], readers: Readers, base: int
    ) -> list[Any]:
        totals: list[Any] = [None] * (len(self.sums) + len(self.watched))
        frames: dict[int, Frame] = {}
        for start in range(chunk.start, max(chunk.stop, 1), self.length):
            stop = min(start + self.length, chunk.stop)
            frame = frames.get(stop - start)
            if frame is None:
                frame = frames[stop - start] = self._take_frame(stop - start)
                frame.fill(values)
            readers.put(frame.values, start, stop)
            for name, slot, place, each in self.written:
                frame.values[slot] = cut(stored[name], place, (start - base) * each, (stop - base) * each)
            self._run_block(frame, stop - start)
            for index, part in enumerate(self._list_parts(frame)):
                totals[index] = part if totals[index] is None else self._join(index, totals[index], part)
            self.count_done(stop - start)
        for length, frame in frames.items():
            frame.values.clear()
            self._frames.setdefault(length, []).append(frame)
        return totals

    def _list_parts(self, frame: Frame) -> Iterator[Any]:
        yield from (frame.values[slot] for slot, _ in self.sums)
        yield from (Summary.of(frame.values[slot]) for _, slot in self.watched)

    def _join(self, index: int, first: Any, second: Any) -> Any:
        return self.sums[index][1](first, second) if index < len(self.sums) else first.join(second)

    def _run_block(self, frame: Frame, length: int) -> None:
        if length in self._checked:
            run_calls(frame.bound, frame.values)
        else:
            run_checked(frame.bound, frame.values)
            self._checked.add(length)

    def _take_frame(self, length: int) -> Frame:
        free = self._frames.setdefault(length, [])
        try:
            return free.pop()
        except IndexError:
            kept = [*self.plan.stored, *self.plan.watched, *self.plan.sums]
            with self._lock:
                bound = self.binder.bind(self.plan.nodes, length, last=kept, targets=self.targets, fresh=self.plan.sums)
            return Frame(bound, self.binder.slots)

    def count_made(self) -> int:
        """How many elements the pass computes in all."""
        nodes = self.binder.lowered.nodes
        return self.rows * sum(self._count_rows(nodes[name].outputs or (name,)) for name in self._computed)

    def count_work(self) -> int:
        """How many elements its operations compute or read, whichever is more."""
        nodes = self.binder.lowered.nodes
        return self.rows * sum(
            max(self._count_rows(nodes[name].outputs or (name,)), self._count_rows(nodes[name].inputs))
            for name in self._computed
        )

    @property
    def _computed(self) -> list[str]:
        nodes = self.binder.lowered.nodes
        return [name for name in self.plan.nodes if nodes[name].op not in self.moving]

    def _count_rows(self, items: Sequence[Any]) -> int:
        """How many elements a row of some values has."""
        lowered = self.binder.lowered
        wide = [item for item in items if isinstance(item, str) and item in lowered.places]
        return sum(count_row(lowered.types[item], lowered.places[item]) for item in wide)

    def list_common(self) -> list[str]:
        """The values without rows that the blocks need, and do not make themselves."""
        lowered, own = self.binder.lowered, set(self.plan.nodes)
        needed = dict.fromkeys(item for name in self.plan.nodes for item in lowered.nodes[name].inputs)
        return [
            item
            for item in needed
            if isinstance(item, str)
            and item not in lowered.places
            and item not in own
            and item not in lowered.constants
        ]

    def combine(self, parts: Iterator[list[Any]]) -> tuple[dict[int, Any], dict[str, Summary]]:
        """The sums of all chunks, in their order, by slot, and the summaries by name."""
        totals: list[Any] = []
        for found in parts:
            pairs = enumerate(zip(totals, found, strict=True)) if totals else ()
            totals = [self._join(index, *pair) for index, pair in pairs] or found
        sums = {slot: total for (slot, _), total in zip(self.sums, totals, strict=False)}
        return sums, {name: total for (name, _), total in zip(self.watched, totals[len(self.sums) :], strict=False)}


class Readers:
    """Puts the rows of given values into a list of values, block by block: slices of arrays, or what a source reads."""

    def __init__(self, read: Sequence[tuple[int, int, int, str]], values: Sequence[Any], chunk: Chunk) -> None:
        self._arrays = [
            (slot, place, each, values[slot]) for slot, place, each, _ in read if not hasattr(values[slot], "open")
        ]
        self._slots: dict[int, list[tuple[int, str]]] = {}
        self._sources: dict[int, Any] = {}
        for slot, _, _, name in read:
            if hasattr(values[slot], "open"):
                self._sources[id(values[slot])] = values[slot]
                self._slots.setdefault(id(values[slot]), []).append((slot, name))
        self._chunk = chunk
        self._opened: dict[int, Any] = {}

    def __enter__(self) -> Readers:
        for key, source in self._sources.items():
            self._opened[key] = source.open(self._chunk.start)
        return self

    def __exit__(self, *_: object) -> None:
        for reader in self._opened.values():
            reader.close()

    def put(self, values: list[Any], start: int, stop: int) -> None:
        """The rows from `start` to `stop`; blocks come one after the other."""
        for slot, place, each, array in self._arrays:
            values[slot] = cut(array, place, start * each, stop * each)
        for key, reader in self._opened.items():
            found = reader.read(stop - start)
            for slot, name in self._slots[key]:
                values[slot] = found[name]


def cut(array: Any, place: int, start: int, stop: int) -> Any:
    """Some of an array along an axis, without a copy."""
    return array[start:stop] if place == 0 else array[(slice(None),) * place + (slice(start, stop),)]


def _ignore(rows: int) -> None:
    """What is done with the number of rows that are done, if nobody asks."""
