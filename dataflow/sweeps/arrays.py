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
from dataflow.checks.inline import show_shape
from dataflow.errors import GraphError, OperatorError
from dataflow.graph import blame_node
from dataflow.library import Library
from dataflow.operators import VARIADIC_OUTPUTS
from dataflow.registry import BUILT_IN
from dataflow.sweeps.conversion import convert
from dataflow.sweeps.cotangents import find_misfit, pair_cotangents
from dataflow.sweeps.failures import describe_failure, describe_wrong
from dataflow.sweeps.plan import Backward, Plan, Step, bind_forward

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
                inputs = self._convert_inputs(step, values)
                try:
                    result = bind_forward(step, self._xp)(*inputs)
                except (Exception, SystemExit) as error:
                    raise describe_failure(step, "forward", error, inputs, self.operators) from error
                parts = self._check_outputs(step, result) if step.operator.outputs else (result,)
                for slot, part in zip(step.out, parts, strict=True):
                    values[slot] = self._check_value(step, part, inputs)

    def _convert_inputs(self, step: Step, values: Values) -> list[Any]:
        """The operands of a step as its rules see them."""
        return convert(step, [values[slot] for slot in step.operands], self.dtype)

    def _refuse(self, step: Step, role: str, code: str, message: str, **about: str | None) -> OperatorError:
        return describe_wrong(step, role, code, message, self.operators, **about)

    def _check_outputs(self, step: Step, result: Any) -> Sequence[Any]:
        """The outputs of a rule that has several, if they are as many as the graph names."""
        if not isinstance(result, tuple | list):
            raise self._refuse(step, "forward", "DF0602", "has several outputs and must give a tuple")
        if len(result) == len(step.out):
            return result
        if step.operator.outputs == VARIADIC_OUTPUTS:
            message = f"`{step.operator.name}` has {len(result)} outputs here, {len(step.out)} are named"
            raise GraphError(blame_node(step.name, "DF0406", message, "outputs", hint="name each of them"))
        raise self._refuse(step, "forward", "DF0602", f"gave {len(result)} outputs, {len(step.out)} are named")

    def _check_value(self, step: Step, value: Any, inputs: Sequence[Any]) -> Any:
        """A value as a read-only array or NumPy number. Raises `OperatorError` for what no rule may give."""
        if not isinstance(value, np.ndarray | np.generic):
            value = self._read_number(step, value)
        kind = value.dtype.kind
        if kind not in "fiub":
            hint = "graphs compute with real numbers" if kind == "c" else None
            raise self._refuse(step, "forward", "DF0602", f"gave an array of {value.dtype}", hint=hint)
        if kind == "f" and value.dtype.itemsize > (widest := self._find_widest(step, inputs)):
            hint = "np.where(c, 1.0, 0.5) and np.sqrt(2.0) are float64: use Python numbers, where(c, g, 0.0)"
            raise self._refuse(step, "forward", "DF0604", f"widened float{widest * 8} to {value.dtype}", hint=hint)
        if step.operator.broadcasts and self.operators.owner(step.operator.name).name not in BUILT_IN:
            self._check_shape(step, value, inputs)
        return read_only(value)

    def _read_number(self, step: Step, value: Any) -> Any:
        """A Python number that a rule gave, with the graph's dtype if it is a float or can be one."""
        if type(value) not in (float, int, bool):
            raise self._refuse(step, "forward", "DF0602", f"gave {type(value).__name__}, which is no array")
        if type(value) is bool or (type(value) is int and abs(value) >= 2**1000):  # an object to NumPy, and refused
            return np.asarray(value)[...]
        return self.dtype.type(value)

    def _check_shape(self, step: Step, value: Any, inputs: Sequence[Any]) -> None:
        """Whether an elementwise rule gave the shape that its operands have together."""
        try:
            expected = np.broadcast_shapes(*[getattr(item, "shape", ()) for item in inputs])
        except ValueError as error:
            raise describe_failure(step, "forward", error, inputs, self.operators) from error
        if value.shape != expected:
            raise self._refuse(
                step, "forward", "DF0602", "gave a value of the wrong shape",
                found=show_shape(value.shape), expected=show_shape(expected),
            )  # fmt: skip

    def _find_widest(self, step: Step, inputs: Sequence[Any]) -> int:
        """The bytes of the widest float that an operator may give: that of its operands, or any that it is told."""
        if any(item.name == "dtype" for item in step.operator.attributes):
            return 8
        kinds = [item.dtype for item in inputs if hasattr(item, "dtype")]
        return max((dtype.itemsize for dtype in kinds if dtype.kind == "f"), default=self.dtype.itemsize)

    def reverse(self, values: Values, cotangents: Values) -> None:
        """Carry cotangents from right to left; a value that nothing takes keeps None."""
        with quiet():
            for step, g, z, inputs in self.walk_back(values, cotangents):
                for backward in step.backward:
                    given = self.call_rule(step, backward, self._xp, g, z, inputs)
                    for slot, cotangent in self.pair(backward, given, values):
                        cotangent = self.fit(step, backward, cotangent, z, values[slot])
                        before = cotangents[slot]
                        cotangents[slot] = cotangent if before is None else read_only(before + cotangent)

    def walk_back(self, values: Values, cotangents: Values) -> Iterator[tuple[Step, Any, Any, list[Any]]]:
        """The steps to call backward rules of, from right to left: each with g, z and its inputs, for its rules.

        Where an operator has several outputs, g and z are tuples; g is zeros where nothing came. What a step
        carries back is to be in `cotangents` before the next one is asked for.
        """
        for step in reversed(self.plan.steps):
            g: Any
            z: Any
            out = [cotangents[slot] for slot in step.out]
            if not step.backward or all(item is None for item in out):
                continue
            if step.operator.outputs:
                z = tuple([values[slot] for slot in step.out])
                g = tuple([np.zeros_like(part) if item is None else item for part, item in zip(z, out, strict=True)])
            else:
                g, z = out[0], values[step.out[0]]
            yield step, g, z, self._convert_inputs(step, values)

    def pair(self, backward: Backward, given: Any, values: Values) -> Iterator[tuple[int, Any]]:
        """What a rule gave, by slot, as far as it is wanted. Integers pass nothing on."""
        for slot, item in pair_cotangents(backward, given):
            if slot is not None and values[slot].dtype.kind == "f":
                yield slot, item

    def call_rule(self, step: Step, backward: Backward, xp: Any, g: Any, z: Any, inputs: Sequence[Any]) -> Any:
        """What a backward rule gives. Raises `OperatorError` for what it raises, or if it gives too little."""
        try:
            given = backward.rule(xp, g, z, *inputs, **step.attributes)
        except (Exception, SystemExit) as error:
            raise describe_failure(step, backward.role, error, inputs, self.operators) from error
        if (misfit := find_misfit(backward, given)) is not None:
            raise self._refuse(step, backward.role, "DF0603", misfit)
        return given

    def fit(self, step: Step, backward: Backward, cotangent: Any, z: Any, value: Any) -> Any:
        """A cotangent with the shape and dtype of its value, summed back over the axes where that was broadcast.

        Raises `OperatorError` if its type or its shape is not one that a rule may give.
        """
        cotangent = self._check_type(step, backward, cotangent, z, value.dtype)
        shape, found = np.shape(value), np.shape(cotangent)
        if found != shape:
            full = full_shape(step, z, shape)
            try:
                if not step.operator.broadcasts:
                    raise ValueError
                cotangent = unbroadcast(np.broadcast_to(cotangent, full), shape)
            except ValueError:
                raise self._refuse(
                    step, backward.role, "DF0603", "gave a cotangent of the wrong shape",
                    found=show_shape(found), expected=show_shape(full),
                ) from None  # fmt: skip
        return read_only(cotangent if cotangent.dtype == value.dtype else cotangent.astype(value.dtype))

    def _check_type(self, step: Step, backward: Backward, cotangent: Any, z: Any, dtype: np.dtype[Any]) -> Any:
        """A cotangent as an array or NumPy number, of a type that is not wider than its value's or its output's."""
        found = getattr(cotangent, "dtype", None)
        if found is None:
            if type(cotangent) in (float, int, bool):
                return dtype.type(cotangent)
            message = f"gave {type(cotangent).__name__}, which is no array"
            raise self._refuse(step, backward.role, "DF0603", message)
        if found.kind not in "fiub":
            raise self._refuse(step, backward.role, "DF0603", f"gave an array of {found}")
        if found.kind == "f" and found.itemsize > dtype.itemsize:
            widest = max(part.dtype.itemsize for part in (z if isinstance(z, tuple) else (z,)))
            if found.itemsize > widest:
                hint = "write where(c, g, 0.0), and Python numbers for constants"
                raise self._refuse(step, backward.role, "DF0604", f"widened {dtype} to {found}", hint=hint)
        return cotangent


def full_shape(step: Step, z: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape in which a rule gives the cotangent of a value of this shape: the output's, if it broadcasts."""
    return np.shape(z[0] if isinstance(z, tuple) else z) if step.operator.broadcasts else shape


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
    """The same array, no longer to be written to.

    >>> read_only(np.ones(2)).flags.writeable
    False
    """
    if type(array) is np.ndarray:
        array.flags.writeable = False
    return array


@contextmanager
def quiet() -> Iterator[None]:
    """IEEE arithmetic without warnings: what is not finite is found and named afterwards.

    >>> with quiet():
    ...     print(np.ones(1) / 0)
    [inf]
    """
    import warnings

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
