"""The gradients of a graph as a graph of its own, for who has a graph: its operators, its data, its lines."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.derivation.gradient import write_gradient as _write
from dataflow.document import paused_collection
from dataflow.errors import DataflowError
from dataflow.execution import settle_operators
from dataflow.graph import EMPTY, Graph, Input
from dataflow.sizing import put_sizes
from dataflow.sweeps.binding import bind_values

if TYPE_CHECKING:
    from dataflow.registry import Operators
    from dataflow.shapes import ArrayType


def write_gradient(
    graph: Graph,
    *,
    target: str | None = None,
    wrt: str | Iterable[str] | None = None,
    order: int = 1,
    bind: bool = False,
    inputs: Mapping[str, Any] = EMPTY,
    data_root: str | None = None,
    operators: Operators | None = None,
) -> Graph:
    """The reverse sweep of a graph written down as another graph: for every value `v` a node `dv`.

    target:    the node that is differentiated, in place of the graph's.
    wrt:       the values whose gradients are wanted; all that has one, if not given.
    order:     2 adds the gradients of the gradients (`ddb_dc`), and so on.
    bind:      take the shapes and sizes of the data, and of `inputs`, in place of those that are declared.
    inputs:    values in place of those in the graph, by name.
    data_root: the folder that data files are read from, in place of the graph's own.
    operators: the table of operators, in place of the one that the graph was read with.

    Raises `GraphError` for a graph, a shape or a rule of which no gradient can be written down, `UsageError` for names
    that are not in the graph, and with `bind` what `execute` raises for data.

    >>> from dataflow.document import loads
    >>> graph = loads("{dataflow: 1, inputs: {a: 5, b: 3, c: 2}, nodes: {u: b*c, v: a + u, J: 3*v}, target: J}")
    >>> print(write_gradient(graph, wrt="b").dump().partition("nodes:")[2])
    <BLANKLINE>
      dv: 3
      du: dv
      db: du * c
    <BLANKLINE>
    """
    names = None if wrt is None else [wrt] if isinstance(wrt, str) else list(wrt)
    try:
        operators = settle_operators(graph, operators)
        types = None
        if bind:
            graph, types = _bind(graph, inputs, data_root, operators)
        with paused_collection():
            return _write(graph, operators, target=target, wrt=names, order=order, types=types)
    except DataflowError as error:
        if graph.source is None:
            raise
        located = [graph.source.locate(item) if item.path else item for item in error.diagnostics]
        raise type(error)(located) from error.__cause__


def _bind(
    graph: Graph, inputs: Mapping[str, Any], root: str | None, operators: Operators
) -> tuple[Graph, dict[str, ArrayType]]:
    """The graph with the sizes of its data, and the types of its given values."""
    from dataflow.derivatives.knowledge import type_of

    bound = bind_values(graph, inputs, list(graph.given), scalar=False, root=root)
    settled = put_sizes(graph, bound.sizes, operators)
    types = {name: type_of(value) for name, value in bound.values.items()}
    return settled, types


def move_sources(graph: Graph, before: str | None, after: str) -> Graph:
    """The graph with its data files named from another folder, where they lie in it or below; else as they are.

    >>> graph = Graph(inputs={"x": Input(source="x.npy")})
    >>> move_sources(graph, "/home/me/graphs", "/home/me").inputs["x"].source
    'graphs/x.npy'
    """
    if before is None:
        return graph

    def move(entry: Input) -> Input:
        if entry.source is None:
            return entry
        path, mark, part = entry.source.partition("#")
        found = os.path.relpath(os.path.join(before, path), after)
        inside = not found.startswith(os.pardir)
        return entry._replace(source=f"{found.replace(os.sep, '/')}{mark}{part}") if inside else entry

    moved = {
        section: {name: move(entry) for name, entry in getattr(graph, section).items()}
        for section in ("inputs", "parameters")
    }
    return graph.replace(**moved)
