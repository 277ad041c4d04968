"""The two sweeps on NumPy arrays.

What a rule is not asked to do is done here: types are converted before, cotangents are summed back over
broadcast axes and added up at fan-out after, and what a rule gives is checked. If a cotangent turns out NaN,
the reverse sweep is repeated with the masks of what was taken (`dataflow.sweeps.masks`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from dataflow.sweeps.conversion import convert
from dataflow.sweeps.failures import describe_failure, describe_wrong
from dataflow.sweeps.plan import Backward, Plan, Step, bind_forward
from dataflow.sweeps.scalars import pair_cotangents

if TYPE_CHECKING:
    from dataflow.registry import Operators

Values = list[Any]
Array = np.ndarray[Any, Any]


class ArraySweeps:
    """Both sweeps of one plan; `values` and `cotangents` are lists by slot.

    Raises `GraphError` for operands that do not fit, `OperatorError` for a rule that fails or gives what it must not.
    """

    def __init__(self, plan: Plan, operators: Operators) -> None:
        self.plan = plan
        self.operators = operators
        self.dtype = np.dtype(plan.graph.dtype)
        self._xp = Library(operators, numpy_arrays)

    def forward(self, values: Values) -> None:
        """Fill in the values of all steps, from left to right. Values are read-only."""
        with quiet():
            for step in self.plan.steps:
                inputs = self.inputs_of(step, values)
                try:
                    result = bind_forward(step, self._xp)(*inputs)
                except (Exception, SystemExit) as error:
                    raise describe_failure(step, "forward", error, inputs, self.operators) from error
                if step.operator.outputs:
                    parts = self._check_outputs(step, result)
                    for slot, part in zip(step.out, parts, strict=True):
                        values[slot] = self._check_value(step, part, inputs)
                else:
                    values[step.out[0]] = self._check_value(step, result, inputs)

    def inputs_of(self, step: Step, values: Values) -> list[Any]:
        """The operands of a step as its rules see them."""
        return convert(step, [values[slot] for slot in step.operands], self.dtype, self.operators)

    def _check_outputs(self, step: Step, result: Any) -> Sequence[Any]:
        if not isinstance(result, tuple | list):
            raise describe_wrong(step, "forward", "DF0602", "has several outputs and must give a tuple", self.operators)
        if len(result) != len(step.out):
            raise describe_wrong(
                step, "forward", "DF0602", f"gave {len(result)} outputs, {len(step.out)} are named", self.operators
            )
        return result

    def _check_value(self, step: Step, value: Any, inputs: Sequence[Any]) -> Any:
        if not isinstance(value, np.ndarray | np.generic):
            if type(value) not in (float, int, bool):
                raise describe_wrong(
                    step, "forward", "DF0602", f"gave {type(value).__name__}, which is no array", self.operators
                )
            value = self.dtype.type(value) if type(value) is float else np.asarray(value)[()]
        kind = value.dtype.kind
        if kind not in "fiub":
            hint = "graphs compute with real numbers" if kind == "c" else None
            raise describe_wrong(
                step, "forward", "DF0602", f"gave an array of {value.dtype}", self.operators, hint=hint
            )
        if kind == "f" and not any(item.name == "dtype" for item in step.operator.attributes):
            widest = max(
                (
                    item.dtype.itemsize
                    for item in inputs
                    if getattr(item, "dtype", self.dtype).kind == "f" and hasattr(item, "dtype")
                ),
                default=self.dtype.itemsize,
            )
            if value.dtype.itemsize > widest:
                raise describe_wrong(
                    step,
                    "forward",
                    "DF0604",
                    f"widened float{widest * 8} to {value.dtype}",
                    self.operators,
                    hint="np.where(c, 1.0, 0.5) and np.sqrt(2.0) are float64: use Python numbers, and where(c, g, 0.0)",
                )
        if type(value) is np.ndarray:
            value.flags.writeable = False
        return value

    def reverse(self, values: Values, cotangents: Values) -> None:
        """Carry cotangents from right to left; a value that nothing takes keeps None."""
        with quiet():
            for step in reversed(self.plan.steps):
                if not step.backward or all(cotangents[slot] is None for slot in step.out):
                    continue
                inputs = self.inputs_of(step, values)
                g, z = self.gather(step, values, cotangents)
                for backward in step.backward:
                    given = self.call_rule(step, backward, self._xp, g, z, inputs)
                    for slot, cotangent in pair_cotangents(backward.slots, backward.names, backward.single, given):
                        if slot is not None and cotangent is not None:
                            cotangent = self.fit(step, backward, cotangent, z, values[slot])
                            before = cotangents[slot]
                            cotangents[slot] = cotangent if before is None else read_only(before + cotangent)

    def gather(self, step: Step, values: Values, cotangents: Values) -> tuple[Any, Any]:
        """Cotangent and value of the output; tuples, zeros where nothing came, for an operator with several."""
        if not step.operator.outputs:
            return cotangents[step.out[0]], values[step.out[0]]
        g = tuple(np.zeros_like(values[slot]) if cotangents[slot] is None else cotangents[slot] for slot in step.out)
        return g, tuple(values[slot] for slot in step.out)

    def call_rule(self, step: Step, backward: Backward, xp: Any, g: Any, z: Any, inputs: Sequence[Any]) -> Any:
        """What a backward rule gives. Raises `OperatorError` for what it raises."""
        role = f"backward (`{backward.names[0]}`)" if len(backward.names) == 1 else "backward"
        try:
            given = backward.rule(xp, g, z, *inputs, **step.attributes)
        except (Exception, SystemExit) as error:
            raise describe_failure(step, role, error, inputs, self.operators) from error
        several = not backward.single and not isinstance(given, dict) and given is not None
        if several and (not isinstance(given, tuple | list) or len(given) != len(backward.slots)):
            raise describe_wrong(
                step,
                role,
                "DF0603",
                f"must give one cotangent for each of {len(backward.slots)} inputs",
                self.operators,
            )
        return given

    def fit(self, step: Step, backward: Backward, cotangent: Any, z: Any, value: Any) -> Any:
        """A cotangent with the shape and dtype of its value, summed back over the axes where that was broadcast."""
        role = f"backward (`{backward.names[0]}`)" if len(backward.names) == 1 else "backward"
        dtype, shape = value.dtype, np.shape(value)
        found = getattr(cotangent, "dtype", None)
        if found is None:
            if type(cotangent) not in (float, int, bool):
                raise describe_wrong(
                    step, role, "DF0603", f"gave {type(cotangent).__name__}, which is no array", self.operators
                )
            cotangent = dtype.type(cotangent)
        elif found.kind not in "fiub":
            raise describe_wrong(step, role, "DF0603", f"gave an array of {found}", self.operators)
        elif found.kind == "f" and found.itemsize > max(
            dtype.itemsize, *(part.dtype.itemsize for part in (z if isinstance(z, tuple) else (z,)))
        ):
            raise describe_wrong(
                step,
                role,
                "DF0604",
                f"widened {dtype} to {found}",
                self.operators,
                hint="write where(c, g, 0.0), and Python numbers for constants",
            )
        if step.operator.broadcasts:
            if np.shape(cotangent) != shape:
                cotangent = unbroadcast(
                    np.broadcast_to(cotangent, np.broadcast_shapes(np.shape(cotangent), np.shape(z))), shape
                )
        elif np.shape(cotangent) != shape:
            raise describe_wrong(
                step,
                role,
                "DF0603",
                "gave a cotangent of the wrong shape",
                self.operators,
                found=str(list(np.shape(cotangent))),
                expected=str(list(shape)),
            )
        return read_only(cotangent if cotangent.dtype == dtype else cotangent.astype(dtype))


def unbroadcast(cotangent: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of broadcasting: sum over the axes along which `shape` was stretched.

    >>> unbroadcast(np.ones((2, 3)), (3,)), unbroadcast(np.ones((2, 3)), (2, 1))
    (array([2., 2., 2.]), array([[3.],
           [3.]]))
    """
    found = np.shape(cotangent)
    lead = len(found) - len(shape)
    axes = tuple(axis for axis in range(len(found)) if axis < lead or (shape[axis - lead] == 1 and found[axis] != 1))
    return np.sum(cotangent, axis=axes).reshape(shape) if axes else cotangent


def read_only(array: Any) -> Any:
    """The same array, no longer to be written to."""
    if type(array) is np.ndarray:
        array.flags.writeable = False
    return array


@contextmanager
def quiet() -> Iterator[None]:
    """IEEE arithmetic without warnings: what is not finite is found and named afterwards."""
    import warnings

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
