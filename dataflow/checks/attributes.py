"""Are the attributes of a node those of its operator, and is each what it may be?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.attributes import accepts, describe
from dataflow.checks.inline import SIZES, show_number, show_text
from dataflow.errors import KEY, Diagnostic, suggest
from dataflow.graph import Node, blame_node
from dataflow.sizes import is_number, parse_size
from dataflow.sizing import read_sizes

if TYPE_CHECKING:
    from dataflow.operators import Operator


def check_attributes(name: str, node: Node, operator: Operator, annotations: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Every attribute that an operator does not have, misses, or cannot take.

    `annotations` are those of the operator's attributes, resolved (`annotations_of`, costly).

    >>> from dataflow.operators import reduction
    >>> node = Node("total", ("a",), {"axes": 0, "keepdims": 1})
    >>> [problem.code for problem in check_attributes("y", node, reduction("total", "", None), {"keepdims": bool})]
    ['DF0411', 'DF0413']
    """
    op, known = node.op, [item.name for item in operator.attributes]
    about = f"{operator.signature}: {operator.formula}"
    for key in node.attributes:
        if key not in known:
            meant = suggest(key, known)
            hint = f"did you mean `{meant}`?" if meant else about
            yield blame_node(name, "DF0411", f"`{op}` has no attribute `{key}`", "attributes", key, KEY, hint=hint)
    for item in operator.attributes:
        if item.required and item.name not in node.attributes:
            yield blame_node(name, "DF0412", f"`{op}` needs its attribute `{item.name}`", "op", hint=about)
    for key, annotation in annotations.items():
        if key not in node.attributes:
            continue
        value = node.attributes[key]
        fits = accepts(annotation, value) or accepts(annotation, read_sizes(annotation, value))
        expected = _fault_of(value) if fits else describe(annotation)
        if expected is not None:
            shown = _show(value)
            message = f"attribute `{key}` of `{op}` cannot be {shown}"
            reading = None if fits else _explain_text(annotation, value)
            yield blame_node(name, "DF0413", message, "attributes", key, found=shown, expected=expected, hint=reading)


def _explain_text(annotation: Any, value: Any) -> str | None:
    """Of the first text in the place of an integer that is no size, what a size would be."""
    if not accepts(annotation, _replace_texts(value)):
        return None
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            stack += reversed(item)
        elif isinstance(item, str):
            try:
                parse_size(item)
            except ValueError:
                return f"`{show_text(item)}` is no size: {SIZES}"
            if is_number(item):
                return "write the number without quotes"
    return None


def _replace_texts(value: Any) -> Any:
    return tuple(map(_replace_texts, value)) if isinstance(value, tuple) else 0 if isinstance(value, str) else value


def _fault_of(value: Any) -> str | None:
    """What is expected instead of a value that no attribute has, whatever its annotation."""
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) is tuple:
            stack += item
        elif item is not None and type(item) not in (bool, int, float, str):
            return "a number, text, a truth value or a tuple of such"
        elif type(item) is int and abs(item) >= 2**63:
            return "integers of at most 64 bits"
    return None


def _show(value: Any) -> str:
    if value is None or type(value) is bool:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, tuple):
        text = f"[{', '.join(map(_show, value))}]"  # as deep as an attribute: at most 64
    else:
        text = f'"{value}"' if isinstance(value, str) else show_number(value)
    return text if len(text) <= 60 else text[:57] + "..."
