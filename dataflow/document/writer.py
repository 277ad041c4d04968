"""A graph as YAML text that loads as the same graph: hidden nodes are folded back into expressions."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.document.derivatives import spell_derivative
from dataflow.document.expressions import MAX_OPERATIONS
from dataflow.document.literals import CONSTANTS
from dataflow.graph import EMPTY, FORMAT, HIDDEN, Graph, Input, Node, Operand, owner_of
from dataflow.registry import standard
from dataflow.sizes import parse_size
from dataflow.sizing import Annotations, holds_text, read_sizes, remember_annotations

if TYPE_CHECKING:
    from dataflow.operators import Operator

_SYMBOLS: Mapping[str, tuple[str, int]] = {  # operator: symbol, precedence; larger binds tighter
    "less": ("<", 1), "less_equal": ("<=", 1), "greater": (">", 1), "greater_equal": (">=", 1), "equal": ("==", 1),
    "not_equal": ("!=", 1), "add": ("+", 2), "subtract": ("-", 2), "multiply": ("*", 3), "divide": ("/", 3),
    "matmul": ("@", 3), "negative": ("-", 4), "positive": ("+", 4), "pow": ("**", 5),
}  # fmt: skip
_ATOM = 6
_INDEX = r"None|\.\.\.|-?[1-9]\d*|0|(?:-?[1-9]\d*|0)?:(?:-?[1-9]\d*|0)?(?::-?[1-9]\d*)?"


def dump(graph: Graph) -> str:
    """The graph as a document.

    >>> print(dump(Graph(inputs={"a": 5}, nodes={"u": Node("multiply", (3, "a"))}, target="u")))
    dataflow: 1
    <BLANKLINE>
    inputs:
      a: 5.0
    <BLANKLINE>
    nodes:
      u: 3 * a
    <BLANKLINE>
    target: u
    <BLANKLINE>
    """
    top = [f"dataflow: {FORMAT}"]
    if graph.name:
        top.append(f"name: {_text(graph.name)}")
    if graph.description:
        top.append(f"description: {_text(graph.description)}")
    if graph.dtype != "float64":
        top.append(f"dtype: {graph.dtype}")
    parts = ["\n".join(top)]
    for section in ("inputs", "parameters"):
        if entries := getattr(graph, section):
            parts.append(
                "\n".join([f"{section}:", *(f"  {_key(name)}{_dump_input(entry)}" for name, entry in entries.items())])
            )
    if graph.nodes:
        parts.append("\n".join(["nodes:", *_dump_nodes(graph)]))
    if graph.requires:
        parts.append(
            "\n".join(["requires:", *(f"  {_key(name)}{_text(wanted)}" for name, wanted in graph.requires.items())])
        )
    if graph.derivatives:
        entries = (f"  {_key(name)}{_flow(spell_derivative(item))}" for name, item in graph.derivatives.items())
        parts.append("\n".join(["derivatives:", *entries]))
    if graph.target is not None:
        parts.append(f"target: {_text(graph.target)}")
    return "\n\n".join(parts) + "\n"


def _dump_input(entry: Input) -> str:
    column = {} if entry.columns is None else {"column" if isinstance(entry.columns, str) else "columns": entry.columns}
    fields = {
        "value": entry.value, "source": entry.source, "shape": entry.shape, "dtype": entry.dtype, **column,
        "differentiable": entry.differentiable, "description": entry.description or None,
    }  # fmt: skip
    given = {key: value for key, value in fields.items() if value is not None}
    return _flow(entry.value if list(given) == ["value"] else given)


def _dump_nodes(graph: Graph) -> Iterator[str]:
    hidden: dict[str, Node] = {}
    operators = graph.operators or standard()
    annotations = remember_annotations(operators)
    for name, node in graph.nodes.items():
        if HIDDEN in name:
            hidden[name] = node
        elif node.outputs or node.description:
            inputs: Any = [_operand(item, hidden) for item in node.inputs]
            if None in inputs:  # a list has no place for what is left out
                names = [item.name for item in operators[node.op].inputs]
                inputs = {key: item for key, item in zip(names, inputs, strict=False) if item is not None}
            entry = {
                "op": node.op,
                "inputs": inputs,
                "attributes": dict(node.attributes) or None,
                "outputs": list(node.outputs) or None,
                "description": node.description or None,
            }
            yield f"  {_key(name)}{_flow({key: value for key, value in entry.items() if value is not None})}"
        else:
            yield f"  {_key(name)}{_text(_unparse(node, hidden, annotations), expression=True)}"
            hidden = {}


def _operand(item: Operand, hidden: Mapping[str, Node]) -> Any:
    if isinstance(item, str) and item in hidden:
        raise ValueError(f"`{owner_of(item)}` has an expression and a description or outputs: give its parts names")
    return item


def unparse(node: Node, hidden: Mapping[str, Node] = EMPTY, operators: Mapping[str, Operator] = EMPTY) -> str:
    """The expression of a node, its hidden operands written out. Without recursion: a fold over a stack.

    Sizes in the attributes of these operators are written bare, those of others in quotes, which reads the same.

    >>> unparse(Node("multiply", (3, "J#1")), {"J#1": Node("add", ("a", "u"))})
    '3 * (a + u)'
    >>> unparse(Node("reshape", ("x",), {"shape": ("2*k", 3)}), EMPTY, standard())
    'reshape(x, shape=[2*k, 3])'
    """
    return _unparse(node, hidden, remember_annotations(operators))


def _unparse(node: Node, hidden: Mapping[str, Node], annotations: Annotations) -> str:
    stack, order = [node], []
    while stack:
        current = stack.pop()
        order.append(current)
        stack += [hidden[item] for item in current.inputs if isinstance(item, str) and item in hidden]
    written: dict[int, tuple[str, int]] = {}
    for current in reversed(order):
        operands = [
            written[id(hidden[item])] if isinstance(item, str) and item in hidden else _leaf(item)
            for item in current.inputs
        ]
        attributes: Mapping[str, Any] = current.attributes
        if attributes and holds_text(attributes.values()):
            known = annotations(current.op)
            attributes = {key: read_sizes(known.get(key, Any), value) for key, value in attributes.items()}
        written[id(current)] = _write(current, operands, attributes)
    if node.op == "identity" and not node.attributes and node.inputs[0] not in hidden:
        return _leaf(node.inputs[0])[0]
    return written[id(node)][0]


def unparse_part(graph: Graph, name: str) -> str:
    """The expression of a node, or of the part of one that a hidden node is."""
    owner, _, index = name.partition(HIDDEN)
    hidden = {}
    for position in range(1, int(index or MAX_OPERATIONS) + 1):
        part = f"{owner}{HIDDEN}{position}"
        if part not in graph.nodes:
            break
        hidden[part] = graph.nodes[part]
    return unparse(graph.nodes[name], hidden, graph.operators or standard())


def _leaf(item: Operand) -> tuple[str, int]:
    if item is None:
        return "None", _ATOM
    text = item if isinstance(item, str) else _number(item)
    return text, 4 if text.startswith("-") else _ATOM


def _write(node: Node, operands: list[tuple[str, int]], read: Mapping[str, Any]) -> tuple[str, int]:
    """Text and precedence of one operation, its attributes read."""
    texts = [text for text, _ in operands]
    if node.op in _SYMBOLS and not node.attributes:
        symbol, own = _SYMBOLS[node.op]
        if len(operands) == 1 and own == 4 and not isinstance(node.inputs[0], int | float):  # `-3` is a number
            text, inner = operands[0]
            return f"{symbol}({text})" if inner < own else f"{symbol}{text}", own
        if len(operands) == 2 and own != 4:
            left = texts[0] if operands[0][1] >= own + (own in (1, 5)) else f"({texts[0]})"
            right = texts[1] if operands[1][1] >= own + (own != 5) else f"({texts[1]})"
            return f"{left} {symbol} {right}", own
    if node.op == "getitem" and operands[0][1] == _ATOM and list(node.attributes) == ["key"]:
        parts = ["None" if item is None else str(item) for item in node.attributes["key"]]
        if parts and all(map(re.compile(_INDEX).fullmatch, parts)):
            return f"{texts[0]}[{', '.join(parts)}]", _ATOM
    attributes = [f"{key}={_literal(value)}" for key, value in read.items()]
    return f"{node.op}({', '.join([*texts, *attributes])})", _ATOM


def _number(value: float) -> str:
    for name, constant in CONSTANTS.items():
        if value == constant or (value != value and constant != constant):
            return name
        if value == -constant:
            return f"-{name}"
    return repr(value)


def _literal(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_literal, value))}]"
    return _number(value) if isinstance(value, float) else repr(value)


def _flow(value: Any) -> str:
    """Data in flow style."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        return value if _is_computed_size(value) else _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"
    return repr(value)


