"""The sweep back through an operator that writes no backward rules: through what its forward rule called.

The forward rule is recorded as a graph; the reverse sweep of that graph gives the cotangents of the inputs, by the
same engine that sweeps the graph in which the operator stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.registry import Operators

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


class TracedRule:
    """The backward rule of an operator that writes none. It gives one cotangent for each operand.

    `wanted` says for which operands a cotangent is asked; the others get None. What a trace looks like depends on
    shapes, dtypes and attributes, not on numbers, so that its plan is made once for each of these.

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
        self._sweeps: dict[Any, ArraySweeps | ScalarSweeps] = {}

    def __call__(self, xp: Library, g: Any, z: Any, *inputs: Any, **attributes: Any) -> tuple[Any, ...]:
        trace = self.trace(xp, g, inputs, attributes)
        trace.sweeps.reverse(trace.values, trace.cotangents)
        return tuple([self._settle(xp, trace, place) for place in range(len(inputs))])

    def trace(self, xp: Library, g: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Trace:
        """The forward rule recorded at these inputs, and its cotangents seeded with `g`."""
        from dataflow.tracing import record

        recording = record(self.operator, xp, inputs, attributes)
        key = (xp.arrays.kind, tuple(map(_describe, inputs)), repr(attributes))
        sweeps = self._sweeps.get(key)
        if sweeps is None:
            sweeps = self._sweeps[key] = self._make_sweeps(xp, recording)
        plan = sweeps.plan
        values: Values = [None] * (len(plan.names) + 1)
        for slot, number in plan.constants.items():
            values[slot] = number
        scalar = plan.scalar
        for name, value in recording.values.items():
            values[plan.slots[name]] = _as_float(value) if scalar else value
        cotangents: Values = [None] * len(values)
        for name, part in zip(recording.outputs, g if isinstance(g, tuple) else (g,), strict=True):
            slot = plan.slots[name]
            if plan.wanted[slot]:
                before = cotangents[slot]
                cotangents[slot] = part if before is None else before + part
        slots = tuple([None if name is None else plan.slots[name] for name in recording.inputs])
        return Trace(sweeps, values, cotangents, slots, tuple([plan.slots[name] for name in recording.outputs]))

    def _make_sweeps(self, xp: Library, recording: Recording) -> ArraySweeps | ScalarSweeps:
        from dataflow.sweeps.plan import make_plan

        asked = {name for name, wanted in zip(recording.inputs, self.wanted, strict=True) if wanted}
        given = {name: entry._replace(differentiable=name in asked) for name, entry in recording.graph.inputs.items()}
        floats = [entry.dtype for name, entry in given.items() if name in asked and entry.dtype]
        graph = recording.graph.replace(inputs=given, dtype=max(floats, default="float64"))
        plan = make_plan(graph, xp.operators, target=recording.outputs)
        assert isinstance(xp.operators, Operators)
        return make_sweeps(plan._replace(scalar=xp.arrays.kind in ("floats", "ieee")), xp.operators)

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


def _describe(value: Any) -> Any:
    """What a trace depends on: shape and dtype of an array, the type of a number."""
    dtype = getattr(value, "dtype", None)
    return type(value) if dtype is None else (value.shape, dtype)


def _as_float(value: Any) -> Any:
    return float(value) if isinstance(value, float) else value
