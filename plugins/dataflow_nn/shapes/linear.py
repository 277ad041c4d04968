"""Shapes of affine maps and of what is drawn for dropout."""

from __future__ import annotations

from dataflow.shapes import Shape, match_shapes, show_shape


def linear(x: Shape, weight: Shape, bias: Shape | None = None) -> Shape:
    """The shape of x, the last axis as long as there are outputs. Raises `ValueError` for what does not fit.

    >>> linear((5, 4, 3), (2, 3), (2,))
    (5, 4, 2)
    """
    if len(weight) != 2:
        raise ValueError(f"weight has the shape {show_shape(weight)}: it needs [out, in]")
    if x[-1:] != weight[1:]:
        needed = f"its last axis needs the {weight[1]} of a weight of shape {show_shape(weight)}"
        match_shapes(x[-1:], weight[1:], f"x has the shape {show_shape(x)}: {needed}")
    if bias is not None and bias != weight[:1]:
        message = f"bias has the shape {show_shape(bias)}, and {weight[0]} outputs need [{weight[0]}]"
        match_shapes(bias, weight[:1], message)
    return (*x[:-1], weight[0])


def check_draw(probability: float, seed: int) -> None:
    """Raise `ValueError` if nothing can be drawn so."""
    if not 0 <= probability <= 1:
        raise ValueError(f"a probability is from 0 to 1, not {probability}")
    if seed < 0:
        raise ValueError(f"a seed is at least 0, not {seed}")


def bernoulli_like(x: Shape, *, probability: float, seed: int) -> Shape:
    """The shape of x."""
    check_draw(probability, seed)
    return x
