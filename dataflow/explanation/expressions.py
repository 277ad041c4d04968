"""Expressions as data, for people to read: names, numbers, and operators applied to them. Spelling them is apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from dataflow.graph import EMPTY, HIDDEN, Graph


class Name(NamedTuple):
    """A value by the name under which it is shown."""

    text: str


class Call(NamedTuple):
    """An operator applied to expressions.

    >>> Call("multiply", (Name("du"), Name("c")))
    Call(op='multiply', operands=(Name(text='du'), Name(text='c')), attributes=mappingproxy({}))
    """

    op: str
    operands: tuple[Expression, ...]
    attributes: Mapping[str, Any] = EMPTY


Expression = Name | Call | float | int | bool | None

OUTPUT = "[]"  # a call of this is one of the results of an operator that has several, by its `index`
CONSTANT = "constant"  # an array that a rule brings along
KEPT = "kept"  # `where(condition, x, 0)` in a backward rule: what is not taken gets nothing


def fold(expression: Expression, leaf: Callable[[Any], Any], call: Callable[[Call, Sequence[Any]], Any]) -> Any:
    """What `call` makes of a call and of what was made of its operands, from the leaves up; without recursion.

    >>> fold(Call("add", (1, Call("exp", (2,)))), str, lambda call, parts: f"{call.op}({', '.join(parts)})")
    'add(1, exp(2))'
    """
    stack, order = [expression], []
    while stack:
        item = stack.pop()
        order.append(item)
        if isinstance(item, Call):
            stack += item.operands
    made: dict[int, Any] = {}
    for item in reversed(order):
        if id(item) in made:
            continue
        if isinstance(item, Call):
            made[id(item)] = call(item, [made[id(operand)] for operand in item.operands])
        else:
            made[id(item)] = leaf(item)
    return made[id(expression)]


def list_names(expression: Expression) -> list[str]:
    """The names in an expression, each once.

    >>> list_names(Call("multiply", (Name("x"), Call("add", (Name("x"), Name("y"))))))
    ['x', 'y']
    """
    found: dict[str, None] = {}
    stack = [expression]
    while stack:
        item = stack.pop()
        if isinstance(item, Name):
            found[item.text] = None
        elif isinstance(item, Call):
            stack += reversed(item.operands)
    return list(found)


def find_bracket(expression: Expression) -> Expression:
    """The condition under which a part of an expression counts, if there is one.

    >>> find_bracket(Call("multiply", (2, Call(KEPT, (Name("c"), Name("g"), 0)))))
    Name(text='c')
    """
    stack = [expression]
    while stack:
        item = stack.pop()
        if isinstance(item, Call):
            if item.op == KEPT:
                return item.operands[0]
            stack += item.operands
    return None


def read_node(graph: Graph, name: str, shown: Mapping[str, str], output: str | None = None) -> Call:
    """The operation of a node, its operands under the names that `shown` gives them; or one `output` of several.

    >>> from dataflow.document import loads
    >>> graph = loads("{dataflow: 1, inputs: {a: 1}, nodes: {y: 2 * exp(a)}}")
    >>> read_node(graph, "y", {"y#1": "s1"})
    Call(op='multiply', operands=(2, Name(text='s1')), attributes=mappingproxy({}))
    """
    node = graph.nodes[name]
    operands = tuple([Name(shown.get(item, item)) if isinstance(item, str) else item for item in node.inputs])
    call = Call(node.op, operands, node.attributes)
    return Call(OUTPUT, (call,), {"index": node.outputs.index(output)}) if output in node.outputs else call


def read_whole(graph: Graph, name: str, limit: int) -> Expression:
    """The whole expression of a node, its parts written out; None if it has none, or more than `limit`.

    >>> from dataflow.document import loads
    >>> read_whole(loads("{dataflow: 1, inputs: {a: 1}, nodes: {y: 2 * exp(a)}}"), "y", 9).operands[1].op
    'exp'
    """
    made: dict[str, Expression] = {}
    while (part := f"{name}{HIDDEN}{len(made) + 1}") in graph.nodes:
        if len(made) == limit:
            return None
        made[part] = _read_over(graph, part, made)
    return _read_over(graph, name, made) if made else None


def _read_over(graph: Graph, name: str, made: Mapping[str, Expression]) -> Call:
    node = graph.nodes[name]
    operands = [made.get(item, Name(item)) if isinstance(item, str) else item for item in node.inputs]
    return Call(node.op, tuple(operands), node.attributes)
