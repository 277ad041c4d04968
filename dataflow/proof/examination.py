"""One gradient after another, compared with differences; and of what is wrong: through which rule it became so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dataflow.errors import Diagnostic
from dataflow.graph import HIDDEN, owner_of
from dataflow.proof.differences import Comparison, compare, descend
from dataflow.proof.findings import Blame, Checked
from dataflow.proof.lines import Digits, Gradient, Line, draw_direction, follow, list_elements, locate, pick_element
from dataflow.proof.replay import NARROW, Replay, Section

if TYPE_CHECKING:
    from dataflow.graph import Graph
    from dataflow.registry import Operators
    from dataflow.result import Result
    from dataflow.sweeps.plan import Step

Looked = tuple[Line, Comparison]

JOINT = "all inputs together"
WIDE_DIGITS, NARROW_DIGITS = Digits(1e-7, 1e-12), Digits(2e-4, 2e-4)
FINE = ("agrees", "kink")


class Examiner:
    """Compares the gradients of a result with differences of a replay, and remembers what it found.

    `limit` is how many steps may be run.
    """

    def __init__(
        self, graph: Graph, operators: Operators, result: Result, replay: Replay, *, seed: int, limit: int
    ) -> None:
        self.replay = replay
        self.seed = seed
        self._graph = graph
        self._operators = operators
        self._result = result
        self._limit = limit
        self._found: dict[str, Checked] = {}
        self._unreached = frozenset(result.unreached)
        self._passing = _find_passing(replay)
        self._varying = _find_varying(graph, replay)
        narrow = any(dtype == NARROW for dtype, _ in result.types.values())
        self._digits = NARROW_DIGITS if narrow else WIDE_DIGITS

    def has_gradient(self, name: str) -> bool:
        """Whether the result has a gradient of that value, or should have one."""
        if self._result.gradients[name] is not None:
            return True
        return bool(self._varying[self.replay.plan.slots[name]]) and self._result.types[name][0].startswith("float")

    def size_of(self, name: str) -> int:
        """How many elements a value has."""
        size = 1
        for length in self._result.types[name][1]:
            size *= length
        return size

    def find(self, name: str) -> Checked | None:
        """What was found about the gradient of a value."""
        return self._found.get(name)

    def examine(self, name: str, directions: int) -> Checked:
        """Compare the gradient of a value: element by element, or along so many random directions."""
        checked = self._found.get(name)
        if checked is None:
            checked = self._found[name] = self._locate(self._examine(name, directions))
        return checked

    def _examine(self, name: str, directions: int) -> Checked:
        size, slot = self.size_of(name), self.replay.plan.slots[name]
        section = self.replay.find_section([slot])
        unreached = name in self._unreached
        if unreached and not section.steps:
            return Checked(name, "unreached", size)
        if not size:
            return Checked(name, "agrees", size)
        if self.replay.spent > self._limit:
            return Checked(name, "skipped", size)
        gradient = self._make_gradient(name)
        looked = self._look_along(gradient, section, directions) if directions else self._look_at(gradient, section)
        checked = _summarise(name, gradient, looked, bool(directions))
        if unreached and checked.status == "wrong" and not self._passing[slot]:
            return Checked(name, "stopped", size)
        return checked._replace(status="unreached") if unreached and checked.status == "agrees" else checked

    def _make_gradient(self, name: str) -> Gradient:
        slot = self.replay.plan.slots[name]
        value, found = self.replay.values[slot], self._result.gradients[name]
        if found is None:
            found = 0.0
        if getattr(value, "shape", ()) and not getattr(found, "shape", ()):  # 0.0, whatever the shape
            found = value * 0.0
        return Gradient(slot, value, found, self.replay.scale)

    def _look_at(self, gradient: Gradient, section: Section) -> list[Looked]:
        """Every element, one after the other."""
        return [self._compare(line, section) for line in list_elements(gradient, self._digits)]

    def _look_along(self, gradient: Gradient, section: Section, directions: int) -> list[Looked]:
        """Random directions; where one of them disagrees, an element that does so is looked for."""
        import numpy as np

        rng = np.random.default_rng([self.seed, gradient.slot])
        looked = []
        for index in range(directions):
            line = draw_direction([gradient], self._digits, rng, even=index % 2 == 1)
            looked.append(self._compare(line, section))
            if looked[-1][1].verdict == "wrong":
                element = self._compare(self._locate_element(gradient, section, line), section)
                return [element] if element[1].verdict == "wrong" else looked
        return looked

    def _locate_element(self, gradient: Gradient, section: Section, line: Line) -> Line:
        import numpy as np

        move = line.moves[gradient.slot]

        def measure(indices: range) -> float:
            part = np.zeros(move.size)
            part[indices.start : indices.stop] = move.reshape(-1)[indices.start : indices.stop]
            half = follow([gradient], self._digits, {gradient.slot: part.reshape(move.shape)})
            told = descend(self.replay.line(half.moves, section), half.claim, 1.0)
            off = abs(told.expected - half.claim.slope)
            return off if off == off else float("inf")

        index = np.unravel_index(locate(move.size, measure), move.shape)
        return pick_element(gradient, self._digits, tuple(int(place) for place in index))

    def _compare(self, line: Line, section: Section) -> Looked:
        return line, compare(self.replay.line(line.moves, section), line.claim, wider=line.wider)

    def examine_together(self) -> Checked | None:
        """Compare the gradients of all inputs and parameters along one random direction."""
        import numpy as np

        names = [name for name in self._graph.given if self.has_gradient(name) and name not in self._unreached]
        gradients = [self._make_gradient(name) for name in names]
        if not gradients:
            return None
        line = draw_direction(gradients, self._digits, np.random.default_rng(self.seed), even=False)
        looked = self._compare(line, self.replay.find_section([item.slot for item in gradients]))
        return _summarise(JOINT, gradients[0], [looked], True)._replace(size=sum(map(self.size_of, names)))

    def _locate(self, checked: Checked) -> Checked:
        text, line, column = self._describe(checked.name)
        return checked._replace(text=text, line=line, column=column)

    def _describe(self, name: str) -> tuple[str | None, int | None, int | None]:
        """The expression of what has no name, and line and column of a value."""
        from dataflow.document.writer import unparse_part

        text = unparse_part(self._graph, name) if HIDDEN in name else None
        if self._graph.source is None:
            return text, None, None
        path = ("nodes", name) if HIDDEN in name else self._graph.path_of(name)
        found = self._graph.source.locate(Diagnostic("DF0000", "", path))
        return text, found.line, found.column

    def settle(self) -> None:
        """Find the rules that are to blame for what is wrong, from the target on back.

        What is carried on from a value at a kink is one of many slopes: what does not agree above it is no mistake.
        """
        plan, consumers = self.replay.plan, self._find_consumers()
        pending = [name for name, item in self._found.items() if item.status == "wrong"]
        for name in pending:  # grows: what is wrong below is looked at as well
            for step in consumers.get(plan.slots[name], ()):
                for out in self._list_outputs(step):
                    if (
                        out not in self._found
                        and self.examine(out, 1 if self.size_of(out) > 1 else 0).status == "wrong"
                    ):
                        pending.append(out)
        order = {slot: position for position, step in enumerate(plan.steps) for slot in step.out}
        for name in sorted(dict.fromkeys(pending), key=lambda name: -order.get(plan.slots[name], -1)):
            self._found[name] = self._settle_one(self._found[name], consumers.get(plan.slots[name], ()))

    def _settle_one(self, checked: Checked, steps: Sequence[Step]) -> Checked:
        blamed = None
        for step in steps:
            states = [self._found[out].status for out in self._list_outputs(step)]
            if "kink" in states:
                return checked._replace(status="kink", note="above a kink: between the slopes of its sides there")
            if blamed is None and states and all(state in FINE for state in states):
                blamed = self._blame(step)
        return checked._replace(blame=blamed)

    def _blame(self, step: Step) -> Blame:
        text, line, column = self._describe(step.name)
        plugin = self._operators.owner(step.operator.name).name
        return Blame(owner_of(step.name), step.operator.name, plugin, text, line, column)

    def _list_outputs(self, step: Step) -> list[str]:
        names = [self.replay.plan.names[slot] for slot in step.out]
        return [name for name in names if self.has_gradient(name) and name not in self._unreached]

    def _find_consumers(self) -> dict[int, list[Step]]:
        found: dict[int, list[Step]] = {}
        for step in self.replay.plan.steps:
            for slot in dict.fromkeys(step.operands):
                found.setdefault(slot, []).append(step)
        return found


def _summarise(name: str, gradient: Gradient, looked: Sequence[Looked], directions: bool) -> Checked:
    """Of several lines the worst; wrong if one of them is."""
    line, told = max(looked, key=_badness)
    states = [item.verdict for _, item in looked]
    finite = all(item.claim.slope - item.claim.slope == 0 for item, _ in looked)
    status: str = next(state for state in ("wrong", "kink", "agrees", "untold") if state in states)
    if status != "wrong" and not finite:
        status = "not finite"
    size = 1
    for length in gradient.shape:
        size *= length
    element = line.element
    return Checked(
        name, status, size, directions and element is None, element,
        line.claim.slope / line.unit, told.expected / line.unit, told.error / line.unit,
        _off(line, told) if told.verdict != "untold" else 0.0, states.count("kink"),
    )  # fmt: skip


def _badness(looked: Looked) -> tuple[bool, bool, float]:
    line, told = looked
    return told.verdict == "wrong", told.verdict in FINE, _off(line, told)


def _off(line: Line, told: Comparison) -> float:
    """The disagreement, relative to the largest element."""
    off = abs(line.claim.slope - told.expected)
    size = max(line.size, abs(told.expected), told.size)
    return (off / size if size else 0.0) if off == off else float("inf")


# What has a gradient is not asked of the plan, which is on trial.


def _find_passing(replay: Replay) -> bytearray:
    """By slot: whether rules carry a derivative from the target back to it."""
    passing = bytearray(len(replay.values))
    passing[replay.target] = 1
    for step in reversed(replay.plan.steps):
        if any(passing[slot] for slot in step.out):
            for slot in _list_differentiable(step):
                passing[slot] = 1
    return passing


def _find_varying(graph: Graph, replay: Replay) -> bytearray:
    """By slot: whether a parameter, or an input that is not data, reaches it through rules that have a derivative."""
    varying = bytearray(len(replay.values))
    for name, entry in graph.given.items():
        said = entry.source is None if entry.differentiable is None else entry.differentiable
        if (name in graph.parameters or said) and (entry.dtype or graph.dtype).startswith("float"):
            varying[replay.plan.slots[name]] = 1
    for step in replay.plan.steps:
        if any(varying[slot] for slot in _list_differentiable(step)):
            for slot in step.out:
                varying[slot] = 1
    return varying


def _list_differentiable(step: Step) -> list[int]:
    """The operands of a step that have a derivative; -1, for one that is not given, is among no slots."""
    names = [item.name for item in step.operator.inputs]
    passing = step.operator.differentiable
    last = len(names) - 1
    return [slot for index, slot in enumerate(step.operands) if slot >= 0 and names[min(index, last)] in passing]
