"""Sorting and searching. Names and meanings: Python Array API standard 2024.12."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan
from typing import Any, Literal

from dataflow.axes import map_others
from dataflow.operators import Operator

SHAPES = "dataflow_std.shapes.sorting"


def operators() -> list[Operator]:
    """Every operator of this module."""
    about: dict[str, Any] = {"shape": f"{SHAPES}:sort", "takes": "numeric", "examples": _examples}
    return [
        # Not linear, but which element goes where has no slope: moved elements carry their masks along.
        Operator("sort", "z = x in order along axis",
                 axes=map_others(),
                 forward=_sort, backward={"x": _sort_dx}, moves=True, **about,
                 kernels={"numpy": "dataflow_std.kernels.sorting:sort"},
                 reference="dataflow_std.kernels.sorting_references:sort",
                 conventions="slopes go to the places of the stable order, whether stable or not; NaN comes last, also "
                             "if descending",
                 special=[(([3.0, 1.0, 2.0],), [1.0, 2.0, 3.0], ([1.0, 1.0, 1.0],)),
                          (([3.0, 1.0, 2.0],), [3.0, 2.0, 1.0], ([1.0, 1.0, 1.0],), {"descending": True}),
                          (([2.0, 1.0, 2.0],), [1.0, 2.0, 2.0], ([1.0, 1.0, 1.0],)),
                          (([nan, 1.0, -inf],), [-inf, 1.0, nan], ([1.0, 1.0, 1.0],)),
                          (([nan, 1.0, inf],), [inf, 1.0, nan], ([1.0, 1.0, 1.0],), {"descending": True}),
                          (([],), [], ([],))]),
        Operator("argsort", "z = the indices that put x in order along axis",
                 axes=map_others(),
                 forward=_argsort, backward={"x": None}, dtype="int64", **about,
                 kernels={"numpy": "dataflow_std.kernels.sorting:argsort"},
                 reference="dataflow_std.kernels.sorting_references:argsort",
                 conventions="equal elements stay in their order if stable; NaN comes last, also if descending",
                 special=[(([3.0, 1.0, 2.0],), [1.0, 2.0, 0.0], (None,)),
                          (([2.0, 1.0, 2.0],), [1.0, 0.0, 2.0], (None,)),
                          (([2.0, 1.0, 2.0],), [0.0, 2.0, 1.0], (None,), {"descending": True}),
                          (([nan, 1.0, -inf],), [2.0, 1.0, 0.0], (None,)), (([],), [], (None,))]),
        Operator("searchsorted", "z = how many elements of x, which is in order, are below y",
                 axes="dataflow_std.treatments.indexing:searchsorted",
                 forward=_searchsorted, backward={"x": None, "y": None, "sorter": None},
                 kernels={"numpy": "dataflow_std.kernels.sorting:searchsorted"},
                 shape=f"{SHAPES}:searchsorted", dtype="int64",
                 takes="numeric", kinds={"sorter": "integer"}, examples=_search_examples,
                 reference="dataflow_std.kernels.sorting_references:searchsorted",
                 description='With side "right" those equal to y count too. y may have any shape; x is a vector, in '
                             "order or put in order by the indices in sorter.",
                 conventions="NaN is above all numbers",
                 special=[(([1.0, 2.0, 4.0], 3.0), 2.0, (None, None)),
                          (([1.0, 2.0, 2.0], [2.0, 0.0]), [1.0, 0.0], (None, None)),
                          (([1.0, 2.0, 2.0], [2.0, nan]), [3.0, 3.0], (None, None), {"side": "right"}),
                          (([], 1.0), 0.0, (None, None))]),
    ]  # fmt: skip


def _sort(xp: Any, x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    return xp.sort(x, axis=axis, descending=descending, stable=stable)


def _sort_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: int, descending: bool, stable: bool) -> Any:
    order = xp.argsort(x, axis=axis, descending=descending)
    return xp.put_add_along_axis(g, order, axis=axis, shape=xp.shape(x))


def _argsort(xp: Any, x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    return xp.argsort(x, axis=axis, descending=descending, stable=stable)


def _searchsorted(xp: Any, x: Any, y: Any, sorter: Any = None, *, side: Literal["left", "right"] = "left") -> Any:
    return xp.searchsorted(x if sorter is None else xp.take(x, sorter), y, side=side)


def _examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((5,), {}), ((1,), {}), ((3, 4), {"axis": 0}), ((3, 4), {"descending": True, "axis": -2}),
        ((2, 3, 4), {"axis": 1, "stable": False}), ((6,), {"descending": True, "stable": False}), ((0,), {}),
        ((2, 0), {"axis": 0}),
    ]  # fmt: skip
    return [((_draw_apart(rng, shape),), attributes) for shape, attributes in cases]


def _draw_apart(rng: Any, shape: tuple[int, ...]) -> Any:
    """Numbers in random order that are at least 0.1 apart."""
    places = rng.normal(size=shape).reshape(-1).argsort().reshape(shape)
    return 0.25 * places + 0.15 * rng.random(shape) - 1


def _search_examples(rng: Any) -> Sequence[Any]:
    x = rng.normal(size=6)
    ordered = x[x.argsort()]
    return [
        ((ordered, rng.normal(size=4)), {}), ((ordered, rng.normal(size=(2, 3))), {"side": "right"}),
        ((ordered, ordered[2]), {"side": "right"}), ((x, ordered, x.argsort()), {}), ((ordered[:0], ordered), {}),
        ((ordered, ordered[:0]), {}),
    ]  # fmt: skip
