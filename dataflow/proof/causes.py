"""What a wrong cotangent suggests: how it differs from the right one says where to look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from dataflow.errors import DataflowError
from dataflow.proof.cases import Array, Case, name_inputs
from dataflow.proof.subjects import Parts, Subject

CLOSE = 1e-5  # to how many digits numbers have to agree to suggest anything
MOST = 3  # more suggestions than these are none


class Evidence(NamedTuple):
    """Everything about one input at one case: `found` is what the rule gave, `expected` what the differences say."""

    inputs: tuple[Any, ...]
    place: int
    parts: Parts
    g: Parts
    found: Array
    expected: Array


def suggest_cause(
    subject: Subject, case: Case, about: Evidence, told: Array, cotangents: Parts
) -> tuple[str, ...]:
    """What a wrong cotangent looks like, the most telling first. `told`: where the differences can tell."""
    finite = told & np.isfinite(about.expected)
    if not np.any(finite):
        return ()
    if not np.all(np.isfinite(about.found[finite])):
        return ("not finite where the derivative is",)
    found, expected = np.where(finite, about.found, 0.0), np.where(finite, about.expected, 0.0)
    if not np.any(found):
        return ("zero: is the rule a constant's?",)
    if not np.any(expected):
        return ("the true derivative is 0: the output does not depend on this input here",)
    about = about._replace(found=found, expected=expected)
    causes = dict.fromkeys([*_by_ratio(about), *_by_cotangent(subject, case, about), *_by_place(about),
                            *_by_other(subject, case, about, cotangents), *_by_factor(subject, about),
                            *_by_term(subject, about)])  # fmt: skip
    return tuple(causes)[:MOST]


def _alike(one: Any, other: Any) -> bool:
    """Whether two arrays agree to a few digits, relative to the largest element."""
    one, other = np.asarray(one, float), np.asarray(other, float)
    if one.shape != other.shape or not one.size:
        return False
    with np.errstate(all="ignore"):
        size = float(np.max(np.abs(other)))
        return bool(np.all(np.abs(one - other) <= CLOSE * size)) and size > 0


def _by_ratio(about: Evidence) -> Iterator[str]:
    """One factor for all elements."""
    found, expected = about.found, about.expected
    place = np.unravel_index(int(np.argmax(np.abs(expected))), expected.shape)
    factor = float(found[place] / expected[place])
    if factor == 0 or not _alike(found, factor * expected):
        return
    known = {2.0: "twice too large", 0.5: "half of what it should be", -1.0: "the wrong sign",
             -2.0: "twice too large, with the wrong sign", -0.5: "half, with the wrong sign"}  # fmt: skip
    for value, words in known.items():
        if abs(factor - value) < CLOSE * abs(value):
            yield words
            return
    lengths = {length for x in (*about.inputs, *about.parts) if x is not None for length in (*np.shape(x), np.size(x))}
    for length in sorted(lengths - {0, 1, 2}):
        for value, words in ((float(length), f"{length} times too large"), (1 / length, f"{length} times too small")):
            if abs(factor - value) < CLOSE * value:
                yield f"{words}: an axis has that length; is a sum taken for a mean, or the other way round?"
                return
    yield f"all elements off by the factor {factor:.6g}"


def _by_cotangent(subject: Subject, case: Case, about: Evidence) -> Iterator[str]:
    """Whether the rule makes use of g, and as a linear one does."""
    try:
        doubled = subject.sweep(case.inputs, case.attributes, tuple(2 * g for g in about.g))[1][about.place]
    except DataflowError:
        return
    if doubled is not None and _alike(doubled, about.found):
        yield "it does not depend on g: multiply by g"
    elif doubled is not None and not _alike(doubled, 2 * about.found):
        yield "it is not linear in g"


def _by_place(about: Evidence) -> Iterator[str]:
    """The right numbers in the wrong places."""
    found, expected = about.found, about.expected
    if found.size < 2 or _alike(found, expected):
        return
    if found.ndim >= 2 and found.shape[-1] == found.shape[-2] and _alike(found, np.swapaxes(expected, -1, -2)):
        yield "transposed"
    elif any(_alike(found, np.flip(expected, axis)) for axis in range(found.ndim)):
        yield "the right numbers in reverse order"
    elif _alike(np.sort(found, axis=None), np.sort(expected, axis=None)):
        yield "the right numbers in the wrong places"


def _by_other(subject: Subject, case: Case, about: Evidence, cotangents: Parts) -> Iterator[str]:
    """The cotangent of another input."""
    names = name_inputs(subject.operator, len(case.inputs))
    for place, other in enumerate(cotangents):
        if place != about.place and other is not None and _alike(other, about.expected):
            yield f"inputs swapped: the cotangent of `{names[place]}` would be right here"


def _factors(subject: Subject, about: Evidence) -> Iterator[tuple[str, Array]]:
    """Inputs, output and cotangent that have, or broadcast to, the shape of the input."""
    names = name_inputs(subject.operator, len(about.inputs))
    candidates = [*zip(names, about.inputs, strict=True), ("z", about.parts[0]), ("g", about.g[0])]
    for name, x in candidates:
        if x is not None and x.dtype.kind == "f" and x.size:
            try:
                yield name, np.broadcast_to(x, about.found.shape)
            except ValueError:
                continue


def _by_factor(subject: Subject, about: Evidence) -> Iterator[str]:
    """A factor too many or missing."""
    found, expected = about.found, about.expected
    if _alike(found, found.flat[0] / expected.flat[0] * expected) if expected.flat[0] else False:
        return
    with np.errstate(all="ignore"):
        for name, x in _factors(subject, about):
            if _alike(found * x, expected):
                yield f"a factor `{name}` is missing"
            elif _alike(found, expected * x):
                yield f"a factor `{name}` too many"
            elif _alike(found, -expected * x) or _alike(-found * x, expected):
                yield f"a factor `-{name}` too many, or missing"


def _by_term(subject: Subject, about: Evidence) -> Iterator[str]:
    """A term that is missing or too many."""
    short = about.expected - about.found
    terms = dict(_factors(subject, about))
    g = terms.get("g")
    if g is None or _alike(short, short.flat[0] / about.expected.flat[0] * about.expected if about.expected.flat[0] else 0):
        return
    for name, term in {"g": g, **{f"g * {key}": g * x for key, x in terms.items() if key != "g"}}.items():
        if _alike(short, term):
            yield f"a term `{name}` is missing"
        elif _alike(-short, term):
            yield f"a term `{name}` too many"
