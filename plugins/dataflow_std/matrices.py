"""Pseudo-inverses, least squares, ranks and exponentials. Names: Python Array API standard 2024.12, and SciPy."""

from __future__ import annotations

from collections.abc import Sequence
from math import e
from typing import Any

from dataflow.operators import Operator

KERNELS = "dataflow_std.kernels.matrices"
BATCHES = "Axes before the last two are batches."


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [
        Operator("pinv", "z = the Moore-Penrose inverse of x",
                 forward=_pinv, backward={"x": _pinv_dx}, kernels={"numpy": f"{KERNELS}:pinv"},
                 examples=_pinv_examples,
                 description=f"Singular values below rtol times the largest count as 0; rtol is the longer side times "
                             f"the distance of 1 to the next number if it is not given. {BATCHES}",
                 conventions="the slope is that among matrices of the same rank: where the rank is about to change "
                             "there is none",
                 source="Golub and Pereyra, The differentiation of pseudo-inverses and nonlinear least squares "
                        "problems whose variables separate (1973), equation 4.12",
                 special=[(([[2.0, 0.0], [0.0, 4.0]],), [[0.5, 0.0], [0.0, 0.25]],
                           ([[-0.25, -0.125], [-0.125, -0.0625]],)),
                          (([[2.0], [0.0]],), [[0.5, 0.0]], ([[-0.25], [0.25]],))]),
        Operator("lstsq", "z = the x with the least |a @ x - b|",
                 forward=_lstsq, examples=_lstsq_examples,
                 description=f"The columns of a are independent. b is one column if it has exactly one axis. {BATCHES}",
                 conventions="where the columns of a depend on each other there is no one solution: not finite",
                 special=[(([[1.0], [1.0]], [1.0, 3.0]), [2.0], ([[-1.5], [-0.5]], [0.5, 0.5]))]),
        Operator("matrix_rank", "z = the number of independent columns of x",
                 forward=_matrix_rank, backward={"x": None}, kernels={"numpy": f"{KERNELS}:matrix_rank"},
                 examples=lambda rng: [((rng.normal(size=shape),), {}) for shape in [(2, 3), (3, 3), (2, 4, 2)]],
                 description=f"Singular values below rtol times the largest count as 0. {BATCHES}",
                 special=[(([[1.0, 2.0], [2.0, 4.0]],), 1, (None,))]),
        Operator("expm", "z = 1 + x + x @ x / 2 + x @ x @ x / 6 + ...",
                 forward=lambda xp, x: xp.expm(x),
                 backward={"x": lambda xp, g, z, x: xp.expm_frechet(xp.matrix_transpose(x), g)},
                 kernels={"numpy": f"{KERNELS}:expm"}, examples=_expm_examples,
                 description=f"The exponential of a square matrix. {BATCHES}",
                 conventions="NaN for a member of a stack that is not finite; the others are untouched",
                 source="Al-Mohy and Higham, Computing the Frechet derivative of the matrix exponential (2009), 3",
                 special=[(([[0.0, 1.0], [0.0, 0.0]],), [[1.0, 1.0], [0.0, 1.0]],
                           ([[1.5, 1.0], [13 / 6, 1.5]],)),
                          (([[1.0]],), [[e]], ([[e]],))]),
        Operator("expm_frechet", "z = the derivative of expm at x along direction",
                 forward=_expm_frechet, examples=_frechet_examples,
                 description="What is above the diagonal in the exponential of [[x, direction], [0, x]].",
                 source="Higham, Functions of Matrices (2008), equation 3.16",
                 special=[(([[0.0]], [[3.0]]), [[3.0]], ([[3.0]], [[1.0]]))]),
    ]  # fmt: skip


def _pinv(xp: Any, x: Any, *, rtol: float | None = None) -> Any:
    return xp.pinv(x, rtol=rtol)


def _pinv_dx(xp: Any, g: Any, z: Any, x: Any, *, rtol: float | None) -> Any:
    """With products in an order that makes no square matrix of the longer side."""
    turned, dz = xp.matrix_transpose(z), xp.matrix_transpose(g)
    rows = xp.matmul(xp.matmul(dz, z), turned)
    columns = xp.matmul(turned, xp.matmul(z, dz))
    outside = rows - xp.matmul(x, xp.matmul(z, rows)) + columns - xp.matmul(xp.matmul(columns, z), x)
    return outside - xp.matmul(turned, xp.matmul(g, turned))


def _lstsq(xp: Any, a: Any, b: Any) -> Any:
    if xp.ndim(a) < 2 or xp.shape(a)[-2] < xp.shape(a)[-1]:
        raise ValueError(
            f"a has the shape {list(xp.shape(a))}, and least squares need at least as many rows as columns"
        )
    columns = xp.expand_dims(b, axis=-1) if xp.ndim(b) == 1 else b
    q, r = xp.qr(a)
    z = xp.solve_triangular(r, xp.matmul(xp.matrix_transpose(q), columns))
    return xp.squeeze(z, axis=-1) if xp.ndim(b) == 1 else z


def _matrix_rank(xp: Any, x: Any, *, rtol: float | None = None) -> Any:
    return xp.matrix_rank(x, rtol=rtol)


def _expm_frechet(xp: Any, x: Any, direction: Any) -> Any:
    count = xp.shape(x)[-1]
    above = xp.concat([x, direction], axis=-1)
    below = xp.concat([xp.zeros_like(x), x], axis=-1)
    z = xp.expm(xp.concat([above, below], axis=-2))
    return xp.getitem(z, key=("...", f":{count}", f"{count}:"))


def _pinv_examples(rng: Any) -> Sequence[Any]:
    shapes = [(2, 2), (4, 2), (2, 4), (1, 3), (1, 1), (2, 3, 2), (2, 1, 2, 3), (0, 3, 2)]
    return [((rng.normal(size=shape) + 2 * _eye(shape),), {}) for shape in shapes]


def _eye(shape: tuple[int, ...]) -> Any:
    import numpy as np

    return np.eye(*shape[-2:])


def _lstsq_examples(rng: Any) -> Sequence[Any]:
    shapes = [((3, 2), (3,)), ((2, 2), (2, 3)), ((4, 2), (4, 1)), ((2, 3, 2), (2, 3, 2)), ((3, 1), (3,))]
    return [((rng.normal(size=a) + 2 * _eye(a), rng.normal(size=b)), {}) for a, b in shapes]


def _expm_examples(rng: Any) -> Sequence[Any]:
    return [((rng.normal(size=shape),), {}) for shape in [(1, 1), (2, 2), (3, 3), (2, 2, 2), (0, 0), (0, 2, 2)]]


def _frechet_examples(rng: Any) -> Sequence[Any]:
    return [((rng.normal(size=shape), rng.normal(size=shape)), {}) for shape in [(1, 1), (2, 2), (2, 3, 3)]]
