"""The given values of a run along rows: arrays, and sources that are opened and read as they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from dataflow.data.streams import open_row_sources
from dataflow.errors import DataError
from dataflow.shapes import ArrayType
from dataflow.sizing import uses_sizes
from dataflow.sweeps.binding import Bound, bind_values
from dataflow.sweeps.lengths import Lengths
from dataflow.sweeps.plan import keep_needed

if TYPE_CHECKING:
    from dataflow.asked import Asked
    from dataflow.data.streams import RowSource
    from dataflow.graph import Graph, Input
    from dataflow.registry import Operators


class Data(NamedTuple):
    """The given values of a run: arrays by name, sources of rows, and what both tell about sizes."""

    bound: Bound
    sources: dict[str, RowSource]
    types: dict[str, ArrayType]
    rows: int


def list_needed(graph: Graph, operators: Operators, asked: Asked) -> list[str]:
    """The given values that are used, reported, or tell sizes that nodes use."""
    roots = [*(asked.only or graph.names()), *([] if asked.target is None else [asked.target])]
    used = {item for name in keep_needed(graph, roots) for item in graph.nodes[name].inputs}
    sized = uses_sizes(graph, operators)
    return [
        name for name, entry in graph.given.items()
        if name in used or name in roots or (sized and any(isinstance(size, str) for size in entry.shape or ()))
    ]  # fmt: skip


def bind_rows(graph: Graph, asked: Asked, needed: Sequence[str], stack: ExitStack, *, streaming: bool = True) -> Data:
    """The given values; sources of many rows are opened, not read, if they may be read row by row."""
    given = graph.given
    long: dict[str, Input] = {
        name: given[name] for name in needed
        if streaming and asked.memory_limit is None and name not in asked.inputs and given[name].source is not None
        and (given[name].shape or ("",))[0] == "rows"
    }  # fmt: skip
    sources: list[RowSource] | None = []
    if long:
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
    by_name = {name: source for source in sources for name in source.types}
    return Data(bound, by_name, types, lengths.known.get("rows", 1))
