"""A graph of what was derived on a tape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dataflow.derivation.emission import UnwritableSizeError, emit
from dataflow.derivation.tape import Tape, UnderivableError
from dataflow.errors import Diagnostic
from dataflow.graph import EMPTY, Graph, Input, Node
from dataflow.sizes import SymbolicSize, names_in, parse_size
from dataflow.sizing import list_sizes


def assemble(
    tape: Tape, outputs: Mapping[str, Any], labels: Mapping[str, str], *, name: str, description: str,
    given: Mapping[str, Input] = EMPTY,
) -> Graph:  # fmt: skip
    """A graph that computes `outputs`, with the inputs and parameters that it needs, and those `given` besides.

    labels: names for what stands between, by name on the tape.

    Raises `UnderivableError` for sizes that have no name, and for arrays that a rule brought along.
    """
    graph = tape.graph
    taken = {*graph.names(hidden=True), *graph.nodes, *given, *list_sizes(graph)}
    try:
        nodes, used = emit(tape, outputs, taken, labels)
    except UnwritableSizeError as error:
        hint = "declare the shapes of inputs, as in `shape: [rows, 3]`, or take the sizes of the data with --bind"
        raise UnderivableError(Diagnostic("DF1001", str(error), hint=hint)) from error
    if any(constant in used for constant in tape.recorder.constants):
        raise UnderivableError(Diagnostic("DF1002", "a rule brings an array along, which a graph cannot hold"))
    mentioned = set(_list_mentioned(nodes))
    kept = {key for key in graph.given if key in used or key in mentioned}
    kept |= set(_find_declaring(graph, kept, mentioned & list_sizes(graph)))
    return Graph(
        name=f"{graph.name}_{name}" if graph.name else name,
        description=f"{description} of {graph.name}." if graph.name else f"{description}.",
        dtype=graph.dtype,
        inputs={**{key: entry for key, entry in graph.inputs.items() if key in kept}, **given},
        parameters={key: entry for key, entry in graph.parameters.items() if key in kept},
        nodes=nodes,
        requires=graph.requires,
        operators=graph.operators,
    )


def _list_mentioned(nodes: Mapping[str, Node]) -> Iterator[str]:
    """Every name that stands in a node: of values, and of sizes in attributes."""
    for node in nodes.values():
        yield from (item for item in node.inputs if isinstance(item, str))
        stack = list(node.attributes.values())
        while stack:
            value = stack.pop()
            if isinstance(value, tuple):
                stack += value
            elif isinstance(value, str):
                try:
                    size = parse_size(value)
                except ValueError:  # a word or a slice
                    continue
                if isinstance(size, SymbolicSize):
                    yield from names_in(size)


def _find_declaring(graph: Graph, kept: set[str], sizes: Iterable[str]) -> Iterator[str]:
    """For each size that is not declared by what is kept, the first input or parameter that declares it."""
    missing = set(sizes)
    declared = {name: _list_declared(entry) for name, entry in graph.given.items()}
    for name in kept:
        missing -= declared[name]
    for name, found in declared.items():
        if found & missing:
            missing -= found
            yield name


def _list_declared(entry: Input) -> set[str]:
    return {name for size in entry.shape or () if isinstance(size, str) for name in names_in(parse_size(size))}
