"""Chunks on several processes over shared memory: for short operations, where threads stand in each other's way."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.program.shared import Place, SharedMemory
from dataflow.program.workers import split

if TYPE_CHECKING:
    from dataflow.program.blocks import Array, BlockPass, Chunk
    from dataflow.program.lowering import Lowered
    from dataflow.program.running import Program
    from dataflow.registry import Operators

PATIENCE = 1.0  # seconds that a process has to end by itself


class Recipe(NamedTuple):
    """What another process needs to have the same program."""

    lowered: Lowered
    plugins: tuple[tuple[str, str], ...]
    default: str
    rows: int
    keep: bool
    watched: tuple[str, ...]
    written: tuple[str, ...] = ()


class Task(NamedTuple):
    """Some chunks of a pass: `values` by name that all blocks share, `read` and `stored` rows by where they stand."""

    program: int
    stage: int
    chunks: tuple[Chunk, ...]
    values: dict[str, Any]
    read: dict[str, Place]
    stored: dict[str, Place]


class NewProgram(NamedTuple):
    """A recipe, as bytes, by the number that tasks call it by from now on."""

    number: int
    recipe: bytes


class NewSegment(NamedTuple):
    """A piece of shared memory; its descriptor follows."""

    number: int
    size: int


def describe_plugins(operators: Operators, lowered: Lowered) -> tuple[tuple[str, str], ...] | None:
    """The modules and files that offer the operators of a program; None if another process would not find them."""
    used = {node.op for node in lowered.nodes.values()}
    owners = {operators.owner(name) for name in used}
    for name in used:
        module = getattr(operators[name].forward, "__module__", "__main__")
        if module == "__main__" or module not in sys.modules:
            return None
    return tuple(sorted((owner.name, owner.file) for owner in owners))


def load_operators(plugins: Sequence[tuple[str, str]]) -> Operators:
    """The table of the operators that some modules or files offer."""
    from importlib import import_module

    from dataflow.registry import BUILT_IN, standard

    table = standard()
    for name, file in plugins:
        if name in BUILT_IN:
            continue
        try:
            table = table.with_modules([import_module(name)])
        except ImportError:
            table = table.with_files([file])
    return table


def make_recipe(program: Program, plugins: tuple[tuple[str, str], ...]) -> Recipe:
    """What another process makes the same program of."""
    about = (program.rows, program.keep, program.watched, program.written)
    return Recipe(program.lowered, plugins, program.binder.default, *about)


class Processes:
    """Worker processes over shared memory, for any number of programs; the caller's own process works too."""

    def __init__(self, count: int) -> None:
        self.memory = SharedMemory()
        self.recipes: list[bytes] = []
        self._free: list[int] = []
        self.workers = [_Worker(self) for _ in range(count - 1)]

    def take(self, program: Program, plugins: tuple[tuple[str, str], ...]) -> OnProcesses:
        """The processes as workers for a program."""
        recipe = pickle.dumps(make_recipe(program, plugins))
        if self._free:
            number = self._free.pop()
            self.recipes[number] = recipe
        else:
            number = len(self.recipes)
            self.recipes.append(recipe)
        found = OnProcesses(self, number)
        weakref.finalize(found, self._free.append, number)
        return found


