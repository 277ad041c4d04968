"""A run on whole values: bind them, sweep forward, sweep in reverse, rule by rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.errors import GraphError
from dataflow.library import MissingKernelError
from dataflow.sweeps.binding import Bound, bind_values

if TYPE_CHECKING:
    from dataflow.asked import Asked
    from dataflow.provenance import Clock
    from dataflow.registry import Operators
    from dataflow.sweeps.arrays import ArraySweeps
    from dataflow.sweeps.plan import Plan

Values = list[Any]


def sweep_whole(
    plan: Plan,
    operators: Operators,
    asked: Asked,
    clock: Clock,
    roots: Sequence[str] = (),
    bound: Bound | None = None,
) -> Run:
    """A run that has swept both ways: on numbers if the plan says so and every rule has a kernel for these."""
    try:
        run = Run(plan, operators, asked, roots)
        run.sweep(clock, bound)
    except MissingKernelError:  # a rule asks for what there is on arrays only
        run = Run(plan._replace(scalar=False), operators, asked, roots)
        run.sweep(clock, bound)
    return run


class Run:
    """The values and cotangents of one run, by slot; `masks` says where cotangents were taken, if that was carried.

    `roots` are names whose values are needed besides those that are reported.
    """

    def __init__(self, plan: Plan, operators: Operators, asked: Asked, roots: Sequence[str] = ()) -> None:
        self.plan = plan
        self.roots = roots
        self.operators = operators
        self.asked = asked
        self.target = asked.target
        count = len(plan.names) + 1  # one more, the last, for operands that are absent: values[-1] is None
        self.values: Values = [None] * count
        self.cotangents: Values = [None] * count
        self.masks: Values | None = None
        self.bound = Bound()

    def sweep(self, clock: Clock, bound: Bound | None = None) -> None:
        """Bind the values, unless that is done already, then both sweeps."""
        plan, asked = self.plan, self.asked
        needed = _list_needed(plan, [self.target, *self.roots])
        if bound is None:
            bound = bind_values(plan.graph, asked.inputs, needed, scalar=plan.scalar, root=asked.data_root)
            clock.note("data")
        self.bound = bound
        for name in needed:
            self.values[plan.slots[name]] = self.bound.values[name]
        if plan.scalar:
            self._sweep_scalars(clock)
        else:
            self._sweep_arrays(clock)

    def _sweep_scalars(self, clock: Clock) -> None:
        from dataflow.sweeps.scalars import ScalarSweeps
        from dataflow.sweeps.seeds import seed_scalar

        for slot, value in self.plan.constants.items():
            self.values[slot] = value if isinstance(value, bool) else float(value)
        sweeps = ScalarSweeps(self.plan, self.operators)
        sweeps.forward(self.values)
        clock.note("forward")
        if self.target is None:
            return
        slot, path = self.plan.slots[self.target], self.plan.graph.path_of(self.target)
        self.cotangents[slot] = seed_scalar(self.target, path, self.values[slot], self.asked.cotangent)
        sweeps.reverse(self.values, self.cotangents)
        clock.note("reverse")

    def _sweep_arrays(self, clock: Clock) -> None:
        import numpy as np

        from dataflow.sweeps.arrays import ArraySweeps
        from dataflow.sweeps.threads import single_threaded

        for slot, value in self.plan.constants.items():
            typed = self.plan.names[slot] and isinstance(value, float)
            self.values[slot] = np.dtype(self.plan.graph.dtype).type(value) if typed else value
        self._check_types()
        clock.note("types")
        sweeps = ArraySweeps(self.plan, self.operators)
        with single_threaded():
            sweeps.forward(self.values)
            clock.note("forward")
            if self.target is not None:
                self._reverse_arrays(sweeps, self.target)
                clock.note("reverse")

    def _check_types(self) -> None:
        """Refuse shapes that do not fit, and values that fit into no memory, before anything is computed."""
        from dataflow.shapes import ArrayType
        from dataflow.typecheck import check_types

        plan, bound = self.plan, self.bound
        given = {name: ArrayType(value.dtype.name, value.shape) for name, value in bound.values.items()}
        steps = {step.name for step in plan.steps}
        if found := check_types(plan.graph, self.operators, given, bound.sizes, steps).found:
            raise GraphError(found)

    def _reverse_arrays(self, sweeps: ArraySweeps, target: str) -> None:
        """The reverse sweep; once more, with masks, if a cotangent turns out NaN."""
        import numpy as np

        from dataflow.sweeps.masks import reverse_with_masks
        from dataflow.sweeps.seeds import seed_array

        slot, path = self.plan.slots[target], self.plan.graph.path_of(target)
        seed = seed_array(target, path, self.values[slot], self.asked.cotangent)
        self.cotangents[slot] = seed
        sweeps.reverse(self.values, self.cotangents)
        if any(item is not None and np.isnan(item).any() for item in self.cotangents):
            self.cotangents[:] = [None] * len(self.cotangents)
            self.cotangents[slot] = seed
            self.masks = [None] * len(self.cotangents)
            reverse_with_masks(sweeps, self.values, self.cotangents, self.masks)


def _list_needed(plan: Plan, more: Iterable[str | None]) -> list[str]:
    """The inputs and parameters that the steps use, the result shows, or are among some more names."""
    used = {slot for step in plan.steps for slot in step.operands}
    shown = {*plan.reported, *more}
    return [name for name in plan.graph.given if name in shown or plan.slots[name] in used]
