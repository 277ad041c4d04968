"""Decompositions of matrices. Names and meanings: Python Array API standard 2024.12, its extension for linear algebra.

The standard leaves the signs of vectors open; here they are fixed, so that what is made of them has slopes. `eig` and
`eigvals` are not here: their results are complex numbers, and the values of a graph are real.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan
from typing import Any, Literal

from dataflow.axes import map_batch
from dataflow.operators import Operator

KERNELS = "dataflow_std.kernels.decompositions"
SHAPES = "dataflow_std.shapes.decompositions"
BATCHED = "Axes before the last two are batches."
FINITE = "a matrix with an infinite or NaN element gives NaN, and so does its gradient; others of its batch do not"
SIGN = "of the components at least 0.9 times as large as its largest the first is positive"
TIES = (
    "Slopes of vectors grow as 1 / gap between the values. Between equal values they are NaN if the cotangent of "
    "either vector is not 0; where it is 0 they are finite. Equal values share their cotangent evenly, which gives "
    "the element of least norm of the largest one's subdifferential"
)
GILES = "Giles, Collected matrix derivative results for forward and reverse mode AD (2008), 3.1-3.2"
SEEGER = "Seeger et al., Auto-differentiating linear algebra (2017), https://arxiv.org/abs/1710.08717"
TOWNSEND = "Townsend, Differentiating the singular value decomposition (2016)"
WALTER = (
    "Walter and Lehmann, Algorithmic differentiation of linear algebra functions with application in optimum "
    "experimental design (2010), https://arxiv.org/abs/1001.1654"
)
UNIT = [[1.0, 0.0], [0.0, 1.0]]
UNKNOWN = [[nan, nan], [nan, nan]]


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_of_symmetric(), *_of_any()]


def _of_symmetric() -> list[Operator]:
    conventions = f"x is replaced by (x + x^T) / 2, so that the gradient is symmetric; {FINITE}"
    return [
        Operator("eigh", "x = eigenvectors @ diag(eigenvalues) @ eigenvectors^T for a symmetric x",
                 axes=map_batch(2, 2),
                 forward=lambda xp, x: xp.eigh(x), backward={"x": _eigh_dx}, outputs=("eigenvalues", "eigenvectors"),
                 kernels={"numpy": f"{KERNELS}:eigh"}, shape=f"{SHAPES}:eigh", examples=_symmetric_examples,
                 source=f"{GILES}; {SEEGER}",
                 description=f"The eigenvalues ascend; the eigenvectors are columns. {BATCHED}",
                 conventions=f"{conventions}. Of each eigenvector: {SIGN}. {TIES}",
                 special=[(([[3.0, 0.0], [0.0, 1.0]],), ([1.0, 3.0], [[0.0, 1.0], [1.0, 0.0]]),
                           (UNIT,)),
                          (([[2.0, 0.0], [0.0, 2.0]],), ([2.0, 2.0], UNIT), (UNKNOWN,)),
                          (([[inf, 0.0], [0.0, 1.0]],), ([nan, nan], UNKNOWN), (UNKNOWN,))]),
        Operator("eigvalsh", "z = the eigenvalues of a symmetric x, ascending",
                 axes=map_batch(2),
                 forward=lambda xp, x: xp.eigvalsh(x), backward={"x": _eigvalsh_dx},
                 kernels={"numpy": f"{KERNELS}:eigvalsh"}, shape=f"{SHAPES}:eigvalsh",
                 examples=_symmetric_examples, source=f"{GILES}; {SEEGER}",
                 description=BATCHED, conventions=f"{conventions}. {TIES}",
                 special=[(([[3.0, 0.0], [0.0, 1.0]],), [1.0, 3.0], (UNIT,)),
                          (([[3.0, 4.0], [-4.0, 1.0]],), [1.0, 3.0], (UNIT,)),
                          (([[2.0, 0.0], [0.0, 2.0]],), [2.0, 2.0], (UNIT,)),
                          (([[nan, 0.0], [0.0, 1.0]],), [nan, nan], (UNKNOWN,))]),
    ]  # fmt: skip


def _of_any() -> list[Operator]:
    return [
        Operator("svd", "x = U @ diag(S) @ Vh, U and Vh^T with orthonormal columns",
                 axes=map_batch(2, 3),
                 forward=_svd, backward={"x": _svd_dx}, outputs=("U", "S", "Vh"),
                 kernels={"numpy": f"{KERNELS}:svd"}, shape=f"{SHAPES}:svd", examples=_svd_examples,
                 source=f"{TOWNSEND}; {GILES}",
                 description=f"The singular values descend; there are as many as the shorter side is long. {BATCHED} "
                             "full_matrices is for square matrices, which need no more: else it is refused.",
                 conventions=f"{FINITE}. Of each column of U: {SIGN}. {TIES}. A singular value 0 has slope 0, the "
                             "middle of a kink; its vectors have NaN if the matrix is not square and the vector on "
                             "the longer side is used, else the slope on the side of the signs chosen",
                 special=[(([[3.0, 0.0], [0.0, 1.0]],), (UNIT, [3.0, 1.0], UNIT), (UNIT,)),
                          (([[2.0, 0.0], [0.0, 2.0]],), (UNIT, [2.0, 2.0], UNIT), (UNKNOWN,)),
                          (([[inf]],), ([[nan]], [nan], [[nan]]), ([[nan]],))]),
        Operator("svdvals", "z = the singular values of x, descending",
                 axes=map_batch(2),
                 forward=lambda xp, x: xp.svdvals(x), backward={"x": _svdvals_dx},
                 kernels={"numpy": f"{KERNELS}:svdvals"}, shape=f"{SHAPES}:svdvals", examples=_matrix_examples,
                 source=f"{GILES}; {TOWNSEND}",
                 description=BATCHED,
                 conventions=f"{FINITE}. A singular value 0 has slope 0, the middle of a kink. {TIES}",
                 special=[(([[3.0, 0.0], [0.0, 1.0]],), [3.0, 1.0], (UNIT,)),
                          (([[0.0, 0.0], [0.0, 3.0]],), [3.0, 0.0], ([[0.0, 0.0], [0.0, 1.0]],)),
                          (([[0.0], [0.0]],), [0.0], ([[0.0], [0.0]],)),
                          (([[nan]],), [nan], ([[nan]],))]),
        Operator("qr", "x = Q @ R, Q with orthonormal columns and R upper triangular",
                 axes=map_batch(2, 2),
                 forward=_qr, backward={"x": _qr_dx}, outputs=("Q", "R"),
                 kernels={"numpy": f"{KERNELS}:qr"}, shape=f"{SHAPES}:qr", examples=_qr_examples,
                 source=f"{WALTER}; {SEEGER}",
                 description=f'{BATCHED} Mode "complete" is for matrices with no more rows than columns, where it is '
                             'the same as "reduced": else it is refused.',
                 conventions=f"{FINITE}. The diagonal of R is not negative. Where it has a 0 the columns are not "
                             "independent, and the gradient is NaN",
                 special=[(([[3.0, 0.0], [0.0, -2.0]],), ([[1.0, 0.0], [0.0, -1.0]], [[3.0, 0.0], [0.0, 2.0]]),
                           ([[1.0, 1.0], [0.0, -1.0]],))]),
    ]  # fmt: skip


# --- rules ---


def _eigh_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    values, vectors = z
    turned = xp.matmul(xp.matrix_transpose(vectors), g[1])
    gaps, _ = _measure_gaps(xp, values, _find_used(xp, g[1], -2))
    inner = 0.5 * (turned - xp.matrix_transpose(turned)) / gaps
    dx = _sandwich(xp, vectors, _set_diagonal(xp, inner, _share(xp, g[0], values)), xp.matrix_transpose(vectors))
    return 0.5 * (dx + xp.matrix_transpose(dx))


def _eigvalsh_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    values, vectors = xp.eigh(x)
    scaled = vectors * xp.expand_dims(_share(xp, g, values), axis=-2)
    return xp.matmul(scaled, xp.matrix_transpose(vectors))


def _svd(xp: Any, x: Any, *, full_matrices: bool = False) -> Any:
    return xp.svd(x, full_matrices=full_matrices)


def _svd_dx(xp: Any, g: Any, z: Any, x: Any, *, full_matrices: bool) -> Any:
    """Townsend's (11)-(13), with 1 / (s_j^2 - s_i^2) split into its partial fractions, which do not overflow."""
    (u, s, vh), (du, ds, dvh) = z, g
    left, right = xp.matmul(xp.matrix_transpose(u), du), xp.matmul(vh, xp.matrix_transpose(dvh))
    a, b = left - xp.matrix_transpose(left), right - xp.matrix_transpose(right)
    used_left, used_right = _find_used(xp, du, -2), _find_used(xp, dvh, -1)
    gaps, sums = _measure_gaps(xp, s, xp.logical_or(used_left, used_right))
    inner = _set_diagonal(xp, 0.5 * ((a + b) / gaps + (a - b) / sums), _share_positive(xp, ds, s))
    rows, columns = xp.shape(x)[-2:]
    if rows > columns:
        beyond = du - xp.matmul(u, left)  # what of du is at right angles to all of u
        scale = _guard(xp, s, s == 0, used_left)
        return xp.matmul(xp.matmul(u, inner) + beyond / xp.expand_dims(scale, axis=-2), vh)
    if rows == columns:
        return _sandwich(xp, u, inner, vh)
    beyond = dvh - xp.matmul(xp.matrix_transpose(right), vh)
    scale = _guard(xp, s, s == 0, used_right)
    return xp.matmul(u, xp.matmul(inner, vh) + beyond / xp.expand_dims(scale, axis=-1))


