"""Products of matrices and tensors. Names and meanings: Python Array API standard 2024.12."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow.operators import Operator
from dataflow_std.axes import invert, normalise, sum_to

SHAPES = "dataflow_std.shapes.linalg"
Pairs = int | tuple[tuple[int, ...], tuple[int, ...]]


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [
        Operator("matmul", "z = x @ y",
                 axes="dataflow_std.treatments.products:matmul",
                 forward=lambda xp, x, y: xp.matmul(x, y), backward={"x": _matmul_dx, "y": _matmul_dy},
                 kernels={}, shape=f"{SHAPES}:matmul", takes="numeric", examples=_matmul_examples,
                 description="Vectors count as a row on the left and as a column on the right; axes before the last "
                             "two are batches and broadcast.",
                 source="Giles, Collected matrix derivative results for forward and reverse mode AD (2008), 2.2.2",
                 special=[(([[1.0, 2.0], [3.0, 4.0]], [[5.0], [7.0]]), [[19.0], [43.0]],
                           ([[5.0, 7.0], [5.0, 7.0]], [[4.0], [6.0]])),
                          (([1.0, 2.0], [3.0, 5.0]), 13.0, ([3.0, 5.0], [1.0, 2.0]))]),
        Operator("matrix_transpose", "z = x with its last two axes swapped",
                 axes="dataflow_std.treatments.shaping:matrix_transpose",
                 forward=lambda xp, x: xp.matrix_transpose(x),
                 backward={"x": lambda xp, g, z, x: xp.matrix_transpose(g)},
                 kernels={}, shape=f"{SHAPES}:matrix_transpose", moves=True, takes="any",
                 examples=_transpose_examples,
                 special=[(([[1.0, 2.0, 3.0]],), [[1.0], [2.0], [3.0]], ([[1.0, 1.0, 1.0]],))]),
        Operator("tensordot", "z = sum of x * y over pairs of axes",
                 axes="dataflow_std.treatments.products:tensordot",
                 forward=_tensordot, backward={"x": _tensordot_dx, "y": _tensordot_dy},
                 kernels={}, shape=f"{SHAPES}:tensordot", takes="numeric", examples=_tensordot_examples,
                 description="axes says how many, the last of x with the first of y, or lists those of x and of y.",
                 special=[(([[1.0, 2.0], [3.0, 4.0]], [5.0, 7.0]), [19.0, 43.0],
                           ([[5.0, 7.0], [5.0, 7.0]], [4.0, 6.0]), {"axes": 1}),
                          (([1.0, 2.0], [3.0, 5.0]), [[3.0, 5.0], [6.0, 10.0]], ([8.0, 8.0], [3.0, 3.0]),
                           {"axes": 0})]),
        Operator("vecdot", "z = sum of x * y over axis",
                 axes="dataflow_std.treatments.products:vecdot",
                 forward=_vecdot, backward={"x": _vecdot_dx, "y": _vecdot_dy},
                 kernels={}, shape=f"{SHAPES}:vecdot", takes="numeric", examples=_vecdot_examples,
                 description="The axis counts from the end: it is below 0. The other axes broadcast.",
                 special=[(([1.0, 2.0], [3.0, 5.0]), 13.0, ([3.0, 5.0], [1.0, 2.0]))]),
    ]  # fmt: skip


def _matmul_dx(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Any:
    if xp.ndim(y) == 1:
        return (g if xp.ndim(x) == 1 else xp.expand_dims(g, axis=-1)) * y
    if xp.ndim(x) == 1:
        column = xp.matmul(y, xp.expand_dims(g, axis=-1))
        return sum_to(xp, xp.squeeze(column, axis=-1), xp.shape(x))
    return sum_to(xp, xp.matmul(g, xp.matrix_transpose(y)), xp.shape(x))


def _matmul_dy(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Any:
    if xp.ndim(x) == 1:
        return g * x if xp.ndim(y) == 1 else xp.expand_dims(x, axis=-1) * xp.expand_dims(g, axis=-2)
    if xp.ndim(y) == 1 and xp.ndim(x) == 2:
        return xp.matmul(xp.matrix_transpose(x), g)
    if xp.ndim(y) == 1:
        column = xp.matmul(xp.matrix_transpose(x), xp.expand_dims(g, axis=-1))
        return sum_to(xp, xp.squeeze(column, axis=-1), xp.shape(y))
    return sum_to(xp, xp.matmul(xp.matrix_transpose(x), g), xp.shape(y))


def _matmul_examples(rng: Any) -> Sequence[Any]:
    shapes = [
        ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)),
        ((5, 2, 3), (5, 3, 4)), ((1, 2, 3), (5, 3, 4)), ((6, 1, 2, 3), (5, 3, 1)), ((3,), (5, 3, 4)), ((5, 2, 3), (3,)),
        ((1, 1), (1, 1)), ((0, 3), (3, 2)), ((2, 0), (0, 2)),
    ]  # fmt: skip
    return [((rng.normal(size=first), rng.normal(size=second)), {}) for first, second in shapes]


def _transpose_examples(rng: Any) -> Sequence[Any]:
    return [((rng.normal(size=shape),), {}) for shape in [(2, 3), (4, 2, 3), (1, 1), (0, 3)]]


def _tensordot(xp: Any, x: Any, y: Any, *, axes: Pairs = 2) -> Any:
    return xp.tensordot(x, y, axes=axes)


def _pair_up(xp: Any, x: Any, y: Any, axes: Pairs) -> tuple[list[int], list[int], list[int], list[int]]:
    """The axes of x and y that are summed over, pair by pair, and those that are free."""
    dims_x, dims_y = xp.ndim(x), xp.ndim(y)
    if isinstance(axes, int):
        axes = (tuple(range(dims_x - axes, dims_x)), tuple(range(axes)))
    summed_x, summed_y = list(normalise(axes[0], dims_x)), list(normalise(axes[1], dims_y))
    free_x = [axis for axis in range(dims_x) if axis not in summed_x]
    free_y = [axis for axis in range(dims_y) if axis not in summed_y]
    return summed_x, summed_y, free_x, free_y


def _tensordot_dx(xp: Any, g: Any, z: Any, x: Any, y: Any, *, axes: Pairs) -> Any:
    summed_x, summed_y, free_x, free_y = _pair_up(xp, x, y, axes)
    product = xp.tensordot(g, y, axes=(tuple(range(len(free_x), xp.ndim(g))), tuple(free_y)))
    partners = dict(zip(summed_y, summed_x, strict=True))
    return xp.permute_dims(product, axes=invert([*free_x, *(partners[axis] for axis in sorted(summed_y))]))


def _tensordot_dy(xp: Any, g: Any, z: Any, x: Any, y: Any, *, axes: Pairs) -> Any:
    summed_x, summed_y, free_x, free_y = _pair_up(xp, x, y, axes)
    product = xp.tensordot(x, g, axes=(tuple(free_x), tuple(range(len(free_x)))))
    partners = dict(zip(summed_x, summed_y, strict=True))
    return xp.permute_dims(product, axes=invert([*(partners[axis] for axis in sorted(summed_x)), *free_y]))


def _tensordot_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
        ((2, 3, 4), (3, 4, 5), {}), ((2, 3), (4,), {"axes": 0}), ((2, 3), (3, 4), {"axes": 1}),
        ((2, 3, 4), (4, 5, 2), {"axes": ((0, 2), (2, 0))}), ((2, 3, 4), (3, 5, 4), {"axes": ((-1, 1), (2, 0))}),
        ((3,), (3,), {"axes": 1}), ((2, 0), (0, 3), {"axes": 1}),
    ]  # fmt: skip
    return [((rng.normal(size=first), rng.normal(size=second)), attributes) for first, second, attributes in cases]


def _vecdot(xp: Any, x: Any, y: Any, *, axis: int = -1) -> Any:
    return xp.vecdot(x, y, axis=axis)


def _vecdot_dx(xp: Any, g: Any, z: Any, x: Any, y: Any, *, axis: int) -> Any:
    return sum_to(xp, xp.expand_dims(g, axis=axis) * y, xp.shape(x))


def _vecdot_dy(xp: Any, g: Any, z: Any, x: Any, y: Any, *, axis: int) -> Any:
    return sum_to(xp, xp.expand_dims(g, axis=axis) * x, xp.shape(y))


def _vecdot_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
        ((3,), (3,), {}), ((2, 3), (3,), {}), ((2, 3), (2, 3), {"axis": -2}), ((4, 2, 3), (2, 1), {"axis": -2}),
        ((0, 3), (3,), {}),
    ]  # fmt: skip
    return [((rng.normal(size=first), rng.normal(size=second)), attributes) for first, second, attributes in cases]
