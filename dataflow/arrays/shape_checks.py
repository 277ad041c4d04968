"""What reductions, reshaping and joining refuse, by shapes alone: for NumPy's functions, and before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dataflow.shapes import (
    Axes,
    Shape,
    check_axes,
    count,
    count_elements,
    is_surely_less,
    list_axes,
    match_shapes,
    match_sizes,
    show_shape,
)
from dataflow.sizes import Length, SymbolicSize

MAX_AXES = 64  # of an array, in NumPy
MAX_ELEMENTS = 2**63 - 1


def check_axis_of_vector(axis: int | None, ndim: int) -> None:
    """Raise `ValueError` if an axis is out of range, or left out for what is no vector.

    >>> check_axis_of_vector(None, 1)
    """
    if axis is not None:
        check_axes(axis, ndim)
    elif ndim != 1:
        raise ValueError(f"axis may be left out for a vector only, not for a value of {count(ndim, 'dimension')}")


def check_reduced(x: Shape, axis: Axes, which: str) -> None:
    """Raise `ValueError` if there is no element along the axes of which one could be the largest, or smallest.

    >>> check_reduced((0, 3), 1, "largest")
    """
    if 0 in [x[place] for place in list_axes(axis, len(x))]:
        raise ValueError(f"there is no {which} element: x has none along the axis")


def check_lengths(shape: Iterable[Length]) -> None:
    """Raise `ValueError` if no array has this shape.

    >>> check_lengths((2, -1))
    Traceback (most recent call last):
    ValueError: a length is at least 0: [2, -1]
    """
    lengths = tuple(shape)
    if any(is_surely_less(length, 0) for length in lengths):
        raise ValueError(f"a length is at least 0: {show_shape(lengths)}")
    if is_too_large(lengths):
        raise ValueError(f"no array is as large as {show_shape(lengths)}")


def is_too_large(shape: Shape) -> bool:
    """Whether there are more axes or elements than an array can have.

    >>> is_too_large((10**10, 10**10)), is_too_large((1,) * 65), is_too_large((10**10, 0))
    (True, True, False)
    """
    return len(shape) > MAX_AXES or is_surely_less(MAX_ELEMENTS, count_elements(shape))


def fill_shape(x: Shape, shape: Length | Sequence[Length]) -> Shape:
    """The shape that the elements of x are to fill, with a length in place of -1. Raises `ValueError` if they do not.

    >>> fill_shape((6, SymbolicSize.named("rows")), (-1, 3))
    (2*rows, 3)
    """
    wanted = (shape,) if isinstance(shape, int | SymbolicSize) else tuple(shape)
    for length in wanted:
        if is_surely_less(length, -1):
            raise ValueError(f"a length is at least 0, or -1 for what is left; not {length}")
    if wanted.count(-1) > 1:
        raise ValueError(f"only one length of {show_shape(wanted)} may be -1")
    total, others = count_elements(x), count_elements([length for length in wanted if length != -1])
    message = f"{count(total, 'element')} do not fill the shape {show_shape(wanted)}"
    if len(wanted) > MAX_AXES:
        raise ValueError(message)
    if -1 not in wanted:
        match_sizes(total, others, message)
        return wanted
    if others == 0 or (isinstance(total, int) and isinstance(others, int) and total % others):
        raise ValueError(message)
    left = total // others if total != 0 else 0
    return tuple([left if length == -1 else length for length in wanted])


def check_fills(x: Shape, shape: Shape, message: str) -> None:
    """Raise `ValueError` with the message if x, repeated along some axes, does not fill a shape.

    >>> check_fills((2, 1), (5, 2, 3), "it does not fit")
    """
    if x == shape:
        return
    if len(x) > len(shape):
        raise ValueError(message)
    kept = shape[len(shape) - len(x) :]
    match_shapes(
        tuple([wanted if length == 1 else length for length, wanted in zip(x, kept, strict=True)]), kept, message
    )


def check_repeated(x: Shape, shape: Length | Sequence[Length]) -> Shape:
    """The shape that x is repeated to fill. Raises `ValueError` if it cannot be.

    >>> check_repeated((3,), (2, 4))
    Traceback (most recent call last):
    ValueError: a value of shape [3] cannot be repeated to fill [2, 4]
    """
    wanted = (shape,) if isinstance(shape, int | SymbolicSize) else tuple(shape)
    message = f"a value of shape {show_shape(x)} cannot be repeated to fill {show_shape(wanted)}"
    if any(is_surely_less(length, 0) for length in wanted) or is_too_large(wanted):
        raise ValueError(message)
    check_fills(x, wanted, message)
    return wanted


def check_squeezed(axis: int | Sequence[int], x: Shape) -> None:
    """Raise `ValueError` for axes that cannot be left out.

    >>> check_squeezed(0, (3, 1))
    Traceback (most recent call last):
    ValueError: axis 0 has 3 elements: only one with a single element can be left out
    """
    axes = axis if isinstance(axis, int) else tuple(axis)
    for place in list_axes(axes, len(x)):
        if x[place] != 1:
            message = f"axis {place} has {count(x[place], 'element')}: only one with a single element can be left out"
            match_sizes(x[place], 1, message)


def check_order(axes: Sequence[int], ndim: int) -> None:
    """Raise `ValueError` if axes do not name each axis of so many dimensions once.

    >>> check_order((1, 0), 2)
    """
    check_axes(tuple(axes), ndim)
    if len(axes) != ndim:
        raise ValueError(f"{len(axes)} {'axis is' if len(axes) == 1 else 'axes are'} named, and the value has {ndim}")


def check_moves(source: int | tuple[int, ...], destination: int | tuple[int, ...], ndim: int) -> None:
    """Raise `ValueError` if axes cannot be moved from their places to others.

    >>> check_moves((0, 1), -1, 3)
    Traceback (most recent call last):
    ValueError: source names 2 axes and destination 1: they need as many
    """
    check_axes(source, ndim)
    check_axes(destination, ndim)
    first, second = [len(item) if isinstance(item, tuple) else 1 for item in (source, destination)]
    if first != second:
        raise ValueError(f"source names {count_axes(first)} and destination {second}: they need as many")


def count_axes(number: int) -> str:
    """A number of axes in words.

    >>> count_axes(1), count_axes(2)
    ('1 axis', '2 axes')
    """
    return "1 axis" if number == 1 else f"{number} axes"


def check_shifts(shift: int | tuple[int, ...], axis: Axes, ndim: int) -> None:
    """Raise `ValueError` if there are neither as many shifts as axes, nor one for all.

    >>> check_shifts((1, 2), (0, 1, 2), 3)
    Traceback (most recent call last):
    ValueError: there are 2 shifts for 3 axes: they need as many
    """
    check_axes(axis, ndim)
    if (
        isinstance(shift, tuple)
        and isinstance(axis, tuple)
        and len(shift) != len(axis)
        and 1 not in (len(shift), len(axis))
    ):
        raise ValueError(f"there are {count(len(shift), 'shift')} for {count_axes(len(axis))}: they need as many")


def check_diagonals(ndim: int) -> None:
    """Raise `ValueError` if a value of so many dimensions has no diagonals.

    >>> check_diagonals(2)
    """
    if ndim < 2:
        raise ValueError(f"x has no diagonals: it needs 2 dimensions, not {ndim}")


def check_repeats(name: str, numbers: Iterable[Length]) -> None:
    """Raise `ValueError` for numbers of copies that are below 0.

    >>> check_repeats("repeats", [2])
    """
    for number in numbers:
        if is_surely_less(number, 0):
            raise ValueError(f"{name} says how many copies, at least 0; not {number}")


def join_shapes(shapes: Sequence[Shape], axis: int | None) -> Shape:
    """The shape of values one after the other along an axis, or flattened first. Raises `ValueError` for others.

    >>> join_shapes([(2, 3), (SymbolicSize.named("rows"), 3)], 0), join_shapes([(2, 3), ()], None)
    ((rows + 2, 3), (7,))
    """
    if not shapes:
        raise ValueError("there is nothing to join: it takes one value at least")
    if axis is None:
        return (_add_up([count_elements(shape) for shape in shapes]),)
    first = shapes[0]
    check_axes(axis, len(first))
    along = axis % len(first)
    for index, shape in enumerate(shapes):
        if len(shape) != len(first):
            raise ValueError(
                f"xs[0] has {count(len(first), 'dimension')} and xs[{index}] {len(shape)}: they need as many"
            )
        for place, (one, other) in enumerate(zip(first, shape, strict=True)):
            if place != along and one != other:
                counts = f"axis {place} of xs[0] has {count(one, 'element')} and that of xs[{index}] {other}"
                match_sizes(one, other, f"{counts}: they must be as many")
    return (*first[:along], _add_up([shape[along] for shape in shapes]), *first[along + 1 :])


def _add_up(lengths: Sequence[Length]) -> Length:
    total: Length = 0
    for length in lengths:
        total = total + length
    return total


def stack_shapes(shapes: Sequence[Shape], axis: int) -> Shape:
    """The shape of values side by side along a new axis. Raises `ValueError` if their shapes differ.

    >>> stack_shapes([(2, 3), (2, 3)], -1)
    (2, 3, 2)
    """
    if not shapes:
        raise ValueError("there is nothing to stack: it takes one value at least")
    first = shapes[0]
    check_axes(axis, len(first) + 1, "result")
    for index, shape in enumerate(shapes):
        if shape != first:
            listed = f"xs[0] has the shape {show_shape(first)} and xs[{index}] {show_shape(shape)}"
            match_shapes(first, shape, f"{listed}: they must be the same")
    along = axis % (len(first) + 1)
    return (*first[:along], len(shapes), *first[along:])
