"""A pass over the rows: its blocks, the workers that run them, and what the blocks add up to.

Blocks follow from shapes alone. They are put into at most 16 chunks; a chunk's parts are put together in the order of
its blocks, and the chunks in theirs: who runs a chunk, and when, changes no bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.program.schedule import Pass, find_block_length, find_widest

if TYPE_CHECKING:
    from dataflow.program.binding import Binder, Bound, Slots

Array = np.ndarray[Any, Any]
MAX_CHUNKS = 16

COMBINE: Mapping[str, Any] = MappingProxyType({
    "add": np.add, "multiply": np.multiply, "maximum": np.maximum, "minimum": np.minimum,
    "logical_and": np.logical_and, "logical_or": np.logical_or,
})  # fmt: skip


class ProgramError(Exception):
    """A value did not come out as its type says: an operator states a type, or how it treats an axis, wrongly."""


class Chunk(NamedTuple):
    """Some blocks one after the other: rows from `start` to `stop`."""

    start: int
    stop: int


def cut_chunks(rows: int, length: int) -> list[Chunk]:
    """The rows in at most 16 chunks of whole blocks; the last block may be shorter.

    >>> cut_chunks(10, 4)
    [Chunk(start=0, stop=4), Chunk(start=4, stop=8), Chunk(start=8, stop=10)]
    """
    blocks = -(-rows // length)
    count = min(blocks, MAX_CHUNKS)
    edges = [index * blocks // count * length for index in range(count)] + [rows]
    return [Chunk(start, stop) for start, stop in zip(edges, edges[1:], strict=False)]


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

    def run(self) -> list[Any]:
        """Run the calls."""
        run_calls(self.bound, self.values)
        return self.values


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

    def __init__(self, binder: Binder, plan: Pass, rows: int) -> None:
        self.binder = binder
        self.plan = plan
        self.rows = rows
        lowered = binder.lowered
        widest = max(find_widest(lowered, plan.nodes), *[1, *map(self._width_of, plan.read)])
        self.length = find_block_length(widest)
        self.chunks = cut_chunks(rows, self.length)
        slots = binder.slots
        self.targets = {name: slots.add() for name in plan.stored}
        self.read = [(slots.by_name[name], lowered.places[name]) for name in plan.read]
        self.written = [(name, self.targets[name], lowered.places[name]) for name in plan.stored]
        self.sums = [(name, slots.by_name[name], COMBINE[by]) for name, by in plan.sums.items()]
        self._frames: dict[int, list[Frame]] = {}
        self._lock = Lock()
        self._checked: set[int] = set()

    def _width_of(self, name: str) -> int:
        type, place = self.binder.lowered.types[name], self.binder.lowered.places[name]
        return int(np.prod([length for axis, length in enumerate(type.shape) if axis != place], dtype=int))

    def run_chunk(self, chunk: Chunk, values: Sequence[Any], stored: Mapping[str, Array]) -> list[Any]:
        """The parts of the sums that a chunk gives; rows are written to the arrays in `stored`."""
        with np.errstate(all="ignore"):  # a thread has settings of its own
            return self._run_chunk(chunk, values, stored)

    def _run_chunk(self, chunk: Chunk, values: Sequence[Any], stored: Mapping[str, Array]) -> list[Any]:
        totals: list[Any] = [None] * len(self.sums)
        frames: dict[int, Frame] = {}
        for start in range(chunk.start, chunk.stop, self.length):
            stop = min(start + self.length, chunk.stop)
            frame = frames.get(stop - start)
            if frame is None:
                frame = frames[stop - start] = self._take_frame(stop - start)
                frame.fill(values)
            self._run_block(frame, values, stored, start, stop)
            for index, (_, slot, combine) in enumerate(self.sums):
                part = frame.values[slot]
                totals[index] = part if totals[index] is None else combine(totals[index], part)
        for length, frame in frames.items():
            frame.values.clear()
            self._frames.setdefault(length, []).append(frame)
        return totals

    def _run_block(
        self, frame: Frame, values: Sequence[Any], stored: Mapping[str, Array], start: int, stop: int
    ) -> None:
        for slot, place in self.read:
            frame.values[slot] = cut(values[slot], place, start, stop)
        for name, slot, place in self.written:
            frame.values[slot] = cut(stored[name], place, start, stop)
        if stop - start in self._checked:
            frame.run()
        else:
            run_checked(frame.bound, frame.values)
            self._checked.add(stop - start)

    def _take_frame(self, length: int) -> Frame:
        free = self._frames.setdefault(length, [])
        try:
            return free.pop()
        except IndexError:
            kept = [*self.plan.stored, *self.plan.sums]
            with self._lock:
                bound = self.binder.bind(self.plan.nodes, length, last=kept, targets=self.targets, fresh=self.plan.sums)
            return Frame(bound, self.binder.slots)

    def combine(self, parts: Iterator[list[Any]]) -> dict[int, Any]:
        """The sums of all chunks, in their order, by slot."""
        totals: list[Any] = [None] * len(self.sums)
        for found in parts:
            for index, (_, _, combine) in enumerate(self.sums):
                totals[index] = found[index] if totals[index] is None else combine(totals[index], found[index])
        return {slot: total for (_, slot, _), total in zip(self.sums, totals, strict=True)}


def cut(array: Any, place: int, start: int, stop: int) -> Any:
    """Some rows of an array, without a copy."""
    return array[start:stop] if place == 0 else array[(slice(None),) * place + (slice(start, stop),)]


RunChunks = Callable[[BlockPass, Sequence[Any], Mapping[str, Array]], Iterator[list[Any]]]
