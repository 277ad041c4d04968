"""Losses against autograd, SciPy, statsmodels and mpmath: values and gradients, and the digits of small losses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as anp
import autograd.scipy.special as asp
import mpmath as mp
import numpy as np
import pytest
import scipy.special
from scipy.spatial.distance import cosine
from statsmodels.discrete.discrete_model import Logit, MNLogit
from statsmodels.robust.norms import HuberT

import dataflow
from dataflow import GraphError, registry
from tests.plugins.calling import call_rule, complete, differentiable, over_numpy

OPERATORS = registry.standard()
XP = over_numpy(OPERATORS)
RNG = np.random.default_rng(12)
X, Y = 2 * RNG.normal(size=(2, 3, 4))
P, Q = RNG.uniform(0.05, 0.95, size=(2, 3, 4))
SIGNS = np.sign(Y)
LABELS = np.array([2, 0, 3])


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with np.errstate(all="ignore"):
        yield


def log_softmax(x: Any) -> Any:
    return x - asp.logsumexp(x, axis=-1, keepdims=True)


def smoothed(x: Any) -> Any:
    targets = 0.7 * np.eye(4)[LABELS] + 0.3 / 4
    return -anp.sum(targets * log_softmax(x), axis=-1)


def norm(x: Any) -> Any:
    return anp.sqrt(anp.sum(x * x, axis=-1))


def huber(delta: float) -> Callable[[Any, Any], Any]:
    def losses(x: Any, y: Any) -> Any:
        d = anp.abs(x - y)
        return anp.where(d <= delta, d * d / 2, delta * (d - delta / 2))

    return losses


LOSSES: dict[str, tuple[str, tuple[Any, ...], dict[str, Any], Callable[..., Any]]] = {
    "squares": ("mean_squared_error", (X, Y), {}, lambda x, y: (x - y) ** 2),
    "absolute": ("mean_absolute_error", (X, Y), {}, lambda x, y: anp.abs(x - y)),
    "huber": ("huber", (X, Y), {}, huber(1.0)),
    "huber of delta 2.5": ("huber", (X, Y), {"delta": 2.5}, huber(2.5)),
    "logits": (
        "binary_cross_entropy_with_logits", (X, P), {},
        lambda x, t: -t * anp.log(asp.expit(x)) - (1 - t) * anp.log(asp.expit(-x)),
    ),
    "probabilities": (
        "binary_cross_entropy", (P, Q), {}, lambda p, t: -t * anp.log(p) - (1 - t) * anp.log(1 - p),
    ),
    "hinge": ("hinge", (X, SIGNS), {}, lambda x, y: anp.maximum(0.0, 1 - x * y)),
    "labels": ("cross_entropy", (X, LABELS), {}, lambda x: -anp.sum(np.eye(4)[LABELS] * log_softmax(x), axis=-1)),
    "smoothed labels": ("cross_entropy", (X, LABELS), {"label_smoothing": 0.3}, smoothed),
    "likelihood": ("negative_log_likelihood", (X, LABELS), {}, lambda x: -anp.sum(np.eye(4)[LABELS] * x, axis=-1)),
    "divergence": ("kl_divergence", (P, Q), {}, lambda p, q: anp.sum(p * anp.log(p / q), axis=-1)),
    "divergence over axis 0": ("kl_divergence", (P, Q), {"axis": 0}, lambda p, q: anp.sum(p * anp.log(p / q), axis=0)),
}  # fmt: skip
REDUCED: dict[str, Callable[[Any], Any]] = {"mean": anp.mean, "sum": anp.sum}


def gradients(name: str, g: Any, inputs: tuple[Any, ...], attributes: dict[str, Any]) -> list[Any]:
    operator = OPERATORS[name]
    attributes = complete(operator, attributes)
    z = operator.forward(XP, *inputs, **attributes)
    names = [operator.inputs[place].name for place in differentiable(operator)]
    return [call_rule(XP, operator, item, g, z, inputs, attributes) for item in names]


def near(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10 * np.max(np.abs(expected)))


@pytest.mark.parametrize("case", sorted(LOSSES))
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_against_autograd(case: str, reduction: str) -> None:
    name, inputs, attributes, oracle = LOSSES[case]
    attributes = {**attributes, "reduction": reduction}
    count = len(differentiable(OPERATORS[name]))
    rest = () if name in ("cross_entropy", "negative_log_likelihood") else inputs[count:]
    losses = oracle(*inputs[:count], *rest)
    z = getattr(XP, name)(*inputs, **attributes)
    g = RNG.normal(size=np.shape(z))
    near(z, losses if reduction == "none" else REDUCED[reduction](losses))
    for place, found in enumerate(gradients(name, g, inputs, attributes)):

        def total(*items: Any) -> Any:
            made = oracle(*items, *rest)
            return anp.sum(g * made) if reduction == "none" else g * REDUCED[reduction](made)

        near(found, autograd.grad(total, place)(*inputs[:count]))


@pytest.mark.parametrize("case", sorted(set(LOSSES) - {"labels", "smoothed labels", "likelihood"}))
def test_in_float32(case: str) -> None:
    name, inputs, attributes, _ = LOSSES[case]
    narrow = tuple(x.astype(np.float32) for x in inputs)
    z = getattr(XP, name)(*narrow, **attributes)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z, getattr(XP, name)(*inputs, **attributes), rtol=1e-5)
    assert {dx.dtype.name for dx in gradients(name, np.ones((), np.float32), narrow, attributes)} == {"float32"}


def test_other_libraries() -> None:
    near(XP.huber(X, Y, delta=0.8, reduction="none"), HuberT(t=0.8).rho(X - Y))
    near(XP.huber(X, Y, delta=0.8, reduction="none"), scipy.special.huber(0.8, X - Y))
    near(XP.kl_divergence(P, Q, axis=None), np.sum(scipy.special.rel_entr(P, Q)))
    near(XP.cosine_similarity(X, Y), [1 - cosine(x, y) for x, y in zip(X, Y, strict=True)])


def test_logistic_regression_of_statsmodels() -> None:
    features, weights = RNG.normal(size=(30, 3)), np.array([0.4, -1.0, 0.7])
    labels = (RNG.uniform(size=30) < 0.5) * 1.0
    model, logits = Logit(labels, features), features @ weights
    near(XP.binary_cross_entropy_with_logits(logits, labels, reduction="sum"), -model.loglike(weights))
    (dlogits, _) = gradients("binary_cross_entropy_with_logits", 1.0, (logits, labels), {"reduction": "sum"})
    near(features.T @ dlogits, -model.score(weights))
    probabilities = model.predict(weights)
    near(XP.binary_cross_entropy(probabilities, labels), -model.loglike(weights) / 30)


def test_multinomial_regression_of_statsmodels() -> None:
    features, weights = RNG.normal(size=(40, 2)), RNG.normal(size=(2, 3))
    labels = np.arange(40) % 4
    model, logits = MNLogit(labels, features), np.column_stack([np.zeros(40), features @ weights])
    flat = weights.ravel(order="F")
    near(XP.cross_entropy(logits, labels, reduction="sum"), -model.loglike(flat))
    (dlogits,) = gradients("cross_entropy", 1.0, (logits, labels), {"reduction": "sum"})
    near((features.T @ dlogits[:, 1:]).ravel(order="F"), -model.score(flat))


# --- cosine similarity ---


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_cosine_similarity(scale: float) -> None:
    g = RNG.normal(size=3)
    z = XP.cosine_similarity(scale * X, Y)

    def total(x: Any, y: Any) -> Any:
        return anp.sum(g * anp.sum(x * y, axis=-1) / (norm(x) * norm(y)))

    near(z, np.sum(X * Y, axis=-1) / (norm(X) * norm(Y)))
    dx, dy = gradients("cosine_similarity", g, (scale * X, Y), {})
    near(dx * scale, autograd.grad(total, 0)(X, Y))
    near(dy, autograd.grad(total, 1)(X, Y))


# --- digits ---

MARGINS = [-800.0, -40.0, -20.0, 0.5, 20.0, 35.0, 40.0, 300.0]


@pytest.mark.parametrize("margin", MARGINS)
def test_small_losses_keep_their_digits(margin: float) -> None:
    """One element classified with a margin: loss and slope relative to themselves, not to 1."""
    with mp.workdps(400):
        loss = float(mp.log1p(mp.exp(-mp.mpf(margin))))
        slope = float(-1 / (1 + mp.exp(mp.mpf(margin))))
    binary, one = "binary_cross_entropy_with_logits", np.ones(())
    for x, target, sign in ((margin, 1.0, 1), (-margin, 0.0, -1)):
        inputs = (np.array(x), np.array(target))
        np.testing.assert_allclose(XP.binary_cross_entropy_with_logits(*inputs), loss, rtol=1e-13)
        np.testing.assert_allclose(gradients(binary, one, inputs, {})[0], sign * slope, rtol=1e-13)
    inputs = (np.array([[margin, 0.0]]), np.array([0]))
    for reduction in ("mean", "none"):
        attributes = {"reduction": reduction}
        np.testing.assert_allclose(XP.cross_entropy(*inputs, **attributes), np.broadcast_to(loss, (1,)), rtol=1e-13)
        g = np.ones(() if reduction == "mean" else 1)
        np.testing.assert_allclose(gradients("cross_entropy", g, inputs, attributes)[0], [[slope, -slope]], rtol=1e-13)


def test_probabilities_that_are_nearly_right() -> None:
    """p - t loses nothing, where t / p and (1 - t) / (1 - p) nearly cancel."""
    p, t = 0.3 * (1 + 2.0**-40), 0.3
    (dp, _) = gradients("binary_cross_entropy", np.ones(()), (np.array(p), np.array(t)), {})
    np.testing.assert_allclose(dp, (p - t) / (p * (1 - p)), rtol=1e-12)
    (dp, _) = gradients(
        "binary_cross_entropy", np.ones(()), (np.array([1e-300, 0.0]), np.zeros(2)), {"reduction": "sum"}
    )
    assert dp.tolist() == [1.0, 1.0]


# --- ignored labels ---


@pytest.mark.parametrize("name", ["cross_entropy", "negative_log_likelihood"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_ignored_rows_are_as_if_they_were_not_there(name: str, reduction: str) -> None:
    labels, rest, g = np.array([2, -1, 3]), [0, 2], RNG.normal(size=3 if reduction == "none" else ())
    attributes: dict[str, Any] = {"ignore_index": -1, "reduction": reduction}
    z = getattr(XP, name)(X, labels, **attributes)
    alone = getattr(XP, name)(X[rest], labels[rest], reduction=reduction)
    near(z if reduction != "none" else z[rest], alone)
    assert reduction != "none" or z[1] == 0
    (dx,) = gradients(name, g, (X, labels), attributes)
    (expected,) = gradients(
        name, g if reduction != "none" else g[rest], (X[rest], labels[rest]), {"reduction": reduction}
    )
    near(dx[rest], expected)
    assert not dx[1].any()


def test_nothing_but_ignored_rows() -> None:
    labels = np.full(3, -100)
    assert np.isnan(XP.cross_entropy(X, labels, ignore_index=-100))
    assert XP.cross_entropy(X, labels, ignore_index=-100, reduction="sum") == 0


# --- as a user meets them ---


def execute(nodes: dict[str, str], **inputs: Any) -> dataflow.Result:
    document = {"dataflow": 1, "inputs": inputs, "nodes": nodes, "target": list(nodes)[-1]}
    return dataflow.execute(dataflow.loads(json.dumps(document)))


def integers(value: Any) -> dict[str, Any]:
    return {"value": value, "dtype": "int64"}


def test_classes_without_a_label_are_not_taken() -> None:
    """The slope of log at 0 is inf; a class that is no row's label takes no part in it."""
    nodes = {"J": "negative_log_likelihood(log(p), labels)"}
    result = execute(nodes, p=[[0.0, 1.0], [0.5, 0.5]], labels=integers([1, 0]))
    assert np.asarray(result.gradients["p"]).tolist() == [[0.0, -0.5], [-1.0, 0.0]]
    nodes = {"J": "cross_entropy(log(p), labels, ignore_index=-1)"}
    result = execute(nodes, p=[[0.0, 0.0], [0.5, 0.5]], labels=integers([-1, 0]))
    assert np.asarray(result.gradients["p"]).tolist() == [[0.0, 0.0], [-1.0, 1.0]]


