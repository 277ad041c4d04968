"""Are the attributes of a node those of its operator, and is each what it may be?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dataflow.attributes import accepts, annotations_of, describe
from dataflow.errors import Diagnostic, suggest
from dataflow.graph import Node, owner_of

if TYPE_CHECKING:
    from dataflow.operators import Operator

KEY = "<key>"


def check_attributes(name: str, node: Node, operator: Operator) -> Iterator[Diagnostic]:
    """Every attribute that an operator does not have, misses, or cannot take."""
    known = [item.name for item in operator.attributes]
    path = ("nodes", name, "attributes")
    for key in node.attributes:
        if key not in known:
            meant = suggest(key, known)
            hint = f"did you mean `{meant}`?" if meant else f"{operator.signature}: {operator.formula}"
            yield Diagnostic(
                "DF0411", f"`{node.op}` has no attribute `{key}`", (*path, key, KEY), node=owner_of(name), hint=hint
            )
    for item in operator.attributes:
        if item.required and item.name not in node.attributes:
            yield Diagnostic(
                "DF0412",
                f"`{node.op}` needs its attribute `{item.name}`",
                ("nodes", name, "op"),
                node=owner_of(name),
                hint=f"{operator.signature}: {operator.formula}",
            )
    if node.attributes:
        for key, annotation in annotations_of(operator).items():
            if key not in node.attributes:
                continue
            value = node.attributes[key]
            fits = accepts(annotation, value)
            if not fits or _is_beyond(value):
                yield Diagnostic(
                    "DF0413",
                    f"attribute `{key}` of `{node.op}` cannot be {_shown(value)}",
                    (*path, key),
                    node=owner_of(name),
                    found=_shown(value),
                    expected="integers of at most 64 bits" if fits else describe(annotation),
                )


def _is_beyond(value: Any) -> bool:
    """Whether there is an integer in an attribute that no dtype holds. As deep as the document: at most 64."""
    if isinstance(value, tuple | list):
        return any(map(_is_beyond, value))
    return type(value) is int and abs(value) >= 2**63


def _shown(value: Any) -> str:
    words = {None: "null", True: "true", False: "false"}
    if value is None or value is True or value is False:
        return words[value]
    text = f'"{value}"' if isinstance(value, str) else str(list(value)) if isinstance(value, tuple) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
