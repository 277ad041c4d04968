"""Determinants, and the adjugate that is their slope. Names: Python Array API standard 2024.12."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, log, nan
from typing import Any

from dataflow.axes import map_batch
from dataflow.operators import Operator
from dataflow_std.solvers import GILES, make_regular

KERNELS = "dataflow_std.kernels.solvers_determinants"
SHAPES = "dataflow_std.shapes.determinants"
HIGHER = "Magnus and Neudecker, Matrix Differential Calculus (1988), 8.3-8.6: differentials of determinant and adjoint"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [
        Operator("det", "z = the determinant of x",
                 axes=map_batch(2),
                 forward=lambda xp, x: xp.det(x), backward={"x": _det_dx},
                 kernels={"numpy": f"{KERNELS}:det"}, shape=f"{SHAPES}:det", examples=_examples, special=DET_ROWS,
                 description="Axes before the last two are batches. Where it is large or small, `slogdet` is safer.",
                 conventions="The slopes are the cofactors, also of a singular matrix.", source=f"{GILES}2.2.4"),
        Operator("slogdet", "z = the sign of det x, and log |det x|",
                 axes=map_batch(2, 2),
                 forward=lambda xp, x: xp.slogdet(x), backward={"x": _slogdet_dx}, outputs=("sign", "logabsdet"),
                 kernels={"numpy": f"{KERNELS}:slogdet"}, shape=f"{SHAPES}:slogdet", examples=_regular_examples,
                 special=SLOGDET_ROWS,
                 description="Axes before the last two are batches.",
                 conventions="A singular matrix has the sign 0, the logarithm -inf and the gradient NaN: the slope of "
                             "log |d| has no limit at 0. The sign has the gradient 0.",
                 source=f"{GILES}2.2.4"),
        Operator("adjugate", "z = the transposed matrix of cofactors: x @ z = det(x) times the unit matrix",
                 axes=map_batch(2),
                 forward=lambda xp, x: xp.adjugate(x), backward={"x": _adjugate_dx},
                 kernels={"numpy": f"{KERNELS}:adjugate"}, shape="dataflow_std.shapes.solvers:keep_square",
                 examples=_examples, special=ADJUGATE_ROWS,
                 reference=f"{KERNELS.replace('determinants', 'references')}:adjugate",
                 description="The slopes of `det`, transposed. Axes before the last two are batches.",
                 conventions="It is a polynomial of the elements: singular matrices are nothing special.",
                 source=HIGHER),
        Operator("adjugate_adjoint", "z = the slope of sum(y * adjugate(x)) in x",
                 axes=map_batch(2),
                 forward=lambda xp, x, y: xp.adjugate_adjoint(x, y), backward=_adjoint_rules,
                 kernels={"numpy": f"{KERNELS}:adjugate_adjoint"}, shape=f"{SHAPES}:adjugate_adjoint",
                 examples=_adjoint_examples, special=ADJOINT_ROWS,
                 description="The backward rule of `adjugate`: x and y have the same shape.",
                 conventions="At a singular x with three rows or more its own gradient in x, a third derivative of "
                             "`det`, is NaN.",
                 source=HIGHER),
    ]  # fmt: skip


DET_ROWS = [
    (([[3.0, 1.0], [2.0, 4.0]],), 10.0, ([[4.0, -2.0], [-1.0, 3.0]],)),
    (([[1.0, 2.0], [2.0, 4.0]],), 0.0, ([[4.0, -2.0], [-2.0, 1.0]],)),
    (([[2.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 0.0]],), 0.0,
     ([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 6.0]],)),
    (([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],), 0.0, ([[0.0] * 3] * 3,)),
    (([[0.0]],), 0.0, ([[1.0]],)),
]  # fmt: skip
SLOGDET_ROWS = [
    (([[0.0, 2.0], [1.0, 0.0]],), (-1.0, log(2.0)), ([[0.0, 0.5], [1.0, 0.0]],)),
    (([[1.0, 2.0], [2.0, 4.0]],), (0.0, -inf), ([[nan, nan], [nan, nan]],)),
]
ADJUGATE_ROWS = [
    (([[3.0, 1.0], [2.0, 4.0]],), [[4.0, -1.0], [-2.0, 3.0]], ([[1.0, -1.0], [-1.0, 1.0]],)),
    (([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],), [[0.0] * 3] * 3,
     ([[0.0, 0.0, 0.0], [0.0, 2.0, -2.0], [0.0, -2.0, 2.0]],)),
]  # fmt: skip
ADJOINT_ROWS = [
    (([[3.0, 1.0], [2.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]), [[8.0, -6.0], [-7.0, 5.0]],
     ([[0.0, 0.0], [0.0, 0.0]], [[1.0, -1.0], [-1.0, 1.0]])),
]  # fmt: skip


def _as_matrices(xp: Any, g: Any) -> Any:
    """One number for each member of a stack, so that it broadcasts against the matrices."""
    return xp.expand_dims(g, axis=(-2, -1))


def _det_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    return _as_matrices(xp, g) * xp.matrix_transpose(xp.adjugate(x))


def _slogdet_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    return _as_matrices(xp, g[1]) * xp.matrix_transpose(xp.inv(x))


def _adjugate_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    return xp.adjugate_adjoint(x, g)


def _adjoint_rules(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Mapping[str, Any]:
    turned = xp.matrix_transpose(xp.adjugate_adjoint(x, xp.matrix_transpose(g)))
    return {"x": _third_derivative(xp, x, xp.matrix_transpose(y), g), "y": turned}


def _third_derivative(xp: Any, x: Any, first: Any, second: Any) -> Any:
    """The slope in x of the second derivative of `det` along two directions."""
    if xp.shape(x)[-1] < 3:
        return xp.zeros_like(x)
    inverse = xp.inv(x)
    first, second = xp.matmul(inverse, first), xp.matmul(inverse, second)
    trace_1, trace_2 = (_as_matrices(xp, xp.trace(item)) for item in (first, second))
    both = _as_matrices(xp, xp.sum(first * xp.matrix_transpose(second), axis=(-2, -1)))
    mixed = xp.matmul(first, second) + xp.matmul(second, first) - trace_2 * first - trace_1 * second
    scaled = (trace_1 * trace_2 - both) * inverse + xp.matmul(mixed, inverse)
    return _as_matrices(xp, xp.det(x)) * xp.matrix_transpose(scaled)


def _examples(rng: Any) -> Sequence[Any]:
    shapes = [(1, 1), (2, 2), (3, 3), (4, 4), (3, 2, 2), (2, 1, 3, 3), (0, 0), (0, 2, 2)]
    singular = rng.uniform(-1, 1, (2, 3, 3))
    singular[:, 2] = singular[:, 0] - 0.5 * singular[:, 1]
    return [*[((make_regular(rng, *shape),), {}) for shape in shapes], ((singular,), {})]


def _regular_examples(rng: Any) -> Sequence[Any]:
    return _examples(rng)[:-1]


def _adjoint_examples(rng: Any) -> Sequence[Any]:
    return [((x, rng.normal(size=x.shape)), {}) for (x,), _ in _regular_examples(rng)]
