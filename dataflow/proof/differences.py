"""The slope of a function of one number, told from its values alone, and compared with one that is claimed.

Steps shrink by four, beginning with one that may be far too long. Differences to both sides, to the right and to the
left are extrapolated (Richardson 1911; Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in
Engineering Software 4(2), 1982); how much what is extrapolated still disagrees is its error. A claim that fits ends the
descent at once; one that does not has to be refuted at the shortest steps too, from both sides, and twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Line = Callable[[float], float]

SHRINK = 4.0
ORDERS = 3  # how often differences are extrapolated
ROUNDING = 2.0**-50  # of a value
FEW, MOST = 4, 18  # steps
MARGIN = 10.0  # how many times its estimated error a slope may be off
RESOLVED = 1e-7  # the error, relative to the slope, that ends the descent
TELLING = 1e-3  # the error with which a slope is told at all
FLAT = 1e-6  # the error, relative to slopes nearby, with which a slope of nearly 0 is told
SECOND_SCALE = 0.7  # of the steps that confirm a refutation: none of them is one of the first
SAME_SLOPE = 1e-4  # slopes from left and right that differ by less are those of no kink


class Claim(NamedTuple):
    """A slope that is claimed, and what rounding may have done to it: `relative` to it, and `absolute`.

    `value` is the size of what is added up in the function's values.
    """

    slope: float
    relative: float = 1e-7
    absolute: float = 0.0
    value: float = 0.0

    @property
    def noise(self) -> float:
        """What rounding does to the function's values."""
        return ROUNDING * self.value


class Comparison(NamedTuple):
    """`verdict` is ``"agrees"``, ``"wrong"``, ``"kink"`` (the claim lies between the slopes from left and right) or
    ``"untold"``; `expected` is the slope of the function, give or take `error`. `kinked`: left and right differ.
    `size` is what the error is small against: the slope, or where that is nearly 0 what is nearby.
    """

    verdict: str
    expected: float
    error: float
    kinked: bool = False
    size: float = 0.0


class Extrapolation:
    """The best estimate from differences in shrinking steps, whose error falls with the step to the power `order`."""

    __slots__ = ("_before", "_factors", "error", "value")

    def __init__(self, order: int) -> None:
        self.value = float("nan")
        self.error = float("inf")
        self._before: list[float] = []
        self._factors = [SHRINK ** (order * power) - 1 for power in range(1, ORDERS + 1)]

    def add(self, slope: float, noise: float) -> None:
        """Take in the difference of the next step; `noise` is its error from rounding."""
        before, row = self._before, [slope]
        for coarse, factor in zip(before, self._factors, strict=False):
            row.append(row[-1] + (row[-1] - coarse) / factor)
        if before:
            self._offer(slope, abs(slope - before[0]) + noise)
        for order in range(1, len(row)):
            off = max(abs(row[order] - row[order - 1]), abs(row[order] - before[order - 1]))
            self._offer(row[order], off + noise)
        self._before = row

    def _offer(self, value: float, error: float) -> None:
        """Take an estimate that is better, or that refutes what longer steps agreed on; never one that is NaN."""
        if error < self.error or abs(value - self.value) > MARGIN * (error + self.error):
            self.value, self.error = value, error


def compare(line: Line, claim: Claim, *, wider: float = 1.0) -> Comparison:
    """Whether the slope of `line` at 0 is the one that is claimed. Steps begin with 1, or else with `wider`.

    >>> from math import exp
    >>> compare(lambda t: exp(t), Claim(1.0)).verdict, compare(lambda t: exp(t), Claim(1.00001)).verdict
    ('agrees', 'wrong')
    >>> compare(abs, Claim(0.0)).verdict, compare(abs, Claim(1.5)).verdict
    ('kink', 'wrong')
    """
    first = descend(line, claim, 1.0)
    if first.verdict == "untold" and wider > SHRINK:
        second = descend(line, claim, wider)
        return first if second.verdict == "untold" else _confirm(line, claim, second, wider)
    return _confirm(line, claim, first, 1.0)


def _confirm(line: Line, claim: Claim, first: Comparison, scale: float) -> Comparison:
    """A refutation counts if other steps refute the claim too, and for the same slope."""
    if first.verdict != "wrong":
        return first
    second = descend(line, claim, SECOND_SCALE * scale)
    if second.verdict != "wrong":
        return second
    apart, off = abs(first.expected - second.expected), abs(first.expected - claim.slope)
    if apart > MARGIN * (first.error + second.error) + 0.1 * off:
        return second._replace(verdict="untold")
    return first if first.error <= second.error else second


