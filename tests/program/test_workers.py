"""Chunks on threads: in order, each once, by whoever is free; one that fails is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import pytest

from dataflow.program.blocks import BlockPass
from dataflow.program.workers import Threads


class Chunks:
    """Stands in for a pass: what it does with a chunk is given."""

    def __init__(self, count: int, work: Callable[[int], Any]) -> None:
        self.chunks = list(range(count))
        self.work = work
        self.begun: list[tuple[int, int]] = []

    def run_chunk(self, chunk: int, values: Sequence[Any], stored: Mapping[str, Any]) -> list[Any]:
        self.begun.append((chunk, threading.get_ident()))
        return [self.work(chunk)]

    def run(self, threads: Threads) -> list[Any]:
        return list(threads.run(cast(BlockPass, self), [], {}))


@pytest.mark.parametrize("count", [1, 2, 3, 16])
@pytest.mark.parametrize("cores", [1, 2, 5])
def test_every_chunk_runs_once_and_its_parts_come_in_order(count: int, cores: int) -> None:
    threads = Threads(cores)
    chunks = Chunks(count, lambda chunk: chunk * chunk)
    assert chunks.run(threads) == [[chunk * chunk] for chunk in range(count)]
    assert sorted(chunk for chunk, _ in chunks.begun) == list(range(count))
    threads.close()


def test_a_thread_goes_on_in_order_and_then_takes_the_last_of_another() -> None:
    threads = Threads(2)
    others = threading.Event()
    chunks = Chunks(8, lambda chunk: others.wait(30) if chunk == 0 else others.set() if chunk == 1 else None)
    chunks.run(threads)  # the first thread is held up by its first chunk until the other has done all that is left
    slow = next(thread for chunk, thread in chunks.begun if chunk == 0)
    fast = [chunk for chunk, thread in chunks.begun if thread != slow]
    assert fast[:7] == [4, 5, 6, 7, 3, 2, 1]
    threads.close()


def test_a_chunk_that_fails_ends_the_pass() -> None:
    threads = Threads(2)
    failed = threading.Event()

    def work(chunk: int) -> None:
        if chunk == 0:
            failed.set()
            raise LookupError("no such chunk")
        failed.wait(30)

    chunks = Chunks(8, work)
    with pytest.raises(LookupError, match="no such chunk"):
        chunks.run(threads)
    threads.close()
    begun = [chunk for chunk, _ in chunks.begun]
    assert len(begun) == len(set(begun))
    again = Threads(2)
    assert Chunks(3, abs).run(again) == [[0], [1], [2]]
    again.close()
