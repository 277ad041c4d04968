"""Is a graph meaningful? Names, arities, attributes, inline values, cycles, the target: all problems at once.

Each problem is a `Diagnostic` that names its place by `path`; who knows the text adds line and column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dataflow.checks.inline import check_input
from dataflow.checks.kinds import check_kinds
from dataflow.checks.names import fault_of, looks_of, spell_out
from dataflow.checks.nodes import check_nodes, propose_name
from dataflow.checks.sizes import check_sizes
from dataflow.errors import KEY, Diagnostic, GraphError, Path
from dataflow.graph import HIDDEN, Graph, Input, owner_of

if TYPE_CHECKING:
    from dataflow.operators import Operator

Entry = tuple[str, str, Input]  # section, name, entry


def check(graph: Graph, operators: Mapping[str, Operator]) -> list[Diagnostic]:
    """Every problem of a graph, in the order of its parts. An empty list: it can be planned.

    A graph of wrong kinds (made by hand, of what no text says) is not looked at further. One that is sound
    remembers it: to check it again under the same table costs nothing.

    >>> from dataflow.graph import Node
    >>> graph = Graph(inputs={"a": 1}, nodes={"b": Node("ex", ("a",))})
    >>> [problem.code for problem in check(graph, {})]
    ['DF0401']
    """
    if graph.is_sound(operators):
        return []
    if found := list(check_kinds(graph)):
        return found
    found = [*_check_names(graph), *_check_inputs(graph), *check_nodes(graph, operators), *_check_target(graph)]
    if graph.derivatives:
        from dataflow.checks.derivatives import check_derivatives

        found += check_derivatives(graph, graph.derivatives)
    if graph.dtype not in ("float64", "float32"):
        message = f"a graph computes in float64 or float32, not in `{graph.dtype}`"
        hint = "an input of another type says so itself: `{value: 3, dtype: int64}`"
        found.append(Diagnostic("DF0504", message, ("dtype",), hint=hint))
    try:
        _ = graph.order
    except GraphError as error:
        found += error.diagnostics
    if not found:
        graph.note_sound(operators)
    return found


def _list_entries(graph: Graph) -> Iterator[Entry]:
    for section in ("inputs", "parameters"):
        for name, entry in getattr(graph, section).items():
            yield section, name, entry


def _list_names(graph: Graph) -> Iterator[tuple[str, str, Path]]:
    """Every name that the graph gives, with what it is the name of and its place."""
    for section, name, _ in _list_entries(graph):
        yield name, "an input" if section == "inputs" else "a parameter", (section, name, KEY)
    nodes = graph.nodes
    for name, node in nodes.items():
        if HIDDEN not in name or not (owner_of(name) in nodes and name.partition(HIDDEN)[2].isdecimal()):
            yield name, "a node", ("nodes", name, KEY)
        for index, output in enumerate(node.outputs):
            yield output, "an output", ("nodes", name, "outputs", index)


def _check_names(graph: Graph) -> Iterator[Diagnostic]:
    known: dict[str, str] = {}
    foreign: list[tuple[str, Path]] = []
    for name, kind, path in _list_names(graph):
        if (fault := fault_of(name)) is not None:
            yield Diagnostic("DF0201", fault[0], path, node=name, hint=fault[1])
        if name in known:
            message = f"`{name}` is the name of {known[name]} already"
            hint = "inputs, parameters, nodes and their outputs share one space of names"
            yield Diagnostic("DF0202", message, path, node=name, hint=hint)
        known.setdefault(name, kind)
        if not name.isascii():
            foreign.append((name, path))
    yield from _check_looks(foreign, known)
    yield from check_sizes(graph, known)


def _check_looks(foreign: list[tuple[str, Path]], known: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Names with letters of other scripts must not look like another name."""
    looks: dict[str, list[tuple[str, Path]]] = {}
    for name, path in foreign:
        looks.setdefault(looks_of(name), []).append((name, path))
    for look, alike in looks.items():
        twin = look if look in known else alike[0][0]
        for name, path in alike:
            if name != twin:
                message = f"`{name}` and `{twin}` look the same and are two names"
                hint = f"write `{look}` in Latin letters, or choose another name"
                yield Diagnostic("DF0204", message, path, node=name, found=spell_out(name), hint=hint)


def _check_inputs(graph: Graph) -> Iterator[Diagnostic]:
    default = graph.dtype if graph.dtype.startswith("float") else "float64"  # a wrong one is one problem, not many
    for section, name, entry in _list_entries(graph):
        for problem in check_input(entry, (section, name), default, parameter=section == "parameters"):
            yield problem._replace(node=name)


def _check_target(graph: Graph) -> Iterator[Diagnostic]:
    target = graph.target
    if target is None or target in graph.names():
        return
    if target in graph.nodes and (outputs := graph.nodes[target].outputs):
        hint = f"choose one of them: {', '.join(outputs)}"
        yield Diagnostic("DF0231", f"target `{target}` has several outputs", ("target",), hint=hint)
        return
    message = f"target `{target}` is not a value of this graph"
    yield Diagnostic("DF0230", message, ("target",), found=f"`{target}`", hint=propose_name(target, graph))
