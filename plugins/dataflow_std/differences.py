"""Differences of neighbours, and the integral of what is between them."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan
from typing import Any

from dataflow.operators import Operator
from dataflow.shapes import match_sizes

FEW = 16


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [
        Operator("diff", "z[i] = x[i + 1] - x[i] along axis, n times",
                 forward=_diff, takes="numeric", examples=_diff_examples,
                 description="What is given to prepend and append, with as many axes as x, is joined to x first. "
                             "Name, arguments and meaning: Python Array API standard 2024.12.",
                 reference="dataflow_std.kernels.differences_references:diff",
                 special=[(([1.0, 4.0, 9.0],), [3.0, 5.0], ([-1.0, 0.0, 1.0],)),
                          (([1.0, 4.0, 9.0],), [2.0], ([1.0, -2.0, 1.0],), {"n": 2}),
                          (([1.0, 4.0], [0.0], [5.0]), [1.0, 3.0, 1.0], ([0.0, 0.0], [-1.0], [1.0])),
                          (([1.0],), [], ([0.0],)), (([],), [], ([],)), (([1.0],), [1.0], ([1.0],), {"n": 0}),
                          (([inf, 1.0, 1.0],), [-inf, 0.0], ([-1.0, 0.0, 1.0],))]),
        Operator("trapezoid", "z = sum of (x[i + 1] - x[i]) * (y[i] + y[i + 1]) / 2 along axis",
                 forward=_trapezoid, examples=_trapezoid_examples,
                 description="The integral of y by the trapezoidal rule. The places x are a vector, or one for each y; "
                             "without them they are dx apart.",
                 reference="dataflow_std.kernels.differences_references:trapezoid",
                 conventions="0 for fewer than two elements",
                 special=[(([1.0, 2.0, 4.0],), 4.5, ([0.5, 1.0, 0.5],)),
                          (([1.0, 2.0, 4.0],), 9.0, ([1.0, 2.0, 1.0],), {"dx": 2.0}),
                          (([1.0, 2.0, 4.0], [0.0, 1.0, 3.0]), 7.5, ([0.5, 1.5, 1.0], [-1.5, -1.5, 3.0])),
                          (([5.0],), 0.0, ([0.0],)), (([],), 0.0, ([],)), (([nan, 1.0],), nan, ([0.5, 0.5],))]),
    ]  # fmt: skip


def _diff(xp: Any, x: Any, prepend: Any = None, append: Any = None, *, axis: int = -1, n: int = 1) -> Any:
    if n < 0:
        raise ValueError(f"n says how many times, at least 0; not {n}")
    for name, item in (("prepend", prepend), ("append", append)):
        if item is not None and xp.ndim(item) != xp.ndim(x):
            raise ValueError(f"x has {xp.ndim(x)} axes and {name} {xp.ndim(item)}: they need as many")
    parts = [xp.moveaxis(item, source=axis, destination=-1) for item in (prepend, x, append) if item is not None]
    z = xp.concat(parts, axis=-1) if len(parts) > 1 else parts[0]
    # A length that is not known yet suffices for a few times: the sizes of what is left say how long it has to be.
    for _ in range(n if n <= FEW else min(n, xp.shape(z)[-1])):
        if xp.shape(z)[-1] == 0:
            break
        z = xp.getitem(z, key=("...", "1:")) - xp.getitem(z, key=("...", ":-1"))
    return xp.moveaxis(z, source=-1, destination=axis)


def _trapezoid(xp: Any, y: Any, x: Any = None, *, dx: float = 1.0, axis: int = -1) -> Any:
    y = xp.moveaxis(y, source=axis, destination=-1)
    sums = xp.getitem(y, key=("...", "1:")) + xp.getitem(y, key=("...", ":-1"))
    if x is None:
        return xp.sum(sums, axis=-1) * (dx / 2)
    if xp.ndim(x) not in (1, xp.ndim(y)):
        raise ValueError(f"x has {xp.ndim(x)} axes: it is a vector or has as many as y, which are {xp.ndim(y)}")
    x = x if xp.ndim(x) == 1 else xp.moveaxis(x, source=axis, destination=-1)
    if (length := xp.shape(x)[-1]) != (other := xp.shape(y)[-1]):
        match_sizes(length, other, f"x has {length} elements along the axis and y {other}: they need as many")
    return xp.sum(xp.diff(x, axis=-1) * sums, axis=-1) / 2


def _diff_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((5,), {}), ((1,), {}), ((0,), {}), ((3, 4), {"axis": 0}), ((3, 4), {"axis": -2, "n": 2}), ((5,), {"n": 0}),
        ((2, 5, 3), {"axis": 1, "n": 3}), ((3,), {"n": 4}), ((2, 0), {"axis": 0}),
    ]  # fmt: skip
    joined: list[tuple[list[tuple[int, ...]], dict[str, Any]]] = [
        ([(3,), (2,), (1,)], {}), ([(2, 3), (1, 3)], {"axis": 0, "n": 2}), ([(2, 3), (2, 2), (2, 1)], {}),
    ]  # fmt: skip
    return [
        *[((rng.normal(size=shape),), attributes) for shape, attributes in cases],
        *[(tuple(rng.normal(size=shape) for shape in shapes), attributes) for shapes, attributes in joined],
    ]


def _trapezoid_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], tuple[int, ...] | None, dict[str, Any]]] = [
        ((5,), None, {}), ((3, 4), None, {"axis": 0, "dx": 0.5}), ((1,), None, {}), ((2, 0), None, {}),
        ((5,), (5,), {}), ((3, 4), (3,), {"axis": -2}), ((2, 3, 4), (2, 3, 4), {"axis": 1}), ((3, 4), (1, 4), {}),
        ((1,), (1,), {}),
    ]  # fmt: skip
    return [
        (
            (rng.normal(size=shape),) if places is None else (rng.normal(size=shape), rng.normal(size=places)),
            attributes,
        )
        for shape, places, attributes in cases
    ]
