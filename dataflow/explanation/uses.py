"""What came back along each use of a value, by the engine's own sweep: each use gets a slot of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.sweeps.traced import make_sweeps

if TYPE_CHECKING:
    from dataflow.sweeps.plan import Backward, Step
    from dataflow.whole_runs import Run


class Returned(NamedTuple):
    """What came back along a use (None: nothing), and how many of its elements were not taken, of how many."""

    value: Any
    missing: tuple[int, int] = (0, 1)


def list_uses(step: Step) -> Iterator[tuple[int, int]]:
    """The uses that a step makes of values whose gradients are wanted: the place of the operand, and its slot.

    They come in the order in which the engine adds up what comes back along them.

    >>> from dataflow.document import loads
    >>> from dataflow.sweeps.plan import make_plan
    >>> graph = loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: 2 * x, z: x * x}, target: z}")
    >>> [list(list_uses(step)) for step in make_plan(graph, graph.operators, target="z").steps]
    [[], [(0, 0), (1, 0)]]
    """
    for backward in step.backward:
        for place, slot in zip(_places_of(step, backward), backward.slots, strict=True):
            if slot is not None:
                yield place, slot


def _places_of(step: Step, backward: Backward) -> range:
    """The places of the operands that a rule gives the cotangents of."""
    if backward.single:
        names = [item.name for item in step.operator.inputs]
        first = names.index(backward.names[0])
    else:
        first = 0 if backward.names else len(step.operator.inputs) - step.operator.variadic
    return range(first, first + len(backward.slots))


def carry_apart(run: Run, steps: Iterable[Step]) -> dict[tuple[str, int], Returned]:
    """What came back along each use that some steps make, by node and place.

    The sweep that made the gradients of `run` is made again, with what it found above each step, and kept apart
    below it.
    """
    slots: dict[tuple[str, int], int] = {}
    values, count = list(run.values[:-1]), len(run.values) - 1
    apart = []
    for step in steps:
        rules = []
        for backward in step.backward:
            own: list[int | None] = []
            for place, slot in zip(_places_of(step, backward), backward.slots, strict=True):
                own.append(None if slot is None else len(values))
                if slot is not None:
                    slots[step.name, place] = len(values)
                    values.append(run.values[slot])
            rules.append(backward._replace(slots=tuple(own)))
        apart.append(step._replace(backward=tuple(rules)))
    more: list[Any] = [None] * (len(values) - count + 1)
    cotangents = [*run.cotangents[:-1], *more]
    masks = None if run.masks is None else [*run.masks[:-1], *more]
    _sweep(run, apart, [*values, None], cotangents, masks)
    return {
        use: Returned(cotangents[slot], _count_missing(None if masks is None else masks[slot]))
        for use, slot in slots.items()
    }


def _sweep(run: Run, steps: list[Step], values: list[Any], cotangents: list[Any], masks: list[Any] | None) -> None:
    sweeps = make_sweeps(run.plan._replace(steps=steps), run.operators)
    if run.plan.scalar:
        sweeps.reverse(values, cotangents)
        return
    from dataflow.sweeps.arrays import ArraySweeps
    from dataflow.sweeps.masks import reverse_with_masks
    from dataflow.sweeps.threads import single_threaded

    assert isinstance(sweeps, ArraySweeps)
    with single_threaded():
        if masks is None:
            sweeps.reverse(values, cotangents)
        else:
            reverse_with_masks(sweeps, values, cotangents, masks)


def _count_missing(mask: Any) -> tuple[int, int]:
    return (0, 1) if mask is None else (int(mask.size - mask.sum()), int(mask.size))
