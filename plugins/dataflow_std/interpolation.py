"""Interpolation between points. Meaning: NumPy's."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan
from typing import Any

from dataflow.operators import Operator

KERNELS = "dataflow_std.kernels.interpolation"


def operators() -> list[Operator]:
    """Every operator of this module."""
    points, values = [0.0, 1.0, 3.0], [0.0, 2.0, 10.0]
    return [
        Operator("interp", "z = v[i] + (v[i + 1] - v[i]) * (x - p[i]) / (p[i + 1] - p[i]), p[i] <= x < p[i + 1]",
                 axes="dataflow_std.treatments.indexing:only_first",
                 forward=_interp, backward={"x": _interp_dx, "points": _interp_dpoints, "values": _interp_dvalues},
                 kernels={"numpy": f"{KERNELS}:interp"}, shape="dataflow_std.shapes.interpolation:interp",
                 examples=_interp_examples,
                 reference=f"{KERNELS}:interp_reference",
                 description="p are the points, which have to increase, and v their values, two vectors; x has any "
                             "shape. Before the first point z is the first value, after the last one the last.",
                 conventions="at a point: of the slopes on its left and on its right, and of all between them, the one "
                             "nearest to 0; at the first and last point, and beyond them, 0",
                 source="numpy.interp, https://numpy.org/doc/stable/reference/generated/numpy.interp.html",
                 special=[((2.0, points, values), 6.0, (4.0, [0.0, -2.0, -2.0], [0.0, 0.5, 0.5])),
                          ((1.0, points, values), 2.0, (2.0, [0.0, -2.0, 0.0], [0.0, 1.0, 0.0])),
                          ((1.0, points, [0.0, 2.0, -2.0]), 2.0, (0.0, [0.0, 0.0, 0.0], [0.0, 1.0, 0.0])),
                          ((1.0, points, [0.0, -2.0, -4.0]), -2.0, (-1.0, [0.0, 1.0, 0.0], [0.0, 1.0, 0.0])),
                          ((0.0, points, values), 0.0, (0.0, [0.0, 0.0, 0.0], [1.0, 0.0, 0.0])),
                          ((3.0, points, values), 10.0, (0.0, [0.0, 0.0, 0.0], [0.0, 0.0, 1.0])),
                          ((5.0, points, values), 10.0, (0.0, [0.0, 0.0, 0.0], [0.0, 0.0, 1.0])),
                          ((-inf, points, values), 0.0, (0.0, [0.0, 0.0, 0.0], [1.0, 0.0, 0.0])),
                          ((4.0, [1.0], [5.0]), 5.0, (0.0, [0.0], [1.0])),
                          ((nan, points, values), nan, (nan, [0.0, nan, nan], [0.0, nan, nan]))]),
    ]  # fmt: skip


def _interp(xp: Any, x: Any, points: Any, values: Any) -> Any:
    return xp.interp(x, points, values)


def _interp_dx(xp: Any, g: Any, z: Any, x: Any, points: Any, values: Any) -> Any:
    first, last = xp.getitem(points, key=(0,)), xp.getitem(points, key=(-1,))
    between = xp.logical_not(xp.logical_or(x <= first, x >= last))
    return xp.keep(between, g * _slope(xp, x, points, values))


def _interp_dpoints(xp: Any, g: Any, z: Any, x: Any, points: Any, values: Any) -> Any:
    if xp.size(points) == 1:
        return xp.zeros_like(points)
    return _spread(xp, -g * _slope(xp, x, points, values), _weigh(xp, x, points), xp.shape(points))


def _interp_dvalues(xp: Any, g: Any, z: Any, x: Any, points: Any, values: Any) -> Any:
    if xp.size(points) == 1:
        return xp.reshape(xp.sum(g), shape=(1,))
    weights = _weigh(xp, x, points)
    taken = _spread(xp, xp.ones_like(g), weights, xp.shape(points))
    return xp.keep(xp.logical_not(taken == 0), _spread(xp, g, weights, xp.shape(points)))


def _find_neighbours(xp: Any, x: Any, points: Any) -> tuple[Any, Any]:
    """How many points are below x, and how many are below it or at it."""
    below = xp.searchsorted(points, x, side="left")
    at = xp.take(points, xp.clip(below, min=0, max=xp.size(points) - 1), axis=0) == x
    return below, xp.where(at, below + 1, below)


def _slope(xp: Any, x: Any, points: Any, values: Any) -> Any:
    """The slope in x: of those of the lines on both sides of x, and of all between them, the one nearest to 0."""
    rise, run = (xp.getitem(item, key=("1:",)) - xp.getitem(item, key=(":-1",)) for item in (values, points))
    slopes = xp.pad(rise / run, pad_width=1)
    left, right = (xp.take(slopes, place, axis=0) for place in _find_neighbours(xp, x, points))
    nearest = xp.maximum(xp.minimum(left, right), 0.0) + xp.minimum(xp.maximum(left, right), 0.0)
    return xp.where(x == x, nearest, nan)


def _weigh(xp: Any, x: Any, points: Any) -> tuple[Any, Any]:
    """Which point is on the left of x, and the weight of the next one: from 0 at the former to 1 at the latter."""
    last = xp.size(points) - 2
    left = xp.clip(_find_neighbours(xp, x, points)[1] - 1, min=0, max=last)
    start, end = xp.take(points, left, axis=0), xp.take(points, left + 1, axis=0)
    return left, xp.clip((x - start) / (end - start), min=0.0, max=1.0)


def _spread(xp: Any, g: Any, weights: tuple[Any, Any], shape: tuple[int, ...]) -> Any:
    """`g` shared out to the points on both sides of x by their weights: the adjoint in the values."""
    left, share = weights
    return xp.put_add(g * (1 - share), left, axis=0, shape=shape) + xp.put_add(g * share, left + 1, axis=0, shape=shape)


def _interp_examples(rng: Any) -> Sequence[Any]:
    shapes: list[tuple[int, ...]] = [(), (5,), (2, 3), (0,)]
    points = [-2.0, -0.9, 0.1, 0.7, 2.0]
    tries: list[Any] = [
        ((0.03 + 0.1 * rng.integers(-30, 30, size=shape), points, rng.normal(size=5)), {}) for shape in shapes
    ]
    return [*tries, ((rng.normal(size=4), [0.5], [2.0]), {}), (([0.25, -1.0], [0.0, 1.0], [2.0, 5.0]), {})]
