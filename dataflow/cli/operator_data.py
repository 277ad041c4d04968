"""An operator as data that JSON can hold: what `dataflow ops` and `dataflow schema` say of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.attributes import annotations_of, describe, schema_of
from dataflow.operators import REAL, Interval, Operator, OperatorInput

if TYPE_CHECKING:
    from dataflow.registry import Operators

_TAKES: Mapping[str, str] = {
    "float": "floats; integers and booleans become floats",
    "numeric": "numbers; booleans become integers",
    "any": "any type",
    "bool": "booleans",
    "integer": "integers",
}


def data_of(name: str, operators: Operators) -> dict[str, Any]:
    """Everything about an operator. Raises KeyError for an unknown name.

    >>> from dataflow.registry import standard
    >>> data = data_of("log", standard())
    >>> data["formula"], data["inputs"][0]["domain"], data["expression"]
    ('z = ln x', 'x > 0', 'log(x)')
    """
    operator, plugin = operators[name], operators.owner(name)
    return {
        "name": name,
        "signature": operator.signature,
        "formula": operator.formula,
        "description": operator.description,
        "family": family_of(operator, plugin.name),
        "inputs": [_data_of_input(operator, item) for item in operator.inputs],
        "attributes": _data_of_attributes(operator),
        "outputs": list(operator.outputs),
        "broadcasts": operator.broadcasts,
        "conventions": operator.conventions,
        "edges": [_data_of_edge(operator, row) for row in operator.special],
        "expression": use_of(operator),
        "source": operator.source,
        "plugin": {"name": plugin.name, "version": plugin.version, "file": plugin.file},
        "version": operator.version,
    }


def family_of(operator: Operator, plugin: str) -> str:
    """The module of a plugin package in which an operator's own rules stand; "" where that cannot be told.

    >>> from dataflow.registry import standard
    >>> family_of(standard()["exp"], "dataflow_std")
    'functions'
    """
    backward = operator.backward
    rules = [backward] if callable(backward) else list((backward or {}).values())
    for rule in (operator.forward, *rules, operator.examples):
        module = getattr(rule, "__module__", None) or ""
        if module.startswith(f"{plugin}."):
            return str(module.removeprefix(f"{plugin}."))
    return ""


def plain(value: Any) -> Any:
    """A value as JSON has it: lists, and the names of numbers that are not finite.

    >>> plain((1, -math.inf))
    [1, '-Infinity']
    """
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def use_of(operator: Operator) -> str:
    """An expression that uses an operator, or the spelled-out node where only that can.

    >>> from dataflow.registry import standard
    >>> [use_of(standard()[name]) for name in ("add", "concat", "reshape", "unstack")]
    ['x + y', 'concat([x, y])', 'reshape(x, shape=[2, 3])', '{op: unstack, inputs: [x], outputs: [first, second]}']
    """
    from dataflow.document.writer import unparse
    from dataflow.graph import Node

    names = [
        name
        for item in operator.inputs
        for name in (("x", "y") if item.variadic else (item.name,))
        if not item.optional
    ]
    attributes = _try_attributes(operator)
    if operator.outputs:
        outputs = "first, second" if operator.outputs == ("*",) else ", ".join(_name_outputs(operator, names))
        words = ", ".join(f"{key}: {_flow(value)}" for key, value in attributes.items())
        middle = f", attributes: {{{words}}}" if words else ""
        return f"{{op: {operator.name}, inputs: [{', '.join(names)}]{middle}, outputs: [{outputs}]}}"
    text = unparse(Node(operator.name, tuple(names), attributes), {})
    if text in names:
        return f"{operator.name}({text})"
    if operator.variadic and len(operator.inputs) == 1:
        return text.replace("(x, y", "([x, y]", 1)
    return text


def _name_outputs(operator: Operator, taken: list[str]) -> list[str]:
    """Names for several outputs that no input has: the next `h` of a cell cannot be called `h` too."""
    return [f"next_{name}" if name in taken else name for name in operator.outputs]


def _flow(value: Any) -> str:
    from json import dumps

    return dumps(plain(value))


def _try_attributes(operator: Operator) -> dict[str, Any]:
    """Attributes that an operator may have, none where it needs none: from its examples, or guessed."""
    required = [item.name for item in operator.attributes if item.required]
    if not required and "axis" not in {item.name for item in operator.attributes}:
        return {}
    if operator.examples is not None:
        given = _examples_of(operator.examples)
        if operator.variadic or not required:
            given = [attributes for attributes in given if not attributes or attributes.get("axis") is not None]
        if given:
            return {key: value for key, value in given[0].items() if key in required or key == "axis"}
    annotations = annotations_of(operator)
    return {name: _guess(annotations[name]) for name in required}


def _examples_of(examples: Callable[[Any], Any]) -> list[dict[str, Any]]:
    import sys
    from contextlib import redirect_stdout

    import numpy as np

    try:
        with redirect_stdout(sys.stderr):  # what it prints is no part of a listing
            return [dict(attributes) for _, attributes in examples(np.random.default_rng(0))]
    except Exception:  # a stranger's function; its use as a proof is not the business here
        return []


def _guess(annotation: Any) -> Any:
    """A value that an annotation allows."""
    import typing

    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return arguments[0]
    if origin in (tuple, list):
        fixed = origin is tuple and arguments[-1:] != (Ellipsis,)
        return tuple(map(_guess, arguments if fixed else arguments[:1]))
    if arguments:
        return _guess(arguments[0])
    return {bool: True, int: 1, float: 0.5, str: "text"}.get(annotation)


def _data_of_input(operator: Operator, item: OperatorInput) -> dict[str, Any]:
    takes = operator.kinds.get(item.name, operator.takes)
    return {
        "name": item.name,
        "optional": item.optional,
        "variadic": item.variadic,
        "takes": _TAKES.get(takes, takes),
        "domain": _describe_domain(item.name, operator.domain.get(item.name, REAL)),
        "differentiable": item.name in operator.differentiable,
    }


def _describe_domain(name: str, domain: Interval) -> str:
    """Where the function is smooth, as inequalities; "" for everywhere."""
    low, high = (
        f"{domain.low:g} < " if domain.low > -math.inf else "",
        f" < {domain.high:g}" if domain.high < math.inf else "",
    )
    holes = [f"{name} != {point:g}" for point in domain.without]
    if low and not high:
        return ", ".join([f"{name} > {domain.low:g}", *holes])
    return ", ".join([*([f"{low}{name}{high}"] if high else []), *holes])


def _data_of_attributes(operator: Operator) -> list[dict[str, Any]]:
    annotations, schemas = annotations_of(operator), schema_of(operator)["properties"]
    return [
        {
            "name": item.name,
            "accepts": describe(annotations[item.name]),
            "required": item.required,
            "default": None if item.required else plain(item.default),
            "schema": {key: plain(value) if key == "default" else value for key, value in schemas[item.name].items()},
        }
        for item in operator.attributes
    ]


def _data_of_edge(operator: Operator, row: tuple[Any, ...]) -> dict[str, Any]:
    inputs, value, gradients = row[:3]
    names = [item.name for item in operator.inputs]
    if operator.variadic:
        last = names.pop()
        names += [f"{last}[{index}]" for index in range(len(inputs) - len(names))]
    return {
        "inputs": dict(zip(names, plain(inputs), strict=False)),
        "attributes": plain(dict(row[3]) if len(row) > 3 else {}),
        "value": plain(value),
        "gradients": dict(zip(names, plain(gradients), strict=False)),
    }
