"""Operators that make arrays: of numbers, of class numbers, of the vectors along the axes of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from dataflow.axes import map_to_shape
from dataflow.operators import VARIADIC_OUTPUTS, Operator
from dataflow_std.elementwise import Dtype

Shape = tuple[int, ...]
KERNELS = "dataflow_std.kernels.creation"
SHAPES = "dataflow_std.shapes.creation"
WHOLE = ("Whole numbers, unless dtype says otherwise: where they meet floats they take their type, so that a graph in "
         "float32 stays in float32.")  # fmt: skip


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_constants(), *_of_values()]


def _constant(name: str, formula: str, forward: Any, tries: list[dict[str, Any]], **about: Any) -> Operator:
    """An operator without inputs."""
    return Operator(name, formula, forward=forward, backward={}, kernels={"numpy": f"{KERNELS}:{name}"},
                    examples=lambda rng: [((), attributes) for attributes in tries],
                    **{"shape": f"{SHAPES}:{name}", "description": WHOLE, **about})  # fmt: skip


def _arange(xp: Any, *, start: int = 0, stop: int, step: int = 1) -> Any:
    return xp.arange(start=start, stop=stop, step=step)


def _eye(xp: Any, *, n_rows: int, n_cols: int | None = None, k: int = 0, dtype: Dtype = "int64") -> Any:
    return xp.eye(n_rows=n_rows, n_cols=n_cols, k=k, dtype=dtype)


def _zeros(xp: Any, *, shape: Shape, dtype: Dtype = "int64") -> Any:
    return xp.zeros(shape=shape, dtype=dtype)


def _ones(xp: Any, *, shape: Shape, dtype: Dtype = "int64") -> Any:
    return xp.ones(shape=shape, dtype=dtype)


def _constants() -> list[Operator]:
    shapes: list[dict[str, Any]] = [{"shape": (2, 3)}, {"shape": ()}, {"shape": (0,), "dtype": "float64"}]
    return [
        _constant("arange", "z = start, start + step, .., to below stop", _arange,
                  [{"stop": 3}, {"start": 5, "stop": -2, "step": -3}, {"stop": 0}], dtype="int64",
                  description="Integers; linspace gives fractions, and so does `0.1 * arange(stop=10)`.",
                  special=[((), [2, 5], (), {"start": 2, "stop": 8, "step": 3})]),
        _constant("eye", "z = 1 on diagonal k, 0 elsewhere", _eye,
                  [{"n_rows": 2}, {"n_rows": 2, "n_cols": 4, "k": 1}, {"n_rows": 3, "k": -1, "dtype": "float64"},
                   {"n_rows": 0}],
                  special=[((), [[1, 0], [0, 1]], (), {"n_rows": 2})]),
        _constant("zeros", "z = 0 in a shape", _zeros, shapes, axes=map_to_shape,
                  special=[((), [0, 0], (), {"shape": (2,)})]),
        _constant("ones", "z = 1 in a shape", _ones, shapes, shape=f"{SHAPES}:zeros", axes=map_to_shape,
                  special=[((), [1, 1], (), {"shape": (2,)})]),
    ]  # fmt: skip


def _full(xp: Any, value: Any, *, shape: Shape) -> Any:
    if xp.ndim(value):
        raise ValueError(f"the value is to be one number, not of shape {list(xp.shape(value))}: use broadcast_to")
    return xp.broadcast_to(value, shape=shape)


def _linspace(xp: Any, start: Any, stop: Any, *, num: int, endpoint: bool = True) -> Any:
    check_count(num)
    ndim = max(xp.ndim(start), xp.ndim(stop))
    steps = xp.reshape(xp.cast_like(xp.arange(stop=num), start), shape=(num,) + (1,) * ndim)
    part = steps / max(num - endpoint, 1)
    return (1 - part) * start + part * stop


def check_count(num: int) -> None:
    """Raise `ValueError` for less than no number."""
    if num < 0:
        raise ValueError(f"num says how many numbers, at least 0; not {num}")


def _meshgrid(xp: Any, *xs: Any, indexing: Literal["xy", "ij"] = "xy") -> Any:
    order = list(range(len(xs)))
    if indexing == "xy" and len(xs) > 1:
        order[:2] = [1, 0]
    grids = []
    for axis, x in zip(order, xs, strict=True):
        if xp.ndim(x) > 1:
            raise ValueError(f"along each axis of the grid stands a vector, not a value of shape {list(xp.shape(x))}")
        grids.append(xp.reshape(x, shape=(*[1] * axis, -1, *[1] * (len(xs) - axis - 1))))
    return xp.broadcast_arrays(grids)


def _one_hot(xp: Any, indices: Any, *, num_classes: int, dtype: Dtype = "int64") -> Any:
    return xp.one_hot(indices, num_classes=num_classes, dtype=dtype)


def _diag(xp: Any, x: Any, *, k: int = 0) -> Any:
    return xp.diag(x, k=k)


def _diag_dx(xp: Any, g: Any, z: Any, x: Any, *, k: int) -> Any:
    return xp.diag(g, k=k) if xp.ndim(x) == 1 else xp.put_diagonal(g, offset=k, shape=xp.shape(x))


def _of_values() -> list[Operator]:
    return [
        Operator("full", "z = value in a shape", forward=_full, takes="any", examples=_full_examples,
                 description="The value is a number or a node that is one, from which z has its type.",
                 special=[((5.0,), [5.0, 5.0], (2.0,), {"shape": (2,)})]),
        Operator("linspace", "z[i] = start + (stop - start) * i / (num - 1)", forward=_linspace,
                 shape=f"{SHAPES}:linspace", examples=_linspace_examples,
                 description="num numbers at equal distances from start to stop, both differentiable; with endpoint "
                             "false they end one before stop, and are (stop - start) / num apart. Of arrays, which "
                             "broadcast, along a new first axis.",
                 special=[((2.0, 4.0), [2.0, 3.0, 4.0], (1.5, 1.5), {"num": 3}),
                          ((2.0, 4.0), [2.0, 3.0], (1.5, 0.5), {"num": 2, "endpoint": False}),
                          ((2.0, 4.0), [2.0], (1.0, 0.0), {"num": 1})]),
        Operator("meshgrid", "z = xs, each repeated along the axes of the others", forward=_meshgrid, takes="any",
                 outputs=VARIADIC_OUTPUTS, examples=_meshgrid_examples,
                 description='One output for each vector. With indexing "xy" the first runs along axis 1 and the '
                             'second along axis 0, as x and y in a picture; with "ij" each along its own.',
                 special=[(([1.0, 2.0], [5.0, 6.0]), ([[1.0, 2.0], [1.0, 2.0]], [[5.0, 5.0], [6.0, 6.0]]),
                           ([2.0, 2.0], [2.0, 2.0]))]),
        Operator("one_hot", "z[.., c] = 1 if indices[..] = c, else 0",
                 axes="dataflow_std.treatments.indexing:one_hot", forward=_one_hot, backward={"indices": None},
                 kernels={"numpy": f"{KERNELS}:one_hot"}, shape=f"{SHAPES}:one_hot", takes="integer",
                 examples=_one_hot_examples,
                 description=f"Classes are numbers from 0 to below num_classes; anything else is refused. {WHOLE}",
                 special=[(([2, 0],), [[0, 0, 1], [1, 0, 0]], (None,), {"num_classes": 3})]),
        Operator("diag", "z = the matrix with x on diagonal k, or the diagonal k of a matrix x", forward=_diag,
                 backward={"x": _diag_dx}, kernels={"numpy": "dataflow_std.kernels.shaping:diag"},
                 shape="dataflow_std.shapes.shaping:diag", moves=True, takes="any", examples=_diag_examples,
                 special=[(([1.0, 2.0],), [[1.0, 0.0], [0.0, 2.0]], ([1.0, 1.0],)),
                          (([[1.0, 2.0], [3.0, 4.0]],), [1.0, 4.0], ([[1.0, 0.0], [0.0, 1.0]],))]),
    ]  # fmt: skip


def _full_examples(rng: Any) -> Sequence[Any]:
    return [((rng.normal(),), {"shape": shape}) for shape in [(2, 3), (), (0,), (1,)]]


def _linspace_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[Shape, Shape, dict[str, Any]]] = [
        ((), (), {"num": 5}), ((), (), {"num": 4, "endpoint": False}), ((), (), {"num": 1}), ((), (), {"num": 0}),
        ((3,), (), {"num": 2}), ((2, 1), (3,), {"num": 3}),
    ]  # fmt: skip
    return [((rng.normal(size=start), rng.normal(size=stop)), attributes) for start, stop, attributes in cases]


def _meshgrid_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[list[Shape], dict[str, Any]]] = [
        ([(2,), (3,)], {}), ([(2,), (3,), (1,)], {"indexing": "ij"}), ([(2,), (), (4,)], {}), ([(3,)], {}),
        ([(0,), (2,)], {}),
    ]  # fmt: skip
    return [(tuple(rng.normal(size=shape) for shape in shapes), attributes) for shapes, attributes in cases]


def _one_hot_examples(rng: Any) -> Sequence[Any]:
    shapes: list[Shape] = [(), (4,), (2, 3), (0,)]
    return [((rng.integers(0, 3, size=shape),), {"num_classes": 3, "dtype": dtype})
            for shape in shapes for dtype in ("int64", "float32")]  # fmt: skip


def _diag_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[Shape, int]] = [
        ((3,), 0), ((3,), 2), ((2,), -1), ((3, 3), 0), ((2, 4), 1), ((2, 4), -1), ((4, 2), -2), ((4, 2), 1),
        ((2, 3), 5), ((2, 3), -2), ((0,), 0), ((1,), 0), ((0, 3), 0),
    ]  # fmt: skip
    return [((rng.normal(size=shape),), {"k": k}) for shape, k in cases]
