"""Activations: sigmoid, softplus, relu, softmax and their logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log, nan
from typing import Any

from dataflow.operators import NONZERO, Axes, Operator

STABLE = "Blanchard, Higham and Higham, Accurately computing the log-sum-exp and softmax functions (2021)"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_elementwise(), *_over_axes()]


def _relu_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    return xp.keep(xp.logical_not(x <= 0), xp.where(x == x, g, nan))


def _elementwise() -> list[Operator]:
    return [
        Operator("sigmoid", "z = 1 / (1 + e ** -x)",
                 forward=lambda xp, x: 1 / (1 + xp.exp(-x)),
                 backward={"x": lambda xp, g, z, x: g * (z * (1 - z))},
                 broadcasts=True, analytic=True,
                 conventions="1 or 0, with slope 0, where e ** x overflows",
                 special=[((1000.0,), 1.0, (0.0,)), ((-1000.0,), 0.0, (0.0,)), ((0.0,), 0.5, (0.25,))]),
        Operator("softplus", "z = ln(1 + e ** x)",
                 forward=lambda xp, x: xp.maximum(x, 0.0) + xp.log1p(xp.exp(-xp.abs(x))),
                 backward={"x": lambda xp, g, z, x: g * xp.sigmoid(x)},
                 broadcasts=True,
                 conventions="exact where e ** x overflows",
                 special=[((1000.0,), 1000.0, (1.0,)), ((-1000.0,), 0.0, (0.0,)), ((0.0,), log(2.0), (0.5,))]),
        Operator("log_sigmoid", "z = -ln(1 + e ** -x)",
                 forward=lambda xp, x: -xp.softplus(-x),
                 backward={"x": lambda xp, g, z, x: g * xp.sigmoid(-x)},
                 broadcasts=True,
                 conventions="exact where e ** x overflows",
                 special=[((1000.0,), 0.0, (0.0,)), ((-1000.0,), -1000.0, (1.0,))]),
        Operator("relu", "z = x if x > 0, else 0",
                 forward=lambda xp, x: xp.maximum(x, 0.0),
                 backward={"x": _relu_dx},
                 broadcasts=True, domain={"x": NONZERO},
                 conventions="slope 0 at 0; NaN at NaN",
                 special=[((0.0,), 0.0, (0.0,)), ((-1.0,), 0.0, (0.0,)), ((2.0,), 2.0, (1.0,)), ((nan,), nan, (nan,))]),
    ]  # fmt: skip


def _softmax(xp: Any, x: Any, *, axis: Axes = -1) -> Any:
    powers = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return powers / xp.sum(powers, axis=axis, keepdims=True)


def _softmax_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes) -> Any:
    return z * (g - xp.sum(g * z, axis=axis, keepdims=True))


def _log_softmax(xp: Any, x: Any, *, axis: Axes = -1) -> Any:
    shifted = x - xp.max(x, axis=axis, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))


def _log_softmax_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes) -> Any:
    return g - xp.exp(z) * xp.sum(g, axis=axis, keepdims=True)


def _logsumexp(xp: Any, x: Any, *, axis: Axes = None, keepdims: bool = False) -> Any:
    largest = xp.max(x, axis=axis, keepdims=True)
    shift = xp.where(xp.isfinite(largest), largest, 0.0)
    z = shift + xp.log(xp.sum(xp.exp(x - shift), axis=axis, keepdims=True))
    return z if keepdims else xp.squeeze(z, axis=tuple(range(xp.ndim(x))) if axis is None else axis)


def _logsumexp_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    return (g if keepdims or axis is None else xp.expand_dims(g, axis=axis)) * xp.softmax(x, axis=axis)


def _examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((5,), {}), ((3, 4), {}), ((3, 4), {"axis": 0}), ((2, 3, 4), {"axis": (0, -1)}), ((2, 3), {"axis": None}),
        ((1,), {}), ((0, 3), {"axis": 1}),
    ]  # fmt: skip
    return [((3 * rng.normal(size=shape),), attributes) for shape, attributes in cases]


def _logsumexp_examples(rng: Any) -> Sequence[Any]:
    kept = [(inputs, {**attributes, "keepdims": True}) for inputs, attributes in _examples(rng)]
    return [*_examples(rng), *kept, ((rng.normal(),), {})]


def _over_axes() -> list[Operator]:
    return [
        Operator("softmax", "z = e ** x / sum of e ** x over axis",
                 forward=_softmax, backward={"x": _softmax_dx}, examples=_examples, source=STABLE,
                 conventions="exact where e ** x overflows; NaN where all are -inf or one is inf",
                 special=[(([1000.0, 0.0],), [1.0, 0.0], ([0.0, 0.0],)), (([-inf, 0.0],), [0.0, 1.0], ([0.0, 0.0],)),
                          (([-inf, -inf],), [nan, nan], ([nan, nan],))]),
        Operator("log_softmax", "z = x - ln(sum of e ** x over axis)",
                 forward=_log_softmax, backward={"x": _log_softmax_dx}, examples=_examples, source=STABLE,
                 conventions="exact where e ** x overflows; NaN where all are -inf or one is inf",
                 special=[(([1000.0, 0.0],), [0.0, -1000.0], ([-1.0, 1.0],))]),
        Operator("logsumexp", "z = ln(sum of e ** x over axis)",
                 forward=_logsumexp, backward={"x": _logsumexp_dx}, examples=_logsumexp_examples, source=STABLE,
                 conventions="exact where e ** x overflows; slopes NaN where all are -inf or one is inf",
                 special=[(([1000.0, 0.0],), 1000.0, ([1.0, 0.0],)), (([-inf, 0.0],), 0.0, ([0.0, 1.0],)),
                          (([-inf, -inf],), -inf, ([nan, nan],)), (([inf, 0.0],), inf, ([nan, nan],))]),
    ]  # fmt: skip
