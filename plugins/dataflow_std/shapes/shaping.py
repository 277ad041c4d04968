"""Shapes of what only moves elements."""

from __future__ import annotations

from dataflow.arrays.shape_checks import (
    check_diagonals,
    check_moves,
    check_order,
    check_repeated,
    check_repeats,
    check_shifts,
    check_squeezed,
    fill_shape,
    join_shapes,
    stack_shapes,
)
from dataflow.shapes import (
    Axes,
    OpenShape,
    Shape,
    broadcast_shapes,
    check_axes,
    count_elements,
    is_surely_less,
    list_axes,
    match_sizes,
    show_shape,
)
from dataflow.sizes import Length
from dataflow_std.shapes.products import measure_diagonal


def reshape(x: Shape, *, shape: Shape) -> Shape:
    """The shape that is asked for, with what is left over in place of -1.

    >>> reshape((6, 4), shape=(-1, 2))
    (12, 2)
    """
    return fill_shape(x, shape)


def expand_dims(x: Shape, *, axis: int | tuple[int, ...]) -> Shape:
    """Axes of length 1 put in where they are to be in the result.

    >>> expand_dims((2, 3), axis=(0, -1))
    (1, 2, 3, 1)
    """
    ndim = len(x) + (len(axis) if isinstance(axis, tuple) else 1)
    check_axes(axis, ndim, "result")
    new, rest = list_axes(axis, ndim), iter(x)
    return tuple([1 if place in new else next(rest) for place in range(ndim)])


def squeeze(x: Shape, *, axis: int | tuple[int, ...]) -> Shape:
    """The axes that are left."""
    check_squeezed(axis, x)
    gone = list_axes(axis, len(x))
    return tuple([length for place, length in enumerate(x) if place not in gone])


def broadcast_to(x: Shape, *, shape: Shape) -> Shape:
    """The shape that is asked for."""
    return check_repeated(x, shape)


def broadcast_arrays(*xs: Shape) -> list[Shape]:
    """The same shape for all."""
    return [broadcast_shapes(*xs)] * len(xs)


def permute_dims(x: Shape, *, axes: tuple[int, ...]) -> Shape:
    """The lengths in the order of the axes."""
    check_order(axes, len(x))
    return tuple([x[axis] for axis in axes])


def moveaxis(x: Shape, *, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> Shape:
    """The lengths with those of some axes moved to other places.

    >>> moveaxis((2, 3, 4), source=(0, 1), destination=(2, 0))
    (3, 4, 2)
    """
    check_moves(source, destination, len(x))
    moved = list_axes(source, len(x))
    order = [axis for axis in range(len(x)) if axis not in moved]
    for place, axis in sorted(zip(list_axes(destination, len(x)), moved, strict=True)):
        order.insert(place, axis)
    return tuple([x[axis] for axis in order])


def flip(x: Shape, *, axis: Axes) -> Shape:
    """The shape of x."""
    check_axes(axis, len(x))
    return x


def roll(x: Shape, *, shift: int | tuple[int, ...], axis: Axes) -> Shape:
    """The shape of x."""
    check_shifts(shift, axis, len(x))
    return x


def rot90(x: Shape, *, k: int, axes: tuple[int, int]) -> Shape:
    """The two axes swapped by an odd number of turns.

    >>> rot90((2, 3, 4), k=-1, axes=(0, 2))
    (4, 3, 2)
    """
    check_axes(axes, len(x))
    lengths = list(x)
    if k % 2:
        lengths[axes[0]], lengths[axes[1]] = x[axes[1]], x[axes[0]]
    return tuple(lengths)


def triangle(x: Shape, *, k: int) -> Shape:
    """The shape of x."""
    check_diagonals(len(x))
    return x


def repeat(x: Shape, *, repeats: int, axis: int | None) -> Shape:
    """The axis, or the flattened array, so many times as long.

    >>> repeat((2, 5), repeats=3, axis=1), repeat((2, 3), repeats=2, axis=None)
    ((2, 15), (12,))
    """
    check_axes(axis, len(x))
    check_repeats("repeats", [repeats])
    if axis is None:
        return (count_elements(x) * repeats,)
    place = axis % len(x)
    return (*x[:place], x[place] * repeats, *x[place + 1 :])


def tile(x: Shape, *, repetitions: tuple[int, ...]) -> Shape:
    """The axes so many times as long, counted from the last.

    >>> tile((2, 3), repetitions=(5, 1, 4))
    (5, 2, 12)
    """
    check_repeats("repetitions", repetitions)
    ndim = max(len(x), len(repetitions))
    lengths = (1,) * (ndim - len(x)) + x
    copies = (1,) * (ndim - len(repetitions)) + tuple(repetitions)
    return tuple([length * number for length, number in zip(lengths, copies, strict=True)])


def concat(*xs: Shape, axis: int | None) -> Shape:
    """The lengths along the axis added up."""
    return join_shapes(xs, axis)


def stack(*xs: Shape, axis: int) -> Shape:
    """One more axis."""
    return stack_shapes(xs, axis)


def unstack(x: Shape, *, axis: int) -> list[Shape]:
    """For each element along the axis the other axes. Raises `UnknownSizeError` if their number is not known."""
    check_axes(axis, len(x))
    place = axis % len(x)
    return [x[:place] + x[place + 1 :]] * int(x[place])


def split(x: Shape, *, sections: int | None, lengths: tuple[int, ...] | None, axis: int) -> list[Shape]:
    """The shapes of the parts.

    >>> split((5, 3), sections=None, lengths=(1, 2), axis=1)
    [(5, 1), (5, 2)]
    """
    place = axis % len(x) if x else 0
    parts = split_lengths(x, sections, lengths, axis)
    return [(*x[:place], length, *x[place + 1 :]) for length in parts]


def split_lengths(x: Shape, sections: int | None, lengths: tuple[int, ...] | None, axis: int) -> tuple[Length, ...]:
    """How long each part is along the axis. Raises `ValueError` if the axis cannot be cut so."""
    check_axes(axis, len(x))
    total = x[axis]
    if (sections is None) == (lengths is None):
        raise ValueError("either `sections` says how many parts of equal length, or `lengths` says how long each is")
    if sections is not None:
        if sections < 1 or (isinstance(total, int) and total % sections):
            raise ValueError(f"axis {axis} has {total} elements: they make no {sections} parts of equal length")
        return (total // sections,) * int(sections)
    assert lengths is not None
    message = f"axis {axis} has {total} elements, and lengths that add up to that are needed: {show_shape(lengths)}"
    if any(is_surely_less(length, 0) for length in lengths):
        raise ValueError(message)
    match_sizes(sum(lengths), total, message)
    return lengths


def diag(x: Shape, *, k: int) -> OpenShape:
    """A square matrix for a vector, and the length of the diagonal for a matrix.

    >>> diag((3,), k=-1), diag((2, 5), k=1)
    ((4, 4), (2,))
    """
    check_matrix_or_vector(len(x))
    if len(x) == 1:
        return (x[0] + abs(k),) * 2
    return (measure_diagonal(x[0], x[1], k),)


def check_matrix_or_vector(ndim: int) -> None:
    """Raise `ValueError` for what is neither of them."""
    if ndim not in (1, 2):
        raise ValueError(f"x is to be a vector or a matrix, of 1 or 2 dimensions, not {ndim}")
