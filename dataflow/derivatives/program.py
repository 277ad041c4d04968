"""What was derived on a tape, computed: the part that rests on directions again for each of them, the rest once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dataflow.graph import Graph, Input
from dataflow.order import find_needed
from dataflow.sweeps.arrays import ArraySweeps
from dataflow.sweeps.plan import Plan, make_plan
from dataflow.tracing import Symbol

if TYPE_CHECKING:
    from dataflow.derivation.tape import Tape
    from dataflow.registry import Operators

Array = np.ndarray[Any, Any]


class Program:
    """Some values of a tape as functions of the given values, and of `moving` ones that change more often.

    tape:    the graph and what was derived from it.
    wanted:  symbols of the tape.
    moving:  the names of values that are given anew to each run.
    """

    def __init__(self, tape: Tape, operators: Operators, wanted: Iterable[Symbol], moving: Sequence[str]) -> None:
        self.names = [item.name for item in wanted]
        self.types = tape.recorder.types
        self.constants = tape.recorder.constants
        self.graph = _make_graph(tape, self.names)
        self.plan = make_plan(self.graph, operators, target=None, only=self.names)._replace(scalar=False)
        self.moving = {name: self.plan.slots[name] for name in moving if name in self.plan.slots}
        fixed, again = _part(self.plan, set(self.moving.values()))
        self.out = [self.plan.slots[name] for name in self.names]
        self.fixed = ArraySweeps(fixed, operators)
        self.again = ArraySweeps(again, operators)

    def bind(self, values: Mapping[str, Any]) -> list[Any]:
        """By slot: the given values, arrays or numbers by name, and all that does not rest on moving ones."""
        plan, dtype = self.plan, np.dtype(self.graph.dtype)
        bound: list[Any] = [None] * (len(plan.names) + 1)
        for slot, number in plan.constants.items():
            typed = plan.names[slot] and isinstance(number, float)
            bound[slot] = dtype.type(number) if typed else number
        for name in self.graph.inputs:
            if name not in self.moving:
                known = self.constants[name] if name in self.constants else values[name]
                bound[plan.slots[name]] = np.asarray(known, dtype=self.types[name].dtype)[()]
        self.fixed.forward(bound)
        return bound

    def run(self, bound: list[Any], moving: Mapping[str, Array]) -> list[Any]:
        """The wanted values, for these of the moving ones; `bound` is what `bind` gave."""
        for name, slot in self.moving.items():
            bound[slot] = moving[name]
        self.again.forward(bound)
        return [bound[slot] for slot in self.out]


def _make_graph(tape: Tape, names: Sequence[str]) -> Graph:
    """The part of a tape on which some values rest, as a graph."""
    nodes = tape.recorder.nodes
    makers = {out: name for name, node in nodes.items() for out in node.outputs}
    needed = find_needed(nodes, list(nodes), makers, names)
    chosen = {name: node for name, node in nodes.items() if name in needed}
    types = tape.recorder.types
    given = {name: Input(dtype=types[name].dtype) for name in sorted(needed - chosen.keys())}
    return Graph(inputs=given, nodes=chosen, dtype=tape.graph.dtype)


def _part(plan: Plan, moving: set[int]) -> tuple[Plan, Plan]:
    """The steps that do not rest on the moving slots, and those that do."""
    fixed, again = [], []
    for step in plan.steps:
        if any(slot in moving for slot in step.operands):
            moving.update(step.out)
            again.append(step)
        else:
            fixed.append(step)
    return plan._replace(steps=fixed), plan._replace(steps=again)
