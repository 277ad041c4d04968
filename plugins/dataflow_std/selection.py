"""Operators that take one of several values, element by element: what is not taken gets no cotangent."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan
from typing import Any

from dataflow.operators import NONZERO, Operator, binary


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_extremes(), *_extremes_of_numbers(), *_bounds(), *_choices(), *_neighbours()]


def _take_larger(xp: Any, g: Any, x: Any, y: Any) -> Any:
    """The cotangent of x where the larger of x and y was chosen: all of it, half of it at a tie, NaN with a NaN."""
    return xp.keep(xp.logical_not(x < y), xp.where(x > y, g, xp.where(x == y, 0.5 * g, nan)))


def _extremes() -> list[Operator]:
    about: dict[str, Any] = {"takes": "numeric", "conventions": "slopes 1/2, 1/2 at a tie; NaN if either is NaN"}
    return [
        binary("maximum", "z = the larger of x and y",
               lambda xp, g, z, x, y: _take_larger(xp, g, x, y),
               lambda xp, g, z, x, y: _take_larger(xp, g, y, x),
               special=[((3.0, 2.0), 3.0, (1.0, 0.0)), ((2.0, 2.0), 2.0, (0.5, 0.5)), ((nan, 2.0), nan, (nan, nan)),
                        ((inf, inf), inf, (0.5, 0.5))], **about),
        binary("minimum", "z = the smaller of x and y",
               lambda xp, g, z, x, y: _take_larger(xp, g, y, x),
               lambda xp, g, z, x, y: _take_larger(xp, g, x, y),
               special=[((3.0, 2.0), 2.0, (0.0, 1.0)), ((2.0, 2.0), 2.0, (0.5, 0.5)), ((1.0, nan), nan, (nan, nan))],
               **about),
    ]  # fmt: skip


def _take_number(xp: Any, g: Any, x: Any, y: Any, ahead: Any, behind: Any) -> Any:
    """The cotangent of x where x was chosen for being ahead of y, or because y is NaN; NaN if both are NaN."""
    alone = xp.logical_and(x == x, y != y)
    left = xp.logical_or(behind, xp.logical_and(x != x, y == y))
    share = xp.where(xp.logical_or(ahead, alone), g, xp.where(x == y, 0.5 * g, nan))
    return xp.keep(xp.logical_not(left), share)


def _extremes_of_numbers() -> list[Operator]:
    about: dict[str, Any] = {
        "takes": "numeric",
        "description": "A NaN is passed over: the other one is taken.",
        "conventions": "slopes 1/2, 1/2 at a tie; a NaN has slope 0 beside a number; NaN, NaN where both are NaN",
    }
    return [
        binary("fmax", "z = the larger of x and y",
               lambda xp, g, z, x, y: _take_number(xp, g, x, y, x > y, x < y),
               lambda xp, g, z, x, y: _take_number(xp, g, y, x, y > x, y < x),
               special=[((3.0, 2.0), 3.0, (1.0, 0.0)), ((2.0, 2.0), 2.0, (0.5, 0.5)), ((nan, 2.0), 2.0, (0.0, 1.0)),
                        ((-inf, nan), -inf, (1.0, 0.0)), ((nan, nan), nan, (nan, nan))], **about),
        binary("fmin", "z = the smaller of x and y",
               lambda xp, g, z, x, y: _take_number(xp, g, x, y, x < y, x > y),
               lambda xp, g, z, x, y: _take_number(xp, g, y, x, y < x, y > x),
               special=[((3.0, 2.0), 2.0, (0.0, 1.0)), ((2.0, 2.0), 2.0, (0.5, 0.5)), ((nan, 2.0), 2.0, (0.0, 1.0)),
                        ((inf, nan), inf, (1.0, 0.0)), ((nan, nan), nan, (nan, nan))], **about),
    ]  # fmt: skip


def _clip(xp: Any, x: Any, *, min: float | None = None, max: float | None = None) -> Any:
    return xp.clip(x, min=min, max=max)


def _clip_dx(xp: Any, g: Any, z: Any, x: Any, *, min: float | None, max: float | None) -> Any:
    share = xp.where(x == x, g, nan)
    if min is None:
        return share if max is None else xp.keep(xp.logical_not(x >= max), share)
    outside = x <= min if max is None else xp.logical_or(x <= min, x >= max)
    return xp.keep(xp.logical_not(outside), share)


def _clip_examples(rng: Any) -> Sequence[Any]:
    bounds: list[dict[str, float]] = [{"min": -0.5}, {"max": 0.5}, {"min": -0.5, "max": 0.5}, {}]
    return [((rng.normal(size=shape),), attributes) for shape in [(), (7,), (3, 4), (0,)] for attributes in bounds]


def _nan_to_num(xp: Any, x: Any, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    return xp.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


def _nan_to_num_dx(xp: Any, g: Any, z: Any, x: Any, *, nan: float, posinf: float | None, neginf: float | None) -> Any:
    return xp.keep(xp.isfinite(x), g)


def _nan_to_num_examples(rng: Any) -> Sequence[Any]:
    chosen: list[dict[str, float]] = [{}, {"nan": 2.5}, {"posinf": 9.0, "neginf": -9.0}]
    return [((rng.normal(size=shape),), attributes) for shape in [(), (5,), (2, 3), (0,)] for attributes in chosen]


def _bounds() -> list[Operator]:
    return [
        Operator("clip", "z = min if x < min, max if x > max, else x",
                 forward=_clip, backward={"x": _clip_dx}, kernels={}, broadcasts=True, takes="numeric",
                 dtype="dataflow_std.shapes.elementwise:clip",
                 description="A bound that is null is none; where they cross, max is taken.",
                 conventions="slope 0 at the bounds", examples=_clip_examples,
                 special=[((1.5,), 1.5, (1.0,), {"min": 1.0, "max": 2.0}),
                          ((3.0,), 2.0, (0.0,), {"min": 1.0, "max": 2.0}),
                          ((1.0,), 1.0, (0.0,), {"min": 1.0}), ((1.0,), 1.0, (0.0,), {"max": 1.0}),
                          ((2.0,), 2.0, (0.0,), {"min": 1.0, "max": 2.0}),
                          ((nan,), nan, (nan,), {"min": 1.0}), ((nan,), nan, (nan,), {})]),
        Operator("nan_to_num", "z = nan if x is NaN, posinf if x = inf, neginf if x = -inf, else x",
                 forward=_nan_to_num, backward={"x": _nan_to_num_dx}, kernels={}, broadcasts=True, takes="numeric",
                 description="posinf or neginf that is null is the largest or least finite number of the dtype.",
                 conventions="what is replaced gets nothing", examples=_nan_to_num_examples,
                 special=[((3.0,), 3.0, (1.0,), {}), ((nan,), 0.0, (0.0,), {}), ((nan,), 2.5, (0.0,), {"nan": 2.5}),
                          ((inf,), 9.0, (0.0,), {"posinf": 9.0}), ((-inf,), -9.0, (0.0,), {"neginf": -9.0})]),
    ]  # fmt: skip


def _heaviside_dy(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Any:
    elsewhere = xp.logical_or(x < 0, x > 0)
    return xp.keep(xp.logical_not(elsewhere), xp.where(x == 0, g, nan))


def _choices() -> list[Operator]:
    return [
        Operator("where", "z = x if condition else y",
                 forward=lambda xp, condition, x, y: xp.where(condition, x, y),
                 backward={"condition": None,
                           "x": lambda xp, g, z, condition, x, y: xp.keep(condition, g),
                           "y": lambda xp, g, z, condition, x, y: xp.keep(xp.logical_not(condition), g)},
                 kernels={}, broadcasts=True, takes="any", kinds={"condition": "bool"},
                 conventions="what is not taken gets nothing, not 0 * inf",
                 special=[((True, 3.0, 2.0), 3.0, (None, 1.0, 0.0)), ((True, 1.0, nan), 1.0, (None, 1.0, 0.0)),
                          ((False, inf, 2.0), 2.0, (None, 0.0, 1.0))]),
        binary("heaviside", "z = 0 if x < 0, y if x = 0, 1 if x > 0",
               lambda xp, g, z, x, y: xp.zeros_like(g), _heaviside_dy,
               domain={"x": NONZERO},
               conventions="slope 0 in x everywhere; y gets nothing unless x = 0",
               special=[((2.0, 0.5), 1.0, (0.0, 0.0)), ((-2.0, 0.5), 0.0, (0.0, 0.0)), ((0.0, 0.5), 0.5, (0.0, 1.0)),
                        ((-0.0, 0.5), 0.5, (0.0, 1.0)), ((nan, 0.5), nan, (0.0, nan))]),
    ]  # fmt: skip


def _neighbours() -> list[Operator]:
    return [
        # z has the size of x and the sign of y, so its own sign is that of y, and 0 where x is 0.
        binary("copysign", "z = |x| with the sign of y",
               lambda xp, g, z, x, y: g * (xp.sign(x) * xp.sign(z)),
               lambda xp, g, z, x, y: xp.zeros_like(g),
               domain={"x": NONZERO, "y": NONZERO},
               conventions="slope 0 in x at 0, and in y everywhere",
               special=[((3.0, -2.0), -3.0, (-1.0, 0.0)), ((0.0, -1.0), 0.0, (0.0, 0.0)),
                        ((-2.0, -0.0), -2.0, (1.0, 0.0)), ((2.0, 0.0), 2.0, (1.0, 0.0))]),
        binary("nextafter", "z = the number next to x on the way to y", None, None,
               description="Not differentiable: it steps through floating-point numbers.",
               special=[((1.0, 2.0), 1.0 + 2.0**-52, (None, None)), ((1.0, 1.0), 1.0, (None, None))]),
    ]  # fmt: skip
