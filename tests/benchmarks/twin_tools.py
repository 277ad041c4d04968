"""What the twins of both libraries need: attributes read as a user of a library would write them."""

from __future__ import annotations

from typing import Any

Twin = Any  # of inputs and attributes: a value, a tuple of them, or NotImplemented


def read_key(key: Any) -> tuple[Any, ...]:
    """An index as Python has it.

    >>> read_key((1, "...", "::-2", None))
    (1, Ellipsis, slice(None, None, -2), None)
    """
    return tuple(_read_item(item) for item in key)


def _read_item(item: Any) -> Any:
    if not isinstance(item, str):
        return item
    return ... if item == "..." else slice(*(int(part) if part else None for part in item.split(":")))


def each(value: Any, count: int) -> tuple[int, ...]:
    """A number for each of so many axes.

    >>> each(2, 3), each((1, 2), 2)
    ((2, 2, 2), (1, 2))
    """
    return tuple(value) if isinstance(value, tuple | list) else (value,) * count


def list_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes from 0, in order; all if none is named.

    >>> list_axes(None, 2), list_axes((0, -1), 3), list_axes(-1, 2)
    ((0, 1), (0, 2), (1,))
    """
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    return tuple(sorted(item % ndim for item in axes))


def remains(shape: Any, axes: tuple[int, ...]) -> list[int]:
    """The shape less some axes.

    >>> remains((2, 3, 4), (0, 2))
    [3]
    """
    return [length for place, length in enumerate(shape) if place not in axes]


def with_ones(shape: Any, axes: tuple[int, ...]) -> list[int]:
    """The shape with length 1 along some axes.

    >>> with_ones((2, 3, 4), (0, 2))
    [1, 3, 1]
    """
    return [1 if place in axes else length for place, length in enumerate(shape)]
