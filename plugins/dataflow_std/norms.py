"""Norms of vectors and matrices. Names and meanings: Python Array API standard 2024.12."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan
from typing import Any, Literal

from dataflow.axes import reduces
from dataflow.operators import Axes, Operator
from dataflow_std.axes import put_back

MatrixNorm = float | Literal["fro", "nuc"]


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [_of_vectors(), _of_matrices()]


def _vector_norm(xp: Any, x: Any, *, axis: Axes = None, keepdims: bool = False, ord: float = 2) -> Any:
    return xp.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)


def _vector_norm_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes, keepdims: bool, ord: float) -> Any:
    z, g = put_back(xp, z, axis, keepdims), put_back(xp, g, axis, keepdims)
    if ord == 0:
        return xp.zeros_like(x)
    if ord == 1:
        return g * xp.sign(x)
    if ord == 2:
        return g * (x / xp.where(z == 0, inf, z))
    size = xp.abs(x)
    if ord in (inf, -inf):
        extreme = xp.logical_not(size < z if ord > 0 else size > z)
        count = xp.cast_like(xp.count_nonzero(extreme, axis=axis, keepdims=True), g)
        return xp.keep(extreme, xp.where(z == z, g, nan) / count * xp.sign(x))
    return g * xp.where(x == 0, 0.0, xp.sign(x) * xp.pow(size / z, ord - 1))


def _vector_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((), {}), ((), {"ord": 3}), ((5,), {}), ((1,), {"axis": 0}), ((3, 4), {"axis": 1}), ((0,), {}), ((2, 3), {}),
        ((3, 4), {"axis": -2, "keepdims": True}), ((2, 3, 4), {"axis": (0, -1)}), ((3, 0), {"axis": 0, "ord": 3}),
        ((2, 3, 4), {"axis": (2, 0), "keepdims": True, "ord": 1.5}), ((3, 4), {"keepdims": True, "ord": inf}),
        *[((3, 4), {"axis": 1, "ord": ord}) for ord in (0, 1, 2, 3, 2.5, 0.5, -1, -2.5, inf, -inf)],
        *[((2, 3, 2), {"axis": (0, 2), "ord": ord}) for ord in (0, 1, 4, -inf)], ((2, 0), {"axis": 1, "ord": inf}),
    ]  # fmt: skip
    return [((_draw_apart(rng, shape),), attributes) for shape, attributes in cases]


def _draw_apart(rng: Any, shape: tuple[int, ...]) -> Any:
    """Numbers of both signs whose sizes are different, and not near 0."""
    x = rng.normal(size=shape)
    ranks = x.reshape(-1).argsort().argsort().reshape(shape)
    return (0.5 + (ranks * 7 % max(x.size, 1)) / max(x.size, 1)) * (1 - 2 * (x < 0))


def _of_vectors() -> Operator:
    even, pair = [2.0, -2.0, 1.0], [0.0, 1.0]
    return Operator(
        "vector_norm", "z = (sum of |x| ** ord over axis) ** (1 / ord)",
                 axes=reduces(None), forward=_vector_norm,
        backward={"x": _vector_norm_dx}, kernels={"numpy": "dataflow_std.kernels.norms:vector_norm"},
        shape="dataflow_std.shapes.norms:vector_norm",
        examples=_vector_examples, reference="dataflow_std.kernels.norms_references:vector_norm",
        description="For ord inf the largest |x|, for -inf the smallest, for 0 how many elements are not 0; ord 2 is "
                    "the Euclidean length. Scaled, so that no power overflows.",
        conventions="slope 0 at the zero vector, and at an element 0 unless the norm is smooth there; k equal extremes "
                    "get 1/k each; ord 0 has slope 0; over an empty axis 0, for a negative ord inf",
        special=[
            (([3.0, -4.0],), 5.0, ([0.6, -0.8],)), (([0.0, 0.0],), 0.0, ([0.0, 0.0],)), (([],), 0.0, ([],)),
            (([3e200, 4e200],), 5e200, ([0.6, 0.8],)), (([3e-200, 4e-200],), 5e-200, ([0.6, 0.8],)),
            ((pair,), 1.0, ([0.0, 1.0],), {"ord": 1}), ((pair,), 1.0, ([0.0, 1.0],), {"ord": 3}),
            ((pair,), 1.0, ([0.0, 1.0],), {"ord": 0.5}), ((pair,), 0.0, ([0.0, 0.0],), {"ord": -1}),
            (([2.0, -2.0],), 1.0, ([0.25, -0.25],), {"ord": -1}), (([0.0, 0.0],), 0.0, ([0.0, 0.0],), {"ord": 1}),
            (([1.0, 4.0],), 9.0, ([3.0, 1.5],), {"ord": 0.5}), (([0.0, 0.0],), 0.0, ([0.0, 0.0],), {"ord": 3}),
            ((even,), 2.0, ([0.5, -0.5, 0.0],), {"ord": inf}), ((pair,), 0.0, ([0.0, 0.0],), {"ord": -inf}),
            (([0.0, 0.0],), 0.0, ([0.0, 0.0],), {"ord": inf}), (([5.0, 0.0],), 1.0, ([0.0, 0.0],), {"ord": 0}),
            (([-1.0, 1.0, 2.0],), 1.0, ([-0.5, 0.5, 0.0],), {"ord": -inf}), (([],), inf, ([],), {"ord": -inf}),
            (([1.0, nan],), nan, ([nan, nan],)), (([1.0, nan],), nan, ([nan, nan],), {"ord": inf}),
        ],
    )  # fmt: skip


def _matrix_norm(xp: Any, x: Any, *, keepdims: bool = False, ord: MatrixNorm = "fro") -> Any:
    from dataflow_std.shapes.norms import check_matrix_norm

    check_matrix_norm(xp.shape(x), ord)
    if ord == "fro":
        return xp.vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    z = _reduce(xp, x, ord)
    return xp.expand_dims(z, axis=(-2, -1)) if keepdims else z


def _reduce(xp: Any, x: Any, ord: Any) -> Any:
    if ord == "nuc":
        return xp.sum(_drop_rounding(xp, xp.svdvals(x), max(xp.shape(x)[-2:])), axis=-1)
    values = xp.svdvals(x) if ord in (2, -2) else xp.sum(xp.abs(x), axis=-2 if ord in (1, -1) else -1)
    return xp.max(values, axis=-1) if ord > 0 else xp.min(values, axis=-1)


def _drop_rounding(xp: Any, values: Any, length: int) -> Any:
    """The singular values, 0 for what is rounding: it does not show in a sum, but its slope would, 1 instead of 0."""
    largest = xp.max(values, axis=-1, keepdims=True)
    spacing = xp.nextafter(largest, xp.full_like(largest, fill_value=inf)) - largest
    return xp.where(values > length * spacing, values, 0.0)


def _matrix_examples(rng: Any) -> Sequence[Any]:
    orders: list[MatrixNorm] = ["fro", 1, -1, inf, -inf, "nuc", 2, -2]
    shapes = [(3, 4), (4, 2), (2, 3, 3), (1, 1)]
    return [
        *[((rng.normal(size=shape),), {"ord": ord}) for ord in orders for shape in shapes],
        ((rng.normal(size=(2, 3, 2)),), {"keepdims": True}), ((rng.normal(size=(2, 3)),), {"keepdims": True, "ord": 1}),
        ((rng.normal(size=(0, 3)),), {}), ((rng.normal(size=(0, 2, 3)),), {"ord": 1}),
    ]  # fmt: skip


def _of_matrices() -> Operator:
    diagonal = [[3.0, 0.0], [0.0, -4.0]]
    zero = [[0.0, 0.0], [0.0, 0.0]]
    return Operator(
        "matrix_norm", "z = norm of the matrix x", forward=_matrix_norm, examples=_matrix_examples,
        shape="dataflow_std.shapes.norms:matrix_norm",
        description='Of the last two axes. ord is "fro" (the root of the sum of squares), "nuc" (the sum of the '
                    "singular values), 2 or -2 (the largest or smallest of them), 1 or -1 (the largest or smallest sum "
                    "of the sizes in a column), inf or -inf (in a row).",
        conventions="slope 0 at the zero matrix; k equal extremes get 1/k each; a singular value 0 has "
                    "slope 0, and so has for \"nuc\" one that is mere rounding beside the largest",
        special=[
            ((diagonal,), 5.0, ([[0.6, 0.0], [0.0, -0.8]],)), ((zero,), 0.0, (zero,)),
            (([[1.0, -2.0], [3.0, 5.0]],), 7.0, ([[0.0, -1.0], [0.0, 1.0]],), {"ord": 1}),
            (([[1.0, -2.0], [3.0, 5.0]],), 8.0, ([[0.0, 0.0], [1.0, 1.0]],), {"ord": inf}),
            (([[1.0, 1.0], [1.0, 1.0]],), 2.0, ([[0.5, 0.5], [0.5, 0.5]],), {"ord": 1}),
            ((diagonal,), 7.0, ([[1.0, 0.0], [0.0, -1.0]],), {"ord": "nuc"}),
            ((diagonal,), 4.0, ([[0.0, 0.0], [0.0, -1.0]],), {"ord": 2}),
            ((diagonal,), 3.0, ([[1.0, 0.0], [0.0, 0.0]],), {"ord": -2}),
            (([[2.0, 0.0], [0.0, 0.0]],), 2.0, ([[1.0, 0.0], [0.0, 0.0]],), {"ord": "nuc"}),
            (([[2.0, 0.0], [0.0, 0.0]],), 0.0, (zero,), {"ord": -2}), ((zero,), 0.0, (zero,), {"ord": 2}),
            (([[2.0, 0.0], [0.0, 2.0]],), 2.0, ([[0.5, 0.0], [0.0, 0.5]],), {"ord": 2}),
        ],
    )  # fmt: skip
