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

from dataflow.program.executors import make_program
from dataflow.program.processes import NewProgram, NewSegment, Task
from dataflow.program.running import Program
from dataflow.program.shared import cut_array
from dataflow.sweeps.arrays import quiet
from dataflow.sweeps.threads import single_threaded


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
                elif isinstance(message, NewProgram):
                    programs.pop(message.number, None)
                    with suppress(Exception):  # then its tasks fail
                        programs[message.number] = make_program(message.recipe)
                elif isinstance(message, NewSegment):
                    handle = recv_handle(connection)
                    memory[message.number] = mmap.mmap(handle, message.size)
                    os.close(handle)
    except (EOFError, OSError, KeyboardInterrupt):
        return


def answer(task: Task, programs: Mapping[int, Program], memory: Mapping[int, mmap.mmap]) -> list[list[Any]] | None:
    """The parts of the chunks of a task; None for what fails, which fails again, and is told, where it was asked."""
    try:
        return run_task(programs[task.program], task, memory)
    except Exception:
        return None
