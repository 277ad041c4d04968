"""From a run of a graph to the derivation behind its gradients."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.execution import sweep
from dataflow.explanation.expressions import Expression, read_node, read_whole
from dataflow.explanation.naming import Names, name_values
from dataflow.explanation.paths import add_up, as_count, count_walks, find_way, is_float
from dataflow.explanation.rules import Shown, follow_rules, type_of
from dataflow.explanation.steps import Absent, Counts, Explanation, Gradient, Use, Value
from dataflow.explanation.uses import Returned, carry_apart
from dataflow.graph import EMPTY, HIDDEN, owner_of
from dataflow.provenance import list_unproved
from dataflow.sweeps.finite import find_nonfinite

if TYPE_CHECKING:
    from dataflow.explanation.rules import Followed
    from dataflow.graph import Graph
    from dataflow.registry import Operators
    from dataflow.sweeps.plan import Step
    from dataflow.whole_runs import Run

MAX_STEPS = 40  # of the forward sweep, and gradients
MAX_USES = 8  # of one value
MAX_WHOLE = 24  # operations of an expression that is shown whole beside its parts
MAX_EACH = 6  # gradients of which each is counted by itself
MAX_REUSED = 6


def explain(
    graph: Graph,
    inputs: Mapping[str, Any] = EMPTY,
    *,
    node: str | None = None,
    target: str | None = None,
    cotangent: Any = None,
    operators: Operators | None = None,
    data_root: str | None = None,
    everything: bool = False,
) -> Explanation:
    """The derivation behind every gradient of a graph, or behind that of one `node` along all its paths.

    `everything` leaves nothing out of a long one. The other arguments, and what is raised, are those of `execute`.

    >>> from dataflow.document import loads
    >>> graph = loads("{dataflow: 1, inputs: {a: 5, b: 3, c: 2}, nodes: {u: b * c, J: 3 * (a + u)}, target: J}")
    >>> found = explain(graph, node="b")
    >>> [(item.label, item.value) for item in found.reverse], found.reverse[-1].uses[0].expression.op
    ([('dJ', 1.0), ('ds1', 3.0), ('du', 3.0), ('db', 6.0)], 'multiply')
    """
    target = graph.target if target is None else target
    names = name_values(graph, target)
    asked = None if node is None else names.find(graph, node)
    run = sweep(graph, inputs, target=target, cotangent=cotangent, operators=operators, data_root=data_root)
    return _Derivation(run, names, asked, everything).write()


class _Derivation:
    def __init__(self, run: Run, names: Names, asked: str | None, everything: bool) -> None:
        self.run = run
        self.plan = run.plan
        self.graph = run.plan.graph
        self.producers = self.graph.producers()
        self.names = names
        self.asked = asked
        self.everything = everything
        self.way = find_way(run, None if asked is None else self.plan.slots[asked])
        slots = {slot: name for slot, name in enumerate(self.plan.names) if name}
        self.shown = {slot: names.shown[name] for slot, name in slots.items()}
        self.labels = {slot: names.gradients[name] for slot, name in slots.items()}

    def write(self) -> Explanation:
        forward, forward_left_out = self._cut(self._list_forward(), MAX_STEPS)
        order, reverse_left_out = self._cut(self.way.order, MAX_STEPS)
        head = forward[len(forward) // 2 - 1] if forward_left_out else -1
        slots = sorted({*forward, *self._list_beside(forward)})
        values = list(map(self._describe_value, slots))
        run, target, asked = self.run, self.run.target, self.asked
        return Explanation(
            name=self.graph.name, description=self.graph.description, digest=self.graph.digest, target=target,
            asked=None if asked is None else self.names.shown[asked],
            forward=tuple(values), forward_head=sum(slot <= head for slot in slots), forward_left_out=forward_left_out,
            wholes=self._list_wholes(values),
            reverse=tuple(self._describe_gradients(order)), reverse_left_out=reverse_left_out,
            counts=self._count() if self.way.order else None,
            absent=() if target is None else tuple(self._list_absent(target)),
            findings=find_nonfinite(self.plan, run.values, run.cotangents, target),
            numbers={name: run.values[slot] for slot, name in self.shown.items()}
            | {label: run.cotangents[slot] for slot, label in self.labels.items()} | run.bound.sizes,
            given=run.asked.cotangent is not None,
            unproved=list_unproved(self.plan, run.operators),
        )  # fmt: skip

    def _cut(self, items: Sequence[Any], limit: int) -> tuple[Sequence[Any], int]:
        """The first and the last of too many, and how many are left out between them."""
        if self.everything or len(items) <= limit:
            return items, 0
        half = limit // 2
        return [*items[:half], *items[-half:]], len(items) - 2 * half

    # --- the forward sweep ---

    def _list_forward(self) -> list[int]:
        """The slots whose values are told: all, or those between what is asked for and the target."""
        if self._is_whole():
            return [slot for slot in self.shown if self.run.values[slot] is not None]
        return sorted(self.way.uses)

    def _is_whole(self) -> bool:
        """Whether the whole graph is told."""
        return self.asked is None or self.run.target is None

    def _list_beside(self, forward: Sequence[int]) -> set[int]:
        """What the nodes in the forward steps use besides, if the whole graph is not told."""
        slots = self.plan.slots
        used: set[int] = set()
        for slot in () if self._is_whole() else forward:
            maker = self._find_maker(slot) if self.plan.names[slot] != self.asked else None
            inputs = self.graph.nodes[maker].inputs if maker is not None else ()
            used.update(slots[item] for item in inputs if isinstance(item, str) and item in slots)
        return used

    def _find_maker(self, slot: int) -> str | None:
        """The node that makes a value; None for one that is given."""
        name = self.plan.names[slot]
        return name if name in self.graph.nodes else self.producers.get(name)

    def _describe_value(self, slot: int) -> Value:
        """A step of the forward sweep. How a named value off the way is made is not told."""
        name, value = self.plan.names[slot], self.run.values[slot]
        told = self._is_whole() or slot in self.way.uses or HIDDEN in name
        maker = self._find_maker(slot) if told else None
        formula = None if maker is None else read_node(self.graph, maker, self.names.shown, name)
        return Value(self.shown[slot], name, owner_of(name), formula, value, type_of(value))

    def _list_wholes(self, values: Sequence[Value]) -> dict[str, Expression]:
        owners = dict.fromkeys(value.owner for value in values if HIDDEN in value.node)
        return {owner: read_whole(self.graph, owner, MAX_WHOLE) for owner in owners}

    # --- the reverse sweep ---

    def _describe_gradients(self, order: Sequence[int]) -> Iterator[Gradient]:
        """The gradients of some slots, each with its uses."""
        chosen = {slot: self._cut(self.way.uses[slot], MAX_USES) for slot in order}
        steps: dict[str, Step] = {}
        places: dict[str, list[int]] = {}
        for uses, _ in chosen.values():
            for step, place in uses:
                steps[step.name] = step
                places.setdefault(step.name, []).append(place)
        shown = Shown(self.shown, self.labels, {*self.names.shown.values(), *self.labels.values()})
        followed = {name: follow_rules(self.run, step, places[name], shown) for name, step in steps.items()}
        returned = carry_apart(self.run, steps.values())
        for slot, (uses, left_out) in chosen.items():
            described = [
                self._describe_use(step, place, followed[step.name][place], returned[step.name, place])
                for step, place in uses
            ]
            value = self.run.cotangents[slot]
            yield Gradient(
                self.shown[slot], self.plan.names[slot], self.labels[slot], tuple(described), left_out,
                self.way.used[slot], 0.0 if value is None else value, type_of(self.run.values[slot]),
            )  # fmt: skip

    def _describe_use(self, step: Step, place: int, followed: Followed, returned: Returned) -> Use:
        several = step.operands.count(step.operands[place]) > 1
        upstream = tuple([self.shown[out] for out in step.out if out in self.way.uses])
        return Use(
            through=tuple([self.shown[out] for out in step.out]),
            formula=read_node(self.graph, step.name, self.names.shown),
            operand=place + 1 if several else 0,
            upstream=upstream,
            expression=followed.expression,
            parts=followed.parts,
            cases=followed.cases,
            value=returned.value,
            missing=returned.missing if returned.missing[0] else followed.missing,
            opaque=followed.opaque,
            copies=self._count_copies(step, place),
        )

    def _count_copies(self, step: Step, place: int) -> int:
        """How often each element of an operand is used by an elementwise operator."""
        if not step.operator.broadcasts or self.plan.scalar:
            return 1
        whole, part = (self.run.values[slot].size for slot in (step.out[0], step.operands[place]))
        return int(whole // part) if part else 1

    def _count(self) -> Counts:
        way = self.way
        walks = count_walks(way)
        wanted = way.order[-1:] if self.asked is not None else way.order[1:]
        reused = {self.labels[slot]: way.used[slot] for slot in way.order if way.used[slot] > 1}
        few = len(wanted) <= MAX_EACH
        return Counts(
            gradients=len(way.order) - 1,
            steps=sum(map(len, way.uses.values())),
            paths=as_count(add_up([walks.paths[slot] for slot in wanted])),
            alone=as_count(add_up([walks.steps[slot] for slot in wanted])),
            each={self.labels[slot]: as_count(walks.steps[slot]) for slot in wanted} if few else {},
            reused=dict(list(reused.items())[:MAX_REUSED]),
            reusing=len(reused),
        )

    def _list_absent(self, target: str) -> Iterator[Absent]:
        """What is named, or asked for, and does not stand among the gradients, with the reason."""
        reaching = self._find_reaching(self.plan.slots[target])
        for name in self.graph.names() if self.asked is None else (self.asked,):
            slot = self.plan.slots[name]
            if slot not in self.way.uses:
                yield Absent(self.shown[slot], self._reason(name, slot, reaching), type_of(self.run.values[slot]).dtype)

    def _find_reaching(self, target: int) -> Collection[int]:
        """The slots that the target is computed from, in whatever way."""
        found = {target}
        for step in reversed(self.plan.steps):
            if any(out in found for out in step.out):
                found.update(step.operands)
        return found

    def _reason(self, name: str, slot: int, reaching: Collection[int]) -> str:
        if not is_float(self.run.values[slot]):
            return "dtype"
        if self.plan.varied[slot]:
            return "blocked" if slot in reaching else "unreached"
        entry = self.graph.inputs.get(name)
        if entry is None:
            return "constant"
        return "data" if entry.differentiable is None else "fixed"
