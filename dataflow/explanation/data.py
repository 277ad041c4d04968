"""An explanation as JSON: expressions as a graph has them (`du * c`), numbers to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dataflow.explanation.expressions import Expression, list_names
from dataflow.explanation.notation import is_number
from dataflow.explanation.spelling import GraphSpelling
from dataflow.explanation.steps import Explanation, Gradient, Part, Use, Value
from dataflow.graph import HIDDEN, without_nonfinite

FORMAT = 1
MAX_ELEMENTS = 1_000  # of an array that is told whole


def as_data(explanation: Explanation) -> dict[str, Any]:
    """The explanation as data that JSON can hold.

    >>> from dataflow.document import loads
    >>> from dataflow.explanation import explain
    >>> found = as_data(explain(loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: 2 * x}, target: y}")))
    >>> found["reverse"][1]["uses"][0]
    {'through': ['y'], 'formula': '2 * x', 'expression': 'dy * 2', 'numbers': '1.0 * 2', 'value': 2.0}
    """
    told, counts = explanation, explanation.counts
    data = {
        "dataflow_explanation": FORMAT,
        "graph": {"name": told.name, "digest": told.digest},
        "target": told.target,
        "asked": told.asked,
        "forward": [_describe_value(value) for value in told.forward],
        "forward_head": told.forward_head,
        "forward_left_out": told.forward_left_out,
        "reverse": [_describe_gradient(told, gradient) for gradient in told.reverse],
        "reverse_left_out": told.reverse_left_out,
        "counts": None if counts is None else {
            "gradients": counts.gradients, "steps": counts.steps, "steps_without_reuse": counts.alone,
            "paths": counts.paths, "reused": dict(counts.reused), "reusing": counts.reusing,
        },
        "absent": [item._asdict() for item in told.absent],
        "findings": [dict(item) for item in told.findings],
        "unproved": list(told.unproved),
    }  # fmt: skip
    found: dict[str, Any] = without_nonfinite(data)
    return found


def _describe_value(value: Value) -> dict[str, Any]:
    part = {"part_of": value.owner} if HIDDEN in value.node else {}
    formula = {} if value.formula is None else {"formula": _write(value.formula)}
    return {"name": value.name, **part, **formula, "type": repr(value.type), "value": _read(value.value)}


def _describe_gradient(told: Explanation, gradient: Gradient) -> dict[str, Any]:
    part = {"part_of": gradient.node.partition(HIDDEN)[0]} if HIDDEN in gradient.node else {}
    uses = [_describe_use(told, use) for use in gradient.uses]
    left_out = {"uses_left_out": gradient.left_out} if gradient.left_out else {}
    return {
        "name": gradient.name, **part, "gradient": gradient.label, "type": repr(gradient.type),
        "value": _read(gradient.value), "used": gradient.used, "uses": uses, **left_out,
    }  # fmt: skip


def _describe_use(told: Explanation, use: Use) -> dict[str, Any]:
    found: dict[str, Any] = {"through": list(use.through), "formula": _write(use.formula)}
    if use.operand:
        found["operand"] = use.operand
    if use.opaque is not None:
        return found | {"opaque": use.opaque, "value": _read(use.value)}
    values = {part.name: part.value for part in use.parts}
    if use.parts:
        found["parts"] = [_describe_part(told, part, values) for part in use.parts]
    found |= {"expression": _write(use.expression), **_put_numbers(told, use.expression, use.value, values)}
    if use.cases:
        found["cases"] = [{"condition": _write(case.condition), "holds": case.holds} for case in use.cases]
    if use.missing[0]:
        found["not_taken"] = use.missing[0]
    return found | {"value": _read(use.value)}


def _describe_part(told: Explanation, part: Part, values: Mapping[str, Any]) -> dict[str, Any]:
    numbers = _put_numbers(told, part.expression, part.value, values)
    return {"name": part.name, "expression": _write(part.expression), **numbers, "value": _read(part.value)}


def _put_numbers(told: Explanation, expression: Expression, value: Any, parts: Mapping[str, Any]) -> dict[str, str]:
    """The expression with numbers in the place of names, if it is made of numbers alone and gives one."""
    put = {name: parts[name] if name in parts else told.numbers.get(name) for name in list_names(expression)}
    if not put or not all(map(is_number, [*put.values(), value])):
        return {}
    return {"numbers": _write(expression, put)}


def _write(expression: Expression, put: Mapping[str, Any] | None = None) -> str:
    return GraphSpelling(_spell).write(expression, put)


def _spell(value: Any) -> str:
    """A number with all its digits."""
    return repr(value.item() if hasattr(value, "item") else value)


def _read(value: Any) -> Any:
    """A value as JSON has it; of an array that is too long nothing."""
    if hasattr(value, "tolist"):
        return value.tolist() if value.size <= MAX_ELEMENTS else None
    return value
