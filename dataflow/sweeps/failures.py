"""What to say when a rule fails: which node, operator and plugin, and whether the graph or the operator is to blame."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dataflow.errors import DataflowError, GraphError, OperatorError, ResourceError
from dataflow.graph import blame_node
from dataflow.registry import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataflow.registry import Operators
    from dataflow.sweeps.plan import Step

OWN_FOLDER = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")


def describe_failure(
    step: Step, role: str, error: BaseException, inputs: Sequence[Any], operators: Operators
) -> DataflowError:
    """The error to raise for an exception that came out of a rule; `role` says which one.

    A standard operator that refuses its operands blames the graph; whatever else a rule raises blames the operator.
    """
    name, operator = step.name, step.operator
    plugin = operators.owner(operator.name).name
    found = ", ".join(f"{key}: {describe_value(value)}" for key, value in zip(_input_names(step), inputs, strict=True))
    if operator.broadcasts and (clash := _find_clash(inputs)):
        message = f"shapes {clash} do not fit `{operator.name}`"
        hint = "sizes must be equal or 1, counted from the last axis"
        return GraphError(blame_node(name, "DF0515", message, found=found, hint=hint))
    refusal = isinstance(error, ValueError | IndexError | TypeError | OverflowError)
    if refusal and plugin in BUILT_IN and role == "forward":
        message = f"`{operator.name}` cannot be applied: {_first_line(error)}"
        hint = f"{operator.signature}: {operator.formula}"
        return GraphError(blame_node(name, "DF0516", message, found=found, hint=hint))
    if isinstance(error, MemoryError):
        message = f"no memory for `{operator.name}` (plugin `{plugin}`): {_first_line(error)}"
        return ResourceError(blame_node(name, "DF0606", message, found=found))
    what = "it called sys.exit" if isinstance(error, SystemExit) else f"{type(error).__name__}: {_first_line(error)}"
    message = f"the {role} rule of `{operator.name}` (plugin `{plugin}`) raised {what}{_place_of(error)}"
    writes = isinstance(error, ValueError) and "read-only" in str(error)
    advice = "a rule must not write into what it is given: copy it, or compute a new value" if writes else None
    if operator.backward is None and role != "forward":
        advice = "its forward rule is followed, so it may use only `xp`; or write its backward rules"
    return OperatorError(blame_node(name, "DF0601", message, found=found, hint=advice))


def describe_wrong(
    step: Step, role: str, code: str, message: str, operators: Operators,
    *, found: str | None = None, expected: str | None = None, hint: str | None = None,
) -> OperatorError:  # fmt: skip
    """The error for a rule that returned what it must not; `role` says which one."""
    operator = step.operator.name
    message = f"the {role} rule of `{operator}` (plugin `{operators.owner(operator).name}`) {message}"
    return OperatorError(blame_node(step.name, code, message, found=found, expected=expected, hint=hint))


def describe_value(value: Any) -> str:
    """A value in a few words: a number, or dtype and shape.

    >>> describe_value(1.5), describe_value(None)
    ('1.5', 'none')
    """
    if value is None:
        return "none"
    shape = getattr(value, "shape", ())
    if shape:
        return f"{value.dtype}{list(shape)}"
    return repr(value.item() if hasattr(value, "item") else value)


def _input_names(step: Step) -> list[str]:
    names = [item.name for item in step.operator.inputs]
    if step.operator.variadic:
        last = names.pop()
        names += [f"{last}[{index}]" for index in range(len(step.operands) - len(names))]
    return names


def _find_clash(inputs: Sequence[Any]) -> str | None:
    """The shapes of the operands, if they do not broadcast."""
    shapes = [tuple(getattr(value, "shape", ())) for value in inputs if value is not None]
    for axis in range(1, max(map(len, shapes), default=0) + 1):
        sizes = {shape[-axis] for shape in shapes if len(shape) >= axis} - {1}
        if len(sizes) > 1:
            return " and ".join(str(list(shape)) for shape in shapes)
    return None


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _place_of(error: BaseException) -> str:
    """File and line of the rule in which an exception was raised, if it is not dataflow's own."""
    place = error.__traceback__
    while place is not None:
        file = place.tb_frame.f_code.co_filename
        if not file.startswith(OWN_FOLDER):
            return f" at {file}:{place.tb_lineno}"
        place = place.tb_next
    return ""
