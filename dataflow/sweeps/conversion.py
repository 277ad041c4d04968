"""Operands as an operator takes them: integers and booleans become floats where it computes with floats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dataflow.errors import GraphError
from dataflow.graph import blame_node
from dataflow.shapes import have_no_integer

if TYPE_CHECKING:
    from dataflow.operators import Operator
    from dataflow.sweeps.plan import Step


def convert(step: Step, inputs: list[Any], default: np.dtype[Any]) -> list[Any]:
    """The operands of a step with the types that its operator takes (`Operator.takes`, `Operator.kinds`).

    Python numbers stay as they are: they take the type of what they meet. Where they meet only each other they
    have the default type. Raises `GraphError` for an operand of a type that the operator refuses.
    """
    operator = step.operator
    if operator.takes == "float" and not operator.kinds and _are_floats(inputs):
        return inputs
    names = [item.name for item in operator.inputs]
    kinds = [operator.kinds.get(names[min(index, len(names) - 1)], operator.takes) for index in range(len(inputs))]
    together = [item for item, kind in zip(inputs, kinds, strict=True) if kind == operator.takes and item is not None]
    floating = _common_float(operator, together, default) if operator.takes in ("float", "numeric", "any") else None
    if floating is None and operator.takes == "float":
        floating = default
    alone = default if not any(hasattr(item, "dtype") for item in together) else None
    return [
        _convert_one(step, index, item, kind, floating, alone)
        for index, (item, kind) in enumerate(zip(inputs, kinds, strict=True))
    ]


def _are_floats(inputs: Sequence[Any]) -> bool:
    """Whether all that has a type is a float, and something is: the common case, and nothing to convert."""
    typed = False
    for item in inputs:
        dtype = getattr(item, "dtype", None)
        if dtype is not None:
            if dtype.kind != "f":
                return False
            typed = True
    return typed


def _common_float(operator: Operator, items: Sequence[Any], default: np.dtype[Any]) -> np.dtype[Any] | None:
    """The float type that the operands make together; None if they are integers that have a type in common."""
    typed = [item.dtype for item in items if getattr(item, "dtype", None) is not None]
    found = [dtype for dtype in typed if dtype.kind == "f"]
    if found:
        return np.result_type(*found)
    if operator.dtype is None and have_no_integer([dtype.name for dtype in typed]):
        return default
    return default if typed and any(type(item) is float for item in items) else None


def _convert_one(
    step: Step, index: int, item: Any, kind: str, floating: np.dtype[Any] | None, alone: np.dtype[Any] | None
) -> Any:
    dtype = getattr(item, "dtype", None)
    if item is None:
        return None
    if kind == "bool":
        if type(item) is not bool if dtype is None else dtype.kind != "b":
            raise _refuse(step, index, item, "a truth value", "compare first: `x > 0`")
        return item
    if kind == "integer":
        if type(item) is not int if dtype is None else dtype.kind not in "iu":
            hint = "declare the input with `dtype: int64`, or use astype(x, dtype='int64')"
            if dtype is not None and dtype.kind == "b":
                hint = "a mask selects with boolean_mask(x, mask), or with where(mask, x, 0)"
            raise _refuse(step, index, item, "integers", hint)
        return item
    if dtype is None:
        return alone.type(item) if alone is not None and type(item) in (int, float) else item
    if dtype.kind == "f":
        return item
    if floating is not None:
        return item.astype(floating)
    return item.astype(np.int64) if kind == "numeric" and dtype.kind == "b" else item


def _refuse(step: Step, index: int, item: Any, expected: str, hint: str) -> GraphError:
    names = [part.name for part in step.operator.inputs]
    name = names[min(index, len(names) - 1)]
    found = str(item.dtype) if hasattr(item, "dtype") else repr(item)
    message = f"input `{name}` of `{step.operator.name}` cannot be {found}"
    return GraphError(
        blame_node(step.name, "DF0517", message, "inputs", index, found=found, expected=expected, hint=hint)
    )