def _svdvals_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    u, s, vh = xp.svd(x)
    return xp.matmul(u * xp.expand_dims(_share_positive(xp, g, s), axis=-2), vh)


def _qr(xp: Any, x: Any, *, mode: Literal["reduced", "complete"] = "reduced") -> Any:
    return xp.qr(x, mode=mode)


def _qr_dx(xp: Any, g: Any, z: Any, x: Any, *, mode: str) -> Any:
    """For a wide x = Q [R1, R2] the columns beyond the square part are Q R2: a product, whose rule goes first."""
    (q, r), (dq, dr) = z, g
    rows, columns = xp.shape(x)[-2:]
    if rows >= columns:
        return _tall_qr_dx(xp, q, r, dq, dr)
    square, rest = ("...", f":{rows}"), ("...", f"{rows}:")
    beyond, dbeyond = xp.getitem(x, key=rest), xp.getitem(dr, key=rest)
    dq = dq + xp.matmul(beyond, xp.matrix_transpose(dbeyond))
    dsquare = _tall_qr_dx(xp, q, xp.getitem(r, key=square), dq, xp.getitem(dr, key=square))
    return xp.concat([dsquare, xp.matmul(q, dbeyond)], axis=-1)


def _tall_qr_dx(xp: Any, q: Any, r: Any, dq: Any, dr: Any) -> Any:
    m = xp.matmul(r, xp.matrix_transpose(dr)) - xp.matmul(xp.matrix_transpose(dq), q)
    symmetric = xp.tril(m) + xp.matrix_transpose(xp.tril(m, k=-1))
    dx = xp.solve_triangular(r, xp.matrix_transpose(dq + xp.matmul(q, symmetric)), lower=False)
    return xp.matrix_transpose(dx)


