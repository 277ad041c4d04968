"""How an operator behaves at one case: its types, its manners, its slow twin, and its special rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dataflow.library import load_kernel
from dataflow.proof.cases import freeze
from dataflow.proof.trial import Failure, Trial
from dataflow.sweeps.arrays import quiet
from dataflow.sweeps.pullback import Pullback

Array = np.ndarray[Any, Any]

ROUNDING = 1e-12
ROW_ROUNDING = 1e-13
SINGLE = 4e-3  # what float32 may be off, relative to the largest element
LARGE = 1e30  # near the end of its range


def check_again(trial: Trial, g: Sequence[Any], given: Pullback) -> Iterator[Failure]:
    """A second run gives the same bits."""
    again = trial.pull(trial.case.inputs, g)
    for a, b in zip(_list_parts(given), _list_parts(again), strict=True):
        if np.asarray(a).tobytes() != np.asarray(b).tobytes():
            yield trial.fail("rerun", "a second run gives other numbers", hint="a rule must depend on its inputs alone")
            return


def check_views(trial: Trial, g: Sequence[Any], given: Pullback) -> Iterator[Failure]:
    """Arrays that do not lie in one piece give the same as those that do."""
    for change in (_stretch, _turn):
        inputs = [None if x is None else freeze(change(np.array(x))) for x in trial.case.inputs]
        found = trial.pull(inputs, [freeze(change(np.array(part))) for part in g])
        for a, b in zip(_list_parts(found), _list_parts(given), strict=True):
            if not _agree(a, b, ROUNDING):
                yield trial.fail("views", "arrays that do not lie in one piece of memory give other numbers")
                return


def _stretch(x: Array) -> Array:
    return np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x


def _turn(x: Array) -> Array:
    return np.ascontiguousarray(np.flip(x).T).T[tuple([slice(None, None, -1)] * x.ndim)] if x.ndim else x


def check_types(trial: Trial, parts: Sequence[Array]) -> Iterator[Failure]:
    """A graph of float32 stays one, forward and back; an elementwise operator gives the shape of its inputs."""
    operator = trial.operator
    if operator.broadcasts:
        shape = np.broadcast_shapes(*[x.shape for x in trial.case.inputs if x is not None])
        if any(part.shape != shape for part in parts):
            message = f"it is elementwise, and gives the shape {list(parts[0].shape)} in place of {list(shape)}"
            yield trial.fail("shape", message)
    if any(item.name == "dtype" for item in operator.attributes):
        return
    inputs = [freeze(x.astype(np.float32)) if x is not None and x.dtype == np.float64 else x
              for x in trial.case.inputs]  # fmt: skip
    small = trial.compute(inputs)
    for part, wide in zip(small, parts, strict=True):
        if not any(x is not None and x.dtype == np.float32 for x in inputs):
            return
        expected = np.dtype(np.float32) if wide.dtype == np.float64 else wide.dtype
        if part.dtype != expected:
            yield trial.fail("dtype", f"float32 becomes {part.dtype.name}", hint="use Python numbers for constants")
            return
        if part.dtype.kind == "f" and not _agree_single(part, wide):
            yield trial.fail("dtype", "the value of float32 is another than that of float64", **_locate(part, wide))
    if trial.slots():
        yield from _check_single_cotangents(trial, inputs, small)


def _check_single_cotangents(trial: Trial, inputs: Sequence[Any], small: Sequence[Array]) -> Iterator[Failure]:
    rng = np.random.default_rng((trial.seed, trial.case.number, 4))
    g = [freeze(rng.choice([-1.0, 0.5, 2.0], part.shape).astype(part.dtype)) for part in small]
    found = trial.pull(inputs, g)
    expected = trial.pull(trial.case.inputs, [freeze(part.astype(np.float64)) for part in g])
    for place in trial.slots():
        cotangent, wide = found.cotangents[place], expected.cotangents[place]
        if cotangent is None or wide is None:
            continue
        about: dict[str, Any] = {"input": trial.names[place]}
        if cotangent.dtype != np.float32:
            yield trial.fail("dtype", f"the cotangent of float32 is {cotangent.dtype.name}", **about)
        elif not _agree_single(cotangent, wide):
            message = "the cotangent of float32 is another than that of float64"
            yield trial.fail("dtype", message, **about, **_locate(cotangent, wide))


def _agree_single(small: Any, wide: Any) -> bool:
    """Whether float32 gives what float64 gives, as far as its digits and its range go."""
    small, wide = np.asarray(small, float), np.asarray(wide, float)
    largest = np.max(np.abs(wide), initial=0.0)
    return bool(not largest < LARGE or np.allclose(small, wide, rtol=SINGLE, atol=SINGLE * largest, equal_nan=True))


def check_reference(trial: Trial, parts: Sequence[Array]) -> Iterator[Failure]:
    """The forward rule against its slow twin."""
    twin = trial.operator.reference
    if twin is None:
        return
    twin = load_kernel(twin)
    known = {item.name: item.default for item in trial.operator.attributes} | dict(trial.case.attributes)
    given = [None if x is None else np.array(x) for x in trial.case.inputs]
    absent = 0 if trial.operator.variadic else len(trial.operator.inputs) - len(given)
    with quiet():
        expected = twin(*given, *[None] * absent, **known)
    for found, model in zip(parts, expected if isinstance(expected, tuple | list) else (expected,), strict=True):
        if found.shape != np.shape(model) or not _agree(found, model, ROUNDING):
            yield trial.fail("reference", "the forward rule differs from its slow twin", **_locate(found, model))
            return


def check_mover(trial: Trial, parts: Sequence[Array]) -> Iterator[Failure]:
    """What only moves elements carries ones back as what is not negative: masks rest on that. And it is affine."""
    if not trial.operator.moves or not trial.slots():
        return
    ones = [freeze(np.ones(part.shape)) for part in parts]
    found = trial.pull(trial.case.inputs, ones)
    for place in trial.slots():
        cotangent = found.cotangents[place]
        if cotangent is not None and not np.all(np.asarray(cotangent) >= 0):
            message = "it says that it only moves elements, and a cotangent of ones comes back with another sign"
            yield trial.fail("moves", message, input=trial.names[place])


def check_row(trial: Trial) -> Iterator[Failure]:
    """A special row: value and gradients as they are declared, for a cotangent of ones and of another number."""
    row, operator = trial.case.row, trial.operator
    inputs = trial.case.inputs
    parts = trial.compute(inputs)
    declared = row[1] if operator.outputs else (row[1],)
    for found, expected in zip(parts, declared, strict=True):
        if not _same_row(found, expected):
            yield trial.fail("row", "the value is not the one that is declared", **_locate(found, expected))
            return
    for weight in (1.0, -3.0) if trial.slots() else ():
        given = trial.pull(inputs, [freeze(np.full_like(part, weight)) for part in parts], masked=weight == 1.0)
        for place in trial.slots():
            declared_slope = row[2][place] if place < len(row[2]) else None
            if declared_slope is None:
                continue
            model = weight * np.asarray(declared_slope, float)
            found = np.zeros(()) if given.cotangents[place] is None else given.cotangents[place]
            if not _same_row(found, model):
                message = f"the slope is not the one that is declared, for a cotangent of {weight:g}"
                yield trial.fail("row", message, input=trial.names[place], **_locate(found, model))
                return


def _same_row(found: Any, expected: Any) -> bool:
    model = np.asarray(expected, float)
    largest = float(np.max(np.abs(model), initial=0.0, where=np.isfinite(model)))
    return bool(np.allclose(np.asarray(found, float), model, rtol=ROW_ROUNDING, atol=1e-15 * largest, equal_nan=True))


def _agree(a: Any, b: Any, rounding: float) -> bool:
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    largest = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
    return bool(np.allclose(a, b, rtol=rounding, atol=rounding * largest, equal_nan=True))


def _locate(found: Any, expected: Any) -> dict[str, Any]:
    """Where two arrays differ by most."""
    a, b = np.asarray(found, float), np.asarray(expected, float)
    if a.shape != b.shape or not a.size:
        return {}
    with np.errstate(all="ignore"):
        off = np.where(np.isnan(a) & np.isnan(b) | (a == b), 0.0, np.nan_to_num(np.abs(a - b), nan=np.inf))
    element = tuple(int(i) for i in np.unravel_index(int(np.argmax(off)), off.shape))
    return {"element": element, "found": float(a[element]), "expected": float(b[element])}


def _list_parts(given: Pullback) -> list[Any]:
    values = given.value if isinstance(given.value, tuple) else (given.value,)
    return [*values, *(item for item in given.cotangents if item is not None)]
