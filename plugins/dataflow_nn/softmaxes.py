"""Softmax and its logarithms, whose kernels and rules keep their digits where one element outweighs all others."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log, nan
from typing import Any

from dataflow.axes import map_others
from dataflow.operators import Axes, Operator, reduction

KERNELS = "dataflow_nn.kernels.softmaxes"
SHAPES = "dataflow_nn.shapes.softmaxes"
STABLE = "Blanchard, Higham and Higham, Accurately computing the log-sum-exp and softmax functions (2021)"
EXACT = "exact where e ** x overflows; NaN where all are -inf or one is inf"


def _softmax(xp: Any, x: Any, *, axis: Axes = -1) -> Any:
    return xp.softmax(x, axis=axis)


def _softmax_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes) -> Any:
    """The slope does not change with a number that is added to all of `g`.

    That number is the mean, so that 1 - z, which has no digits where z is nearly 1, is not needed.
    """
    g = g - _sum_products(xp, g, z, axis)
    return z * (g - _sum_products(xp, g, z, axis))


def _sum_products(xp: Any, x: Any, y: Any, axis: Axes) -> Any:
    if axis == -1:  # nearly always, and without an array for the products
        return xp.expand_dims(xp.vecdot(x, y, axis=-1), axis=-1)
    return xp.sum(x * y, axis=axis, keepdims=True)


def _log_softmax(xp: Any, x: Any, *, axis: Axes = -1) -> Any:
    return xp.log_softmax(x, axis=axis)


def _log_softmax_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes) -> Any:
    """g - e ** z * sum of g, as (1 - e ** z) * g + e ** z * (g - sum of g), with digits left where z is nearly 0."""
    return xp.exp(z) * (g - xp.sum(g, axis=axis, keepdims=True)) - xp.expm1(z) * g


def _logsumexp_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return (g if keepdims or axis is None else xp.expand_dims(g, axis=axis)) * xp.softmax(x, axis=axis)


def _powers(xp: Any, x: Any, axis: Axes) -> tuple[Any, Any, Any]:
    """The largest, e ** (x - largest), and the sum of these; 0 stands in for a largest that is infinite."""
    largest = xp.max(x, axis=axis, keepdims=True)
    largest = xp.where(xp.isfinite(largest), largest, 0.0)
    powers = xp.exp(x - largest)
    return largest, powers, xp.sum(powers, axis=axis, keepdims=True)


def _logsumexp_parts(xp: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    largest, _, total = _powers(xp, x, axis)
    found = xp.log(total) + largest
    return found if keepdims else xp.max(found, axis=axis)


def _log_softmax_parts(xp: Any, x: Any, *, axis: Axes) -> Any:
    total = _logsumexp_parts(xp, x, axis=axis, keepdims=True)
    return x - xp.where(total == inf, nan, total)


def _softmax_parts(xp: Any, x: Any, *, axis: Axes) -> Any:
    _, powers, total = _powers(xp, x, axis)
    return powers / xp.where(total == inf, nan, total)


def _examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((5,), {}), ((3, 4), {}), ((3, 4), {"axis": 0}), ((2, 3, 4), {"axis": 1}), ((2, 3, 4), {"axis": -2}),
        ((2, 3, 4), {"axis": (0, -1)}), ((2, 3, 4), {"axis": (2, 0)}), ((2, 3), {"axis": None}), ((2, 1, 3), {}),
        ((1,), {}), ((0, 3), {"axis": 1}),
    ]  # fmt: skip
    return [((3 * rng.normal(size=shape),), attributes) for shape, attributes in cases]


def _logsumexp_examples(rng: Any) -> Sequence[Any]:
    kept = [(inputs, {**attributes, "keepdims": True}) for inputs, attributes in _examples(rng)]
    return [*_examples(rng), *kept, ((rng.normal(),), {})]


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [
        Operator("softmax", "z = e ** x / sum of e ** x over axis",
                 axes=map_others(), composition=_softmax_parts,
                 forward=_softmax, backward={"x": _softmax_dx},
                 kernels={"numpy": f"{KERNELS}:softmax"}, shape=f"{SHAPES}:softmax",
                 reference="dataflow_nn.kernels.softmaxes_references:softmax",
                 examples=_examples, source=STABLE, conventions=EXACT,
                 special=[(([0.0, log(3.0)],), [0.25, 0.75], ([0.0, 0.0],)),
                          (([1000.0, 0.0],), [1.0, 0.0], ([0.0, 0.0],)), (([-inf, 0.0],), [0.0, 1.0], ([0.0, 0.0],)),
                          (([-inf, -inf],), [nan, nan], ([nan, nan],)), (([inf, 0.0],), [nan, nan], ([nan, nan],))]),
        Operator("log_softmax", "z = x - ln(sum of e ** x over axis)",
                 axes=map_others(), composition=_log_softmax_parts,
                 forward=_log_softmax, backward={"x": _log_softmax_dx},
                 kernels={"numpy": f"{KERNELS}:log_softmax"}, shape=f"{SHAPES}:softmax",
                 reference="dataflow_nn.kernels.softmaxes_references:log_softmax",
                 examples=_examples, source=STABLE, conventions=EXACT,
                 special=[(([0.0, log(3.0)],), [log(0.25), log(0.75)], ([0.5, -0.5],)),
                          (([1000.0, 0.0],), [0.0, -1000.0], ([-1.0, 1.0],)),
                          (([-inf, 0.0],), [-inf, 0.0], ([1.0, -1.0],)),
                          (([-inf, -inf],), [nan, nan], ([nan, nan],))]),
        reduction("logsumexp", "z = ln(sum of e ** x over axis)", _logsumexp_dx, composition=_logsumexp_parts,
                  kernels={"numpy": f"{KERNELS}:logsumexp"}, shape=f"{SHAPES}:logsumexp",
                  reference="dataflow_nn.kernels.softmaxes_references:logsumexp",
                  examples=_logsumexp_examples, source=STABLE,
                  conventions="exact where e ** x overflows; slopes NaN where all are -inf or one is inf",
                  special=[(([0.0, log(3.0)],), log(4.0), ([0.25, 0.75],)), (([1000.0, 0.0],), 1000.0, ([1.0, 0.0],)),
                           (([-inf, 0.0],), 0.0, ([0.0, 1.0],)), (([-inf, -inf],), -inf, ([nan, nan],)),
                           (([inf, 0.0],), inf, ([nan, nan],))]),
    ]  # fmt: skip
