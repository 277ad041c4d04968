"""Products of vectors and matrices other than the matrix product, and what stands on a diagonal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow.operators import Operator
from dataflow_std.axes import sum_to

Shape = tuple[int, ...]
KERNELS = "dataflow_std.kernels.products"
SHAPES = "dataflow_std.shapes.products"
TWINS = "dataflow_std.kernels.products_references"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_products(), *_diagonals()]


def _check_broadcast(first: Shape, second: Shape, which: str) -> None:
    if any(1 not in pair and pair[0] != pair[1] for pair in zip(first[::-1], second[::-1], strict=False)):
        from dataflow.shapes import broadcast_or_refuse

        listed = f"{list(first)} and {list(second)}"
        broadcast_or_refuse(first, second, f"{which} of x and y, {listed}, do not broadcast")


def _check_vectors(xp: Any, x: Any, y: Any) -> None:
    for name, item in (("x", x), ("y", y)):
        if not xp.ndim(item):
            raise ValueError(f"{name} is a number, not a vector: write `x * y`")


def _outer(xp: Any, x: Any, y: Any) -> Any:
    _check_vectors(xp, x, y)
    _check_broadcast(xp.shape(x)[:-1], xp.shape(y)[:-1], "the axes before the last")
    return xp.expand_dims(x, axis=-1) * xp.expand_dims(y, axis=-2)


def _outer_dx(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Any:
    return sum_to(xp, xp.squeeze(xp.matmul(g, xp.expand_dims(y, axis=-1)), axis=-1), xp.shape(x))


def _outer_dy(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Any:
    return sum_to(xp, xp.squeeze(xp.matmul(xp.expand_dims(x, axis=-2), g), axis=-2), xp.shape(y))


def _kron(xp: Any, x: Any, y: Any) -> Any:
    _check_vectors(xp, x, y)
    if xp.ndim(x) == xp.ndim(y) == 1:
        return xp.reshape(_outer(xp, x, y), shape=(xp.size(x) * xp.size(y),))
    x, y = (xp.expand_dims(item, axis=0) if xp.ndim(item) == 1 else item for item in (x, y))
    first, second = xp.shape(x), xp.shape(y)
    _check_broadcast(first[:-2], second[:-2], "the axes before the last two")
    product = xp.expand_dims(x, axis=(-3, -1)) * xp.expand_dims(y, axis=(-4, -2))
    batch, lengths = xp.shape(product)[:-4], (first[-2] * second[-2], first[-1] * second[-1])
    return xp.reshape(product, shape=(*batch, *lengths))


def _kron_dx(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Any:
    g, x_matrix, y = _take_apart(xp, g, x, y)
    given = sum_to(xp, xp.einsum([g, y], equation="...ikjl,...kl->...ij"), xp.shape(x_matrix))
    return xp.reshape(given, shape=xp.shape(x))


def _kron_dy(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Any:
    g, x, y_matrix = _take_apart(xp, g, x, y)
    given = sum_to(xp, xp.einsum([g, x], equation="...ikjl,...ij->...kl"), xp.shape(y_matrix))
    return xp.reshape(given, shape=xp.shape(y))


def _take_apart(xp: Any, g: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    """The cotangent with an axis for each of the four indices, and both factors as matrices."""
    x, y = (xp.expand_dims(item, axis=0) if xp.ndim(item) == 1 else item for item in (x, y))
    rows, columns = zip(xp.shape(x)[-2:], xp.shape(y)[-2:], strict=True)
    return xp.reshape(g, shape=(*xp.shape(g)[:-2], *rows, *columns)), x, y


def _cross(xp: Any, x: Any, y: Any, *, axis: int = -1) -> Any:
    _check_cross(xp.shape(x), xp.shape(y), axis)
    ahead = xp.roll(x, shift=-1, axis=axis) * xp.roll(y, shift=1, axis=axis)
    return ahead - xp.roll(x, shift=1, axis=axis) * xp.roll(y, shift=-1, axis=axis)


def _check_cross(first: Shape, second: Shape, axis: int) -> None:
    if axis >= 0 and len(first) != len(second):
        raise ValueError(f"where x and y have different dimensions the axis counts from the end: below 0, not {axis}")
    rest: list[Shape] = []
    for name, shape in (("x", first), ("y", second)):
        if not -len(shape) <= axis < len(shape):
            raise ValueError(f"axis {axis} is out of range for {name} of shape {list(shape)}")
        if shape[axis] != 3:
            from dataflow.shapes import match_sizes

            counts = f"axis {axis} of {name} has {shape[axis]} elements"
            match_sizes(shape[axis], 3, f"{counts}: a cross product is of vectors of 3")
        place = axis % len(shape)
        rest.append((*shape[:place], *shape[place + 1 :]))
    _check_broadcast(rest[0], rest[1], "the other axes")


def _cross_dx(xp: Any, g: Any, z: Any, x: Any, y: Any, *, axis: int) -> Any:
    return sum_to(xp, xp.cross(y, g, axis=axis), xp.shape(x))


def _cross_dy(xp: Any, g: Any, z: Any, x: Any, y: Any, *, axis: int) -> Any:
    return sum_to(xp, xp.cross(g, x, axis=axis), xp.shape(y))


def _matrix_power(xp: Any, x: Any, *, n: int) -> Any:
    shape = xp.shape(x)
    if len(shape) < 2:
        raise ValueError(f"only square matrices have powers, not a value of shape {list(shape)}")
    if shape[-1] != shape[-2]:
        from dataflow.shapes import match_sizes

        match_sizes(shape[-2], shape[-1], f"only square matrices have powers, not a value of shape {list(shape)}")
    if n == 0:
        return xp.broadcast_to(xp.cast_like(xp.eye(n_rows=shape[-1]), x), shape=shape)
    square, left, power = xp.inv(x) if n < 0 else x, abs(n), None
    while True:
        if left % 2:
            power = square if power is None else xp.matmul(power, square)
        left //= 2
        if not left:
            return power
        square = xp.matmul(square, square)


def _pairs(shapes: Sequence[tuple[Shape, Shape]], rng: Any) -> Sequence[Any]:
    return [((rng.normal(size=first), rng.normal(size=second)), {}) for first, second in shapes]


def _outer_examples(rng: Any) -> Sequence[Any]:
    return _pairs([((3,), (2,)), ((4, 3), (2,)), ((3,), (4, 2)), ((4, 1, 3), (5, 2)), ((1,), (1,)), ((0,), (2,)),
                   ((1, 3), (4, 2))], rng)  # fmt: skip


def _kron_examples(rng: Any) -> Sequence[Any]:
    return _pairs([((2, 3), (4, 2)), ((3,), (2,)), ((3,), (2, 2)), ((2, 2), (3,)), ((5, 2, 3), (2, 2)),
                   ((5, 1, 2, 1), (3, 2, 2)), ((1, 1), (1, 1)), ((0, 2), (2, 3)), ((1, 2, 2), (4, 2, 1))],
                  rng)  # fmt: skip


def _cross_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[Shape, Shape, dict[str, Any]]] = [
        ((3,), (3,), {}), ((4, 3), (3,), {}), ((3,), (4, 3), {}), ((3, 2), (3, 2), {"axis": 0}),
        ((5, 3, 1), (3, 4), {"axis": -2}), ((1, 3), (4, 3), {}), ((0, 3), (3,), {}),
        ((2, 3, 1), (1, 3, 2), {"axis": 1}),
    ]  # fmt: skip
    return [((rng.normal(size=first), rng.normal(size=second)), attributes) for first, second, attributes in cases]


def _power_examples(rng: Any) -> Sequence[Any]:
    cases = [((3, 3), 1), ((3, 3), 2), ((2, 3, 3), 3), ((2, 2), 7), ((3, 3), 0), ((2, 2, 2), 0), ((1, 1), 5),
             ((0, 0), 2), ((2, 3, 3), -1), ((2, 2), -3), ((1, 1), -2)]  # fmt: skip
    return [((0.3 * rng.normal(size=shape) + _identity(shape[-1]),), {"n": n}) for shape, n in cases]


def _identity(length: int) -> list[list[float]]:
    return [[float(row == column) for column in range(length)] for row in range(length)]


def _products() -> list[Operator]:
    square = [[1.0, 1.0], [0.0, 1.0]]
    return [
        Operator("outer", "z[.., i, j] = x[.., i] * y[.., j]", forward=_outer,
                 backward={"x": _outer_dx, "y": _outer_dy}, takes="numeric", examples=_outer_examples,
                 description="Axes before the last are batches and broadcast.",
                 special=[(([1.0, 2.0], [3.0, 5.0]), [[3.0, 5.0], [6.0, 10.0]], ([8.0, 8.0], [3.0, 3.0]))]),
        Operator("kron", "z[.., i * p + k, j * q + l] = x[.., i, j] * y[.., k, l], y of p rows and q columns",
                 forward=_kron, backward={"x": _kron_dx, "y": _kron_dy}, takes="numeric", examples=_kron_examples,
                 description="The Kronecker product. Of two vectors it is a vector; beside a matrix a vector is a row. "
                             "Axes before the last two are batches and broadcast.",
                 special=[(([[1.0, 2.0]], [[3.0], [5.0]]), [[3.0, 6.0], [5.0, 10.0]], ([[8.0, 8.0]], [[3.0], [3.0]])),
                          (([1.0, 2.0], [3.0, 5.0]), [3.0, 5.0, 6.0, 10.0], ([8.0, 8.0], [3.0, 3.0]))]),
        Operator("cross", "z = x times y, perpendicular to both: z[0] = x[1] * y[2] - x[2] * y[1], and so on in turn",
                 forward=_cross, backward={"x": _cross_dx, "y": _cross_dy}, takes="numeric",
                 examples=_cross_examples,
                 description="Along axis both have 3 elements; the other axes broadcast. Where x and y have different "
                             "dimensions the axis counts from the end.",
                 special=[(([1.0, 2.0, 3.0], [4.0, 5.0, 7.0]), [-1.0, 5.0, -3.0],
                           ([-2.0, 3.0, -1.0], [1.0, -2.0, 1.0]))]),
        Operator("matrix_power", "z = x @ x @ .. @ x, n factors", forward=_matrix_power, examples=_power_examples,
                 description="For n = 0 the identity, for n < 0 the power -n of the inverse. Axes before the last two "
                             "are batches.",
                 conventions="n = 0: the identity, whatever x is, with slope 0; n < 0 of a singular matrix: as inv",
                 special=[((square,), [[1.0, 2.0], [0.0, 1.0]], ([[3.0, 2.0], [4.0, 3.0]],), {"n": 2}),
                          (([[0.0, 0.0], [0.0, 0.0]],), [[1.0, 0.0], [0.0, 1.0]], ([[0.0, 0.0], [0.0, 0.0]],),
                           {"n": 0}),
                          (([[2.0, 0.0], [0.0, 4.0]],), [[0.5, 0.0], [0.0, 0.25]],
                           ([[-0.25, -0.125], [-0.125, -0.0625]],), {"n": -1})]),
    ]  # fmt: skip


def _diagonal(xp: Any, x: Any, *, offset: int = 0) -> Any:
    return xp.diagonal(x, offset=offset)


def _put_diagonal(xp: Any, x: Any, *, offset: int = 0, shape: Shape) -> Any:
    return xp.put_diagonal(x, offset=offset, shape=shape)


def _trace(xp: Any, x: Any, *, offset: int = 0) -> Any:
    return xp.sum(xp.diagonal(x, offset=offset), axis=-1)


def _trace_dx(xp: Any, g: Any, z: Any, x: Any, *, offset: int) -> Any:
    kept = xp.shape(xp.diagonal(x, offset=offset))
    diagonal = xp.broadcast_to(xp.expand_dims(g, axis=-1), shape=kept)
    return xp.put_diagonal(diagonal, offset=offset, shape=xp.shape(x))


CASES: list[tuple[Shape, int]] = [
    ((3, 3), 0), ((2, 4), 1), ((2, 4), 3), ((2, 4), -1), ((4, 2), 1), ((4, 2), -2), ((5, 2, 3), 0), ((2, 1, 3, 2), -1),
    ((1, 1), 0), ((0, 3), 0), ((3, 0), -1), ((2, 3), 5), ((2, 3), -2),
]  # fmt: skip


def _matrix_examples(rng: Any) -> Sequence[Any]:
    return [((rng.normal(size=shape),), {"offset": offset}) for shape, offset in CASES]


def _put_examples(rng: Any) -> Sequence[Any]:
    lengths = [3, 2, 1, 1, 1, 2, 2, 2, 1, 0, 0, 0, 0]
    return [((rng.normal(size=(*shape[:-2], length)),), {"offset": offset, "shape": shape})
            for (shape, offset), length in zip(CASES, lengths, strict=True)]  # fmt: skip


def _diagonals() -> list[Operator]:
    matrix = [[1.0, 2.0], [3.0, 5.0]]
    which = "Of the last two axes; the diagonal starts offset places to the right, or -offset places down."
    return [
        Operator("diagonal", "z[.., i] = x[.., i, i + offset]",
                 axes="dataflow_std.treatments.shaping:diagonal", forward=_diagonal,
                 backward={"x": lambda xp, g, z, x, *, offset: xp.put_diagonal(g, offset=offset, shape=xp.shape(x))},
                 kernels={"numpy": f"{KERNELS}:diagonal"}, shape=f"{SHAPES}:diagonal", moves=True, takes="any",
                 examples=_matrix_examples,
                 description=which, conventions="beyond the corners a diagonal is empty",
                 special=[((matrix,), [1.0, 5.0], ([[1.0, 0.0], [0.0, 1.0]],)),
                          ((matrix,), [2.0], ([[0.0, 1.0], [0.0, 0.0]],), {"offset": 1})]),
        Operator("put_diagonal", "z = 0, but z[.., i, i + offset] = x[.., i]",
                 axes="dataflow_std.treatments.shaping:put_diagonal", forward=_put_diagonal,
                 backward={"x": lambda xp, g, z, x, *, offset, shape: xp.diagonal(g, offset=offset)},
                 kernels={"numpy": f"{KERNELS}:put_diagonal"}, shape=f"{SHAPES}:put_diagonal", moves=True, takes="any",
                 examples=_put_examples, reference=f"{TWINS}:put_diagonal",
                 description="The adjoint of diagonal; shape is that of z.",
                 special=[(([5.0],), [[0.0, 5.0], [0.0, 0.0]], ([1.0],), {"offset": 1, "shape": (2, 2)})]),
        Operator("trace", "z = sum of x[.., i, i + offset]", forward=_trace, backward={"x": _trace_dx},
                 moves=True, takes="numeric", examples=_matrix_examples, description=which,
                 conventions="0 for an empty diagonal",
                 special=[((matrix,), 6.0, ([[1.0, 0.0], [0.0, 1.0]],)),
                          ((matrix,), 3.0, ([[0.0, 0.0], [1.0, 0.0]],), {"offset": -1})]),
    ]  # fmt: skip
