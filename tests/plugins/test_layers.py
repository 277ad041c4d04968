"""Layers against autograd on plain formulas, and against their slow twins."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from dataflow import registry
from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from tests.plugins.running import close, run, weigh
from tests.plugins.test_refusals import integers, refusal

OPERATORS = registry.standard()
XP: Any = Library(OPERATORS, numpy_arrays)

WITH_TWINS = ["normalize", "normalize_gradient", "layer_norm", "rms_norm", "batch_norm", "group_norm", "instance_norm",
              "scaled_dot_product_attention", "scaled_dot_product_attention_gradient", "lstm_cell",
              "gru_cell"]  # fmt: skip


def parts_of(z: Any) -> tuple[Any, ...]:
    return z if isinstance(z, tuple) else (z,)


@pytest.mark.parametrize("name", WITH_TWINS)
def test_kernels_do_what_their_slow_twins_do(name: str) -> None:
    operator = OPERATORS[name]
    assert isinstance(operator.reference, str)
    assert operator.examples is not None
    module, _, function = operator.reference.partition(":")
    twin = getattr(import_module(module), function)
    for inputs, attributes in operator.examples(np.random.default_rng(5)):
        z = operator.forward(XP, *inputs, **attributes)
        for found, expected in zip(parts_of(z), parts_of(twin(*inputs, **attributes)), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


def draw(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def compare(name: str, oracle: Any, inputs: list[Any], about: dict[str, Any], parts: int = 0) -> None:
    """Values and all gradients are those of the oracle; float32 stays float32."""
    found, gradients = run(name, inputs, about, parts=parts)
    floats = [place for place, x in enumerate(inputs) if np.asarray(x).dtype.kind == "f"]

    def total(*xs: Any) -> Any:
        return sum(anp.sum(weigh(z) * part) for z, part in zip(found, parts_of(oracle(*xs)), strict=True))

    for z, expected in zip(found, parts_of(oracle(*inputs)), strict=True):
        close(z, expected, 1e-11)
    for place in floats:
        close(gradients[place], autograd.grad(total, place)(*inputs), 1e-10)
    narrow, slopes = run(name, inputs, about, "float32", parts)
    assert {item.dtype.name for item in (*narrow, *(slopes[place] for place in floats))} == {"float32"}
    for z, expected in zip(narrow, found, strict=True):
        close(z, expected, 1e-4)


# --- affine maps, embeddings, dropout ---


@pytest.mark.parametrize("lead", [(), (4,), (2, 3)])
def test_linear(lead: tuple[int, ...]) -> None:
    inputs = [draw(*lead, 5), draw(3, 5, seed=1), draw(3, seed=2)]
    compare("linear", lambda x, weight, bias: anp.dot(x, weight.T) + bias, inputs, {})
    compare("linear", lambda x, weight: anp.dot(x, weight.T), inputs[:2], {})


def test_embedding_adds_up_what_is_taken_twice() -> None:
    indices, weight = np.array([[1, 3, 1], [0, 1, 4]]), draw(6, 4)
    (z,), (_, dweight) = run("embedding", [indices, weight], {})
    close(z, weight[indices])
    expected = np.zeros(weight.shape)
    for place, row in np.ndenumerate(indices):
        expected[row] += weigh(z)[place]
    close(dweight, expected)


def test_dropout_keeps_about_as_many_as_it_says() -> None:
    x = np.ones((300, 400))
    (z,), (dx,) = run("dropout", [x], {"rate": 0.3, "seed": 11})
    kept = z != 0
    assert abs(np.mean(kept) - 0.7) < 0.01
    close(z[kept], np.full(kept.sum(), 1 / 0.7))
    close(dx, np.where(kept, weigh(z) / 0.7, 0.0))
    assert np.array_equal(run("dropout", [x], {"rate": 0.3, "seed": 11})[0][0], z)
    assert np.mean((run("dropout", [x], {"rate": 0.3, "seed": 12})[0][0] != 0) == kept) < 0.6


def test_dropout_draws_the_same_everywhere() -> None:
    """The raw bits of PCG64, of which NumPy promises that they stay: written down once."""
    drawn = XP.bernoulli_like(np.zeros(24), probability=0.5, seed=2024)
    assert "".join("01"[bool(item)] for item in drawn) == DRAWN
    narrow = XP.dropout(np.ones(24, np.float32), rate=0.5, seed=2024)
    assert narrow.dtype == np.float32
    assert np.array_equal(narrow != 0, drawn)


DRAWN = "101111000011011101111000"


def test_what_dropout_drops_gets_nothing() -> None:
    from dataflow import Graph, Node, execute
    from dataflow.graph import Input

    nodes = {"y": Node("log", ("x",)), "d": Node("dropout", ("y",), {"seed": 1}), "J": Node("sum", ("d",))}
    x = Input(np.array([2.0, 0.0, 0.0, 0.0]), dtype="float64")
    result = execute(Graph(inputs={"x": x}, nodes=nodes, target="J"))
    assert np.asarray(result.gradients["x"]).tolist() == [1.0, 0.0, 0.0, 0.0]


# --- normalisation ---


def plain_norm(x: Any, axes: tuple[int, ...], epsilon: float, centered: bool = True) -> Any:
    deviation = x - anp.mean(x, axis=axes, keepdims=True) if centered else x
    return deviation / anp.sqrt(anp.mean(deviation**2, axis=axes, keepdims=True) + epsilon)


def channels(weight: Any, x: Any) -> Any:
    return anp.reshape(weight, (1, -1, *(1,) * (anp.ndim(x) - 2)))


@pytest.mark.parametrize(("shape", "axis"), [((6, 7), -1), ((3, 4, 5), (-2, -1)), ((3, 4, 5), 0), ((90, 900), 1)])
def test_layer_norm(shape: tuple[int, ...], axis: Any) -> None:
    axes = tuple(item % len(shape) for item in (axis if isinstance(axis, tuple) else (axis,)))
    lengths = [shape[item] for item in axes]
    spread = [length if item in axes else 1 for item, length in enumerate(shape)]

    def oracle(x: Any, weight: Any, bias: Any) -> Any:
        return plain_norm(x, axes, 1e-5) * anp.reshape(weight, spread) + anp.reshape(bias, spread)

    inputs = [3 + draw(*shape), draw(*lengths, seed=1), draw(*lengths, seed=2)]
    compare("layer_norm", oracle, inputs, {"axis": axis})
    compare("layer_norm", lambda x: plain_norm(x, axes, 0.1), inputs[:1], {"axis": axis, "epsilon": 0.1})


def test_rms_norm() -> None:
    x, weight = draw(4, 6), draw(6, seed=1)
    compare("rms_norm", lambda x, weight: plain_norm(x, (1,), 1e-6, False) * weight, [x, weight], {})


@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 6), (2, 3, 40, 30)])
def test_batch_norm(shape: tuple[int, ...]) -> None:
    axes = (0, *range(2, len(shape)))
    weights = [draw(3, seed=1), draw(3, seed=2)]

    def oracle(x: Any, weight: Any, bias: Any) -> Any:
        return plain_norm(x, axes, 1e-5) * channels(weight, x) + channels(bias, x)

    def running(x: Any, weight: Any, bias: Any, mean: Any, var: Any) -> Any:
        y = (x - channels(mean, x)) / anp.sqrt(channels(var, x) + 1e-5)
        return y * channels(weight, x) + channels(bias, x)

    compare("batch_norm", oracle, [draw(*shape), *weights], {})
    compare("batch_norm", running, [draw(*shape), *weights, draw(3, seed=3), draw(3, seed=4) ** 2 + 0.5], {})


def test_group_norm_and_instance_norm() -> None:
    x, weights = draw(2, 6, 4, 3), [draw(6, seed=1), draw(6, seed=2)]

    def oracle(groups: int) -> Any:
        def norm(x: Any, weight: Any, bias: Any) -> Any:
            y = plain_norm(anp.reshape(x, (2, groups, -1)), (2,), 1e-5)
            return anp.reshape(y, x.shape) * channels(weight, x) + channels(bias, x)

        return norm

    compare("group_norm", oracle(2), [x, *weights], {"num_groups": 2})
    compare("instance_norm", oracle(6), [x, *weights], {})


def test_a_mean_far_from_zero_costs_no_digits() -> None:
    x = draw(3, 8) + 1e6
    exact = (x - 1e6) - (x - 1e6).mean(axis=1, keepdims=True)
    exact /= np.sqrt((exact**2).mean(axis=1, keepdims=True) + 1e-5)
    close(XP.layer_norm(x), exact, 1e-9)


@pytest.mark.parametrize("centered", [True, False])
def test_the_gradient_of_a_norm_has_gradients(centered: bool) -> None:
    def oracle(g: Any, x: Any, weight: Any) -> Any:
        def pairing(x: Any, weight: Any, bias: Any) -> Any:
            return anp.sum(g * (plain_norm(x, (0, 2), 0.3, centered) * weight + bias))

        zero = anp.zeros(weight.shape)
        return tuple(autograd.grad(pairing, place)(x, weight, zero) for place in range(3))

    inputs = [draw(3, 2, 4), draw(3, 2, 4, seed=1), draw(1, 2, 1, seed=2)]
    about = {"axis": (0, 2), "epsilon": 0.3, "centered": centered}
    compare("normalize_gradient", oracle, inputs, about, parts=3)


# --- what is refused ---

ROWS: Any = np.zeros((2, 3)).tolist()
TOKENS: Any = np.zeros((4, 3)).tolist()

REFUSED = [
    ("linear(x, w)", {"x": ROWS, "w": [[1.0, 2.0]]},
     "x has the shape [2, 3]: its last axis needs the 2 of a weight of shape [1, 2]"),
    ("linear(x, w)", {"x": ROWS, "w": [1.0]}, "weight has the shape [1]: it needs [out, in]"),
    ("linear(x, w, b)", {"x": ROWS, "w": ROWS, "b": [1.0]}, "bias has the shape [1], and 2 outputs need [2]"),
    ("embedding(i, w)", {"i": integers([0, 2]), "w": ROWS}, "index 2 is outside 0 to 1"),
    ("embedding(i, w)", {"i": integers([-1]), "w": ROWS}, "index -1 is outside 0 to 1"),
    ("embedding(i, w)", {"i": integers([0]), "w": [1.0]}, "weight has the shape [1]: it needs [entries, features]"),
    ("dropout(x, rate=1.5, seed=1)", {"x": ROWS}, "rate is from 0 to 1, not 1.5"),
    ("dropout(x, seed=-1)", {"x": ROWS}, "a seed is at least 0, not -1"),
    ("layer_norm(x, axis=2)", {"x": ROWS}, "axis 2 is out of range for an x of shape [2, 3]"),
    ("layer_norm(x, w)", {"x": ROWS, "w": [1.0]}, "weight has the shape [1], and x of shape [2, 3] needs [3]"),
    ("normalize(x, w, axis=1)", {"x": ROWS, "w": [1.0]},
     "weight and bias of shape [1] cannot be repeated to fill [2, 3]"),
    ("batch_norm(x, w)", {"x": ROWS, "w": [1.0]}, "weight has the shape [1], and 3 channels need [3]"),
    ("batch_norm(x)", {"x": [1.0]}, "x has the shape [1]: it needs [batch, channels, any further axes]"),
    ("group_norm(x, num_groups=2)", {"x": ROWS}, "3 channels do not fall into 2 groups"),
    ("instance_norm(x)", {"x": ROWS}, "x has the shape [2, 3]: it needs [batch, channels, spatial axes]"),
    ("scaled_dot_product_attention(q, k, k)", {"q": ROWS, "k": [[1.0]]},
     "query has 3 features and key 1: they need as many"),
    ("scaled_dot_product_attention(q, q, k)", {"q": ROWS, "k": TOKENS},
     "key has 2 tokens and value 4: they need as many"),
    ("scaled_dot_product_attention(q, k, k)", {"q": [ROWS], "k": TOKENS},
     "the axes before tokens and features differ between query, key and value: [1], [], []"),
    ("scaled_dot_product_attention(q, k, k, m)", {"q": ROWS, "k": TOKENS, "m": {"value": [True] * 3, "dtype": "bool"}},
     "a mask of shape [3] cannot be repeated to fill [2, 4]"),
    ("gru_cell(x, h, w, w)", {"x": ROWS, "h": ROWS, "w": ROWS},
     "weight_ih has the shape [2, 3]: with x of shape [2, 3] and 3 units it needs [9, 3]"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "inputs", "expected"), REFUSED, ids=[f"{text}{index}" for index, (text, *_) in enumerate(REFUSED)]
)
def test_what_does_not_fit(text: str, inputs: dict[str, Any], expected: str) -> None:
    assert refusal(text, **inputs) == expected
