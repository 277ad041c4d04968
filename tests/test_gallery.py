"""Every graph of the gallery, compared with numbers that do not come from this code.

The test of ``graphs/NAME.yaml`` is called ``test_NAME``; a graph without one fails.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import autograd
import autograd.numpy as anp
import mpmath
import numpy as np
import pytest
from autograd.scipy.special import erf
from scipy.stats import multivariate_normal
from statsmodels.discrete.discrete_model import Logit

import dataflow

GRAPHS = Path(__file__).parent.parent / "graphs"


def run(name: str, values: dict[str, Any] | None = None) -> Any:
    return dataflow.execute(dataflow.load(GRAPHS / f"{name}.yaml"), values or {})


def near(expected: Any, rel: float = 1e-12, absolute: float = 1e-15) -> Any:
    """Equal to rounding. `absolute` is for entries that are 0, or nearly, because larger ones cancel."""
    return pytest.approx(expected, rel=rel, abs=absolute)


@pytest.mark.parametrize("name", sorted(path.stem for path in GRAPHS.glob("*.yaml")))
def test_graph_has_a_test(name: str) -> None:
    assert callable(globals().get(f"test_{name}")), f"graphs/{name}.yaml needs a test_{name} with independent numbers"


def test_lecture() -> None:
    result = run("lecture")
    assert result.values == {"a": 5, "b": 3, "c": 2, "u": 6, "v": 11, "J": 33}
    assert result.gradients == {"a": 3, "b": 6, "c": 9, "u": 3, "v": 3, "J": 1}


def test_lecture_with_another_value() -> None:
    result = run("lecture", {"a": 7})
    assert (result.values["J"], result.gradients["a"]) == (39, 3)


def test_perceptron() -> None:
    """By hand: z = 0, p = 1/2, dp = 2 (p - y) = -1, dz = dp p (1 - p) = -1/4. All of it is exact in binary."""
    result = run("perceptron")
    given = {"x1": 1, "x2": 3, "y": 1, "w1": 2, "w2": -0.5, "b": -0.5}
    assert result.values == {**given, "z": 0, "p": 0.5, "J": 0.25}
    assert result.gradients == {
        "x1": -0.5,
        "x2": 0.125,
        "y": 1,
        "w1": -0.25,
        "w2": -0.75,
        "b": -0.25,
        "z": -0.25,
        "p": -1,
        "J": 1,
    }


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"spot": 140.0, "strike": 90.0, "rate": -0.01, "volatility": 0.35, "time": 2.0},
        {"spot": 60.0, "strike": 100.0, "volatility": 0.15, "time": 0.25},  # 8e-12: far out of the money
    ],
)
def test_black_scholes(values: dict[str, float]) -> None:
    """The closed form of the price and of each greek, with 40 digits."""
    result = run("black_scholes", values)
    given = {"spot": 100.0, "strike": 105.0, "rate": 0.03, "volatility": 0.2, "time": 0.5} | values
    with mpmath.workdps(40):
        spot, strike, rate, volatility, time = map(mpmath.mpf, given.values())
        deviation = volatility * mpmath.sqrt(time)
        d1 = mpmath.log(spot / strike) / deviation + (rate / volatility + volatility / 2) * mpmath.sqrt(time)
        d2 = d1 - deviation
        paid = strike * mpmath.exp(-rate * time)
        price = spot * mpmath.ncdf(d1) - paid * mpmath.ncdf(d2)
        greeks = {
            "spot": mpmath.ncdf(d1),
            "strike": -mpmath.exp(-rate * time) * mpmath.ncdf(d2),
            "rate": time * paid * mpmath.ncdf(d2),
            "volatility": spot * mpmath.npdf(d1) * mpmath.sqrt(time),
            "time": spot * mpmath.npdf(d1) * volatility / (2 * mpmath.sqrt(time)) + rate * paid * mpmath.ncdf(d2),
        }
    assert result.values["price"] == near(float(price), rel=1e-10, absolute=0)  # the difference of two larger numbers
    for name, expected in greeks.items():
        assert result.gradients[name] == near(float(expected), rel=1e-10, absolute=0), name


def test_chain() -> None:
    """The recurrence of the values and the product of its slopes, with 40 digits."""
    result = run("chain")
    steps = 250
    with mpmath.workdps(40):
        start, step, growth = mpmath.mpf(0.1), mpmath.mpf(0.02), mpmath.mpf(1.5)
        values, per_growth = [start], mpmath.mpf(0)
        for _ in range(steps):
            x = values[-1]
            per_growth = per_growth * (1 + step * growth * (1 - 2 * x)) + step * x * (1 - x)
            values.append(x + step * growth * x * (1 - x))
        gradients = [mpmath.mpf(1)]
        for x in reversed(values[:-1]):
            gradients.append(gradients[-1] * (1 + step * growth * (1 - 2 * x)))
        gradients.reverse()
    names = [f"x{i}" for i in range(steps + 1)]
    assert [result.values[name] for name in names] == near([float(x) for x in values])
    assert [result.gradients[name] for name in names] == near([float(x) for x in gradients])
    assert result.gradients["growth"] == near(float(per_growth))
    assert result.gradients["step"] == near(float(per_growth * growth / step))  # only their product matters


def test_two_layer_network() -> None:
    """The same network in autograd, taken up at each of its nodes."""
    result = run("two_layer_network")
    names = ("X", "W1", "b1", "W2", "b2", "hidden", "logits")
    X, W1, b1, W2, b2 = (np.array(result.values[name]) for name in names[:5])
    labels = np.array([0, 1, 1, 0])

    def loss(logits: Any) -> Any:
        largest = anp.max(logits, axis=1, keepdims=True)
        logs = logits - largest - anp.log(anp.sum(anp.exp(logits - largest), axis=1, keepdims=True))
        return -anp.mean(logs[np.arange(4), labels])

    def output(hidden: Any, W2: Any, b2: Any) -> Any:
        return loss(anp.dot(hidden, W2) + b2)

    def network(X: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        return output(anp.tanh(anp.dot(X, W1) + b1), W2, b2)

    hidden = np.tanh(X @ W1 + b1)
    logits = hidden @ W2 + b2
    expected = [autograd.grad(network, i)(X, W1, b1, W2, b2) for i in range(5)]
    expected += [autograd.grad(output)(hidden, W2, b2), autograd.grad(loss)(logits)]
    assert result.values["J"] == near(float(network(X, W1, b1, W2, b2)))
    assert result.values["probabilities"] == near(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    for name, gradient in zip(names, expected, strict=True):
        assert result.gradients[name] == near(gradient), name
    assert result.gradients["labels"] is None  # integers
    assert not np.any(result.gradients["probabilities"])  # J does not use them


@pytest.fixture(scope="module")
def patients() -> Logit:
    """The model of the logistic regression in statsmodels: ten standardised means and a constant."""
    table = np.loadtxt(GRAPHS / "breast_cancer.csv", delimiter=",", skiprows=1)
    X, y = table[:, :10], table[:, 30]
    return Logit(y, np.column_stack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones(len(X))]))


def test_logistic_regression(patients: Logit) -> None:
    """With all weights 0: log 2, and the slope that statsmodels calls the score."""
    result = run("logistic_regression")
    slopes = -patients.score(np.zeros(11)) / 569
    assert result.values["J"] == near(float(np.log(2)))
    assert result.values["Z"] == near(patients.exog[:, :10])
    assert result.gradients["w"] == near(slopes[:10])
    assert result.gradients["b"] == near(slopes[10])
    assert result.gradients["X"] is None  # data from a file
    assert result.gradients["y"] is None


def test_logistic_regression_at_its_optimum(patients: Logit) -> None:
    """Where statsmodels ends, no weight has a slope left and the loss is the mean negative log-likelihood."""
    best = patients.fit(method="newton", tol=1e-12, maxiter=100, disp=False)
    assert best.converged
    result = run("logistic_regression", {"w": best.params[:10], "b": float(best.params[10])})
    assert result.values["J"] == near(-best.llf / 569)
    assert np.max(np.abs(result.gradients["w"])) < 1e-8
    assert abs(result.gradients["b"]) < 1e-8


def agree(result: Any, function: Any, given: dict[str, Any]) -> None:
    """Value and all gradients of `function(**given)` by autograd."""
    names = list(given)
    arrays = [np.array(result.values[name], float) for name in names]
    value, gradients = autograd.value_and_grad(lambda arguments: function(**dict(zip(names, arguments, strict=True))))(
        arrays
    )
    assert result.values["J"] == near(float(value))
    for name, gradient in zip(names, gradients, strict=True):
        np.testing.assert_allclose(result.gradients[name], gradient, rtol=1e-10, atol=1e-13, err_msg=name)


def test_gaussian_process() -> None:
    """The density of a normal distribution by SciPy; its slopes by autograd through the determinant and the inverse."""
    result = run("gaussian_process")
    t, y = np.array(result.values["t"]), np.array(result.values["y"])

    def evidence(log_length: Any, log_amplitude: Any, log_noise: Any) -> Any:
        distance = t[:, None] - t[None, :]
        kernel = anp.exp(2 * log_amplitude - 0.5 * (distance / anp.exp(log_length)) ** 2)
        covariance = kernel + anp.exp(2 * log_noise) * np.eye(len(t))
        _, logdet = anp.linalg.slogdet(covariance)
        return -0.5 * y @ anp.linalg.solve(covariance, y) - 0.5 * logdet - 0.5 * len(t) * anp.log(2 * np.pi)

    agree(result, evidence, {"log_length": 0, "log_amplitude": 0, "log_noise": 0})
    density = multivariate_normal(np.zeros(len(t)), result.values["K"]).logpdf(y)
    assert result.values["J"] == near(density, 1e-10)


def test_attention() -> None:
    result = run("attention")
    tokens, wanted = np.array(result.values["tokens"]), np.array(result.values["wanted"])

    def loss(W_query: Any, W_key: Any, W_value: Any, scale: Any, shift: Any) -> Any:
        scores = (tokens @ W_query) @ (tokens @ W_key).T / np.sqrt(3.0)
        powers = anp.exp(scores) * np.tril(np.ones((4, 4)))
        looked = powers / anp.sum(powers, axis=1, keepdims=True) @ (tokens @ W_value)
        x = tokens + looked
        centred = x - anp.mean(x, axis=1, keepdims=True)
        normal = centred / anp.sqrt(anp.mean(centred**2, axis=1, keepdims=True) + 1e-5) * scale + shift
        gelu = normal * 0.5 * (1 + erf(normal / np.sqrt(2.0)))
        return anp.mean((gelu - wanted) ** 2)

    agree(result, loss, dict.fromkeys(("W_query", "W_key", "W_value", "scale", "shift")))


def test_convolution() -> None:
    """Every window is written out, and no two numbers of a pooled window are alike."""
    result = run("convolution")
    picture = np.array(result.values["picture"])[0, 0]
    windows = [[picture[i : i + 3, j : j + 3] for j in range(4)] for i in range(4)]

    def loss(kernels: Any, offsets: Any, weights: Any, bias: Any) -> Any:
        pooled = []
        for kernel, offset in zip(kernels, offsets, strict=True):
            seen = [[anp.maximum(anp.sum(window * kernel[0]) + offset, 0.0) for window in row] for row in windows]
            for i in (0, 2):
                for j in (0, 2):
                    pooled.append(anp.max(anp.array([seen[i][j], seen[i][j + 1], seen[i + 1][j], seen[i + 1][j + 1]])))
        scores = anp.dot(weights, anp.array(pooled)) + bias
        return anp.log(anp.sum(anp.exp(scores))) - scores[0]

    agree(result, loss, dict.fromkeys(("kernels", "offsets", "weights", "bias")))


def test_bratu() -> None:
    """At the first guess all is known by hand; Newton's method ends near the solution, which has a closed form."""
    graph = dataflow.load(GRAPHS / "bratu.yaml")
    result = dataflow.execute(graph)
    assert np.array(result.values["residual"]).tolist() == [1] * 11
    found: Any = result.derivatives["slopes"]
    assert found.sweeps == 3  # of three diagonals, whatever the number of points
    slopes = found.blocks["residual", "u"].to_dense()
    np.testing.assert_allclose(slopes, 144 * (np.eye(11, k=1) + np.eye(11, k=-1)) - 287 * np.eye(11), rtol=1e-13)
    derived: Any = dataflow.derive(graph, "jacobian", "residual", wrt="u", sparse=False)
    u = np.zeros(11)
    for _ in range(4):
        residual = dataflow.execute(graph.replace(derivatives={}), {"u": u}).values["residual"]
        u = u - np.linalg.solve(derived({"u": u}).blocks["residual", "u"], residual)
    angle = mpmath.findroot(lambda angle: angle - mpmath.sqrt(2) * mpmath.cosh(angle / 4), 1.5)
    places = np.arange(1, 12) / 12
    exact = [-2 * mpmath.log(mpmath.cosh((x - 0.5) * angle / 2) / mpmath.cosh(angle / 4)) for x in places]
    np.testing.assert_allclose(u, np.array(exact, float), atol=2e-4)  # (1 / 12) ** 2 / 12 times the fourth derivative
    last = dataflow.execute(graph, {"u": u})
    assert last.values["J"] < 1e-20
