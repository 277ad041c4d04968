"""Derivatives as functions, compared with formulas, with mpmath and with autograd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import autograd
import autograd.numpy as anp
import mpmath
import numpy as np
import pytest

import dataflow
from dataflow.errors import DataError, GraphError, UsageError

GRAPHS = Path(__file__).parent.parent / "graphs"
RNG = np.random.default_rng(11)

NETWORK = dataflow.loads("""
dataflow: 1
inputs:
  X: {value: [[0.5, -1.2], [0.3, 0.8], [-0.7, 0.4]], shape: [rows, 2]}
parameters:
  W: [[0.1, -0.4, 0.3], [0.2, 0.5, -0.6]]
  b: [0.1, -0.2, 0.05]
  v: [0.7, -0.3, 0.9]
nodes:
  hidden: tanh(X @ W + b)
  y: hidden @ v
  J: mean(y ** 2) + 0.1 * sum(v ** 2)
""")
VALUES = {name: np.array(entry.value) for name, entry in NETWORK.given.items()}
NAMES = ("X", "W", "b", "v")


def outputs(X: Any, W: Any, b: Any, v: Any) -> Any:
    return anp.tanh(anp.dot(X, W) + b) @ v


def loss(*values: Any) -> Any:
    return anp.mean(outputs(*values) ** 2) + 0.1 * anp.sum(values[-1] ** 2)


GIVEN = tuple(VALUES[name] for name in NAMES)


def near(expected: Any) -> Any:
    return pytest.approx(np.asarray(expected), rel=1e-12, abs=1e-14)


def block(product: Any, first: str, second: str) -> Any:
    return product.blocks[first, second]


def test_a_gradient() -> None:
    found = dataflow.derive(NETWORK, "gradient", "J", wrt=NAMES)()
    for place, name in enumerate(NAMES):
        assert block(found, "", name) == near(autograd.grad(loss, place)(*GIVEN))


@pytest.mark.parametrize("sparse", [None, False])
def test_a_jacobian(sparse: bool | None) -> None:
    found = dataflow.derive(NETWORK, "jacobian", ["y", "J"], wrt=NAMES, sparse=sparse)()
    for place, name in enumerate(NAMES):
        assert block(found, "y", name) == near(autograd.jacobian(outputs, place)(*GIVEN))
        assert block(found, "J", name) == near(autograd.grad(loss, place)(*GIVEN))
    assert block(found, "y", "W").shape == (3, 2, 3)


def test_a_sparse_jacobian() -> None:
    """y is by rows: row i of X alone moves y[i]."""
    found = block(dataflow.derive(NETWORK, "jacobian", "y", wrt="X", sparse=True)(), "y", "X")
    whole = autograd.jacobian(outputs)(*GIVEN).reshape(3, 6)
    assert found.shape == (3, 6)
    assert (found.rows.tolist(), found.columns.tolist()) == ([0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 4, 5])
    assert found.values == near(whole[found.rows, found.columns])


def test_a_hessian() -> None:
    found = dataflow.derive(NETWORK, "hessian", "J", wrt=("W", "v"))()
    assert block(found, "W", "W") == near(autograd.hessian(loss, 1)(*GIVEN))
    assert block(found, "v", "v") == near(autograd.hessian(loss, 3)(*GIVEN))
    mixed = autograd.jacobian(lambda v: autograd.grad(loss, 1)(*GIVEN[:3], v))(GIVEN[3])
    assert block(found, "W", "v") == near(mixed)
    assert block(found, "v", "W") == near(np.moveaxis(mixed, 2, 0))


def test_a_vjp_and_cotangents() -> None:
    pull = dataflow.derive(NETWORK, "vjp", "y", wrt=["W", "hidden"], cotangent=[1, 0, 0])
    whole = autograd.jacobian(outputs, 1)(*GIVEN)
    assert block(pull(), "", "W") == near(whole[0])
    for _ in range(3):
        weights = RNG.normal(size=3)
        assert block(pull(cotangent=weights), "", "W") == near(np.tensordot(weights, whole, 1))
        assert block(pull(cotangent=weights), "", "hidden") == near(np.outer(weights, VALUES["v"]))


def test_a_jvp_and_directions() -> None:
    push = dataflow.derive(NETWORK, "jvp", ["y", "J"])
    for _ in range(3):
        moved = {name: RNG.normal(size=VALUES[name].shape) for name in ("W", "b")}
        expected = sum(
            np.tensordot(autograd.jacobian(outputs, NAMES.index(name))(*GIVEN), item, item.ndim)
            for name, item in moved.items()
        )
        found = push(along=moved)
        assert block(found, "y", "") == near(expected)
        slopes = (np.sum(autograd.grad(loss, NAMES.index(name))(*GIVEN) * item) for name, item in moved.items())
        assert block(found, "J", "") == near(sum(slopes))


def test_a_hessian_times_directions() -> None:
    product = dataflow.derive(NETWORK, "hvp", "J", wrt="v", along={"v": [1, 0, 0]})
    whole = autograd.hessian(loss, 3)(*GIVEN)
    assert block(product(), "", "v") == near(whole[0])
    direction = RNG.normal(size=3)
    assert block(product(along={"v": direction}), "", "v") == near(whole @ direction)


def test_values_are_given_to_the_function() -> None:
    slope = dataflow.derive(NETWORK, "jacobian", "y", wrt="b")
    X = RNG.normal(size=(5, 2))
    assert block(slope({"X": X}), "y", "b") == near(autograd.jacobian(outputs, 2)(X, *GIVEN[1:]))
    assert block(slope(), "y", "b").shape == (3, 3)


@pytest.mark.parametrize("values", [{}, {"spot": 140.0, "strike": 90.0, "volatility": 0.35, "time": 2.0}])
def test_greeks_of_second_order(values: dict[str, float]) -> None:
    """Gamma, vanna and volga by their closed forms, with 40 digits."""
    graph = dataflow.load(GRAPHS / "black_scholes.yaml")
    found = dataflow.derive(graph, "hessian", "price", wrt=["spot", "volatility"])(values)
    given = {"spot": 100.0, "strike": 105.0, "rate": 0.03, "volatility": 0.2, "time": 0.5} | values
    with mpmath.workdps(40):
        spot, strike, rate, volatility, time = map(mpmath.mpf, given.values())
        deviation = volatility * mpmath.sqrt(time)
        d1 = (mpmath.log(spot / strike) + (rate + volatility**2 / 2) * time) / deviation
        d2 = d1 - deviation
        density = mpmath.npdf(d1)
        gamma = density / (spot * deviation)
        vanna = -density * d2 / volatility
        volga = spot * density * mpmath.sqrt(time) * d1 * d2 / volatility
        expected = {("spot", "spot"): gamma, ("spot", "volatility"): vanna, ("volatility", "volatility"): volga}
    for key, value in expected.items():
        assert block(found, *key) == pytest.approx(float(value), rel=1e-11)
    assert block(found, "volatility", "spot") == pytest.approx(float(vanna), rel=1e-11)


def test_the_hessian_of_a_logistic_regression() -> None:
    """X' diag(p (1 - p)) X / n, at the start of the training, where p is 1/2 and X is standardised."""
    graph = dataflow.load(GRAPHS / "logistic_regression.yaml")
    Z = np.asarray(dataflow.execute(graph, only=["Z"]).values["Z"])
    found = dataflow.derive(graph, "hessian", "J", wrt=["w", "b"])()
    assert block(found, "w", "w") == pytest.approx(Z.T @ Z / len(Z) / 4, rel=1e-10, abs=1e-13)
    assert block(found, "b", "b") == near(0.25)