def descend(line: Line, claim: Claim, scale: float) -> Comparison:
    """One descent, from steps of length `scale`."""
    start = line(0.0)
    noise = claim.noise
    central, right, left = Extrapolation(2), Extrapolation(1), Extrapolation(1)
    slopes: list[tuple[float, float]] = []
    for level in range(MOST):
        step = scale * SHRINK**-level
        ahead, behind = line(step), line(-step)
        rounding = noise / step
        central.add((ahead - behind) / (2 * step), rounding)
        right.add((ahead - start) / step, 2 * rounding)
        left.add((start - behind) / step, 2 * rounding)
        slopes.append(((ahead - behind) / (2 * step), rounding))
        if level + 1 < FEW:
            continue
        size = max(abs(claim.slope), abs(central.value))
        if central.error <= RESOLVED * size + claim.noise and _fits(claim, central):
            break
        if rounding > max(TELLING * size, MARGIN * central.error):
            break  # shorter steps tell nothing more
    return _judge(claim, central, right, left, slopes)


def _judge(
    claim: Claim, central: Extrapolation, right: Extrapolation, left: Extrapolation, slopes: list[tuple[float, float]]
) -> Comparison:
    kinked = _is_kink(right, left)
    found = Comparison("untold", central.value, central.error, kinked)
    if kinked:
        return _judge_kink(claim, found, right, left)
    sides = [side for side in (right, left) if side.error < float("inf")]
    if central.error == float("inf") and len(sides) == 1:  # at the edge of the domain
        central = sides[0]
        found = found._replace(expected=central.value, error=central.error)
        slopes, sides = [], []
    rounding = SHRINK * max((noise for _, noise in slopes[:FEW]), default=0.0)
    if claim.slope - claim.slope != 0:
        return found._replace(verdict="wrong" if _is_smooth(rounding, central, right, left) else "untold")
    told = central.error <= TELLING * max(abs(claim.slope), abs(central.value))
    if _fits(claim, central):
        nearby = max((abs(slope) for slope, _ in slopes[:FEW] if slope - slope == 0), default=0.0)
        if told or central.error <= max(FLAT * nearby, claim.absolute, rounding):
            return found._replace(verdict="agrees", size=0.0 if told else max(nearby, claim.value))
        return found
    off = abs(claim.slope - central.value)
    if not told or not off < float("inf") or any(abs(side.value - central.value) > 0.1 * off for side in sides):
        return found
    shortest = [slope for slope, rounding in slopes if rounding < 0.1 * off][-3:]
    refuted = all(abs(claim.slope - slope) > 0.3 * off for slope in shortest)
    return found._replace(verdict="wrong" if refuted else "untold")


def _is_smooth(rounding: float, *told: Extrapolation) -> bool:
    """Whether all of these know a slope, and it is the same; one that is 0 is known to `rounding`."""
    values = [item.value for item in told]
    enough = max(TELLING * max(map(abs, values)), 2 * rounding)
    return all(item.error <= enough for item in told) and max(values) - min(values) <= enough


def _fits(claim: Claim, told: Extrapolation) -> bool:
    size = max(abs(claim.slope), abs(told.value))
    return abs(claim.slope - told.value) <= MARGIN * told.error + claim.relative * size + claim.absolute


def _is_kink(right: Extrapolation, left: Extrapolation) -> bool:
    """Whether the slopes from the right and from the left are both known, and are two."""
    size = max(abs(right.value), abs(left.value))
    error = right.error + left.error
    return error <= TELLING * size and abs(right.value - left.value) > MARGIN * error + SAME_SLOPE * size


def _judge_kink(claim: Claim, found: Comparison, right: Extrapolation, left: Extrapolation) -> Comparison:
    """At a kink every slope between those of its sides is in order."""
    low, high = sorted((right.value, left.value))
    error = right.error + left.error
    slack = MARGIN * error + claim.relative * max(abs(low), abs(high)) + claim.absolute
    nearest = min(max(claim.slope, low), high)
    verdict = "kink" if abs(claim.slope - nearest) <= slack else "wrong"
    return found._replace(verdict=verdict, expected=nearest, error=error)
