"""Pooling and windows as columns, each with its adjoint. Layout: [batch, channels, 1 to 3 spatial axes]."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan
from typing import Any

from dataflow.axes import map_first, map_first_to_shape, map_together
from dataflow.operators import Operator

Shape = tuple[int, ...]
Lengths = int | tuple[int, ...]

KERNELS = "dataflow_nn.kernels.pooling"
SHAPES = "dataflow_nn.shapes.pooling"
REFERENCES = "dataflow_nn.kernels.pooling_references"
LAYOUT = (
    "x is [batch, channels, 1 to 3 spatial axes]; kernel_size, stride and padding are one number, or one for each "
    "spatial axis."
)
POOL = f"{LAYOUT} Without a stride the windows stand side by side. Padding is at most half of the kernel."


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_largest(), *_means(), *_adaptive(), *_columns()]


# --- the largest ---


def _max_pool(
    xp: Any, x: Any, *, kernel_size: Lengths, stride: Lengths | None = None, padding: Lengths = 0,
    dilation: Lengths = 1,
) -> Any:  # fmt: skip
    return xp.max_pool(x, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)


def _max_pool_dx(xp: Any, g: Any, z: Any, x: Any, **attributes: Any) -> Any:
    return xp.max_pool_gradient(g, z, x, **attributes)


def _max_pool_gradient(
    xp: Any, g: Any, z: Any, x: Any, *, kernel_size: Lengths, stride: Lengths | None = None, padding: Lengths = 0,
    dilation: Lengths = 1,
) -> Any:  # fmt: skip
    return xp.max_pool_gradient(g, z, x, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)


def _max_pool_gradient_dg(xp: Any, g_: Any, z_: Any, g: Any, z: Any, x: Any, **attributes: Any) -> Any:
    return xp.max_pool_tangent(g_, z, x, **attributes)


def _max_pool_tangent(
    xp: Any, h: Any, z: Any, x: Any, *, kernel_size: Lengths, stride: Lengths | None = None, padding: Lengths = 0,
    dilation: Lengths = 1,
) -> Any:  # fmt: skip
    return xp.max_pool_tangent(h, z, x, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)


def _max_pool_tangent_dh(xp: Any, g: Any, z_: Any, h: Any, z: Any, x: Any, **attributes: Any) -> Any:
    return xp.max_pool_gradient(g, z, x, **attributes)


POOLS: list[tuple[Shape, dict[str, Any]]] = [
    ((2, 2, 7), {"kernel_size": 3}), ((1, 2, 8), {"kernel_size": 3, "stride": 2, "padding": 1}),
    ((2, 3, 6, 5), {"kernel_size": 2}), ((1, 1, 1, 1), {"kernel_size": 1}), ((0, 2, 4), {"kernel_size": 2}),
    ((1, 2, 7, 6), {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)}),
    ((1, 2, 4, 5, 4), {"kernel_size": 2, "stride": (1, 2, 2)}),
]  # fmt: skip
DILATED: list[tuple[Shape, dict[str, Any]]] = [((1, 2, 9, 8), {"kernel_size": 3, "dilation": (2, 1), "padding": 1})]


def _distinct(rng: Any, shape: Shape) -> Any:
    """Numbers no two of which are near to each other."""
    count = 1
    for length in shape:
        count *= length
    return (rng.permutation(count) - 0.4 * count).reshape(shape) / max(count, 1) * 5


def _max_examples(rng: Any) -> Sequence[Any]:
    return [((_distinct(rng, shape),), about) for shape, about in [*POOLS, *DILATED]]


def _pooled(shape: Shape, about: dict[str, Any]) -> Shape:
    """The shape of what a pool gives."""
    count = len(shape) - 2
    lists = []
    for name, default in (("kernel_size", 1), ("stride", about["kernel_size"]), ("padding", 0), ("dilation", 1)):
        value = about.get(name, default)
        lists.append((value,) * count if isinstance(value, int) else value)
    lengths = zip(shape[2:], *lists, strict=True)
    return (*shape[:2], *((n + 2 * pad - gap * (k - 1) - 1) // step + 1 for n, k, step, pad, gap in lengths))


def _tied_extremes(rng: Any, of_windows: bool) -> Sequence[Any]:
    """x of zeros, all of whose elements are the largest, and its pool; before them what is carried."""
    found = []
    for shape, about in [*POOLS, *DILATED]:
        pooled, x = _pooled(shape, about), rng.normal(size=shape) * 0
        found.append(((rng.normal(size=pooled if of_windows else shape), rng.normal(size=pooled) * 0, x), about))
    return found


def _largest() -> list[Operator]:
    row = [[[1.0, 3.0, 3.0, 2.0]]]
    two: dict[str, Any] = {"kernel_size": 2}
    return [
        Operator("max_pool", "z = the largest x of each window",
                 axes=map_first(), forward=_max_pool, backward={"x": _max_pool_dx},
                 kernels={"numpy": f"{KERNELS}:max_pool"}, shape=f"{SHAPES}:max_pool", moves=True,
                 reference=f"{REFERENCES}:max_pool", examples=_max_examples, description=POOL,
                 conventions="slope 1/k each for k equal extremes; NaN for all of a window with a NaN; what is not "
                             "taken gets nothing",
                 special=[((row,), [[[3.0, 3.0]]], ([[[0.0, 1.0, 1.0, 0.0]]],), two),
                          ((row,), [[[3.0, 3.0, 3.0]]], ([[[0.0, 1.5, 1.5, 0.0]]],), {"kernel_size": 2, "stride": 1}),
                          (([[[nan, 1.0, 2.0, 1.0]]],), [[[nan, 2.0]]], ([[[nan, nan, 1.0, 0.0]]],), two),
                          (([[[-inf, -inf]]],), [[[-inf, -inf]]], ([[[1.0, 1.0]]],),
                           {"kernel_size": 2, "padding": 1})]),
        Operator("max_pool_gradient", "z = what g has for each window, in equal shares to its largest x",
                 axes=map_together(),
                 forward=_max_pool_gradient, backward={"g": _max_pool_gradient_dg, "z": None, "x": None},
                 kernels={"numpy": f"{KERNELS}:max_pool_gradient"}, shape=f"{SHAPES}:max_pool_gradient",
                 reference=f"{REFERENCES}:max_pool_gradient", examples=lambda rng: _tied_extremes(rng, True),
                 description=f"The adjoint of max_pool at x, whose value there is z. {POOL}",
                 conventions="which are the largest is constant between jumps: slope 0 in x",
                 special=[(([[[4.0, 5.0]]], [[[3.0, 3.0]]], [[[1.0, 3.0, 3.0, 3.0]]]), [[[0.0, 4.0, 2.5, 2.5]]],
                           ([[[1.0, 1.0]]], None, None), two)]),
        Operator("max_pool_tangent", "z = the mean of h over the largest x of each window",
                 axes=map_together(),
                 forward=_max_pool_tangent, backward={"h": _max_pool_tangent_dh, "z": None, "x": None},
                 kernels={"numpy": f"{KERNELS}:max_pool_tangent"}, shape=f"{SHAPES}:max_pool_tangent",
                 reference=f"{REFERENCES}:max_pool_tangent", examples=lambda rng: _tied_extremes(rng, False),
                 description=f"The derivative of max_pool at x, whose value there is z, along h. {POOL}",
                 conventions="which are the largest is constant between jumps: slope 0 in x",
                 special=[(([[[1.0, 2.0, 3.0, 4.0]]], [[[3.0, 3.0]]], [[[1.0, 3.0, 3.0, 3.0]]]), [[[2.0, 3.5]]],
                           ([[[0.0, 1.0, 0.5, 0.5]]], None, None), two)]),
    ]  # fmt: skip


# --- the mean ---


def _avg_pool(
    xp: Any, x: Any, *, kernel_size: Lengths, stride: Lengths | None = None, padding: Lengths = 0,
    count_include_pad: bool = True,
) -> Any:  # fmt: skip
    return xp.avg_pool(x, kernel_size=kernel_size, stride=stride, padding=padding, count_include_pad=count_include_pad)


def _avg_pool_dx(xp: Any, g: Any, z: Any, x: Any, **attributes: Any) -> Any:
    return xp.avg_pool_gradient(g, shape=xp.shape(x), **attributes)


def _avg_pool_gradient(
    xp: Any, g: Any, *, shape: Shape, kernel_size: Lengths, stride: Lengths | None = None, padding: Lengths = 0,
    count_include_pad: bool = True,
) -> Any:  # fmt: skip
    return xp.avg_pool_gradient(
        g, shape=shape, kernel_size=kernel_size, stride=stride, padding=padding, count_include_pad=count_include_pad
    )


def _avg_pool_gradient_dg(xp: Any, g_: Any, z: Any, g: Any, *, shape: Shape, **attributes: Any) -> Any:
    return xp.avg_pool(g_, **attributes)


def _avg_cases() -> list[tuple[Shape, dict[str, Any]]]:
    return [*POOLS, *[(shape, {**about, "count_include_pad": False}) for shape, about in POOLS if "padding" in about]]


def _avg_examples(rng: Any) -> Sequence[Any]:
    return [((rng.normal(size=shape),), about) for shape, about in _avg_cases()]


def _avg_gradient_examples(rng: Any) -> Sequence[Any]:
    return [((rng.normal(size=_pooled(shape, about)),), {"shape": shape, **about}) for shape, about in _avg_cases()]


def _means() -> list[Operator]:
    row = [[[1.0, 3.0, 5.0, 7.0]]]
    inside: dict[str, Any] = {"kernel_size": 2, "padding": 1, "count_include_pad": False}
    return [
        Operator("avg_pool", "z = the mean of x over each window",
                 axes=map_first(), forward=_avg_pool, backward={"x": _avg_pool_dx},
                 kernels={"numpy": f"{KERNELS}:avg_pool"}, shape=f"{SHAPES}:avg_pool", moves=True,
                 reference=f"{REFERENCES}:avg_pool", examples=_avg_examples,
                 description=f"{POOL} It counts as zeros, unless count_include_pad is false.",
                 special=[((row,), [[[2.0, 6.0]]], ([[[0.5, 0.5, 0.5, 0.5]]],), {"kernel_size": 2}),
                          ((row,), [[[1.0, 4.0, 7.0]]], ([[[1.0, 0.5, 0.5, 1.0]]],), inside)]),
        Operator("avg_pool_gradient", "z = what g has for each window, in equal shares to its elements",
                 axes=map_first_to_shape,
                 forward=_avg_pool_gradient, backward={"g": _avg_pool_gradient_dg},
                 kernels={"numpy": f"{KERNELS}:avg_pool_gradient"}, shape=f"{SHAPES}:avg_pool_gradient", moves=True,
                 reference=f"{REFERENCES}:avg_pool_gradient", examples=_avg_gradient_examples,
                 description=f"The adjoint of avg_pool of a value of this shape. {POOL}",
                 special=[(([[[4.0, 6.0]]],), [[[2.0, 2.0, 3.0, 3.0]]], ([[[1.0, 1.0]]],),
                           {"shape": (1, 1, 4), "kernel_size": 2})]),
    ]  # fmt: skip


def _adaptive_pool(xp: Any, x: Any, *, output_size: Lengths) -> Any:
    return xp.adaptive_avg_pool(x, output_size=output_size)


def _adaptive_pool_dx(xp: Any, g: Any, z: Any, x: Any, *, output_size: Lengths) -> Any:
    return xp.adaptive_avg_pool_gradient(g, shape=xp.shape(x), output_size=output_size)


def _adaptive_pool_gradient(xp: Any, g: Any, *, shape: Shape, output_size: Lengths) -> Any:
    return xp.adaptive_avg_pool_gradient(g, shape=shape, output_size=output_size)


def _adaptive_pool_gradient_dg(xp: Any, g_: Any, z: Any, g: Any, *, shape: Shape, output_size: Lengths) -> Any:
    return xp.adaptive_avg_pool(g_, output_size=output_size)


ADAPTIVE: list[tuple[Shape, Lengths]] = [
    ((2, 2, 7), 3), ((1, 2, 5, 6), (2, 3)), ((2, 1, 4, 3), 1), ((1, 1, 2), 3), ((1, 2, 3, 4, 2), (2, 4, 1)),
    ((0, 2, 4), 2),
]  # fmt: skip


def _adaptive() -> list[Operator]:
    about = "Window i goes from floor(i * n / m) to below ceil((i + 1) * n / m) of the n elements, m = output_size."
    return [
        Operator("adaptive_avg_pool", "z = the means of x over output_size windows along each spatial axis",
                 axes=map_first(),
                 forward=_adaptive_pool, backward={"x": _adaptive_pool_dx},
                 kernels={"numpy": f"{KERNELS}:adaptive_avg_pool"}, shape=f"{SHAPES}:adaptive_avg_pool", moves=True,
                 reference=f"{REFERENCES}:adaptive_avg_pool", description=f"{LAYOUT} {about}",
                 examples=lambda rng: [((rng.normal(size=shape),), {"output_size": size}) for shape, size in ADAPTIVE],
                 special=[(([[[1.0, 3.0, 5.0]]],), [[[2.0, 4.0]]], ([[[0.5, 1.0, 0.5]]],), {"output_size": 2})]),
        Operator("adaptive_avg_pool_gradient", "z = what g has for each window, in equal shares to its elements",
                 axes=map_first_to_shape,
                 forward=_adaptive_pool_gradient, backward={"g": _adaptive_pool_gradient_dg},
                 kernels={"numpy": f"{KERNELS}:adaptive_avg_pool_gradient"},
                 shape=f"{SHAPES}:adaptive_avg_pool_gradient",
                 reference=f"{REFERENCES}:adaptive_avg_pool_gradient", moves=True,
                 description=f"The adjoint of adaptive_avg_pool of a value of this shape. {about}",
                 examples=lambda rng: [
                     ((rng.normal(size=shape[:2] + ((size,) * (len(shape) - 2) if isinstance(size, int) else size)),),
                      {"shape": shape, "output_size": size}) for shape, size in ADAPTIVE],
                 special=[(([[[2.0, 4.0]]],), [[[1.0, 3.0, 2.0]]], ([[[1.0, 1.0]]],),
                           {"shape": (1, 1, 3), "output_size": 2})]),
    ]  # fmt: skip


# --- windows as columns ---


def _unfold(
    xp: Any, x: Any, *, kernel_size: Lengths, stride: Lengths = 1, padding: Lengths = 0, dilation: Lengths = 1
) -> Any:
    return xp.unfold_patches(x, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)


def _unfold_dx(xp: Any, g: Any, z: Any, x: Any, **attributes: Any) -> Any:
    return xp.fold_patches(g, output_size=tuple(xp.shape(x)[2:]), **attributes)


def _fold(
    xp: Any, x: Any, *, output_size: Lengths, kernel_size: Lengths, stride: Lengths = 1, padding: Lengths = 0,
    dilation: Lengths = 1,
) -> Any:  # fmt: skip
    attributes = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    return xp.fold_patches(x, output_size=output_size, **attributes)


def _fold_dx(xp: Any, g: Any, z: Any, x: Any, *, output_size: Lengths, **attributes: Any) -> Any:
    return xp.unfold_patches(g, **attributes)


FOLDS: list[tuple[Shape, Shape, dict[str, Any]]] = [
    ((2, 2, 5), (2, 6, 3), {"kernel_size": 3}), ((1, 2, 4, 5), (1, 8, 12), {"kernel_size": 2}),
    ((1, 2, 5, 4), (1, 12, 12), {"kernel_size": (3, 2), "stride": (2, 1), "padding": (2, 0), "dilation": (1, 1)}),
    ((1, 1, 1), (1, 1, 1), {"kernel_size": 1}), ((1, 1, 3, 2, 3), (1, 8, 4), {"kernel_size": 2}),
    ((0, 2, 4), (0, 4, 3), {"kernel_size": 2}), ((1, 2, 7), (1, 4, 5), {"kernel_size": 2, "dilation": 2}),
]  # fmt: skip


def _columns() -> list[Operator]:
    return [
        Operator("unfold_patches", "z[n, (c, k), i] = x[n, c, stride * i + dilation * k - padding]",
                 axes=map_first(),
                 forward=_unfold, backward={"x": _unfold_dx}, kernels={"numpy": f"{KERNELS}:unfold"},
                 shape=f"{SHAPES}:unfold", moves=True, takes="any", reference=f"{REFERENCES}:unfold",
                 examples=lambda rng: [((rng.normal(size=shape),), about) for shape, _, about in FOLDS],
                 description=f"Every window is a column. {LAYOUT}",
                 special=[(([[[1.0, 2.0, 3.0]]],), [[[1.0, 2.0], [2.0, 3.0]]], ([[[1.0, 2.0, 1.0]]],),
                           {"kernel_size": 2})]),
        Operator("fold_patches", "z[n, c, j] = sum of x[n, (c, k), i] over stride * i + dilation * k - padding = j",
                 axes=map_first(),
                 forward=_fold, backward={"x": _fold_dx}, kernels={"numpy": f"{KERNELS}:fold"}, shape=f"{SHAPES}:fold",
                 moves=True, takes="numeric", reference=f"{REFERENCES}:fold",
                 examples=lambda rng: [((rng.normal(size=columns),), {"output_size": shape[2:], **about})
                                       for shape, columns, about in FOLDS],
                 description="The adjoint of unfold_patches: columns are added up where windows overlap. "
                             "output_size is the length along each spatial axis.",
                 special=[(([[[1.0, 2.0], [3.0, 4.0]]],), [[[1.0, 5.0, 4.0]]], ([[[1.0, 1.0], [1.0, 1.0]]],),
                           {"output_size": (3,), "kernel_size": 2})]),
    ]  # fmt: skip
