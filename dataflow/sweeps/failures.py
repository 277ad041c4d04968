"""What to say when a rule fails: which node, operator and plugin, and whether the graph or the operator is to blame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dataflow.errors import DataflowError, Diagnostic, GraphError, OperatorError, ResourceError
from dataflow.graph import owner_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataflow.registry import Operators
    from dataflow.sweeps.plan import Step

OWN = frozenset({"dataflow_std", "dataflow_nn"})


def describe_failure(
    step: Step, role: str, error: BaseException, inputs: Sequence[Any], operators: Operators
) -> DataflowError:
    """The error to raise for an exception that came out of a rule.

    A standard operator that refuses its operands blames the graph; whatever else a rule raises blames the operator.
    """
    name, operator = step.name, step.operator
    plugin = operators.owner(operator.name)
    found = ", ".join(f"{key}: {describe_value(value)}" for key, value in zip(_input_names(step), inputs, strict=True))
    path = ("nodes", name)
    if operator.broadcasts and (clash := _broadcast_clash(inputs)):
        return GraphError(
            Diagnostic(
                "DF0515",
                f"shapes {clash} do not fit `{operator.name}`",
                path,
                node=owner_of(name),
                found=found,
                hint="sizes must be equal or 1, counted from the last axis",
            )
        )
    if (
        plugin.name in OWN
        and role == "forward"
        and isinstance(error, ValueError | IndexError | TypeError | OverflowError)
    ):
        return GraphError(
            Diagnostic(
                "DF0516",
                f"`{operator.name}` cannot be applied: {_first_line(error)}",
                path,
                node=owner_of(name),
                found=found,
                hint=f"{operator.signature}: {operator.formula}",
            )
        )
    if isinstance(error, MemoryError):
        return ResourceError(
            Diagnostic(
                "DF0606",
                f"no memory for `{operator.name}` (plugin `{plugin.name}`): {_first_line(error)}",
                path,
                node=owner_of(name),
                found=found,
            )
        )
    hint = None
    if isinstance(error, ValueError) and "read-only" in str(error):
        hint = "a rule must not write into what it is given: copy it, or compute a new value"
    what = (
        f"{type(error).__name__}: {_first_line(error)}" if not isinstance(error, SystemExit) else "it called sys.exit"
    )
    return OperatorError(
        Diagnostic(
            "DF0601",
            f"the {role} rule of `{operator.name}` (plugin `{plugin.name}`) raised {what}{_place(error)}",
            path,
            node=owner_of(name),
            found=found,
            hint=hint,
        )
    )


def describe_wrong(step: Step, role: str, code: str, message: str, operators: Operators, **more: Any) -> OperatorError:
    """The error for a rule that returned what it must not."""
    operator = step.operator
    plugin = operators.owner(operator.name)
    return OperatorError(
        Diagnostic(
            code,
            f"the {role} rule of `{operator.name}` (plugin `{plugin.name}`) {message}",
            ("nodes", step.name),
            node=owner_of(step.name),
            **more,
        )
    )


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


def _broadcast_clash(inputs: Sequence[Any]) -> str | None:
    """The shapes of the operands, if they do not broadcast."""
    shapes = [tuple(getattr(value, "shape", ())) for value in inputs if value is not None]
    for axis in range(1, max(map(len, shapes), default=0) + 1):
        sizes = {shape[-axis] for shape in shapes if len(shape) >= axis} - {1}
        if len(sizes) > 1:
            return " and ".join(str(list(shape)) for shape in shapes)
    return None


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _place(error: BaseException) -> str:
    """File and line of the plugin where an exception was raised."""
    place, own = error.__traceback__, None
    while place is not None:
        file = place.tb_frame.f_code.co_filename
        if "/dataflow/" not in file.replace("\\", "/"):
            own = f" at {file}:{place.tb_lineno}"
            break
        place = place.tb_next
    return own or ""
