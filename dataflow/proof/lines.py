"""Lines through one value of a graph, with the slope along each that its gradient claims.

The first step along a line is an eighth of the value itself: what is far too long is shortened, and what is too short
for numbers near 0 is tried again with an eighth of what is large beside them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from dataflow.proof.differences import Claim

EIGHTH = 2.0**-3
SHORTEST = 1e-200
SPREAD = 1e-3  # of the largest element of a value: the least that an element of it is moved by along a direction


class Digits(NamedTuple):
    """What rounding does to a gradient: relative to itself, and to the largest element of its value."""

    relative: float
    absolute: float


class Gradient(NamedTuple):
    """A value, and the gradient of it that is claimed: floats, or arrays of one shape. `scale`: of the target."""

    slot: int
    value: Any
    found: Any
    scale: float

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of both."""
        shape: tuple[int, ...] = getattr(self.value, "shape", ())
        return shape

    @property
    def largest(self) -> float:
        """The largest finite element of the gradient."""
        return _largest(self.found)


class Line(NamedTuple):
    """A line: by how much the value in each slot moves, the slope that is claimed along it, and what it is relative to.

    `unit` is the length of what moves: the slope along the line is that of an element times it.
    """

    moves: Mapping[int, Any]
    claim: Claim
    size: float
    wider: float = 1.0
    unit: float = 1.0
    element: tuple[int, ...] | None = None


def list_elements(gradient: Gradient, digits: Digits) -> Iterator[Line]:
    """A line for every element.

    >>> from dataflow.proof.lines import Digits
    >>> (line,) = list_elements(Gradient(2, 5.0, 3.0, 33.0), Digits(1e-7, 0.0))
    >>> line.moves, line.claim.slope, line.unit
    ({2: 0.5}, 1.5, 0.5)
    """
    if not gradient.shape:
        yield _make_element(gradient, digits, (), float(gradient.value), float(gradient.found))
        return
    import numpy as np

    for element in np.ndindex(gradient.shape):
        yield pick_element(gradient, digits, element)


def pick_element(gradient: Gradient, digits: Digits, element: tuple[int, ...]) -> Line:
    """The line along one element of an array."""
    return _make_element(gradient, digits, element, float(gradient.value[element]), float(gradient.found[element]))


def _make_element(gradient: Gradient, digits: Digits, element: tuple[int, ...], x: float, found: float) -> Line:
    among = _largest(gradient.value)
    reach = _shorten(abs(x) or among or 1.0)
    wider = max(EIGHTH, among * EIGHTH) / reach
    claim = Claim(
        found * reach, digits.relative, digits.absolute * gradient.largest * reach,
        gradient.scale + _finite(x * found),
    )  # fmt: skip
    move: Any = reach
    if gradient.shape:
        import numpy as np

        move = np.zeros(gradient.shape)
        move[element] = reach
    return Line({gradient.slot: move}, claim, gradient.largest * reach, wider, reach, element or None)


def draw_direction(gradients: list[Gradient], digits: Digits, rng: Any, *, even: bool) -> Line:
    """A random line along which all elements move: each by an eighth of itself or, if `even`, of the largest."""
    import numpy as np

    moves: dict[int, Any] = {}
    for item in gradients:
        x = np.abs(np.asarray(item.value, float))
        among = _largest(x) or 1.0
        reach = np.full(x.shape, among) if even else np.maximum(x, SPREAD * among)
        signs = rng.choice([-1.0, -0.75, -0.5, 0.5, 0.75, 1.0], x.shape)
        moves[item.slot] = np.where(np.isfinite(x), EIGHTH * reach * signs, 0.0)
    return follow(gradients, digits, moves)


def follow(gradients: list[Gradient], digits: Digits, moves: Mapping[int, Any]) -> Line:
    """The line along which several values move together."""
    import numpy as np

    parts = [np.ravel(np.asarray(item.found, float) * moves[item.slot]) for item in gradients]
    terms = np.concatenate(parts)
    size = float(np.sqrt(np.sum(np.square(terms))))
    weight = sum(float(np.sum(np.abs(item.found * np.asarray(item.value, float)))) for item in gradients)
    value = max(item.scale for item in gradients) + _finite(weight)
    claim = Claim(float(np.sum(terms)), digits.relative, max(digits.relative, digits.absolute) * size, value)
    plain = {slot: float(move) if np.ndim(move) == 0 else move for slot, move in moves.items()}
    return Line(plain, claim, size if math.isfinite(size) else 1.0)


def locate(size: int, measure: Callable[[Any], float]) -> int:
    """Of `size` elements one that is wrong: halves are measured, and the one that is further off is halved again.

    >>> locate(10, lambda indices: float(7 in indices))
    7
    """
    indices = range(size)
    while len(indices) > 1:
        middle = len(indices) // 2
        indices = max((indices[:middle], indices[middle:]), key=measure)
    return indices[0]


def _largest(value: Any) -> float:
    """The largest finite magnitude in a number or an array; 0 if there is none."""
    if not getattr(value, "shape", ()):
        return abs(float(value)) if math.isfinite(value) else 0.0
    import numpy as np

    return float(np.max(np.abs(value), initial=0.0, where=np.isfinite(value)))


def _finite(x: float) -> float:
    """The magnitude of a number; 0 of what is not finite, which is no measure of rounding."""
    return abs(x) if math.isfinite(x) else 0.0


def _shorten(x: float) -> float:
    """A power of two, an eighth of x or a little less: adding it to a short number is exact."""
    return math.ldexp(EIGHTH, math.frexp(x)[1] - 1) if SHORTEST < x < math.inf else EIGHTH
