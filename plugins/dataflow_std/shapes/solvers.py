"""Shapes of inverses, solutions of systems of equations and Cholesky factors, and what does not fit."""

from __future__ import annotations

from dataflow.shapes import Shape, broadcast_or_refuse, match_shapes, match_sizes, show_shape


def check_matrices(x: Shape, name: str) -> None:
    """Raise `ValueError` for the shape of what is no matrix and no stack of matrices.

    >>> check_matrices((3,), "x")
    Traceback (most recent call last):
    ValueError: x must be a matrix or a stack of matrices, and has the shape [3]
    """
    if len(x) < 2:
        raise ValueError(f"{name} must be a matrix or a stack of matrices, and has the shape {show_shape(x)}")


def check_square(x: Shape, name: str) -> None:
    """Raise `ValueError` for the shape of what is no square matrix and no stack of them.

    >>> check_square((2, 3), "x")
    Traceback (most recent call last):
    ValueError: x must be square in its last two axes, and has the shape [2, 3]
    """
    check_matrices(x, name)
    if x[-1] != x[-2]:
        message = f"{name} must be square in its last two axes, and has the shape {show_shape(x)}"
        match_sizes(x[-2], x[-1], message)


def find_solution(a: Shape, b: Shape, names: tuple[str, str]) -> Shape:
    """The shape of the z with a @ z = b. Raises `ValueError` if matrices and right-hand sides do not fit each other.

    >>> find_solution((4, 3, 2), (3,), ("a", "b")), find_solution((3, 2), (5, 3, 1), ("a", "b"))
    ((4, 2), (5, 2, 1))
    """
    rows = b[-1:] if len(b) < 2 else b[-2:-1]
    if a[-2:-1] != rows:
        match_shapes(a[-2:-1], rows, f"{names[1]} needs as many rows as {names[0]}: {_show(a, b, names)}")
    batch = a[:-2]
    if len(b) > 2 and b[:-2] != batch:
        message = f"the stacks of {names[0]} and {names[1]} do not broadcast: {_show(a, b, names)}"
        batch = broadcast_or_refuse(batch, b[:-2], message)
    return (*batch, a[-1], *(b[-1:] if len(b) > 1 else ()))


def _show(a: Shape, b: Shape, names: tuple[str, str]) -> str:
    return f"{names[0]} has the shape {show_shape(a)}, and {names[1]} {show_shape(b)}"


def keep_square(x: Shape, **_: object) -> Shape:
    """The rule of what makes of each square matrix another one: its shape."""
    check_square(x, "x")
    return x


def solve(x1: Shape, x2: Shape) -> Shape:
    """The shape of x2, with the stacks of both."""
    check_square(x1, "x1")
    return find_solution(x1, x2, ("x1", "x2"))


def solve_triangular(a: Shape, b: Shape, **_: object) -> Shape:
    """The shape of b, with the stacks of both."""
    check_square(a, "a")
    return find_solution(a, b, ("a", "b"))
