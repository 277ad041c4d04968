"""Is every node an operator that there is, with operands that there are and as many as it takes?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.attributes import annotations_of
from dataflow.checks.attributes import check_attributes
from dataflow.checks.names import looks_of, spell_out
from dataflow.checks.sizes import AttributeSizes
from dataflow.checks.spellings import COMPLEX, MEANT
from dataflow.errors import Diagnostic, propose, suggest
from dataflow.graph import HIDDEN, Graph, Node, blame_node, owner_of
from dataflow.operators import VARIADIC_OUTPUTS
from dataflow.sizing import holds_text, list_sizes

if TYPE_CHECKING:
    from dataflow.operators import Operator

MAX_HINTS = 50  # distinct unknown words that are compared with all names: each costs a pass over them


def check_nodes(graph: Graph, operators: Mapping[str, Operator]) -> Iterator[Diagnostic]:
    """Every problem of a node with its operator, its operands, its attributes and its outputs.

    >>> graph = Graph(inputs={"a": 1}, nodes={"y": Node("ex", ("b",))})
    >>> [problem.message for problem in check_nodes(graph, {})]
    ['unknown name `b`', 'unknown operator `ex`']
    """
    known, sizes = set(graph.names(hidden=True)), list_sizes(graph)
    attribute_sizes = AttributeSizes(known, sizes)
    used = {op: operators.get(op) for op in {node.op for node in graph.nodes.values()}}
    hints: dict[str, str | None] = {}
    meant: dict[str, str | None] = {}
    annotations: dict[str, dict[str, Any]] = {}
    for name, node in graph.nodes.items():
        for index, operand in enumerate(node.inputs):
            if operand.__class__ is str and (
                (operand not in known and operand not in sizes) or _is_foreign(operand, name)
            ):
                yield _describe_dangling(graph, name, index, operand, hints)
        op = node.op
        operator = used[op]
        if operator is None:
            if op not in meant:
                meant[op] = _explain_unknown(graph, op, operators) if len(meant) < MAX_HINTS else None
            yield blame_node(name, "DF0401", f"unknown operator `{op}`", "op", hint=meant[op])
            continue
        if len(node.inputs) != len(operator.inputs) or operator.variadic or None in node.inputs:
            yield from _check_arity(name, node, operator)
        if node.attributes or operator.attributes:
            if node.attributes and op not in annotations:
                annotations[op] = annotations_of(operator)
            yield from check_attributes(name, node, operator, annotations.get(op, {}))
            if holds_text(node.attributes.values()):
                yield from attribute_sizes.check(name, node, annotations[op])
        if node.outputs or operator.outputs:
            yield from _check_outputs(name, node, operator)


def _is_foreign(operand: str, name: str) -> bool:
    """Whether an operand is a hidden node of another node than the one that uses it."""
    return HIDDEN in operand and owner_of(operand) != owner_of(name)


def _describe_dangling(graph: Graph, name: str, index: int, operand: str, hints: dict[str, str | None]) -> Diagnostic:
    if operand in graph.nodes and (outputs := graph.nodes[operand].outputs):
        hint = f"use one of them: {', '.join(f'`{output}`' for output in outputs)}"
        return blame_node(name, "DF0231", f"`{operand}` has several outputs", "inputs", index, hint=hint)
    if operand not in hints:
        hints[operand] = _explain_dangling(operand, graph) if len(hints) < MAX_HINTS else None
    return blame_node(name, "DF0203", f"unknown name `{operand}`", "inputs", index, hint=hints[operand])


def _explain_dangling(operand: str, graph: Graph) -> str:
    if operand in ("true", "false"):
        return "a truth value comes from a comparison such as `a > 0`; as a number write 1 or 0"
    if not operand.isidentifier():
        return "an operand is a name or a number; give an expression a node of its own"
    return propose_name(operand, graph, sorted(list_sizes(graph)))


def propose_name(word: str, graph: Graph, sizes: Sequence[str] = ()) -> str:
    """A hint for a word that is no name of a value, or of one of these sizes: the one that was probably meant.

    >>> propose_name("alhpa", Graph(inputs={"alpha": 1}))
    'did you mean `alpha`?'
    """
    twin = next((name for name in graph.names() if looks_of(name) == looks_of(word)), None)
    if twin is not None:
        return f"did you mean `{twin}`? They look alike: {spell_out(word) or spell_out(twin)}"
    return propose(word, [*graph.names(), *sizes]) or "it is no input, parameter or node of this graph"


def _explain_unknown(graph: Graph, op: str, operators: Mapping[str, Operator]) -> str:
    if op in graph.given or op in graph.nodes:
        return f"`{op}` is a value, not an operator: for a product write `{op} * (...)`"
    if op in COMPLEX:
        return "graphs compute with real numbers: there are no complex ones"
    meant = MEANT.get(op) or suggest(op, operators)
    if meant:
        return f"did you mean {meant}?" if "(" in meant else f"did you mean `{meant}`?"
    return "`dataflow ops` lists those there are; `--plugin FILE` adds your own"


def _check_arity(name: str, node: Node, operator: Operator) -> Iterator[Diagnostic]:
    op, count, inputs = node.op, len(node.inputs), operator.inputs
    least = sum(not (item.optional or item.variadic) for item in inputs)
    most = None if operator.variadic else len(inputs)
    hint = f"{operator.signature}: {operator.formula}"
    if count < least or (most is not None and count > most):
        expected = f"{least}" if most == least else f"at least {least}" if most is None else f"{least} to {most}"
        if op in ("max", "min") and count == 2:
            hint = f"of two values: {op}imum(a, b); `{op}` reduces one array along its axes"
        message = f"`{op}` takes {expected} input{'s' * (expected != '1')}, got {count}"
        yield blame_node(name, "DF0402", message, "inputs", hint=hint)
        return
    if operator.variadic and count == 0:
        yield blame_node(name, "DF0402", f"`{op}` needs at least 1 input, got 0", "inputs", hint=hint)
    for index, operand in enumerate(node.inputs):
        if operand is None and not (index < len(inputs) and inputs[index].optional):
            message = f"`{op}` needs its input `{inputs[min(index, len(inputs) - 1)].name}`"
            yield blame_node(name, "DF0403", message, "inputs", hint=hint)


def _check_outputs(name: str, node: Node, operator: Operator) -> Iterator[Diagnostic]:
    op, named, known = node.op, node.outputs, operator.outputs
    if named and not known:
        message = f"`{op}` has one output, which bears the node's own name"
        yield blame_node(name, "DF0404", message, "outputs", hint="leave `outputs` out")
    elif not named:
        names = ", ".join(known) if known != VARIADIC_OUTPUTS else "first, second"
        message = f"`{op}` has several outputs, and each needs a name"
        hint = f"spell the node out: {{op: {op}, inputs: [...], outputs: [{names}]}}"
        yield blame_node(name, "DF0405", message, "op", hint=hint)
    elif known != VARIADIC_OUTPUTS and len(named) != len(known):
        message = f"`{op}` has {len(known)} outputs, {len(named)} are named"
        yield blame_node(name, "DF0405", message, "outputs", hint=f"they are {', '.join(known)}")
