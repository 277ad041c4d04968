"""The cotangents of one case against differences of the forward rule.

Elementwise operators are looked at in all elements at once; small inputs element by element, which is their whole
Jacobian under a random cotangent; large ones along random directions, and element by element where those disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dataflow.proof.cases import Array, Case
from dataflow.proof.causes import Evidence, suggest_cause
from dataflow.proof.results import Failure
from dataflow.proof.slopes import Verdict, fall_of, judge
from dataflow.proof.subjects import Parts, Subject
from dataflow.sweeps.arrays import unbroadcast

SMALL = 12  # elements of an input that are looked at one by one
LOCATED = 64  # elements that are looked at one by one where something is wrong
DIRECTIONS = 2


class Sight(NamedTuple):
    """A case with what the engine computed there: outputs, their cotangents, the cotangents of the inputs."""

    subject: Subject
    case: Case
    parts: Parts
    g: Parts
    cotangents: Parts


def check_gradients(sight: Sight) -> tuple[list[Failure], set[str]]:
    """What is wrong with the cotangents at a case, and the names of the inputs about which the case tells."""
    failures: list[Failure] = []
    told: set[str] = set()
    if all(part.dtype.kind != "f" for part in sight.parts):
        return failures, told
    for place in sight.subject.differentiable(sight.case):
        if not sight.case.inputs[place].size:
            continue
        verdict, given, elements = _judge_input(sight, place)
        if np.any(verdict.wrong):
            failures.append(_describe(sight, place, verdict, given, elements))
        elif np.any(verdict.resolved):
            told.add(sight.subject.operator.inputs[min(place, len(sight.subject.operator.inputs) - 1)].name)
    return failures, told


def found_at(sight: Sight, place: int) -> Array:
    """The cotangent of an input; where nothing was taken it is zero."""
    found = sight.cotangents[place]
    x = sight.case.inputs[place]
    return np.zeros(x.shape) if found is None else np.asarray(found, float)


def _judge_input(sight: Sight, place: int) -> tuple[Verdict, Array, bool]:
    """The verdict on one input, the slopes that its rule gives, and whether they are by element."""
    found, reach = found_at(sight, place), sight.case.reach[place]
    if sight.subject.operator.broadcasts:
        return _judge(sight, place, found, elementwise_line(sight, place))
    if found.size <= SMALL:
        return _judge(sight, place, found, element_line(sight, place, list(np.ndindex(found.shape))))
    rng = np.random.default_rng([sight.subject.seed, sight.case.number, place])
    for _ in range(DIRECTIONS):
        v = reach * rng.choice([-1.0, -0.75, -0.5, 0.5, 0.75, 1.0], found.shape)
        given = np.sum(found * v)
        verdict = judge(
            direction_line(sight, place, v), given, magnitude=np.sum(np.abs(found * v)), scale=_scale(sight)
        )
        if verdict.wrong:
            break
    else:
        return verdict, given, False
    places = list(np.ndindex(found.shape))[:: -(-found.size // LOCATED)]
    located, slopes, _ = _judge(sight, place, found, element_line(sight, place, places), places)
    return (located, slopes, True) if np.any(located.wrong) else (verdict, given, False)


def _judge(
    sight: Sight, place: int, found: Array, line: Callable[[float], Array], places: list[Any] | None = None
) -> tuple[Verdict, Array, bool]:
    """The verdict on elements: all of them, or those at some places, the others being left alone."""
    reach = sight.case.reach[place]
    given = found * reach
    if places is not None:
        seen = np.zeros(found.shape, bool)
        seen[tuple(np.array(places).T)] = True
        given = np.where(seen, given, 0.0)
    scale = None if sight.subject.operator.broadcasts else _scale(sight)
    verdict = judge(line, given, scale=scale)
    return verdict, given, True


def _scale(sight: Sight) -> Any:
    """The size of what is added up in the pairing of outputs with their cotangents."""
    return sum(np.sum(np.abs(g * part)) for g, part in _pairs(sight, sight.parts))


def _pairs(sight: Sight, parts: Parts) -> list[tuple[Any, Any]]:
    return [(g, part) for g, part in zip(sight.g, parts, strict=True) if part.dtype.kind == "f"]


def _forward(sight: Sight, place: int, x: Any) -> Parts:
    inputs = sight.case.inputs
    return sight.subject.forward((*inputs[:place], x, *inputs[place + 1 :]), sight.case.attributes)


def _pair(sight: Sight, parts: Parts) -> Any:
    return sum(np.sum(g * part) for g, part in _pairs(sight, parts))


def elementwise_line(sight: Sight, place: int) -> Callable[[float], Array]:
    """All elements moved at once: an element of the output hangs on one element of the input alone."""
    x, reach = sight.case.inputs[place], sight.case.reach[place]

    def line(t: float) -> Array:
        parts = _forward(sight, place, x + t * reach)
        return np.asarray(sum(unbroadcast(g * part, x.shape) for g, part in _pairs(sight, parts)))

    return line


def element_line(sight: Sight, place: int, places: list[tuple[int, ...]]) -> Callable[[float], Array]:
    """One element moved after the other."""
    x, reach = sight.case.inputs[place], sight.case.reach[place]
    start = _pair(sight, sight.parts)

    def line(t: float) -> Array:
        found = np.full(x.shape, start)
        for element in places if t else ():
            moved = x.copy()
            moved[element] += t * reach[element]
            found[element] = _pair(sight, _forward(sight, place, moved))
        return found

    return line


def direction_line(sight: Sight, place: int, v: Array) -> Callable[[float], Any]:
    """All elements moved along a direction."""
    x = sight.case.inputs[place]
    return lambda t: _pair(sight, _forward(sight, place, x + t * v))


def _describe(sight: Sight, place: int, verdict: Verdict, given: Array, elements: bool) -> Failure:
    """The worst element, and what the whole suggests."""
    subject, reach = sight.subject, sight.case.reach[place]
    off = np.where(verdict.wrong, np.abs(given - verdict.expected), -1.0)
    off = np.where(np.isnan(off), np.inf, off)
    worst = tuple(int(index) for index in np.unravel_index(int(np.argmax(off)), off.shape))
    unit = float(reach[worst]) if elements else 1.0
    suggests: tuple[str, ...] = ()
    if elements:
        shares = Evidence(sight.case.inputs, place, sight.parts, sight.g, given / reach, verdict.expected / reach)
        suggests = suggest_cause(subject, sight.case, shares, verdict.resolved, sight.cotangents)
    name = subject.operator.inputs[min(place, len(subject.operator.inputs) - 1)].name
    written = "traced back through its forward rule" if subject.operator.backward is None else "of its rule"
    message = f"`{subject.operator.name}`: the cotangent of `{name}` {written} is not that of the derivative"
    digits = 100 * 2.0**-52 * float(np.max(np.abs(given), initial=0.0))
    return subject.fail(
        sight.case, "gradient", message, place=place, element=worst,
        found=float(given[worst]) / unit, expected=float(verdict.expected[worst]) / unit,
        error=float(verdict.error[worst]) / unit, slope=fall_of(verdict.remainders, worst, digits), suggests=suggests,
        advice=None if elements else "the numbers are slopes along a random direction, not those of one element",
    )  # fmt: skip
