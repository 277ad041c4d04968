"""What is asked of an operator at one case. Each check gives the failures that it finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dataflow.errors import DataflowError
from dataflow.proof.diagnosis import suggest_mistake
from dataflow.proof.slopes import Verdict, fall_of, judge
from dataflow.proof.trial import Failure, Trial
from dataflow.sweeps.pullback import Pullback

Array = np.ndarray[Any, Any]

ELEMENTS = 40  # of an input are looked at one by one, more at random
TRACED_ROUNDING = 1e-9  # a written rule may be the more exact one where terms cancel
SMALL = 6  # outputs and elements of an input up to which the whole Jacobian is compared


def check_slopes(trial: Trial, g: Sequence[Any], given: Pullback, told: dict[str, int]) -> Iterator[Failure]:
    """Every cotangent against the slopes of the forward rule, element by element and along a random direction.

    `told` counts by input the comparisons that could tell right from wrong.
    """
    for place in trial.slots():
        cotangent = given.cotangents[place]
        x, name = trial.case.inputs[place], trial.names[place]
        if cotangent is None or x.size == 0:
            continue
        cotangent = np.asarray(cotangent, float)
        found = _check_elements(trial, g, place, cotangent, given, told) or _check_direction(trial, g, place, cotangent)
        told.setdefault(name.partition("[")[0], 0)
        if found is not None:
            yield found


def _check_elements(
    trial: Trial, g: Sequence[Any], place: int, cotangent: Array, given: Pullback, told: dict[str, int]
) -> Failure | None:
    x, reach = trial.case.inputs[place], trial.case.reach[place]
    name = trial.names[place]
    if trial.operator.broadcasts and all(item is None or item.shape == x.shape for item in trial.case.inputs):
        lines = np.ones(x.shape, bool)
        function = _move_together(trial, g, place)
        slopes = cotangent * reach
    else:
        chosen = _choose_elements(trial, x)
        lines = np.zeros(x.shape, bool)
        lines[tuple(np.transpose(chosen))] = True
        chosen = np.argwhere(lines)
        function = _move_each(trial, g, place, chosen)
        slopes = (cotangent * reach)[lines]
    scale = _size_of(trial, g, given) if slopes.shape != x.shape or not trial.operator.broadcasts else None
    verdict = judge(function, slopes, scale=scale)
    told[name.partition("[")[0]] = told.get(name.partition("[")[0], 0) + int(np.count_nonzero(verdict.resolved))
    if not np.any(verdict.wrong):
        return None
    expected = np.where(lines, 0.0, cotangent)
    expected[lines] = np.ravel(verdict.expected) / np.asarray(reach)[lines]
    worst = _find_worst(verdict, slopes)
    element = tuple(int(i) for i in np.argwhere(lines)[np.ravel_multi_index(worst, slopes.shape) if worst else 0])
    return _describe_slope(trial, g, place, element, cotangent, expected, given, verdict, worst)


def _choose_elements(trial: Trial, x: Array) -> Array:
    places = np.argwhere(np.ones(x.shape, bool))
    if len(places) <= ELEMENTS:
        return places
    rng = np.random.default_rng((trial.seed, trial.case.number, 2))
    return places[np.sort(rng.choice(len(places), ELEMENTS, replace=False))]


def _move_together(trial: Trial, g: Sequence[Any], place: int) -> Any:
    """Of an elementwise operator: all elements at once, each a line of its own."""
    inputs, reach = list(trial.case.inputs), trial.case.reach[place]

    def function(t: float) -> Any:
        inputs[place] = trial.case.inputs[place] + t * reach
        parts = trial.compute(inputs)
        return sum((a * b for a, b in zip(g, parts, strict=True)), start=np.zeros(np.shape(reach)))

    return function


def _move_each(trial: Trial, g: Sequence[Any], place: int, chosen: Array) -> Any:
    """One element at a time: as many lines as there are elements."""
    inputs, reach = list(trial.case.inputs), np.asarray(trial.case.reach[place])

    def function(t: float) -> Any:
        lines = []
        for element in map(tuple, chosen):
            moved = np.array(trial.case.inputs[place])
            moved[element] += t * reach[element]
            inputs[place] = moved
            lines.append(_pair(g, trial.compute(inputs)))
        return np.array(lines)

    return function


def _pair(g: Sequence[Any], parts: Sequence[Any]) -> float:
    return float(sum(np.sum(a * b) for a, b in zip(g, parts, strict=True) if b.dtype.kind == "f"))


def _size_of(trial: Trial, g: Sequence[Any], given: Pullback) -> float:
    """The sum of the sizes of what the weighed outputs are added up of: rounding is relative to it."""
    parts = given.value if isinstance(given.value, tuple) else (given.value,)
    pairs = [(a, np.asarray(b)) for a, b in zip(g, parts, strict=True) if np.asarray(b).dtype.kind == "f"]
    return float(sum(np.sum(np.abs(a * b), where=np.isfinite(b)) for a, b in pairs))


def _check_direction(trial: Trial, g: Sequence[Any], place: int, cotangent: Array) -> Failure | None:
    """All elements along one random direction: what an element by element look at a large input may have missed."""
    x, reach = trial.case.inputs[place], np.asarray(trial.case.reach[place])
    if x.size <= ELEMENTS or trial.operator.broadcasts or not np.all(np.isfinite(cotangent)):
        return None
    rng = np.random.default_rng((trial.seed, trial.case.number, 3))
    v = reach * rng.uniform(-1, 1, x.shape)
    inputs = list(trial.case.inputs)

    def function(t: float) -> Any:
        inputs[place] = x + t * v
        return np.array([_pair(g, trial.compute(inputs))])

    slope = np.array([np.sum(cotangent * v)])
    verdict = judge(function, slope, magnitude=float(np.sum(np.abs(cotangent * v))))
    if not verdict.wrong[0]:
        return None
    message = "the rule differs from the forward rule along a random direction"
    return trial.fail("slope", message, input=trial.names[place], found=float(slope[0]),
                      expected=float(verdict.expected[0]))  # fmt: skip


def _find_worst(verdict: Verdict, slopes: Array) -> tuple[int, ...]:
    """The wrong element that is off by most, in proportion."""
    off = np.abs(slopes - verdict.expected) / (np.abs(verdict.expected) + np.abs(slopes) + 1e-300)
    off = np.where(verdict.wrong, np.where(np.isnan(off), np.inf, off), -1.0)
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(off)), off.shape))


def _describe_slope(
    trial: Trial, g: Sequence[Any], place: int, element: tuple[int, ...], cotangent: Array, expected: Array,
    given: Pullback, verdict: Verdict, worst: tuple[int, ...],
) -> Failure:  # fmt: skip
    known: dict[str, Any] = {name: x for name, x in zip(trial.names, trial.case.inputs, strict=True) if x is not None}
    if not isinstance(given.value, tuple):
        known["z"] = given.value
    known |= {f"d{name}": item for index, (name, item) in enumerate(zip(trial.names, given.cotangents, strict=False))
              if index != place and item is not None}  # fmt: skip
    with np.errstate(all="ignore"):
        hint = suggest_mistake(cotangent, expected, seed=g[0] if len(g) == 1 else None, known=known)
    message = "the backward rule does not give the slope of the forward rule"
    return trial.fail("slope", message, input=trial.names[place], element=element, found=float(cotangent[element]),
                      expected=float(expected[element]), hint=hint,
                      fall=fall_of(verdict.remainders, worst, 1e-15))  # fmt: skip


def check_jacobian(trial: Trial, parts: Sequence[Array]) -> Iterator[Failure]:
    """At small sizes the whole Jacobian: every output element against every input element."""
    if len(parts) != 1 or parts[0].dtype.kind != "f" or not 1 < parts[0].size <= SMALL:
        return
    sizes = [trial.case.inputs[place].size for place in trial.slots()]
    if not sizes or max(sizes) > SMALL:
        return
    for output in np.ndindex(parts[0].shape):
        unit = np.zeros(parts[0].shape)
        unit[output] = 1.0
        for failure in check_slopes(trial, (unit,), trial.pull(trial.case.inputs, (unit,)), {}):
            yield failure._replace(check="jacobian", message=f"{failure.message} (of output {list(output)})")
            return


def check_written(trial: Trial, g: Sequence[Any], given: Pullback) -> Iterator[Failure]:
    """The rules that a composite writes against those traced from its forward rule."""
    operator = trial.operator
    if operator.kernels is not None or operator.backward is None:
        return
    try:
        traced = trial.pull(trial.case.inputs, g, operator.replaced(backward=None))
    except DataflowError:  # the forward rule leaves `xp`: there is nothing to compare with
        return
    for place in trial.slots():
        a, b = (np.asarray(item.cotangents[place], float) for item in (given, traced))
        if given.cotangents[place] is None or traced.cotangents[place] is None or not np.all(np.isfinite(b)):
            continue
        off = np.abs(a - b)
        limit = TRACED_ROUNDING * max(1.0, float(np.max(np.abs(b), initial=0.0)))
        if np.any(~(off <= limit)):
            element = tuple(int(i) for i in np.unravel_index(int(np.argmax(np.nan_to_num(off, nan=np.inf))), off.shape))
            yield trial.fail("written", "the written rule differs from the one traced from the forward rule",
                             input=trial.names[place], element=element, found=float(a[element]),
                             expected=float(b[element]))  # fmt: skip
