"""Sums, means, products, extremes and counts over axes. Names and meanings: Python Array API standard 2024.12."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan
from typing import Any

from dataflow.axes import reduces
from dataflow.operators import Axes, Operator, reduction
from dataflow_std.axes import merge_axes, put_back, split_axes

SHAPES = "dataflow_std.shapes.reductions"
REDUCED = "dataflow.shapes:shape_reduction"


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
    return [*_sums(), *_sums_without_nan(), *_extremes(), *_counts()]


def _sum_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return xp.broadcast_to(put_back(xp, g, axis, keepdims), shape=xp.shape(x))


def _mean(xp: Any, x: Any, *, axis: Axes = None, keepdims: bool = False) -> Any:
    return xp.sum(x, axis=axis, keepdims=keepdims) / xp.size(x, axis)


def _mean_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return xp.broadcast_to(put_back(xp, g, axis, keepdims) / xp.size(x, axis), shape=xp.shape(x))


def _prod_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    """The product of all the others: of those before times those after, since `z / x` fails where x is 0."""
    flat = merge_axes(xp, x, axis)
    before = _multiply_before(xp, flat)
    after = xp.flip(_multiply_before(xp, xp.flip(flat, axis=-1)), axis=-1)
    return put_back(xp, g, axis, keepdims) * split_axes(xp, before * after, axis, xp.shape(x))


def _multiply_before(xp: Any, x: Any) -> Any:
    return xp.getitem(xp.cumulative_prod(x, axis=-1, include_initial=True), key=("...", ":-1"))


def _sums() -> list[Operator]:
    return [
        reduction("sum", "z = sum of x over axis", _sum_dx, moves=True, takes="numeric", examples=_examples,
                  dtype=f"{SHAPES}:add_up",
                  conventions="0 over an empty axis",
                  special=[(([1.0, 2.0, 4.0],), 7.0, ([1.0, 1.0, 1.0],)), (([],), 0.0, ([],))]),
        Operator("mean", "z = sum of x over axis / number of elements",
                 forward=_mean, backward={"x": _mean_dx}, shape=REDUCED, moves=True, examples=_examples,
                 conventions="NaN over an empty axis",
                 special=[(([1.0, 2.0, 3.0, 6.0],), 3.0, ([0.25, 0.25, 0.25, 0.25],)), (([],), nan, ([],))]),
        reduction("prod", "z = product of x over axis", _prod_dx, takes="numeric", examples=_examples,
                  dtype=f"{SHAPES}:add_up",
                  conventions="slopes are exact where factors are 0; 1 over an empty axis",
                  special=[(([2.0, 3.0, 4.0],), 24.0, ([12.0, 8.0, 6.0],)),
                           (([0.0, 2.0, 3.0],), 0.0, ([6.0, 0.0, 0.0],)), (([0.0, 0.0, 3.0],), 0.0, ([0.0, 0.0, 0.0],)),
                           (([],), 1.0, ([],))]),
    ]  # fmt: skip


def _nansum(xp: Any, x: Any, *, axis: Axes = None, keepdims: bool = False) -> Any:
    return xp.sum(xp.where(xp.isnan(x), 0, x), axis=axis, keepdims=keepdims)


def _nansum_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return xp.keep(x == x, xp.broadcast_to(put_back(xp, g, axis, keepdims), shape=xp.shape(x)))


def _nanmean(xp: Any, x: Any, *, axis: Axes = None, keepdims: bool = False) -> Any:
    total = xp.nansum(x, axis=axis, keepdims=keepdims)
    return total / _count_numbers(xp, x, axis, keepdims, total)


def _nanmean_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    share = put_back(xp, g / _count_numbers(xp, x, axis, keepdims, g), axis, keepdims)
    return xp.keep(x == x, xp.broadcast_to(share, shape=xp.shape(x)))


def _count_numbers(xp: Any, x: Any, axis: Axes, keepdims: bool, like: Any) -> Any:
    return xp.cast_like(xp.count_nonzero(x == x, axis=axis, keepdims=keepdims), like)


def _examples_with_nan(rng: Any) -> Sequence[Any]:
    return [*_examples(rng), ((_make_holes(rng.normal(size=(3, 4))),), {"axis": 1}),
            ((_make_holes(rng.normal(size=(2, 3, 4))),), {"axis": (0, -1), "keepdims": True})]  # fmt: skip


def _make_holes(x: Any) -> Any:
    x[..., 1] = nan
    return x


def _sums_without_nan() -> list[Operator]:
    some, none = ([1.0, nan, 3.0],), ([nan, nan],)
    return [
        Operator("nansum", "z = sum of x over axis, NaN left out",
                 forward=_nansum, backward={"x": _nansum_dx}, takes="numeric", examples=_examples_with_nan,
                 shape=REDUCED, dtype=f"{SHAPES}:add_up",
                 conventions="NaN elements get nothing; 0 if all are NaN and over an empty axis",
                 special=[(some, 4.0, ([1.0, 0.0, 1.0],)), (none, 0.0, ([0.0, 0.0],)), (([],), 0.0, ([],)),
                          (([inf, nan, 1.0],), inf, ([1.0, 0.0, 1.0],))]),
        Operator("nanmean", "z = mean of x over axis, NaN left out",
                 forward=_nanmean, backward={"x": _nanmean_dx}, shape=REDUCED, examples=_examples_with_nan,
                 conventions="NaN elements get nothing; NaN if all are NaN and over an empty axis",
                 special=[(some, 2.0, ([0.5, 0.0, 0.5],)), (none, nan, ([0.0, 0.0],)), (([],), nan, ([],))]),
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
        reduction("max", "z = the largest x over axis", _max_dx, **about, shape=f"{SHAPES}:find_largest",
                  special=[(([1.0, 3.0, 2.0],), 3.0, ([0.0, 1.0, 0.0],)),
                           (([2.0, 2.0, 1.0, 2.0],), 2.0, ([third, third, 0.0, third],)),
                           (([nan, 1.0],), nan, ([nan, nan],)), (([-inf, -inf],), -inf, ([0.5, 0.5],))]),
        reduction("min", "z = the smallest x over axis", _min_dx, **about, shape=f"{SHAPES}:find_smallest",
                  special=[(([3.0, 1.0, 2.0],), 1.0, ([0.0, 1.0, 0.0],)),
                           (([1.0, 1.0, 2.0],), 1.0, ([0.5, 0.5, 0.0],)), (([nan, 1.0],), nan, ([nan, nan],))]),
    ]  # fmt: skip


def _argmax(xp: Any, x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
    return xp.argmax(x, axis=axis, keepdims=keepdims)


def _argmin(xp: Any, x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
    return xp.argmin(x, axis=axis, keepdims=keepdims)


def _counts() -> list[Operator]:
    index: dict[str, Any] = {
        "backward": {"x": None}, "kernels": {}, "dtype": "int64", "takes": "numeric", "examples": _examples_of_one_axis,
        "conventions": "the first NaN if there is one; an empty axis is refused",
    }  # fmt: skip
    return [
        reduction("all", "z = every x over axis is true", None, dtype="bool", takes="any", examples=_examples,
                  conventions="true over an empty axis; NaN is true",
                  special=[(([2.0, 0.0],), 0.0, (None,)), (([2.0, nan],), 1.0, (None,)), (([],), 1.0, (None,))]),
        reduction("any", "z = some x over axis is true", None, dtype="bool", takes="any", examples=_examples,
                  conventions="false over an empty axis; NaN is true",
                  special=[(([2.0, 0.0],), 1.0, (None,)), (([0.0, -0.0],), 0.0, (None,)), (([],), 0.0, (None,))]),
        reduction("count_nonzero", "z = how many x over axis are not 0", None, dtype="int64", takes="any",
                  examples=_examples,
                  conventions="0 over an empty axis; NaN counts",
                  special=[(([2.0, 0.0, -1.0],), 2.0, (None,)), (([nan, -0.0],), 1.0, (None,)),
                           (([],), 0.0, (None,))]),
        Operator("argmax", "z = the index of the largest x along axis, the first at a tie",
                 axes=reduces(None), forward=_argmax, **index,
                 shape=f"{SHAPES}:find_largest",
                 special=[(([1.0, 3.0, 2.0],), 1.0, (None,)), (([1.0, 3.0, 3.0],), 1.0, (None,)),
                          (([1.0, nan, inf],), 1.0, (None,))]),
        Operator("argmin", "z = the index of the smallest x along axis, the first at a tie",
                 axes=reduces(None), forward=_argmin, **index,
                 shape=f"{SHAPES}:find_smallest",
                 special=[(([3.0, 1.0, 2.0],), 1.0, (None,)), (([3.0, 1.0, 1.0],), 1.0, (None,)),
                          (([1.0, nan, -inf],), 1.0, (None,))]),
    ]  # fmt: skip
