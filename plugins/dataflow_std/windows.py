"""Operators that put elements around an array, and that look at it through windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from dataflow.operators import Operator

Shape = tuple[int, ...]
Pads = int | tuple[int, int] | tuple[tuple[int, int], ...]
Mode = Literal["constant", "edge", "reflect", "symmetric", "wrap"]
SHAPES = "dataflow_std.shapes.windows"
KERNELS = "dataflow_std.kernels.shaping"
TWINS = "dataflow_std.kernels.shaping_references"


def operators() -> list[Operator]:
    """Every operator of this module."""
    about: dict[str, Any] = {"moves": True, "takes": "any"}
    return [
        Operator("pad", "z = x with elements put before and after it along its axes",
                 axes="dataflow_std.treatments.shaping:pad",
                 forward=_pad, backward={"x": _pad_dx}, kernels={"numpy": f"{KERNELS}:pad"},
                 shape=f"{SHAPES}:pad", dtype=f"{SHAPES}:pad_dtype", **about,
                 examples=_pad_examples, reference=f"{TWINS}:pad",
                 description="pad_width is a number for all ends, a pair (before, after) for all axes, or a list of a "
                             'pair for each axis. What is put there: with mode "constant" the value, "edge" the last '
                             'element, "wrap" those of the other end (circular), "reflect" a mirror image without the '
                             'last element, "symmetric" one with it.',
                 special=[(([1.0, 2.0],), [0.0, 1.0, 2.0, 0.0], ([1.0, 1.0],), {"pad_width": 1}),
                          (([1.0, 2.0],), [1.0, 1.0, 1.0, 2.0], ([3.0, 1.0],), {"pad_width": (2, 0), "mode": "edge"}),
                          (([1.0, 2.0, 3.0],), [3.0, 2.0, 1.0, 2.0, 3.0], ([1.0, 2.0, 2.0],),
                           {"pad_width": (2, 0), "mode": "reflect"}),
                          (([1.0, 2.0, 3.0],), [1.0, 2.0, 3.0, 1.0], ([2.0, 1.0, 1.0],),
                           {"pad_width": (0, 1), "mode": "wrap"})]),
        Operator("unfold", "z[.., i, .., j] = x[.., i * step + j, ..] along axis, j from 0 to below size",
                 axes="dataflow_std.treatments.shaping:unfold",
                 forward=_unfold, backward={"x": _unfold_dx}, kernels={"numpy": f"{KERNELS}:unfold"}, **about,
                 shape=f"{SHAPES}:unfold", examples=_unfold_examples, reference=f"{TWINS}:unfold",
                 description="The windows that fit into x, as views of it; what is left over at the end is not taken.",
                 special=[(([1.0, 2.0, 3.0],), [[1.0, 2.0], [2.0, 3.0]], ([1.0, 2.0, 1.0],), {"size": 2})]),
        Operator("overlap_add", "z[.., i * step + j, ..] += x[.., i, .., j] along axis, from z = 0",
                 axes="dataflow_std.treatments.shaping:overlap_add",
                 forward=_overlap_add, backward={"x": _overlap_add_dx}, kernels={"numpy": f"{KERNELS}:overlap_add"},
                 shape=f"{SHAPES}:overlap_add", moves=True, takes="numeric", examples=_overlap_add_examples,
                 reference=f"{TWINS}:overlap_add",
                 description="The adjoint of unfold: axis is that of z, which has `length` elements along it.",
                 special=[(([[1.0, 2.0], [3.0, 4.0]],), [1.0, 5.0, 4.0], ([[1.0, 1.0], [1.0, 1.0]],), {"length": 3})]),
    ]  # fmt: skip


def _pad(xp: Any, x: Any, *, pad_width: Pads, mode: Mode = "constant", value: float = 0.0) -> Any:
    return xp.pad(x, pad_width=pad_width, mode=mode, value=value)


def _pad_dx(xp: Any, g: Any, z: Any, x: Any, *, pad_width: Any, mode: str, value: float) -> Any:
    if isinstance(pad_width, int):
        pad_width = (pad_width, pad_width)
    for axis, length in enumerate(xp.shape(x)):
        before, after = pad_width[axis] if isinstance(pad_width[0], tuple | list) else pad_width
        if before or after:
            g = _add_back(xp, g, axis, (before, length, after), mode)
    return g


def _add_back(xp: Any, g: Any, axis: int, lengths: tuple[int, int, int], mode: str) -> Any:
    """The cotangent without its padding along an axis, which is added where it came from."""
    first, inner, last = xp.split(g, lengths=lengths, axis=axis)
    if mode == "constant":
        return inner
    before, length, after = lengths
    places = xp.pad(xp.arange(stop=length), pad_width=(before, after), mode=mode)
    start, _, end = xp.split(places, lengths=lengths)
    outer, origin = xp.concat([first, last], axis=axis), xp.concat([start, end], axis=0)
    return inner + xp.put_add(outer, origin, axis=axis, shape=xp.shape(inner))


def _pad_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[Shape, dict[str, Any]]] = [
        ((3,), {"pad_width": 2}), ((2, 3), {"pad_width": ((1, 0), (0, 2)), "value": 1.5}), ((), {"pad_width": 1}),
        ((2, 3, 2), {"pad_width": (1, 2)}), ((0, 2), {"pad_width": 1}), ((2,), {"pad_width": 0}),
    ]  # fmt: skip
    for mode in ("edge", "reflect", "symmetric", "wrap"):
        cases += [((4,), {"pad_width": (2, 3), "mode": mode}), ((2, 3), {"pad_width": ((1, 0), (0, 2)), "mode": mode}),
                  ((3, 2), {"pad_width": ((7, 8), (0, 0)), "mode": mode}), ((1,), {"pad_width": 2, "mode": mode}),
                  ((2, 0), {"pad_width": ((1, 1), (0, 0)), "mode": mode})]  # fmt: skip
    return [((rng.normal(size=shape),), attributes) for shape, attributes in cases]


def _unfold(xp: Any, x: Any, *, size: int, step: int = 1, axis: int = -1) -> Any:
    return xp.unfold(x, size=size, step=step, axis=axis)


def _unfold_dx(xp: Any, g: Any, z: Any, x: Any, *, size: int, step: int, axis: int) -> Any:
    return xp.overlap_add(g, length=xp.shape(x)[axis], step=step, axis=axis)


def _overlap_add(xp: Any, x: Any, *, length: int, step: int = 1, axis: int = -1) -> Any:
    return xp.overlap_add(x, length=length, step=step, axis=axis)


def _overlap_add_dx(xp: Any, g: Any, z: Any, x: Any, *, length: int, step: int, axis: int) -> Any:
    return xp.unfold(g, size=xp.shape(x)[-1], step=step, axis=axis)


def _unfold_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[Shape, dict[str, Any]]] = [
        ((5,), {"size": 2}), ((5,), {"size": 5}), ((8,), {"size": 3, "step": 2}), ((7,), {"size": 1, "step": 3}),
        ((3, 5), {"size": 2, "axis": 0}), ((2, 6, 3), {"size": 3, "step": 3, "axis": -2}),
        ((2, 9), {"size": 2, "step": 4}), ((0, 3), {"size": 2}), ((1,), {"size": 1}),
    ]  # fmt: skip
    return [((rng.normal(size=shape),), attributes) for shape, attributes in cases]


def _overlap_add_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[Shape, dict[str, Any]]] = [
        ((4, 2), {"length": 5}), ((3, 3), {"length": 8, "step": 2}), ((2, 3, 2), {"length": 3, "axis": 0}),
        ((2, 2, 3, 3), {"length": 6, "step": 3, "axis": -2}), ((2, 9), {"length": 20, "step": 10}),
        ((0, 2, 2), {"length": 3}), ((1, 1), {"length": 1}),
    ]  # fmt: skip
    return [((rng.normal(size=shape),), attributes) for shape, attributes in cases]
