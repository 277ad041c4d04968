"""The reverse sweep of a graph written down as another graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.derivation.emission import UnwritableSizeError, emit
from dataflow.derivation.reverse import list_passing, sweep_back
from dataflow.derivation.tape import Tape, UnderivableError
from dataflow.errors import Diagnostic, GraphError, UsageError, propose
from dataflow.graph import EMPTY, Graph, Input
from dataflow.shapes import FLOATS, ArrayType
from dataflow.sizing import list_sizes
from dataflow.typecheck import Inferred, infer_types

if TYPE_CHECKING:
    from dataflow.operators import Operator

MAX_ORDER = 8


def write_gradient(
    graph: Graph,
    operators: Mapping[str, Operator],
    *,
    target: str | None = None,
    wrt: Sequence[str] | None = None,
    order: int = 1,
    types: Mapping[str, ArrayType] | None = None,
) -> Graph:
    """The graph of the gradients of a target: for every value `v` on the way a node `dv`.

    target: the node that is differentiated, in place of the graph's; a float of one element.
    wrt:    the values whose gradients are wanted; all that has one, if not given.
    order:  2 adds the gradients of these gradients, `ddb_dc` for d(db)/dc, and so on. The gradient of an array is
            weighed by a direction, `direction_dw`, an input of its shape: the result is a Hessian times that direction.
    types:  of given values, where they are known better than from the graph, as from data.

    Raises `UnderivableError` for a rule that cannot be written down, or a shape that is not known; `GraphError` for a
    graph that is not sound and for a target without a gradient; `UsageError` for names that are not in the graph.

    >>> from dataflow.document import loads
    >>> from dataflow.registry import standard
    >>> graph = loads("{dataflow: 1, inputs: {a: 5, b: 3, c: 2}, nodes: {u: b*c, v: a + u, J: 3*v}, target: J}")
    >>> found = write_gradient(graph, standard())
    >>> {name: (node.op, node.inputs) for name, node in found.nodes.items() if name in ("dv", "db")}
    {'db': ('multiply', ('du', 'c')), 'dv': ('identity', (3,))}
    """
    target = graph.target if target is None else target
    check_names(graph, [] if wrt is None else wrt)
    if target is None:
        raise UsageError(Diagnostic("DF1003", "a gradient is that of a target, and there is none", hint="name one"))
    check_names(graph, [target])
    inferred = infer_types(graph, operators, types)
    if inferred.found:
        raise GraphError(inferred.found)
    derived = _derive(graph, operators, inferred, target, wrt, prefix="")
    return derived


def check_names(graph: Graph, names: Iterable[str]) -> None:
    """Raise `UsageError` for names that are not values of the graph."""
    known = set(graph.names(hidden=True))
    found = [
        Diagnostic("DF0905", f"`{name}` is not a value of this graph", hint=propose(name, graph.names()))
        for name in names
        if name not in known
    ]
    if found:
        raise UsageError(found)


def find_differentiable(graph: Graph) -> list[str]:
    """The given values that have a gradient: parameters, and inputs of a float type that are not data.

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


def find_needed(graph: Graph, roots: Iterable[str]) -> set[str]:
    """The nodes on which some values rest."""
    producers = graph.producers()
    needed = {producers.get(name, name) for name in roots}
    for name in reversed(graph.order):
        if name in needed:
            needed.update(producers.get(item, item) for item in graph.nodes[name].inputs if isinstance(item, str))
    return needed


def _derive(
    graph: Graph,
    operators: Mapping[str, Operator],
    inferred: Inferred,
    target: str,
    wrt: Sequence[str] | None,
    prefix: str,
) -> Graph:
    roots = find_differentiable(graph) if wrt is None else list(wrt)
    check_target(graph, inferred, target)
    needed = find_needed(graph, [target, *roots])
    tape = Tape(graph, operators, inferred, needed, find_followed(graph, operators, [target], roots))
    names = name_gradients(graph, target, graph.names(), prefix)
    named = {name: label for name, label in names.items() if name not in graph.given}
    cotangents, labels = sweep_back(tape, {target: seed_of(tape, target)}, roots, named)
    shown = list(graph.names()) if wrt is None else list(wrt)
    order = {name: place for place, name in enumerate(graph.order)}
    shown.sort(key=lambda name: -order.get(name, -1) if name not in graph.given else 1)
    outputs: dict[str, Any] = {}
    for name in shown:
        found = cotangents.get(tape.aliases.get(name, name))
        if found is not None:
            outputs[names[name]] = found
        elif wrt is not None:
            outputs[names[name]] = zero_of(tape, name)
    return assemble(tape, outputs, labels, name="gradient", description=f"The gradients of {target}")


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


def seed_of(tape: Tape, target: str) -> Any:
    """The cotangent with which a target of one element begins: 1."""
    symbol = tape.symbol(target)
    plain = symbol.type == ArrayType(tape.graph.dtype, ())
    return 1 if plain else tape.recorder.ones_like(symbol)


def zero_of(tape: Tape, name: str) -> Any:
    """The gradient of what does not reach a target."""
    symbol = tape.symbol(name)
    return 0 if symbol.type == ArrayType(tape.graph.dtype, ()) else tape.recorder.zeros_like(symbol)


def name_gradients(graph: Graph, target: str, names: Iterable[str], prefix: str) -> dict[str, str]:
    """What the gradients are called: `dv`, or `dJ_dv` where the graph has a `dv` of its own."""
    taken = {*graph.names(hidden=True), *graph.nodes, *list_sizes(graph)}
    found: dict[str, str] = {}
    for name in names:
        label = f"{prefix or 'd'}{name}"
        if label in taken:
            label = f"d{target}_d{name}"
        while label in taken:
            label += "_"
        found[name] = label
        taken.add(label)
    return found


def assemble(
    tape: Tape, outputs: Mapping[str, Any], labels: Mapping[str, str], *, name: str, description: str,
    given: Mapping[str, Input] = EMPTY,
) -> Graph:  # fmt: skip
    """A graph of what was derived, with the inputs and parameters that it needs. Raises `UnderivableError`."""
    graph = tape.graph
    taken = {*graph.names(hidden=True), *graph.nodes, *given, *list_sizes(graph)}
    try:
        nodes, used = emit(tape, outputs, taken, labels)
    except UnwritableSizeError as error:
        hint = "declare the shapes of inputs, as in `shape: [rows, 3]`, or take the sizes of the data with --bind"
        raise UnderivableError(Diagnostic("DF1001", str(error), hint=hint)) from error
    needed = {item for node in nodes.values() for item in node.inputs if isinstance(item, str)}
    inputs = {key: entry for key, entry in graph.inputs.items() if key in used or key in needed}
    for constant in tape.recorder.constants:
        if constant in used:
            raise UnderivableError(Diagnostic("DF1002", "a rule brings an array along, which a graph cannot hold"))
    return Graph(
        name=f"{graph.name}_{name}" if graph.name else name,
        description=f"{description} of {graph.name}" if graph.name else description,
        dtype=graph.dtype,
        inputs={**inputs, **given},
        parameters={key: entry for key, entry in graph.parameters.items() if key in used or key in needed},
        nodes=nodes,
        requires=graph.requires,
        operators=graph.operators,
        source=None,
    )
