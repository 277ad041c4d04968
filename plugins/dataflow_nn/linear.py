"""Affine maps, embeddings and dropout. Argument words and layout: PyTorch's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow.operators import Operator

KERNELS = "dataflow_nn.kernels.linear"
SHAPES = "dataflow_nn.shapes.linear"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_maps(), *_dropping()]


def _linear(xp: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    return xp.linear(x, weight, bias)


def _rows(xp: Any, x: Any) -> Any:
    """`x` as a matrix: all axes but the last made one."""
    shape = xp.shape(x)
    count = 1
    for length in shape[:-1]:
        count *= length
    return xp.reshape(x, shape=(count, shape[-1]))


def _linear_dx(xp: Any, g: Any, z: Any, x: Any, weight: Any, bias: Any) -> Any:
    return xp.reshape(xp.matmul(_rows(xp, g), weight), shape=xp.shape(x))


def _linear_dweight(xp: Any, g: Any, z: Any, x: Any, weight: Any, bias: Any) -> Any:
    return xp.matmul(xp.matrix_transpose(_rows(xp, g)), _rows(xp, x))


def _linear_dbias(xp: Any, g: Any, z: Any, x: Any, weight: Any, bias: Any) -> Any:
    return xp.sum(_rows(xp, g), axis=0)


def _linear_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], tuple[int, ...], bool]] = [
        ((3,), (2, 3), True), ((4, 3), (2, 3), True), ((2, 4, 3), (5, 3), True), ((2, 3), (4, 3), False),
        ((1, 1), (1, 1), True), ((0, 3), (2, 3), True), ((2, 0), (3, 0), True),
    ]  # fmt: skip
    return [
        ((rng.normal(size=x), rng.normal(size=weight), *([rng.normal(size=weight[0])] if biased else [])), {})
        for x, weight, biased in cases
    ]


def _embedding(xp: Any, indices: Any, weight: Any) -> Any:
    if xp.ndim(weight) != 2:
        raise ValueError(f"weight has the shape {list(xp.shape(weight))}: it needs [entries, features]")
    return xp.take(weight, xp.check_indices(indices, xp.shape(weight)[0]), axis=0)


def _embedding_dweight(xp: Any, g: Any, z: Any, indices: Any, weight: Any) -> Any:
    return xp.put_add(g, indices, axis=0, shape=xp.shape(weight))


def _embedding_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], tuple[int, int]]] = [
        ((4,), (5, 3)), ((2, 6), (5, 3)), ((), (5, 3)), ((0,), (2, 3)), ((3,), (1, 1)),
    ]  # fmt: skip
    return [((rng.integers(0, weight[0], size=shape), rng.normal(size=weight)), {}) for shape, weight in cases]


def _maps() -> list[Operator]:
    return [
        Operator("linear", "z = x @ weight.T + bias",
                 axes="dataflow_nn.treatments.layers:linear",
                 forward=_linear, backward={"x": _linear_dx, "weight": _linear_dweight, "bias": _linear_dbias},
                 kernels={"numpy": f"{KERNELS}:linear"}, shape=f"{SHAPES}:linear", examples=_linear_examples,
                 description="The last axis of x is mapped; weight is [out, in], and bias, which may be left out, "
                             "[out].",
                 special=[(([1.0, 2.0], [[3.0, 4.0]], [5.0]), [16.0], ([3.0, 4.0], [[1.0, 2.0]], [1.0]))]),
        Operator("embedding", "z = the rows of weight at indices",
                 forward=_embedding, backward={"indices": None, "weight": _embedding_dweight},
                 kinds={"indices": "integer"}, examples=_embedding_examples, moves=True, takes="any",
                 description="weight is [entries, features]; indices, of any shape, are numbers from 0 to below "
                             "entries, anything else is refused.",
                 conventions="what is not taken gets nothing",
                 special=[(([1, 1], [[1.0, 2.0], [3.0, 4.0]]), [[3.0, 4.0], [3.0, 4.0]],
                           (None, [[0.0, 0.0], [2.0, 2.0]]))]),
    ]  # fmt: skip


def _bernoulli_like(xp: Any, x: Any, *, probability: float, seed: int) -> Any:
    return xp.bernoulli_like(x, probability=probability, seed=seed)


def _dropout(xp: Any, x: Any, *, rate: float = 0.5, seed: int) -> Any:
    if not 0 <= rate <= 1:
        raise ValueError(f"rate is from 0 to 1, not {rate}")
    return xp.where(xp.bernoulli_like(x, probability=1 - rate, seed=seed), x * _scale(rate), 0.0)


def _dropout_dx(xp: Any, g: Any, z: Any, x: Any, *, rate: float, seed: int) -> Any:
    return xp.keep(xp.bernoulli_like(x, probability=1 - rate, seed=seed), g * _scale(rate))


def _scale(rate: float) -> float:
    return 1 / (1 - rate) if rate < 1 else 0.0


def _dropout_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((9,), {"seed": 1}), ((3, 4), {"rate": 0.2, "seed": 2}), ((2, 3, 4), {"rate": 0.0, "seed": 0}),
        ((4,), {"rate": 1.0, "seed": 3}), ((), {"seed": 4}), ((1,), {"seed": 5}), ((0, 3), {"seed": 6}),
    ]  # fmt: skip
    return [((rng.normal(size=shape),), attributes) for shape, attributes in cases]


def _dropping() -> list[Operator]:
    return [
        Operator("dropout", "z = x / (1 - rate) where it is kept, else 0",
                 forward=_dropout, backward={"x": _dropout_dx}, examples=_dropout_examples,
                 description="Each element is kept with probability 1 - rate. Which are depends on the seed, the "
                             "shape and the rate alone: the same on every machine. Give each dropout of a graph a seed "
                             "of its own.",
                 conventions="what is not kept gets nothing; all is 0 for a rate of 1",
                 source="Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, Dropout: a simple way to prevent "
                        "neural networks from overfitting (2014), section 10, scaled in training",
                 special=[(([1.0, 2.0, 3.0, 4.0],), [2.0, 0.0, 0.0, 0.0], ([2.0, 0.0, 0.0, 0.0],), {"seed": 1}),
                          (([1.0, 2.0],), [1.0, 2.0], ([1.0, 1.0],), {"rate": 0.0, "seed": 1}),
                          (([1.0, 2.0],), [0.0, 0.0], ([0.0, 0.0],), {"rate": 1.0, "seed": 1})]),
        Operator("bernoulli_like", "z = true with this probability, else false, in the shape of x",
                 forward=_bernoulli_like, backward={"x": None}, kernels={"numpy": f"{KERNELS}:bernoulli_like"},
                 shape=f"{SHAPES}:bernoulli_like", dtype="bool", takes="any",
                 examples=lambda rng: [((rng.normal(size=shape),), {"probability": 0.5, "seed": 1})
                                       for shape in [(), (5,), (2, 3), (0,)]],
                 description="What is drawn depends on the seed, the size and the probability alone.",
                 special=[(([0.0, 0.0, 0.0, 0.0],), [True, False, False, False], (None,),
                           {"probability": 0.5, "seed": 1})]),
    ]  # fmt: skip
