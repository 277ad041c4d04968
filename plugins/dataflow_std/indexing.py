"""Operators that pick elements by their place. Names: Python Array API standard 2024.12."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow.operators import Operator

Key = tuple[int | str | None, ...]


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [
        Operator("getitem", "z = x[key]", forward=_getitem, backward={"x": _getitem_dx},
                 kernels={}, moves=True, takes="any", examples=_getitem_examples,
                 description='The key lists integers, null for a new axis, "..." and slices as "start:stop:step".',
                 conventions="what is not taken gets nothing"),
        Operator("take", "z = the parts of x at indices along axis",
                 forward=_take, backward={"x": _take_dx, "indices": None},
                 kernels={}, moves=True, takes="any", kinds={"indices": "integer"}, examples=_take_examples,
                 description="The indices, of any shape, stand in place of the axis; it may be left out for a vector. "
                             "Negative ones count from the end.",
                 conventions="what is not taken gets nothing"),
        Operator("take_along_axis", "z[.., i, ..] = x[.., indices[.., i, ..], ..]",
                 forward=_take_along_axis, backward={"x": _take_along_axis_dx, "indices": None},
                 kernels={}, moves=True, takes="any", kinds={"indices": "integer"}, examples=_take_along_axis_examples,
                 description="The indices have as many axes as x; the other axes broadcast. Negative ones count from "
                             "the end.",
                 conventions="what is not taken gets nothing"),
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