# --- what the rules share ---


def _sandwich(xp: Any, a: Any, b: Any, c: Any) -> Any:
    return xp.matmul(xp.matmul(a, b), c)


def _find_used(xp: Any, g: Any, axis: int) -> Any:
    """Which vectors have a cotangent that is not 0."""
    return xp.any(g != 0, axis=axis)


def _guard(xp: Any, divisor: Any, zero: Any, used: Any) -> Any:
    """The divisor; where it is zero infinity, which makes the quotient 0, or NaN if that is used."""
    return xp.where(xp.logical_and(zero, used), nan, xp.where(zero, inf, divisor))


def _is_diagonal(xp: Any, count: int) -> Any:
    return xp.eye(n_rows=count, dtype="bool")


def _set_diagonal(xp: Any, x: Any, diagonal: Any) -> Any:
    return xp.where(_is_diagonal(xp, xp.shape(x)[-1]), xp.expand_dims(diagonal, axis=-2), x)


def _measure_gaps(xp: Any, values: Any, used: Any) -> tuple[Any, Any]:
    """The divisors v_j - v_i and v_j + v_i. `used`: which vectors have a cotangent."""
    ahead, behind = xp.expand_dims(values, axis=-2), xp.expand_dims(values, axis=-1)
    equal = ahead == behind
    either = xp.logical_or(xp.expand_dims(used, axis=-2), xp.expand_dims(used, axis=-1))
    apart = xp.logical_and(either, xp.logical_not(_is_diagonal(xp, xp.shape(values)[-1])))
    return _guard(xp, ahead - behind, equal, apart), _guard(xp, ahead + behind, equal, apart)


def _share(xp: Any, g: Any, values: Any) -> Any:
    """The cotangents of the values, evenly among those that are equal."""
    equal = xp.expand_dims(values, axis=-1) == xp.expand_dims(values, axis=-2)
    total = xp.sum(xp.where(equal, xp.expand_dims(g, axis=-2), 0.0), axis=-1)
    return total / xp.cast_like(xp.count_nonzero(equal, axis=-1), g)


def _share_positive(xp: Any, g: Any, values: Any) -> Any:
    """The same, and 0 for values that are 0."""
    return xp.where(values == 0, 0.0, _share(xp, g, values))


# --- examples ---


def _symmetric_examples(rng: Any) -> Sequence[Any]:
    return [((_draw(rng, shape),), {}) for shape in [(3, 3), (1, 1), (2, 4, 4), (2, 1, 2, 2), (0, 0), (0, 2, 2)]]


def _matrix_examples(rng: Any) -> Sequence[Any]:
    shapes = [(3, 3), (4, 2), (2, 4), (1, 1), (1, 3), (3, 1), (2, 3, 2), (2, 1, 2, 3), (0, 3), (3, 0), (0, 2, 2)]
    return [((_draw(rng, shape),), {}) for shape in shapes]


def _svd_examples(rng: Any) -> Sequence[Any]:
    return [*_matrix_examples(rng), ((_draw(rng, (2, 2)),), {"full_matrices": True})]


def _qr_examples(rng: Any) -> Sequence[Any]:
    return [*_matrix_examples(rng), *[((_draw(rng, shape),), {"mode": "complete"}) for shape in [(2, 2), (2, 3)]]]


def _draw(rng: Any, shape: tuple[int, ...]) -> Any:
    """Matrices whose eigenvalues, and whose singular values, are well apart."""
    x = 0.2 * rng.normal(size=shape)
    for place in range(min(shape[-2:])):
        x[..., place, place] += (place + 1) * (-1) ** place
    return x
