"""Chunks through an executor of `concurrent.futures`: on other processes, or on other machines."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.program.blocks import Chunk, cut
from dataflow.program.processes import Recipe, describe_plugins, load_operators, make_recipe
from dataflow.program.running import Program
from dataflow.program.workers import make_in_one
from dataflow.sweeps.threads import single_threaded

if TYPE_CHECKING:
    from dataflow.program.blocks import Array, BlockPass
    from dataflow.registry import Operators

AHEAD = 4  # chunks that are handed out beyond the one that is waited for, where their rows go with them
Type = tuple[str, tuple[int, ...]]


class ChunkTask(NamedTuple):
    """A chunk of a pass, with all that another process needs: `recipe` as bytes, rows as arrays or sources by name."""

    recipe: bytes
    stage: int
    chunk: Chunk
    values: dict[str, Any]
    read: dict[str, Any]


class ChunkFound(NamedTuple):
    """What a chunk gave: its parts, and the rows of the values that are stored, by name."""

    parts: list[Any]
    rows: dict[str, Array]


class SlicedRows:
    """Rows of one array, from row `base` on, as a source of rows."""

    def __init__(self, name: str, array: Array, place: int, each: int, base: int) -> None:
        self.name, self.array, self.place, self.each, self.base = name, array, place, each, base

    def open(self, start: int) -> SlicedReader:
        """A reader of the rows from `start` on."""
        return SlicedReader(self, start - self.base)

    def close(self) -> None:
        """Nothing is kept."""


class SlicedReader:
    """Rows of an array, one block after the other."""

    def __init__(self, source: SlicedRows, row: int) -> None:
        self._source, self._row = source, row

    def read(self, count: int) -> dict[str, Array]:
        """The next rows."""
        source, start = self._source, self._row
        self._row += count
        return {source.name: cut(source.array, source.place, start * source.each, self._row * source.each)}

    def close(self) -> None:
        """Nothing is open."""


class ExecutorWorkers:
    """Runs chunks through an executor. What it loses is computed here; parts come in the order of the chunks."""

    def __init__(self, executor: Executor, recipe: Recipe) -> None:
        self._executor = executor
        self._recipe = pickle.dumps(recipe)

    def __repr__(self) -> str:
        return f"{type(self._executor).__name__}"

    def make_arrays(self, types: Mapping[str, Type]) -> dict[str, Array]:
        """Arrays for rows."""
        return make_in_one(types)

    def run(self, blocks: BlockPass, values: Sequence[Any], stored: Mapping[str, Array]) -> Iterator[list[Any]]:
        """The parts of every chunk."""
        slots = blocks.binder.slots.by_name
        common = {name: values[slots[name]] for name in blocks.list_common()}
        waiting: list[Future[ChunkFound] | None] = []
        handed = 0
        for index, chunk in enumerate(blocks.chunks):
            while handed < min(index + 1 + AHEAD, len(blocks.chunks)):
                waiting.append(self._submit(self._make_task(blocks, blocks.chunks[handed], values, common)))
                handed += 1
            yield self._receive(waiting[index], blocks, chunk, values, stored)
            waiting[index] = None

    def _make_task(self, blocks: BlockPass, chunk: Chunk, values: Sequence[Any], common: dict[str, Any]) -> ChunkTask:
        read: dict[str, Any] = {}
        for slot, place, each, name in blocks.read:
            item = values[slot]
            if not hasattr(item, "open"):
                part = np.ascontiguousarray(cut(item, place, chunk.start * each, chunk.stop * each))
                item = SlicedRows(name, part, place, each, chunk.start)
            read[name] = item
        return ChunkTask(self._recipe, blocks.stage, chunk, common, read)

    def _submit(self, task: ChunkTask) -> Future[ChunkFound] | None:
        try:
            return self._executor.submit(run_chunk_task, task)
        except RuntimeError:  # it is shut down, or broken
            return None

    def _receive(
        self, future: Future[ChunkFound] | None, blocks: BlockPass, chunk: Chunk, values: Sequence[Any],
        stored: Mapping[str, Array],
    ) -> list[Any]:  # fmt: skip
        found = None
        if future is not None:
            try:
                found = future.result()
            except Exception:  # the executor lost it, in its own way: what is wrong with the chunk itself is seen here
                found = None
        if found is None:
            return blocks.run_chunk(chunk, values, stored)
        for name, _, place, each in blocks.written:
            cut(stored[name], place, chunk.start * each, chunk.stop * each)[...] = found.rows[name]
        blocks.count_done(chunk.stop - chunk.start)
        return found.parts


def make_executor_workers(program: Program, operators: Operators, executor: Executor) -> ExecutorWorkers | None:
    """Workers for a program; None where other processes would not find its operators."""
    plugins = describe_plugins(operators, program.lowered)
    if plugins is None:
        return None
    return ExecutorWorkers(executor, make_recipe(program, plugins))


def make_program(recipe: bytes) -> Program:
    """The program of a recipe."""
    made: Recipe = pickle.loads(recipe)
    return Program(
        made.lowered, load_operators(made.plugins), made.default, made.rows, keep=made.keep, watched=made.watched,
        written=made.written,
    )  # fmt: skip


_find_program = lru_cache(maxsize=4)(make_program)  # a process is asked for many chunks of the same one


def run_chunk_task(task: ChunkTask) -> ChunkFound:
    """Run a chunk, wherever this is."""
    program = _find_program(task.recipe)
    blocks = program.passes[task.stage]
    slots = program.binder.slots
    values = list(slots.values)
    for name, value in (*task.values.items(), *task.read.items()):
        values[slots.by_name[name]] = value
    length = task.chunk.stop - task.chunk.start
    types: dict[str, Type] = {}
    for name, _, place, each in blocks.written:
        dtype, shape = program.lowered.types[name]
        types[name] = (dtype, tuple(length * each if axis == place else int(n) for axis, n in enumerate(shape)))
    rows = make_in_one(types) if types else {}
    with single_threaded():
        parts = blocks.run_chunk(task.chunk, values, rows, base=task.chunk.start)
    for source in task.read.values():
        source.close()
    return ChunkFound(parts, rows)
