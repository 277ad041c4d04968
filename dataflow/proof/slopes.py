"""Is a slope what a function says it is? Told from values of the function alone, without a step that anybody picks.

Along a line the function is looked at in steps that shrink by four. Central differences, extrapolated (Ridders,
"Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4(2), 1982), give the slope, and
what they still disagree by gives its error. A wrong slope is one that differs by far more than that, and does so
still at the smallest steps: what it leaves over then falls with slope 1, where that of a right one falls with slope 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
Function = Callable[[float], Any]  # of the place on the line, in parts of its reach; 0 is the point itself

SHRINK = 4.0
FIRST, LAST = 1, 4  # the steps that are enough for nearly everything: 4 ** -1 to 4 ** -4 of the reach
ALL = 8
ORDERS = 3  # how often differences are extrapolated: up to errors of the order h ** 8
MARGIN = 10.0  # how many times its estimated error a difference may be off
RELATIVE = 1e-7  # a rule that is right to this is right: less is rounding
RESOLVED = 1e-4
TINY = 1e-300  # below this floats lose digits


class Step(NamedTuple):
    """The function at both ends of one step."""

    size: float
    ahead: Array
    behind: Array

    @property
    def slope(self) -> Array:
        """The central difference."""
        return (self.ahead - self.behind) / (2 * self.size)


class Verdict(NamedTuple):
    """For each line: the slope of the function, its error, whether the slope that was given is wrong, and whether
    the differences can tell."""

    expected: Array
    error: Array
    wrong: Array
    resolved: Array
    remainders: tuple[tuple[float, Array], ...]  # by size of step, what the given slope leaves over


def judge(function: Function, given: Any, *, magnitude: Any = 0.0, scale: Any = None) -> Verdict:
    """Compare given slopes with those of a function whose value holds one number for each of several lines.

    `magnitude` is the size of the terms that a given slope is a sum of, `scale` that of those of the function: what
    rounding is relative to.

    >>> right, wrong = judge(lambda t: np.exp(1 + t / 8), np.e / 8), judge(lambda t: np.exp(1 + t / 8), np.e / 7.99)
    >>> bool(right.wrong), bool(wrong.wrong), bool(right.error < 1e-10)
    (False, True, True)
    """
    given = np.asarray(given, float)
    start = np.asarray(function(0.0))
    digits = np.finfo(start.dtype).eps if start.dtype.kind == "f" else 2.0**-52
    start = np.asarray(start, float)
    noise = 8 * digits * np.maximum(np.abs(start), 0.0 if scale is None else scale)
    steps = _take_steps(function, range(FIRST, LAST + 1))
    expected, error = extrapolate(steps, noise)
    differs, resolved = _compare(given, expected, error, magnitude)
    if np.any(differs | ~resolved):
        steps = [*_take_steps(function, range(FIRST)), *steps, *_take_steps(function, range(LAST + 1, ALL + 1))]
        expected, error = extrapolate(steps, noise)
        differs, resolved = _compare(given, expected, error, magnitude)
    wrong = differs & _persists(steps, given, expected) & ~_is_kink(steps, start, given, expected)
    remainders = tuple((step.size, np.abs(step.ahead - start - step.size * given)) for step in steps)
    return Verdict(expected, error, wrong, resolved, remainders)


def _take_steps(function: Function, levels: Sequence[int]) -> list[Step]:
    sizes = [SHRINK**-level for level in levels]
    return [Step(size, np.asarray(function(size), float), np.asarray(function(-size), float)) for size in sizes]


def extrapolate(steps: Sequence[Step], noise: Any) -> tuple[Array, Array]:
    """The slope that steps of shrinking size agree on best, and the error that their disagreement shows.

    >>> steps = _take_steps(lambda t: np.sin(t), range(1, 5))
    >>> slope, error = extrapolate(steps, 1e-15)
    >>> bool(abs(slope - 1) < 1e-12), bool(error < 1e-10)
    (True, True)
    """
    best = np.full(steps[0].ahead.shape, np.nan)
    error = np.full(best.shape, np.inf)
    before: list[Array] = []
    for step in steps:
        row = [step.slope]
        for order, coarse in enumerate(before[:ORDERS]):
            row.append(row[order] + (row[order] - coarse) / (SHRINK ** (2 * order + 2) - 1))
        candidates = [(row[0], np.abs(row[0] - before[0]))] if before else []
        for order in range(1, len(row)):
            off = np.maximum(np.abs(row[order] - row[order - 1]), np.abs(row[order] - before[order - 1]))
            candidates.append((row[order], off))
        for value, off in candidates:
            off = off + noise / step.size
            better = off < error  # never where it is NaN
            best, error = np.where(better, value, best), np.where(better, off, error)
        before = row
    return best, error


def _compare(given: Array, expected: Array, error: Array, magnitude: Any) -> tuple[Array, Array]:
    """Whether each slope differs by more than can be explained, and whether its error is small enough to tell."""
    largest = np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))
    size = np.maximum(np.abs(expected), magnitude)
    known = np.isfinite(expected) & np.isfinite(error)
    resolved = known & (error <= np.maximum(RESOLVED * size, 1e-6 * RESOLVED * largest) + 1e-14)
    tolerance = TINY + MARGIN * error + RELATIVE * np.maximum(size, np.where(np.isfinite(given), np.abs(given), 0.0))
    off = np.abs(given - expected)
    return np.where(np.isfinite(given), known & (off > tolerance), resolved), resolved


def _persists(steps: Sequence[Step], given: Array, expected: Array) -> Array:
    """Whether the smallest steps differ from the given slope as much as the best estimate does."""
    off = np.abs(given - expected)
    found = np.ones(given.shape, bool)
    for step in steps[-3:]:
        beside = np.abs(given - step.slope)
        found &= ~(beside < 0.3 * off)
    return np.asarray(found & np.isfinite(steps[-1].slope) | ~np.isfinite(given))


def _is_kink(steps: Sequence[Step], start: Array, given: Array, expected: Array) -> Array:
    """Whether the slopes ahead and behind differ, and go on to differ: then a kink is nearer than the last step."""
    last, before = (np.abs(step.ahead - 2 * start + step.behind) / step.size for step in (steps[-1], steps[-2]))
    return np.asarray((last > 0.25 * np.abs(given - expected)) & (last > 0.5 * before))


def fall_of(remainders: Sequence[tuple[float, Array]], place: tuple[int, ...], noise: float) -> float | None:
    """With which slope the remainder at one place falls, fitted where it stands clear of rounding; None if nowhere.

    >>> round(fall_of([(4.0**-k, np.array([4.0**-k])) for k in range(5)], (0,), 0.0), 3)
    1.0
    """
    points = [(size, float(left[place])) for size, left in remainders if np.isfinite(left[place])]
    points = [(size, left) for size, left in points if left > 100 * noise][-4:]
    if len(points) < 2:
        return None
    x, y = np.log([size for size, _ in points]), np.log([left for _, left in points])
    return float(np.polyfit(x, y, 1)[0])
