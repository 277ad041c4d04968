"""Inverses, systems of linear equations and Cholesky factors. Names: Python Array API standard 2024.12, and SciPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

from dataflow.axes import map_batch
from dataflow.operators import Operator
from dataflow_std.axes import sum_to

KERNELS = "dataflow_std.kernels.solvers"
SHAPES = "dataflow_std.shapes.solvers"
GILES = (
    "Giles, Collected matrix derivative results for forward and reverse mode algorithmic differentiation (2008), "
    "https://people.maths.ox.ac.uk/gilesm/files/AD2008.pdf, "
)
SINGULAR = "A singular member of a stack has the value NaN and the gradient NaN; the others are untouched."


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [
        Operator("inv", "z = the inverse of x: x @ z = 1",
                 axes=map_batch(2),
                 forward=lambda xp, x: xp.inv(x), backward={"x": _inv_dx},
                 kernels={"numpy": f"{KERNELS}:inv"}, shape=f"{SHAPES}:keep_square", examples=_inv_examples,
                 special=INV_ROWS,
                 description="Axes before the last two are batches. To solve equations, `solve` is faster and closer.",
                 conventions=SINGULAR, source=f"{GILES}2.2.3"),
        Operator("solve", "z = inv(x1) @ x2",
                 axes=map_batch(2),
                 forward=lambda xp, x1, x2: xp.solve(x1, x2), backward=_solve_rules,
                 kernels={"numpy": f"{KERNELS}:solve"}, shape=f"{SHAPES}:solve", examples=_solve_examples,
                 special=SOLVE_ROWS,
                 description="x2 is one column if it has exactly one axis, else a matrix or a stack of matrices; axes "
                             "before the last two are batches and broadcast.",
                 conventions=SINGULAR, source=f"{GILES}2.3.1"),
        Operator("solve_triangular", "z = inv(a) @ b for a triangular a, or inv(a.T) @ b",
                 forward=_solve_triangular, backward=_triangular_rules,
                 kernels={"numpy": f"{KERNELS}:solve_triangular"}, shape=f"{SHAPES}:solve_triangular",
                 examples=_triangular_examples, special=TRIANGULAR_ROWS,
                 description="The upper triangle of a is read, or with `lower` the lower one; `transpose` solves with "
                             "a transposed; `unit_diagonal` takes the diagonal to be 1. b is one column if it has "
                             "exactly one axis; axes before the last two are batches and broadcast.",
                 conventions=f"What is not read has no gradient. {SINGULAR}", source=f"{GILES}2.3.1"),
        Operator("cholesky", "z = the lower triangular matrix with z @ z.T = x",
                 axes=map_batch(2),
                 forward=_cholesky, backward={"x": _cholesky_dx},
                 kernels={"numpy": f"{KERNELS}:cholesky"}, shape=f"{SHAPES}:keep_square", examples=_cholesky_examples,
                 special=CHOLESKY_ROWS,
                 description="With `upper`, z is upper triangular and z.T @ z = x. Axes before the last two are "
                             "batches.",
                 conventions="x counts as its symmetric part, (x + x.T) / 2, so that the gradient is symmetric. A "
                             "member of a stack that is not positive definite has the value NaN and the gradient NaN; "
                             "the others are untouched.",
                 source="Murray, Differentiation of the Cholesky decomposition (2016), equation 10, "
                        "https://arxiv.org/abs/1602.07527"),
    ]  # fmt: skip


INV_ROWS = [
    (([[2.0, 0.0], [0.0, 4.0]],), [[0.5, 0.0], [0.0, 0.25]], ([[-0.25, -0.125], [-0.125, -0.0625]],)),
    (([[[1.0, 2.0], [2.0, 4.0]], [[2.0, 0.0], [0.0, 1.0]]],), [[[nan, nan], [nan, nan]], [[0.5, 0.0], [0.0, 1.0]]],
     ([[[nan, nan], [nan, nan]], [[-0.25, -0.5], [-0.5, -1.0]]],)),
]  # fmt: skip
SOLVE_ROWS = [
    (([[2.0, 0.0], [0.0, 4.0]], [6.0, 4.0]), [3.0, 1.0], ([[-1.5, -0.5], [-0.75, -0.25]], [0.5, 0.25])),
    (([[[1.0, 2.0], [2.0, 4.0]], [[2.0, 0.0], [0.0, 1.0]]], [[[1.0], [1.0]], [[2.0], [3.0]]]),
     [[[nan], [nan]], [[1.0], [3.0]]],
     ([[[nan, nan], [nan, nan]], [[-0.5, -1.5], [-1.0, -3.0]]], [[[nan], [nan]], [[0.5], [1.0]]])),
]  # fmt: skip
TRIANGULAR_ROWS = [
    (([[2.0, 1.0], [9.0, 4.0]], [8.0, 8.0]), [3.0, 2.0], ([[-1.5, -1.0], [0.0, -0.25]], [0.5, 0.125])),
    (([[1.0, 9.0], [2.0, 1.0]], [1.0, 5.0]), [1.0, 3.0], ([[1.0, 0.0], [-1.0, -3.0]], [-1.0, 1.0]), {"lower": True}),
    (([[0.0, 9.0], [2.0, 1.0]], [1.0, 5.0]), [nan, nan], ([[nan, 0.0], [nan, nan]], [nan, nan]), {"lower": True}),
]  # fmt: skip
CHOLESKY_ROWS = [
    (([[4.0, 2.0], [2.0, 5.0]],), [[2.0, 0.0], [1.0, 2.0]], ([[0.1875, 0.125], [0.125, 0.25]],)),
    (([[[1.0, 2.0], [2.0, 1.0]], [[4.0, 0.0], [0.0, 1.0]]],), [[[nan, nan], [nan, nan]], [[2.0, 0.0], [0.0, 1.0]]],
     ([[[nan, nan], [nan, nan]], [[0.25, 0.25], [0.25, 0.5]]],)),
]  # fmt: skip


def _inv_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    turned = xp.matrix_transpose(z)
    return -xp.matmul(turned, xp.matmul(g, turned))


def as_columns(xp: Any, *items: Any) -> list[Any]:
    """Solutions and cotangents of a vector of right-hand sides, as matrices of one column."""
    return [xp.expand_dims(item, axis=-1) for item in items]


def _solve_rules(xp: Any, g: Any, z: Any, x1: Any, x2: Any) -> Mapping[str, Any]:
    shape: tuple[int, ...] = xp.shape(x2)
    if len(shape) == 1:
        g, z = as_columns(xp, g, z)
    dx2 = xp.solve(xp.matrix_transpose(x1), g)
    dx1 = -xp.matmul(dx2, xp.matrix_transpose(z))
    return {"x1": sum_to(xp, dx1, xp.shape(x1)), "x2": restore(xp, dx2, shape)}


def restore(xp: Any, db: Any, shape: tuple[int, ...]) -> Any:
    """The cotangent of right-hand sides of a given shape, from that of the columns that they stood for."""
    return sum_to(xp, xp.squeeze(db, axis=-1) if len(shape) == 1 else db, shape)


def _solve_triangular(
    xp: Any, a: Any, b: Any, *, lower: bool = False, transpose: bool = False, unit_diagonal: bool = False
) -> Any:
    return xp.solve_triangular(a, b, lower=lower, transpose=transpose, unit_diagonal=unit_diagonal)


def _triangular_rules(
    xp: Any, g: Any, z: Any, a: Any, b: Any, *, lower: bool, transpose: bool, unit_diagonal: bool
) -> Mapping[str, Any]:
    shape: tuple[int, ...] = xp.shape(b)
    if len(shape) == 1:
        g, z = as_columns(xp, g, z)
    db = xp.solve_triangular(a, g, lower=lower, transpose=not transpose, unit_diagonal=unit_diagonal)
    left, right = (z, db) if transpose else (db, z)
    da = sum_to(xp, -xp.matmul(left, xp.matrix_transpose(right)), xp.shape(a))
    ones = xp.ones_like(a)
    read = xp.tril(ones, k=-int(unit_diagonal)) if lower else xp.triu(ones, k=int(unit_diagonal))
    return {"a": xp.keep(read != 0, da), "b": restore(xp, db, shape)}


def _cholesky(xp: Any, x: Any, *, upper: bool = False) -> Any:
    return xp.cholesky(x, upper=upper)


def _cholesky_dx(xp: Any, g: Any, z: Any, x: Any, *, upper: bool) -> Any:
    factor, g = (xp.matrix_transpose(z), xp.matrix_transpose(g)) if upper else (z, g)
    product = xp.matmul(xp.matrix_transpose(factor), g)
    symmetric = 0.5 * (xp.tril(product, k=0) + xp.matrix_transpose(xp.tril(product, k=-1)))
    half = xp.solve_triangular(factor, symmetric, lower=True, transpose=True)
    return xp.solve_triangular(factor, xp.matrix_transpose(half), lower=True, transpose=True)


def make_regular(rng: Any, *shape: int) -> Any:
    """Square matrices far from singular, and not symmetric."""
    count = shape[-1]
    permutation = rng.permutation(count)[:, None] == rng.permutation(count)
    return rng.uniform(-1, 1, shape) / max(count, 1) + 1.5 * permutation


def _inv_examples(rng: Any) -> Sequence[Any]:
    shapes = [(1, 1), (2, 2), (3, 3), (4, 2, 2), (2, 1, 3, 3), (0, 0), (0, 2, 2)]
    return [((make_regular(rng, *shape),), {}) for shape in shapes]


SYSTEMS = [
    ((2, 2), (2,)), ((3, 3), (3, 2)), ((4, 2, 2), (2,)), ((4, 2, 2), (2, 3)), ((2, 2), (4, 2, 1)),
    ((4, 1, 3, 3), (2, 3, 2)), ((1, 1), (1,)), ((1, 1), (1, 1)), ((0, 0), (0,)), ((2, 2), (2, 0)), ((0, 2, 2), (2, 1)),
]  # fmt: skip


def _solve_examples(rng: Any) -> Sequence[Any]:
    return [((make_regular(rng, *first), rng.normal(size=second)), {}) for first, second in SYSTEMS]


def _triangular_examples(rng: Any) -> Sequence[Any]:
    flags = [dict.fromkeys(names, True) for names in [
        (), ("lower",), ("transpose",), ("lower", "transpose"), ("lower", "unit_diagonal"),
        ("transpose", "unit_diagonal"),
    ]]  # fmt: skip
    cases = [(SYSTEMS[index % len(SYSTEMS)], flags[index % len(flags)]) for index in range(12)]
    made = []
    for (first, second), attributes in cases:
        a = rng.uniform(0.5, 1.0, first) * rng.choice([-1.0, 1.0], first)
        made.append(((a, rng.normal(size=second)), attributes))
    return made


def _cholesky_examples(rng: Any) -> Sequence[Any]:
    made = []
    for index, shape in enumerate([(1, 1), (2, 2), (3, 3), (4, 2, 2), (2, 1, 3, 3), (3, 3), (0, 0), (0, 2, 2)]):
        places = rng.permutation(shape[-1])
        x = rng.uniform(-0.4, 0.4, shape) + 1.5 * (places[:, None] == places)
        made.append(((x,), {"upper": bool(index % 2)}))
    return made
