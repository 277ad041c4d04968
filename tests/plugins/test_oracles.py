"""Values and gradients against mpmath, to 50 digits, and against autograd: neither knows anything of this code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as anp
import autograd.scipy.special as asp
import mpmath as mp
import numpy as np
import pytest

from dataflow import registry
from tests.plugins.calling import call_rule, differentiable, over_numpy

OPERATORS = registry.standard()

REAL_LINE = (-8.3, -2.0, -0.7, -1e-9, 1e-7, 0.4, 3.1, 12.0)
POSITIVE = (1e-12, 0.3, 1.0, 2.5, 40.0, 1e9)
INSIDE = (-0.999, -0.4, 1e-10, 0.7, 0.99)
ABOVE_ONE = (1.0001, 1.5, 20.0, 1e9)

UNARY: dict[str, tuple[Callable[[Any], Any], tuple[float, ...]]] = {
    "exp": (mp.exp, REAL_LINE),
    "expm1": (mp.expm1, (*REAL_LINE, -40.0)),
    "log": (mp.log, POSITIVE),
    "log2": (lambda x: mp.log(x, 2), POSITIVE),
    "log10": (mp.log10, POSITIVE),
    "log1p": (mp.log1p, (-0.9, *POSITIVE)),
    "sqrt": (mp.sqrt, POSITIVE),
    "square": (lambda x: x * x, REAL_LINE),
    "reciprocal": (lambda x: 1 / x, POSITIVE),
    "sin": (mp.sin, REAL_LINE),
    "cos": (mp.cos, REAL_LINE),
    "tan": (mp.tan, REAL_LINE),
    "asin": (mp.asin, INSIDE),
    "acos": (mp.acos, INSIDE),
    "atan": (mp.atan, REAL_LINE),
    "sinh": (mp.sinh, REAL_LINE),
    "cosh": (mp.cosh, REAL_LINE),
    "asinh": (mp.asinh, REAL_LINE),
    "acosh": (mp.acosh, ABOVE_ONE),
    "atanh": (mp.atanh, INSIDE),
    "erf": (mp.erf, (-2.0, -0.7, 1e-7, 0.4, 3.1)),
    "erfc": (mp.erfc, (-2.0, -0.7, 1e-7, 0.4, 3.1, 12.0)),
    "ndtr": (mp.ncdf, (-8.3, -2.0, 1e-7, 0.4, 3.1)),
    "gammaln": (mp.loggamma, (0.3, 1.7, 2.5, 40.0, 1e9)),
    "digamma": (mp.digamma, (0.3, 1.0, 2.5, 40.0)),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), (*REAL_LINE, -60.0, 60.0)),
    "log_sigmoid": (lambda x: -mp.log1p(mp.exp(-x)), (*REAL_LINE, -60.0, 60.0)),
    # Near 1 these are known to a rounding of z, so their slopes to a rounding of 1: compared where that is enough.
    "tanh": (mp.tanh, (-2.0, -0.7, 1e-7, 0.4)),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), (-60.0, -8.3, -0.7, 1e-7, 3.1)),
}

BINARY: dict[str, tuple[Callable[[Any, Any], Any], tuple[tuple[float, float], ...]]] = {
    "divide": (lambda x, y: x / y, ((2.0, 3.0), (-1e-8, 7.0), (5.0, -1e9))),
    "pow": (lambda x, y: x**y, ((2.0, 3.0), (0.3, -1.7), (40.0, 0.5))),
    "hypot": (mp.hypot, ((3.0, 4.0), (1e-9, 1.0), (-2.0, 5.0))),
    "atan2": (mp.atan2, ((1.0, 2.0), (-3.0, -0.5), (1e-9, 1.0))),
    "logaddexp": (lambda x, y: mp.log(mp.exp(x) + mp.exp(y)), ((1.0, 2.0), (1000.0, 999.5), (-800.0, -790.0))),
}


@pytest.mark.parametrize("name", sorted(UNARY))
def test_one_input_against_mpmath(name: str) -> None:
    oracle, points = UNARY[name]
    x, operator, xp = np.array(points), OPERATORS[name], over_numpy(OPERATORS)
    z = operator.forward(xp, x)
    dx = call_rule(xp, operator, "x", np.ones_like(z), z, (x,), {})
    with mp.workdps(50):
        values = [float(oracle(mp.mpf(point))) for point in points]
        slopes = [float(mp.diff(oracle, mp.mpf(point), h=mp.mpf(10) ** -25)) for point in points]
    np.testing.assert_allclose(z, values, rtol=5e-14)
    np.testing.assert_allclose(dx, slopes, rtol=5e-14)


@pytest.mark.parametrize("name", sorted(BINARY))
def test_two_inputs_against_mpmath(name: str) -> None:
    oracle, points = BINARY[name]
    inputs, operator, xp = tuple(np.array(points).T), OPERATORS[name], over_numpy(OPERATORS)
    z = operator.forward(xp, *inputs)
    with mp.workdps(50):
        np.testing.assert_allclose(z, [float(oracle(*map(mp.mpf, point))) for point in points], rtol=5e-14)
        for place, order in ((0, (1, 0)), (1, (0, 1))):
            slopes = [float(mp.diff(oracle, tuple(map(mp.mpf, point)), order, h=mp.mpf(10) ** -25)) for point in points]
            given = call_rule(xp, operator, operator.inputs[place].name, np.ones_like(z), z, inputs, {})
            np.testing.assert_allclose(given, slopes, rtol=5e-14)


X, Y = np.random.default_rng(1).normal(size=(2, 3, 4, 2)) * 2
LABELS = np.array([[0, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 1]])


def softmax(x: Any, axis: Any = -1) -> Any:
    return anp.exp(x - asp.logsumexp(x, axis=axis, keepdims=True))


ARRAYS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {
    "mean": (lambda x: anp.mean(x, axis=(0, 2)), (X,), {"axis": (0, 2)}),
    "prod": (lambda x: anp.prod(x, axis=1), (X,), {"axis": 1}),
    "var": (lambda x: anp.var(x, axis=1, ddof=1), (X,), {"axis": 1, "correction": 1}),
    "std": (lambda x: anp.std(x, axis=(0, 1)), (X,), {"axis": (0, 1)}),
    "max": (lambda x: anp.max(x, axis=1), (X,), {"axis": 1}),
    "cumulative_sum": (lambda x: anp.cumsum(x, axis=1), (X,), {"axis": 1}),
    "matmul": (anp.matmul, (X, np.swapaxes(Y, 1, 2)), {}),
    "tensordot": (lambda x, y: anp.tensordot(x, y, ((0, 2), (0, 2))), (X, Y), {"axes": ((0, 2), (0, 2))}),
    "vecdot": (lambda x, y: anp.sum(x * y, axis=-2), (X, Y), {"axis": -2}),
    "softmax": (lambda x: softmax(x, 1), (X,), {"axis": 1}),
    "log_softmax": (lambda x: anp.log(softmax(x)), (X,), {}),
    "logsumexp": (lambda x: asp.logsumexp(x, axis=(0, 2)), (X,), {"axis": (0, 2)}),
    "mean_squared_error": (lambda x, y: anp.mean((x - y) ** 2), (X, Y), {}),
    "binary_cross_entropy_with_logits": (
        lambda x, y: anp.mean(-y * anp.log(asp.expit(x)) - (1 - y) * anp.log(1 - asp.expit(x))), (X, (Y > 0) * 1.0), {},
    ),
    "cross_entropy": (
        lambda x: anp.mean(-anp.log(softmax(x)) * np.eye(2)[LABELS]) * 2, (X, LABELS), {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ARRAYS))
def test_arrays_against_autograd(name: str) -> None:
    oracle, inputs, attributes = ARRAYS[name]
    operator, xp = OPERATORS[name], over_numpy(OPERATORS)
    places = differentiable(operator)
    given = inputs[: len(places)]
    z = operator.forward(xp, *inputs, **attributes)
    g = np.random.default_rng(2).normal(size=np.shape(z))
    for place in places:
        backward, value = autograd.make_vjp(oracle, place)(*given)
        np.testing.assert_allclose(z, value, rtol=1e-13, atol=1e-14)
        found = call_rule(xp, operator, operator.inputs[place].name, g, z, inputs, attributes)
        np.testing.assert_allclose(found, backward(g if g.ndim else float(g)), rtol=1e-12, atol=1e-13)
