"""Shapes of gated units."""

from __future__ import annotations

from dataflow.shapes import Shape, check_axes


def check_halves(x: Shape, axis: int) -> None:
    """Raise `ValueError` if an axis cannot be halved.

    >>> check_halves((3, 5), -1)
    Traceback (most recent call last):
    ValueError: axis -1 of x has 5 elements: they must be an even number, to be halved
    """
    check_axes(axis, len(x))
    if isinstance(x[axis], int) and x[axis] % 2:
        raise ValueError(f"axis {axis} of x has {x[axis]} elements: they must be an even number, to be halved")


def glu(x: Shape, *, axis: int) -> Shape:
    """The shape of x, its axis half as long.

    >>> glu((3, 6), axis=-1)
    (3, 3)
    """
    check_halves(x, axis)
    place = axis % len(x)
    return (*x[:place], x[place] // 2, *x[place + 1 :])
