"""Values and gradients at the edges: every row of the conventions, as a user meets it.

Each row runs through the engine as numbers (on Python floats), as elements of arrays, and in float32.
"""

from __future__ import annotations

import json
from math import inf, log, nan, pi
from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow import GraphError

Row = tuple[str, dict[str, Any], Any, list[Any]]  # expression, inputs, value, gradients in the order of the inputs


def slope_0(names: str, x: float, value: float | None = None) -> list[Row]:
    return [(f"{name}(x)", {"x": x}, x if value is None else value, [0]) for name in names.split()]


ELEMENTWISE: list[Row] = [
    # at a kink: of the slopes from left to right the one nearest to 0
    *slope_0("abs relu relu6 softshrink", 0.0),
    ("relu6(x)", {"x": 6.0}, 6, [0]),
    ("hard_sigmoid(x)", {"x": 3.0}, 1, [0]),
    ("hard_sigmoid(x)", {"x": -3.0}, 0, [0]),
    ("hard_tanh(x)", {"x": 1.0}, 1, [0]),
    ("hard_tanh(x)", {"x": -1.0}, -1, [0]),
    ("softshrink(x)", {"x": 0.5}, 0, [0]),
    ("softshrink(x)", {"x": -0.5}, 0, [0]),
    *[
        (f"leaky_relu(x, negative_slope={slope})", {"x": 0.0}, 0, [taken])
        for slope, taken in ((0, 0), (0.25, 0.25), (1, 1), (-0.5, 0), (2, 1))
    ],
    ("elu(x)", {"x": 0.0}, 0, [1]),
    ("selu(x)", {"x": 0.0}, 0, [1.0507009873554805]),
    ("hard_swish(x)", {"x": 3.0}, 3, [1]),
    ("hard_swish(x)", {"x": -3.0}, 0, [0]),
    ("abs(x)", {"x": -0.0}, 0, [0]),
    ("clip(x, min=1)", {"x": 1.0}, 1, [0]),
    ("clip(x, max=1)", {"x": 1.0}, 1, [0]),
    ("clip(x, min=1, max=2)", {"x": 2.0}, 2, [0]),
    ("clip(x, min=1, max=1)", {"x": 1.0}, 1, [0]),
    ("maximum(x, y)", {"x": 2.0, "y": 2.0}, 2, [0.5, 0.5]),
    ("minimum(x, y)", {"x": 2.0, "y": 2.0}, 2, [0.5, 0.5]),
    ("hypot(x, y)", {"x": 0.0, "y": 0.0}, 0, [0, 0]),
    # constant between jumps
    *slope_0("floor ceil round trunc", 2.0),
    *slope_0("sign", 0.0),
    ("heaviside(x, y)", {"x": 0.0, "y": 0.5}, 0.5, [0]),
    ("floor_divide(x, y)", {"x": 3.0, "y": 3.0}, 1, [0, 0]),
    ("remainder(x, y)", {"x": 3.0, "y": 3.0}, 0, [1, -1]),
    # at the edge of the domain: the limit from within
    ("sqrt(x)", {"x": 0.0}, 0, [inf]),
    ("x ** 0.5", {"x": 0.0}, 0, [inf]),
    ("log(x)", {"x": 0.0}, -inf, [inf]),
    ("log2(x)", {"x": 0.0}, -inf, [inf]),
    ("log10(x)", {"x": 0.0}, -inf, [inf]),
    ("log1p(x)", {"x": -1.0}, -inf, [inf]),
    ("asin(x)", {"x": 1.0}, pi / 2, [inf]),
    ("acosh(x)", {"x": 1.0}, 0, [inf]),
    ("atanh(x)", {"x": 1.0}, inf, [inf]),
    ("1 / x", {"x": 0.0}, inf, [-inf]),
    ("reciprocal(x)", {"x": 0.0}, inf, [-inf]),
    # beyond it
    ("sqrt(x)", {"x": -1.0}, nan, [nan]),
    ("log(x)", {"x": -1.0}, nan, [nan]),
    ("0 / x", {"x": 0.0}, nan, [nan]),
    ("x / y", {"x": 0.0, "y": 0.0}, nan, [inf, nan]),  # the slope in x is 1 / y whatever x is
    ("atan2(y, x)", {"y": 0.0, "x": 0.0}, 0, [nan, nan]),
    # products with a logarithm
    ("xlogy(x, y)", {"x": 0.0, "y": 2.0}, 0, [log(2), 0]),
    ("xlogy(x, y)", {"x": 0.0, "y": 0.0}, 0, [-inf, 0]),
    ("entr(x)", {"x": 0.0}, 0, [inf]),
    ("rel_entr(x, y)", {"x": 0.0, "y": 2.0}, 0, [-inf, 0]),
    ("sinc(x)", {"x": 0.0}, 1, [0]),
    # powers
    ("x ** y", {"x": 0.0, "y": 0.0}, 1, [0, 0]),
    ("x ** y", {"x": 0.0, "y": 1.0}, 0, [1, 0]),
    ("x ** y", {"x": -1.0, "y": 2.0}, 1, [-2, nan]),
    *[(f"x ** {zero}", {"x": x}, 1, [0]) for zero in ("0", "0.0") for x in (0.0, -3.0, 2.0, inf, nan)],
    # where exponentials overflow
    ("logaddexp(x, y)", {"x": 1000.0, "y": 0.0}, 1000, [1, 0]),
    ("sigmoid(x)", {"x": 1000.0}, 1, [0]),
    ("sigmoid(x)", {"x": -1000.0}, 0, [0]),
    ("tanh(x)", {"x": 1000.0}, 1, [0]),
    ("tanh(x)", {"x": -1000.0}, -1, [0]),
    ("softplus(x)", {"x": 1000.0}, 1000, [1]),
    ("softplus(x)", {"x": -1000.0}, 0, [0]),
    ("log_sigmoid(x)", {"x": 1000.0}, 0, [0]),
    ("log_sigmoid(x)", {"x": -1000.0}, -1000, [1]),
    # what is not taken gets nothing; a zero that was computed stays what it is
    ("where(x > 0, log(x), 0)", {"x": 0.0}, 0, [0]),
    ("where(x > 0, y, sqrt(x))", {"x": 0.0, "y": 1.0}, 0, [inf, 0]),
    ("relu(log(x))", {"x": 0.0}, 0, [0]),
    ("maximum(log(x), y)", {"x": 0.0, "y": 1.0}, 1, [0, 1]),
    ("clip(log(x), min=-5)", {"x": 0.0}, -5, [0]),
    ("exp(log(x))", {"x": 0.0}, 0, [nan]),
]

