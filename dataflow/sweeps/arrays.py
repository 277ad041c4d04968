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
from dataflow.errors import Diagnostic, GraphError
from dataflow.library import Library
from dataflow.operators import VARIADIC_OUTPUTS
from dataflow.sweeps.conversion import convert
from dataflow.sweeps.failures import OWN, describe_failure, describe_wrong
from dataflow.sweeps.plan import Backward, Plan, Step, bind_forward
from dataflow.sweeps.scalars import find_misfit, pair_cotangents, role_of

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
        if len(result) != len(step.out) and step.operator.outputs == VARIADIC_OUTPUTS:
            message = f"`{step.operator.name}` has {len(result)} outputs here, {len(step.out)} are named"
            path = ("nodes", step.name, "outputs")
            raise GraphError(Diagnostic("DF0406", message, path, node=step.name, hint="name each of them"))
        if len(result) != len(step.out):
            raise describe_wrong(
                step, "forward", "DF0602", f"gave {len(result)} outputs, {len(step.out)} are named", self.operators
            )
        return result

    def _check_value(self, step: Step, value: Any, inputs: Sequence[Any]) -> Any:
        """A value as a read-only array or NumPy number. Raises `OperatorError` for what no rule may give."""
        wrong, code, more = None, "DF0602", {}
        if not isinstance(value, np.ndarray | np.generic):
            if type(value) not in (float, int, bool):
                raise describe_wrong(
                    step, "forward", code, f"gave {type(value).__name__}, which is no array", self.operators
                )
            number = type(value) is float or (type(value) is int and abs(value) < 2**1000)  # beyond: refused below
            value = self.dtype.type(value) if number else np.asarray(value)[...]
        kind = value.dtype.kind
        if kind not in "fiub":
            wrong = f"gave an array of {value.dtype}"
            more = {"hint": "graphs compute with real numbers"} if kind == "c" else {}
        elif kind == "f" and value.dtype.itemsize > (widest := self._widest(step, inputs)):
            wrong, code = f"widened float{widest * 8} to {value.dtype}", "DF0604"
            more = {"hint": "np.where(c, 1.0, 0.5) and np.sqrt(2.0) are float64: use Python numbers, where(c, g, 0.0)"}
        elif step.operator.broadcasts and self.operators.owner(step.operator.name).name not in OWN:
            try:
                expected = np.broadcast_shapes(*[getattr(item, "shape", ()) for item in inputs])
            except ValueError as error:
                raise describe_failure(step, "forward", error, inputs, self.operators) from error
            if value.shape != expected:
                wrong = "gave a value of the wrong shape"
                more = {"found": str(list(value.shape)), "expected": str(list(expected))}
        if wrong is not None:
            raise describe_wrong(step, "forward", code, wrong, self.operators, **more)
        return read_only(value)

    def _widest(self, step: Step, inputs: Sequence[Any]) -> int:
        """The bytes of the widest float that an operator may give: that of its operands, or any that it is told."""
        if any(item.name == "dtype" for item in step.operator.attributes):
            return 8
        kinds = [item.dtype for item in inputs if hasattr(item, "dtype")]
        return max((dtype.itemsize for dtype in kinds if dtype.kind == "f"), default=self.dtype.itemsize)

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
                    for slot, cotangent in pair_cotangents(backward, given):
                        if slot is not None and values[slot].dtype.kind == "f":  # integers pass nothing on
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
        role = role_of(backward.names)
        try:
            given = backward.rule(xp, g, z, *inputs, **step.attributes)
        except (Exception, SystemExit) as error:
            raise describe_failure(step, role, error, inputs, self.operators) from error
        if (misfit := find_misfit(backward, given)) is not None:
            raise describe_wrong(step, role, "DF0603", misfit, self.operators)
        return given

    def fit(self, step: Step, backward: Backward, cotangent: Any, z: Any, value: Any) -> Any:
        """A cotangent with the shape and dtype of its value, summed back over the axes where that was broadcast."""
        cotangent = self._check_type(step, backward, cotangent, z, value.dtype)
        shape, found = np.shape(value), np.shape(cotangent)
        if found != shape:
            full = np.shape(z[0] if isinstance(z, tuple) else z) if step.operator.broadcasts else shape
            try:
                if not step.operator.broadcasts:
                    raise ValueError
                cotangent = unbroadcast(np.broadcast_to(cotangent, full), shape)
            except ValueError:
                raise describe_wrong(
                    step, role_of(backward.names), "DF0603", "gave a cotangent of the wrong shape", self.operators,
                    found=str(list(found)), expected=str(list(full)),
                ) from None  # fmt: skip
        return read_only(cotangent if cotangent.dtype == value.dtype else cotangent.astype(value.dtype))

    def _check_type(self, step: Step, backward: Backward, cotangent: Any, z: Any, dtype: np.dtype[Any]) -> Any:
        """A cotangent as an array or NumPy number, of a type that is not wider than its value's or its output's."""
        found, wrong, code, hint = getattr(cotangent, "dtype", None), None, "DF0603", None
        if found is None:
            if type(cotangent) in (float, int, bool):
                return dtype.type(cotangent)
            wrong = f"gave {type(cotangent).__name__}, which is no array"
        elif found.kind not in "fiub":
            wrong = f"gave an array of {found}"
        elif found.kind == "f" and found.itemsize > dtype.itemsize:
            widest = max(part.dtype.itemsize for part in (z if isinstance(z, tuple) else (z,)))
            if found.itemsize > widest:
                wrong, code = f"widened {dtype} to {found}", "DF0604"
                hint = "write where(c, g, 0.0), and Python numbers for constants"
        if wrong is not None:
            raise describe_wrong(step, role_of(backward.names), code, wrong, self.operators, hint=hint)
        return cotangent


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
