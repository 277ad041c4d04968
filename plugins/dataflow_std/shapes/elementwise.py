"""Shapes and dtypes of what works element by element, where they are not those that the inputs make together."""

from __future__ import annotations

from dataflow.arrays.dtype_checks import check_bits, check_held
from dataflow.shapes import FLOATS, Shape

AS_INPUTS = (None,)  # for one output: the dtype that the inputs make together


def astype(x: Shape, *, dtype: str) -> Shape:
    """The shape of x."""
    return x


def full_like(x: str, *, fill_value: float) -> str:
    """The dtype of x. Raises `ValueError` for a number that is not of it."""
    check_held(fill_value, x)
    return x


def combine_bits(*xs: str) -> tuple[None]:
    """The dtype that the inputs make together. Raises `ValueError` for floats."""
    check_bits(*xs)
    return AS_INPUTS


def clip(x: str, *, min: float | None, max: float | None) -> str:
    """The dtype of x, or floats where integers have a bound that is one.

    >>> clip("int8", min=None, max=2), clip("int8", min=None, max=2.0), clip("float32", min=0.0, max=None)
    ('int8', 'float64', 'float32')
    """
    return "float64" if x not in FLOATS and float in (type(min), type(max)) else x
