"""Graphs whose nodes use sizes: their lengths are taken from the values before anything is planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.errors import DataError, Diagnostic
from dataflow.graph import Graph
from dataflow.sizes import names_in
from dataflow.sizing import computed_in, list_used, put_sizes, uses_sizes
from dataflow.sweeps.binding import Bound, bind_values
from dataflow.sweeps.lengths import Lengths
from dataflow.sweeps.plan import keep_needed

if TYPE_CHECKING:
    from dataflow.operators import Operator


def bind_sizes(
    graph: Graph,
    operators: Mapping[str, Operator],
    given: Mapping[str, Any],
    roots: Sequence[str | None] | None,
    *,
    root: str | None = None,
) -> tuple[Graph, Bound | None]:
    """The graph with numbers in place of its sizes, and the values that told them; itself if its nodes use none.

    Bound is what `roots` rest on (None: everything), and whatever else is needed to know their sizes. Raises
    `DataError` as `bind_values` does, and for a size that stays unknown.

    >>> from dataflow.document import loads
    >>> graph = loads("{dataflow: 1, inputs: {x: {value: [1, 2], shape: [n]}}, nodes: {y: sum(x) / n}}")
    >>> bind_sizes(graph, graph.operators, {}, None)[0].nodes["y"].inputs
    ('y#1', 2)
    """
    if not uses_sizes(graph, operators):
        return graph, None
    needed = list(graph.given)
    nodes: Iterable[str] = graph.nodes
    if roots is not None:
        nodes = keep_needed(graph, [name for name in roots if name is not None])
        shown = {*roots, *(item for name in nodes for item in graph.nodes[name].inputs)}
        needed = [name for name in needed if name in shown]
    used = list_used(graph, operators, nodes)
    if roots is not None:
        needed += _list_tellers(graph, given, used, set(needed))
    bound = bind_values(graph, given, needed, scalar=False, root=root)
    if unknown := sorted(used - bound.sizes.keys()):
        raise DataError(_describe_unknown(graph, size) for size in unknown)
    return put_sizes(graph, bound.sizes, operators), bound


def _list_tellers(graph: Graph, given: Mapping[str, Any], used: set[str], needed: set[str]) -> list[str]:
    """Inputs and parameters that have a value and are needed only to know sizes."""
    alone: set[str] = set()
    waiting: dict[str, set[str]] = {}
    for name, entry in graph.given.items():
        if name in needed:
            alone.update(size for size in entry.shape or () if isinstance(size, str))
        elif name in given or entry.value is not None or entry.source is not None:
            waiting[name] = {item for _, size in computed_in(entry) for item in names_in(size)}
    tellers: list[str] = []
    wanted = used - alone
    while chosen := [name for name, names in waiting.items() if not wanted.isdisjoint(names)]:
        tellers += chosen
        wanted = {item for name in chosen for item in waiting.pop(name)} - alone
    return tellers


def _describe_unknown(graph: Graph, size: str) -> Diagnostic:
    """A size that no value of this run tells, at the first shape that mentions it."""
    for name, entry in graph.given.items():
        for axis, mentioned in computed_in(entry):
            if size in names_in(mentioned):
                path = (*graph.path_of(name), "shape", axis)
                hint = f"give `{name}` a value, from which it is known: --set {name}=..."
                return Diagnostic("DF0518", f"the length of `{size}` is not known", path, node=name, hint=hint)
    return Diagnostic("DF0518", f"the length of `{size}` is not known")


def put_lengths(graph: Graph, operators: Mapping[str, Operator], values: Mapping[str, Any]) -> Graph:
    """The graph with numbers in place of its sizes, as the shapes of the values of its inputs and parameters tell them.

    A graph whose nodes use no sizes stays as it is.
    """
    if not uses_sizes(graph, operators):
        return graph
    lengths = Lengths()
    for name, entry in graph.given.items():
        lengths.note(name, entry, getattr(values.get(name), "shape", ()), graph.path_of(name))
    if found := lengths.settle():
        raise DataError(found)
    return put_sizes(graph, lengths.known, operators)
