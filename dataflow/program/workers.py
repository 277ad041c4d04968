"""Who runs the chunks of a pass: this thread, or several."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from dataflow.arrays.aligned import make_aligned
from dataflow.program.schedule import count_row

if TYPE_CHECKING:
    from dataflow.program.blocks import Array, BlockPass
    from dataflow.program.processes import OnProcesses, Processes
    from dataflow.program.running import Program
    from dataflow.registry import Operators


PAGE = 4096
Item = TypeVar("Item")
Types = Mapping[str, tuple[str, tuple[int, ...]]]


class Workers(Protocol):
    """What runs chunks. Their parts come in the order of the chunks; rows are written to arrays that it makes."""

    def run(self, blocks: BlockPass, values: Sequence[Any], stored: Mapping[str, Array]) -> Iterator[list[Any]]: ...

    def make_arrays(self, types: Types) -> dict[str, Array]: ...


class OneThread:
    """Chunks one after the other."""

    def __repr__(self) -> str:
        return "one thread"

    def make_arrays(self, types: Types) -> dict[str, Array]:
        """Arrays for rows, as `make_in_one` makes them."""
        return make_in_one(types)

    def run(self, blocks: BlockPass, values: Sequence[Any], stored: Mapping[str, Array]) -> Iterator[list[Any]]:
        """The parts of every chunk."""
        return (blocks.run_chunk(chunk, values, stored) for chunk in blocks.chunks)


class Threads:
    """Chunks on threads: for single operations that are long enough to be worth the hand-over between threads."""

    def make_arrays(self, types: Types) -> dict[str, Array]:
        """Arrays for rows, as `make_in_one` makes them."""
        return make_in_one(types)

    def __init__(self, count: int) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._count = count
        self._executor = ThreadPoolExecutor(count, thread_name_prefix="dataflow")

    def __repr__(self) -> str:
        return f"{self._count} threads"

    def run(self, blocks: BlockPass, values: Sequence[Any], stored: Mapping[str, Array]) -> Iterator[list[Any]]:
        """The parts of every chunk. A thread has chunks that follow each other, so that sources are read in order."""
        from concurrent.futures import Future

        found: list[Future[list[Any]]] = [Future() for _ in blocks.chunks]
        waiting = [deque(part) for part in split(range(len(found)), self._count)]

        def work(own: deque[int]) -> None:
            while (index := _take(own, waiting)) is not None:
                try:
                    found[index].set_result(blocks.run_chunk(blocks.chunks[index], values, stored))
                except BaseException as error:  # for who waits for it
                    found[index].set_exception(error)

        for own in waiting:
            self._executor.submit(work, own)
        try:
            for future in found:
                yield future.result()
        finally:
            for own in waiting:
                own.clear()

    def close(self) -> None:
        """End the threads; chunks that have not begun are dropped."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def _take(own: deque[int], all: Sequence[deque[int]]) -> int | None:
    """The next of one's own chunks, else the last of whoever has most left."""
    for take in (own.popleft, max(all, key=len).pop):
        with suppress(IndexError):
            return take()
    return None


def split(chunks: Sequence[Item], count: int) -> list[Sequence[Item]]:
    """Chunks that follow each other, in so many parts.

    >>> split(range(5), 2)
    [range(0, 2), range(2, 5)]
    """
    return [chunks[start:stop] for start, stop in pairwise(index * len(chunks) // count for index in range(count + 1))]


@contextmanager
def choose_workers(program: Program, operators: Operators, count: int | Executor | None = None) -> Iterator[Workers]:
    """Who runs a program once: threads, if there are several cores (`count`: at most so many) and several chunks.

    In place of a number it may be an executor.
    """
    if isinstance(count, Executor):
        from dataflow.program.executors import make_executor_workers

        yield make_executor_workers(program, operators, count) or OneThread()
        return
    count = min(count or count_cores(), max([1, *(len(blocks.chunks) for blocks in program.passes)]))
    if count == 1:
        yield OneThread()
        return
    threads = Threads(count)
    try:
        yield threads
    finally:
        threads.close()


LONG = 2**17  # elements of a block in an operation, from which on threads do not wait for each other
MUCH = 2**22  # elements that operations make or read in all, from which on they are worth processes
COPIED = 8  # of these for each element that has to be copied to where other processes see it


class Crew:
    """Who runs the programs of one compiled graph: threads or processes, started when first needed, for all of them.

    `count` is how many cores they may use, all if it is None; in its place it may be an executor.
    """

    def __init__(self, operators: Operators, count: int | Executor | None = None) -> None:
        self._operators = operators
        self._executor = count if isinstance(count, Executor) else None
        self.cores = 1 if isinstance(count, Executor) else count or count_cores()
        self._threads: Threads | None = None
        self._processes: Processes | None = None

    def choose(self, program: Program, moving: Collection[str]) -> Workers:
        """Who runs a program that is run often: by its shapes, and by which given values (`moving`) always change."""
        if self._executor is not None:
            from dataflow.program.executors import make_executor_workers

            return make_executor_workers(program, self._operators, self._executor) or OneThread()
        if self.cores == 1 or not any(len(blocks.chunks) > 1 for blocks in program.passes):
            return OneThread()
        calls = sum(len(blocks.plan.nodes) * -(-blocks.rows // blocks.length) for blocks in program.passes)
        if sum(blocks.count_made() for blocks in program.passes) >= LONG * calls:
            return self._take_threads()
        work = sum(blocks.count_work() for blocks in program.passes)
        lowered = program.lowered
        copied = sum(
            count_row(lowered.types[name], lowered.places[name]) * program.rows
            for name in lowered.given
            if name in moving and name in lowered.places
        )
        if work >= max(MUCH, COPIED * copied):
            return self._take_processes(program) or self._take_threads()
        return self._take_threads() if work >= LONG * calls else OneThread()

    def _take_threads(self) -> Threads:
        if self._threads is None:
            self._threads = Threads(self.cores)
        return self._threads

    def _take_processes(self, program: Program) -> OnProcesses | None:
        """Processes that have the program; None where there are none, or they would not find its operators."""
        from dataflow.program.processes import Processes, describe_plugins

        plugins = describe_plugins(self._operators, program.lowered)
        if plugins is None or os.name != "posix":
            return None
        if self._processes is None:
            self._processes = Processes(self.cores)
        return self._processes.take(program, plugins)


def make_in_one(types: Types) -> dict[str, Array]:
    """Arrays of some dtypes and shapes in one piece of memory: the fresh pages of many small ones are slow."""
    sizes = {name: np.dtype(dtype).itemsize * prod(shape) for name, (dtype, shape) in types.items()}
    arena = make_aligned(sum(-(-size // PAGE) * PAGE for size in sizes.values()), np.uint8)
    found: dict[str, Array] = {}
    start = 0
    for name, size in sizes.items():
        dtype, shape = types[name]
        found[name] = arena[start : start + size].view(dtype).reshape(shape)
        start += -(-size // PAGE) * PAGE
    return found


def count_cores() -> int:
    """How many cores this process may use.

    >>> count_cores() >= 1
    True
    """
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1
