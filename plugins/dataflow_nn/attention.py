"""Scaled dot-product attention and its adjoint."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Any

from dataflow.operators import Operator

KERNELS = "dataflow_nn.kernels.attention"
SHAPES = "dataflow_nn.shapes.attention"
REFERENCES = "dataflow_nn.kernels.attention_references"
SOURCE = (
    "Vaswani et al., Attention is all you need (2017), section 3.2.1, https://arxiv.org/abs/1706.03762; "
    "Rabe and Staats, Self-attention does not need O(n^2) memory (2021), https://arxiv.org/abs/2112.05682"
)


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [_make_attention(), _make_gradient()]


def _attention(
    xp: Any, query: Any, key: Any, value: Any, mask: Any = None, *, is_causal: bool = False, scale: float | None = None
) -> Any:
    return xp.scaled_dot_product_attention(query, key, value, mask, is_causal=is_causal, scale=scale)


def _attention_rules(
    xp: Any, g: Any, z: Any, query: Any, key: Any, value: Any, mask: Any, **attributes: Any
) -> dict[str, Any]:
    found = xp.scaled_dot_product_attention_gradient(g, query, key, value, mask, **attributes)
    return {**dict(zip(("query", "key", "value"), found, strict=True)), "mask": None}


def _gradient(
    xp: Any, g: Any, query: Any, key: Any, value: Any, mask: Any = None, *, is_causal: bool = False,
    scale: float | None = None,
) -> Any:  # fmt: skip
    return xp.scaled_dot_product_attention_gradient(g, query, key, value, mask, is_causal=is_causal, scale=scale)


def _weights(xp: Any, query: Any, key: Any, mask: Any, is_causal: bool, factor: float) -> Any:
    """How much each token of the query attends to each of the key: 0 for all if there is none it may attend to."""
    scores = xp.matmul(query * factor, xp.matrix_transpose(key))
    seen = None
    if is_causal:
        columns = xp.cumulative_sum(xp.ones_like(scores), axis=-1)
        seen = columns <= xp.cumulative_sum(xp.ones_like(scores), axis=-2)
    if mask is not None:
        seen = mask if seen is None else xp.logical_and(seen, mask)
    if seen is None:
        return xp.softmax(scores, axis=-1)
    some = xp.any(xp.broadcast_to(seen, shape=xp.shape(scores)), axis=-1, keepdims=True)
    masked = xp.where(xp.logical_or(seen, xp.logical_not(some)), scores, -float("inf"))
    return xp.where(some, xp.softmax(masked, axis=-1), 0.0)


def _gradient_rules(
    xp: Any, g_: Any, z: Any, g: Any, query: Any, key: Any, value: Any, mask: Any, *, is_causal: bool,
    scale: float | None,
) -> dict[str, Any]:  # fmt: skip
    """The steps of the gradient, P = softmax(S), S = scale * Q @ K.T, D = P * (g @ V.T - its mean by P), swept back."""
    a, b, c = g_  # the cotangents of dquery = scale * D @ K, dkey = scale * D.T @ Q and dvalue = P.T @ g
    factor = xp.shape(query)[-1] ** -0.5 if scale is None else scale
    turn, matmul = xp.matrix_transpose, xp.matmul
    weights = _weights(xp, query, key, mask, is_causal, factor)

    def spread(slopes: Any) -> Any:
        """The rule of softmax."""
        return weights * (slopes - xp.sum(slopes * weights, axis=-1, keepdims=True))

    slopes = matmul(g, turn(value))
    centered = slopes - xp.sum(slopes * weights, axis=-1, keepdims=True)
    inner = weights * centered
    of_inner = factor * (matmul(a, turn(key)) + matmul(query, turn(b)))
    of_slopes = spread(of_inner)
    mean = xp.sum(of_inner * weights, axis=-1, keepdims=True)
    of_scores = factor * spread(matmul(g, turn(c)) + of_inner * centered - mean * slopes)
    return {
        "g": matmul(weights, c) + matmul(of_slopes, value),
        "query": matmul(of_scores, key) + factor * matmul(inner, b),
        "key": matmul(turn(of_scores), query) + factor * matmul(turn(inner), a),
        "value": matmul(turn(of_slopes), g),
        "mask": None,
    }


def _examples(rng: Any) -> Sequence[Any]:
    normal = rng.normal
    mask = rng.random((4, 5)) < 0.6
    mask[:, 0], mask[2] = True, False
    found: list[Any] = []
    for lead, rows, columns, features, wide in [((), 3, 4, 2, 3), ((2,), 4, 5, 3, 2), ((2, 2), 4, 5, 2, 2),
                                                ((), 1, 1, 1, 1), ((0,), 2, 3, 2, 2)]:  # fmt: skip
        inputs = (normal(size=(*lead, rows, features)), normal(size=(*lead, columns, features)),
                  normal(size=(*lead, columns, wide)))  # fmt: skip
        found += [(inputs, {}), (inputs, {"is_causal": True, "scale": 0.3})]
        if (rows, columns) == mask.shape:
            found += [((*inputs, mask), {}), ((*inputs, mask[:1]), {"is_causal": True})]
    return found


def _gradient_examples(rng: Any) -> Sequence[Any]:
    return [((rng.normal(size=(*inputs[0].shape[:-1], inputs[2].shape[-1])), *inputs), about)
            for inputs, about in _examples(rng)]  # fmt: skip


def _make_attention() -> Operator:
    ln3 = log(3.0)
    return Operator(
        "scaled_dot_product_attention", "z = softmax(scale * query @ key.T) @ value",
        axes="dataflow_nn.treatments.layers:attend",
        forward=_attention, backward=_attention_rules, kinds={"mask": "bool"}, examples=_examples,
        kernels={"numpy": f"{KERNELS}:scaled_dot_product_attention"}, shape=f"{SHAPES}:attention",
        reference=f"{REFERENCES}:attention",
        source=SOURCE,
        description="query, key and value are [..., tokens, features], the axes before tokens the same; mask, true "
                    "where a token of the query may attend to one of the key, broadcasts to [..., tokens of query, "
                    "tokens of key]. With is_causal token i attends to those up to i. Without a scale it is "
                    "1 / features ** (1/2).",
        conventions="0, with slope 0, where there is nothing to attend to; NaN or infinite values make NaN also "
                    "where they are masked",
        special=[(([[1.0]], [[0.0], [ln3]], [[1.0], [5.0]]), [[4.0]],
                  ([[0.75 * ln3]], [[-0.75], [0.75]], [[0.25], [0.75]])),
                 (([[1.0]], [[0.0], [ln3]], [[1.0], [5.0]], [[True, False]]), [[1.0]],
                  ([[0.0]], [[0.0], [0.0]], [[1.0], [0.0]], None)),
                 (([[1.0]], [[0.0], [ln3]], [[1.0], [5.0]], [[False, False]]), [[0.0]],
                  ([[0.0]], [[0.0], [0.0]], [[0.0], [0.0]], None)),
                 (([[1000.0]], [[1.0], [0.0]], [[1.0], [5.0]]), [[1.0]],
                  ([[0.0]], [[0.0], [0.0]], [[1.0], [0.0]])),
                 (([[1.0]], [[0.0], [ln3]], [[1.0], [5.0]]), [[1.0]],
                  ([[0.0]], [[0.0], [0.0]], [[1.0], [0.0]]), {"is_causal": True})],
    )  # fmt: skip


def _make_gradient() -> Operator:
    return Operator(
        "scaled_dot_product_attention_gradient",
        "dquery, dkey, dvalue = the adjoints of scaled_dot_product_attention at g",
        axes="dataflow_nn.treatments.layers:attend_back",
        forward=_gradient, backward=_gradient_rules, kinds={"mask": "bool"}, examples=_gradient_examples,
        outputs=("dquery", "dkey", "dvalue"), reference=f"{REFERENCES}:attention_gradient", source=SOURCE,
        kernels={"numpy": f"{KERNELS}:scaled_dot_product_attention_gradient"}, shape=f"{SHAPES}:gradient",
        description="Inputs and attributes as those of scaled_dot_product_attention; g has the shape of its result.",
        special=[(([[1.0]], [[1.0]], [[0.0], [0.0]], [[1.0], [5.0]]), ([[0.0]], [[-1.0], [1.0]], [[0.5], [0.5]]),
                  ([[1.0]], [[0.0]], [[-1.0], [1.0]], [[0.0], [0.0]]))],
    )  # fmt: skip