def _is_computed_size(text: str) -> bool:
    """Whether a text is a size such as `2*rows`, in which nothing has a meaning for YAML."""
    if not re.fullmatch(r"[\w(-][\w+*/() -]*[*/( ][\w+*/() -]*", text, re.ASCII):
        return False
    try:
        return str(parse_size(text)) == text
    except ValueError:
        return False


def _key(name: str) -> str:
    """A key of a block mapping with its colon, which YAML looks for among the next 1,024 characters only."""
    return f"{_text(name)}: " if len(name) < 150 else f"? {_text(name)}\n  : "


_PLAIN_WORDS = frozenset({"null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE", ""})


def _text(text: str, *, expression: bool = False) -> str:
    """Text as YAML: plain where nothing in it has a meaning, else as JSON writes it."""
    plain = text.isidentifier() and text not in _PLAIN_WORDS
    if not plain and expression and text.isascii() and text.isprintable():
        safe = text[-1] != ":" and ": " not in text and " #" not in text
        plain = safe and (text[0].isalpha() or text[0] == "(")
        plain = plain or (text[0].isdigit() and any(mark in text for mark in " ("))
        if not plain and _is_number(text):
            return text
    if plain:
        return text
    from json import dumps

    return dumps(text, ensure_ascii=text.isascii() or not text.isprintable())


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
