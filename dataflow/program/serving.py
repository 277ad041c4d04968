"""What a worker process does: it has one program, and runs the chunks that it is given."""

from __future__ import annotations

import mmap
import os
import pickle
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from typing import Any

from dataflow.program.processes import Recipe, Task, load_operators
from dataflow.program.running import Program
from dataflow.program.shared import cut_array
from dataflow.sweeps.arrays import quiet
from dataflow.sweeps.threads import single_threaded


def make_program(recipe: Recipe) -> Program:
    """The program of a recipe."""
    operators = load_operators(recipe.plugins)
    return Program(
        recipe.lowered, operators, recipe.default, recipe.rows, keep=recipe.keep, watched=recipe.watched,
        written=recipe.written,
    )  # fmt: skip


def run_task(program: Program, task: Task, memory: Mapping[int, mmap.mmap]) -> list[list[Any]]:
    """The parts of the chunks of a task."""
    blocks = program.passes[task.stage]
    values = list(program.binder.slots.values)
    slots = program.binder.slots.by_name
    for name, value in task.values.items():
        values[slots[name]] = value
    for name, place in task.read.items():
        values[slots[name]] = cut_array(memory[place.segment], place)
    stored = {name: cut_array(memory[place.segment], place) for name, place in task.stored.items()}
    return [blocks.run_chunk(chunk, values, stored) for chunk in task.chunks]


def serve(descriptor: int) -> None:
    """Answer the process at the other end of a socket until it hangs up: parts of chunks, or None if they failed."""
    connection = Connection(descriptor)
    memory: dict[int, mmap.mmap] = {}
    programs: dict[int, Program] = {}
    try:
        with single_threaded(), quiet():
            while True:
                message = pickle.loads(connection.recv_bytes())
                if isinstance(message, Task):
                    connection.send_bytes(pickle.dumps(answer(message, programs, memory), protocol=5))
                elif isinstance(message[1], bytes):
                    programs.pop(message[0], None)
                    with suppress(Exception):
                        programs[message[0]] = make_program(pickle.loads(message[1]))
                else:
                    number, size = message
                    handle = recv_handle(connection)
                    memory[number] = mmap.mmap(handle, size)
                    os.close(handle)
    except (EOFError, OSError, KeyboardInterrupt):
        return


def answer(task: Task, programs: Mapping[int, Program], memory: Mapping[int, mmap.mmap]) -> list[list[Any]] | None:
    """The parts of the chunks of a task; None for what fails, which fails again, and is told, where it was asked."""
    try:
        return run_task(programs[task.program], task, memory)
    except Exception:
        return None