ARRAYS: list[Row] = [
    ("max(x)", {"x": [2.0, 2.0, 1.0, 2.0]}, 2, [[1 / 3, 1 / 3, 0, 1 / 3]]),
    ("min(x)", {"x": [1.0, 1.0, 2.0, 1.0]}, 1, [[1 / 3, 1 / 3, 0, 1 / 3]]),
    ("max(x, axis=1)[0]", {"x": [[2.0, 2.0], [1.0, 2.0]]}, 2, [[[0.5, 0.5], [0, 0]]]),
    (
        "max_pool(reshape(x, shape=[1, 1, 4]), kernel_size=4)[0, 0, 0]",
        {"x": [2.0, 2.0, 1.0, 2.0]},
        2,
        [[1 / 3, 1 / 3, 0, 1 / 3]],
    ),
    ("median(x)", {"x": [1.0, 2.0, 2.0, 3.0]}, 2, [[0, 0.5, 0.5, 0]]),
    ("cumulative_prod(x)[1]", {"x": [0.0, 2.0]}, 0, [[2, 0]]),
    ("vector_norm(x)", {"x": [0.0, 0.0]}, 0, [[0, 0]]),
    ("vector_norm(x, ord=1)", {"x": [0.0, 1.0]}, 1, [[0, 1]]),
    ("det(x)", {"x": [[1.0, 2.0], [2.0, 4.0]]}, 0, [[[4, -2], [-2, 1]]]),
    (
        "solve(x, y)[1, 0]",
        {"x": [[[1.0, 2.0], [2.0, 4.0]], [[2.0, 0.0], [0.0, 1.0]]], "y": [1.0, 0.0]},
        0.5,
        [[[[nan, nan], [nan, nan]], [[-0.25, 0], [0, 0]]]],
    ),
    (
        "cholesky(x)[1, 0, 0]",
        {"x": [[[1.0, 2.0], [2.0, 1.0]], [[4.0, 0.0], [0.0, 1.0]]]},
        2,
        [[[[nan, nan], [nan, nan]], [[0.25, 0], [0, 0]]]],
    ),
    (
        "sum(inv(x)[1])",
        {"x": [[[1.0, 2.0], [2.0, 4.0]], [[2.0, 0.0], [0.0, 1.0]]]},
        1.5,
        [[[[nan, nan], [nan, nan]], [[-0.25, -0.5], [-0.5, -1.0]]]],
    ),
    ("prod(x)", {"x": [0.0, 2.0, 3.0]}, 0, [[6, 0, 0]]),
    ("prod(x)", {"x": [0.0, 0.0, 3.0]}, 0, [[0, 0, 0]]),
    ("std(x)", {"x": [2.0, 2.0, 2.0]}, 0, [[0, 0, 0]]),
    ("logsumexp(x)", {"x": [1000.0, 0.0]}, 1000, [[1, 0]]),
    ("softmax(x)[0]", {"x": [1000.0, 0.0]}, 1, [[0, 0]]),
    ("softmax(x)[1]", {"x": [1000.0, 0.0]}, 0, [[0, 0]]),
    ("logsumexp(x)", {"x": [-inf, 0.0]}, 0, [[0, 1]]),
    ("logsumexp(x)", {"x": [-inf, -inf]}, -inf, [[nan, nan]]),
    ("softmax(x)[0]", {"x": [-inf, -inf]}, nan, [[nan, nan]]),
    ("sum(x)", {"x": []}, 0, [[]]),
    ("prod(x)", {"x": []}, 1, [[]]),
    ("mean(x)", {"x": []}, nan, [[]]),
    ("sum(log(x)[1:])", {"x": [0.0, 2.0]}, log(2), [[0, 0.5]]),
    ("sum(sqrt(take(x, i)))", {"x": [0.0, 4.0], "i": {"value": [1], "dtype": "int64"}}, 2, [[0, 0.25]]),
    ("max(log(x))", {"x": [0.0, 2.0]}, log(2), [[0, 0.5]]),
]


