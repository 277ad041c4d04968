"""Both sweeps of a large graph of numbers, in groups: the nodes of one level and operator as one call on a vector.

A group's rule is the rule of its nodes, called with NumPy. Values stand in one vector, a group's next to each other.
Every use of a value has a place of its own in a second vector, the uses of a group's values next to each other in the
order in which the loop adds them up: adding up at fan-out is then one `numpy.bincount`, in that order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.arrays import numpy_arrays
from dataflow.graph import EMPTY
from dataflow.library import Library
from dataflow.sweeps.arrays import quiet
from dataflow.sweeps.cotangents import GroupError, find_misfit, pair_cotangents
from dataflow.sweeps.grouping import Columns, group_nodes
from dataflow.sweeps.layout import ABSENT
from dataflow.sweeps.plan import Backward, Step, bind_forward, choose_backward

if TYPE_CHECKING:
    from dataflow.operators import Operator
    from dataflow.registry import Operators
    from dataflow.sweeps.plan import Plan

Array = np.ndarray[Any, Any]
LOOP, CALL, VECTOR = 600, 6000, 10  # ns, or as many shares: a node in the loop; a group, and a node in it


class Group(NamedTuple):
    """Nodes that are computed by one call.

    slots:    of their values in the plan.
    out:      their places in the vector of values: from the first to before the second.
    operands: by input the places of the operands, or one number that all of them have.
    truths:   the positions of inputs that are truth values.
    backward: the rules to call, whose slots are positions of inputs.
    uses:     by input the places of the nodes' uses of it, None where no cotangent is wanted.
    received: the uses of the nodes' own values: from the first to before the second.
    owners:   of each of these the node, counted from the group's first; None where each node is used once.
    """

    step: Step
    slots: list[int]
    out: tuple[int, int]
    operands: list[Any]
    truths: tuple[int, ...]
    backward: tuple[Backward, ...]
    uses: list[Array | None]
    received: tuple[int, int]
    owners: Array | None


def plan_groups(plan: Plan, operators: Operators) -> GroupSweeps | None:
    """The sweeps of a plan in groups, if these are so few that they are faster than one node by node."""
    columns = Columns(plan.layout)
    members = group_nodes(plan, columns, len(plan.steps) * (LOOP - VECTOR) / CALL)
    return None if members is None else GroupSweeps(plan, operators, columns, members)


class GroupSweeps:
    """Both sweeps of a plan of numbers, in groups. Raises `GroupError` where that cannot be."""

    def __init__(self, plan: Plan, operators: Operators, columns: Columns, members: Sequence[Array]) -> None:
        self.plan = plan
        self._xp = Library(operators, numpy_arrays)
        self._plan_groups(columns, members)
        self._functions = [bind_forward(group.step, self._xp) for group in self.groups]
        self._checked = False
        self.truths: set[int] = set()  # slots of truth values, known after the first sweep

    def read(self, values: Array, slot: int) -> float | bool:
        """The value of a slot."""
        found = float(values[self.places[slot]])
        return bool(found) if slot in self.truths else found

    # --- planning ---

    def _plan_groups(self, columns: Columns, members: Sequence[Array]) -> None:
        plan = self.plan
        made = columns.out[np.concatenate(members)]
        count = len(plan.names)
        others = np.ones(count, bool)
        others[made] = False
        first = np.flatnonzero(others)
        self.places = np.zeros(count + 1, np.intp)  # by slot, in the vector of values
        self.places[first] = np.arange(len(first))
        self.places[made] = np.arange(len(first), count)
        self.count = count
        self._first, self._before = len(first), first.tolist()
        parts = [_Part(plan, columns, indices) for indices in members]
        self._number_uses(parts)
        start = len(first)
        self.groups: list[Group] = []
        for part in parts:
            stop = start + len(part.indices)
            self.groups.append(part.make(self, start, stop))
            start = stop
        self.given_received, self.given_owners = self._receive(0, len(first))
        del self._sources, self._starts

    def _number_uses(self, parts: Sequence[_Part]) -> None:
        """A place for every use through which a cotangent comes, by the value used and the order of adding up."""
        used, when = [], []
        for part in parts:
            for rank, position in enumerate(part.wanted):
                used.append(part.operand_places(self, position))
                # the loop goes back from the last node, and through the rules of a node in their order
                when.append(-part.indices * 64 + rank)
        places = np.concatenate(used) if used else np.zeros(0, np.intp)
        order = np.lexsort((np.concatenate(when), places)) if used else places
        number = np.empty(len(places), np.intp)
        number[order] = np.arange(len(places))
        self.uses_count = len(places)
        self._sources = places[order]
        self._starts = np.searchsorted(self._sources, np.arange(self.count + 1))
        start = 0
        for part in parts:
            for position in part.wanted:
                part.uses[position] = number[start : start + len(part.indices)]
                start += len(part.indices)

    def _receive(self, start: int, stop: int) -> tuple[tuple[int, int], Array | None]:
        """Which uses belong to some values, and to which of them each."""
        first, last = int(self._starts[start]), int(self._starts[stop])
        owners = self._sources[first:last] - start
        once = last - first == stop - start and bool(np.array_equal(owners, np.arange(stop - start)))
        return (first, last), None if once else owners

    # --- sweeps ---

    def forward(self, given: Sequence[Any]) -> tuple[Array, list[list[Any]]]:
        """The vector of values for given ones and numbers by slot, and the operands of every group."""
        values = np.zeros(self.count)
        values[: self._first] = [0.0 if (value := given[slot]) is None else value for slot in self._before]
        kept = []
        with quiet():
            for group, function in zip(self.groups, self._functions, strict=True):
                operands = [values.take(item) if item.__class__ is np.ndarray else item for item in group.operands]
                if group.truths:
                    for position in group.truths:
                        operands[position] = operands[position] != 0
                found = function(*operands)
                start, stop = group.out
                if not self._checked and _check(found, stop - start) == "b":
                    self.truths.update(group.slots)
                values[start:stop] = found
                kept.append(operands)
        self._checked = True
        return values, kept

    def reverse(self, values: Array, kept: Sequence[Sequence[Any]], target: int, seed: float) -> Array:
        """The cotangents, by place in the vector of values; 0 where none came."""
        uses = np.zeros(self.uses_count)
        cotangents = np.zeros(self.count)
        final = int(self.places[target])
        with quiet():
            for group, operands in zip(reversed(self.groups), reversed(kept), strict=True):
                start, stop = group.out
                g = self._add_up(uses, group.received, group.owners, stop - start)
                if start <= final < stop:
                    g = np.array(g)
                    g[final - start] += seed
                cotangents[start:stop] = g
                if group.backward:
                    self._carry(group, g, values[start:stop], operands, uses)
            g = self._add_up(uses, self.given_received, self.given_owners, self._first)
            cotangents[: self._first] = g
        if final < self._first:
            cotangents[final] += seed
        return cotangents

    def _add_up(self, uses: Array, received: tuple[int, int], owners: Array | None, count: int) -> Array:
        first, last = received
        if owners is None:
            return uses[first:last]
        return np.bincount(owners, uses[first:last], count) if last > first else np.zeros(count)

    def _carry(self, group: Group, g: Array, z: Array, operands: Sequence[Any], uses: Array) -> None:
        """What the rules of a group give, to the places of the uses that it belongs to."""
        attributes = group.step.attributes
        for backward in group.backward:
            rule, positions, _, single = backward
            given = rule(self._xp, g, z, *operands, **attributes) if attributes else rule(self._xp, g, z, *operands)
            if single:
                uses[group.uses[positions[0]]] = given  # type: ignore[index]
                continue
            if find_misfit(backward, given) is not None:
                raise GroupError
            for position, cotangent in pair_cotangents(backward, given):
                if position is not None:
                    uses[group.uses[position]] = cotangent


class _Part:
    """The nodes of one group while it is planned."""

    def __init__(self, plan: Plan, columns: Columns, indices: Array) -> None:
        layout, first = plan.layout, int(indices[0])
        self.indices = indices
        self.made = columns.out[indices]
        self.node = layout.nodes[first]
        self.name = layout.names[first]
        self.operator: Operator = layout.operators[self.node.op]
        self.slots = [column[indices] for column in columns.operands[: len(layout.operands[first])]]
        positions = range(len(self.slots))
        self.backward: tuple[Backward, ...] = ()
        if plan.wanted[self.made[0]]:
            asked = bytearray([plan.wanted[column[0]] for column in self.slots])
            self.backward = choose_backward(self.operator, tuple(positions), asked, {})
        self.wanted = [slot for backward in self.backward for slot in backward.slots if slot is not None]
        self.uses: list[Array | None] = [None for _ in positions]
        self.numbers = [_find_number(column, plan.constants) for column in self.slots]

    def operand_places(self, sweeps: GroupSweeps, position: int) -> Array:
        places: Array = sweeps.places[self.slots[position]]
        return places

    def make(self, sweeps: GroupSweeps, start: int, stop: int) -> Group:
        """The group, whose values stand from `start` to `stop`."""
        operator = self.operator
        attributes = operator.fill_attributes(self.node.attributes) if operator.attributes else EMPTY
        names = [item.name for item in operator.inputs]
        last = len(names) - 1
        truths = tuple([
            index for index, number in enumerate(self.numbers)
            if operator.kinds.get(names[min(index, last)], operator.takes) == "bool" and number is None
        ])  # fmt: skip
        operands = [
            self.operand_places(sweeps, index) if number is None else number[0]
            for index, number in enumerate(self.numbers)
        ]
        received, owners = sweeps._receive(start, stop)
        step = Step(self.name, operator, (), (), attributes, ())
        return Group(
            step, self.made.tolist(), (start, stop), operands, truths, self.backward, self.uses, received, owners
        )


def _find_number(slots: Array, constants: Mapping[int, Any]) -> tuple[Any] | None:
    """The one number that all of some operands are, if they are one; None is the number of an absent one."""
    first = int(slots[0])
    if first == ABSENT:
        return (None,)
    if first in constants and bool((slots == first).all()):
        return (constants[first],)
    return None


def _check(found: Any, count: int) -> str:
    """The kind of what came out. Raises `GroupError` for what is no vector of so many numbers."""
    kind = getattr(getattr(found, "dtype", None), "kind", "f" if isinstance(found, float | bool) else "O")
    if kind not in "fb" or np.shape(found) not in ((), (count,)):
        raise GroupError
    return str(kind) if not isinstance(found, bool) else "b"
