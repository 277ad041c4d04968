"""Spread and quantiles over axes. Variance as in the Python Array API standard 2024.12, quantiles as in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, inf, nan
from typing import Any

from dataflow.axes import reduces
from dataflow.operators import Axes, Operator
from dataflow_std.axes import merge_axes, normalise, put_back

REDUCED = "dataflow.shapes:shape_reduction"
Fractions = float | tuple[float, ...]


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_spreads(), *_quantiles()]


def _degrees(xp: Any, x: Any, axis: Axes, correction: float) -> Any:
    """What a sum of squares is divided by: too few elements, which would make it negative, give NaN or inf."""
    whole = int(correction) if correction % 1 == 0 else correction  # a size that is not known yet stays one
    return max(xp.size(x, axis) - whole, 0)


def _var(xp: Any, x: Any, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    deviation = x - xp.mean(x, axis=axis, keepdims=True)
    return xp.sum(deviation * deviation, axis=axis, keepdims=keepdims) / _degrees(xp, x, axis, correction)


def _var_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, correction: float, keepdims: bool) -> Any:
    g = put_back(xp, g, axis, keepdims)
    return 2 * g / _degrees(xp, x, axis, correction) * (x - xp.mean(x, axis=axis, keepdims=True))


def _std(xp: Any, x: Any, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    return xp.std(x, axis=axis, correction=correction, keepdims=keepdims)


def _std_parts(xp: Any, x: Any, *, axis: Axes, correction: float, keepdims: bool) -> Any:
    """Deviations are divided by the largest one, so that no square overflows."""
    deviation = x - xp.mean(x, axis=axis, keepdims=True)
    deviation = deviation - xp.mean(deviation, axis=axis, keepdims=True)
    largest = xp.max(xp.abs(deviation), axis=axis, keepdims=True)
    scale = xp.where(largest > 0, largest, 1.0)
    total = xp.sum(xp.square(deviation / scale), axis=axis, keepdims=keepdims) / _degrees(xp, x, axis, correction)
    return xp.sqrt(total) * (scale if keepdims else xp.max(scale, axis=axis))


def _std_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, correction: float, keepdims: bool) -> Any:
    deviation = x - xp.mean(x, axis=axis, keepdims=True)
    deviation = deviation - xp.mean(deviation, axis=axis, keepdims=True)  # exactly 0 where all elements are equal
    scale = put_back(xp, xp.where(z == 0, 1.0, z), axis, keepdims)
    return put_back(xp, g, axis, keepdims) / _degrees(xp, x, axis, correction) * (deviation / scale)


def _spread_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((5,), {}), ((4,), {"correction": 1.0}), ((3, 4), {"axis": 1}), ((3, 4), {"axis": -2, "keepdims": True}),
        ((2, 3, 4), {"axis": (0, -1), "correction": 1}), ((2, 3), {"correction": 0.5, "keepdims": True}),
        ((3, 0), {"axis": 0}),
    ]  # fmt: skip
    return [((rng.normal(size=shape),), attributes) for shape, attributes in cases]


def _spreads() -> list[Operator]:
    few = "NaN or inf where there are no more elements than correction"
    return [
        Operator("var", "z = sum of (x - mean) ** 2 over axis / (number of elements - correction)",
                 forward=_var, backward={"x": _var_dx}, shape=REDUCED, examples=_spread_examples, conventions=few,
                 special=[(([1.0, 2.0, 3.0, 6.0],), 3.5, ([-1.0, -0.5, 0.0, 1.5],)),
                          (([1.0, 3.0],), 2.0, ([-2.0, 2.0],), {"correction": 1}), (([2.0, 2.0],), 0.0, ([0.0, 0.0],)),
                          (([2.0],), 0.0, ([0.0],)), (([2.0],), nan, ([nan],), {"correction": 1}),
                          (([],), nan, ([],))]),
        Operator("std", "z = (sum of (x - mean) ** 2 over axis / (number of elements - correction)) ** (1/2)",
                 forward=_std, backward={"x": _std_dx}, kernels={"numpy": "dataflow_std.kernels.statistics:std"},
                 shape=REDUCED, axes=reduces(None), composition=_std_parts,
                 examples=_spread_examples, reference="dataflow_std.kernels.statistics_references:std",
                 conventions=f"slope 0 where all elements are equal; {few}",
                 special=[(([1.0, 3.0],), 1.0, ([-0.5, 0.5],)),
                          (([1.0, 2.0, 3.0],), 1.0, ([-0.5, 0.0, 0.5],), {"correction": 1}),
                          (([2.0, 2.0],), 0.0, ([0.0, 0.0],)), (([0.1, 0.1, 0.1],), 0.0, ([0.0, 0.0, 0.0],)),
                          (([2.0],), 0.0, ([0.0],)), (([2.0],), nan, ([nan],), {"correction": 1}), (([],), nan, ([],)),
                          (([1e200, -1e200],), 1e200, ([0.5, -0.5],)), (([1e-200, -1e-200],), 1e-200, ([0.5, -0.5],)),
                          (([1.0, nan],), nan, ([nan, nan],))]),
    ]  # fmt: skip


def _quantile(xp: Any, x: Any, *, q: Fractions, axis: Axes = None, keepdims: bool = False) -> Any:
    check_fractions(q)
    merged = merge_axes(xp, x, axis)
    ordered = xp.sort(merged, axis=-1, stable=False)
    reduced = normalise(axis, xp.ndim(x)) if keepdims else ()
    shape = xp.shape(merged)[:-1]
    if keepdims:
        shape = tuple([1 if place in reduced else length for place, length in enumerate(xp.shape(x))])
    if not isinstance(q, tuple):
        return xp.reshape(_interpolate(xp, ordered, q), shape=shape)
    return xp.stack([xp.reshape(_interpolate(xp, ordered, item), shape=shape) for item in q], axis=0)


def check_fractions(q: Fractions) -> None:
    """Raise `ValueError` for what is not from 0 to 1, or for none."""
    fractions = q if isinstance(q, tuple) else (q,)
    if not fractions:
        raise ValueError("q lists no number: it needs at least one")
    for item in fractions:
        if not 0 <= item <= 1:
            raise ValueError(f"q is from 0 to 1, not {item}")


def _interpolate(xp: Any, ordered: Any, q: float) -> Any:
    """The quantile along the last axis of what is in order; NaN, which comes last, where there is one."""
    if not xp.shape(ordered)[-1]:
        return xp.mean(ordered, axis=-1)
    below, above, weight = _neighbours(xp, ordered, q)
    z = xp.where(below == above, below, (1 - weight) * below + weight * above) if weight else below
    last = xp.getitem(ordered, key=("...", -1))
    return xp.where(last == last, z, nan)


def _neighbours(xp: Any, ordered: Any, q: float) -> tuple[Any, Any, float]:
    """The elements next to the quantile, below and above it, and the weight of the one above."""
    last = xp.shape(ordered)[-1] - 1
    place = min(floor(q * last), last)
    weight = q * last - place
    below = xp.getitem(ordered, key=("...", place))
    return below, xp.getitem(ordered, key=("...", place + 1)) if weight else below, weight


def _quantile_dx(xp: Any, g: Any, z: Any, x: Any, *, q: Fractions, axis: Axes, keepdims: bool) -> Any:
    """The weights of the elements next to each quantile, shared equally by all that are equal to them."""
    if not xp.size(x):
        return xp.zeros_like(x)
    ordered = xp.sort(merge_axes(xp, x, axis), axis=-1, stable=False)
    many = isinstance(q, tuple)
    fractions = q if isinstance(q, tuple) else (q,)
    total, taken = xp.zeros_like(x), xp.isnan(x)
    for index, item in enumerate(fractions):
        part_g, part_z = (xp.getitem(g, key=(index,)), xp.getitem(z, key=(index,))) if many else (g, z)
        part_g, part_z = put_back(xp, part_g, axis, keepdims), put_back(xp, part_z, axis, keepdims)
        below, above, weight = _neighbours(xp, ordered, item)
        for value, factor in ((below, 1 - weight), (above, weight)):
            if factor:
                equal = x == put_back(xp, value, axis, False)
                count = xp.cast_like(xp.count_nonzero(equal, axis=axis, keepdims=True), g)
                total = total + xp.where(equal, part_g * factor / count, 0.0)
                taken = xp.logical_or(taken, equal)
        total = xp.where(part_z == part_z, total, nan)
        taken = xp.logical_or(taken, part_z != part_z)
    return xp.keep(taken, total)


def _median(xp: Any, x: Any, *, axis: Axes = None, keepdims: bool = False) -> Any:
    return xp.quantile(x, q=0.5, axis=axis, keepdims=keepdims)


def _median_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _quantile_dx(xp, g, z, x, q=0.5, axis=axis, keepdims=keepdims)


def _median_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((), {}), ((5,), {}), ((6,), {"axis": 0}), ((1,), {}), ((3, 4), {"axis": 1}), ((2, 3), {"keepdims": True}),
        ((3, 4), {"axis": -2, "keepdims": True}), ((2, 3, 4), {"axis": (0, -1)}), ((0, 3), {"axis": 1}),
        ((2, 3, 4), {"axis": (2, 0), "keepdims": True}),
    ]  # fmt: skip
    return [((_draw_apart(rng, shape),), attributes) for shape, attributes in cases]


def _quantile_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((), {"q": 0.3}), ((5,), {"q": 0.25}), ((6,), {"q": 0.9}), ((4,), {"q": 0.0}), ((4,), {"q": 1}),
        ((3, 4), {"q": (0.1, 0.5, 0.8), "axis": 1}), ((2, 3), {"q": (0.3,), "keepdims": True}),
        ((2, 3, 4), {"q": 0.7, "axis": (0, -1)}), ((3, 4), {"q": (0.2, 0.2), "axis": -2, "keepdims": True}),
        ((0, 3), {"q": (0.2, 0.4), "axis": 1}),
    ]  # fmt: skip
    return [((_draw_apart(rng, shape),), attributes) for shape, attributes in cases]


def _draw_apart(rng: Any, shape: tuple[int, ...]) -> Any:
    """Numbers in random order that are at least 0.1 apart."""
    x = rng.normal(size=shape)
    return 0.25 * x.reshape(-1).argsort().argsort().reshape(shape) + 0.15 * rng.random(shape) - 1


def _quantiles() -> list[Operator]:
    edges = (
        "k elements equal to the one that a quantile takes have 1/k of its slope each, which is the least-norm element "
        "of the subdifferential or superdifferential wherever one exists: at a tie these are the same for all that "
        "tie; NaN, also in its slopes, if one is NaN; NaN over an empty axis"
    )
    third = 1 / 3
    return [
        Operator("median", "z = the middle x over axis, in order; the mean of the two in the middle of an even number",
                 forward=_median, backward={"x": _median_dx}, shape=REDUCED, examples=_median_examples,
                 conventions=edges,
                 reference="dataflow_std.kernels.statistics_references:median",
                 special=[(([3.0, 1.0, 2.0],), 2.0, ([0.0, 0.0, 1.0],)),
                          (([4.0, 1.0, 3.0, 2.0],), 2.5, ([0.0, 0.0, 0.5, 0.5],)),
                          (([1.0, 2.0, 2.0, 3.0],), 2.0, ([0.0, 0.5, 0.5, 0.0],)),
                          (([2.0, 2.0, 3.0],), 2.0, ([0.5, 0.5, 0.0],)),
                          (([2.0, 2.0, 2.0],), 2.0, ([third, third, third],)),
                          (([1.0, 1.0, 2.0, 3.0],), 1.5, ([0.25, 0.25, 0.5, 0.0],)),
                          (([1.0, 1.0, 2.0, 2.0],), 1.5, ([0.25, 0.25, 0.25, 0.25],)),
                          (([inf, 1.0, inf],), inf, ([0.5, 0.0, 0.5],)), (([-inf, inf],), nan, ([nan, nan],)),
                          (([1.0, nan, 2.0],), nan, ([nan, nan, nan],)), (([],), nan, ([],))]),
        Operator("quantile", "z = (1 - w) * s[k] + w * s[k + 1], s = x over axis in order, k + w = q * (n - 1)",
                 forward=_quantile, backward={"x": _quantile_dx}, shape="dataflow_std.shapes.statistics:quantile",
                 examples=_quantile_examples, conventions=edges,
                 reference="dataflow_std.kernels.statistics_references:quantile",
                 description="The value below which lies the fraction q of the n elements, interpolated linearly: k is "
                             "an integer and 0 <= w < 1. A list of q gives a quantile for each, on a new first axis.",
                 source="Hyndman and Fan, Sample quantiles in statistical packages, The American Statistician 50 "
                        "(1996), definition 7",
                 special=[(([4.0, 0.0, 8.0],), 3.0, ([0.75, 0.25, 0.0],), {"q": 0.375}),
                          (([4.0, 0.0, 8.0],), [4.0, 0.0], ([1.0, 1.0, 0.0],), {"q": (0.5, 0.0)}),
                          (([1.0, 2.0, 1.0],), 1.0, ([0.5, 0.0, 0.5],), {"q": 0.0}),
                          (([1.0, 2.0, 2.0],), 2.0, ([0.0, 0.5, 0.5],), {"q": 1.0}),
                          (([2.0, 2.0],), 2.0, ([0.5, 0.5],), {"q": 0.25}),
                          (([1.0, nan],), nan, ([nan, nan],), {"q": 0.0}), (([],), nan, ([],), {"q": 0.5})]),
    ]  # fmt: skip
