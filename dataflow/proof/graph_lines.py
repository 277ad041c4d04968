"""Slopes of a target along lines through the point of a graph, and what they say of the gradients that were found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from dataflow.proof.graph_runs import Reruns
from dataflow.proof.slopes import ALL, MARGIN, RELATIVE, SHRINK, Verdict, judge

Array = np.ndarray[Any, Any]
Kind = Literal["proved", "wrong", "kink", "not finite", "untold"]

NEARER = SHRINK**-5  # where differences cannot tell, or disagree, they are taken again this much nearer
TINY = 1e-3  # values below it are moved by more than their own size, if that alone changes nothing
ROUNDING = 8 * 2.0**-52


class Lines(NamedTuple):
    """Lines through the point: `move` says for the number of one, and a place on it, which values are there instead.

    `given` are the slopes along them by the gradients that were found, `magnitude` the size of their terms, `reach`
    the length of a line by which its slope is one of the gradient, `labels` the element that each moves (None: many).
    """

    slots: tuple[int, ...]
    move: Callable[[int, float], Mapping[int, Any]]
    given: Array
    magnitude: Array
    reach: Array
    labels: Sequence[tuple[int, ...] | None]


class Told(NamedTuple):
    """What is told of one line: gradients, or slopes along a direction of which many elements are moved."""

    kind: Kind
    element: tuple[int, ...] | None
    found: float
    expected: float
    error: float


def lines_by_element(slot: int, value: Any, found: Any, places: Sequence[int] | None = None) -> Lines:
    """A line for every element of a value, or for those at some flat places."""
    value, found = np.asarray(value, float), np.asarray(found, float)
    flat = value.reshape(-1)
    places = range(flat.size) if places is None else places
    reach = _reach(flat)[list(places)]
    given = found.reshape(-1)[list(places)] * reach

    def move(line: int, t: float) -> Mapping[int, Any]:
        moved = flat.copy()
        moved[places[line]] += t * reach[line]
        return {slot: moved.reshape(value.shape)[()]}

    labels = [tuple(int(i) for i in np.unravel_index(place, value.shape)) for place in places]
    return Lines((slot,), move, given, np.abs(given), reach, labels)


def lines_along(values: Mapping[int, Any], found: Mapping[int, Any], rng: np.random.Generator, count: int) -> Lines:
    """Lines along which all elements of some values are moved at once, by random parts of their size."""
    values = {slot: np.asarray(value, float) for slot, value in values.items()}
    directions = []
    for line in range(count):
        direction = {}
        for slot, value in values.items():
            reach = _reach(value)
            if line % 2:  # small elements by as much as the others
                reach = np.full(value.shape, np.sqrt(np.mean(reach**2)) if reach.size else 1.0)
            signs = rng.choice([-1.0, 1.0], value.shape)
            direction[slot] = reach * signs * rng.uniform(0.5, 1.0, value.shape)
        directions.append(direction)

    def move(line: int, t: float) -> Mapping[int, Any]:
        return {slot: (value + t * directions[line][slot])[()] for slot, value in values.items()}

    terms = [{slot: np.asarray(found[slot], float) * part for slot, part in line.items()} for line in directions]
    given = np.array([sum(float(np.sum(part)) for part in line.values()) for line in terms])
    magnitude = np.array([sum(float(np.sum(np.abs(part))) for part in line.values()) for line in terms])
    return Lines(tuple(values), move, given, magnitude, np.ones(count), [None] * count)


def _reach(value: Array) -> Array:
    """How far each element is moved: by its own size; where it is zero by that of the largest, or by 1."""
    size = np.where(np.isfinite(value), np.abs(value), 0.0)
    largest = float(np.max(size, initial=0.0))
    return np.where(size > 0, size, largest or 1.0)


class Judge:
    """Tells of lines whether the slopes that were found along them are those of the target.

    `scale` is the size of what rounding in the forward sweep is relative to, `found` the gradients by slot.
    """

    def __init__(self, runs: Reruns, found: Mapping[int, Any], scale: float) -> None:
        self._runs = runs
        self._found = found
        self._scale = scale

    def tell(self, lines: Lines) -> list[Told]:
        """What is told of each line."""
        after = self._runs.list_after(lines.slots)
        told = self._attempt(lines, after, range(len(lines.given)), np.ones(len(lines.given)))
        self._again(told, lines, after, lambda reach: np.full(reach.shape, NEARER))
        if not all(item.kind in ("proved", "wrong") for item in told):
            self._again(told, lines, after, lambda reach: np.where(reach < TINY, 1 / reach, np.nan))
        return told

    def _again(self, told: list[Told], lines: Lines, after: Sequence[int], factor: Callable[[Array], Array]) -> None:
        """Try the lines that are not proved at other steps; a line that is proved at any is proved."""
        factors = factor(lines.reach)
        open_lines = [
            line for line, item in enumerate(told) if item.kind != "proved" and np.isfinite(factors[line])
        ]  # fmt: skip
        if not open_lines:
            return
        for line, item in zip(open_lines, self._attempt(lines, after, open_lines, factors), strict=True):
            before = told[line]
            if before.kind == "untold" or item.kind in ("proved", "kink"):
                told[line] = item
            elif before.kind == "wrong" and item.kind == "not finite":
                told[line] = before

    def _attempt(self, lines: Lines, after: Sequence[int], which: Sequence[int], factors: Array) -> list[Told]:
        """What is told of some lines when each is looked at in steps that its factor makes longer or shorter."""
        chosen = list(which)
        factor = factors[chosen]
        seen: dict[float, Array] = {}

        def function(t: float) -> Array:
            if t == 0.0:
                return np.full(len(chosen), self._runs.start)
            moved = [self._runs.run(lines.move(line, t * by), after) for line, by in zip(chosen, factor, strict=True)]
            seen[t] = np.array(moved)
            return seen[t]

        given, magnitude = lines.given[chosen] * factor, lines.magnitude[chosen] * factor
        verdict = judge(function, given, magnitude=np.where(np.isfinite(magnitude), magnitude, 0.0), scale=self._scale)
        unit = lines.reach[chosen] * factor
        return [
            Told(
                self._settle(lines, after, place, float(factor[place]), line, given, magnitude, verdict, seen),
                lines.labels[line], float(given[place] / unit[place]),
                float(verdict.expected[place] / unit[place]), float(verdict.error[place] / unit[place]),
            )
            for place, line in enumerate(chosen)
        ]  # fmt: skip

    def _settle(
        self, lines: Lines, after: Sequence[int], place: int, factor: float, line: int, given: Array, magnitude: Array,
        verdict: Verdict, seen: Mapping[float, Array],
    ) -> Kind:  # fmt: skip
        slope, expected, error = float(given[place]), float(verdict.expected[place]), float(verdict.error[place])
        finite = np.isfinite(slope)
        size = max(abs(expected), float(magnitude[place])) if finite else abs(expected)
        sharp = bool(verdict.resolved[place]) or error <= 1e3 * ROUNDING * self._scale
        if finite and sharp and abs(slope - expected) <= MARGIN * error + RELATIVE * size:
            return "proved"
        sides = self._slopes_beside(place, seen)
        tolerance = 1e-4 * size + ROUNDING * self._scale / min(seen)
        differ = finite and abs(slope - expected) > MARGIN * error + tolerance
        if not (verdict.wrong[place] or (sides is not None and differ)):
            return "untold" if finite else "not finite"
        if sides is not None and not finite:
            return "not finite"
        if sides is not None and min(sides) - tolerance <= slope <= max(sides) + tolerance:
            return "kink"
        smallest = SHRINK**-ALL * factor
        bound = self._bound_of_kinks(lines, after, line, smallest) * factor
        return "kink" if finite and abs(slope - expected) <= bound + tolerance and bound > tolerance else "wrong"

    def _slopes_beside(self, place: int, seen: Mapping[float, Array]) -> tuple[float, float] | None:
        """The slopes behind and ahead of the point, if they differ and go on to differ: then it is at a kink."""
        start = self._runs.start
        found = []
        for t in sorted(t for t in seen if t > 0)[:2]:
            ahead, behind = (seen[t][place] - start) / t, (start - seen[-t][place]) / t
            if not np.isfinite(ahead) or not np.isfinite(behind):
                return None
            found.append((float(behind), float(ahead), ROUNDING * self._scale / t))
        (behind, ahead, noise), (coarse_behind, coarse_ahead, _) = found
        jump = abs(ahead - behind)
        clear = jump > 1e-3 * max(abs(ahead), abs(behind)) + 4 * noise
        return (behind, ahead) if clear and jump > 0.5 * abs(coarse_ahead - coarse_behind) else None

    def _bound_of_kinks(self, lines: Lines, after: Sequence[int], line: int, smallest: float) -> float:
        """How far a slope may be off because values on the way stand at kinks of their own: ``relu(x) - relu(-x)``."""
        jumps = []
        for t in (4 * smallest, smallest):
            ahead: dict[int, Any] = {}
            behind: dict[int, Any] = {}
            self._runs.run(lines.move(line, t), after, ahead)
            self._runs.run(lines.move(line, -t), after, behind)
            if not ahead or not behind:
                return 0.0
            jumps.append({slot: self._bend(slot, ahead[slot], behind[slot], t) for slot in ahead})
        bent: set[int] = set()
        bound = 0.0
        for index in after:
            step = self._runs.plan.steps[index]
            below = not bent.isdisjoint(self._runs.passing[index])
            for slot in step.out:
                (coarse, _), (fine, least) = jumps[0][slot], jumps[1][slot]
                kinks = (fine > 0.5 * coarse) & (fine > least)
                if np.any(kinks):
                    bent.add(slot)
                    found = self._found.get(slot)
                    if not below and found is not None:
                        bound += float(np.sum(np.abs(np.where(kinks, found, 0.0)) * np.where(kinks, fine, 0.0)))
        return bound

    def _bend(self, slot: int, ahead: Any, behind: Any, t: float) -> tuple[Array, Array]:
        """By how much the slopes of a value differ on both sides, and what of that is rounding."""
        start = np.asarray(self._runs.values[slot], float)
        jump = np.abs(np.asarray(ahead, float) - 2 * start + behind) / t
        return jump, 1e-3 * np.abs(np.asarray(ahead, float) - behind) / t + 4 * ROUNDING * np.abs(start) / t
