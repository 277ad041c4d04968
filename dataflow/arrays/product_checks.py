"""What products of matrices and tensors refuse, by shapes alone: for NumPy's functions, and before anything runs."""

from __future__ import annotations

from dataflow.shapes import Shape, broadcast_or_refuse, check_axes, match_sizes, show_shape
from dataflow.sizes import Length

Pairs = int | tuple[tuple[int, ...], tuple[int, ...]]


def check_matmul(x: Shape, y: Shape) -> Shape:
    """The shape of the axes before the matrices. Raises `ValueError` for what cannot be multiplied.

    >>> check_matmul((5, 2, 3), (3, 4))
    (5,)
    """
    if not x or not y:
        raise ValueError(f"{'y' if x else 'x'} is a number, not a vector or matrix: write `x * y`")
    inner, which = (y[-1], "that") if len(y) == 1 else (y[-2], "the one before the last")
    if x[-1] != inner:
        counts = f"the last axis of x has {x[-1]} elements and {which} of y {inner}"
        match_sizes(x[-1], inner, f"{counts}: they must be as many")
    listed = f"{show_shape(x[:-2])} and {show_shape(y[:-2])}"
    return broadcast_or_refuse(x[:-2], y[:-2], f"the axes before the matrices, {listed}, do not broadcast")


def check_vecdot(x: Shape, y: Shape, axis: int) -> Shape:
    """The shape of the axes that are left. Raises `ValueError` for an axis along which there is no product.

    >>> check_vecdot((5, 3), (3,), -1)
    (5,)
    """
    if axis >= 0:  # along it two values of different dimensions would not be aligned
        raise ValueError(f"the axis counts from the end, so that it is below 0; not {axis}")
    first, second = list(x), list(y)
    check_axes(axis, len(first))
    check_axes(axis, len(second))
    length, other = first.pop(axis), second.pop(axis)
    if length != other:
        counts = f"axis {axis} of x has {length} elements and that of y {other}"
        match_sizes(length, other, f"{counts}: they must be as many")
    listed = f"{show_shape(first)} and {show_shape(second)}"
    return broadcast_or_refuse(tuple(first), tuple(second), f"the other axes of x and y, {listed}, do not broadcast")


def check_tensordot(x: Shape, y: Shape, axes: Pairs) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes of x and of y that are summed over. Raises `ValueError` for those that cannot be paired.

    >>> check_tensordot((2, 3, 4), (4, 5), 1)
    ((2,), (0,))
    """
    if isinstance(axes, int):
        if axes < 0:
            raise ValueError(f"the number of axes is at least 0, not {axes}")
        if axes > min(len(x), len(y)):
            raise ValueError(f"{axes} axes are to be summed over, and x has {len(x)}, y {len(y)}")
        axes = (tuple(range(len(x) - axes, len(x))), tuple(range(axes)))
    check_axes(axes[0], len(x))
    check_axes(axes[1], len(y))
    if len(axes[0]) != len(axes[1]):
        raise ValueError(f"{len(axes[0])} axis of x and {len(axes[1])} of y cannot be paired")
    for one, other in zip(*axes, strict=True):
        if x[one] != y[other]:
            _refuse_pair(one, x[one], other, y[other])
    return tuple([axis % len(x) for axis in axes[0]]), tuple([axis % len(y) for axis in axes[1]])


def _refuse_pair(one: int, length: Length, other: int, second: Length) -> None:
    counts = f"axis {one} of x has {length} elements and axis {other} of y {second}"
    match_sizes(length, second, f"{counts}: they must be as many")


def check_matrix(x: Shape) -> None:
    """Raise `ValueError` if a value has no rows and columns.

    >>> check_matrix((3,))
    Traceback (most recent call last):
    ValueError: x is no matrix: it needs 2 dimensions, not 1
    """
    if len(x) < 2:
        raise ValueError(f"x is no matrix: it needs 2 dimensions, not {len(x)}")
