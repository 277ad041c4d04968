"""The values of the workloads as functions of a NumPy-like namespace: `jax.numpy`, or that of autograd."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Data = dict[str, Any]


def black_scholes(xp: Any, ndtr: Any, v: Data) -> Any:
    """Prices of European calls, added up."""
    deviation = v["v"] * xp.sqrt(v["T"])
    d1 = (xp.log(v["S"] / v["K"]) + (v["r"] + v["v"] ** 2 / 2) * v["T"]) / deviation
    price = v["S"] * ndtr(d1) - v["K"] * xp.exp(-v["r"] * v["T"]) * ndtr(d1 - deviation)
    return xp.sum(price), price


def logistic(xp: Any, _: Any, v: Data) -> Any:
    """The mean loss of a logistic regression."""
    z = xp.dot(v["X"], v["w"]) + v["b"]
    return (xp.mean(xp.logaddexp(xp.zeros((), z.dtype), z) - v["y"] * z),)


def _logsumexp(xp: Any, x: Any, axis: int | None) -> Any:
    largest = xp.max(x, axis=axis, keepdims=True)
    return xp.log(xp.sum(xp.exp(x - largest), axis=axis)) + xp.squeeze(largest)


def gmm(xp: Any, _: Any, v: Data) -> Any:
    """The log-likelihood of a mixture of normal distributions."""
    k, d = v["m"].shape
    factors = xp.tril(v["L"], -1) + xp.exp(v["q"])[:, :, None] * xp.eye(d, dtype=v["q"].dtype)
    shift = xp.einsum("kij,kj->ki", factors, v["m"])
    moved = xp.reshape(xp.dot(v["x"], xp.reshape(factors, (k * d, d)).T), (-1, k, d)) - shift
    inner = v["a"] + xp.sum(v["q"], axis=1) - 0.5 * xp.sum(moved**2, axis=-1)
    return (xp.sum(_logsumexp(xp, inner, 1)) - v["x"].shape[0] * _logsumexp(xp, v["a"], None),)


def gmm_diagonal(xp: Any, _: Any, v: Data) -> Any:
    """The same with diagonal covariances."""
    z = (v["x"][:, None, :] - v["m"]) * xp.exp(-v["s"])
    inner = v["a"] - xp.sum(v["s"], axis=1) - 0.5 * xp.sum(z**2, axis=-1)
    return (xp.sum(_logsumexp(xp, inner, 1)) - v["x"].shape[0] * _logsumexp(xp, v["a"], None),)


def kmeans(xp: Any, _: Any, v: Data) -> Any:
    """The sum of squared distances to the nearest centre."""
    x, c = v["x"], v["c"]
    distances = xp.sum(x**2, axis=1, keepdims=True) - 2 * xp.dot(x, c.T) + xp.sum(c**2, axis=1)
    return (xp.sum(xp.min(distances, axis=1)),)


def logsumexp(xp: Any, _: Any, v: Data) -> Any:
    """The logarithm of a sum of powers."""
    return (_logsumexp(xp, v["x"], None),)


def polynomial(xp: Any, _: Any, v: Data) -> Any:
    """Least squares by Horner's rule."""
    p, c = 0.0, v["c"]
    for index in range(7, -1, -1):
        p = p * v["x"] + c[index]
    return (xp.sum((p - v["y"]) ** 2),)


def perceptron(xp: Any, _: Any, v: Data) -> Any:
    """The loss of two hidden layers."""
    h1 = xp.maximum(xp.dot(v["x"], v["W1"].T) + v["b1"], 0)
    h2 = xp.maximum(xp.dot(h1, v["W2"].T) + v["b2"], 0)
    scores = xp.dot(h2, v["W3"].T) + v["b3"]
    rows = xp.arange(len(v["labels"]))
    return (xp.mean(_logsumexp(xp, scores, 1) - scores[rows, v["labels"]]),)


FORMULAS: Mapping[str, Callable[[Any, Any, Data], Any]] = {
    "black_scholes": black_scholes, "logistic": logistic, "gmm": gmm, "gmm_diagonal": gmm_diagonal, "kmeans": kmeans,
    "logsumexp": logsumexp, "polynomial": polynomial, "perceptron": perceptron,
}  # fmt: skip
