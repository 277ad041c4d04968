"""The sweep back through an operator that writes no backward rules: through what its forward rule called.

The forward rule is recorded as a graph; the reverse sweep of that graph gives the cotangents of the inputs, by the
same engine that sweeps the graph in which the operator stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.registry import Operators
from dataflow.shapes import ArrayType

if TYPE_CHECKING:
    from dataflow.library import Library
    from dataflow.operators import Operator
    from dataflow.sweeps.arrays import ArraySweeps
    from dataflow.sweeps.plan import Plan
    from dataflow.sweeps.scalars import ScalarSweeps
    from dataflow.tracing import Recording

Values = list[Any]


class Trace(NamedTuple):
    """A recorded forward rule, ready to be swept back; slots of its operands (None if not given) and outputs."""

    sweeps: ArraySweeps | ScalarSweeps
    values: Values
    cotangents: Values
    inputs: tuple[int | None, ...]
    outputs: tuple[int, ...]


class Prepared(NamedTuple):
    """What is the same for all operands of the same types: the recording, and its plan."""

    recording: Recording
    sweeps: ArraySweeps | ScalarSweeps


class TracedRule:
    """The backward rule of an operator that writes none. It gives one cotangent for each operand.

    `wanted` says for which operands a cotangent is asked; the others get None. What a trace looks like depends on
    shapes, dtypes and attributes, not on numbers, so that it is recorded and planned once for each of these.

    >>> from dataflow.arrays import floats
    >>> from dataflow.library import Library
    >>> from dataflow.operators import Operator
    >>> from dataflow.registry import standard
    >>> cube = Operator("cube", "z = x ** 3", forward=lambda xp, x: x * x * x, broadcasts=True)
    >>> TracedRule(cube, (True,))(Library(standard(), floats), 1.0, 8.0, 2.0)
    (12.0,)
    """

    def __init__(self, operator: Operator, wanted: tuple[bool, ...]) -> None:
        self.operator = operator
        self.wanted = wanted
        self._prepared: dict[Any, Prepared] = {}

    def __call__(self, xp: Library, g: Any, z: Any, *inputs: Any, **attributes: Any) -> tuple[Any, ...]:
        trace = self.trace(xp, g, inputs, attributes)
        trace.sweeps.reverse(trace.values, trace.cotangents)
        return tuple([self._settle(xp, trace, place) for place in range(len(inputs))])

    def trace(self, xp: Library, g: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Trace:
        """The forward rule recorded for inputs of these types, swept forward, its cotangents seeded with `g`."""
        scalar = xp.arrays.kind in ("floats", "ieee")
        operands = [_describe(value, scalar) for value in inputs]
        key = (scalar, tuple([(type(item), repr(item)) for item in operands]), repr(attributes))
        prepared = self._prepared.get(key)
        if prepared is None:
            prepared = self._prepared[key] = self._prepare(xp, operands, attributes, scalar)
        recording, sweeps = prepared
        plan = sweeps.plan
        values: Values = [None] * (len(plan.names) + 1)
        for slot, number in plan.constants.items():
            values[slot] = number
        for name, array in recording.constants.items():
            values[plan.slots[name]] = array
        for name, value in zip(recording.inputs, inputs, strict=True):
            if isinstance(name, str):
                values[plan.slots[name]] = _as_float(value) if scalar else _as_array(value)
        sweeps.forward(values)
        cotangents: Values = [None] * len(values)
        for name, part in zip(recording.outputs, g if isinstance(g, tuple) else (g,), strict=True):
            slot = plan.slots[name]
            if plan.wanted[slot]:
                before = cotangents[slot]
                cotangents[slot] = part if before is None else before + part
        slots = tuple([plan.slots[name] if isinstance(name, str) else None for name in recording.inputs])
        return Trace(sweeps, values, cotangents, slots, tuple([plan.slots[name] for name in recording.outputs]))

    def _prepare(self, xp: Library, operands: Sequence[Any], attributes: Mapping[str, Any], scalar: bool) -> Prepared:
        from dataflow.sweeps.plan import make_plan
        from dataflow.tracing import record

        floats = [
            item.dtype
            for item, wanted in zip(operands, self.wanted, strict=True)
            if wanted and item.__class__ is ArrayType and item.dtype.startswith("float")
        ]
        recording = record(self.operator, xp.operators, operands, attributes, max(floats, default="float64"))
        asked = {name for name, wanted in zip(recording.inputs, self.wanted, strict=True) if wanted}
        given = {name: entry._replace(differentiable=name in asked) for name, entry in recording.graph.inputs.items()}
        plan = make_plan(recording.graph.replace(inputs=given), xp.operators, target=recording.outputs)
        assert isinstance(xp.operators, Operators)
        return Prepared(recording, make_sweeps(plan._replace(scalar=scalar), xp.operators))

    def _settle(self, xp: Library, trace: Trace, place: int) -> Any:
        """The cotangent of one operand; where nothing was taken, what its kind of array has for that."""
        slot = trace.inputs[place]
        if slot is None or not self.wanted[place]:
            return None
        found = trace.cotangents[slot]
        if found is not None:
            return found
        value = trace.values[slot]
        return xp.keep(False, 0.0) if trace.sweeps.plan.scalar else xp.zeros_like(value)


def make_sweeps(plan: Plan, operators: Operators) -> ArraySweeps | ScalarSweeps:
    """The sweeps of a plan in its lane; NumPy is imported for arrays alone."""
    if plan.scalar:
        from dataflow.sweeps.scalars import ScalarSweeps

        return ScalarSweeps(plan, operators)
    from dataflow.sweeps.arrays import ArraySweeps

    return ArraySweeps(plan, operators)


def _describe(value: Any, scalar: bool) -> Any:
    """What a trace depends on: dtype and shape of an array, a number beside arrays as it is."""
    dtype = getattr(value, "dtype", None)
    if dtype is not None:
        return ArrayType(dtype.name, tuple(value.shape))
    if not scalar or value is None:
        return value
    return ArrayType("bool" if isinstance(value, bool) else "float64", ())


def _as_float(value: Any) -> Any:
    return float(value) if isinstance(value, float) else value


def _as_array(value: Any) -> Any:
    """A number that stands beside arrays alone, as the recording takes it: an array of no axes."""
    if hasattr(value, "dtype"):
        return value
    import numpy as np

    return np.asarray(value)[()]
