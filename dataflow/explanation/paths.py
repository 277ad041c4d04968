"""The way back from the target: which gradients are known when, and how many steps and paths there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.explanation.uses import list_uses

if TYPE_CHECKING:
    from decimal import Decimal

    from dataflow.sweeps.plan import Step
    from dataflow.whole_runs import Run

EXACT = 10**15  # up to here numbers of paths are exact; a graph of a hundred nodes may have 2^100


class Way(NamedTuple):
    """The uses between the target and the values whose gradients are asked for.

    order: the slots in the order in which their gradients are known.
    uses:  by slot the uses of its value, each a step and the place of the operand, in the engine's order.
    used:  by slot how many uses begin with its gradient.
    """

    order: Sequence[int]
    uses: Mapping[int, Sequence[tuple[Step, int]]]
    used: Mapping[int, int]


def find_way(run: Run, asked: int | None) -> Way:
    """The way from the target back to one slot, along all paths, or to all that has a gradient."""
    members = _find_members(run, asked)
    pending = dict.fromkeys(members, 0)
    steps = [(step, uses) for step in run.plan.steps if (uses := _list_own(step, members))]
    for _, uses in steps:
        for _, slot in uses:
            pending[slot] += 1
    order = [slot for slot in members if not pending[slot]]
    listed: dict[int, list[tuple[Step, int]]] = {slot: [] for slot in members}
    used = dict.fromkeys(members, 0)
    for step, uses in reversed(steps):
        for place, slot in uses:
            listed[slot].append((step, place))
            pending[slot] -= 1
            if not pending[slot]:
                order.append(slot)
        for out in step.out:
            if out in used:
                used[out] += len(uses)
    return Way(order, listed, used)


def _find_members(run: Run, asked: int | None) -> dict[int, None]:
    """The slots on the way, in their order; none if what is asked for has no gradient, or does not reach the target."""
    plan = run.plan
    able = [bool(wanted) and is_float(value) for wanted, value in zip(plan.wanted, run.values, strict=False)]
    if asked is None:
        return {slot: None for slot, has in enumerate(able) if has}
    members: dict[int, None] = {asked: None} if able[asked] else {}
    for step in plan.steps if members else ():
        if any(slot in members for _, slot in list_uses(step)):
            members |= {out: None for out in step.out if able[out]}
    return members


def _list_own(step: Step, members: Mapping[int, None]) -> list[tuple[int, int]]:
    """The uses of a step that are on the way."""
    if not any(out in members for out in step.out):
        return []
    return [use for use in list_uses(step) if use[1] in members]


def is_float(value: Any) -> bool:
    """Whether a value is of a type that has gradients.

    >>> is_float(1.0), is_float(True), is_float(None)
    (True, False, False)
    """
    kind = getattr(value, "dtype", None)
    return type(value) is float if kind is None else bool(kind.kind == "f")


class Walks(NamedTuple):
    """By slot: the number of paths from the target, and of the steps along all of them. Decimals, rounded if huge."""

    paths: Mapping[int, Decimal]
    steps: Mapping[int, Decimal]


def count_walks(way: Way) -> Walks:
    """The paths from the target to every slot on the way, counted without walking them."""
    from decimal import MAX_EMAX, Context, Decimal

    context = Context(prec=17, Emax=MAX_EMAX)
    add, none, one = context.add, Decimal(0), Decimal(1)
    paths: dict[int, Decimal] = {}
    steps: dict[int, Decimal] = {}
    for slot in way.order:
        found, length = (none, none) if way.uses[slot] else (one, none)
        for step, _ in way.uses[slot]:
            for out in step.out:
                if out in paths:
                    found = add(found, paths[out])
                    length = add(length, add(steps[out], paths[out]))
        paths[slot], steps[slot] = found, length
    return Walks(paths, steps)


def as_count(number: Decimal) -> int | str:
    """A number of steps or paths: as it is, or about, if it is huge.

    >>> from decimal import Decimal
    >>> as_count(Decimal(11)), as_count(Decimal("123456789e300"))
    (11, '1.2e+308')
    """
    return int(number) if number < EXACT else f"{number:.1e}"


def add_up(numbers: Sequence[Decimal]) -> Decimal:
    """The sum of numbers of steps or paths, rounded if it is huge.

    >>> from decimal import Decimal
    >>> add_up([Decimal(1), Decimal(2)])
    Decimal('3')
    """
    from decimal import MAX_EMAX, Context, Decimal

    context = Context(prec=17, Emax=MAX_EMAX)
    total = Decimal(0)
    for number in numbers:
        total = context.add(total, number)
    return total
