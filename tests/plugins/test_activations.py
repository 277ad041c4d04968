"""Activations and softmaxes against mpmath, to 50 digits, values and slopes: also where a sigmoid is nearly 0 or 1."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.special
from dataflow_nn.kernels import softmaxes_references

import dataflow
from dataflow import GraphError, registry
from tests.plugins.calling import call_rule, over_numpy, trials

OPERATORS = registry.standard()
XP = over_numpy(OPERATORS)
POINTS = (-700.0, -90.0, -40.0, -8.3, -2.0, -0.7, -1e-9, 1e-7, 0.4, 3.1, 4.7, 7.5, 12.0, 40.0, 90.0, 700.0)


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with np.errstate(all="ignore"):
        yield


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def elu(x: Any, alpha: float) -> Any:
    return x if x > 0 else alpha * mp.expm1(x)


with mp.workdps(50):
    ALPHA, SCALE = mp.mpf("1.6732632423543772848170429916717"), mp.mpf("1.0507009873554804934193349852946")


def gelu_of_tanh(x: Any) -> Any:
    return x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3)))


def between(low: float, x: Any, high: float) -> Any:
    return max(low, min(x, high))


ORACLES: list[tuple[str, dict[str, Any], Callable[[Any], Any]]] = [
    ("sigmoid", {}, sigmoid),
    ("log_sigmoid", {}, lambda x: -mp.log1p(mp.exp(-x))),
    ("softplus", {}, lambda x: mp.log1p(mp.exp(x))),
    ("softsign", {}, lambda x: x / (1 + abs(x))),
    ("silu", {}, lambda x: x * sigmoid(x)),
    ("gelu", {}, lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2),
    ("gelu", {"approximate": "tanh"}, gelu_of_tanh),
    ("mish", {}, lambda x: x * mp.tanh(mp.log1p(mp.exp(x)))),
    ("relu", {}, lambda x: max(x, mp.mpf(0))),
    ("relu6", {}, lambda x: between(0, x, 6)),
    ("leaky_relu", {}, lambda x: x if x > 0 else mp.mpf(0.01) * x),
    ("leaky_relu", {"negative_slope": -2.0}, lambda x: x if x > 0 else -2 * x),
    ("elu", {}, lambda x: elu(x, 1)),
    ("elu", {"alpha": 1.7}, lambda x: elu(x, mp.mpf(1.7))),
    ("selu", {}, lambda x: SCALE * elu(x, ALPHA)),
    ("celu", {"alpha": 0.5}, lambda x: x if x > 0 else mp.expm1(2 * x) / 2),
    ("hard_tanh", {"min": -2.5, "max": 4.0}, lambda x: between(-2.5, x, 4)),
    ("hard_sigmoid", {}, lambda x: between(0, (x + 3) / 6, 1)),
    ("hard_swish", {}, lambda x: x * between(0, (x + 3) / 6, 1)),
    ("softshrink", {"lambd": 1.5}, lambda x: mp.sign(x) * max(abs(x) - 1.5, mp.mpf(0))),
    ("hard_shrink", {"lambd": 1.5}, lambda x: x if abs(x) > 1.5 else mp.mpf(0)),
]  # fmt: skip
NAMES = [f"{name}{attributes or ''}" for name, attributes, _ in ORACLES]


def slope(oracle: Callable[[Any], Any], x: float) -> float:
    """The derivative of an mpmath function of numbers whose difference steps do not cross a kink."""
    with mp.workdps(400):  # of 1 - e ** -700 there are 305 nines first
        h = mp.mpf(10) ** -30
        return float((oracle(x + h) - oracle(x - h)) / (2 * h))


@pytest.mark.parametrize(("name", "attributes", "oracle"), ORACLES, ids=NAMES)
def test_against_mpmath(name: str, attributes: dict[str, Any], oracle: Callable[[Any], Any]) -> None:
    """Every element on its own, relative to itself, however small it is; below 1e-290 numbers have fewer digits."""
    x = np.array(POINTS)
    z = getattr(XP, name)(x, **attributes)
    dx = call_rule(XP, OPERATORS[name], "x", np.ones_like(x), z, (x,), attributes)
    with mp.workdps(400):
        values = [float(oracle(mp.mpf(point))) for point in POINTS]
    np.testing.assert_allclose(z, values, rtol=1e-12, atol=1e-290)
    np.testing.assert_allclose(dx, [slope(oracle, mp.mpf(point)) for point in POINTS], rtol=1e-12, atol=1e-290)


@pytest.mark.parametrize(("name", "attributes", "oracle"), ORACLES, ids=NAMES)
def test_in_float32(name: str, attributes: dict[str, Any], oracle: Callable[[Any], Any]) -> None:
    x = np.array([point for point in POINTS if abs(point) <= 40], np.float32)
    z = getattr(XP, name)(x, **attributes)
    dx = call_rule(XP, OPERATORS[name], "x", np.ones_like(x), z, (x,), attributes)
    assert z.dtype == dx.dtype == np.float32
    points = [mp.mpf(float(point)) for point in x]
    with mp.workdps(400):
        values = [float(oracle(point)) for point in points]
    np.testing.assert_allclose(z, values, rtol=2e-5, atol=1e-30)
    np.testing.assert_allclose(dx, [slope(oracle, point) for point in points], rtol=2e-5, atol=1e-30)


KINKS = [
    (name, row[0][0], row[2][0], row[3] if len(row) > 3 else {})
    for name in ("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "hard_tanh", "hard_sigmoid", "hard_swish",
                 "softshrink")
    for row in OPERATORS[name].special
    if np.isfinite(row[0][0])
]  # fmt: skip


@pytest.mark.parametrize(("name", "x", "expected", "attributes"), KINKS)
def test_the_slope_nearest_to_0_is_taken(name: str, x: float, expected: float, attributes: dict[str, Any]) -> None:
    """Of the numbers between the slopes from both sides; where these agree, it is the slope."""
    h = 2.0**-26
    before, at, after = getattr(XP, name)(np.array([x - h, x, x + h]), **attributes)
    slopes = sorted([(at - before) / h, (after - at) / h])
    np.testing.assert_allclose(expected, min(max(0.0, slopes[0]), slopes[1]), atol=1e-7)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_kernels_against_their_definitions(name: str) -> None:
    operator = OPERATORS[name]
    reference = getattr(softmaxes_references, name)
    for trial in trials(operator):
        found = operator.forward(XP, *trial.inputs, **trial.attributes)
        np.testing.assert_allclose(found, reference(*trial.inputs, **trial.attributes), rtol=1e-13, atol=1e-15)
    for row in operator.special:
        np.testing.assert_allclose(reference(np.array(row[0][0])), row[1], rtol=1e-15)


def test_prelu() -> None:
    x, weight = np.array([[-2.0, 3.0], [-0.5, -4.0]]), np.array([0.25, -1.5])
    z = XP.prelu(x, weight)
    assert z.tolist() == [[-0.5, 3.0], [-0.125, 6.0]]
    g = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert call_rule(XP, OPERATORS["prelu"], "x", g, z, (x, weight), {}).tolist() == [[0.25, 2.0], [0.75, -6.0]]
    assert call_rule(XP, OPERATORS["prelu"], "weight", g, z, (x, weight), {}).tolist() == [[-2.0, 0.0], [-1.5, -16.0]]


@pytest.mark.parametrize("axis", [0, -1])
def test_glu(axis: int) -> None:
    x, g = np.random.default_rng(3).normal(size=(2, 4, 6)), np.random.default_rng(4).normal(size=(2, 4, 6))
    a, b = np.split(x, 2, axis)
    z = XP.glu(x, axis=axis)
    np.testing.assert_allclose(z, a * scipy.special.expit(b), rtol=1e-14)
    g = np.split(g, 2, axis)[0]
    found = call_rule(XP, OPERATORS["glu"], "x", g, z, (x,), {"axis": axis})
    gate = scipy.special.expit(b)
    np.testing.assert_allclose(found, np.concatenate([g * gate, g * a * gate * (1 - gate)], axis), rtol=1e-12)


# --- softmaxes ---

ROWS = [[0.3, -1.2, 2.0], [30.0, 0.0, -3.0], [0.0, 80.0, 10.0], [5.0, 5.0, -200.0], [1000.0, 999.0, 300.0]]


def exact_softmax(row: list[float]) -> list[Any]:
    powers = [mp.exp(mp.mpf(x)) for x in row]
    return [power / sum(powers) for power in powers]


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_softmaxes_keep_their_digits(row: list[float], place: int) -> None:
    """Values and slopes of one output, each relative to itself, also where one element is nearly all."""
    x, g = np.array(row), np.eye(3)[place]
    with mp.workdps(500):
        p = exact_softmax(row)
        taken = [mp.mpf(index == place) for index in range(3)]
        softmax_dx = [float(p[place] * (taken[index] - p[index])) for index in range(3)]
        log_softmax_dx = [float(taken[index] - p[index]) for index in range(3)]
        expected = [float(item) for item in p], [float(mp.log(item)) for item in p]
    for name, value, dx in zip(("softmax", "log_softmax"), expected, (softmax_dx, log_softmax_dx), strict=True):
        z = getattr(XP, name)(x)
        np.testing.assert_allclose(z, value, rtol=1e-13, atol=1e-290)
        found = call_rule(XP, OPERATORS[name], "x", g, z, (x,), {"axis": -1})
        np.testing.assert_allclose(found, dx, rtol=1e-12, atol=1e-290)
    z = XP.logsumexp(x)
    with mp.workdps(500):
        np.testing.assert_allclose(z, float(mp.log(sum(mp.exp(mp.mpf(item)) for item in row))), rtol=1e-15)
    found = call_rule(XP, OPERATORS["logsumexp"], "x", np.ones(()), z, (x,), {})
    np.testing.assert_allclose(found, expected[0], rtol=1e-13, atol=1e-290)


def test_logsumexp_near_0() -> None:
    assert XP.logsumexp(np.array([0.0, -50.0])) == np.exp(-50.0)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, (0, 1), (2, 0), (-1, -3), (0, 1, 2), None])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_softmaxes_over_axes(axis: Any, dtype: Any) -> None:
    x = (3 * np.random.default_rng(1).normal(size=(2, 3, 4))).astype(dtype)
    rtol = 1e-13 if dtype is np.float64 else 1e-5
    for name in ("softmax", "log_softmax"):
        found = getattr(XP, name)(x, axis=axis)
        assert found.dtype == dtype
        expected = getattr(scipy.special, name)(x.astype(np.float64), axis=axis)
        np.testing.assert_allclose(found, expected, rtol=rtol)
    for keepdims in (False, True):
        found = XP.logsumexp(x, axis=axis, keepdims=keepdims)
        assert found.dtype == dtype
        expected = scipy.special.logsumexp(x.astype(np.float64), axis=axis, keepdims=keepdims)
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_allclose(found, expected, rtol=rtol)


def test_infinities_and_nan() -> None:
    rows = np.array([[-np.inf, -np.inf], [np.inf, 0.0], [np.inf, np.inf], [np.nan, 0.0], [-np.inf, 3.0]])
    np.testing.assert_array_equal(XP.logsumexp(rows, axis=1), [-np.inf, np.inf, np.inf, np.nan, 3.0])
    np.testing.assert_array_equal(XP.log_softmax(rows)[-1], [-np.inf, 0.0])
    assert np.isnan(XP.log_softmax(rows)[:-1]).all()
    assert np.isnan(XP.softmax(rows)[:-1]).all()


# --- as a user meets them ---


def refusal(text: str, **inputs: Any) -> str:
    document = {"dataflow": 1, "inputs": {"aside": [1.0], **inputs}, "nodes": {"z": text}}
    with pytest.raises(GraphError) as caught:
        dataflow.execute(dataflow.loads(json.dumps(document)))
    (diagnostic,) = caught.value.diagnostics
    return str(diagnostic.message).partition(" cannot be applied: ")[2]


@pytest.mark.parametrize(
    ("text", "x", "message"),
    [
        ("glu(x)", [1.0, 2.0, 3.0], "axis -1 of x has 3 elements: they must be an even number, to be halved"),
        ("glu(x)", 1.0, "axis -1 is out of range for a value of 0 dimensions"),
        ("glu(x, axis=1)", [1.0, 2.0], "axis 1 is out of range for a value of 1 dimension"),
        ("celu(x, alpha=0)", [1.0], "alpha is not 0, since x is divided by it"),
        ("softshrink(x, lambd=0)", [1.0], "lambd is above 0, not 0"),
        ("hard_shrink(x, lambd=-1)", [1.0], "lambd is above 0, not -1"),
        ("softmax(x)", [], "there is no largest element: x has none along the axis"),
        ("logsumexp(x)", [], "there is no largest element: x has none along the axis"),
    ],
)
def test_refusals(text: str, x: Any, message: str) -> None:
    assert refusal(text, x=x) == message


@pytest.mark.parametrize("text", ["relu6(log(x))", "hard_swish(log(x))", "hard_sigmoid(log(x))", "hard_tanh(log(x))"])
def test_what_is_not_taken_gets_nothing(text: str) -> None:
    """The slope of log at 0 is inf, and beyond its kinks none of these takes anything: 0, not NaN."""
    for x in (0.0, [0.0, 0.0]):
        nodes = {"z": text, "J": "sum(z)"} if isinstance(x, list) else {"J": text}
        document = {"dataflow": 1, "inputs": {"x": x}, "nodes": nodes, "target": "J"}
        result = dataflow.execute(dataflow.loads(json.dumps(document)))
        assert np.all(np.asarray(result.gradients["x"]) == 0)
