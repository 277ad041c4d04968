"""The forward sweep of a graph again and again, from a value on that is moved: what its gradients are compared with.

Only what hangs on the moved value is computed again. What has no derivative by declaration stays as it was: integers,
truth values and operands through which an operator passes nothing on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from dataflow.sweeps.arrays import read_only
from dataflow.sweeps.conversion import convert
from dataflow.sweeps.plan import ABSENT, Step, bind_forward, make_plan

if TYPE_CHECKING:
    from dataflow.graph import Graph
    from dataflow.registry import Operators

Values = list[Any]
Moves = Mapping[int, Any]  # values by slot, in place of those of the graph
ELEMENTS = 1000  # that cost as much as the call of an operator


class Reruns:
    """A graph on NumPy arrays; `values` are those at its point, by slot.

    `weights` make one number of the target; `spent` is what all runs together cost, in evaluations of nodes.

    >>> from dataflow.document import loads
    >>> from dataflow.registry import standard
    >>> graph = loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: x * x, J: y + x}, target: J}")
    >>> runs = Reruns(graph, standard(), {"x": np.float64(3.0)}, "J")
    >>> y = runs.slots["y"]
    >>> float(runs.start), float(runs.run({y: 10.0}, runs.list_after([y])))
    (12.0, 13.0)
    """

    def __init__(
        self, graph: Graph, operators: Operators, given: Mapping[str, Any], target: str, weights: Any = 1.0
    ) -> None:
        plan = make_plan(graph, operators, target=None)._replace(scalar=False)
        self.plan, self.slots = plan, plan.slots
        self.target = plan.slots[target]
        self.spent = 0.0
        self._weights = weights
        self._dtype = np.dtype(graph.dtype)
        self._xp = Library(operators, numpy_arrays)
        self._calls = [bind_forward(step, self._xp) for step in plan.steps]
        self._as_they_are = bytearray(len(plan.steps))  # whether the operands of a step need no conversion
        self.values: Values = [None] * (len(plan.names) + 1)
        for name, value in given.items():
            self.values[plan.slots[name]] = value
        for slot, value in plan.constants.items():
            typed = plan.names[slot] and isinstance(value, float)
            self.values[slot] = self._dtype.type(value) if typed else value
        for index, step in enumerate(plan.steps):
            self._compute(index, step, [self.values[slot] for slot in step.operands], self.values)
        self.start = self._weigh(self.values)
        self._able = [self._list_able(step) for step in plan.steps]
        self.passing = [self._list_passing(step, able) for step, able in zip(plan.steps, self._able, strict=True)]
        self._live = self._list_live()
        self.live = {self.target, *(slot for index in self._live for slot in self.passing[index])}
        self._now = list(self.values)
        self._made = {slot: index for index, step in enumerate(plan.steps) for slot in step.out}
        self._costs_after = self._add_costs()

    def _compute(self, index: int, step: Step, operands: list[Any], into: Values) -> None:
        inputs = operands
        if not self._as_they_are[index]:
            inputs = convert(step, operands, self._dtype)
            if all(a is b for a, b in zip(inputs, operands, strict=True)):
                self._as_they_are[index] = True
        result = self._calls[index](*inputs)
        for slot, part in zip(step.out, result if step.operator.outputs else (result,), strict=True):
            into[slot] = part if hasattr(part, "dtype") else self._as_array(part)
            read_only(into[slot])

    def _as_array(self, value: Any) -> Any:
        return np.bool_(value) if isinstance(value, bool) else self._dtype.type(value)

    def _weigh(self, values: Values) -> float:
        value = np.asarray(values[self.target], float)
        return float(value) if value.ndim == 0 else float(np.sum(value * self._weights))

    def _list_able(self, step: Step) -> tuple[bool, ...]:
        """By operand: whether the operator passes a derivative on through it."""
        names = [item.name for item in step.operator.inputs]
        able = step.operator.differentiable
        return tuple([names[min(index, len(names) - 1)] in able for index in range(len(step.operands))])

    def _list_passing(self, step: Step, able: Sequence[bool]) -> tuple[int, ...]:
        """The operands of a step through which a derivative passes: floats that the operator differentiates."""
        pairs = zip(step.operands, able, strict=True)
        return tuple([slot for slot, passes in pairs if passes and slot != ABSENT and self.is_float(slot)])

    def is_float(self, slot: int) -> bool:
        """Whether the value in a slot is an array of floats, so that it can be moved."""
        dtype = getattr(self.values[slot], "dtype", None)
        return dtype is not None and dtype.kind == "f"

    def _list_live(self) -> list[int]:
        """The steps that the target hangs on, through operands that pass a derivative on."""
        needed = {self.target}
        found = []
        for index in range(len(self.plan.steps) - 1, -1, -1):
            if not needed.isdisjoint(self.plan.steps[index].out):
                found.append(index)
                needed.update(self.passing[index])
        return found[::-1]

    def _add_costs(self) -> list[float]:
        """By step: what it and all live steps behind it cost."""
        costs = [0.0] * (len(self.plan.steps) + 1)
        live = set(self._live)
        for index in range(len(self.plan.steps) - 1, -1, -1):
            costs[index] = costs[index + 1] + (self._cost(index) if index in live else 0.0)
        return costs

    def _cost(self, index: int) -> float:
        step = self.plan.steps[index]
        return 1.0 + sum(np.size(self.values[slot]) for slot in (*step.operands, *step.out)) / ELEMENTS

    def cost_from(self, slot: int) -> float:
        """What a run costs at most when the value in a slot is moved."""
        return self._costs_after[self._made.get(slot, -1) + 1]

    def find_varied(self, given: Iterable[str]) -> set[int]:
        """The slots that hang on some of the given values through what has a derivative."""
        found = {slot for slot in map(self.slots.__getitem__, given) if self.is_float(slot)}
        for step, passing in zip(self.plan.steps, self.passing, strict=True):
            if not found.isdisjoint(passing):
                found.update(slot for slot in step.out if self.is_float(slot))
        return found

    def list_after(self, slots: Iterable[int]) -> list[int]:
        """The steps to run again when the values in some slots are moved."""
        moved = set(slots)
        first = min(self._made.get(slot, -1) for slot in moved) + 1
        found = []
        for index in self._live:
            if index >= first and not moved.isdisjoint(self.passing[index]):
                found.append(index)
                moved.update(self.plan.steps[index].out)
        return found

    def list_consumers(self, slot: int) -> list[Step]:
        """The live steps that take the value in a slot as an operand with a derivative."""
        return [self.plan.steps[index] for index in self._live if slot in self.passing[index]]

    def run(self, moves: Moves, after: Sequence[int], kept: dict[int, Any] | None = None) -> float:
        """The target as one number where some values are moved; NaN where an operator fails there.

        `kept` is filled with the values, by slot, of the steps that were run again.
        """
        now = self._now
        for slot, value in moves.items():
            now[slot] = value
        try:
            for index in after:
                self._run_step(index, now)
            found = self._weigh(now)
            if kept is not None:
                kept.update({slot: now[slot] for index in after for slot in self.plan.steps[index].out})
        except Exception:  # a rule may refuse what lies beside the point
            return float("nan")
        finally:
            self.spent += len(after)
            for slot in (*moves, *(slot for index in after for slot in self.plan.steps[index].out)):
                now[slot] = self.values[slot]
        return found

    def _run_step(self, index: int, now: Values) -> None:
        step, able = self.plan.steps[index], self._able[index]
        if all(able):
            operands = [now[slot] for slot in step.operands]
        else:  # what has no derivative stays as it is at the point
            pairs = zip(step.operands, able, strict=True)
            operands = [(now if passes else self.values)[slot] for slot, passes in pairs]
        self._compute(index, step, operands, now)
        for slot in step.out:
            if now[slot].dtype.kind != "f":
                now[slot] = self.values[slot]
