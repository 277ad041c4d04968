"""Attention straight from the definition: one token of one head after the other."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def _attend(query: Array, key: Array, seen: Array, i: int, scale: float) -> dict[int, float]:
    """The weights of the tokens that token i attends to."""
    scores = {j: scale * sum(float(a) * float(b) for a, b in zip(query[i], key[j], strict=True))
              for j in range(len(key)) if seen[i, j]}  # fmt: skip
    largest = max(scores.values(), default=0.0)
    powers = {j: exp(score - largest) for j, score in scores.items()}
    total = sum(powers.values())
    return {j: power / total for j, power in powers.items()}


def _seen(query: Array, key: Array, mask: Array | None, is_causal: bool) -> Array:
    shape = (*query.shape[:-1], key.shape[-2])
    seen = np.ones(shape, bool) if mask is None else np.broadcast_to(mask, shape).copy()
    for *_, i, j in np.ndindex(*shape):
        if is_causal and j > i:
            seen[..., i, j] = False
    return seen


def attention(
    query: Array, key: Array, value: Array, mask: Array | None = None, *, is_causal: bool = False,
    scale: float | None = None,
) -> Array:  # fmt: skip
    """The values, weighted."""
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    seen = _seen(query, key, mask, is_causal)
    z = np.zeros((*query.shape[:-1], value.shape[-1]))
    for *head, i in np.ndindex(*query.shape[:-1]):
        lead = tuple(head)
        for j, weight in _attend(query[lead], key[lead], seen[lead], i, factor).items():
            z[(*lead, i)] += weight * value[(*lead, j)]
    return z


def attention_gradient(
    g: Array, query: Array, key: Array, value: Array, mask: Array | None = None, *, is_causal: bool = False,
    scale: float | None = None,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """The chain rule, from token to token."""
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    seen = _seen(query, key, mask, is_causal)
    dquery, dkey, dvalue = np.zeros(query.shape), np.zeros(key.shape), np.zeros(value.shape)
    for *head, i in np.ndindex(*query.shape[:-1]):
        lead = tuple(head)
        weights = _attend(query[lead], key[lead], seen[lead], i, factor)
        slopes = {j: float(np.sum(g[(*lead, i)] * value[(*lead, j)])) for j in weights}
        mean = sum(weights[j] * slopes[j] for j in weights)
        for j, weight in weights.items():
            dscore = weight * (slopes[j] - mean) * factor
            dquery[(*lead, i)] += dscore * key[(*lead, j)]
            dkey[(*lead, j)] += dscore * query[(*lead, i)]
            dvalue[(*lead, j)] += weight * g[(*lead, i)]
    return dquery, dkey, dvalue
