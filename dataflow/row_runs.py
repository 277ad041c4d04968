"""A run along many rows: block by block, sources read as needed, what has rows summarised or written to a file.

Memory does not grow with the rows, but for what is kept between passes by a node that mixes rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from dataflow.data.streams import UnstreamableError, start_digests
from dataflow.errors import Diagnostic, UsageError
from dataflow.graph import EMPTY
from dataflow.outcome import check_strict, make_result
from dataflow.program.derived import UNDERIVABLE, Derived, Question, derive_program
from dataflow.program.failures import KernelError, OutsideError, ProgramError
from dataflow.program.lowering import ROWS, Lowered
from dataflow.program.recomputation import limit_memory
from dataflow.program.summaries import Summary
from dataflow.row_data import Data, bind_rows, list_needed
from dataflow.row_findings import Found, find_nonfinite_rows, may_have_nan
from dataflow.shapes import ArrayType
from dataflow.sizes import substitute
from dataflow.sizing import put_sizes, uses_sizes
from dataflow.sweeps.plan import make_plan

if TYPE_CHECKING:
    from dataflow.asked import Asked
    from dataflow.graph import Graph
    from dataflow.program.running import Program
    from dataflow.program.workers import Workers
    from dataflow.provenance import Clock
    from dataflow.registry import Operators
    from dataflow.result import Result
    from dataflow.row_sinks import RowSink

MANY_ROWS = 100_000


def run_along_rows(graph: Graph, operators: Operators, asked: Asked, clock: Clock) -> Result | None:
    """Run a graph along its rows, or in limited memory; None if it has few rows, is one of numbers, or cannot be.

    Raises what `execute` does.
    """
    try:
        return _run_and_publish(graph, operators, asked, clock, streaming=True)
    except UnstreamableError:  # of a cell that is no plain number: read whole, it is told which, or is one after all
        return _run_and_publish(graph, operators, asked, clock, streaming=False)


def _run_and_publish(
    graph: Graph, operators: Operators, asked: Asked, clock: Clock, *, streaming: bool
) -> Result | None:
    with ExitStack() as files:  # which removes what is not published
        if (found := _run(graph, operators, asked, clock, files, streaming=streaming)) is None:
            return None
        run, result = found
        if run.sink is not None:
            run.sink.publish()  # when nothing can go wrong any more: sources have not changed, what is strict is finite
        return result


def _run(
    graph: Graph, operators: Operators, asked: Asked, clock: Clock, files: ExitStack, *, streaming: bool
) -> tuple[RowRun, Result] | None:
    with ExitStack() as stack:
        data = bind_rows(graph, asked, list_needed(graph, operators, asked), stack, streaming=streaming)
        if _has_few(data, asked):
            return None
        clock.note("data")
        try:
            run = RowRun(graph, operators, asked, data)
            if run.plan.scalar:
                return None
            digests = start_digests(data.sources.values(), stack)
            found = run.sweep(clock, files)
            data.bound.data |= digests()
            clock.note("digests")
        except OutsideError as error:
            raise error.error from None
        except (*UNDERIVABLE, TypeError, ProgramError, KernelError):  # whole values tell why, or run
            return None
        return run, run.make_result(found, clock)


def _has_few(data: Data, asked: Asked) -> bool:
    """Whether the rows are too few for blocks, where nobody asks for these."""
    return data.rows <= MANY_ROWS and asked.rows_to is None and asked.memory_limit is None


def describe_run(graph: Graph, operators: Operators, asked: Asked) -> list[str] | str:
    """How a graph would be run along its rows, in lines of text, or why it is not; sources are opened, not read."""
    from dataflow.program.descriptions import describe_program
    from dataflow.program.workers import choose_workers

    with ExitStack() as stack:
        data = bind_rows(graph, asked, list_needed(graph, operators, asked), stack)
        if _has_few(data, asked):
            return f"there are {data.rows:,} rows, no more than {MANY_ROWS:,}"
        try:
            run = RowRun(graph, operators, asked, data)
            if run.plan.scalar:
                return "every value is one number"
            program = run.make_program(run.derive(masked=False))
        except (*UNDERIVABLE, TypeError) as error:
            return str(error) or "the number of rows matters to some shape"
        with choose_workers(program, operators, asked.workers) as workers:
            return [*describe_program(program), f"run by {workers!r}"]


class RowRun:
    """One run along rows. `values` and `cotangents` are by slot of the plan: arrays, numbers, or summaries as data.

    `sink`, where rows go to a file, is to be published when all went well.
    """

    def __init__(self, graph: Graph, operators: Operators, asked: Asked, data: Data) -> None:
        self.sink: RowSink | None = None
        self.graph = graph
        self.operators = operators
        self.asked = asked
        self.target = asked.target
        self.data = data
        self.bound = data.bound
        self.full = frozenset(asked.only or ())
        sized = put_sizes(graph, data.bound.sizes, operators) if uses_sizes(graph, operators) else graph
        self.plan = make_plan(sized, operators, target=asked.target, only=asked.only)._replace(graph=graph)
        self.values: list[Any] = [None] * (len(self.plan.names) + 1)
        self.cotangents: list[Any] = list(self.values)
        wanted = [name for name in self.plan.reported if self.plan.wanted[self.plan.slots[name]]]
        looked_at = dict.fromkeys([*self.plan.reported, *([] if asked.target is None else [asked.target])])
        self.question = Question(tuple(looked_at), asked.target, tuple(wanted))

    def _put_rows(self, name: str, type: ArrayType) -> ArrayType:
        declared = self.graph.given[name].shape
        if declared is None:
            return type
        shape = [ROWS if size == "rows" else length for size, length in zip(declared, type.shape, strict=True)]
        return ArrayType(type.dtype, tuple(shape))

    def sweep(self, clock: Clock, files: ExitStack) -> Found:
        """Both sweeps; once more, with masks, if a gradient comes out NaN. `files` keeps what rows are written to."""
        self.derived = self.derive(masked=False)
        clock.note("plan")
        found = self._compute(self.derived, files)
        if any(may_have_nan(item) for (kind, _), item in found.items() if kind == "gradient"):
            masked = self.derive(masked=True)
            if not masked.is_same(self.derived):
                found = self._compute(masked, files)
        clock.note("rows")
        return found

    def derive(self, *, masked: bool) -> Derived:
        types, sizes = self.data.types, self.data.bound.sizes
        if self.asked.memory_limit is None:
            types = {name: self._put_rows(name, type) for name, type in types.items()}
            sizes = {name: length for name, length in sizes.items() if name != "rows"}
        return derive_program(self.graph, self.operators, types, sizes, self.question, masked=masked)

    def make_program(self, derived: Derived) -> Program:
        """The program for a run, with summaries in place of rows that are not asked for."""
        from dataflow.program.running import Program

        lowered = derived.lowered
        if self.asked.memory_limit is not None:
            lowered = limit_memory(lowered, self.asked.memory_limit, derived.target, self.data.rows).lowered
        full = {item for (_, name), item in lowered.outputs.items() if name in self.full and isinstance(item, str)}
        if self.asked.rows_to is not None:
            full = set()
        watched = dict.fromkeys(item for item in lowered.outputs.values() if isinstance(item, str) and item not in full)
        return Program(
            lowered, self.operators, self.graph.dtype, self.data.rows, keep=not self.data.sources,
            watched=list(watched), written=list(self._list_written(derived)),
        )  # fmt: skip

    def _compute(self, derived: Derived, files: ExitStack) -> Found:
        from dataflow.program.workers import choose_workers
        from dataflow.sweeps.threads import single_threaded

        along = self.asked.along_rows
        program = self.make_program(derived)
        if along is not None and along.progress is not None:
            for index, blocks in enumerate(program.passes):
                blocks.count_done = _Count(along.progress, self.data.rows, index, len(program.passes))
        given = {**self.data.bound.values, **self.data.sources}
        with choose_workers(program, self.operators, self.asked.workers) as workers, single_threaded():
            if self.asked.rows_to is None:
                return program.run(given, workers)
            return self._write_rows(self.asked.rows_to, program, given, workers, self._list_written(derived), files)

    def _list_written(self, derived: Derived) -> dict[str, list[str]]:
        """The values whose rows go to a file: by their names in the program those of their columns."""
        lowered = derived.lowered
        if self.asked.rows_to is None:
            return {}
        found: dict[str, list[str]] = {}
        for (kind, name), item in lowered.outputs.items():
            if name in self.full and item not in lowered.given and _is_made_in_blocks(lowered, item):
                found.setdefault(item, []).append(name if kind == "value" else f"d{name}")
        if not found:
            message = "none of the values that `--only` names is computed row by row"
            raise UsageError(Diagnostic("DF0933", message, hint="name such values: --only price,loss"))
        return found

    def _write_rows(
        self, path: str, program: Program, given: Mapping[str, Any], workers: Workers,
        written: Mapping[str, list[str]], files: ExitStack,
    ) -> Found:  # fmt: skip
        """Run the program, rows of values and gradients going to a file that is published when all is done."""
        from dataflow.row_sinks import RowSink

        types = program.lowered.types
        columns = [
            (name, (types[item].dtype, tuple(map(int, types[item].shape[1:]))))
            for item, names in written.items() for name in names
        ]  # fmt: skip
        sink = self.sink = files.enter_context(RowSink(path, self.data.rows, columns))
        found = program.run(given, workers, {item: sink.arrays[names[0]] for item, names in written.items()})
        for names in written.values():
            for name in names[1:]:
                sink.arrays[name][...] = sink.arrays[names[0]]
        return found

    def make_result(self, found: Found, clock: Clock) -> Result:
        """The result: what has rows by its summary, unless it was asked for alone."""
        findings = find_nonfinite_rows(self.question, found)
        for (kind, name), item in found.items():
            into = self.values if kind == "value" else self.cotangents
            into[self.plan.slots[name]] = item.as_data() if isinstance(item, Summary) else item
        types = {
            name: (item.dtype, tuple([int(substitute(size, {"rows": self.data.rows})) for size in item.shape]))
            for name, item in self.derived.types.items()
        }
        if self.asked.strict:
            check_strict(self.graph, findings)
        return make_result(self, findings, EMPTY, clock, types)


class _Count:
    """Tells how many rows are done, over all passes."""

    def __init__(self, progress: Callable[[int, int], None], rows: int, index: int, passes: int) -> None:
        self._progress = progress
        self._done = index * rows
        self._all = passes * rows

    def __call__(self, more: int) -> None:
        self._done += more
        try:
            self._progress(self._done, self._all)
        except Exception as error:
            raise OutsideError(error) from error


def _is_made_in_blocks(lowered: Lowered, item: Any) -> bool:
    """Whether an output has rows, along its first axis, that are computed block by block."""
    return lowered.places.get(item) == 0 and item.partition(".")[0] not in lowered.mixing
