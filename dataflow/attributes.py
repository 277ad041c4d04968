"""What an attribute may be: read from its annotation, once as a check and once as JSON Schema for editors."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dataflow.sizes import SymbolicSize

if typing.TYPE_CHECKING:
    from dataflow.operators import Attribute, Operator

_WORDS: Mapping[Any, str] = MappingProxyType(
    {bool: "true or false", int: "an integer", float: "a number", str: "text", type(None): "null"}
)
_SCHEMA_TYPES: Mapping[Any, str] = MappingProxyType(
    {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
)


def annotations_of(operator: Operator) -> dict[str, Any]:
    """The annotation of every attribute, resolved; guessed from the default where there is none. Costs some 20 us.

    >>> from dataflow.operators import reduction
    >>> annotations_of(reduction("total", "", None))
    {'axis': int | tuple[int, ...] | None, 'keepdims': <class 'bool'>}
    """
    if not operator.attributes:
        return {}
    try:
        resolved = typing.get_type_hints(operator.forward)
    except (NameError, TypeError):
        resolved = {}
    return {item.name: resolved.get(item.name, _guess(item)) for item in operator.attributes}


def _guess(attribute: Attribute) -> Any:
    return Any if attribute.required or attribute.default is None else type(attribute.default)


def accepts(annotation: Any, value: Any) -> bool:
    """Whether a value is what an annotation says. `True` is no integer, and neither is `1.0`; a `SymbolicSize` is one.

    >>> accepts(int | None, 1), accepts(int | None, True), accepts(int, 1.0), accepts(float, 1)
    (True, False, False, True)
    >>> accepts(tuple[int, ...], (1, 2)), accepts(typing.Literal["mean", "sum"], "max")
    (True, False)
    """
    if annotation is Any:
        return True
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return any(type(value) is type(item) and value == item for item in arguments)
    if origin in (typing.Union, types.UnionType):
        return any(accepts(item, value) for item in arguments)
    if origin in (tuple, list):
        if not isinstance(value, tuple | list):
            return False
        if origin is list or arguments[-1:] == (Ellipsis,):
            return all(accepts(arguments[0], item) for item in value)
        return len(value) == len(arguments) and all(map(accepts, arguments, value))
    if annotation is None:
        return value is None
    if annotation is float:
        return type(value) in (int, float, SymbolicSize)
    return type(value) is annotation or (annotation is int and type(value) is SymbolicSize)


def describe(annotation: Any) -> str:
    """An annotation in words.

    >>> describe(int | tuple[int, ...] | None), describe(typing.Literal["mean", "sum"])
    ('an integer, a list (each an integer) or null', '"mean" or "sum"')
    """
    if annotation is Any:
        return "anything"
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return _join([f'"{item}"' if isinstance(item, str) else str(item) for item in arguments])
    if origin in (typing.Union, types.UnionType):
        return _join([describe(item) for item in arguments])
    if origin in (tuple, list):
        if origin is list or arguments[-1:] == (Ellipsis,):
            return f"a list (each {describe(arguments[0])})"
        return f"a list of {len(arguments)}: {', '.join(map(describe, arguments))}"
    return _WORDS.get(type(None) if annotation is None else annotation, str(annotation))


def _join(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def schema_of(operator: Operator) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an operator's attributes, closed.

    >>> from dataflow.operators import reduction
    >>> schema_of(reduction("total", "", None))["properties"]["keepdims"]
    {'type': 'boolean', 'default': False}
    """
    annotations = annotations_of(operator)
    properties = {item.name: _schema(annotations[item.name]) for item in operator.attributes}
    for item in operator.attributes:
        if not item.required:
            properties[item.name] |= {"default": item.default}
    required = [item.name for item in operator.attributes if item.required]
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | ({"required": required} if required else {})


def _schema(annotation: Any) -> dict[str, Any]:
    if annotation is Any:
        return {}
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_schema(item) for item in arguments]}
    if origin in (tuple, list):
        if origin is list or arguments[-1:] == (Ellipsis,):
            return {"type": "array", "items": _schema(arguments[0])}
        items = [_schema(item) for item in arguments]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
    return {"type": _SCHEMA_TYPES.get(type(None) if annotation is None else annotation, "object")}
