"""Operators that put elements in places: each is the adjoint of one that takes them, or rests on one that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow.operators import Operator
from dataflow_std.axes import sum_to

Shape = tuple[int, ...]
Key = tuple[int | str | None, ...]
SHAPES = "dataflow_std.shapes.scatter"
KERNELS = "dataflow_std.kernels.scatter"
TWINS = "dataflow_std.kernels.scatter_references"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_scatters(), *_adjoints()]


def _scatter(xp: Any, x: Any, indices: Any, updates: Any, *, axis: int = -1) -> Any:
    return xp.scatter(x, indices, updates, axis=axis)


def _scatter_dx(xp: Any, g: Any, z: Any, x: Any, indices: Any, updates: Any, *, axis: int) -> Any:
    return xp.scatter(g, indices, 0.0, axis=axis)


def _scatter_dupdates(xp: Any, g: Any, z: Any, x: Any, indices: Any, updates: Any, *, axis: int) -> Any:
    taken = xp.take_along_axis(g, indices, axis=axis)
    stays = _find_last(xp, indices, xp.shape(x), axis % xp.ndim(x))
    return sum_to(xp, xp.where(stays, taken, 0.0), xp.shape(updates))


def _find_last(xp: Any, indices: Any, shape: Shape, axis: int) -> Any:
    """Where an index is the last one for its place: the numbers of the indices are scattered, and looked up again."""
    count = xp.shape(indices)[axis]
    numbers = xp.reshape(xp.arange(stop=count), shape=(*[1] * axis, count, *[1] * (len(shape) - axis - 1)))
    written = xp.scatter(xp.zeros(shape=shape), indices, numbers, axis=axis)
    return xp.take_along_axis(written, indices, axis=axis) == numbers


def _scatter_add(xp: Any, x: Any, indices: Any, updates: Any, *, axis: int = -1) -> Any:
    return xp.scatter_add(x, indices, updates, axis=axis)


def _scatter_add_dx(xp: Any, g: Any, z: Any, x: Any, indices: Any, updates: Any, *, axis: int) -> Any:
    return g


def _scatter_add_dupdates(xp: Any, g: Any, z: Any, x: Any, indices: Any, updates: Any, *, axis: int) -> Any:
    return sum_to(xp, xp.take_along_axis(g, indices, axis=axis), xp.shape(updates))


def _scatter_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[Shape, Shape, Shape, dict[str, Any]]] = [
        ((5,), (3,), (3,), {}), ((5,), (8,), (8,), {}), ((3, 4), (3, 6), (3, 6), {}),
        ((3, 4), (5, 4), (5, 4), {"axis": 0}), ((3, 4), (1, 6), (6,), {}), ((0, 3), (0, 2), (0, 2), {}),
        ((2, 3, 4), (2, 5, 4), (2, 5, 4), {"axis": -2}), ((3, 4), (1, 2), (3, 2), {}), ((3, 4), (3, 6), (), {}),
        ((3, 4), (3, 0), (3, 0), {}), ((1,), (1,), (1,), {"axis": 0}),
    ]  # fmt: skip
    return [
        ((rng.normal(size=x), rng.integers(-x[axis], x[axis], size=indices), rng.normal(size=updates)), attributes)
        for x, indices, updates, attributes in cases
        for axis in [attributes.get("axis", -1)]
    ]


def _segment_sum(xp: Any, x: Any, segments: Any, *, num_segments: int) -> Any:
    return xp.segment_sum(x, segments, num_segments=num_segments)


def _segment_sum_dx(xp: Any, g: Any, z: Any, x: Any, segments: Any, *, num_segments: int) -> Any:
    return xp.take(g, segments, axis=0)


def _segment_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[Shape, int]] = [
        ((6,), 3), ((6,), 9), ((5, 3), 2), ((4, 2, 3), 4), ((1,), 1), ((0, 3), 2), ((90, 64), 7),
    ]  # fmt: skip
    return [
        ((rng.normal(size=shape), rng.integers(0, number, size=shape[0])), {"num_segments": number})
        for shape, number in cases
    ]


def _scatters() -> list[Operator]:
    about: dict[str, Any] = {"shape": f"{SHAPES}:scatter", "moves": True, "kinds": {"indices": "integer"},
                             "examples": _scatter_examples}  # fmt: skip
    region = ("The indices have as many axes as x; each other axis has 1 element, or as many as that of x. The updates "
              "broadcast to one for each index. Negative indices count from the end.")  # fmt: skip
    return [
        Operator("scatter", "z = x, but z[.., indices[.., i, ..], ..] = updates[.., i, ..] along axis",
                 axes="dataflow_std.treatments.indexing:scatter",
                 forward=_scatter, backward={"x": _scatter_dx, "indices": None, "updates": _scatter_dupdates},
                 kernels={"numpy": f"{KERNELS}:scatter"}, takes="any", **about, reference=f"{TWINS}:scatter",
                 description=region,
                 conventions="of several updates for one place the last one stays, and gets the cotangent",
                 special=[(([1.0, 2.0, 3.0], [2, 0], [7.0, 8.0]), [8.0, 2.0, 7.0], ([0.0, 1.0, 0.0], None, [1.0, 1.0])),
                          (([1.0, 2.0], [1, -1], [7.0, 8.0]), [1.0, 8.0], ([1.0, 0.0], None, [0.0, 1.0]))]),
        Operator("scatter_add", "z = x, but z[.., indices[.., i, ..], ..] += updates[.., i, ..] along axis",
                 axes="dataflow_std.treatments.indexing:scatter",
                 forward=_scatter_add,
                 backward={"x": _scatter_add_dx, "indices": None, "updates": _scatter_add_dupdates},
                 kernels={"numpy": f"{KERNELS}:scatter_add"}, takes="numeric", **about,
                 reference=f"{TWINS}:scatter_add", description=region,
                 special=[(([1.0, 2.0, 3.0], [2, 0, 2], [7.0, 8.0, 9.0]), [9.0, 2.0, 19.0],
                           ([1.0, 1.0, 1.0], None, [1.0, 1.0, 1.0]))]),
        Operator("segment_sum", "z[s] = sum of x[i] over all i with segments[i] = s",
                 axes="dataflow_std.treatments.indexing:segment_sum",
                 forward=_segment_sum, backward={"x": _segment_sum_dx, "segments": None},
                 kernels={"numpy": f"{KERNELS}:segment_sum"}, shape=f"{SHAPES}:segment_sum", moves=True,
                 takes="numeric", kinds={"segments": "integer"}, examples=_segment_examples,
                 reference=f"{TWINS}:segment_sum",
                 description="Segments are numbers from 0 to below num_segments, one for each element along the first "
                             "axis of x, in any order; anything else is refused.",
                 conventions="0 for a segment that has no elements",
                 special=[(([1.0, 2.0, 3.0], [1, 0, 1]), [2.0, 4.0, 0.0], ([1.0, 1.0, 1.0], None),
                           {"num_segments": 3})]),
    ]  # fmt: skip


def _put_items(xp: Any, x: Any, *, key: Key, shape: Shape) -> Any:
    return xp.put_items(x, key=key, shape=shape)


def _put_items_dx(xp: Any, g: Any, z: Any, x: Any, *, key: Key, shape: Shape) -> Any:
    return xp.getitem(g, key=key)


def _put_items_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[Shape, Key, Shape]] = [
        ((3,), ("1:4",), (5,)), ((), (1,), (5,)), ((3,), ("::-2",), (5,)), ((3,), (-1, "1:"), (3, 4)),
        ((1, 3), (None, ":", 2), (3, 4)), ((2, 3), (), (2, 3)), ((0,), (":", 1), (0, 2)),
    ]  # fmt: skip
    return [((rng.normal(size=x),), {"key": key, "shape": shape}) for x, key, shape in cases]


def _put_masked(xp: Any, x: Any, mask: Any, *, axis: int = 0, shape: Shape) -> Any:
    return xp.put_masked(x, mask, axis=axis, shape=shape)


def _put_masked_dx(xp: Any, g: Any, z: Any, x: Any, mask: Any, *, axis: int, shape: Shape) -> Any:
    return xp.boolean_mask(g, mask, axis=axis)


def _put_masked_examples(rng: Any) -> Sequence[Any]:
    mask = [True, False, True]
    return [
        ((rng.normal(size=2), mask), {"shape": (3,)}),
        ((rng.normal(size=(2, 4)), mask), {"shape": (3, 4)}),
        ((rng.normal(size=(4, 2)), mask), {"shape": (4, 3), "axis": -1}),
        ((rng.normal(size=(2, 4)), [[False, True, True]]), {"shape": (1, 3, 4)}),
        ((rng.normal(size=0), [False, False]), {"shape": (2,)}),
    ]


def _put_add(xp: Any, x: Any, indices: Any, *, axis: int | None = None, shape: Shape) -> Any:
    return xp.put_add(x, indices, axis=axis, shape=shape)


def _put_add_dx(xp: Any, g: Any, z: Any, x: Any, indices: Any, *, axis: int | None, shape: Shape) -> Any:
    return xp.take(g, indices, axis=axis)


def _put_add_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[Shape, Shape, int | None, Shape]] = [
        ((7,), (7,), None, (5,)), ((), (), 0, (5,)), ((6, 3), (6,), 0, (4, 3)), ((4, 2, 2), (2, 2), 1, (4, 3)),
        ((2, 3, 2, 3), (3, 2), -2, (2, 4, 3)), ((0, 3), (0,), 0, (4, 3)), ((90, 64), (90,), 0, (40, 64)),
    ]  # fmt: skip
    return [
        ((rng.normal(size=x), rng.integers(-length, length, size=indices)), {"axis": axis, "shape": shape})
        for x, indices, axis, shape in cases
        for length in [shape[axis or 0]]
    ]


def _put_add_along_axis(xp: Any, x: Any, indices: Any, *, axis: int = -1, shape: Shape) -> Any:
    return xp.put_add_along_axis(x, indices, axis=axis, shape=shape)


def _put_add_along_axis_dx(xp: Any, g: Any, z: Any, x: Any, indices: Any, *, axis: int, shape: Shape) -> Any:
    return sum_to(xp, xp.take_along_axis(g, indices, axis=axis), xp.shape(x))


def _put_add_along_axis_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[Shape, Shape, int, Shape]] = [
        ((7,), (7,), -1, (5,)), ((3, 2), (3, 2), 1, (3, 4)), ((5, 4), (5, 4), 0, (3, 4)), ((), (3, 2), 1, (3, 4)),
        ((2, 4, 2), (2, 4, 2), -1, (2, 1, 3)), ((3, 2), (1, 2), -1, (3, 4)), ((3, 0), (3, 0), -1, (3, 4)),
    ]  # fmt: skip
    return [
        ((rng.normal(size=x), rng.integers(-shape[axis], shape[axis], size=indices)), {"axis": axis, "shape": shape})
        for x, indices, axis, shape in cases
    ]


def _adjoints() -> list[Operator]:
    integers: dict[str, Any] = {"kernels": {}, "moves": True, "takes": "numeric", "kinds": {"indices": "integer"}}
    return [
        Operator("put_items", "z = 0, but z[key] = x",
                 axes="dataflow_std.treatments.indexing:put_items", forward=_put_items, backward={"x": _put_items_dx},
                 kernels={}, shape=f"{SHAPES}:put_items", moves=True, takes="any", examples=_put_items_examples,
                 description="The adjoint of getitem; shape is that of z.",
                 special=[(([5.0, 7.0],), [0.0, 5.0, 0.0, 7.0], ([1.0, 1.0],), {"key": ("1::2",), "shape": (4,)})]),
        Operator("put_masked", "z = 0, but z[mask] = x", forward=_put_masked,
                 backward={"x": _put_masked_dx, "mask": None}, kernels={"numpy": f"{KERNELS}:put_masked"},
                 shape=f"{SHAPES}:put_masked", moves=True,
                 takes="any", kinds={"mask": "bool"}, examples=_put_masked_examples,
                 description="The adjoint of boolean_mask; shape is that of z.",
                 special=[(([5.0, 7.0], [False, True, True]), [0.0, 5.0, 7.0], ([1.0, 1.0], None), {"shape": (3,)})]),
        Operator("put_add", "z = 0, but z[.., indices[i], ..] += x[.., i, ..] along axis",
                 axes="dataflow_std.treatments.indexing:put_add", forward=_put_add,
                 backward={"x": _put_add_dx, "indices": None}, **integers, examples=_put_add_examples,
                 shape=f"{SHAPES}:put_add",
                 reference=f"{TWINS}:put_add", description="The adjoint of take; shape is that of z.",
                 special=[(([5.0, 7.0, 9.0], [2, 0, 2]), [7.0, 0.0, 14.0], ([1.0, 1.0, 1.0], None), {"shape": (3,)})]),
        Operator("put_add_along_axis", "z = 0, but z[.., indices[.., i, ..], ..] += x[.., i, ..] along axis",
                 axes="dataflow_std.treatments.indexing:put_add_along_axis",
                 forward=_put_add_along_axis, backward={"x": _put_add_along_axis_dx, "indices": None}, **integers,
                 shape=f"{SHAPES}:put_add_along_axis", examples=_put_add_along_axis_examples,
                 reference=f"{TWINS}:put_add_along_axis",
                 description="The adjoint of take_along_axis; shape is that of z. x broadcasts to one element for each "
                             "index.",
                 special=[(([[5.0, 7.0]], [[1, 1]]), [[0.0, 12.0, 0.0]], ([[1.0, 1.0]], None), {"shape": (1, 3)})]),
    ]  # fmt: skip
