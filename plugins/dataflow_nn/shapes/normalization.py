"""Shapes of normalisation and of its adjoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dataflow.shapes import Shape, match_shapes, show_shape
from dataflow.sizes import Length


def list_places(x: Shape, axis: int | tuple[int, ...]) -> tuple[int, ...]:
    """Axes as numbers from 0, in order. Raises `ValueError` for one that x does not have.

    >>> list_places((2, 3, 4), (-1, 0))
    (0, 2)
    """
    axes = axis if isinstance(axis, tuple) else (axis,)
    if wrong := [item for item in axes if not -len(x) <= item < len(x)]:
        raise ValueError(f"axis {wrong[0]} is out of range for an x of shape {show_shape(x)}")
    return tuple(sorted({item % len(x) for item in axes}))


def check_weight(weight: Shape | None, x: Shape) -> None:
    """Raise `ValueError` if a weight has not the axes of x, each as long or of length 1.

    >>> check_weight((1, 3), (2, 3))
    """
    if weight is None:
        return
    message = f"weight and bias of shape {show_shape(weight)} cannot be repeated to fill {show_shape(x)}"
    if len(weight) != len(x):
        raise ValueError(message)
    kept = tuple([1 if item == 1 else length for item, length in zip(weight, x, strict=True)])
    match_shapes(weight, kept, message)


def check_channels(x: Shape, weights: Mapping[str, Shape | None]) -> Length:
    """How many channels x has. Raises `ValueError` if a weight has not as many.

    >>> check_channels((2, 6, 4), {"weight": (6,), "bias": None})
    6
    """
    if len(x) < 2:
        raise ValueError(f"x has the shape {show_shape(x)}: it needs [batch, channels, any further axes]")
    channels = x[1]
    for name, shape in weights.items():
        if shape is not None and shape != (channels,):
            message = f"{name} has the shape {show_shape(shape)}, and {channels} channels need [{channels}]"
            match_shapes(shape, (channels,), message)
    return channels


def group_norm(x: Shape, weight: Shape | None = None, bias: Shape | None = None, *, num_groups: int, **_: Any) -> Shape:
    """The shape of x."""
    channels = check_channels(x, {"weight": weight, "bias": bias})
    if num_groups < 1 or (isinstance(channels, int) and channels % num_groups):
        raise ValueError(f"{channels} channels do not fall into {num_groups} groups")
    return x


def check_cotangent(g: Shape, x: Shape) -> None:
    """Raise `ValueError` if the cotangent has not the shape of x."""
    if g != x:
        match_shapes(g, x, f"g has the shape {show_shape(g)}, and x {show_shape(x)}")


def normalize(
    x: Shape, weight: Shape | None = None, bias: Shape | None = None, *, axis: int | tuple[int, ...], **_: Any
) -> Shape:
    """The shape of x."""
    list_places(x, axis)
    check_weight(weight, x)
    check_weight(bias, x)
    return x


def normalize_gradient(
    g: Shape, x: Shape, weight: Shape | None = None, *, axis: int | tuple[int, ...], **_: Any
) -> list[Shape]:
    """The shape of x, and twice that of weight.

    >>> normalize_gradient((2, 3), (2, 3), (1, 3), axis=1)
    [(2, 3), (1, 3), (1, 3)]
    """
    list_places(x, axis)
    check_weight(weight, x)
    check_cotangent(g, x)
    affine = (1,) * len(x) if weight is None else weight
    return [x, affine, affine]