def plain(value: Any) -> Any:
    """A value as JSON data."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value


def run(text: str, inputs: dict[str, Any], *, total: bool = False, **top: Any) -> dataflow.Result:
    nodes = {"z": text, "J": "sum(z)"} if total else {"z": text}
    given = {name: plain(value) for name, value in inputs.items()}
    document = {"dataflow": 1, "inputs": given, "nodes": nodes, "target": "J" if total else "z", **top}
    return dataflow.execute(dataflow.loads(json.dumps(document)))


def check(result: dataflow.Result, inputs: dict[str, Any], value: Any, gradients: list[Any], rtol: float) -> None:
    np.testing.assert_allclose(np.asarray(result.values["z"], float), np.asarray(value, float), rtol=rtol)
    for name, gradient in zip(inputs, gradients, strict=False):
        np.testing.assert_allclose(np.asarray(result.gradients[name], float), np.asarray(gradient, float), rtol=rtol)


@pytest.mark.parametrize(("text", "inputs", "value", "gradients"), ELEMENTWISE)
def test_of_numbers(text: str, inputs: dict[str, Any], value: Any, gradients: list[Any]) -> None:
    check(run(text, inputs), inputs, value, gradients, 1e-15)


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-15), ("float32", 1e-7)])
@pytest.mark.parametrize(("text", "inputs", "value", "gradients"), ELEMENTWISE)
def test_of_elements(
    text: str, inputs: dict[str, Any], value: Any, gradients: list[Any], dtype: str, rtol: float
) -> None:
    twice = {name: [x, x] for name, x in inputs.items()}
    result = run(text, twice, total=True, dtype=dtype)
    check(result, twice, [value, value], [[gradient, gradient] for gradient in gradients], rtol)
    assert {np.asarray(result.gradients[name]).dtype.name for name in inputs} == {dtype}


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-15), ("float32", 1e-7)])
@pytest.mark.parametrize(("text", "inputs", "value", "gradients"), ARRAYS)
def test_of_arrays(
    text: str, inputs: dict[str, Any], value: Any, gradients: list[Any], dtype: str, rtol: float
) -> None:
    check(run(text, inputs, dtype=dtype), inputs, value, gradients, rtol)


@pytest.mark.parametrize("name", ["max", "min"])
def test_the_extreme_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(GraphError, match="x has none along the axis"):
        run(f"{name}(x)", {"x": []})
