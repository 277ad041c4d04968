"""What is measured: graphs of arrays with data, and the same written by hand for other libraries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

GRAPHS = Path(__file__).with_name("graphs")
Data = dict[str, Any]


class Workload(NamedTuple):
    """A graph, how its data is made, in what it is differentiated, and which values are wanted besides the target.

    limits: the most that our time may be of another's, by its name and the number of threads (0: any).
    repeat: how often each runs.
    """

    graph: str
    make: Callable[[np.random.Generator], Data]
    wrt: tuple[str, ...]
    outputs: tuple[str, ...]
    dtype: str = "float32"
    limits: Mapping[tuple[str, int], float] = MappingProxyType({})
    repeat: int = 21


def _options(rng: np.random.Generator, count: int = 1_000_000) -> Data:
    bounds = {"S": (80, 120), "K": (80, 120), "r": (0.01, 0.05), "v": (0.1, 0.4), "T": (0.1, 2)}
    return {name: rng.uniform(*pair, count) for name, pair in bounds.items()}


def _examples(rng: np.random.Generator, count: int = 100_000) -> Data:
    w = rng.normal(size=100) * 0.1
    X = rng.normal(size=(count, 100))
    return {"X": X, "y": (X @ w + rng.normal(size=count) > 0).astype(float), "w": w * 0.5, "b": np.array(0.1)}


def _mixture(count: int, d: int, k: int) -> Callable[[np.random.Generator], Data]:
    def make(rng: np.random.Generator, rows: int = count) -> Data:
        return {
            "x": rng.normal(size=(rows, d)), "a": rng.normal(size=k), "m": rng.normal(size=(k, d)),
            "q": rng.normal(size=(k, d)) * 0.1, "L": np.tril(rng.normal(size=(k, d, d)) * 0.1, -1),
        }  # fmt: skip

    return make


def _diagonal_mixture(rng: np.random.Generator, count: int = 100_000) -> Data:
    return {
        "x": rng.normal(size=(count, 8)), "a": rng.normal(size=16), "m": rng.normal(size=(16, 8)),
        "s": rng.normal(size=(16, 8)) * 0.1,
    }  # fmt: skip


def _clusters(rng: np.random.Generator, count: int = 10_000) -> Data:
    return {"x": rng.normal(size=(count, 10)), "c": rng.normal(size=(100, 10))}


def _numbers(rng: np.random.Generator, count: int = 1_000_000) -> Data:
    return {"x": rng.normal(size=count)}


def _points(rng: np.random.Generator, count: int = 1_000_000) -> Data:
    return {"x": rng.uniform(-1, 1, count), "y": rng.normal(size=count), "c": rng.normal(size=8)}


def _draw(rng: np.random.Generator, **shapes: tuple[int, ...]) -> Data:
    return {name: rng.normal(size=shape) * 0.05 for name, shape in shapes.items()}


def _digits(rng: np.random.Generator, count: int = 128) -> Data:
    weights = _draw(rng, W1=(512, 784), b1=(512,), W2=(512, 512), b2=(512,), W3=(10, 512), b3=(10,))
    return {"x": rng.normal(size=(count, 784)), "labels": rng.integers(0, 10, count), **weights}


def _images(rng: np.random.Generator, count: int = 64) -> Data:
    weights = _draw(rng, K1=(8, 1, 3, 3), c1=(8,), K2=(16, 8, 3, 3), c2=(16,), W=(10, 400), b=(10,))
    return {"x": rng.normal(size=(count, 1, 28, 28)), "labels": rng.integers(0, 10, count), **weights}


def _sequences(rng: np.random.Generator, count: int = 8) -> Data:
    weights = _draw(
        rng, Wqkv=(384, 128), Wo=(128, 128), g1=(128,), h1=(128,), g2=(128,), h2=(128,), W1=(512, 128), c1=(512,),
        W2=(128, 512), c2=(128,),
    )  # fmt: skip
    return {"x": rng.normal(size=(count, 64, 128)), **weights}


def _is_parameter(name: str) -> bool:
    return name not in ("x", "labels")


def _names(make: Callable[[np.random.Generator], Data]) -> tuple[str, ...]:
    return tuple(filter(_is_parameter, make(np.random.default_rng(0))))


WORKLOADS: Mapping[str, Workload] = MappingProxyType({
    "black_scholes": Workload(
        "black_scholes", _options, ("S", "r", "v", "T"), ("price",),
        limits={("jax", 0): 0.5, ("torch", 0): 0.6}),
    "logistic": Workload(
        "logistic", _examples, ("w", "b"), ("J",),
        limits={("jax", 1): 0.65, ("jax", 2): 0.9, ("torch", 0): 0.55, ("numpy", 0): 0.95}),
    "gmm_diagonal": Workload(
        "gmm_diagonal", _diagonal_mixture, ("a", "m", "s"), ("likelihood",),
        limits={("jax", 0): 0.8, ("torch", 0): 0.4}),
    "gmm_10": Workload("gmm", _mixture(10_000, 10, 25), ("a", "m", "q", "L"), ("likelihood",), "float64",
                       limits={("jax", 0): 1.0, ("torch", 0): 0.7}),
    "gmm_64": Workload("gmm", _mixture(1000, 64, 100), ("a", "m", "q", "L"), ("likelihood",), "float64",
                       limits={("jax", 0): 1.0, ("torch", 0): 0.7}, repeat=7),
    "kmeans": Workload("kmeans", _clusters, ("c",), ("J",), "float64",
                       limits={("jax", 0): 1.0, ("torch", 0): 0.7}),
    "kmeans_hessian": Workload("kmeans_hessian", _clusters, ("c",), ("J", "dc"), "float64",
                               limits={("jax", 0): 1.0, ("torch", 0): 0.7}),
    "logsumexp": Workload("logsumexp", _numbers, ("x",), ("y",), "float64",
                          limits={("jax", 0): 1.0, ("torch", 0): 0.7}),
    "polynomial": Workload("polynomial", _points, ("c",), ("J",), "float64",
                           limits={("jax", 0): 1.0, ("torch", 0): 0.7}),
    "perceptron": Workload("perceptron", _digits, _names(_digits), ("loss",),
                           limits={("jax", 0): 1.6, ("torch", 0): 1.1, ("numpy", 0): 1.1}),
    "convolution": Workload("convolution", _images, _names(_images), ("loss",)),
    "transformer": Workload("transformer", _sequences, _names(_sequences), ("loss",)),
})  # fmt: skip


def make_data(workload: Workload, rows: int | None = None) -> Data:
    """The data of a workload, the same at every call; of another number of rows if that is given."""
    rng = np.random.default_rng(0)
    made = workload.make(rng) if rows is None else workload.make(rng, rows)  # type: ignore[call-arg]
    return {
        name: np.array(array, array.dtype if array.dtype.kind == "i" else workload.dtype, order="C")
        for name, array in made.items()
    }
