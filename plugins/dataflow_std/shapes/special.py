"""Shapes of special functions of an order, which work element by element."""

from __future__ import annotations

from dataflow.shapes import Shape


def polygamma(x: Shape, *, n: int) -> Shape:
    """The shape of x."""
    check_order("n", "polygamma", n)
    return x


def jv(x: Shape, *, v: int) -> Shape:
    """The shape of x."""
    check_order("v", "jv", v)
    return x


def iv(x: Shape, *, v: int) -> Shape:
    """The shape of x."""
    check_order("v", "iv", v)
    return x


def check_order(attribute: str, name: str, order: int) -> None:
    """Raise `ValueError` for a negative order.

    >>> check_order("v", "jv", -1)
    Traceback (most recent call last):
    ValueError: the order v of jv is at least 0, not -1
    """
    if order < 0:
        raise ValueError(f"the order {attribute} of {name} is at least 0, not {order}")
