"""Normalisation: each value less the mean of its group, over the root of the group's mean square."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow.operators import Operator

Shape = tuple[int, ...]
Axes = int | tuple[int, ...]

KERNELS = "dataflow_nn.kernels.normalization"
SHAPES = "dataflow_nn.shapes.normalization"
REFERENCES = "dataflow_nn.kernels.normalization_references"
LAYOUT = "x is [batch, channels, any further axes]; weight and bias, which may be left out, are [channels]."
EQUAL = "0, before weight and bias, where all elements of a group are equal"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_cores(), *_over_axes(), *_over_channels()]


# --- what all rest on ---


def _normalize(
    xp: Any, x: Any, weight: Any = None, bias: Any = None, *, axis: Axes, epsilon: float = 1e-5, centered: bool = True
) -> Any:
    return xp.normalize(x, weight, bias, axis=axis, epsilon=epsilon, centered=centered)


def _normalize_rules(xp: Any, g: Any, z: Any, x: Any, weight: Any, bias: Any, **attributes: Any) -> dict[str, Any]:
    dx, dweight, dbias = xp.normalize_gradient(g, x, weight, **attributes)
    found = {"x": dx, "weight": dweight, "bias": dbias}
    if bias is not None and (weight is None or xp.shape(weight) != xp.shape(bias)):
        found["bias"] = _sum_to(xp, g, xp.shape(bias))
    return found


def _normalize_gradient(
    xp: Any, g: Any, x: Any, weight: Any = None, *, axis: Axes, epsilon: float = 1e-5, centered: bool = True
) -> Any:
    return xp.normalize_gradient(g, x, weight, axis=axis, epsilon=epsilon, centered=centered)


def _sum_to(xp: Any, x: Any, shape: Shape) -> Any:
    """`x` summed over the axes that have length 1 in `shape`."""
    axes = tuple(axis for axis, length in enumerate(shape) if length == 1)
    return xp.sum(x, axis=axes, keepdims=True) if axes else x


def _normalize_gradient_rules(
    xp: Any, g_: Any, z: Any, g: Any, x: Any, weight: Any, *, axis: Axes, epsilon: float, centered: bool
) -> dict[str, Any]:
    """With y = normalize(x), scale its factor and P(v) = v - mean(v) - y * mean(v * y): dx = scale * P(g * weight)."""
    h, u, v = g_
    about: dict[str, Any] = {"axis": axis, "epsilon": epsilon, "centered": centered}

    def mean(values: Any) -> Any:
        return xp.mean(values, axis=axis, keepdims=True)

    middle = mean(x) if centered else 0.0
    scale = 1 / xp.sqrt(mean(xp.square(x - middle)) + epsilon)
    y = (x - middle) * scale
    given = g if weight is None else g * weight
    moved = z[0] / scale
    back = xp.normalize_gradient(h, x, None, **about)[0]
    product = mean(h * given) - mean(h * y) * mean(given * y)
    if centered:
        product = product - mean(h) * mean(given)
    dx = -scale * (scale * y * product + mean(given * y) * back + mean(h * y) * (scale * moved))
    if weight is None:
        return {"g": back, "x": dx, "weight": None}
    dx = dx + xp.normalize_gradient(u * g, x, None, **about)[0]
    return {"g": weight * back + u * y + v, "x": dx, "weight": _sum_to(xp, g * back, xp.shape(weight))}


def _scale(xp: Any, x: Any, axis: Axes, epsilon: float, centered: bool) -> tuple[Any, Any]:
    """x normalised, and the factor that did it, in operators of which each maps along an axis or reduces it."""
    moved = x - xp.mean(x, axis=axis, keepdims=True) if centered else x
    factor = 1 / xp.sqrt(xp.mean(xp.square(moved), axis=axis, keepdims=True) + epsilon)
    return moved * factor, factor


def _normalize_parts(xp: Any, x: Any, weight: Any, bias: Any, *, axis: Axes, epsilon: float, centered: bool) -> Any:
    y, _ = _scale(xp, x, axis, epsilon, centered)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _normalize_gradient_parts(
    xp: Any, g: Any, x: Any, weight: Any, *, axis: Axes, epsilon: float, centered: bool
) -> Any:
    y, factor = _scale(xp, x, axis, epsilon, centered)
    given = g if weight is None else g * weight
    dx = given - y * xp.mean(given * y, axis=axis, keepdims=True)
    if centered:
        dx = dx - xp.mean(given, axis=axis, keepdims=True)
    if weight is None:
        nothing = xp.zeros_like(xp.sum(x, axis=tuple(range(xp.ndim(x))), keepdims=True))
        return factor * dx, nothing, nothing
    return factor * dx, _sum_to(xp, g * y, xp.shape(weight)), _sum_to(xp, g, xp.shape(weight))


Case = tuple[Shape, Shape | None, dict[str, Any]]

CASES: list[Case] = [
    ((3, 5), (1, 5), {"axis": -1}), ((3, 5), None, {"axis": 0}), ((2, 3, 4), (1, 3, 1), {"axis": (0, 2)}),
    ((2, 3, 4), (1, 3, 4), {"axis": (1, -1), "epsilon": 0.1}), ((6,), (6,), {"axis": 0, "centered": False}),
    ((2, 3, 4), (1, 1, 4), {"axis": -1, "centered": False}), ((2, 2, 3, 4), (1, 2, 3, 1), {"axis": (2, 3)}),
    ((1, 1), (1, 1), {"axis": 1, "epsilon": 0.5}), ((0, 3), (1, 3), {"axis": 1}), ((2, 3), (2, 3), {"axis": 1}),
]  # fmt: skip


def _core_examples(rng: Any) -> Sequence[Any]:
    found: list[Any] = []
    for shape, weight, about in CASES:
        more = () if weight is None else (rng.normal(size=weight), rng.normal(size=weight))
        found.append(((rng.normal(size=shape), *more), about))
    return found


def _gradient_examples(rng: Any) -> Sequence[Any]:
    return [((rng.normal(size=inputs[0].shape), *inputs[:2]), about) for inputs, about in _core_examples(rng)]


def _cores() -> list[Operator]:
    zero: dict[str, Any] = {"axis": 0, "epsilon": 0.0}
    return [
        Operator("normalize", "z = (x - mean of x) / (mean of (x - mean of x) ** 2 + epsilon) ** (1/2) * weight + bias",
                 axes="dataflow_nn.treatments.layers:normalize", composition=_normalize_parts,
                 forward=_normalize, backward=_normalize_rules, kernels={"numpy": f"{KERNELS}:normalize"},
                 shape=f"{SHAPES}:normalize", reference=f"{REFERENCES}:normalize", examples=_core_examples,
                 description="Means over axis, one or several. weight and bias, which may be left out, have the axes "
                             "of x, each as long or of length 1. With centered false the mean is not subtracted.",
                 conventions=EQUAL,
                 special=[(([1.0, 3.0], [2.0, 3.0], [4.0, 5.0]), [2.0, 8.0],
                           ([0.0, 0.0], [-1.0, 1.0], [1.0, 1.0]), zero),
                          (([2.0, 2.0],), [0.0, 0.0], ([0.0, 0.0],), {"axis": 0})]),
        Operator("normalize_gradient", "dx, dweight, dbias = the adjoints of normalize at x and weight, at g",
                 composition=_normalize_gradient_parts,
                 forward=_normalize_gradient, backward=_normalize_gradient_rules,
                 kernels={"numpy": f"{KERNELS}:normalize_gradient"}, shape=f"{SHAPES}:normalize_gradient",
                 outputs=("dx", "dweight", "dbias"),
                 reference=f"{REFERENCES}:normalize_gradient", examples=_gradient_examples,
                 description="dbias is that of a bias in the shape of weight; without a weight both are 0.",
                 special=[(([1.0, 2.0], [1.0, 3.0], [2.0, 3.0]), ([0.0, 0.0], [-1.0, 2.0], [1.0, 2.0]),
                           ([0.0, 2.0], [0.0, 0.0], [0.0, 0.0]), zero)]),
    ]  # fmt: skip


# --- over axes that are named ---


def _places(xp: Any, x: Any, axis: Axes) -> tuple[int, ...]:
    from dataflow_nn.shapes.normalization import list_places

    return list_places(xp.shape(x), axis)


def _place_weight(xp: Any, x: Any, weight: Any, axes: tuple[int, ...], name: str) -> Any:
    """A weight of the lengths of some axes of x, so that it broadcasts against x."""
    if weight is None:
        return None
    shape = xp.shape(x)
    lengths = [shape[axis] for axis in axes]
    if list(xp.shape(weight)) != lengths:
        from dataflow.shapes import match_shapes

        needed = f"x of shape {list(shape)} needs {lengths}"
        match_shapes(xp.shape(weight), tuple(lengths), f"{name} has the shape {list(xp.shape(weight))}, and {needed}")
    return xp.reshape(weight, shape=tuple(length if axis in axes else 1 for axis, length in enumerate(shape)))


def _layer_norm(
    xp: Any, x: Any, weight: Any = None, bias: Any = None, *, axis: Axes = -1, epsilon: float = 1e-5
) -> Any:
    axes = _places(xp, x, axis)
    weight, bias = (_place_weight(xp, x, *item) for item in ((weight, axes, "weight"), (bias, axes, "bias")))
    return xp.normalize(x, weight, bias, axis=axes, epsilon=epsilon, centered=True)


def _rms_norm(xp: Any, x: Any, weight: Any = None, *, axis: Axes = -1, epsilon: float = 1e-6) -> Any:
    axes = _places(xp, x, axis)
    weight = _place_weight(xp, x, weight, axes, "weight")
    return xp.normalize(x, weight, None, axis=axes, epsilon=epsilon, centered=False)


def _axis_examples(inputs: int) -> Any:
    cases: list[Case] = [
        ((3, 5), (5,), {}), ((2, 3, 4), (3, 4), {"axis": (-2, -1)}), ((2, 3, 4), (2,), {"axis": 0, "epsilon": 0.1}),
        ((5,), (5,), {}), ((1, 1), (1,), {"epsilon": 0.5}), ((0, 3), (3,), {}), ((3, 4), None, {}),
    ]  # fmt: skip
    return lambda rng: [
        ((rng.normal(size=shape), *(rng.normal(size=weight) for _ in range(inputs if weight else 0))), about)
        for shape, weight, about in cases
    ]


def _over_axes() -> list[Operator]:
    return [
        Operator("layer_norm", "z = (x - mean of x) / (variance of x + epsilon) ** (1/2) * weight + bias, over axis",
                 forward=_layer_norm, examples=_axis_examples(2), reference=f"{REFERENCES}:layer_norm",
                 description="weight and bias, which may be left out, have the lengths of axis.", conventions=EQUAL,
                 source="Ba, Kiros and Hinton, Layer normalization (2016), https://arxiv.org/abs/1607.06450",
                 special=[(([1.0, 3.0], [2.0, 3.0], [4.0, 5.0]), [2.0, 8.0],
                           ([0.0, 0.0], [-1.0, 1.0], [1.0, 1.0]), {"epsilon": 0.0}),
                          (([2.0, 2.0],), [0.0, 0.0], ([0.0, 0.0],))]),
        Operator("rms_norm", "z = x / (mean of x ** 2 + epsilon) ** (1/2) * weight, over axis",
                 forward=_rms_norm, examples=_axis_examples(1), reference=f"{REFERENCES}:rms_norm",
                 description="weight, which may be left out, has the lengths of axis.",
                 source="Zhang and Sennrich, Root mean square layer normalization (2019), "
                        "https://arxiv.org/abs/1910.07467",
                 special=[(([1.0, 7.0], [5.0, 10.0]), [1.0, 14.0], ([0.7, -0.1], [0.2, 1.4]), {"epsilon": 0.0}),
                          (([0.0, 0.0],), [0.0, 0.0], ([1.0, 1.0],), {"epsilon": 1.0})]),
    ]  # fmt: skip


# --- over all axes but that of the channels, or groups of channels ---


def _check_channels(xp: Any, x: Any, weights: dict[str, Any]) -> Any:
    """How many channels x has. Raises `ValueError` if a weight has not as many."""
    from dataflow_nn.shapes.normalization import check_channels

    shapes = {name: None if item is None else xp.shape(item) for name, item in weights.items()}
    channels: Any = check_channels(xp.shape(x), shapes)
    return channels


def _group_norm(
    xp: Any, x: Any, weight: Any = None, bias: Any = None, *, num_groups: int, epsilon: float = 1e-5
) -> Any:
    channels = _check_channels(xp, x, {"weight": weight, "bias": bias})
    if num_groups < 1 or channels % num_groups:
        raise ValueError(f"{channels} channels do not fall into {num_groups} groups")
    batch, _, *further = xp.shape(x)
    shape = (batch, num_groups, channels // num_groups, *further)
    affine = (1, num_groups, channels // num_groups, *(1,) * len(further))
    weight, bias = (None if item is None else xp.reshape(item, shape=affine) for item in (weight, bias))
    axes = tuple(range(2, len(shape)))
    z = xp.normalize(xp.reshape(x, shape=shape), weight, bias, axis=axes, epsilon=epsilon, centered=True)
    return xp.reshape(z, shape=xp.shape(x))


def _instance_norm(xp: Any, x: Any, weight: Any = None, bias: Any = None, *, epsilon: float = 1e-5) -> Any:
    if xp.ndim(x) < 3:
        raise ValueError(f"x has the shape {list(xp.shape(x))}: it needs [batch, channels, spatial axes]")
    _check_channels(xp, x, {"weight": weight, "bias": bias})
    weight, bias = (_place_weight(xp, x, *item) for item in ((weight, (1,), "weight"), (bias, (1,), "bias")))
    return xp.normalize(x, weight, bias, axis=tuple(range(2, xp.ndim(x))), epsilon=epsilon, centered=True)


def _batch_norm(
    xp: Any, x: Any, weight: Any = None, bias: Any = None, running_mean: Any = None, running_var: Any = None, *,
    epsilon: float = 1e-5,
) -> Any:  # fmt: skip
    named = {"weight": weight, "bias": bias, "running_mean": running_mean, "running_var": running_var}
    _check_channels(xp, x, named)
    weight, bias, mean, var = (_place_weight(xp, x, item, (1,), name) for name, item in named.items())
    if (mean is None) != (var is None):
        raise ValueError("running_mean and running_var are given both or neither")
    if mean is None:
        axes = (0, *range(2, xp.ndim(x)))
        return xp.normalize(x, weight, bias, axis=axes, epsilon=epsilon, centered=True)
    scale = 1 / xp.sqrt(var + epsilon)
    z = (x - mean) * (scale if weight is None else scale * weight)
    return z if bias is None else z + bias


def _channel_examples(cases: list[tuple[Shape, int, dict[str, Any]]]) -> Any:
    """Examples with none, one or two weights of the channels, and with running statistics if there are four."""

    def examples(rng: Any) -> Sequence[Any]:
        found: list[Any] = []
        for shape, count, about in cases:
            weights = [rng.normal(size=shape[1]) for _ in range(count)]
            found.append(((rng.normal(size=shape), *weights[:3], *(item * item + 0.3 for item in weights[3:])), about))
        return found

    return examples


GROUPS: list[tuple[Shape, int, dict[str, Any]]] = [
    ((2, 4, 3), 2, {"num_groups": 2}), ((1, 6, 2, 2), 0, {"num_groups": 3}), ((3, 4), 2, {"num_groups": 1}),
    ((2, 2, 3), 1, {"num_groups": 1, "epsilon": 0.1}), ((0, 2, 3), 2, {"num_groups": 1}),
]  # fmt: skip


def _over_channels() -> list[Operator]:
    halves = [[[1.0, 3.0], [2.0, 2.0]]]
    return [
        Operator("batch_norm", "z = (x - mean) / (variance + epsilon) ** (1/2) * weight + bias, for each channel",
                 forward=_batch_norm, reference=f"{REFERENCES}:batch_norm",
                 examples=_channel_examples([((4, 3), 2, {}), ((2, 3, 4), 2, {}), ((2, 2, 2, 3), 0, {"epsilon": 0.1}),
                                             ((3, 2, 4), 4, {}), ((1, 1), 2, {"epsilon": 0.5}), ((5, 2), 1, {})]),
                 description=f"{LAYOUT} With running_mean and running_var, both or neither, these are the mean and "
                             "the variance; without them those of the batch are, the latter over the number of "
                             "elements. It is a function of its inputs alone: nothing is kept from run to run.",
                 conventions=EQUAL,
                 source="Ioffe and Szegedy, Batch normalization: accelerating deep network training by reducing "
                        "internal covariate shift (2015), https://arxiv.org/abs/1502.03167",
                 special=[(([[1.0], [3.0]], [2.0], [4.0]), [[2.0], [6.0]], ([[0.0], [0.0]], [0.0], [2.0]),
                           {"epsilon": 0.0}),
                          (([[1.0]], [2.0], [4.0], [-1.0], [4.0]), [[6.0]], ([[1.0]], [1.0], [1.0], [-1.0], [-0.25]),
                           {"epsilon": 0.0}),
                          (([[2.0], [2.0]],), [[0.0], [0.0]], ([[0.0], [0.0]],))]),
        Operator("group_norm", "z = (x - mean) / (variance + epsilon) ** (1/2) * weight + bias, for each group",
                 forward=_group_norm, shape=f"{SHAPES}:group_norm", examples=_channel_examples(GROUPS),
                 reference=f"{REFERENCES}:group_norm",
                 description=f"{LAYOUT} The channels of each sample fall into num_groups groups, one after the other.",
                 conventions=EQUAL,
                 source="Wu and He, Group normalization (2018), https://arxiv.org/abs/1803.08494",
                 special=[((halves, [2.0, 2.0], [1.0, 0.0]), [[[-1.0, 3.0], [0.0, 0.0]]],
                           ([[[0.0, 0.0], [0.0, 0.0]]], [0.0, 0.0], [2.0, 2.0]), {"num_groups": 2, "epsilon": 1e-30})]),
        Operator("instance_norm", "z = (x - mean) / (variance + epsilon) ** (1/2) * weight + bias, for each image",
                 forward=_instance_norm, reference=f"{REFERENCES}:instance_norm",
                 examples=_channel_examples([((2, 3, 4), 2, {}), ((1, 2, 2, 3), 0, {}), ((0, 2, 3), 2, {}),
                                             ((2, 1, 5), 1, {"epsilon": 0.1})]),
                 description=f"{LAYOUT} Means over the further axes, of each channel of each sample.",
                 conventions=EQUAL,
                 source="Ulyanov, Vedaldi and Lempitsky, Instance normalization (2016), "
                        "https://arxiv.org/abs/1607.08022",
                 special=[((halves, [2.0, 2.0], [1.0, 0.0]), [[[-1.0, 3.0], [0.0, 0.0]]],
                           ([[[0.0, 0.0], [0.0, 0.0]]], [0.0, 0.0], [2.0, 2.0]), {"epsilon": 1e-30})]),
    ]  # fmt: skip
