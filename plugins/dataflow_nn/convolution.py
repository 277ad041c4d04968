"""Convolutions and their adjoints: three bilinear operators whose rules are each other. Layout: channels first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from dataflow.axes import map_first, map_first_to_shape
from dataflow.operators import Operator

Shape = tuple[int, ...]
Lengths = int | tuple[int, ...]
Padding = int | tuple[int, ...] | Literal["same", "valid"]

KERNELS = "dataflow_nn.kernels.convolution"
SHAPES = "dataflow_nn.shapes.convolution"
REFERENCES = "dataflow_nn.kernels.convolution_references"
SOURCE = (
    "Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), https://arxiv.org/abs/1603.07285"
)
LAYOUT = (
    "x is [batch, channels, 1 to 3 spatial axes], weight [out, in / groups, kernel]. stride, padding and dilation are "
    'one number, or one for each spatial axis; padding may be "same" (with stride 1; where it is odd in all the one '
    'more is at the end) or "valid".'
)


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_forward(), *_adjoints()]


def _conv(
    xp: Any, x: Any, weight: Any, bias: Any = None, *, stride: Lengths = 1, padding: Padding = 0,
    dilation: Lengths = 1, groups: int = 1,
) -> Any:  # fmt: skip
    return xp.conv(x, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)


def _conv_dx(xp: Any, g: Any, z: Any, x: Any, weight: Any, bias: Any, **attributes: Any) -> Any:
    return xp.conv_input_gradient(g, weight, shape=xp.shape(x), **attributes)


def _conv_dweight(xp: Any, g: Any, z: Any, x: Any, weight: Any, bias: Any, **attributes: Any) -> Any:
    return xp.conv_weight_gradient(g, x, shape=xp.shape(weight), **attributes)


def _conv_dbias(xp: Any, g: Any, z: Any, x: Any, weight: Any, bias: Any, **attributes: Any) -> Any:
    return xp.sum(g, axis=(0, *range(2, xp.ndim(g))))


def _input_gradient(
    xp: Any, g: Any, weight: Any, *, shape: Shape, stride: Lengths = 1, padding: Padding = 0, dilation: Lengths = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    return xp.conv_input_gradient(
        g, weight, shape=shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


def _input_gradient_dg(xp: Any, g_: Any, z: Any, g: Any, weight: Any, *, shape: Shape, **attributes: Any) -> Any:
    return xp.conv(g_, weight, **attributes)


def _input_gradient_dweight(xp: Any, g_: Any, z: Any, g: Any, weight: Any, *, shape: Shape, **attributes: Any) -> Any:
    return xp.conv_weight_gradient(g, g_, shape=xp.shape(weight), **attributes)


def _weight_gradient(
    xp: Any, g: Any, x: Any, *, shape: Shape, stride: Lengths = 1, padding: Padding = 0, dilation: Lengths = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    return xp.conv_weight_gradient(g, x, shape=shape, stride=stride, padding=padding, dilation=dilation, groups=groups)


def _weight_gradient_dg(xp: Any, g_: Any, z: Any, g: Any, x: Any, *, shape: Shape, **attributes: Any) -> Any:
    return xp.conv(x, g_, **attributes)


def _weight_gradient_dx(xp: Any, g_: Any, z: Any, g: Any, x: Any, *, shape: Shape, **attributes: Any) -> Any:
    return xp.conv_input_gradient(g, g_, shape=xp.shape(x), **attributes)


def _conv_transpose(
    xp: Any, x: Any, weight: Any, bias: Any = None, *, stride: Lengths = 1, padding: Lengths = 0,
    output_padding: Lengths = 0, dilation: Lengths = 1, groups: int = 1,
) -> Any:  # fmt: skip
    from dataflow_nn.shapes.convolution import measure_transposed

    attributes: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    shape = measure_transposed(xp.shape(x), xp.shape(weight), output_padding, **attributes)
    z = xp.conv_input_gradient(x, weight, shape=shape, **attributes)
    if bias is None:
        return z
    if xp.shape(bias) != shape[1:2]:
        from dataflow_nn.shapes.convolution import check_bias

        check_bias(xp.shape(bias), shape[1])
    return z + xp.reshape(bias, shape=(shape[1], *(1,) * (len(shape) - 2)))


def _per_axis(value: Any, count: int) -> tuple[int, ...]:
    return (value,) * count if isinstance(value, int) else tuple(value)


Case = tuple[Shape, Shape, dict[str, Any]]

CASES: list[Case] = [
    ((2, 3, 7), (4, 3, 3), {}), ((1, 2, 8), (3, 2, 3), {"stride": 2, "padding": 1, "dilation": 2}),
    ((2, 2, 6), (2, 2, 4), {"padding": "same"}), ((1, 1, 1), (1, 1, 1), {}), ((0, 2, 4), (3, 2, 2), {}),
    ((2, 3, 5, 6), (4, 3, 3, 3), {"padding": 1}), ((2, 3, 5, 6), (4, 3, 1, 1), {}),
    ((1, 4, 7, 6), (6, 2, 3, 2), {"groups": 2, "stride": (2, 1), "padding": (1, 0)}),
    ((2, 3, 6, 5), (6, 1, 3, 3), {"groups": 3, "padding": 1}), ((1, 2, 6, 5), (2, 2, 2, 3), {"padding": "same"}),
    ((2, 1, 9, 8), (5, 1, 3, 3), {"stride": 2, "padding": (0, 1), "dilation": (1, 2)}),
    ((1, 2, 5, 5), (2, 2, 2, 2), {"padding": 3, "stride": 3}), ((1, 2, 4, 4), (2, 2, 1, 1), {"padding": 2}),
    ((1, 2, 4, 3, 5), (3, 2, 2, 3, 2), {"padding": (1, 1, 0), "stride": (1, 1, 2)}),
    ((1, 2, 5), (2, 2, 3), {"padding": "valid"}),
]  # fmt: skip


def _conv_examples(rng: Any) -> Sequence[Any]:
    found = [((rng.normal(size=x), rng.normal(size=weight), rng.normal(size=weight[0])), about)
             for x, weight, about in CASES]  # fmt: skip
    return [*found, ((rng.normal(size=(2, 3, 5)), rng.normal(size=(4, 3, 2))), {})]


def _places(x: Shape, weight: Shape, about: dict[str, Any]) -> Shape:
    """The shape of a convolution's result."""
    kernel, count, pads = weight[2:], len(weight) - 2, about.get("padding", 0)
    steps, gaps = (_per_axis(about.get(name, 1), count) for name in ("stride", "dilation"))
    if pads == "same":
        return (x[0], weight[0], *x[2:])
    pads = (0,) * count if pads == "valid" else _per_axis(pads, count)
    lengths = zip(x[2:], kernel, steps, gaps, pads, strict=True)
    return (x[0], weight[0], *((n + 2 * pad - gap * (k - 1) - 1) // step + 1 for n, k, step, gap, pad in lengths))


def _input_gradient_examples(rng: Any) -> Sequence[Any]:
    return [((rng.normal(size=_places(x, weight, about)), rng.normal(size=weight)), {"shape": x, **about})
            for x, weight, about in CASES]  # fmt: skip


def _weight_gradient_examples(rng: Any) -> Sequence[Any]:
    return [((rng.normal(size=_places(x, weight, about)), rng.normal(size=x)), {"shape": weight, **about})
            for x, weight, about in CASES]  # fmt: skip


def _transpose_examples(rng: Any) -> Sequence[Any]:
    cases: list[Case] = [
        ((2, 3, 4), (3, 2, 3), {}), ((1, 2, 3), (2, 3, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
        ((1, 2, 3, 4), (2, 3, 3, 2), {"stride": (2, 1), "dilation": 2}), ((1, 1, 1), (1, 1, 1), {}),
        ((1, 4, 3, 3), (4, 2, 2, 2), {"groups": 2, "stride": 2}), ((1, 2, 2, 3, 2), (2, 1, 2, 2, 3), {"padding": 1}),
        ((0, 2, 3), (2, 3, 3), {}),
    ]  # fmt: skip
    found = [((rng.normal(size=x), rng.normal(size=weight), rng.normal(size=weight[1] * about.get("groups", 1))), about)
             for x, weight, about in cases]  # fmt: skip
    return [*found, ((rng.normal(size=(1, 2, 3)), rng.normal(size=(2, 1, 2))), {})]


def _forward() -> list[Operator]:
    return [
        Operator("conv", "z[n, o, i] = sum of x[n, c, stride * i + dilation * k - padding] * weight[o, c, k] + bias[o]",
                 axes=map_first(),
                 forward=_conv, backward={"x": _conv_dx, "weight": _conv_dweight, "bias": _conv_dbias},
                 kernels={"numpy": f"{KERNELS}:conv"}, shape=f"{SHAPES}:conv", reference=f"{REFERENCES}:conv",
                 examples=_conv_examples,
                 description="Convolution as networks know it: cross-correlation, the kernel is not turned round. "
                             f"{LAYOUT}",
                 source=SOURCE,
                 special=[(([[[1.0, 2.0, 3.0]]], [[[10.0, 1.0]]], [0.5]), [[[12.5, 23.5]]],
                           ([[[10.0, 11.0, 1.0]]], [[[3.0, 5.0]]], [2.0]))]),
        Operator("conv_transpose", "z = the adjoint of conv, in its x, at x, + bias",
                 forward=_conv_transpose, shape=f"{SHAPES}:conv_transpose", reference=f"{REFERENCES}:conv_transpose",
                 examples=_transpose_examples,
                 description="Transposed convolution: every element of x adds a multiple of the kernel. weight is "
                             "[in, out / groups, kernel]; the result is (n - 1) * stride - 2 * padding + dilation * "
                             "(kernel - 1) + output_padding + 1 long.",
                 source=f"{SOURCE}, chapter 4",
                 special=[(([[[1.0, 2.0]]], [[[10.0, 1.0]]], [0.5]), [[[10.5, 21.5, 2.5]]],
                           ([[[11.0, 11.0]]], [[[3.0, 3.0]]], [3.0]))]),
    ]  # fmt: skip


def _adjoints() -> list[Operator]:
    return [
        Operator("conv_input_gradient", "z = the adjoint of conv in its x, of this shape, at g",
                 axes=map_first_to_shape,
                 forward=_input_gradient, backward={"g": _input_gradient_dg, "weight": _input_gradient_dweight},
                 kernels={"numpy": f"{KERNELS}:conv_input_gradient"}, shape=f"{SHAPES}:conv_input_gradient",
                 examples=_input_gradient_examples,
                 reference=f"{REFERENCES}:conv_input_gradient", description=f"g has the shape of the result. {LAYOUT}",
                 source=f"{SOURCE}, chapter 4",
                 special=[(([[[1.0, 2.0]]], [[[10.0, 1.0]]]), [[[10.0, 21.0, 2.0]]],
                           ([[[11.0, 11.0]]], [[[3.0, 3.0]]]), {"shape": (1, 1, 3)})]),
        Operator("conv_weight_gradient", "z = the adjoint of conv in its weight, of this shape, at g",
                 axes="dataflow_nn.treatments.layers:convolve_weight",
                 forward=_weight_gradient, backward={"g": _weight_gradient_dg, "x": _weight_gradient_dx},
                 kernels={"numpy": f"{KERNELS}:conv_weight_gradient"}, shape=f"{SHAPES}:conv_weight_gradient",
                 examples=_weight_gradient_examples,
                 reference=f"{REFERENCES}:conv_weight_gradient", description=f"g has the shape of the result. {LAYOUT}",
                 source=SOURCE,
                 special=[(([[[1.0, 2.0]]], [[[1.0, 2.0, 3.0]]]), [[[5.0, 8.0]]],
                           ([[[3.0, 5.0]]], [[[1.0, 3.0, 2.0]]]), {"shape": (1, 1, 2)})]),
    ]  # fmt: skip
