"""Scaled dot-product attention, head by head: the scores of one head stay in the cache."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from dataflow_nn.kernels.windows import Array

ROWS = 128  # of the query, at a time


def check_shapes(query: Array, key: Array, value: Array, mask: Array | None) -> None:
    """Raise `ValueError` if the inputs do not fit each other."""
    shapes = query.shape, key.shape, value.shape
    if any(len(shape) < 2 for shape in shapes):
        raise ValueError(f"query, key and value need [..., tokens, features], not {', '.join(map(_show, shapes))}")
    if not query.shape[:-2] == key.shape[:-2] == value.shape[:-2]:
        lead = ", ".join(_show(shape[:-2]) for shape in shapes)
        raise ValueError(f"the axes before tokens and features differ between query, key and value: {lead}")
    if query.shape[-1] != key.shape[-1]:
        raise ValueError(f"query has {query.shape[-1]} features and key {key.shape[-1]}: they need as many")
    if key.shape[-2] != value.shape[-2]:
        raise ValueError(f"key has {key.shape[-2]} tokens and value {value.shape[-2]}: they need as many")
    if mask is not None:
        full = (*query.shape[:-1], key.shape[-2])
        try:
            fits = np.broadcast_shapes(mask.shape, full) == full
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(f"a mask of shape {_show(mask.shape)} cannot be repeated to fill {_show(full)}")


def _show(shape: tuple[int, ...]) -> str:
    return str(list(shape))


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
    check_shapes(query, key, value, mask)
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    queries, keys, values = _heads(query), _heads(key), _heads(value)
    z = np.empty((*queries.shape[:2], values.shape[2]), query.dtype)
    for head, part, seen, kept in _parts(query, key, mask, is_causal):
        weights, total = _weigh(queries[head], keys[head, seen], part, kept, is_causal, factor)
        np.divide(weights @ values[head, seen], total, out=z[head, part])
    return z.reshape(*query.shape[:-1], value.shape[-1])


def scaled_dot_product_attention_gradient(
    g: Array, query: Array, key: Array, value: Array, mask: Array | None = None, *, is_causal: bool = False,
    scale: float | None = None,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """The adjoints in query, key and value; the weights are computed again rather than kept."""
    check_shapes(query, key, value, mask)
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    queries, keys, values, cotangents = _heads(query), _heads(key), _heads(value), _heads(g)
    dquery, dkey, dvalue = (np.zeros(item.shape, g.dtype) for item in (queries, keys, values))
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
