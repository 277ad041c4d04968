"""Operators that change the shape of arrays and move their elements. Names: Python Array API standard 2024.12."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow.operators import VARIADIC_OUTPUTS, Axes, Operator
from dataflow_std.axes import invert, normalise, sum_to

Shape = tuple[int, ...]
KERNELS = "dataflow_std.kernels.shaping"
SHAPES = "dataflow_std.shapes.shaping"
TREATMENTS = "dataflow_std.treatments.shaping"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_reshaping(), *_reordering(), *_repeating(), *_joining()]


def _tries(cases: Sequence[tuple[Shape, dict[str, Any]]]) -> Any:
    """Examples of one input: normal numbers in these shapes, with these attributes."""
    return lambda rng: [((rng.normal(size=shape),), attributes) for shape, attributes in cases]


def _mover(name: str, formula: str, forward: Any, dx: Any, cases: Any, **about: Any) -> Operator:
    """An operator of one input that only moves elements."""
    return Operator(name, formula, forward=forward, backward={"x": dx}, kernels={}, moves=True, takes="any",
                    examples=_tries(cases),
                    **{"shape": f"{SHAPES}:{name}", "axes": f"{TREATMENTS}:{name}", **about})  # fmt: skip


def _restore(xp: Any, g: Any, z: Any, x: Any, **_: Any) -> Any:
    """The cotangent in the shape of x, its elements in the same order."""
    return xp.reshape(g, shape=xp.shape(x))


def _reshape(xp: Any, x: Any, *, shape: Shape) -> Any:
    return xp.reshape(x, shape=shape)


def _expand_dims(xp: Any, x: Any, *, axis: int | tuple[int, ...] = 0) -> Any:
    return xp.expand_dims(x, axis=axis)


def _squeeze(xp: Any, x: Any, *, axis: int | tuple[int, ...]) -> Any:
    return xp.squeeze(x, axis=axis)


def _broadcast_to(xp: Any, x: Any, *, shape: Shape) -> Any:
    return xp.broadcast_to(x, shape=shape)


def _broadcast_to_dx(xp: Any, g: Any, z: Any, x: Any, *, shape: Shape) -> Any:
    return sum_to(xp, g, xp.shape(x))


def _broadcast_arrays_dxs(xp: Any, g: Any, z: Any, *xs: Any) -> Any:
    return [sum_to(xp, part, xp.shape(x)) for part, x in zip(g, xs, strict=True)]


def _reshaping() -> list[Operator]:
    return [
        _mover("reshape", "z = x in another shape", _reshape, _restore,
               [((6,), {"shape": (2, 3)}), ((2, 3), {"shape": (-1,)}), ((2, 3), {"shape": (3, 2)}),
                ((), {"shape": (1, 1)}), ((0, 3), {"shape": (3, 0)})],
               description="One length may be -1: it follows from the others.",
               special=[(([1.0, 2.0, 3.0, 4.0],), [[1.0, 2.0], [3.0, 4.0]], ([1.0] * 4,), {"shape": (2, -1)})]),
        _mover("expand_dims", "z = x with axes of length 1 put in", _expand_dims, _restore,
               [((3,), {}), ((2, 3), {"axis": -1}), ((2, 3), {"axis": (0, 2)}), ((), {"axis": 0})],
               description="axis says where they are in z.",
               special=[(([1.0, 2.0],), [[1.0], [2.0]], ([1.0, 1.0],), {"axis": 1})]),
        _mover("squeeze", "z = x without axes of length 1", _squeeze, _restore,
               [((1, 3), {"axis": 0}), ((2, 1, 3, 1), {"axis": (1, -1)}), ((1,), {"axis": 0})],
               special=[(([[1.0, 2.0]],), [1.0, 2.0], ([[1.0, 1.0]],), {"axis": 0})]),
        _mover("broadcast_to", "z = x, repeated to fill a shape", _broadcast_to, _broadcast_to_dx,
               [((3,), {"shape": (2, 3)}), ((2, 1), {"shape": (4, 2, 3)}), ((), {"shape": (2, 2)}),
                ((1,), {"shape": (0,)}), ((2, 3), {"shape": (2, 3)}), ((1, 1), {"shape": (1, 1)})],
               special=[(([[1.0], [2.0]],), [[1.0, 1.0], [2.0, 2.0]], ([[2.0], [2.0]],), {"shape": (2, 2)})]),
        Operator("broadcast_arrays", "z = xs, each repeated to fill the shape that all have in common",
                 axes="dataflow_std.treatments.shaping:broadcast_arrays",
                 forward=lambda xp, *xs: xp.broadcast_arrays(xs), backward={"xs": _broadcast_arrays_dxs},
                 outputs=VARIADIC_OUTPUTS, kernels={}, shape=f"{SHAPES}:broadcast_arrays", moves=True, takes="any",
                 examples=lambda rng: [((rng.normal(size=3), rng.normal(size=(2, 1)), rng.normal()), {}),
                                       ((rng.normal(size=(1, 2)),), {})],
                 special=[((5.0, [1.0, 2.0]), ([5.0, 5.0], [1.0, 2.0]), (2.0, [1.0, 1.0]))]),
    ]  # fmt: skip


def _permute_dims(xp: Any, x: Any, *, axes: Shape) -> Any:
    return xp.permute_dims(x, axes=axes)


def _permute_dims_dx(xp: Any, g: Any, z: Any, x: Any, *, axes: Shape) -> Any:
    return xp.permute_dims(g, axes=invert(normalise(axes, len(axes))))


def _moveaxis(xp: Any, x: Any, *, source: int | Shape, destination: int | Shape) -> Any:
    return xp.moveaxis(x, source=source, destination=destination)


def _moveaxis_dx(xp: Any, g: Any, z: Any, x: Any, *, source: int | Shape, destination: int | Shape) -> Any:
    return xp.moveaxis(g, source=destination, destination=source)


def _flip(xp: Any, x: Any, *, axis: Axes = None) -> Any:
    return xp.flip(x, axis=axis)


def _flip_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: Axes) -> Any:
    return xp.flip(g, axis=axis)


def _roll(xp: Any, x: Any, *, shift: int | Shape, axis: Axes = None) -> Any:
    return xp.roll(x, shift=shift, axis=axis)


def _roll_dx(xp: Any, g: Any, z: Any, x: Any, *, shift: int | Shape, axis: Axes) -> Any:
    back = tuple([-item for item in shift]) if isinstance(shift, tuple) else -shift
    return xp.roll(g, shift=back, axis=axis)


def _rot90(xp: Any, x: Any, *, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    return xp.rot90(x, k=k, axes=axes)


def _tril(xp: Any, x: Any, *, k: int = 0) -> Any:
    return xp.tril(x, k=k)


def _triu(xp: Any, x: Any, *, k: int = 0) -> Any:
    return xp.triu(x, k=k)


def _reordering() -> list[Operator]:
    square = [[1.0, 2.0], [3.0, 4.0]]
    triangles: Any = [((3, 3), {}), ((2, 4), {"k": 1}), ((2, 3, 3), {"k": -1})]
    return [
        _mover("permute_dims", "z = x with its axes in another order", _permute_dims, _permute_dims_dx,
               [((2, 3), {"axes": (1, 0)}), ((2, 3, 4), {"axes": (2, 0, 1)}), ((2, 3, 4), {"axes": (-1, 0, 1)}),
                ((), {"axes": ()})],
               description="axes lists the axes of x in the order that they have in z.",
               special=[(([[1.0, 2.0]],), [[1.0], [2.0]], ([[1.0, 1.0]],), {"axes": (1, 0)})]),
        _mover("moveaxis", "z = x with axes moved to other places", _moveaxis, _moveaxis_dx,
               [((2, 3, 4), {"source": 0, "destination": -1}), ((2, 3, 4), {"source": (0, 1), "destination": (2, 0)})],
               special=[(([[1.0, 2.0]],), [[1.0], [2.0]], ([[1.0, 1.0]],), {"source": 0, "destination": 1})]),
        _mover("flip", "z = x in reverse order along axis", _flip, _flip_dx,
               [((3,), {}), ((2, 3), {"axis": 1}), ((2, 3, 4), {"axis": (0, -1)}), ((), {})],
               special=[(([1.0, 2.0, 3.0],), [3.0, 2.0, 1.0], ([1.0, 1.0, 1.0],))]),
        _mover("roll", "z = x moved by shift along axis, its end going to its beginning", _roll, _roll_dx,
               [((5,), {"shift": 2}), ((2, 3), {"shift": -1, "axis": 1}), ((2, 3), {"shift": (1, 2), "axis": (0, 1)}),
                ((2, 3), {"shift": 1})],
               description="With several axes there is a shift for each; without an axis x is flattened first and has "
                           "its shape again afterwards.",
               special=[(([1.0, 2.0, 3.0],), [3.0, 1.0, 2.0], ([1.0, 1.0, 1.0],), {"shift": 1})]),
        Operator("rot90", "z = x turned k times by a right angle, from the first of the axes to the second",
                 forward=_rot90, backward={"x": lambda xp, g, z, x, *, k, axes: xp.rot90(g, k=-k, axes=axes)},
                 kernels={"numpy": f"{KERNELS}:rot90"}, shape=f"{SHAPES}:rot90", moves=True, takes="any",
                 examples=_tries([((2, 3), {}), ((2, 3), {"k": -1}), ((2, 3), {"k": 3, "axes": (1, 0)}),
                                  ((2, 3), {"k": 2}), ((2, 3, 4), {"axes": (0, -1)}), ((0, 2), {})]),
                 description="Turned against the clock, as a matrix is written.",
                 special=[(([[1.0, 2.0], [3.0, 4.0]],), [[2.0, 4.0], [1.0, 3.0]], ([[1.0, 1.0], [1.0, 1.0]],))]),
        _mover("tril", "z = x on and below diagonal k, 0 above", _tril,
               lambda xp, g, z, x, *, k: xp.tril(g, k=k), triangles, shape=f"{SHAPES}:triangle",
               special=[((square,), [[1.0, 0.0], [3.0, 4.0]], ([[1.0, 0.0], [1.0, 1.0]],))]),
        _mover("triu", "z = x on and above diagonal k, 0 below", _triu,
               lambda xp, g, z, x, *, k: xp.triu(g, k=k), triangles, shape=f"{SHAPES}:triangle",
               special=[((square,), [[1.0, 2.0], [0.0, 4.0]], ([[1.0, 1.0], [0.0, 1.0]],))]),
    ]  # fmt: skip


def _repeat(xp: Any, x: Any, *, repeats: int, axis: int | None = None) -> Any:
    return xp.repeat(x, repeats=repeats, axis=axis)


def _repeat_dx(xp: Any, g: Any, z: Any, x: Any, *, repeats: int, axis: int | None) -> Any:
    shape = xp.shape(x)
    if axis is None:
        return xp.reshape(xp.sum(xp.reshape(g, shape=(xp.size(x), repeats)), axis=1), shape=shape)
    axis = axis % len(shape)
    return xp.sum(xp.reshape(g, shape=(*shape[: axis + 1], repeats, *shape[axis + 1 :])), axis=axis + 1)


def _tile(xp: Any, x: Any, *, repetitions: Shape) -> Any:
    return xp.tile(x, repetitions=repetitions)


def _tile_dx(xp: Any, g: Any, z: Any, x: Any, *, repetitions: Shape) -> Any:
    shape = xp.shape(x)
    longest = max(len(shape), len(repetitions))
    lengths = (1,) * (longest - len(shape)) + shape
    counts = (1,) * (longest - len(repetitions)) + tuple(repetitions)
    pairs = tuple(item for pair in zip(counts, lengths, strict=True) for item in pair)
    return xp.reshape(xp.sum(xp.reshape(g, shape=pairs), axis=tuple(range(0, 2 * longest, 2))), shape=shape)


def _repeating() -> list[Operator]:
    return [
        _mover("repeat", "z = every element of x, repeats times in a row", _repeat, _repeat_dx,
               [((3,), {"repeats": 2}), ((2, 3), {"repeats": 3, "axis": 1}), ((2, 3), {"repeats": 2, "axis": -2}),
                ((2, 3), {"repeats": 2}), ((3,), {"repeats": 0})],
               description="Without an axis x is flattened first.",
               special=[(([1.0, 2.0],), [1.0, 1.0, 2.0, 2.0], ([2.0, 2.0],), {"repeats": 2})]),
        _mover("tile", "z = copies of x side by side", _tile, _tile_dx,
               [((3,), {"repetitions": (2,)}), ((2, 3), {"repetitions": (2, 1, 3)}), ((2, 3), {"repetitions": (2,)}),
                ((), {"repetitions": (3,)}), ((2,), {"repetitions": ()})],
               description="repetitions says how many along each axis, counted from the last.",
               special=[(([1.0, 2.0],), [1.0, 2.0, 1.0, 2.0], ([2.0, 2.0],), {"repetitions": (2,)})]),
    ]  # fmt: skip


def _concat(xp: Any, *xs: Any, axis: int | None = 0) -> Any:
    return xp.concat(xs, axis=axis)


def _concat_dxs(xp: Any, g: Any, z: Any, *xs: Any, axis: int | None) -> Sequence[Any]:
    if axis is not None:
        parts: Sequence[Any] = xp.split(g, lengths=tuple([xp.shape(x)[axis] for x in xs]), axis=axis)
        return parts
    parts = xp.split(g, lengths=tuple(map(xp.size, xs)))
    return [xp.reshape(part, shape=xp.shape(x)) for part, x in zip(parts, xs, strict=True)]


def _stack(xp: Any, *xs: Any, axis: int = 0) -> Any:
    return xp.stack(xs, axis=axis)


def _unstack(xp: Any, x: Any, *, axis: int = 0) -> Any:
    return xp.unstack(x, axis=axis)


def _split(xp: Any, x: Any, *, sections: int | None = None, lengths: Shape | None = None, axis: int = 0) -> Any:
    return xp.split(x, sections=sections, lengths=lengths, axis=axis)


def _split_dx(xp: Any, g: Any, z: Any, x: Any, *, sections: int | None, lengths: Shape | None, axis: int) -> Any:
    return xp.concat(g, axis=axis)


def _concat_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[list[Shape], dict[str, Any]]] = [
        ([(2,), (3,), (0,)], {}), ([(2, 3), (2, 1)], {"axis": 1}), ([(2, 3), (1, 3)], {"axis": -2}),
        ([(2, 3), (4,), ()], {"axis": None}), ([(2,)], {}),
    ]  # fmt: skip
    return [(tuple(rng.normal(size=shape) for shape in shapes), attributes) for shapes, attributes in cases]


def _stack_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[Shape, int, dict[str, Any]]] = [
        ((), 3, {}), ((2, 3), 2, {"axis": -1}), ((3,), 1, {}), ((0, 2), 2, {"axis": 1}),
    ]  # fmt: skip
    return [(tuple(rng.normal(size=shape) for _ in range(count)), attributes) for shape, count, attributes in cases]


def _joining() -> list[Operator]:
    return [
        Operator("concat", "z = xs one after the other along axis",
                 axes="dataflow_std.treatments.shaping:concat", forward=_concat, backward={"xs": _concat_dxs},
                 kernels={}, shape=f"{SHAPES}:concat", moves=True, takes="any", examples=_concat_examples,
                 description="With axis null each is flattened first.",
                 special=[(([1.0], [2.0, 3.0]), [1.0, 2.0, 3.0], ([1.0], [1.0, 1.0]))]),
        Operator("stack", "z = xs side by side along a new axis",
                 axes="dataflow_std.treatments.shaping:stack", forward=_stack,
                 backward={"xs": lambda xp, g, z, *xs, axis: xp.unstack(g, axis=axis)},
                 kernels={}, shape=f"{SHAPES}:stack", moves=True, takes="any", examples=_stack_examples,
                 special=[(([1.0, 2.0], [3.0, 4.0]), [[1.0, 3.0], [2.0, 4.0]], ([1.0, 1.0], [1.0, 1.0]), {"axis": 1})]),
        Operator("unstack", "z = the parts of x along axis", forward=_unstack,
                 backward={"x": lambda xp, g, z, x, *, axis: xp.stack(g, axis=axis)},
                 outputs=VARIADIC_OUTPUTS, kernels={}, shape=f"{SHAPES}:unstack", moves=True, takes="any",
                 examples=_tries([((3,), {}), ((2, 3), {"axis": -1})]),
                 special=[(([[1.0, 2.0], [3.0, 4.0]],), ([1.0, 2.0], [3.0, 4.0]), ([[1.0, 1.0], [1.0, 1.0]],))]),
        Operator("split", "z = the parts of x along axis, one after the other",
                 forward=_split, backward={"x": _split_dx}, outputs=VARIADIC_OUTPUTS,
                 kernels={"numpy": f"{KERNELS}:split"}, shape=f"{SHAPES}:split", moves=True, takes="any",
                 examples=_tries([((4,), {"sections": 2}), ((2, 3), {"sections": 3, "axis": -1}),
                                  ((5,), {"lengths": (2, 0, 3)}), ((1, 2), {"sections": 1}),
                                  ((2, 4), {"lengths": (1, 3), "axis": 1}), ((0, 2), {"sections": 2})]),
                 description="As many of equal length as `sections` says, or of the `lengths` that are listed.",
                 special=[(([1.0, 2.0, 3.0],), ([1.0, 2.0], [3.0]), ([1.0, 1.0, 1.0],), {"lengths": (2, 1)})]),
    ]  # fmt: skip
