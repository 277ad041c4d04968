"""Operators that pick elements by their place. Names: Python Array API standard 2024.12."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any

from dataflow.axes import map_others
from dataflow.operators import Operator

Key = tuple[int | str | None, ...]
SHAPES = "dataflow_std.shapes.indexing"
KERNELS = "dataflow_std.kernels.indexing"
TWINS = "dataflow_std.kernels.indexing_references"
NOTHING = "what is not taken gets nothing"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_by_place(), *_by_mask(), *_by_order()]


def _by_place() -> list[Operator]:
    integers: dict[str, Any] = {"kinds": {"indices": "integer"}, "conventions": NOTHING}
    return [
        Operator("getitem", "z = x[key]",
                 axes="dataflow_std.treatments.indexing:getitem", forward=_getitem, backward={"x": _getitem_dx},
                 kernels={}, shape=f"{SHAPES}:getitem", moves=True, takes="any", examples=_getitem_examples,
                 description='The key lists integers, null for a new axis, "..." and slices as "start:stop:step".',
                 conventions=NOTHING,
                 special=[(([5.0, 6.0, 7.0],), [5.0, 7.0], ([1.0, 0.0, 1.0],), {"key": ("::2",)}),
                          (([[5.0, 6.0], [7.0, 8.0]],), 7.0, ([[0.0, 0.0], [1.0, 0.0]],), {"key": (-1, 0)})]),
        Operator("take", "z = the parts of x at indices along axis",
                 axes="dataflow_std.treatments.indexing:take",
                 forward=_take, backward={"x": _take_dx, "indices": None},
                 kernels={}, shape=f"{SHAPES}:take", moves=True, takes="any", **integers, examples=_take_examples,
                 description="The indices, of any shape, stand in place of the axis; it may be left out for a vector. "
                             "Negative ones count from the end.",
                 special=[(([5.0, 6.0, 7.0], [2, 0, -1]), [7.0, 5.0, 7.0], ([1.0, 0.0, 2.0], None))]),
        Operator("take_along_axis", "z[.., i, ..] = x[.., indices[.., i, ..], ..]",
                 axes="dataflow_std.treatments.indexing:take_along_axis",
                 forward=_take_along_axis, backward={"x": _take_along_axis_dx, "indices": None},
                 kernels={}, shape=f"{SHAPES}:take_along_axis", moves=True, takes="any", **integers,
                 examples=_take_along_axis_examples,
                 description="The indices have as many axes as x; the other axes broadcast. Negative ones count from "
                             "the end.",
                 special=[(([[5.0, 6.0], [7.0, 8.0]], [[1], [0]]), [[6.0], [7.0]],
                           ([[0.0, 1.0], [1.0, 0.0]], None))]),
    ]  # fmt: skip


def _by_mask() -> list[Operator]:
    return [
        Operator("boolean_mask", "z = x[mask], the parts of x where the mask is true",
                 forward=_boolean_mask, backward={"x": _boolean_mask_dx, "mask": None},
                 kernels={"numpy": f"{KERNELS}:boolean_mask"}, shape=f"{SHAPES}:boolean_mask", moves=True,
                 takes="any", kinds={"mask": "bool"}, examples=_boolean_mask_examples,
                 reference=f"{TWINS}:boolean_mask", conventions=NOTHING,
                 description="The mask covers axes of x in a row, the first of them `axis`; in z one axis stands in "
                             "their place, with as many elements as are true. The shape of z rests on the values of "
                             "the mask; masked_fill and where keep the shape.",
                 special=[(([5.0, 6.0, 7.0], [True, False, True]), [5.0, 7.0], ([1.0, 0.0, 1.0], None))]),
        Operator("masked_fill", "z = value where the mask is true, x elsewhere",
                 forward=lambda xp, x, mask, value: xp.where(mask, value, x),
                 takes="any", kinds={"mask": "bool"}, examples=_masked_fill_examples, conventions=NOTHING,
                 description="The three broadcast against each other.",
                 special=[(([5.0, 6.0], [True, False], 9.0), [9.0, 6.0], ([0.0, 1.0], None, 1.0))]),
    ]  # fmt: skip


def _by_order() -> list[Operator]:
    return [
        Operator("top_k", "values, indices = the k largest x along axis, from the largest down, and where they are",
                 axes=map_others(2),
                 forward=_top_k, backward={"x": _top_k_dx}, outputs=("values", "indices"),
                 kernels={"numpy": f"{KERNELS}:top_k"}, shape=f"{SHAPES}:top_k", dtype=(None, "int64"),
                 moves=True, takes="numeric", examples=_top_k_examples,
                 reference=f"{TWINS}:top_k", description="With largest false the k smallest, from the smallest up.",
                 conventions="at a tie the first one comes first, and gets the cotangent; NaN counts as larger than "
                             "any number",
                 special=[(([3.0, 9.0, 5.0],), ([9.0, 5.0], [1, 2]), ([0.0, 1.0, 1.0],), {"k": 2}),
                          (([2.0, 7.0, 7.0],), ([7.0], [1]), ([0.0, 1.0, 0.0],), {"k": 1}),
                          (([7.0, 2.0, 2.0],), ([2.0], [1]), ([0.0, 1.0, 0.0],), {"k": 1, "largest": False}),
                          (([1.0, nan],), ([nan], [1]), ([0.0, 1.0],), {"k": 1})]),
    ]  # fmt: skip


def _getitem(xp: Any, x: Any, *, key: Key) -> Any:
    return xp.getitem(x, key=key)


def _getitem_dx(xp: Any, g: Any, z: Any, x: Any, *, key: Key) -> Any:
    return xp.put_items(g, key=key, shape=xp.shape(x))


def _getitem_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], Key]] = [
        ((5,), (1,)), ((5,), ("1:4",)), ((5,), ("::-2",)), ((3, 4), (-1, "1:")), ((3, 4), ("...", 0)),
        ((3, 4), (None, ":", 2)), ((2, 3, 4), (1, "...", "::2")), ((3,), ()), ((3,), ("2:1",)), ((0, 2), (":", 1)),
    ]  # fmt: skip
    return [((rng.normal(size=shape),), {"key": key}) for shape, key in cases]


def _take(xp: Any, x: Any, indices: Any, *, axis: int | None = None) -> Any:
    return xp.take(x, indices, axis=axis)


def _take_dx(xp: Any, g: Any, z: Any, x: Any, indices: Any, *, axis: int | None) -> Any:
    return xp.put_add(g, indices, axis=axis, shape=xp.shape(x))


def _take_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], tuple[int, ...], int | None]] = [
        ((5,), (7,), None), ((5,), (), 0), ((4, 3), (6,), 0), ((4, 3), (2, 2), 1), ((2, 4, 3), (3, 2), -2),
        ((4, 3), (0,), 0), ((40, 64), (90,), 0),
    ]  # fmt: skip
    return [
        ((rng.normal(size=shape), rng.integers(-shape[axis or 0], shape[axis or 0], size=count)), {"axis": axis})
        for shape, count, axis in cases
    ]


def _take_along_axis(xp: Any, x: Any, indices: Any, *, axis: int = -1) -> Any:
    return xp.take_along_axis(x, indices, axis=axis)


def _take_along_axis_dx(xp: Any, g: Any, z: Any, x: Any, indices: Any, *, axis: int) -> Any:
    return xp.put_add_along_axis(g, indices, axis=axis, shape=xp.shape(x))


def _take_along_axis_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], tuple[int, ...], int]] = [
        ((5,), (7,), -1), ((3, 4), (3, 2), 1), ((3, 4), (5, 4), 0), ((2, 1, 3), (2, 4, 2), -1), ((3, 4), (1, 2), -1),
    ]  # fmt: skip
    return [
        ((rng.normal(size=shape), rng.integers(0, shape[axis], size=count)), {"axis": axis})
        for shape, count, axis in cases
    ]


def _boolean_mask(xp: Any, x: Any, mask: Any, *, axis: int = 0) -> Any:
    return xp.boolean_mask(x, mask, axis=axis)


def _boolean_mask_dx(xp: Any, g: Any, z: Any, x: Any, mask: Any, *, axis: int) -> Any:
    return xp.put_masked(g, mask, axis=axis, shape=xp.shape(x))


def _boolean_mask_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
        ((5,), (5,), {}), ((3, 4), (3, 4), {}), ((5, 2), (5,), {}), ((2, 5), (5,), {"axis": 1}),
        ((2, 5), (5,), {"axis": -1}), ((2, 3, 4), (3, 4), {"axis": 1}), ((0, 3), (0,), {}),
    ]  # fmt: skip
    some = [((rng.normal(size=x), rng.random(size=mask) < 0.5), attributes) for x, mask, attributes in cases]
    return [*some, ((rng.normal(size=3), [False] * 3), {}), ((rng.normal(size=1), [True]), {})]


def _masked_fill_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = [
        ((), (), ()), ((5,), (5,), ()), ((3, 4), (4,), ()), ((3, 1), (4,), (3, 4)), ((0, 3), (3,), ()),
    ]  # fmt: skip
    return [((rng.normal(size=x), rng.random(size=mask) < 0.5, rng.normal(size=value)), {}) for x, mask, value in cases]


def _top_k(xp: Any, x: Any, *, k: int, axis: int = -1, largest: bool = True) -> Any:
    return xp.top_k(x, k=k, axis=axis, largest=largest)


def _top_k_dx(xp: Any, g: Any, z: Any, x: Any, *, k: int, axis: int, largest: bool) -> Any:
    return xp.put_add_along_axis(g[0], z[1], axis=axis, shape=xp.shape(x))


def _top_k_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((5,), {"k": 2}), ((5,), {"k": 5}), ((3, 4), {"k": 2, "axis": 0}), ((2, 3, 4), {"k": 1, "axis": -2}),
        ((4, 20), {"k": 2}), ((4, 20), {"k": 2, "largest": False}), ((20, 3), {"k": 1, "axis": 0}), ((3,), {"k": 0}),
        ((1,), {"k": 1, "largest": False}), ((0, 3), {"k": 2}),
    ]  # fmt: skip
    return [((rng.normal(size=shape),), attributes) for shape, attributes in cases]
