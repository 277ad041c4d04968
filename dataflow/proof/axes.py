"""Whether what an operator states about an axis is true: parts along it, computed one by one, make the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise, product
from typing import Any, NamedTuple

import numpy as np

from dataflow.axes import Maps, Reduces, Treatment
from dataflow.operators import treat
from dataflow.program.blocks import COMBINE
from dataflow.proof.trial import Failure, Trial
from dataflow.sizes import SymbolicSize, substitute

Array = np.ndarray[Any, Any]
ROWS = SymbolicSize.named("rows")
ROUNDING, COMPOSED = 1e-12, 1e-9
MAX_PLACES = 40  # ways in which axes of the inputs may be that of the rows, of one length


class Choice(NamedTuple):
    """Which axes of the inputs are that of the rows, and attributes that mention these."""

    length: int
    places: tuple[int | None, ...]
    attributes: Mapping[str, Any]


def check_axes(trial: Trial) -> Iterator[Failure]:
    """Every statement that the operator makes of this case, and what it says that it is composed of."""
    if trial.operator.axes is None and trial.operator.composition is None:
        return
    for choice in list_choices(trial.case.inputs, _fill(trial)):
        if (treatment := ask(trial, choice)) is not None:
            fault = find_fault(trial, choice, treatment)
            if fault is not None:
                yield trial.fail("axes", fault, hint="state None where the parts do not make the whole")
                return
    yield from _check_composition(trial)


def _fill(trial: Trial) -> dict[str, Any]:
    return trial.operator.fill_attributes(trial.case.attributes)


def list_choices(inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Iterator[Choice]:
    """Axes of the same length that may be the rows', and attributes `shape` that may mention it."""
    shapes = [() if item is None else np.shape(item) for item in inputs]
    shape: Any = attributes.get("shape")
    asked = shape if isinstance(shape, tuple) else ()
    for length in sorted({item for row in (*shapes, asked) for item in row if type(item) is int and item > 1}):
        axes = [[None, *(axis for axis, found in enumerate(row) if found == length)] for row in shapes]
        for places in islice(product(*axes), MAX_PLACES):
            if any(place is not None for place in places):
                yield Choice(length, places, attributes)
            for index, found in enumerate(asked):
                if found > 0 and found % length == 0:
                    changed = (*asked[:index], found // length * ROWS, *asked[index + 1 :])
                    yield Choice(length, places, {**attributes, "shape": changed})


def ask(trial: Trial, choice: Choice) -> Treatment:
    """What the operator states."""
    shapes = [
        tuple(ROWS if axis == place else length for axis, length in enumerate(() if item is None else np.shape(item)))
        for item, place in zip(trial.case.inputs, choice.places, strict=True)
    ]
    return treat(trial.operator, choice.places, shapes, choice.attributes)


def find_fault(trial: Trial, choice: Choice, treatment: Treatment) -> str | None:
    """What is wrong with a statement; None if nothing is."""
    whole = _run(trial, trial.case.inputs, choice.attributes, choice.length)
    edges = sorted({0, 1, choice.length - 1, choice.length})
    try:
        parts = [_run_part(trial, choice, start, stop) for start, stop in pairwise(edges)]
        found = [_put_together(treatment, index, [part[index] for part in parts]) for index in range(len(whole))]
    except Exception as error:  # whatever it raises of parts that it says it takes
        return f"it states {_spell(treatment)} along axis {_find(choice)}, and raises of a part: {error}"
    for one, other in zip(found, whole, strict=True):
        if one.shape != other.shape or not np.allclose(one, other, ROUNDING, ROUNDING, equal_nan=True):
            return f"it states {_spell(treatment)} along axis {_find(choice)}, and the parts do not make the whole"
    return None


def _spell(treatment: Treatment) -> str:
    if isinstance(treatment, Reduces):
        return f"that it reduces by `{treatment.by}`"
    return "that it maps"


def _find(choice: Choice) -> str:
    listed = [str(place) for place in choice.places if place is not None]
    return ", ".join(listed) or "that of its shape"


def _run_part(trial: Trial, choice: Choice, start: int, stop: int) -> Sequence[Array]:
    inputs = [
        item if place is None else np.take(item, range(start, stop), axis=place)
        for item, place in zip(trial.case.inputs, choice.places, strict=True)
    ]
    return _run(trial, inputs, choice.attributes, stop - start)


def _run(trial: Trial, inputs: Sequence[Any], attributes: Mapping[str, Any], length: int) -> Sequence[Array]:
    changed = {key: _put(value, length) for key, value in attributes.items()}
    return Trial(trial.operator, trial.operators, trial.case._replace(attributes=changed), trial.seed).compute(inputs)


def _put(item: Any, length: int) -> Any:
    if isinstance(item, tuple):
        return tuple([_put(part, length) for part in item])
    return substitute(item, {"rows": length}) if isinstance(item, SymbolicSize) else item


def _put_together(treatment: Treatment, index: int, parts: Sequence[Array]) -> Array:
    if isinstance(treatment, Maps):
        return np.concatenate(parts, axis=treatment.places[index])
    assert isinstance(treatment, Reduces)
    total = parts[0]
    for part in parts[1:]:
        total = COMBINE[treatment.by](total, part)
    return np.asarray(total)


def _check_composition(trial: Trial) -> Iterator[Failure]:
    """What the operator is composed of gives what it gives. There are rows where that is used: nothing is empty."""
    composition = trial.operator.composition
    if composition is None or any(item is not None and 0 in np.shape(item) for item in trial.case.inputs):
        return
    case = trial.case._replace(attributes=_fill(trial))
    composed = Trial(trial.operator.replaced(forward=composition), trial.operators, case, trial.seed)
    inputs = [*trial.case.inputs, *[None] * (len(trial.operator.inputs) - len(trial.case.inputs))]
    for one, other in zip(composed.compute(inputs), trial.compute(trial.case.inputs), strict=True):
        if np.shape(one) != np.shape(other) or not np.allclose(one, other, COMPOSED, ROUNDING, equal_nan=True):
            yield trial.fail("axes", "its composition gives other values than the operator itself")
            return
