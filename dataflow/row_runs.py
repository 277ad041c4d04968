"""A run along many rows: block by block, sources read as they are needed, what has rows summarised or written to a file.

Memory does not grow with the rows, but for what is kept between passes by a node that mixes rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.derivation.tape import UnderivableError
from dataflow.errors import DataError
from dataflow.graph import EMPTY
from dataflow.program.derived import Derived, Question, UnblockableError, derive_program
from dataflow.program.lowering import ROWS
from dataflow.shapes import FLOATS, ArrayType
from dataflow.sizing import put_sizes, uses_sizes
from dataflow.sweeps.binding import Bound, bind_values
from dataflow.sweeps.lengths import Lengths
from dataflow.sweeps.plan import Plan, make_plan
from dataflow.tracing.symbols import UntraceableError

if TYPE_CHECKING:
    from dataflow.data.streams import RowSource
    from dataflow.graph import Graph, Input
    from dataflow.registry import Operators

Progress = Callable[[int, int], None]
MANY_ROWS = 100_000


class Asked(NamedTuple):
    """What is asked of a run along rows.

    only:     the names whose values are reported, and whose rows are given in full; None: all, summarised.
    rows_to:  a file that these rows are written to, in place of the result.
    workers:  how many cores are used.
    progress: told how many of how many rows are done.
    """

    inputs: Mapping[str, Any]
    target: str | None
    only: Sequence[str] | None
    data_root: str | None
    rows_to: str | None = None
    workers: int | None = None
    progress: Progress | None = None


class Data(NamedTuple):
    """The given values of a run: arrays by name, sources of rows, and what both tell about sizes."""

    bound: Bound
    sources: dict[str, RowSource]
    types: dict[str, ArrayType]
    rows: int


class Swept(NamedTuple):
    """What a run along rows found, by name: arrays, numbers, or summaries as data; and the types of all values."""

    plan: Plan
    bound: Bound
    values: dict[str, Any]
    gradients: dict[str, Any]
    types: dict[str, tuple[str, tuple[int, ...]]]


def run_along_rows(graph: Graph, operators: Operators, asked: Asked) -> Swept | None:
    """Run a graph along its rows; None if it has none, too few, or cannot be.

    Raises what `execute` does.
    """
    if not any("rows" in (entry.shape or ()) for entry in graph.given.values()):
        return None
    with ExitStack() as stack:
        needed = _list_needed(graph, operators, asked)
        data = _bind(graph, asked, needed, stack)
        if data is None or (data.rows <= MANY_ROWS and asked.rows_to is None):
            return None
        try:
            return _RowRun(graph, operators, asked, data).run()
        except (UnderivableError, UntraceableError, UnblockableError):
            return None


def _list_needed(graph: Graph, operators: Operators, asked: Asked) -> list[str]:
    """The given values that are used, reported, or tell sizes that nodes use."""
    roots = [*(asked.only or graph.names()), *([] if asked.target is None else [asked.target])]
    from dataflow.sweeps.plan import keep_needed

    used = {item for name in keep_needed(graph, roots) for item in graph.nodes[name].inputs}
    sized = uses_sizes(graph, operators)
    return [
        name for name, entry in graph.given.items()
        if name in used or name in roots or (sized and any(isinstance(size, str) for size in entry.shape or ()))
    ]  # fmt: skip


def _bind(graph: Graph, asked: Asked, needed: Sequence[str], stack: ExitStack) -> Data | None:
    """The given values; sources of many rows are opened, not read. None if no rows are told."""
    given = graph.given
    long: dict[str, Input] = {
        name: given[name] for name in needed
        if name not in asked.inputs and given[name].source is not None and (given[name].shape or ("",))[0] == "rows"
    }  # fmt: skip
    sources: list[RowSource] | None = []
    if long:
        from dataflow.data.streams import open_row_sources

        folder = graph.source.folder if graph.source is not None else None
        sources = open_row_sources(long, folder, asked.data_root, graph.dtype, stack)
    if sources is None:
        sources, long = [], {}
    others = [name for name in needed if name not in long]
    bound = bind_values(graph, asked.inputs, others, scalar=False, root=asked.data_root)
    types = {name: ArrayType(value.dtype.name, value.shape) for name, value in bound.values.items()}
    for source in sources:
        types |= {name: ArrayType(dtype, shape) for name, (dtype, shape) in source.types.items()}
    lengths = Lengths()
    for name, type in types.items():
        lengths.note(name, given[name], [int(size) for size in type.shape], graph.path_of(name))
    if found := lengths.settle():
        raise DataError(found)
    bound.sizes = lengths.known
    by_name = {name: source for source in sources for name in source.names}
    return Data(bound, by_name, types, lengths.known["rows"]) if "rows" in lengths.known else None


class _RowRun:
    def __init__(self, graph: Graph, operators: Operators, asked: Asked, data: Data) -> None:
        self.graph = graph
        self.operators = operators
        self.asked = asked
        self.data = data
        self.full = frozenset(asked.only or ())
        sized = put_sizes(graph, data.bound.sizes, operators) if uses_sizes(graph, operators) else graph
        self.plan = make_plan(sized, operators, target=asked.target, only=asked.only)._replace(graph=graph)
        types = {name: self._put_rows(name, type) for name, type in data.types.items()}
        self.sizes = {name: length for name, length in data.bound.sizes.items() if name != "rows"}
        self.types = types
        wanted = [name for name in self.plan.reported if self.plan.wanted[self.plan.slots[name]]]
        self.question = Question(tuple(self.plan.reported), asked.target, tuple(wanted))

    def _put_rows(self, name: str, type: ArrayType) -> ArrayType:
        declared = self.graph.given[name].shape
        if declared is None:
            return type
        shape = [ROWS if size == "rows" else length for size, length in zip(declared, type.shape, strict=True)]
        return ArrayType(type.dtype, tuple(shape))

    def run(self) -> Swept:
        """Both sweeps; once more, with masks, if a gradient comes out NaN."""
        derived = self._derive(masked=False)
        found = self._compute(derived)
        if derived.choosing and any(_has_nan(item) for (kind, _), item in found.items() if kind == "gradient"):
            found = self._compute(self._derive(masked=True))
        for source in {id(source): source for source in self.data.sources.values()}.values():
            self.data.bound.data[source.file] = source.digest()
        values = {name: found["value", name] for name in self.question.outputs}
        gradients = {name: found["gradient", name] for name in self.question.wrt}
        return Swept(self.plan, self.data.bound, values, gradients, self._list_types(derived))

    def _derive(self, *, masked: bool) -> Derived:
        return derive_program(self.graph, self.operators, self.types, self.sizes, self.question, masked=masked)

    def _compute(self, derived: Derived) -> dict[Any, Any]:
        from dataflow.program.running import Program
        from dataflow.program.workers import choose_workers
        from dataflow.sweeps.threads import single_threaded

        lowered = derived.lowered
        full = {item for (_, name), item in lowered.outputs.items() if name in self.full and isinstance(item, str)}
        watched = {item for item in lowered.outputs.values() if isinstance(item, str) and item not in full}
        program = Program(
            lowered, self.operators, self.graph.dtype, self.data.rows, keep=not self.data.sources, watched=watched
        )
        given = {**self.data.bound.values, **self.data.sources}
        for index, blocks in enumerate(program.passes):
            blocks.count_done = self._count_done(index, len(program.passes))
        with choose_workers(program, self.asked.workers) as workers, single_threaded():
            return program.run(given, workers)

    def _count_done(self, index: int, passes: int) -> Callable[[int], None]:
        """What a pass tells of the rows that it has done."""
        progress, rows, done = self.asked.progress, self.data.rows, [index * self.data.rows]

        def count(more: int) -> None:
            done[0] += more
            if progress is not None:
                progress(done[0], passes * rows)

        return count

    def _list_types(self, derived: Derived) -> dict[str, tuple[str, tuple[int, ...]]]:
        from dataflow.sizes import substitute

        return {
            name: (type.dtype, tuple([int(substitute(size, {"rows": self.data.rows})) for size in type.shape]))
            for name, type in derived.types.items()
        }


def _has_nan(item: Any) -> bool:
    if hasattr(item, "non_finite"):
        return bool(item.non_finite)
    return bool((item != item).any()) if hasattr(item, "dtype") else item != item
