"""Where the shapes of a node's operands come from, in words and with line numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.document.writer import unparse_part
from dataflow.errors import Diagnostic
from dataflow.graph import HIDDEN, Graph, Node, owner_of
from dataflow.shapes import ArrayType

if TYPE_CHECKING:
    from dataflow.operators import Operator

MAX_OPERANDS = 6  # that are described
MAX_SOURCES = 3  # given values that are named as where a shape comes from
MAX_WALK = 1000  # nodes that are looked at on the way back to them


def describe_operands(
    graph: Graph, operator: Operator, node: Node, types: Mapping[str, ArrayType], assumed: Sequence[Any] = ()
) -> str:
    """The operands of a node: type, line, and of a computed one the given values that its shape comes from.

    >>> from dataflow.registry import standard
    >>> nodes = {"u": Node("exp", ("b",)), "y": Node("add", ("a", "u"))}
    >>> graph = Graph(inputs={"a": [1, 2], "b": [1, 2, 3]}, nodes=nodes)
    >>> types = {"a": ArrayType("float64", (2,)), "b": ArrayType("float64", (3,)), "u": ArrayType("float64", (3,))}
    >>> describe_operands(graph, standard()["add"], graph.nodes["y"], types)
    '`a` is float64[2]; `u` is float64[3], from `b` float64[3]'
    """
    parts = []
    names = [item.name for item in operator.inputs]
    for index, item in enumerate(node.inputs[:MAX_OPERANDS]):
        if isinstance(item, str):
            parts.append(_describe(graph, item, types))
        elif item is not None:
            parts.append(f"`{names[min(index, len(names) - 1)]}` is {item}")
    if len(node.inputs) > MAX_OPERANDS:
        parts.append("...")
    for assumption in assumed:
        parts.append(f"{assumption.name} = {assumption.length} since `{assumption.node}` needs it")
    return "; ".join(parts)


def _describe(graph: Graph, name: str, types: Mapping[str, ArrayType]) -> str:
    shown = unparse_part(graph, name) if HIDDEN in name else name
    text = f"`{shown}` is {types.get(name, 'a size')}"
    if HIDDEN not in name:
        text += _line_of(graph, name)
    sources = list(_find_sources(graph, name)) if name not in graph.given else []
    if sources:
        listed = [f"`{source}` {types[source]}{_line_of(graph, source)}" for source in sources if source in types]
        text += f", from {', '.join(listed)}" if listed else ""
    return text


def _find_sources(graph: Graph, name: str) -> Iterator[str]:
    """The given values nearest to a node, at most a few."""
    producers, given = graph.producers(), graph.given
    level, seen, found = [name], {name}, 0
    for item in level:
        node = graph.nodes.get(producers.get(item, item))
        for operand in node.inputs if node is not None else ():
            if isinstance(operand, str) and operand not in seen and len(seen) < MAX_WALK:
                seen.add(operand)
                level.append(operand)
                if operand in given:
                    yield operand
                    found += 1
                    if found == MAX_SOURCES:
                        return


def _line_of(graph: Graph, name: str) -> str:
    if graph.source is None:
        return ""
    found = graph.source.locate(Diagnostic("DF0000", "", graph.path_of(owner_of(name))))
    return f" (line {found.line})" if found.line is not None else ""
