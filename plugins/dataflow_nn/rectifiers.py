"""Activations in pieces: rectifiers, those with an exponential below 0, hard ones and shrinkage.

At a kink the slope is, of the numbers between the slopes from the left and from the right, the one nearest to 0.
Pieces are joined by `sign`, `maximum` and `minimum`, which hand on NaN and are several times as fast as `where`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import Any

from dataflow.operators import NONZERO, Interval, Operator

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
SLOPE_AT_KINK = "slope 0 at the kinks; NaN at NaN"
RELU6 = "Howard et al., MobileNets (2017), https://arxiv.org/abs/1704.04861"
LEAKY = "Maas, Hannun and Ng, Rectifier nonlinearities improve neural network acoustic models (2013)"
PRELU = "He, Zhang, Ren and Sun, section 2.1 (2015), https://arxiv.org/abs/1502.01852"
ELU = "Clevert, Unterthiner and Hochreiter (2015), https://arxiv.org/abs/1511.07289"
SELU = "Klambauer, Unterthiner, Mayr and Hochreiter (2017), https://arxiv.org/abs/1706.02515"
CELU = "Barron, Continuously differentiable exponential linear units (2017), https://arxiv.org/abs/1704.07483"
HARD = "Howard et al., Searching for MobileNetV3, section 5.2 (2019), https://arxiv.org/abs/1905.02244"
SHRINKAGE = "Donoho and Johnstone, Ideal spatial adaptation by wavelet shrinkage, Biometrika 81 (1994)"

Examples = Callable[[Any], Sequence[tuple[Sequence[Any], Mapping[str, Any]]]]


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_rectifiers(), *_leaky(), *_exponential(), *_hard(), *_shrinking()]


def _but(*kinks: float) -> dict[str, Interval]:
    """All numbers but the kinks."""
    return {"x": Interval(without=kinks)}


def _around(*kinks: float, attributes: Sequence[Mapping[str, Any]] = ({},)) -> Examples:
    """Examples in all pieces, none of them near a kink."""

    def draw(rng: Any, shape: tuple[int, ...]) -> Any:
        x = 4 * rng.normal(size=shape)
        for kink in kinks:
            x = x + 0.3 * (abs(x - kink) < 0.1)
        return x

    shapes: list[tuple[int, ...]] = [(), (9,), (3, 4), (1,), (0, 3)]
    return lambda rng: [((draw(rng, shape),), item) for shape in shapes for item in attributes]


def _rectifiers() -> list[Operator]:
    return [
        # sign(z) is 1 where x was taken, and NaN at NaN.
        Operator("relu", "z = x if x > 0, else 0",
                 forward=lambda xp, x: xp.maximum(x, 0.0),
                 backward={"x": lambda xp, g, z, x: xp.keep(z != 0, g * xp.sign(z))},
                 broadcasts=True, domain={"x": NONZERO},
                 conventions="slope 0 at 0; NaN at NaN",
                 special=[((2.0,), 2.0, (1.0,)), ((-1.0,), 0.0, (0.0,)), ((0.0,), 0.0, (0.0,)), ((nan,), nan, (nan,))]),
        Operator("relu6", "z = 0 if x < 0, 6 if x > 6, else x",
                 forward=lambda xp, x: xp.clip(x, min=0.0, max=6.0),
                 backward={"x": lambda xp, g, z, x: _inside(xp, g * xp.sign(z), x, 0.0, 6.0)},
                 broadcasts=True, examples=_around(0.0, 6.0), domain=_but(0.0, 6.0), source=RELU6,
                 conventions=SLOPE_AT_KINK,
                 special=[((2.0,), 2.0, (1.0,)), ((0.0,), 0.0, (0.0,)), ((6.0,), 6.0, (0.0,)), ((7.0,), 6.0, (0.0,)),
                          ((-1.0,), 0.0, (0.0,)), ((nan,), nan, (nan,))]),
    ]  # fmt: skip


def _inside(xp: Any, g: Any, x: Any, low: float, high: float) -> Any:
    """`g` where x lies between the bounds, or is NaN; at them and beyond, nothing was taken."""
    return xp.keep(xp.logical_not(xp.logical_or(x <= low, x >= high)), g)


def _nearest_to_zero(slope: float) -> float:
    """Of the numbers between a slope from the left and the slope 1 from the right, the one nearest to 0."""
    return min(max(slope, 0.0), 1.0)


def _leaky_relu(xp: Any, x: Any, *, negative_slope: float = 0.01) -> Any:
    return xp.maximum(x, 0.0) + negative_slope * xp.minimum(x, 0.0)


def _leaky_relu_dx(xp: Any, g: Any, z: Any, x: Any, *, negative_slope: float) -> Any:
    if -1 <= negative_slope <= 1:
        return g * xp.maximum(xp.sign(x), negative_slope)
    return g * xp.where(x < 0, negative_slope, xp.maximum(xp.sign(x), _nearest_to_zero(negative_slope)))


def _prelu_dx(xp: Any, g: Any, z: Any, x: Any, weight: Any) -> Any:
    from_zero_on = xp.minimum(xp.maximum(weight, xp.maximum(xp.sign(x), 0.0)), 1.0)
    return g * xp.where(x < 0, weight, from_zero_on)


def _prelu_examples(rng: Any) -> Sequence[Any]:
    shapes: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((), ()), ((5,), ()), ((5,), (5,)), ((2, 3), (3,)), ((2, 3, 4), (3, 1)), ((1,), (1, 1)), ((0, 3), (3,)),
    ]  # fmt: skip
    draws = [(rng.normal(size=shape), rng.normal(size=weight)) for shape, weight in shapes]
    return [((x + 0.3 * (abs(x) < 0.1), weight), {}) for x, weight in draws]


def _leaky() -> list[Operator]:
    slopes: list[dict[str, float]] = [{}, {"negative_slope": 0.3}, {"negative_slope": -0.5}, {"negative_slope": 2.0},
                                      {"negative_slope": -3.0}, {"negative_slope": 0.0}]  # fmt: skip
    return [
        Operator("leaky_relu", "z = x if x > 0, else negative_slope * x",
                 forward=_leaky_relu, backward={"x": _leaky_relu_dx},
                 broadcasts=True, examples=_around(0.0, attributes=slopes), domain={"x": NONZERO}, source=LEAKY,
                 conventions="slope at 0: negative_slope, but 0 if that is below 0, and 1 if it is above 1",
                 special=[((3.0,), 3.0, (1.0,)), ((-2.0,), -1.0, (0.5,), {"negative_slope": 0.5}),
                          ((0.0,), 0.0, (0.01,)), ((0.0,), 0.0, (0.0,), {"negative_slope": -0.5}),
                          ((0.0,), 0.0, (1.0,), {"negative_slope": 2.0}), ((nan,), nan, (nan,)),
                          ((nan,), nan, (nan,), {"negative_slope": 2.0})]),
        Operator("prelu", "z = x if x > 0, else weight * x",
                 forward=lambda xp, x, weight: xp.where(x > 0, x, weight * x),
                 backward={"x": _prelu_dx,
                           "weight": lambda xp, g, z, x, weight: xp.keep(xp.logical_not(x >= 0), g * x)},
                 broadcasts=True, examples=_prelu_examples, domain={"x": NONZERO}, source=PRELU,
                 description="The weight is one number, or broadcasts against x: a number for each column, "
                             "or [channels, 1, 1] numbers for channels before two axes of pixels.",
                 conventions="slope in x at 0: weight, but 0 if that is below 0, and 1 if it is above 1",
                 special=[((-2.0, 0.25), -0.5, (0.25, -2.0)), ((3.0, 0.25), 3.0, (1.0, 0.0)),
                          ((0.0, 0.25), 0.0, (0.25, 0.0)), ((0.0, -0.5), 0.0, (0.0, 0.0)),
                          ((0.0, 2.0), 0.0, (1.0, 0.0)), ((nan, 0.25), nan, (nan, nan))]),
    ]  # fmt: skip


def _elu(xp: Any, x: Any, *, alpha: float = 1.0) -> Any:
    return xp.maximum(x, 0.0) + alpha * xp.expm1(xp.minimum(x, 0.0))


def _elu_dx(xp: Any, g: Any, z: Any, x: Any, *, alpha: float) -> Any:
    power = xp.exp(xp.minimum(x, 0.0))
    if alpha == 1:
        return g * power
    return g * xp.where(x < 0, alpha * power, xp.maximum(xp.sign(x), _nearest_to_zero(alpha)))


def _selu_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    power = xp.exp(xp.minimum(x, 0.0))
    return g * xp.where(x >= 0, SELU_SCALE, (SELU_SCALE * SELU_ALPHA) * power)


def _celu(xp: Any, x: Any, *, alpha: float = 1.0) -> Any:
    if alpha == 0:
        raise ValueError("alpha is not 0, since x is divided by it")
    return xp.maximum(x, 0.0) + alpha * xp.expm1(xp.minimum(x, 0.0) / alpha)


def _celu_dx(xp: Any, g: Any, z: Any, x: Any, *, alpha: float) -> Any:
    return g * xp.exp(xp.minimum(x, 0.0) / alpha)


def _exponential() -> list[Operator]:
    alphas: list[dict[str, float]] = [{}, {"alpha": 0.5}, {"alpha": 2.0}, {"alpha": -0.5}]
    return [
        Operator("elu", "z = x if x > 0, else alpha * (e ** x - 1)",
                 forward=_elu, backward={"x": _elu_dx},
                 broadcasts=True, examples=_around(0.0, attributes=alphas), domain={"x": NONZERO}, source=ELU,
                 conventions="slope at 0: alpha, but 0 if that is below 0, and 1 if it is above 1",
                 special=[((2.0,), 2.0, (1.0,)), ((-1.0,), -0.6321205588285577, (0.36787944117144233,)),
                          ((0.0,), 0.0, (1.0,)), ((0.0,), 0.0, (0.5,), {"alpha": 0.5}),
                          ((0.0,), 0.0, (1.0,), {"alpha": 2.0}), ((0.0,), 0.0, (0.0,), {"alpha": -0.5}),
                          ((1000.0,), 1000.0, (1.0,)), ((-1000.0,), -1.0, (0.0,)), ((nan,), nan, (nan,))]),
        Operator("selu", "z = 1.0507 * (x if x > 0, else 1.6733 * (e ** x - 1))",
                 forward=lambda xp, x: SELU_SCALE * xp.elu(x, alpha=SELU_ALPHA), backward={"x": _selu_dx},
                 broadcasts=True, domain={"x": NONZERO}, source=SELU,
                 description=f"The numbers are {SELU_SCALE} and {SELU_ALPHA}.",
                 conventions="slope 1.0507 at 0",
                 special=[((2.0,), 2 * SELU_SCALE, (SELU_SCALE,)), ((0.0,), 0.0, (SELU_SCALE,)),
                          ((-1000.0,), -1.7580993408473768, (0.0,)), ((nan,), nan, (nan,))]),
        Operator("celu", "z = x if x > 0, else alpha * (e ** (x / alpha) - 1)",
                 forward=_celu, backward={"x": _celu_dx}, broadcasts=True,
                 examples=_around(0.0, attributes=[{}, {"alpha": 0.7}, {"alpha": 3.0}, {"alpha": -5.0}]), source=CELU,
                 domain={"x": NONZERO},
                 description="An alpha of 0 is refused.", conventions="slope 1 at 0, where it is differentiable",
                 special=[((2.0,), 2.0, (1.0,)), ((-2.0,), -1.2642411176571153, (0.36787944117144233,), {"alpha": 2.0}),
                          ((0.0,), 0.0, (1.0,)), ((-1000.0,), -0.5, (0.0,), {"alpha": 0.5}), ((nan,), nan, (nan,))]),
    ]  # fmt: skip


def _hard_tanh(xp: Any, x: Any, *, min: float = -1.0, max: float = 1.0) -> Any:
    return xp.clip(x, min=min, max=max)


def _hard_tanh_dx(xp: Any, g: Any, z: Any, x: Any, *, min: float, max: float) -> Any:
    return _inside(xp, g + 0.0 * z, x, min, max)  # 0 * z: NaN at NaN


def _hard_swish_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    return xp.keep(xp.logical_not(x <= -3), g * xp.where(x >= 3, 1.0, x / 3 + 0.5))


def _hard() -> list[Operator]:
    return [
        Operator("hard_tanh", "z = min if x < min, max if x > max, else x",
                 forward=_hard_tanh, backward={"x": _hard_tanh_dx}, broadcasts=True,
                 examples=_around(-1.0, 1.0, -2.0, 3.0, attributes=[{}, {"min": -2.0, "max": 3.0}]),
                 domain=_but(-1.0, 1.0, -2.0, 3.0), conventions=SLOPE_AT_KINK,
                 special=[((0.5,), 0.5, (1.0,)), ((1.0,), 1.0, (0.0,)), ((-1.0,), -1.0, (0.0,)), ((2.0,), 1.0, (0.0,)),
                          ((2.0,), 2.0, (1.0,), {"min": 0.0, "max": 4.0}), ((nan,), nan, (nan,))]),
        Operator("hard_sigmoid", "z = 0 if x < -3, 1 if x > 3, else x / 6 + 1 / 2",
                 forward=lambda xp, x: xp.clip(x + 3, min=0.0, max=6.0) / 6,
                 backward={"x": lambda xp, g, z, x: _inside(xp, g / 6 + 0.0 * z, x, -3.0, 3.0)},
                 broadcasts=True, examples=_around(-3.0, 3.0), domain=_but(-3.0, 3.0), source=HARD,
                 conventions=SLOPE_AT_KINK,
                 special=[((1.5,), 0.75, (1 / 6,)), ((3.0,), 1.0, (0.0,)), ((-3.0,), 0.0, (0.0,)),
                          ((9.0,), 1.0, (0.0,)), ((nan,), nan, (nan,))]),
        Operator("hard_swish", "z = x * hard_sigmoid(x)",
                 forward=lambda xp, x: x * xp.hard_sigmoid(x), backward={"x": _hard_swish_dx},
                 broadcasts=True, examples=_around(-3.0, 3.0), domain=_but(-3.0, 3.0), source=HARD,
                 conventions="slope 1 at 3, 0 at -3; NaN at -inf",
                 special=[((1.0,), 2 / 3, (5 / 6,)), ((3.0,), 3.0, (1.0,)), ((-3.0,), 0.0, (0.0,)),
                          ((1000.0,), 1000.0, (1.0,)), ((-1000.0,), 0.0, (0.0,)), ((nan,), nan, (nan,))]),
    ]  # fmt: skip


def _check_threshold(lambd: float) -> None:
    if not lambd > 0:
        raise ValueError(f"lambd is above 0, not {lambd}")


def _softshrink(xp: Any, x: Any, *, lambd: float = 0.5) -> Any:
    _check_threshold(lambd)
    return x - xp.clip(x, min=-lambd, max=lambd)


def _hard_shrink(xp: Any, x: Any, *, lambd: float = 0.5) -> Any:
    _check_threshold(lambd)
    return xp.where(xp.abs(x) <= lambd, 0.0, x)


def _shrinking_dx(xp: Any, g: Any, z: Any, x: Any, *, lambd: float) -> Any:
    return xp.keep(z != 0, g * xp.abs(xp.sign(z)))


def _shrinking() -> list[Operator]:
    about: dict[str, Any] = {
        "backward": {"x": _shrinking_dx}, "broadcasts": True, "source": SHRINKAGE,
        "examples": _around(-0.5, 0.5, -2.0, 2.0, attributes=[{}, {"lambd": 2.0}]),
        "domain": _but(-0.5, 0.5, -2.0, 2.0), "description": "lambd is above 0.",
    }  # fmt: skip
    return [
        Operator("softshrink", "z = x - lambd if x > lambd, x + lambd if x < -lambd, else 0",
                 forward=_softshrink, conventions=SLOPE_AT_KINK, **about,
                 special=[((2.0,), 1.5, (1.0,)), ((-2.0,), -1.0, (1.0,), {"lambd": 1.0}), ((0.25,), 0.0, (0.0,)),
                          ((0.5,), 0.0, (0.0,)), ((-0.5,), 0.0, (0.0,)), ((nan,), nan, (nan,))]),
        Operator("hard_shrink", "z = 0 if |x| <= lambd, else x",
                 forward=_hard_shrink, conventions="it jumps at lambd and -lambd, where x is not taken: slope 0 there",
                 **about,
                 special=[((2.0,), 2.0, (1.0,)), ((-2.0,), -2.0, (1.0,), {"lambd": 1.0}), ((0.25,), 0.0, (0.0,)),
                          ((0.5,), 0.0, (0.0,)), ((-0.5,), 0.0, (0.0,)), ((nan,), nan, (nan,))]),
    ]  # fmt: skip
