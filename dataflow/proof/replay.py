"""The target of a graph along lines through its values: some of them are moved, and the steps after them run again.

Everything is computed in float64: what differences cannot see in float32, they see there. A value of a node is moved
in the middle of the forward sweep, as an input is at its beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.asked import Asked
from dataflow.errors import DataflowError
from dataflow.library import MissingKernelError
from dataflow.provenance import Clock
from dataflow.sweeps.plan import Plan, Step, make_plan
from dataflow.sweeps.sized import put_lengths
from dataflow.sweeps.traced import make_sweeps
from dataflow.whole_runs import Run

if TYPE_CHECKING:
    from dataflow.graph import Graph, Input, Node
    from dataflow.registry import Operators

WIDE, NARROW = "float64", "float32"


def widen(graph: Graph) -> Graph:
    """The same graph in float64 throughout.

    >>> from dataflow.graph import Graph, Input
    >>> wide = widen(Graph(dtype="float32", inputs={"x": Input(1, dtype="float32"), "n": Input(1, dtype="int8")}))
    >>> wide.dtype, [entry.dtype for entry in wide.inputs.values()]
    ('float64', ['float64', 'int8'])
    """
    return graph.replace(
        dtype=WIDE,
        inputs={name: _widen_entry(entry) for name, entry in graph.inputs.items()},
        parameters={name: _widen_entry(entry) for name, entry in graph.parameters.items()},
        nodes={name: _widen_node(node) for name, node in graph.nodes.items()},
    )


def _widen_entry(entry: Input) -> Input:
    return entry._replace(dtype=WIDE) if entry.dtype == NARROW else entry


def _widen_node(node: Node) -> Node:
    if node.attributes.get("dtype") != NARROW:
        return node
    return node._replace(attributes={**node.attributes, "dtype": WIDE})


class Section(NamedTuple):
    """The steps between some values that are moved and the target, and the slots that they fill."""

    steps: Sequence[Step]
    slots: Sequence[int]


class Replay:
    """The forward sweep of a graph, kept, and parts of it run again. `spent` counts the steps that were run.

    `given` are the values of inputs and parameters, as a run of the graph reports them.

    >>> from dataflow.document import loads
    >>> graph = loads("{dataflow: 1, inputs: {a: 5, b: 3, c: 2}, nodes: {u: b * c, J: 3 * (a + u)}, target: J}")
    >>> replay = Replay(graph, graph.operators, {"a": 5.0, "b": 3.0, "c": 2.0}, "J")
    >>> line = replay.line({replay.plan.slots["u"]: 0.5})
    >>> line(0.0), line(1.0), line(-1.0), replay.spent
    (33.0, 34.5, 31.5, 9)
    """

    def __init__(self, graph: Graph, operators: Operators, given: Mapping[str, Any], target: str) -> None:
        self._operators = operators
        plan = make_plan(widen(put_lengths(graph, operators, given)), operators, target=target)
        try:
            self._prepare(plan, given)
        except MissingKernelError:
            self._prepare(plan._replace(scalar=False), given)
        self.target = plan.slots[target]
        self._weights: Any = None

    def _prepare(self, plan: Plan, given: Mapping[str, Any]) -> None:
        run = Run(plan, self._operators, Asked(given))
        run.sweep(Clock(False))
        self.plan = plan
        self.values = run.values
        self.spent = len(plan.steps)

    def weigh(self, weights: Any) -> None:
        """For a target of several elements: what each of them counts."""
        self._weights = weights

    @property
    def scale(self) -> float:
        """The size of what is added up in the target where nothing is moved."""
        value = self.values[self.target]
        return abs(self._read_target()) if self._weights is None else float(abs(value * self._weights).sum())

    def find_section(self, moved: Iterable[int]) -> Section:
        """What has to run again if the values in some slots are moved."""
        touched = bytearray(len(self.values))
        held = set(moved)
        for slot in held:
            touched[slot] = 1
        after = []
        for step in self.plan.steps:
            if any(touched[slot] for slot in step.operands) and not any(slot in held for slot in step.out):
                after.append(step)
                for slot in step.out:
                    touched[slot] = 1
        needed = bytearray(len(self.values))
        needed[self.target] = 1
        steps = []
        for step in reversed(after):
            if any(needed[slot] for slot in step.out):
                steps.append(step)
                for slot in step.operands:
                    needed[slot] = 1
        steps.reverse()
        return Section(steps, [slot for step in steps for slot in step.out])

    def line(self, moves: Mapping[int, Any], section: Section | None = None) -> Any:
        """The target as a function of t, where the value in each slot is moved by t times what stands in `moves`."""
        section = self.find_section(moves) if section is None else section
        plan = self.plan._replace(steps=section.steps)
        sweeps = make_sweeps(plan, self._operators)
        values = self.values
        kept = [(slot, values[slot]) for slot in (*moves, *section.slots)]

        def line(t: float) -> float:
            try:
                for slot, move in moves.items():
                    values[slot] = _freeze(values[slot] + t * move)
                self.spent += len(section.steps)
                sweeps.forward(values)
                return self._read_target()
            except DataflowError:  # a rule refuses what is moved so far
                return float("nan")
            finally:
                for slot, value in kept:
                    values[slot] = value

        return line

    def _read_target(self) -> float:
        value = self.values[self.target]
        if self._weights is None:
            return float(value) if not getattr(value, "shape", ()) else float(value.reshape(-1)[0])
        return float((value * self._weights).sum())


def _freeze(value: Any) -> Any:
    if getattr(value, "shape", ()):
        value.flags.writeable = False
    return value