class OnProcesses:
    """Worker processes that have been given a program. What a lost one had to do is done here."""

    def __init__(self, processes: Processes, number: int) -> None:
        self._processes = processes
        self._memory = processes.memory
        self._number = number
        self._copies: dict[str, Array] = {}

    def __repr__(self) -> str:
        return f"{len(self._processes.workers) + 1} processes"

    def run(self, blocks: BlockPass, values: Sequence[Any], stored: Mapping[str, Array]) -> Iterator[list[Any]]:
        """The parts of every chunk."""
        read = {name: self._share(name, values[slot]) for slot, _, _, name in blocks.read}
        written = {name: self._share(name, array) for name, array in stored.items()}
        slots, common = blocks.binder.slots.by_name, blocks.list_common()
        shared = {name: values[slots[name]] for name in common}
        parts = split(blocks.chunks, len(self._processes.workers) + 1)
        asked = list(zip(self._processes.workers, parts[1:], strict=True))
        try:
            for worker, chunks in asked:
                worker.send(Task(self._number, blocks.stage, tuple(chunks), shared, read, written))
            for chunk in parts[0]:
                yield blocks.run_chunk(chunk, values, stored)
            for worker, chunks in asked:
                found = worker.receive()
                yield from found if found is not None else (blocks.run_chunk(chunk, values, stored) for chunk in chunks)
        finally:
            for worker, _ in asked:
                worker.drop_answer()

    def _share(self, name: str, array: Array) -> Place:
        """Where an array stands in shared memory, where it is copied to if it is not there yet."""
        found = self._memory.find(array)
        if found is None:
            copy = self._copies.get(name)
            if copy is None or copy.dtype != array.dtype or copy.shape != array.shape:
                copy = self._copies[name] = self._make_inner(array)
            np.copyto(copy, array)
            found = self._memory.find(copy)
        assert found is not None
        return found

    def make_arrays(self, types: Mapping[str, tuple[str, tuple[int, ...]]]) -> dict[str, Array]:
        """Arrays that the workers can read and write."""
        return self._memory.make(types)

    def _make_inner(self, like: Array) -> Array:
        """An array of that type, in shared memory."""
        return self._memory.make({"": (like.dtype.name, like.shape)}, inner=True)[""]

    def adopt(self, array: Array) -> Array:
        """The same numbers in shared memory, for data that stays."""
        found = self._make_inner(array)
        np.copyto(found, array)
        found.flags.writeable = False
        return found


class _Worker:
    """One process, and the programs and segments of shared memory that it knows."""

    def __init__(self, processes: Processes) -> None:
        self._memory = processes.memory
        self._recipes = processes.recipes
        self._segments: set[int] = set()
        self._programs: dict[int, bytes] = {}
        self._owes = False  # an answer
        ours, theirs = socket.socketpair()
        paths = os.pathsep.join(item for item in sys.path if item)
        command = [sys.executable, "-P", "-c", f"from dataflow.program.serving import serve; serve({theirs.fileno()})"]
        self._process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], env={**os.environ, "PYTHONPATH": paths}, stdin=subprocess.DEVNULL
        )
        theirs.close()
        self._connection = Connection(ours.detach())
        self._finalize = weakref.finalize(self, _end, self._connection, self._process, os.getpid())

    def send(self, task: Task) -> None:
        """Give the worker something to do, if it is still there."""
        try:
            self._tell(task)
            message = pickle.dumps(task, protocol=5)
            self._owes = True
            self._connection.send_bytes(message)
        except OSError:
            self._owes = False

    def _tell(self, task: Task) -> None:
        """Send what the worker does not know yet of a program and of memory."""
        recipe = self._recipes[task.program]
        if self._programs.get(task.program) is not recipe:
            self._programs[task.program] = recipe
            self._connection.send_bytes(pickle.dumps(NewProgram(task.program, recipe)))
        for place in (*task.read.values(), *task.stored.values()):
            if place.segment not in self._segments:
                segment = self._memory.segments[place.segment]
                self._connection.send_bytes(pickle.dumps(NewSegment(place.segment, segment.size)))
                send_handle(self._connection, segment.descriptor, self._process.pid)
                self._segments.add(place.segment)

    def receive(self) -> list[list[Any]] | None:
        """The parts of the chunks that it was given last; None if it could not do them."""
        if not self._owes:
            return None
        found: list[list[Any]] | None = None
        with suppress(EOFError, OSError):
            found = pickle.loads(self._connection.recv_bytes())
        self._owes = False
        return found

    def drop_answer(self) -> None:
        """End the process if it owes an answer, which would be taken for that to the next question."""
        if self._owes:
            self._owes = False
            self._process.kill()
            self._finalize()


def _end(connection: Connection, process: subprocess.Popen[bytes], owner: int) -> None:
    """Hang up on a process and see it end; a forked child, to whom it does not belong, only lets go of it."""
    if os.getpid() != owner:
        connection.close()
        process.poll()
        return
    with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)  # a forked child may hold the line open
    connection.close()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
