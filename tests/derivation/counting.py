"""How many primitive operations a graph takes, composites counted by what their forward rules call."""

from __future__ import annotations

from typing import Any

from dataflow import Graph, Operators
from dataflow.shapes import ArrayType
from dataflow.tracing import record
from dataflow.typecheck import infer_types


def count_primitives(graph: Graph, operators: Operators, types: Any = None) -> int:
    """The operations of a graph: a bare name or number is none."""
    known = infer_types(graph, operators, types).types
    total = 0
    for node in graph.nodes.values():
        operands = [known.get(item, 2) if isinstance(item, str) else item for item in node.inputs]
        total += _count(node.op, operands, dict(node.attributes), operators)
    return total


def _count(op: str, operands: list[Any], attributes: dict[str, Any], operators: Operators) -> int:
    operator = operators[op]
    if op == "identity":
        return 0
    if operator.kernels is not None:
        return 1
    if not operator.variadic:
        operands = [*operands, *[None] * (len(operator.inputs) - len(operands))]
    filled = {item.name: attributes.get(item.name, item.default) for item in operator.attributes}
    made = record(operator, operators, operands, filled)
    total = 0
    for node in made.graph.nodes.values():
        inner: list[Any] = [made.types[item] if isinstance(item, str) else item for item in node.inputs]
        total += _count(node.op, inner, dict(node.attributes), operators)
    return total


FLOAT = ArrayType("float64", ())
