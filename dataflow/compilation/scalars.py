"""A compiled graph in which every value is one number: the two sweeps over flat steps, or in groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dataflow.shapes import count
from dataflow.sweeps.binding import bind_values
from dataflow.sweeps.cotangents import GroupError
from dataflow.sweeps.finite import has_nan
from dataflow.sweeps.scalars import ScalarSweeps
from dataflow.sweeps.seeds import seed_scalar

if TYPE_CHECKING:
    from dataflow.program.derived import Question
    from dataflow.registry import Operators
    from dataflow.sweeps.groups import GroupSweeps
    from dataflow.sweeps.plan import Plan

Answer = tuple[Mapping[str, Any], Mapping[str, Any]]
MANY = 1000  # nodes, below which groups are not thought of
GRUMBLES = (ArithmeticError, AttributeError, GroupError, LookupError, TypeError, ValueError)  # of rules, with vectors


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
        self.groups = self._find_groups()
        if self.groups is None:
            self.sweeps.bind()
        used = {slot for operands in plan.layout.operands for slot in operands}
        shown = {*question.outputs, *question.wrt}
        self._slots = {name: plan.slots[name] for name in plan.graph.given}
        self._needed = [name for name, slot in self._slots.items() if slot in used or name in shown]
        self._start = self._fill_constants(inputs)
        self._outputs = [(name, plan.slots[name]) for name in question.outputs]
        self._wrt = [(name, plan.slots[name]) for name in question.wrt]
        self._path = () if question.target is None else plan.graph.path_of(question.target)
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

    def __call__(self, inputs: Mapping[str, Any]) -> Answer:
        """The values and gradients at these inputs."""
        values = self._start.copy()
        for name, value in inputs.items():
            if type(value) is not float or name not in self._slots:
                value = bind_values(self.plan.graph, {name: value}, [name], scalar=True).values[name]
            values[self._slots[name]] = value
        if self._lacking and not self._lacking <= inputs.keys():
            bind_values(self.plan.graph, inputs, self._needed, scalar=True)
        if self.groups is not None:
            try:
                found = self._sweep_groups(self.groups, values)
            except GRUMBLES:
                found = self.groups = None
            if found is not None:
                return found
        sweeps = self.sweeps
        sweeps.forward(values)
        outputs = {name: values[slot] for name, slot in self._outputs}
        if self._target is None:
            return outputs, {}
        cotangents: list[Any] = [None] * len(values)
        cotangents[self._target] = self._seed(values[self._target])
        sweeps.reverse(values, cotangents)
        return outputs, {name: 0.0 if (g := cotangents[slot]) is None else g for name, slot in self._wrt}

    def _seed(self, value: Any) -> float:
        if type(value) is float:
            return 1.0
        return seed_scalar(str(self.question.target), self._path, value, None)

    def _find_groups(self) -> GroupSweeps | None:
        """The sweeps in groups, if these pay."""
        if len(self.plan.steps) < MANY:
            return None
        from dataflow.sweeps.groups import plan_groups

        return plan_groups(self.plan, self.operators)

    def _sweep_groups(self, groups: GroupSweeps, values: list[Any]) -> Answer | None:
        """Both sweeps in groups; None if a cotangent comes out NaN: node by node it may not."""
        vector, kept = groups.forward(values)
        outputs = {name: groups.read(vector, slot) for name, slot in self._outputs}
        if self._target is None:
            return outputs, {}
        seed = self._seed(groups.read(vector, self._target))
        cotangents = groups.reverse(vector, kept, self._target, seed)
        if has_nan(cotangents):
            return None
        return outputs, {name: float(cotangents[groups.places[slot]]) for name, slot in self._wrt}

    def explain(self, inputs: Mapping[str, Any]) -> list[str]:
        """How the graph is swept, in a line of text."""
        nodes = count(len(self.plan.steps), "node")
        way = "one after the other" if self.groups is None else f"in {count(len(self.groups.groups), 'group')}"
        return [f"every value is one number: {nodes}, {way}"]
