"""Scaled dot-product attention, a few heads at a time: their scores stay in the cache."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from dataflow_nn.kernels.windows import Array
from dataflow_nn.shapes import attention as shapes

ROWS = 128  # of the query, at a time
ELEMENTS = 2**16  # scores at a time, of several heads where one has fewer


def _heads(x: Array) -> Array:
    return x.reshape(prod(x.shape[:-2]), *x.shape[-2:])


def _parts(
    query: Array, key: Array, mask: Array | None, is_causal: bool
) -> Iterator[tuple[slice, slice, slice, Array | None]]:
    """Some heads, and parts of the query's tokens, each with the tokens of the key that it may see, and its mask.

    A head that has a mask is alone.
    """
    rows, columns, count = query.shape[-2], key.shape[-2], prod(query.shape[:-2])
    together = max(1, ELEMENTS // max(1, min(rows, ROWS) * columns)) if mask is None else 1
    masks: Any = None if mask is None else np.broadcast_to(mask, (*query.shape[:-1], columns))
    for first in range(0, count, together):
        heads = slice(first, min(first + together, count))
        index = np.unravel_index(first, query.shape[:-2])
        for start in range(0, rows, ROWS):
            part = slice(start, min(start + ROWS, rows))
            seen = slice(0, min(part.stop, columns) if is_causal else columns)
            own = None if masks is None else masks[(*index, part, seen)]
            yield heads, part, seen, own


def _weigh(
    query: Array, key: Array, part: slice, mask: Array | None, is_causal: bool, scale: float
) -> tuple[Array, Array]:
    """How much each token of the query attends to each of the key, head by head, and what to divide that by."""
    scores = (query[:, part] * query.dtype.type(scale)) @ np.matrix_transpose(key)
    if is_causal:
        seen = np.arange(key.shape[1]) <= np.arange(part.start, part.stop)[:, None]
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
    for heads, part, seen, kept in _parts(query, key, mask, is_causal):
        weights, total = _weigh(queries[heads], keys[heads, seen], part, kept, is_causal, factor)
        np.divide(weights @ values[heads, seen], total, out=z[heads, part])
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
    for heads, part, seen, kept in _parts(query, key, mask, is_causal):
        weights, total = _weigh(queries[heads], keys[heads, seen], part, kept, is_causal, factor)
        given = cotangents[heads, part] / total
        dvalue[heads, seen] += np.matrix_transpose(weights) @ given
        slopes = given @ np.matrix_transpose(values[heads, seen])
        slopes -= np.vecdot(slopes, weights)[..., np.newaxis] / total
        slopes *= weights
        dquery[heads, part] = slopes @ keys[heads, seen]
        dkey[heads, seen] += np.matrix_transpose(slopes) @ queries[heads, part]
    for item in (dquery, dkey):
        item *= item.dtype.type(factor)
    return dquery.reshape(query.shape), dkey.reshape(key.shape), dvalue.reshape(value.shape)
