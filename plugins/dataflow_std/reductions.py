"""Sums, means, products, extremes and counts over axes. Names and meanings: Python Array API standard 2024.12."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan, prod
from typing import Any

from dataflow.operators import Axes, Operator, reduction
from dataflow_std.axes import invert, normalise, put_back


def _examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((), {}), ((5,), {}), ((1,), {"axis": 0}), ((3, 4), {"axis": 1}), ((3, 4), {"axis": -2, "keepdims": True}),
        ((2, 3, 4), {"axis": (0, -1)}), ((2, 3, 4), {"axis": (2, 0), "keepdims": True}), ((2, 3), {"keepdims": True}),
        ((3, 0), {"axis": 0}),
    ]  # fmt: skip
    return [((rng.normal(size=shape),), attributes) for shape, attributes in cases]


def _examples_of_one_axis(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((5,), {}), ((3, 4), {"axis": 1}), ((3, 4), {"axis": -2, "keepdims": True}),
    ]  # fmt: skip
    return [((rng.normal(size=shape),), attributes) for shape, attributes in cases]


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_sums(), *_spreads(), *_extremes(), *_counts()]


def _sum_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return xp.broadcast_to(put_back(xp, g, axis, keepdims), shape=xp.shape(x))


def _mean(xp: Any, x: Any, *, axis: Axes = None, keepdims: bool = False) -> Any:
    return xp.sum(x, axis=axis, keepdims=keepdims) / xp.size(x, axis)


def _mean_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return xp.broadcast_to(put_back(xp, g, axis, keepdims) / xp.size(x, axis), shape=xp.shape(x))


def _prod_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    """The product of all the others: of those before times those after, since `z / x` fails where x is 0."""
    axes = normalise(axis, xp.ndim(x))
    order = (*(item for item in range(xp.ndim(x)) if item not in axes), *axes)
    ordered = xp.permute_dims(x, axes=order)
    shape = xp.shape(ordered)
    kept = shape[: len(shape) - len(axes)]
    flat = xp.reshape(ordered, shape=(*kept, prod(shape[len(kept) :])))
    before = _multiply_before(xp, flat)
    after = xp.flip(_multiply_before(xp, xp.flip(flat, axis=-1)), axis=-1)
    others = xp.permute_dims(xp.reshape(before * after, shape=shape), axes=invert(order))
    return put_back(xp, g, axis, keepdims) * others


def _multiply_before(xp: Any, x: Any) -> Any:
    return xp.getitem(xp.cumulative_prod(x, axis=-1, include_initial=True), key=("...", ":-1"))


def _cumulative_sum(xp: Any, x: Any, *, axis: int | None = None, include_initial: bool = False) -> Any:
    return xp.cumulative_sum(x, axis=axis, include_initial=include_initial)


def _cumulative_sum_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: int | None, include_initial: bool) -> Any:
    axis = (axis or 0) % xp.ndim(x)
    if include_initial:
        g = xp.getitem(g, key=(*[":"] * axis, "1:"))
    return xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis)


def _cumulative_examples(rng: Any) -> Sequence[Any]:
    cases: list[dict[str, Any]] = [{"axis": 1}, {"axis": -2}, {"axis": 0, "include_initial": True}]
    return [((rng.normal(size=5),), {}), *[((rng.normal(size=(3, 4)),), attributes) for attributes in cases]]


def _sums() -> list[Operator]:
    return [
        reduction("sum", "z = sum of x over axis", _sum_dx, moves=True, takes="numeric", examples=_examples,
                  conventions="0 over an empty axis", special=[(([],), 0.0, ([],))]),
        Operator("mean", "z = sum of x over axis / number of elements",
                 forward=_mean, backward={"x": _mean_dx}, moves=True, examples=_examples,
                 conventions="NaN over an empty axis", special=[(([],), nan, ([],))]),
        reduction("prod", "z = product of x over axis", _prod_dx, takes="numeric", examples=_examples,
                  conventions="slopes are exact where factors are 0; 1 over an empty axis",
                  special=[(([0.0, 2.0, 3.0],), 0.0, ([6.0, 0.0, 0.0],)), (([0.0, 0.0, 3.0],), 0.0, ([0.0, 0.0, 0.0],)),
                           (([],), 1.0, ([],))]),
        Operator("cumulative_sum", "z[i] = x[0] + ... + x[i] along axis",
                 forward=_cumulative_sum, backward={"x": _cumulative_sum_dx}, kernels={}, moves=True, takes="numeric",
                 description="With include_initial a 0 goes before. The axis may be left out for a vector.",
                 examples=_cumulative_examples),
    ]  # fmt: skip


def _degrees(xp: Any, x: Any, axis: Axes, correction: float) -> Any:
    """What a sum of squares is divided by: too few elements, which would make it negative, give NaN or inf."""
    return max(xp.size(x, axis) - correction, 0)


def _var(xp: Any, x: Any, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    deviation = x - xp.mean(x, axis=axis, keepdims=True)
    return xp.sum(deviation * deviation, axis=axis, keepdims=keepdims) / _degrees(xp, x, axis, correction)


def _var_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, correction: float, keepdims: bool) -> Any:
    g = put_back(xp, g, axis, keepdims)
    return 2 * g / _degrees(xp, x, axis, correction) * (x - xp.mean(x, axis=axis, keepdims=True))


def _std(xp: Any, x: Any, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    return xp.sqrt(xp.var(x, axis=axis, correction=correction, keepdims=keepdims))


def _std_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, correction: float, keepdims: bool) -> Any:
    scaled = put_back(xp, xp.where(z == 0, 0.0, g / z), axis, keepdims)
    return scaled / _degrees(xp, x, axis, correction) * (x - xp.mean(x, axis=axis, keepdims=True))


def _spread_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((5,), {}), ((4,), {"correction": 1.0}), ((3, 4), {"axis": 1}), ((3, 4), {"axis": -2, "keepdims": True}),
        ((2, 3, 4), {"axis": (0, -1), "correction": 1}), ((3, 0), {"axis": 0}),
    ]  # fmt: skip
    return [((rng.normal(size=shape),), attributes) for shape, attributes in cases]


def _spreads() -> list[Operator]:
    return [
        Operator("var", "z = sum of (x - mean) ** 2 over axis / (number of elements - correction)",
                 forward=_var, backward={"x": _var_dx}, examples=_spread_examples,
                 conventions="NaN or inf where there are no more elements than correction",
                 special=[(([2.0, 2.0],), 0.0, ([0.0, 0.0],)), (([],), nan, ([],))]),
        Operator("std", "z = (sum of (x - mean) ** 2 over axis / (number of elements - correction)) ** (1/2)",
                 forward=_std, backward={"x": _std_dx}, examples=_spread_examples,
                 conventions="slope 0 where all elements are equal", special=[(([2.0, 2.0],), 0.0, ([0.0, 0.0],))]),
    ]  # fmt: skip


def _extreme_dx(xp: Any, g: Any, z: Any, x: Any, axis: Axes, keepdims: bool, passed_by: Any) -> Any:
    """The cotangent of the elements that no other passes by, in equal shares; NaN for all with a NaN among them."""
    z, g = put_back(xp, z, axis, keepdims), put_back(xp, g, axis, keepdims)
    extreme = xp.logical_not(passed_by(x, z))
    count = xp.cast_like(xp.count_nonzero(extreme, axis=axis, keepdims=True), g)
    return xp.keep(extreme, xp.where(z == z, g, nan) / count)


def _max_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _extreme_dx(xp, g, z, x, axis, keepdims, xp.less)


def _min_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _extreme_dx(xp, g, z, x, axis, keepdims, xp.greater)


def _extremes() -> list[Operator]:
    about: dict[str, Any] = {
        "takes": "numeric", "examples": _examples,
        "conventions": "slope 1/k each for k equal extremes; NaN for all if one is NaN; an empty axis is refused",
    }  # fmt: skip
    third = 1 / 3
    return [
        reduction("max", "z = the largest x over axis", _max_dx, **about,
                  special=[(([2.0, 2.0, 1.0, 2.0],), 2.0, ([third, third, 0.0, third],)),
                           (([nan, 1.0],), nan, ([nan, nan],)), (([-inf, -inf],), -inf, ([0.5, 0.5],))]),
        reduction("min", "z = the smallest x over axis", _min_dx, **about,
                  special=[(([1.0, 1.0, 2.0],), 1.0, ([0.5, 0.5, 0.0],)), (([nan, 1.0],), nan, ([nan, nan],))]),
    ]  # fmt: skip


def _argmax(xp: Any, x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
    return xp.argmax(x, axis=axis, keepdims=keepdims)


def _argmin(xp: Any, x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
    return xp.argmin(x, axis=axis, keepdims=keepdims)


def _counts() -> list[Operator]:
    index: dict[str, Any] = {
        "backward": {"x": None}, "kernels": {}, "takes": "numeric", "examples": _examples_of_one_axis,
        "conventions": "the first NaN if there is one; an empty axis is refused",
    }  # fmt: skip
    return [
        reduction("all", "z = every x over axis is true", None, takes="any", examples=_examples,
                  conventions="true over an empty axis"),
        reduction("any", "z = some x over axis is true", None, takes="any", examples=_examples,
                  conventions="false over an empty axis"),
        reduction("count_nonzero", "z = how many x over axis are not 0", None, takes="any", examples=_examples),
        Operator("argmax", "z = the index of the largest x along axis, the first at a tie", forward=_argmax, **index),
        Operator("argmin", "z = the index of the smallest x along axis, the first at a tie", forward=_argmin, **index),
    ]  # fmt: skip
