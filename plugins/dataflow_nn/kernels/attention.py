"""Scaled dot-product attention, head by head: the scores of one head stay in the cache."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from dataflow_nn.kernels.windows import Array
from dataflow_nn.shapes import attention as shapes

ROWS = 128  # of the query, at a time


def _heads(x: Array) -> Array:
    return x.reshape(prod(x.shape[:-2]), *x.shape[-2:])


def _parts(
    query: Array, key: Array, mask: Array | None, is_causal: bool
) -> Iterator[tuple[int, slice, slice, Array | None]]:
    """The heads, and parts of the query's tokens, each with the tokens of the key that it may see, and its mask."""
    rows, columns = query.shape[-2], key.shape[-2]
    masks = None if mask is None else np.broadcast_to(mask, (*query.shape[:-1], columns))
    for head, index in enumerate(np.ndindex(*query.shape[:-2])):
        for start in range(0, rows, ROWS):
            part = slice(start, min(start + ROWS, rows))
            seen = slice(0, min(part.stop, columns) if is_causal else columns)
            yield head, part, seen, None if masks is None else masks[(*index, part, seen)]


def _weigh(
    query: Array, key: Array, part: slice, mask: Array | None, is_causal: bool, scale: float
) -> tuple[Array, Array]:
    """How much each token of the query attends to each of the key, and what to divide that by."""
    scores = (query[part] * query.dtype.type(scale)) @ key.T
    if is_causal:
        seen = np.arange(key.shape[0]) <= np.arange(part.start, part.stop)[:, None]
        mask = seen if mask is None else mask & seen
    if mask is not None:
        scores = np.where(mask, scores, scores.dtype.type(-np.inf))
    largest = np.max(scores, axis=-1, keepdims=True, initial=-np.inf)
    if mask is not None:
        largest[largest == -np.inf] = 0
    scores -= largest
    np.exp(scores, out=scores)
    total = np.sum(scores, axis=-1, keepdims=True)
    if mask is not None:
        total[total == 0] = 1
    return scores, total


def scaled_dot_product_attention(
    query: Array, key: Array, value: Array, mask: Array | None = None, *, is_causal: bool = False,
    scale: float | None = None,
) -> Array:  # fmt: skip
    """The mean of the values, weighted by the softmax of the scaled products of query and key."""
    shapes.attention(query.shape, key.shape, value.shape, None if mask is None else mask.shape)
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    queries, keys, values = _heads(query), _heads(key), _heads(value)
    z = np.empty((*queries.shape[:2], values.shape[2]), np.result_type(query, key, value))
    for head, part, seen, kept in _parts(query, key, mask, is_causal):
        weights, total = _weigh(queries[head], keys[head, seen], part, kept, is_causal, factor)
        np.divide(weights @ values[head, seen], total, out=z[head, part])
    return z.reshape(*query.shape[:-1], value.shape[-1])


def scaled_dot_product_attention_gradient(
    g: Array, query: Array, key: Array, value: Array, mask: Array | None = None, *, is_causal: bool = False,
    scale: float | None = None,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """The adjoints in query, key and value; the weights are computed again rather than kept."""
    shapes.gradient(g.shape, query.shape, key.shape, value.shape, None if mask is None else mask.shape)
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    queries, keys, values, cotangents = _heads(query), _heads(key), _heads(value), _heads(g)
    dtype = np.result_type(g, query, key, value)
    dquery, dkey, dvalue = (np.zeros(item.shape, dtype) for item in (queries, keys, values))
    for head, part, seen, kept in _parts(query, key, mask, is_causal):
        weights, total = _weigh(queries[head], keys[head, seen], part, kept, is_causal, factor)
        given = cotangents[head, part] / total
        dvalue[head, seen] += weights.T @ given
        slopes = given @ values[head, seen].T
        slopes -= np.vecdot(slopes, weights)[:, None] / total
        slopes *= weights
        dquery[head, part] = slopes @ keys[head, seen]
        dkey[head, seen] += slopes.T @ queries[head, part]
    for item in (dquery, dkey):
        item *= item.dtype.type(factor)
    return dquery.reshape(query.shape), dkey.reshape(key.shape), dvalue.reshape(value.shape)