def test_a_margin_that_is_reached_takes_nothing() -> None:
    result = execute({"J": "hinge(-log(p), y)"}, p=[0.0, 0.5], y=[1.0, -1.0])
    np.testing.assert_allclose(np.asarray(result.gradients["p"]), [0.0, -1.0])


VECTOR, MATRIX = [1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]]
PAIRS = {
    "mean_squared_error": "predictions and targets", "mean_absolute_error": "predictions and targets",
    "huber": "predictions and targets", "binary_cross_entropy": "probabilities and targets",
    "binary_cross_entropy_with_logits": "logits and targets", "hinge": "scores and labels", "kl_divergence": "p and q",
    "cosine_similarity": "x and y",
}  # fmt: skip


def refusal(text: str, **inputs: Any) -> str:
    with pytest.raises(GraphError) as caught:
        execute({"z": text}, aside=[1.0], **inputs)
    (diagnostic,) = caught.value.diagnostics
    return str(diagnostic.message).partition(" cannot be applied: ")[2]


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_shapes_that_differ(name: str) -> None:
    assert refusal(f"{name}(a, b)", a=VECTOR, b=MATRIX) == f"{PAIRS[name]} differ in shape: [2] and [2, 2]"


@pytest.mark.parametrize(
    ("text", "inputs", "message"),
    [
        ("cosine_similarity(x, y)", {"x": VECTOR, "y": 1.0}, "y is one number, and needs an axis"),
        ("kl_divergence(x, y)", {"x": 1.0, "y": 1.0}, "p is one number, and needs an axis"),
        ("kl_divergence(x, y, axis=1)", {"x": VECTOR, "y": VECTOR},
         "axis 1 is out of range for a value of 1 dimension"),
        ("huber(x, y, delta=0)", {"x": VECTOR, "y": VECTOR}, "delta is above 0, not 0"),
        ("cross_entropy(x, i, label_smoothing=1.5)", {"x": MATRIX, "i": integers([0, 1])},
         "label_smoothing is from 0 to 1, not 1.5"),
        ("cross_entropy(x, i)", {"x": MATRIX, "i": integers([0, 2])}, "index 2 is outside 0 to 1"),
        ("cross_entropy(x, i)", {"x": MATRIX, "i": integers([0, -1])}, "index -1 is outside 0 to 1"),
        ("cross_entropy(x, i, ignore_index=-1)", {"x": MATRIX, "i": integers([-1, 5])}, "index 5 is outside 0 to 1"),
        ("cross_entropy(x, i)", {"x": MATRIX, "i": integers([0])},
         "labels have the shape [1], and logits of shape [2, 2] need [2]"),
        ("negative_log_likelihood(x, i)", {"x": 1.0, "i": integers(0)},
         "log_probabilities are one number, and need an axis of classes"),
    ],
)  # fmt: skip
def test_refusals(text: str, inputs: dict[str, Any], message: str) -> None:
    assert refusal(text, **inputs) == message
