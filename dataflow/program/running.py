"""A program run for one number of rows: whole values between passes, blocks within them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dataflow.data.streams import UnstreamableError
from dataflow.errors import DataflowError
from dataflow.graph import EMPTY
from dataflow.program.binding import Binder
from dataflow.program.blocks import BlockPass, run_calls, run_checked
from dataflow.program.failures import KernelError, OutsideError, ProgramError, came_from_outside
from dataflow.program.lowering import Lowered
from dataflow.program.products import Products
from dataflow.program.schedule import make_schedule
from dataflow.program.summaries import Summary
from dataflow.program.workers import OneThread
from dataflow.sweeps.arrays import quiet

if TYPE_CHECKING:
    from dataflow.program.binding import Bound
    from dataflow.program.workers import Workers
    from dataflow.registry import Operators

Array = np.ndarray[Any, Any]


class Program:
    """The outputs of a lowered program as a function of its given values.

    rows:    how many rows the values have that have rows.
    keep:    whether rows may be kept between passes.
    watched: values with rows of which a summary is enough.
    cores:   how many cores single operations on whole values may use.
    written: of these the ones whose rows are wanted all the same.

    `stored` are the values whose rows are written in full, to arrays that are made for each run.
    """

    def __init__(
        self, lowered: Lowered, operators: Operators, default: str, rows: int = 1, *, keep: bool = True,
        watched: Collection[str] = (), written: Collection[str] = (), cores: int = 1,
    ) -> None:  # fmt: skip
        self.lowered = lowered
        self.rows = rows
        self.keep = keep
        self.watched = tuple(watched)
        self.written = tuple(written)
        self.schedule = make_schedule(lowered, keep=keep, watched=watched, written=written)
        self.binder = Binder(lowered, operators, default, rows, Products(cores))
        self.passes = [BlockPass(self.binder, plan, stage, rows) for stage, plan in enumerate(self.schedule.passes)]
        self.between = [self._bind_between(names, stage) for stage, names in enumerate(self.schedule.between)]
        self.stored = frozenset(name for blocks in self.passes for name in blocks.plan.stored)
        self._checked = False

    def _bind_between(self, names: Sequence[str], stage: int) -> Bound:
        """Nodes on whole values; what a later stage or a caller needs stays."""
        later = {name for names in self.schedule.between[stage + 1 :] for name in names}
        later |= {name for plan in self.schedule.passes[stage:] for name in plan.nodes}
        kept = {item for name in later for item in self.lowered.nodes[name].inputs if isinstance(item, str)}
        leaving = {item for item in self.lowered.outputs.values() if isinstance(item, str)}
        return self.binder.bind(names, self.rows, last=kept | leaving, fresh=kept | leaving, alone=True)

    def run(
        self, given: Mapping[str, Any], workers: Workers | None = None, sink: Mapping[str, Array] = EMPTY
    ) -> dict[Any, Any]:
        """The outputs by label: arrays, NumPy numbers, a `Summary` of what is watched.

        given:   arrays of the planned types by name, or sources of rows.
        workers: who runs the blocks.
        sink:    arrays that rows of some values are written to, by name.

        Raises diagnostics, `OSError` and `MemoryError` of sources and sinks, `ProgramError`, and `KernelError`.
        """
        try:
            return self._run(given, workers or OneThread(), sink)
        except (DataflowError, UnstreamableError, ProgramError, OutsideError, MemoryError, OSError):
            raise
        except Exception as error:
            if came_from_outside(error):
                raise
            raise KernelError(str(error)) from error

    def _run(self, given: Mapping[str, Any], workers: Workers, sink: Mapping[str, Array]) -> dict[Any, Any]:
        slots = self.binder.slots
        values = list(slots.values)
        for name in self.lowered.given:
            values[slots.by_name[name]] = given[name]
        summaries: dict[str, Summary] = {}
        run = run_calls if self._checked else run_checked
        with quiet():
            self._fill(values)
            for stage, bound in enumerate(self.between):
                run(bound, values)
                if stage < len(self.passes):
                    summaries |= self._run_pass(self.passes[stage], values, workers, sink)
        self._checked = True
        return {
            label: summaries[item] if item in summaries else self._read_output(item, values)
            for label, item in self.lowered.outputs.items()
        }

    def _fill(self, values: list[Any]) -> None:
        for bound in self.between:
            for slot, value in bound.filled.items():
                values[slot] = value

    def _run_pass(
        self, blocks: BlockPass, values: list[Any], workers: Workers, sink: Mapping[str, Array]
    ) -> dict[str, Summary]:
        if not blocks.plan.nodes and not blocks.plan.watched:
            return {}
        stored = workers.make_arrays(self._list_types([name for name in blocks.plan.stored if name not in sink]))
        stored |= {name: sink[name] for name in blocks.plan.stored if name in sink}
        sums, summaries = blocks.combine(workers.run(blocks, values, stored))
        for slot, total in sums.items():
            values[slot] = total
        for name, array in stored.items():
            values[self.binder.slots.by_name[name]] = array
        return summaries

    def _list_types(self, names: Sequence[str]) -> dict[str, tuple[str, tuple[int, ...]]]:
        """dtype and whole shape of some values with rows."""
        types = {name: self.lowered.types[name] for name in names}
        return {name: (type.dtype, self.binder.settle(type, self.rows)) for name, type in types.items()}

    def _read_output(self, item: Any, values: list[Any]) -> Any:
        return values[self.binder.slots.by_name[item]] if isinstance(item, str) else item
