"""Operators without backward rules: the sweep goes back through what their forward rules called."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow import Operator, OperatorError, standard
from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from dataflow.sweeps.pullback import pull_back
from tests.sweeps.random_graphs import offer

TABLE = standard()


def run(operator: Operator, inputs: str, nodes: str, target: str = "J", dtype: str = "float64") -> Any:
    text = f"{{dataflow: 1, dtype: {dtype}, inputs: {inputs}, nodes: {nodes}, target: {target}}}"
    return dataflow.execute(dataflow.loads(text, operators=offer(operator, name="my_ops"))).gradients


def compose(forward: Any, **about: Any) -> Operator:
    return Operator("mine", "z = ...", forward=forward, **about)


def sample(operator: Operator) -> list[tuple[list[Any], dict[str, Any]]]:
    rng = np.random.default_rng(3)
    if operator.examples is None:
        return [([rng.normal(size=shape) for _ in operator.inputs], {}) for shape in [(), (4,), (2, 3)]]
    return [([np.asarray(x) for x in inputs], dict(attributes)) for inputs, attributes in operator.examples(rng)]


WRITTEN = ["sigmoid", "softplus", "relu", "mean", "elu", "glu",
           "mean_squared_error", "binary_cross_entropy_with_logits", "cross_entropy"]  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_a_traced_rule_agrees_with_a_written_one(name: str) -> None:
    operator = TABLE[name]
    assert operator.kernels is None
    rng = np.random.default_rng(4)
    for inputs, attributes in sample(operator):
        if any(x.size == 0 for x in inputs):
            continue
        value = operator.forward(Library(TABLE, numpy_arrays), *inputs, **attributes)
        g = np.asarray(rng.normal(size=np.shape(value)))
        written = pull_back(operator, TABLE, inputs, attributes, g)
        traced = pull_back(operator.replaced(backward=None), TABLE, inputs, attributes, g)
        for a, b in zip(written.cotangents, traced.cotangents, strict=True):
            if a is not None:
                np.testing.assert_allclose(b, a, rtol=1e-11, atol=1e-14)


safe_log = compose(lambda xp, x: xp.where(x > 0, xp.log(x), 0.0), broadcasts=True)


@pytest.mark.parametrize(("x", "expected"), [("0", 0.0), ("4", 0.25), ("-1", 0.0), ("[0, 1, 4]", [0, 1, 0.25])])
def test_what_is_not_taken_within_gets_nothing(x: str, expected: Any) -> None:
    for more in ("", ", aux: {value: 1, dtype: int64}"):  # on floats, and on arrays of no axes
        total = "sum(y)" if "[" in x else "y + 0"
        assert np.array_equal(run(safe_log, f"{{x: {x}{more}}}", f"{{y: mine(x), J: {total}}}")["x"], expected)


def test_masks_go_through_from_outside_to_inside() -> None:
    """log(sum(1 / x)) over rows, of which one is not taken and holds a zero."""
    operator = compose(lambda xp, x: xp.log(xp.sum(1 / x, axis=1)))
    found = run(operator, "{x: [[0, 1], [1, 2]]}", "{y: mine(x), t: 'y[1:]', J: sum(t)}")["x"]
    np.testing.assert_allclose(found, np.array([[0, 0], [-1 / 1.5, -0.25 / 1.5]]), rtol=1e-15)


def test_a_computed_zero_stays_a_zero() -> None:
    found = run(compose(lambda xp, x: xp.exp(xp.log(x)), broadcasts=True), "{x: [0, 2]}", "{y: mine(x), J: sum(y)}")[
        "x"
    ]
    assert math.isnan(found[0])
    assert found[1] == 1.0


def test_broadcasting_and_fan_out() -> None:
    operator = compose(lambda xp, x, y: x * y + xp.sin(x), broadcasts=True)
    found = run(operator, "{a: [[1], [2]], b: [3, 4, 5]}", "{y: 'mine(a, b)', J: sum(y)}")
    a, b = np.array([[1.0], [2.0]]), np.array([3.0, 4.0, 5.0])
    np.testing.assert_allclose(found["a"], 12 + 3 * np.cos(a), rtol=1e-15)
    np.testing.assert_allclose(found["b"], np.full_like(b, 3.0), rtol=1e-15)


TWO = compose(lambda xp, x, y=None: (xp.sin(x), x if y is None else x * y), outputs=("s", "p"))


@pytest.mark.parametrize(("J", "dx", "dy"), [
    ("sum(p) + sum(q)", math.cos(2.0) + 3, 2.0), ("sum(p)", math.cos(2.0), 0.0), ("sum(q)", 3.0, 2.0),
])  # fmt: skip
def test_several_outputs(J: str, dx: float, dy: float) -> None:
    nodes = f"{{m: {{op: mine, inputs: [x, y], outputs: [p, q]}}, J: {J}}}"
    found = run(TWO, "{x: [2], y: [3]}", nodes)
    np.testing.assert_allclose(found["x"], [dx], rtol=1e-15)
    np.testing.assert_allclose(found["y"], dy, rtol=1e-15)


def test_an_output_that_is_an_input_and_an_input_left_out() -> None:
    found = run(TWO, "{x: [2]}", "{m: {op: mine, inputs: [x], outputs: [p, q]}, J: sum(p) + 10 * sum(q)}")
    np.testing.assert_allclose(found["x"], [math.cos(2.0) + 10], rtol=1e-15)


def test_an_output_of_which_nothing_is_taken_passes_nothing_on() -> None:
    """Not a zero that would meet the infinite slope of the logarithm."""
    operator = compose(lambda xp, x: (xp.log(x), xp.where(x > 0, xp.log(x), 0.0)), outputs=("s", "p"))
    nodes = "{m: {op: mine, inputs: [x], outputs: [p, q]}, J: sum(q)}"
    assert run(operator, "{x: [0, 2]}", nodes)["x"].tolist() == [0.0, 0.5]


def test_constants_lists_and_operands_by_name() -> None:
    def forward(xp: Any, *xs: Any, axis: int = 0) -> Any:
        stacked = xp.stack(list(xs), axis=axis)
        weights = xp.astype(xp.arange(start=1, stop=len(xs) + 1), dtype="float64")
        return xp.where(stacked > -100, x=stacked, y=0.0) * xp.expand_dims(weights, axis=1)

    found = run(compose(forward), "{a: [1, 2], b: [3, 4]}", "{y: 'mine([a, b], axis=0)', J: sum(y)}")
    assert (found["a"].tolist(), found["b"].tolist()) == ([1, 1], [2, 2])


def test_composites_of_composites_and_attributes() -> None:
    operator = compose(_entropy)
    x = np.array([[0.1, 1.0, -2.0], [3.0, 0.5, 0.2]])
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    expected: Any = -p * (np.log(p) - (p * np.log(p)).sum(axis=1, keepdims=True))
    found = run(operator, f"{{x: {x.tolist()}}}", "{y: 'mine(x, axis=1)', J: sum(y)}")["x"]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def _entropy(xp: Any, x: Any, *, axis: int = -1) -> Any:
    return -xp.sum(xp.softmax(x, axis=axis) * xp.log_softmax(x, axis=axis), axis=axis)


def test_float32_stays_float32() -> None:
    operator = compose(lambda xp, x: x * xp.sigmoid(1.5 * x), broadcasts=True)
    found = pull_back(operator, TABLE, [np.ones(3, "float32")], {}, np.ones(3, "float32"))
    assert (found.value.dtype, found.cotangents[0].dtype) == (np.float32, np.float32)


def test_domain_errors_on_floats_are_those_of_ieee() -> None:
    operator = compose(lambda xp, x: xp.exp(x) + xp.log(x), broadcasts=True)
    assert run(operator, "{x: 1000}", "{J: mine(x)}")["x"] == math.inf
    assert run(operator, "{x: 0}", "{J: mine(x)}")["x"] == math.inf
    assert math.isnan(run(operator, "{x: -1}", "{J: mine(x)}")["x"])


@pytest.mark.parametrize(("forward", "said"), [
    (lambda xp, x: x * 2.0 if xp.sum(x) > 0 else x, "cannot branch on a value: use xp.where"),
    (lambda xp, x: np.sin(x) * 2.0, ""),
    (lambda xp, x: x * float(xp.sum(x)), "asked for the number"),
    (lambda xp, x: x[1:] * 2.0, "use xp.getitem"),
    (lambda xp, x: sum(x) * x, "use xp.unstack"),
    (lambda xp, x: xp.angle(x) + x, "`xp.angle` is no operator"),
])  # fmt: skip
def test_a_rule_that_cannot_be_followed_is_named(forward: Any, said: str) -> None:
    with pytest.raises(OperatorError) as caught:
        run(compose(forward), "{x: [1, 2]}", "{y: mine(x), J: sum(y)}")
    (problem,) = caught.value.diagnostics
    assert problem.code == "DF0601"
    assert said in problem.message
    assert "write its backward rules" in (problem.hint or "")
    assert (problem.node, problem.line) == ("y", 1)
