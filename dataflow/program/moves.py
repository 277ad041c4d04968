"""What a program does beside operations: parts are picked, dtypes changed, rows copied to where they are wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def pick(index: int) -> Callable[..., Any]:
    """A function that takes one of several results.

    >>> pick(1)("ab")
    'b'
    """
    return lambda parts: parts[index]


def drop() -> None:
    """Nothing, in the place of several results that have been picked."""


def copy(value: Any, target: Any) -> Any:
    """The target, to which the value was written."""
    target[...] = value
    return target


def cast_to(dtype: Any) -> Callable[..., Any]:
    """A function that gives an array another dtype."""
    return lambda value: value.astype(dtype)


def reshape_to(shape: tuple[int, ...]) -> Callable[..., Any]:
    """A function that gives an array another shape."""
    return lambda value: value.reshape(shape)


def as_typed(value: Any, make: Callable[[Any], Any]) -> Any:
    """A Python number as a NumPy number, which `make` makes; what has a dtype stays."""
    return value if hasattr(value, "dtype") else make(value)
