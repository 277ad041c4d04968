"""What of a graph is looked at: everything, as long as that is within the budget; else less, and it is said what."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dataflow.proof.examination import Examiner
    from dataflow.proof.replay import Replay

EVALUATIONS = 9  # of the target, for one slope that is right
SMALL = 16  # elements of a value that are looked at one by one
DIRECTIONS = 3  # random ones, for a value of more
UNITS = 6_000_000  # of work in a default budget: one a step on floats, ARRAY_UNITS on arrays and one for 1,000 elements
ARRAY_UNITS = 5
LEAST_SWEEPS = 64


class Task(NamedTuple):
    """A value whose gradient is to be looked at: along so many random directions, or element by element if 0."""

    directions: int
    cost: int  # in steps


class Chosen(NamedTuple):
    """The tasks by name, and what is to be said about how they were chosen."""

    tasks: dict[str, Task]
    notes: list[str]


def default_budget(replay: Replay) -> int:
    """How many forward sweeps a proof may cost: a function of the graph alone."""
    sizes = sum(getattr(value, "size", 1) for value in replay.values)
    cost = len(replay.plan.steps) * (1 if replay.plan.scalar else ARRAY_UNITS) + sizes // 1000 + 1
    return max(LEAST_SWEEPS, UNITS // cost)


def choose_tasks(examiner: Examiner, names: Sequence[str], limit: int) -> Chosen:
    """Of the values that have a gradient all, if they can be looked at within so many steps."""
    plan = examiner.replay.plan
    positions = {slot: position for position, step in enumerate(plan.steps) for slot in step.out}
    count = len(plan.steps)
    sizes = {name: examiner.size_of(name) for name in names if examiner.has_gradient(name)}
    after = {name: count - positions.get(plan.slots[name], -1) - 1 for name in sizes}

    def choose(directions: int) -> dict[str, Task]:
        tasks = {}
        for name, size in sizes.items():
            single = size <= (SMALL if directions == DIRECTIONS else 1)
            lines = size if single else directions
            tasks[name] = Task(0 if single else directions, EVALUATIONS * lines * after[name])
        return tasks

    for directions in (DIRECTIONS, 1):
        tasks = choose(directions)
        if sum(task.cost for task in tasks.values()) <= limit:
            return Chosen(tasks, _describe_directions(tasks, sizes))
    return _sample(tasks, limit, examiner.seed, sizes)


def _describe_directions(tasks: dict[str, Task], sizes: dict[str, int]) -> list[str]:
    along = [name for name, task in tasks.items() if task.directions]
    if not along:
        return []
    count = tasks[along[0]].directions
    most = max(sizes[name] for name in along)
    what = f"{len(along)} array{'' if len(along) == 1 else 's'} of up to {most} elements"
    return [f"{what}: along {count} random direction{'' if count == 1 else 's'} each, not element by element"]


def _sample(tasks: dict[str, Task], limit: int, seed: int, sizes: dict[str, int]) -> Chosen:
    names = list(tasks)
    Random(seed).shuffle(names)
    kept: set[str] = set()
    spent = 0
    for name in names:
        spent += tasks[name].cost
        if spent > limit and kept:
            break
        kept.add(name)
    chosen = {name: task for name, task in tasks.items() if name in kept}
    note = (
        f"sampled: {len(chosen)} of {len(tasks)} gradients, drawn with seed {seed}, and all inputs along one direction"
    )
    return Chosen(chosen, [note, *_describe_directions(chosen, sizes), "a larger --budget looks at more"])
