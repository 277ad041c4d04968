"""Shapes of scaled dot-product attention and of its adjoint."""

from __future__ import annotations

from typing import Any

from dataflow.shapes import Shape, broadcast_or_refuse, match_shapes, match_sizes, show_shape


def attention(query: Shape, key: Shape, value: Shape, mask: Shape | None = None, **_: Any) -> Shape:
    """The tokens of the query with the features of the value. Raises `ValueError` for what does not fit.

    >>> attention((2, 5, 8), (2, 7, 8), (2, 7, 3), (5, 7))
    (2, 5, 3)
    """
    shapes = query, key, value
    if any(len(shape) < 2 for shape in shapes):
        raise ValueError(f"query, key and value need [..., tokens, features], not {', '.join(map(show_shape, shapes))}")
    if not query[:-2] == key[:-2] == value[:-2]:
        lead = ", ".join(show_shape(shape[:-2]) for shape in shapes)
        message = f"the axes before tokens and features differ between query, key and value: {lead}"
        match_shapes(query[:-2], key[:-2], message)
        match_shapes(query[:-2], value[:-2], message)
    if query[-1] != key[-1]:
        counts = f"query has {query[-1]} features and key {key[-1]}"
        match_sizes(query[-1], key[-1], f"{counts}: they need as many")
    if key[-2] != value[-2]:
        counts = f"key has {key[-2]} tokens and value {value[-2]}"
        match_sizes(key[-2], value[-2], f"{counts}: they need as many")
    if mask is not None:
        full = (*query[:-1], key[-2])
        message = f"a mask of shape {show_shape(mask)} cannot be repeated to fill {show_shape(full)}"
        match_shapes(broadcast_or_refuse(mask, full, message), full, message)
    return (*query[:-1], value[-1])


def gradient(g: Shape, query: Shape, key: Shape, value: Shape, mask: Shape | None = None, **_: Any) -> list[Shape]:
    """The shapes of query, key and value."""
    expected = attention(query, key, value, mask)
    if g != expected:
        found = f"g has the shape {show_shape(g)}"
        match_shapes(g, expected, f"{found}, and the attention gives {show_shape(expected)}")
    return [query, key, value]
