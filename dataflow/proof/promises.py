"""What an operator promises besides its derivative: types, shapes, repeatability, its definition, its edges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from dataflow.errors import DataflowError
from dataflow.proof.cases import Case, freeze, name_inputs
from dataflow.proof.gradients import Sight
from dataflow.proof.results import Failure
from dataflow.proof.subjects import Parts, Subject

SAME = 1e-10  # relative to the largest element: what another layout or another way of computing may differ by
SINGLE = 2e-3  # the same for float32
EDGE = 1e-13
LARGE = 1e30  # beyond it float32 overflows on the way


def check_promises(sight: Sight) -> Iterator[Failure]:
    """What is broken at an ordinary case."""
    for check in (_check_shape, _check_again, _check_layout, _check_single, _check_reference, _check_moves, _check_twin):
        yield from check(sight)


def differ(found: Any, expected: Any, relative: float) -> tuple[int, ...] | None:
    """The place where two arrays differ most, relative to the largest finite element; None if nowhere.

    >>> differ(np.array([1.0, 2.0]), np.array([1.0, 2.1]), 1e-3), differ(np.array([np.nan]), np.array([np.nan]), 0.0)
    ((1,), None)
    """
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    size = np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))
    with np.errstate(all="ignore"):
        same = (found == expected) | (np.isnan(found) & np.isnan(expected)) | (np.abs(found - expected) <= relative * size)
    if np.all(same):
        return None
    off = np.where(same, -1.0, np.nan_to_num(np.abs(found - expected), nan=np.inf))
    return tuple(int(index) for index in np.unravel_index(int(np.argmax(off)), off.shape))


def _blame(
    sight: Sight, message: str, *, place: int | None = None, found: Any = None, expected: Any = None,
    element: tuple[int, ...] | None = None, advice: str | None = None,
) -> Failure:  # fmt: skip
    subject = sight.subject
    if element is not None:
        found, expected = float(np.asarray(found)[element]), float(np.asarray(expected)[element])
    kind = "promise"
    return subject.fail(
        sight.case, kind, f"`{subject.operator.name}`: {message}", place=place,
        found=found, expected=expected, element=element, advice=advice,
    )  # fmt: skip


def _name(sight: Sight, place: int) -> str:
    return name_inputs(sight.subject.operator, len(sight.case.inputs))[place]


def _compare(sight: Sight, parts: Parts, cotangents: Parts, relative: float, words: str) -> Iterator[Failure]:
    """Whether outputs and cotangents computed another way are the same; `words` say which way."""
    for found, expected in zip(parts, sight.parts, strict=True):
        if np.shape(found) != np.shape(expected):
            yield _blame(sight, f"the value has another shape {words}: {np.shape(found)}, not {np.shape(expected)}")
        elif (element := differ(found, expected, relative)) is not None:
            yield _blame(sight, f"the value differs {words}", found=found, expected=expected, element=element)
    for place in sight.subject.differentiable(sight.case):
        found, expected = cotangents[place], sight.cotangents[place]
        zeros = np.zeros(sight.case.inputs[place].shape)
        found, expected = (zeros if item is None else item for item in (found, expected))
        if (element := differ(found, expected, relative)) is not None:
            message = f"the cotangent of `{_name(sight, place)}` differs {words}"
            yield _blame(sight, message, place=place, found=found, expected=expected, element=element)


def _check_shape(sight: Sight) -> Iterator[Failure]:
    if not sight.subject.operator.broadcasts:
        return
    expected = np.broadcast_shapes(*[x.shape for x in sight.case.inputs if x is not None])
    for part in sight.parts:
        if part.shape != expected:
            message = f"an elementwise value has the shape {list(part.shape)} where its inputs make {list(expected)}"
            yield _blame(sight, message, advice="leave out `broadcasts=True` if it is not elementwise")


def _check_again(sight: Sight) -> Iterator[Failure]:
    """The same bits a second time."""
    parts, cotangents = sight.subject.sweep(sight.case.inputs, sight.case.attributes, sight.g)
    yield from _compare(sight, parts, cotangents, 0.0, "when it is computed again")


def _check_layout(sight: Sight) -> Iterator[Failure]:
    """The same numbers, laid out otherwise in memory."""
    name, arrange = LAYOUTS[sight.case.number % len(LAYOUTS)]
    inputs = [None if x is None else freeze(arrange(x)) for x in sight.case.inputs]
    g = tuple(freeze(arrange(part)) for part in sight.g)
    try:
        parts, cotangents = sight.subject.sweep(inputs, sight.case.attributes, g)
    except DataflowError as error:
        yield _blame(sight, f"it fails on arrays {name}: {first_message(error)}")
        return
    yield from _compare(sight, parts, cotangents, SAME, f"on arrays {name}")


def _transpose(x: Any) -> Any:
    return np.array(x.T, order="C").T


def _stretch(x: Any) -> Any:
    if not x.ndim:
        return x
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    wide[..., ::2] = x
    return wide[..., ::2]


def _turn(x: Any) -> Any:
    return np.flip(np.flip(x).copy())


LAYOUTS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("transposed in memory", _transpose), ("with strides", _stretch), ("with negative strides", _turn),
)  # fmt: skip


def _check_single(sight: Sight) -> Iterator[Failure]:
    """float32 in, float32 out, and the same numbers as far as float32 goes."""
    subject, case = sight.subject, sight.case
    inputs = [freeze(x.astype(np.float32)) if x is not None and x.dtype.kind == "f" else x for x in case.inputs]
    if not any(x is not None and x.dtype.kind == "f" for x in inputs):
        return
    told = any(item.name == "dtype" for item in subject.operator.attributes)
    g = sight.g if told else tuple(freeze(part.astype(np.float32)) for part in sight.g)
    try:
        parts, cotangents = subject.sweep(inputs, case.attributes, g)
    except DataflowError as error:
        yield _blame(sight, f"in float32: {first_message(error)}", advice=error.diagnostics[0].hint)
        return
    for part, wide in zip(parts, sight.parts, strict=True):
        if not told and part.dtype.kind == "f" and part.dtype != np.float32:
            yield _blame(sight, f"float32 inputs give {part.dtype}")
        elif (part.dtype.kind == "f") != (wide.dtype.kind == "f"):
            yield _blame(sight, f"float32 inputs give {part.dtype}, and float64 inputs {wide.dtype}")
    for place in subject.differentiable(case):
        found = cotangents[place]
        if found is not None and found.dtype != np.float32:
            yield _blame(sight, f"the cotangent of `{_name(sight, place)}` is {found.dtype} in float32", place=place)
    if not any(_is_large(item) for item in (*sight.parts, *sight.cotangents) if item is not None):
        yield from _compare(sight, parts, cotangents, SINGLE, "in float32")


def _is_large(array: Any) -> bool:
    return bool(np.any(~(np.abs(np.asarray(array, float)) < LARGE)))


def _check_reference(sight: Sight) -> Iterator[Failure]:
    operator = sight.subject.operator
    if operator.reference is None:
        return
    from dataflow.library import _load

    found = _load(operator.reference)(*sight.case.inputs, **sight.case.attributes)
    parts = tuple(found) if isinstance(found, tuple | list) and operator.outputs else (found,)
    for part, expected in zip(sight.parts, parts, strict=True):
        if np.shape(part) != np.shape(expected):
            yield _blame(sight, f"the value has the shape {list(np.shape(part))}, that of its reference "
                                f"{list(np.shape(expected))}")  # fmt: skip
        elif (element := differ(part, expected, SAME)) is not None:
            message = "the value is not that of its reference"
            yield _blame(sight, message, found=part, expected=expected, element=element)


def _check_moves(sight: Sight) -> Iterator[Failure]:
    """What only moves elements grows as its inputs do, and carries ones back to what is nowhere negative."""
    subject, case = sight.subject, sight.case
    if not subject.operator.moves:
        return
    free = subject.differentiable(case)
    scaled = [[c * x if place in free else x for place, x in enumerate(case.inputs)] for c in (0.0, 2.0)]
    none, twice = (subject.forward(inputs, case.attributes) for inputs in scaled)
    for zero, part, double in zip(none, sight.parts, twice, strict=True):
        if part.dtype.kind == "f" and (element := differ(double, 2 * part - zero, 1e-13)) is not None:
            message = "it says `moves=True` and is not linear: doubled inputs do not give doubled values"
            yield _blame(sight, message, found=double, expected=2 * part - zero, element=element)
    ones = tuple(freeze(np.ones_like(g)) for g in sight.g)
    _, cotangents = subject.sweep(case.inputs, case.attributes, ones)
    for place in free:
        found = cotangents[place]
        if found is not None and np.any(found < 0):
            message = f"it says `moves=True`, and its rule for `{_name(sight, place)}` carries ones back to less than 0"
            yield _blame(sight, message, place=place, advice="masks rest on it")


def _check_twin(sight: Sight) -> Iterator[Failure]:
    """A rule that a composite writes against the one that follows from its forward rule."""
    operator = sight.subject.operator
    if operator.kernels is not None or operator.backward is None or not sight.subject.differentiable(sight.case):
        return
    twin = sight.subject._replace(operator=operator.replaced(backward=None))
    try:
        _, traced = twin.sweep(sight.case.inputs, sight.case.attributes, sight.g)
    except DataflowError:  # it leaves `xp`: nothing to compare with
        return
    for place in sight.subject.differentiable(sight.case):
        found, expected = sight.cotangents[place], traced[place]
        if found is None or expected is None or not np.all(np.isfinite(expected)):
            continue
        size = max(float(np.max(np.abs(item), initial=0.0)) for item in (found, expected))
        if (element := differ(found / (size or 1.0), expected / (size or 1.0), SAME)) is not None:
            message = f"the written cotangent of `{_name(sight, place)}` is not that of its forward rule, traced"
            yield _blame(sight, message, place=place, found=found, expected=expected, element=element)


# --- rows of `special` ---------------------------------------------------------------------------


def check_row(subject: Subject, case: Case) -> Iterator[Failure]:
    """Value and gradients of a special row; an elementwise one also as elements of a vector.

    The gradients are those for a cotangent of ones: for another one they are as many times as large.
    """
    for weights in ((1.0,), (-3.0,), *([(1.0, -3.0)] if subject.operator.broadcasts else [])):
        yield from _check_weighted_row(subject, case, weights)


def _check_weighted_row(subject: Subject, case: Case, weights: tuple[float, ...]) -> Iterator[Failure]:
    """A row for a cotangent that is one number, or as many elements of a vector as there are numbers."""

    def lift(x: Any, factors: Sequence[float] = (1.0,) * len(weights)) -> Any:
        x = np.asarray(x)
        items = [x if factor == 1.0 else factor * x for factor in factors]
        return items[0] if len(items) == 1 else np.stack(items)

    inputs = [None if x is None else freeze(lift(x)) for x in case.inputs]
    parts = tuple(np.asarray(part) for part in subject.forward(inputs, case.attributes))
    g = tuple(freeze(_weigh(part, weights)) for part in parts)
    parts, cotangents = subject.sweep(inputs, case.attributes, g)
    if any(item is not None and np.any(np.isnan(item)) for item in cotangents):  # as the engine does
        parts, cotangents = subject.sweep(inputs, case.attributes, g, masked=True)
    sight = Sight(subject, case, parts, g, cotangents)
    values = case.row[1] if subject.operator.outputs else (case.row[1],)
    for part, value in zip(parts, values, strict=True):
        yield from _check_same(sight, part, lift(value), "the value")
    for place in subject.differentiable(case):
        if place < len(case.row[2]) and case.row[2][place] is not None:
            found = np.zeros(inputs[place].shape) if cotangents[place] is None else cotangents[place]
            words = f"the gradient of `{_name(sight, place)}`"
            yield from _check_same(sight, found, lift(case.row[2][place], weights), words, place)


def _weigh(part: Any, weights: tuple[float, ...]) -> Any:
    """A cotangent of one number, or of one for each element of the first axis."""
    factors = np.reshape(weights, (-1,) + (1,) * (part.ndim - 1)) if len(weights) > 1 else np.asarray(weights[0])
    return np.broadcast_to(factors, part.shape).astype(part.dtype if part.dtype.kind == "f" else np.float64)


def _check_same(sight: Sight, found: Any, expected: Any, words: str, place: int | None = None) -> Iterator[Failure]:
    if np.shape(found) != np.shape(expected):
        message = f"{words} has the shape {list(np.shape(found))}, its row says {list(np.shape(expected))}"
        yield _blame(sight, message, place=place)
    elif (element := differ(found, expected, EDGE)) is not None:
        yield _blame(sight, f"{words} is not the one that its row of `special` says", place=place,
                     found=found, expected=expected, element=element)  # fmt: skip


def first_message(error: DataflowError) -> str:
    """What an error says first."""
    return error.diagnostics[0].message if error.diagnostics else str(error)
