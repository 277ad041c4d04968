"""Is a graph meaningful? Names, arities, attributes, inline values, cycles, the target: all problems at once.

Each problem is a `Diagnostic` that names its place by `path`; who knows the text adds line and column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dataflow.checks.attributes import check_attributes
from dataflow.checks.inline import check_input
from dataflow.checks.names import fault_of, looks_of, spell_out
from dataflow.checks.spellings import MEANT
from dataflow.errors import Diagnostic, GraphError, Path, propose, suggest
from dataflow.graph import HIDDEN, Graph, Node, owner_of

if TYPE_CHECKING:
    from dataflow.operators import Operator

KEY = "<key>"
MAX_HINTS = 50  # distinct unknown words that are compared with all names: each costs a pass over them


def check(graph: Graph, operators: Mapping[str, Operator]) -> list[Diagnostic]:
    """Every problem of a graph, in the order of its parts. An empty list: it can be planned.

    >>> graph = Graph(inputs={"a": 1}, nodes={"b": Node("ex", ("a",))})
    >>> [problem.code for problem in check(graph, {})]
    ['DF0401']
    """
    found = [*_check_names(graph), *_check_inputs(graph), *_check_nodes(graph, operators), *_check_target(graph)]
    if graph.dtype not in ("float64", "float32"):
        found.append(
            Diagnostic(
                "DF0504",
                f"a graph computes in float64 or float32, not in `{graph.dtype}`",
                ("dtype",),
                hint="an input of another type says so itself: `{value: 3, dtype: int64}`",
            )
        )
    try:
        _ = graph.order
    except GraphError as error:
        found += error.diagnostics
    return found


def _sections(graph: Graph) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
    """Every name that the graph gives, with its section and place."""
    for name in graph.inputs:
        yield name, "an input", ("inputs", name, KEY)
    for name in graph.parameters:
        yield name, "a parameter", ("parameters", name, KEY)
    for name, node in graph.nodes.items():
        if HIDDEN not in name:
            yield name, "a node", ("nodes", name, KEY)
        for index, output in enumerate(node.outputs):
            yield output, "an output", ("nodes", name, "outputs", index)


def _check_names(graph: Graph) -> Iterator[Diagnostic]:
    known: dict[str, str] = {}
    looks: dict[str, list[tuple[str, Path]]] = {}
    for name, kind, path in _sections(graph):
        if (fault := fault_of(name)) is not None:
            yield Diagnostic("DF0201", fault[0], path, node=name, hint=fault[1])
        if name in known:
            yield Diagnostic(
                "DF0202",
                f"`{name}` is the name of {known[name]} already",
                path,
                node=name,
                hint="inputs, parameters, nodes and their outputs share one space of names",
            )
        known.setdefault(name, kind)
        if not name.isascii():
            looks.setdefault(looks_of(name), []).append((name, path))
    for look, alike in looks.items():
        twin = look if look in known else alike[0][0]
        for name, path in alike:
            if name == twin:
                continue
            yield Diagnostic(
                "DF0204",
                f"`{name}` and `{twin}` look the same and are two names",
                path,
                node=name,
                found=spell_out(name),
                hint=f"write `{look}` in Latin letters, or choose another name",
            )
    for section in ("inputs", "parameters"):
        for name, entry in getattr(graph, section).items():
            for index, size in enumerate(entry.shape or ()):
                if isinstance(size, str) and size in known:
                    yield Diagnostic(
                        "DF0506",
                        f"`{size}` is a size here and the name of {known[size]} elsewhere",
                        (section, name, "shape", index),
                        node=name,
                        hint="give the size another name",
                    )


def _check_inputs(graph: Graph) -> Iterator[Diagnostic]:
    default = graph.dtype if graph.dtype.startswith("float") else "float64"  # a wrong one is one problem, not many
    for section in ("inputs", "parameters"):
        for name, entry in getattr(graph, section).items():
            for problem in check_input(entry, (section, name), default, parameter=section == "parameters"):
                yield problem._replace(node=name)


def _check_target(graph: Graph) -> Iterator[Diagnostic]:
    target = graph.target
    if target is None or target in graph.given:
        return
    if target in graph.nodes and not graph.nodes[target].outputs and HIDDEN not in target:
        return
    if target in graph.producers():
        return
    if target in graph.nodes and graph.nodes[target].outputs:
        yield Diagnostic(
            "DF0231",
            f"target `{target}` has several outputs",
            ("target",),
            hint=f"choose one of them: {', '.join(graph.nodes[target].outputs)}",
        )
        return
    yield Diagnostic(
        "DF0230",
        f"target `{target}` is not a value of this graph",
        ("target",),
        found=f"`{target}`",
        hint=_meant(target, graph),
    )


def _check_nodes(graph: Graph, operators: Mapping[str, Operator]) -> Iterator[Diagnostic]:
    known = set(graph.names(hidden=True))
    operators = dict(operators)
    hints: dict[str, str | None] = {}
    meant: dict[str, str | None] = {}
    for name, node in graph.nodes.items():
        operator = operators.get(node.op)
        for index, operand in enumerate(node.inputs):
            if operand.__class__ is str and operand not in known:
                yield _describe_dangling(graph, name, index, str(operand), hints)
        if operator is None:
            if node.op not in meant:
                meant[node.op] = _explain_unknown(graph, node.op, operators) if len(meant) < MAX_HINTS else None
            path = ("nodes", name, "op")
            message = f"unknown operator `{node.op}`"
            yield Diagnostic("DF0401", message, path, node=owner_of(name), hint=meant[node.op])
            continue
        count, inputs = len(node.inputs), operator.inputs
        if count != len(inputs) or operator.variadic or None in node.inputs:
            yield from _check_arity(name, node, operator)
        if node.attributes or operator.attributes:
            yield from check_attributes(name, node, operator)
        if node.outputs or operator.outputs:
            yield from _check_outputs(name, node, operator)


def _describe_dangling(graph: Graph, name: str, index: int, operand: str, hints: dict[str, str | None]) -> Diagnostic:
    path = ("nodes", name, "inputs", index)
    if operand in graph.nodes:
        outputs = ", ".join(f"`{output}`" for output in graph.nodes[operand].outputs)
        return Diagnostic(
            "DF0231", f"`{operand}` has several outputs", path, node=owner_of(name), hint=f"use one of them: {outputs}"
        )
    if operand not in hints:
        hints[operand] = _explain_dangling(operand, graph) if len(hints) < MAX_HINTS else None
    return Diagnostic("DF0203", f"unknown name `{operand}`", path, node=owner_of(name), hint=hints[operand])


def _explain_dangling(operand: str, graph: Graph) -> str:
    if operand in ("true", "false"):
        return "a truth value comes from a comparison such as `a > 0`; as a number write 1 or 0"
    if not operand.isidentifier():
        return "an operand is a name or a number; give an expression a node of its own"
    if any(operand in (entry.shape or ()) for entry in graph.given.values()):
        return f"`{operand}` is a size; a size cannot be an operand"
    return _meant(operand, graph)


def _meant(word: str, graph: Graph) -> str:
    """The name that was probably meant, as a hint."""
    twin = next((name for name in graph.names() if looks_of(name) == looks_of(word)), None)
    if twin is not None:
        return f"did you mean `{twin}`? They look alike: {spell_out(word) or spell_out(twin)}"
    return propose(word, graph.names()) or "it is no input, parameter or node of this graph"


def _explain_unknown(graph: Graph, op: str, operators: Mapping[str, Operator]) -> str:
    if op in graph.given or op in graph.nodes:
        return f"`{op}` is a value, not an operator: for a product write `{op} * (...)`"
    meant = MEANT.get(op) or suggest(op, operators)
    if meant:
        return f"did you mean {meant}?" if "(" in meant else f"did you mean `{meant}`?"
    return "`dataflow ops` lists those there are; `--plugin FILE` adds your own"


def _check_arity(name: str, node: Node, operator: Operator) -> Iterator[Diagnostic]:
    count, inputs = len(node.inputs), operator.inputs
    least = sum(not (item.optional or item.variadic) for item in inputs)
    most = None if operator.variadic else len(inputs)
    hint = f"{operator.signature}: {operator.formula}"
    if count < least or (most is not None and count > most):
        expected = f"{least}" if most == least else f"at least {least}" if most is None else f"{least} to {most}"
        if node.op in ("max", "min") and count == 2:
            hint = f"of two values: {node.op}imum(a, b); `{node.op}` reduces one array along its axes"
        yield Diagnostic(
            "DF0402",
            f"`{node.op}` takes {expected} input{'s' * (expected != '1')}, got {count}",
            ("nodes", name, "inputs"),
            node=owner_of(name),
            hint=hint,
        )
        return
    if operator.variadic and count == 0:
        yield Diagnostic(
            "DF0402",
            f"`{node.op}` needs at least 1 input, got 0",
            ("nodes", name, "inputs"),
            node=owner_of(name),
            hint=hint,
        )
    for index, operand in enumerate(node.inputs):
        if operand is None and not (index < len(inputs) and inputs[index].optional):
            yield Diagnostic(
                "DF0403",
                f"`{node.op}` needs its input `{inputs[min(index, len(inputs) - 1)].name}`",
                ("nodes", name, "inputs"),
                node=owner_of(name),
                hint=hint,
            )


def _check_outputs(name: str, node: Node, operator: Operator) -> Iterator[Diagnostic]:
    path = ("nodes", name, "outputs")
    if node.outputs and not operator.outputs:
        yield Diagnostic(
            "DF0404",
            f"`{node.op}` has one output, which bears the node's own name",
            path,
            node=name,
            hint="leave `outputs` out",
        )
    elif not node.outputs:
        names = ", ".join(operator.outputs) if operator.outputs != ("*",) else "first, second"
        yield Diagnostic(
            "DF0405",
            f"`{node.op}` has several outputs, and each needs a name",
            ("nodes", name, "op"),
            node=owner_of(name),
            hint=f"spell the node out: {{op: {node.op}, inputs: [...], outputs: [{names}]}}",
        )
    elif operator.outputs != ("*",) and len(node.outputs) != len(operator.outputs):
        yield Diagnostic(
            "DF0405",
            f"`{node.op}` has {len(operator.outputs)} outputs, {len(node.outputs)} are named",
            path,
            node=name,
            hint=f"they are {', '.join(operator.outputs)}",
        )
