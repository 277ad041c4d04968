"""Pseudoinverses, least squares and ranks. Names: Python Array API standard 2024.12, and NumPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

from dataflow.axes import map_batch
from dataflow.operators import Operator
from dataflow_std.axes import sum_to
from dataflow_std.solvers import as_columns, restore

KERNELS = "dataflow_std.kernels.solvers_pseudoinverses"
SHAPES = "dataflow_std.shapes.pseudoinverses"
GOLUB = (
    "Golub and Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables "
    "separate, SIAM J. Numer. Anal. 10 (1973), theorem 4.3, https://doi.org/10.1137/0710036"
)
RELATIVE = "Singular values up to rtol times the largest count as 0; rtol is max(rows, columns) * eps if left out."


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [
        Operator("pinv", "z = the pseudoinverse of x (Moore and Penrose)",
                 axes=map_batch(2),
                 forward=_pinv, backward={"x": _pinv_dx}, kernels={"numpy": f"{KERNELS}:pinv"}, shape=f"{SHAPES}:pinv",
                 examples=_pinv_examples, special=PINV_ROWS,
                 description=f"{RELATIVE} Axes before the last two are batches.",
                 conventions="Where x has not full rank it jumps: the gradient is then the slope among the matrices of "
                             "the same rank.",
                 source=GOLUB),
        Operator("lstsq", "z = the vector or matrix with the least sum of squares of a @ z - b",
                 forward=lambda xp, a, b: xp.lstsq(a, b), backward=_lstsq_rules,
                 kernels={"numpy": f"{KERNELS}:lstsq"}, shape=f"{SHAPES}:lstsq", examples=_lstsq_examples,
                 special=LSTSQ_ROWS,
                 reference="dataflow_std.kernels.solvers_references:lstsq",
                 description="a has at least as many rows as columns, and b as many rows as a. b is one column if it "
                             "has exactly one axis; axes before the last two are batches and broadcast.",
                 conventions="Where the columns of a depend on each other, value and gradient of that member of a "
                             "stack are NaN; the others are untouched.",
                 source=GOLUB),
        Operator("matrix_rank", "z = the number of singular values of x that are not 0",
                 forward=_matrix_rank, backward={"x": None}, kernels={"numpy": f"{KERNELS}:matrix_rank"},
                 shape=f"{SHAPES}:matrix_rank", dtype="int64",
                 examples=_rank_examples, special=RANK_ROWS,
                 description=f"{RELATIVE} Axes before the last two are batches.",
                 conventions="A matrix that is not finite has the rank 0."),
    ]  # fmt: skip


PINV_ROWS = [
    (([[3.0], [4.0]],), [[0.12, 0.16]], ([[-0.0272], [-0.0496]],)),
]
LSTSQ_ROWS = [
    (([[1.0], [1.0]], [1.0, 3.0]), [2.0], ([[-1.5], [-0.5]], [0.5, 0.5])),
    (([[1.0, 2.0], [2.0, 4.0]], [1.0, 3.0]), [nan, nan], ([[nan, nan], [nan, nan]], [nan, nan])),
]
RANK_ROWS = [
    (([[1.0, 2.0], [2.0, 4.0]],), 1, ([[0.0, 0.0], [0.0, 0.0]],)),
    (([[4.0, 0.0], [0.0, 1.0]],), 1, ([[0.0, 0.0], [0.0, 0.0]],), {"rtol": 0.5}),
]


def _pinv(xp: Any, x: Any, *, rtol: float | None = None) -> Any:
    return xp.pinv(x, rtol=rtol)


def _pinv_dx(xp: Any, g: Any, z: Any, x: Any, *, rtol: float | None) -> Any:
    if rtol is not None:  # what is left out may be far from 0
        return _pinv_dx_by_values(xp, g, x, rtol)
    zt, gt = xp.matrix_transpose(z), xp.matrix_transpose(g)
    inside = xp.matmul(zt, xp.matmul(g, zt))
    left = xp.matmul(xp.matmul(gt - xp.matmul(x, xp.matmul(z, gt)), z), zt)
    right = xp.matmul(zt, xp.matmul(z, gt - xp.matmul(xp.matmul(gt, z), x)))
    return left + right - inside


def _pinv_dx_by_values(xp: Any, g: Any, x: Any, rtol: float) -> Any:
    """The transposed pseudoinverse is a function f of the singular values alone, f(s) = 1 / s or 0: its derivative

    has (f_i + f_j) / (s_i + s_j) for the antisymmetric part of a change and (f_i - f_j) / (s_i - s_j) for the
    symmetric one, f / s beyond the shorter side, and is its own adjoint.
    """
    u, s, vh = xp.svd(x)
    v, back = xp.matrix_transpose(vh), xp.matrix_transpose(g)
    kept = s > rtol * xp.getitem(s, key=("...", ":1"))  # the first one is the largest
    f = xp.where(kept, 1 / xp.where(kept, s, 1.0), 0.0)
    left, right = xp.matmul(xp.matrix_transpose(u), back), xp.matmul(back, v)
    inner = xp.matmul(left, v)
    f_i, s_i, kept_i = (xp.expand_dims(item, axis=-1) for item in (f, s, kept))
    f_j, s_j, kept_j = (xp.expand_dims(item, axis=-2) for item in (f, s, kept))
    mixed = xp.logical_xor(kept_i, kept_j)
    larger, smaller = xp.maximum(s_i, s_j), xp.minimum(s_i, s_j)
    weight = 1 / xp.where(mixed, larger * (larger - smaller) * (larger + smaller), 1.0)
    other = xp.matrix_transpose(inner)
    inner = xp.where(mixed, weight * (larger * inner + smaller * other), -f_i * f_j * other)
    dx = xp.matmul(xp.matmul(u, inner), vh)
    squares = f * f
    beyond_columns = right - xp.matmul(u, xp.matmul(left, v))
    beyond_rows = left - xp.matmul(xp.matmul(left, v), vh)
    dx = dx + xp.matmul(beyond_columns * xp.expand_dims(squares, axis=-2), vh)
    return dx + xp.matmul(u, xp.expand_dims(squares, axis=-1) * beyond_rows)


def _lstsq_rules(xp: Any, g: Any, z: Any, a: Any, b: Any) -> Mapping[str, Any]:
    """With r = b - a @ z and w = inv(a.T @ a) @ g: the slopes are r @ w.T - (a @ w) @ z.T, and a @ w."""
    shape: tuple[int, ...] = xp.shape(b)
    columns = b
    if len(shape) == 1:
        g, z, columns = as_columns(xp, g, z, b)
    q, r = xp.qr(a)
    scaled = xp.solve_triangular(r, g, transpose=True) + 0.0 * z  # NaN where there is no solution
    w, db = xp.solve_triangular(r, scaled), xp.matmul(q, scaled)
    residual = columns - xp.matmul(a, z)
    da = xp.matmul(residual, xp.matrix_transpose(w)) - xp.matmul(db, xp.matrix_transpose(z))
    return {"a": sum_to(xp, da, xp.shape(a)), "b": restore(xp, db, shape)}


def _matrix_rank(xp: Any, x: Any, *, rtol: float | None = None) -> Any:
    return xp.matrix_rank(x, rtol=rtol)


def _tall(rng: Any, shape: tuple[int, ...]) -> Any:
    """Matrices whose singular values are near 1.5."""
    rows, columns = shape[-2:]
    places = rng.permutation(max(rows, columns))
    return rng.uniform(-0.3, 0.3, shape) + 1.5 * (places[:rows, None] == places[:columns])


def _pinv_examples(rng: Any) -> Sequence[Any]:
    shapes = [(1, 1), (2, 2), (3, 2), (2, 3), (4, 3, 2), (2, 1, 2, 3), (3, 1), (0, 0), (0, 3, 2), (2, 0), (0, 2)]
    cases: list[Any] = [((_tall(rng, shape),), {}) for shape in shapes]
    return [*cases, ((_tall(rng, (3, 2)),), {"rtol": 1e-3})]


def _lstsq_examples(rng: Any) -> Sequence[Any]:
    shapes = [
        ((3, 2), (3,)), ((4, 2), (4, 3)), ((2, 2), (2,)), ((4, 3, 2), (3,)), ((4, 3, 2), (3, 2)), ((3, 2), (4, 3, 2)),
        ((2, 1, 3, 2), (4, 3, 1)), ((1, 1), (1,)), ((3, 0), (3,)), ((0, 3, 2), (3, 1)), ((3, 2), (3, 0)),
    ]  # fmt: skip
    return [((_tall(rng, first), rng.normal(size=second)), {}) for first, second in shapes]


def _rank_examples(rng: Any) -> Sequence[Any]:
    return [((_tall(rng, shape),), {}) for shape in [(1, 1), (2, 2), (3, 2), (4, 2, 3), (0, 0), (0, 2, 2), (2, 0)]]
