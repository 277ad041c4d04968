"""Who runs the chunks of a pass: this thread, or several."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from dataflow.program.blocks import Array, BlockPass


class Workers(Protocol):
    """What runs chunks. Their parts come in the order of the chunks."""

    def run(self, blocks: BlockPass, values: Sequence[Any], stored: Mapping[str, Array]) -> Iterator[list[Any]]: ...


class OneThread:
    """Chunks one after the other."""

    def run(self, blocks: BlockPass, values: Sequence[Any], stored: Mapping[str, Array]) -> Iterator[list[Any]]:
        """The parts of every chunk."""
        return (blocks.run_chunk(chunk, values, stored) for chunk in blocks.chunks)


class Threads:
    """Chunks on threads: for single operations that are long enough to be worth the hand-over between threads."""

    def __init__(self, count: int) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._executor = ThreadPoolExecutor(count, thread_name_prefix="dataflow")

    def run(self, blocks: BlockPass, values: Sequence[Any], stored: Mapping[str, Array]) -> Iterator[list[Any]]:
        """The parts of every chunk."""
        return self._executor.map(lambda chunk: blocks.run_chunk(chunk, values, stored), blocks.chunks)


def count_cores() -> int:
    """How many cores this process may use.

    >>> count_cores() >= 1
    True
    """
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1
