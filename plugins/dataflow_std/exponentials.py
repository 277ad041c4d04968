"""The exponential of a matrix, as in SciPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow.axes import map_batch
from dataflow.operators import Operator


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [
        Operator("expm", "z = 1 + x + x @ x / 2! + x @ x @ x / 3! + ...",
                 axes=map_batch(2),
                 forward=lambda xp, x: xp.expm(x), backward={"x": _expm_dx},
                 kernels={"numpy": "dataflow_std.kernels.solvers_exponential:expm"},
                 shape="dataflow_std.shapes.solvers:keep_square",
                 reference="dataflow_std.kernels.solvers_references:expm",
                 examples=_expm_examples, special=EXPM_ROWS,
                 description="The solution of z' = x @ z after the time 1. Axes before the last two are batches.",
                 conventions="A member of a stack that is not finite has the value NaN.",
                 source="Al-Mohy and Higham, Computing the Frechet derivative of the matrix exponential, SIAM J. "
                        "Matrix Anal. Appl. 30 (2009), equation 1.3, https://doi.org/10.1137/080716426"),
    ]  # fmt: skip


EXPM_ROWS = [
    (([[0.0, 2.0], [0.0, 0.0]],), [[1.0, 2.0], [0.0, 1.0]], ([[2.0, 1.0], [11.0 / 3.0, 2.0]],)),
    (([[0.0, 0.0], [0.0, 0.0]],), [[1.0, 0.0], [0.0, 1.0]], ([[1.0, 1.0], [1.0, 1.0]],)),
]


def _expm_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    """The derivative at x.T along g: the block above the diagonal of exp [[x.T, g], [0, x.T]].

    It is linear in g, which is brought to the size of 1 first: a large one would cost x its digits.
    """
    if not xp.size(x):
        return g
    largest = xp.max(xp.abs(g), axis=(-2, -1), keepdims=True)
    scale = xp.where(largest == 0, 1.0, largest)
    turned = xp.matrix_transpose(x)
    above = xp.concat([turned, g / scale], axis=-1)
    below = xp.concat([xp.zeros_like(x), turned], axis=-1)
    upper, _ = xp.split(xp.expm(xp.concat([above, below], axis=-2)), sections=2, axis=-2)
    _, corner = xp.split(upper, sections=2, axis=-1)
    return scale * corner


def _expm_examples(rng: Any) -> Sequence[Any]:
    shapes = [(1, 1), (2, 2), (3, 3), (4, 2, 2), (2, 1, 3, 3), (0, 0), (0, 2, 2)]
    return [*[((rng.uniform(-1, 1, shape),), {}) for shape in shapes], ((3 * rng.uniform(-1, 1, (3, 3)),), {})]
