"""What is asked of a graph before it is differentiated: in what, through which nodes, and whether it can be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.derivation.reverse import list_passing
from dataflow.errors import Diagnostic, GraphError, UsageError, propose
from dataflow.graph import Graph
from dataflow.shapes import FLOATS, ArrayType

if TYPE_CHECKING:
    from dataflow.derivation.tape import Tape
    from dataflow.operators import Operator
    from dataflow.typecheck import Inferred


def check_names(graph: Graph, names: Iterable[str]) -> None:
    """Raise `UsageError` for names that are not values of the graph."""
    known = set(graph.names(hidden=True))
    found = [
        Diagnostic("DF0905", f"`{name}` is not a value of this graph", hint=propose(str(name), graph.names()))
        for name in names
        if not isinstance(name, str) or name not in known
    ]
    if found:
        raise UsageError(found)


def find_differentiable(graph: Graph) -> list[str]:
    """The given values that have a gradient: parameters, and inputs of a float type that are not data.

    >>> from dataflow.graph import Input
    >>> find_differentiable(Graph(inputs={"a": 1, "k": Input(2, dtype="int64")}, parameters={"w": 1}))
    ['w', 'a']
    """
    found = list(graph.parameters)
    for name, entry in graph.inputs.items():
        given = entry.source is None if entry.differentiable is None else entry.differentiable
        if given and (entry.dtype or graph.dtype) in FLOATS:
            found.append(name)
    return found


def find_followed(
    graph: Graph, operators: Mapping[str, Operator], target: Iterable[str], wrt: Iterable[str]
) -> set[str]:
    """The nodes between `wrt` and the targets whose operators write no backward rules: these are followed."""
    producers = graph.producers()
    below = set(wrt)
    for name in graph.order:
        node = graph.nodes[name]
        if any(item in below for item in list_passing(operators[node.op], node)):
            below.update(node.outputs or (name,))
    above = {producers.get(name, name) for name in target}
    for name in reversed(graph.order):
        if name in above:
            above.update(
                producers.get(item, item) for item in list_passing(operators[graph.nodes[name].op], graph.nodes[name])
            )
    between = (
        name
        for name in graph.order
        if name in above and any(out in below for out in graph.nodes[name].outputs or (name,))
    )
    return {
        name
        for name in between
        if operators[graph.nodes[name].op].backward is None and operators[graph.nodes[name].op].kernels is None
    }


def check_target(graph: Graph, inferred: Inferred, target: str) -> None:
    """Raise `GraphError` for a target that has no gradient: one of integers, or of several elements."""
    type = inferred.types.get(target)
    if type is None:
        return
    path = graph.path_of(target)
    if type.dtype not in FLOATS:
        message = f"target `{target}` is of type {type.dtype}, which has no gradient"
        hint = "a target is a float: choose another with --target"
        raise GraphError(Diagnostic("DF0232", message, path, node=target, hint=hint))
    if any(length != 1 for length in type.shape):
        message = f"target `{target}` is {type}, and a gradient is that of one number"
        hint = f"reduce it (`sum({target})`, `mean({target})`); a Jacobian is asked for with `exec --jacobian`"
        raise GraphError(Diagnostic("DF0233", message, path, node=target, hint=hint))


def check_floats(graph: Graph, inferred: Inferred, names: Iterable[str]) -> None:
    """Raise `GraphError` for values in which nothing is differentiated, such as integers."""
    found = [
        Diagnostic(
            "DF0232", f"`{name}` is of type {type.dtype}, which has no gradient", graph.path_of(name), node=name,
            hint="only floats have one: choose others, or make it a float",
        )
        for name in names
        if (type := inferred.types.get(name)) is not None and type.dtype not in FLOATS
    ]  # fmt: skip
    if found:
        raise GraphError(found)


def seed_of(tape: Tape, target: str) -> Any:
    """The cotangent with which a target of one element begins: 1."""
    symbol = tape.symbol(target)
    plain = symbol.type == ArrayType(tape.graph.dtype, ())
    return 1 if plain else tape.recorder.ones_like(symbol)


def zero_of(tape: Tape, name: str) -> Any:
    """The gradient of what does not reach a target."""
    symbol = tape.symbol(name)
    return 0 if symbol.type == ArrayType(tape.graph.dtype, ()) else tape.recorder.zeros_like(symbol)