def test_the_graph_keeps_its_own_derivatives() -> None:
    graph = dataflow.loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: x ** 2}, derivatives: {jacobian: {jacobian: y}}}")
    found: Any = dataflow.derive(graph, "jacobian", "y")()
    assert (found.kind, found.blocks) == ("jacobian", {("y", "x"): 6.0})
    assert list(graph.derivatives) == ["jacobian"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("jacobain", "y"), "DF0240"), (("jacobian", "yy"), "DF0905"), (("jacobian", 3), "DF0252"),
        (("hessian", ["y", "J"]), "DF0242"),
    ],
)  # fmt: skip
def test_what_cannot_be_derived(arguments: Any, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        dataflow.derive(NETWORK, *arguments)
    assert [problem.code for problem in caught.value.diagnostics] == [code]


def test_what_a_function_refuses() -> None:
    push = dataflow.derive(NETWORK, "jvp", "y")
    with pytest.raises(UsageError, match="a jvp needs `along`"):
        push()
    with pytest.raises(GraphError, match="the direction does not fit `v`"):
        push(along={"v": np.ones(4)})
    with pytest.raises(DataError, match="does not have the declared shape"):
        push({"X": [1, 2]}, along={"v": [1, 2, 3]})
    with pytest.raises(GraphError, match="a hessian is that of one number, and `y` has 3 elements"):
        dataflow.derive(NETWORK, "hessian", "y")()
