"""A compiled graph in which every value is one number: the two sweeps over flat steps, or in groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dataflow.shapes import count
from dataflow.sweeps.binding import bind_values
from dataflow.sweeps.scalars import ScalarSweeps
from dataflow.sweeps.seeds import seed_scalar

if TYPE_CHECKING:
    from dataflow.program.derived import Question
    from dataflow.registry import Operators
    from dataflow.sweeps.plan import Plan


class ScalarFunction:
    """Values and gradients of a scalar graph. `plan` is for the question."""

    def __init__(
        self, plan: Plan, operators: Operators, question: Question, inputs: Mapping[str, Any], root: str | None
    ) -> None:
        self.plan = plan
        self.operators = operators
        self.question = question
        self.root = root
        self.sweeps = ScalarSweeps(plan, operators)
        used = {slot for step in plan.steps for slot in step.operands}
        shown = {*question.outputs, *question.wrt}
        self._slots = {name: plan.slots[name] for name in plan.graph.given}
        self._needed = [name for name, slot in self._slots.items() if slot in used or name in shown]
        self._start = self._fill_constants(inputs)
        self._outputs = [(name, plan.slots[name]) for name in question.outputs]
        self._wrt = [(name, plan.slots[name]) for name in question.wrt]
        self._target = None if question.target is None or not question.wrt else plan.slots[question.target]

    def _fill_constants(self, inputs: Mapping[str, Any]) -> list[Any]:
        """The values that are known: numbers, and inputs that have one."""
        values: list[Any] = [None] * (len(self.plan.names) + 1)
        for slot, value in self.plan.constants.items():
            values[slot] = value if isinstance(value, bool) else float(value)
        given = self.plan.graph.given
        known = [name for name in self._needed if given[name].value is not None or name in inputs]
        for name, value in bind_values(self.plan.graph, inputs, known, scalar=True, root=self.root).values.items():
            values[self._slots[name]] = value
        self._lacking = frozenset(self._needed) - set(known)
        return values

    def __call__(self, inputs: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The values and gradients at these inputs."""
        values = self._start.copy()
        for name, value in inputs.items():
            if type(value) is not float or name not in self._slots:
                value = bind_values(self.plan.graph, {name: value}, [name], scalar=True).values[name]
            values[self._slots[name]] = value
        if self._lacking and not self._lacking <= inputs.keys():
            bind_values(self.plan.graph, inputs, self._needed, scalar=True)
        sweeps = self.sweeps
        sweeps.forward(values)
        found = {name: values[slot] for name, slot in self._outputs}
        if self._target is None:
            return found, {}
        cotangents: list[Any] = [None] * len(values)
        path = self.plan.graph.path_of(str(self.question.target))
        cotangents[self._target] = seed_scalar(str(self.question.target), path, values[self._target], None)
        sweeps.reverse(values, cotangents)
        return found, {name: 0.0 if (g := cotangents[slot]) is None else g for name, slot in self._wrt}

    def explain(self, inputs: Mapping[str, Any]) -> list[str]:
        """How the graph is swept, in a line of text."""
        return [f"every value is one number: {count(len(self.plan.steps), 'node')}, one after the other"]
