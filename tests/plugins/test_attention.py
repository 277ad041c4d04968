"""Attention and recurrent cells against autograd on plain formulas."""

from __future__ import annotations

from typing import Any

import autograd
import autograd.numpy as anp
import autograd.scipy.special as asp
import numpy as np
import pytest

from tests.plugins.running import close, run
from tests.plugins.test_layers import compare, draw


def plain_attention(query: Any, key: Any, value: Any, seen: Any, scale: float) -> Any:
    scores = anp.where(seen, scale * anp.einsum("...if,...jf->...ij", query, key), -1e30)
    weights = anp.exp(scores - asp.logsumexp(scores, axis=-1, keepdims=True)) * np.any(seen, axis=-1, keepdims=True)
    return anp.einsum("...ij,...jv->...iv", weights, value)


SEEN = np.random.default_rng(3).random((7, 5)) < 0.5
SEEN[2] = False
CAUSAL = np.tril(np.ones((7, 5), bool))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_attention(causal: bool, masked: bool) -> None:
    inputs = [draw(2, 3, 7, 4), draw(2, 3, 5, 4, seed=1), draw(2, 3, 5, 6, seed=2)]
    seen = (SEEN if masked else np.ones((7, 5), bool)) & (CAUSAL if causal else True)

    def oracle(query: Any, key: Any, value: Any, mask: Any = None) -> Any:
        return plain_attention(query, key, value, seen, 0.5)

    compare("scaled_dot_product_attention", oracle, [*inputs, *([SEEN] if masked else [])], {"is_causal": causal})


def test_attention_of_more_tokens_than_one_part_has() -> None:
    inputs = [draw(2, 300, 4), draw(2, 320, 4, seed=1), draw(2, 320, 3, seed=2)]
    seen = np.tril(np.ones((300, 320), bool))
    about: dict[str, Any] = {"is_causal": True, "scale": 0.3}
    compare("scaled_dot_product_attention", lambda q, k, v: plain_attention(q, k, v, seen, 0.3), inputs, about)


@pytest.mark.parametrize("masked", [False, True])
def test_the_gradient_of_attention_has_gradients(masked: bool) -> None:
    seen = SEEN[:4] & CAUSAL[:4] if masked else np.ones((4, 5), bool)

    def oracle(g: Any, query: Any, key: Any, value: Any, mask: Any = None) -> Any:
        def pairing(query: Any, key: Any, value: Any) -> Any:
            return anp.sum(g * plain_attention(query, key, value, seen, 0.7))

        return tuple(autograd.grad(pairing, place)(query, key, value) for place in range(3))

    inputs = [draw(2, 4, 2), draw(2, 4, 3, seed=1), draw(2, 5, 3, seed=2), draw(2, 5, 2, seed=3)]
    about = {"scale": 0.7, "is_causal": masked}
    given = [*inputs, *([SEEN[:4]] if masked else [])]
    compare("scaled_dot_product_attention_gradient", oracle, given, about, parts=3)


def test_large_scores_do_not_overflow() -> None:
    query, key, value = 1000 * draw(3, 4), 1000 * draw(5, 4, seed=1), draw(5, 2, seed=2)
    expected = value[np.argmax(query @ key.T, axis=-1)]
    close(run("scaled_dot_product_attention", [query, key, value], {})[0][0], expected)


# --- recurrent cells ---


def gates_of(x: Any, h: Any, weights: Any, count: int) -> tuple[list[Any], list[Any]]:
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    given, kept = anp.dot(x, weight_ih.T) + bias_ih, anp.dot(h, weight_hh.T) + bias_hh
    return anp.split(given, count, axis=-1), anp.split(kept, count, axis=-1)


def plain_lstm(x: Any, h: Any, c: Any, *weights: Any) -> Any:
    given, kept = gates_of(x, h, weights, 4)
    i, f, g, o = (a + b for a, b in zip(given, kept, strict=True))
    cell = asp.expit(f) * c + asp.expit(i) * anp.tanh(g)
    return asp.expit(o) * anp.tanh(cell), cell


def plain_gru(x: Any, h: Any, *weights: Any) -> Any:
    given, kept = gates_of(x, h, weights, 3)
    reset, update = (asp.expit(a + b) for a, b in zip(given[:2], kept[:2], strict=True))
    return (1 - update) * anp.tanh(given[2] + reset * kept[2]) + update * h


@pytest.mark.parametrize(("name", "oracle", "gates", "states"), [("lstm_cell", plain_lstm, 4, 2),
                                                                 ("gru_cell", plain_gru, 3, 1)])  # fmt: skip
@pytest.mark.parametrize("lead", [(), (5,), (2, 3)])
def test_cells(name: str, oracle: Any, gates: int, states: int, lead: tuple[int, ...]) -> None:
    rows = 3 * gates
    shapes = [(*lead, 4), *[(*lead, 3)] * states, (rows, 4), (rows, 3), (rows,), (rows,)]
    inputs = [draw(*shape, seed=seed) for seed, shape in enumerate(shapes)]
    compare(name, oracle, inputs, {}, parts=2 if states == 2 else 0)
    without = [np.zeros(rows), np.zeros(rows)]
    compare(name, lambda *xs: oracle(*xs, *without), inputs[:-2], {}, parts=2 if states == 2 else 0)
