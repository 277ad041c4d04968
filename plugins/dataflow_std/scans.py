"""Running sums, products and extremes along an axis. Sums and products: Python Array API standard 2024.12."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log, nan
from typing import Any

from dataflow.axes import map_others
from dataflow.operators import Operator
from dataflow_std.axes import sum_to

SHAPES = "dataflow_std.shapes.scans"
ADDED = "dataflow_std.shapes.reductions:add_up"  # its dtype
VECTOR = "The axis may be left out for a vector."


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_running_sums(), *_running_extremes(), *_running_logarithms(), _make_recurrence()]


def _part(axis: int, key: str) -> tuple[str, ...]:
    """The key of a part along an axis, counted from 0."""
    return (*[":"] * axis, key)


def _place(xp: Any, x: Any, axis: int | None) -> int:
    return (axis or 0) % int(xp.ndim(x))


def _cumulative_sum(xp: Any, x: Any, *, axis: int | None = None, include_initial: bool = False) -> Any:
    return xp.cumulative_sum(x, axis=axis, include_initial=include_initial)


def _cumulative_sum_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: int | None, include_initial: bool) -> Any:
    axis = _place(xp, x, axis)
    if include_initial:
        g = xp.getitem(g, key=_part(axis, "1:"))
    return xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis)


def _cumulative_prod(xp: Any, x: Any, *, axis: int | None = None, include_initial: bool = False) -> Any:
    return xp.cumulative_prod(x, axis=axis, include_initial=include_initial)


def _cumulative_prod_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: int | None, include_initial: bool) -> Any:
    """What is before an element times what the cotangents, going back, collect of what is after it: no `z / x`."""
    axis = _place(xp, x, axis)
    if include_initial:
        g = xp.getitem(g, key=_part(axis, "1:"))
    before = xp.getitem(xp.cumulative_prod(x, axis=axis, include_initial=True), key=_part(axis, ":-1"))
    return before * xp.linear_recurrence(g, _shift_back(xp, x, axis), axis=axis, reverse=True)


def _shift_back(xp: Any, x: Any, axis: int) -> Any:
    """For each element the next one; the last stays."""
    return xp.concat([xp.getitem(x, key=_part(axis, "1:")), xp.getitem(x, key=_part(axis, "-1:"))], axis=axis)


def _shift(xp: Any, x: Any, axis: int) -> Any:
    """For each element the one before; the first stays."""
    return xp.concat([xp.getitem(x, key=_part(axis, ":1")), xp.getitem(x, key=_part(axis, ":-1"))], axis=axis)


def _examples_of_sums(rng: Any) -> Sequence[Any]:
    started: list[dict[str, Any]] = [{"include_initial": True}, {"axis": -1, "include_initial": True}]
    return [
        *_examples(rng),
        ((rng.normal(size=4),), started[0]),
        *[((rng.normal(size=shape),), started[1]) for shape in [(2, 3), (2, 0)]],
    ]


def _examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((5,), {}), ((1,), {}), ((3, 4), {"axis": 1}), ((3, 4), {"axis": -2}), ((2, 3, 4), {"axis": 1}),
        ((0,), {}), ((2, 0), {"axis": 1}), ((0, 3), {"axis": 1}),
    ]  # fmt: skip
    return [((rng.normal(size=shape),), attributes) for shape, attributes in cases]


def _running_sums() -> list[Operator]:
    return [
        Operator("cumulative_sum", "z[i] = x[0] + ... + x[i] along axis",
                 axes=map_others(),
                 forward=_cumulative_sum, backward={"x": _cumulative_sum_dx}, kernels={}, shape=f"{SHAPES}:add_up",
                 dtype=ADDED, moves=True, takes="numeric",
                 description=f"With include_initial a 0 goes before. {VECTOR}", examples=_examples_of_sums,
                 special=[(([1.0, 2.0, 4.0],), [1.0, 3.0, 7.0], ([3.0, 2.0, 1.0],)),
                          (([1.0, 2.0],), [0.0, 1.0, 3.0], ([2.0, 1.0],), {"include_initial": True}),
                          (([],), [], ([],))]),
        Operator("cumulative_prod", "z[i] = x[0] * ... * x[i] along axis",
                 axes=map_others(),
                 forward=_cumulative_prod, backward={"x": _cumulative_prod_dx}, kernels={}, shape=f"{SHAPES}:add_up",
                 dtype=ADDED, takes="numeric",
                 description=f"With include_initial a 1 goes before. {VECTOR}", examples=_examples_of_sums,
                 conventions="slopes are exact where factors are 0",
                 special=[(([2.0, 3.0, 4.0],), [2.0, 6.0, 24.0], ([16.0, 10.0, 6.0],)),
                          (([2.0, 3.0],), [1.0, 2.0, 6.0], ([4.0, 2.0],), {"include_initial": True}),
                          (([0.0, 2.0],), [0.0, 0.0], ([3.0, 0.0],)),
                          (([3.0, 0.0, 2.0, 0.0],), [3.0, 0.0, 0.0, 0.0], ([1.0, 9.0, 0.0, 0.0],)),
                          (([],), [], ([],))]),
    ]  # fmt: skip


def _cumulative_max(xp: Any, x: Any, *, axis: int | None = None) -> Any:
    return xp.cumulative_max(x, axis=axis)


def _cumulative_min(xp: Any, x: Any, *, axis: int | None = None) -> Any:
    return xp.cumulative_min(x, axis=axis)


def _cumulative_max_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: int | None) -> Any:
    return _running_extreme_dx(xp, g, z, x, axis, xp.less)


def _cumulative_min_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: int | None) -> Any:
    return _running_extreme_dx(xp, g, z, x, axis, xp.greater)


def _running_extreme_dx(xp: Any, g: Any, z: Any, x: Any, axis: int | None, passed_by: Any) -> Any:
    """While the extreme stays the same, each z shares its cotangent equally among those that reached it so far."""
    axis = _place(xp, x, axis)
    reached = xp.logical_not(passed_by(x, z))
    same = xp.cast_like(z == _shift(xp, z, axis), g)
    count = xp.linear_recurrence(xp.cast_like(reached, g), same, axis=axis)
    collected = xp.linear_recurrence(g / count, _shift_back(xp, same, axis), axis=axis, reverse=True)
    last = xp.getitem(z, key=_part(axis, "-1:"))
    return xp.keep(xp.logical_or(reached, last != last), xp.where(last == last, collected, nan))


def _running_extremes() -> list[Operator]:
    third = 1 / 3
    about: dict[str, Any] = {
        "shape": f"{SHAPES}:accumulate", "takes": "numeric", "examples": _examples, "description": VECTOR,
        "conventions": "an element of z has slope 1/k in each of the k that are equal to it so far; NaN from the first "
                       "NaN on, with slopes NaN for all",
    }  # fmt: skip
    return [
        Operator("cumulative_max", "z[i] = the largest of x[0], ..., x[i] along axis",
                 axes=map_others(),
                 forward=_cumulative_max, backward={"x": _cumulative_max_dx},
                 kernels={"numpy": "dataflow_std.kernels.scans:cumulative_max"}, **about,
                 reference="dataflow_std.kernels.scans_references:cumulative_max",
                 special=[(([1.0, 3.0, 2.0],), [1.0, 3.0, 3.0], ([1.0, 2.0, 0.0],)),
                          (([2.0, 2.0, 1.0, 2.0],), [2.0] * 4, ([2 + third, 1 + third, 0.0, third],)),
                          (([1.0, nan, 2.0],), [1.0, nan, nan], ([nan, nan, nan],)),
                          (([-inf, -inf],), [-inf, -inf], ([1.5, 0.5],)), (([],), [], ([],))]),
        Operator("cumulative_min", "z[i] = the smallest of x[0], ..., x[i] along axis",
                 axes=map_others(),
                 forward=_cumulative_min, backward={"x": _cumulative_min_dx},
                 kernels={"numpy": "dataflow_std.kernels.scans:cumulative_min"}, **about,
                 reference="dataflow_std.kernels.scans_references:cumulative_min",
                 special=[(([3.0, 1.0, 2.0],), [3.0, 1.0, 1.0], ([1.0, 2.0, 0.0],)),
                          (([2.0, 1.0, 1.0],), [2.0, 1.0, 1.0], ([1.0, 1.5, 0.5],)),
                          (([1.0, nan],), [1.0, nan], ([nan, nan],)), (([],), [], ([],))]),
    ]  # fmt: skip


def _log_cumulative_sum_exp(xp: Any, x: Any, *, axis: int | None = None) -> Any:
    return xp.log_cumulative_sum_exp(x, axis=axis)


def _log_cumulative_sum_exp_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: int | None) -> Any:
    """The sum of g[i] * e ** (x - z[i]) over the later i, whose steps e ** (z[i] - z[i + 1]) are at most 1."""
    axis = _place(xp, x, axis)
    later = _shift_back(xp, z, axis)
    steps = xp.where(z == later, 1.0, xp.exp(z - later))
    collected = xp.linear_recurrence(g, steps, axis=axis, reverse=True)
    undefined = xp.where(collected == 0, collected, nan)
    return xp.where(xp.isinf(z), undefined, xp.exp(x - z) * collected)


def _running_logarithms() -> list[Operator]:
    return [
        Operator("log_cumulative_sum_exp", "z[i] = ln(e ** x[0] + ... + e ** x[i]) along axis",
                 axes=map_others(),
                 forward=_log_cumulative_sum_exp, backward={"x": _log_cumulative_sum_exp_dx},
                 kernels={"numpy": "dataflow_std.kernels.scans:log_cumulative_sum_exp"}, shape=f"{SHAPES}:accumulate",
                 reference="dataflow_std.kernels.scans_references:log_cumulative_sum_exp",
                 examples=_examples, description=VECTOR,
                 conventions="exact where e ** x overflows; where z is infinite its slope is NaN, as for logsumexp, "
                             "and only if there is a cotangent for it or, z being the same, for a later one",
                 special=[(([0.0, 0.0],), [0.0, log(2.0)], ([1.5, 0.5],)),
                          (([1000.0, 0.0],), [1000.0, 1000.0], ([2.0, 0.0],)),
                          (([-1000.0, 1000.0],), [-1000.0, 1000.0], ([1.0, 1.0],)),
                          (([0.0, -inf],), [0.0, 0.0], ([2.0, 0.0],)), (([-inf, 0.0],), [-inf, 0.0], ([nan, 1.0],)),
                          (([-inf, -inf],), [-inf, -inf], ([nan, nan],)), (([],), [], ([],))]),
    ]  # fmt: skip


def _linear_recurrence(xp: Any, x: Any, a: Any, *, axis: int = -1, reverse: bool = False) -> Any:
    return xp.linear_recurrence(x, a, axis=axis, reverse=reverse)


def _linear_recurrence_dx(xp: Any, g: Any, z: Any, x: Any, a: Any, *, axis: int, reverse: bool) -> Any:
    """The same the other way round: z[i] reaches z[i + 1] by a[i + 1]."""
    a = xp.broadcast_to(a, shape=xp.shape(x))
    passed_on = (_shift if reverse else _shift_back)(xp, a, _place(xp, x, axis))
    return xp.linear_recurrence(g, passed_on, axis=axis, reverse=not reverse)


def _linear_recurrence_da(xp: Any, g: Any, z: Any, x: Any, a: Any, *, axis: int, reverse: bool) -> Any:
    collected = _linear_recurrence_dx(xp, g, z, x, a, axis=axis, reverse=reverse)
    place = _place(xp, x, axis)
    first = xp.zeros_like(xp.getitem(z, key=_part(place, "-1:" if reverse else ":1")))
    rest = xp.getitem(z, key=_part(place, "1:" if reverse else ":-1"))
    before = xp.concat([rest, first] if reverse else [first, rest], axis=place)
    return sum_to(xp, collected * before, xp.shape(a))


def _recurrence_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
        ((5,), (5,), {}), ((5,), (), {"reverse": True}), ((1,), (1,), {}), ((2, 6), (2, 6), {}),
        ((6, 2), (6, 1), {"axis": 0, "reverse": True}), ((2, 3, 4), (3, 4), {"axis": 1}), ((3, 4), (1,), {"axis": -2}),
        ((2, 6), (6,), {"reverse": True}), ((0,), (0,), {}), ((2, 0), (2, 0), {}),
    ]  # fmt: skip
    return [((rng.normal(size=shape), rng.normal(size=other)), attributes) for shape, other, attributes in cases]


def _make_recurrence() -> Operator:
    return Operator(
        "linear_recurrence", "z[i] = x[i] + a[i] * z[i - 1] along axis",
        axes=map_others(),
        forward=_linear_recurrence, backward={"x": _linear_recurrence_dx, "a": _linear_recurrence_da},
        kernels={"numpy": "dataflow_std.kernels.scans:linear_recurrence"}, shape=f"{SHAPES}:linear_recurrence",
        examples=_recurrence_examples,
        reference="dataflow_std.kernels.scans_references:linear_recurrence",
        description="z begins with x[0]; with reverse it begins at the end, z[i] = x[i] + a[i] * z[i + 1]. a "
                    "broadcasts against x: a number a gives discounted sums.",
        conventions="where a is 0 nothing from before counts, not even inf or NaN",
        special=[(([1.0, 2.0, 3.0], [9.0, 2.0, 3.0]), [1.0, 4.0, 15.0], ([9.0, 4.0, 1.0], [0.0, 4.0, 4.0])),
                 (([1.0, 2.0, 3.0], 0.5), [2.75, 3.5, 3.0], ([1.0, 1.5, 1.75], 8.0), {"reverse": True}),
                 (([1.0, 2.0], [1.0, 0.0]), [1.0, 2.0], ([1.0, 1.0], [0.0, 1.0])),
                 (([inf, 2.0], [1.0, 0.0]), [inf, 2.0], ([1.0, 1.0], [0.0, inf])), (([], []), [], ([], []))],
    )  # fmt: skip
