"""Smooth activations: sigmoid, softplus, what is made of them, and gated units.

Where a slope has a factor 1 - sigmoid(x), it is written as sigmoid(-x) wherever its own digits matter: the difference
has none left for large x.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, nan, pi
from typing import Any, Literal

from dataflow.operators import Operator

Approximation = Literal["none", "tanh"]
ROOT_TWO_PI = (2 * pi) ** 0.5
TWO_ROOT_TWO_BY_PI = 2 * (2 / pi) ** 0.5
CUBIC = 0.044715
GELU = "Hendrycks and Gimpel, Gaussian Error Linear Units (2016), https://arxiv.org/abs/1606.08415"
SILU = "Elfwing, Uchibe and Doya, Sigmoid-weighted linear units (2018), https://arxiv.org/abs/1702.03118"
MISH = "Misra, Mish: a self regularized non-monotonic activation function (2019), https://arxiv.org/abs/1908.08681"
GLU = "Dauphin, Fan, Auli and Grangier, section 2 (2017), https://arxiv.org/abs/1612.08083"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_logistic(), *_weighted(), *_gated()]


def _logistic() -> list[Operator]:
    return [
        Operator("sigmoid", "z = 1 / (1 + e ** -x)",
                 forward=lambda xp, x: 1 / (1 + xp.exp(-x)),
                 backward={"x": lambda xp, g, z, x: g * (z * xp.sigmoid(-x))},
                 broadcasts=True, analytic=True,
                 conventions="1 or 0, with slope 0, where e ** x overflows",
                 special=[((0.0,), 0.5, (0.25,)), ((log(3.0),), 0.75, (0.1875,)), ((1000.0,), 1.0, (0.0,)),
                          ((-1000.0,), 0.0, (0.0,)), ((40.0,), 1.0, (4.248354255291589e-18,)), ((nan,), nan, (nan,))]),
        Operator("log_sigmoid", "z = -ln(1 + e ** -x)",
                 forward=lambda xp, x: xp.minimum(x, 0.0) - xp.log1p(xp.exp(-xp.abs(x))),
                 backward={"x": lambda xp, g, z, x: g * xp.sigmoid(-x)},
                 broadcasts=True,
                 conventions="exact where e ** x overflows",
                 special=[((0.0,), -log(2.0), (0.5,)), ((1000.0,), 0.0, (0.0,)), ((-1000.0,), -1000.0, (1.0,)),
                          ((nan,), nan, (nan,))]),
        Operator("softplus", "z = ln(1 + e ** x)",
                 forward=lambda xp, x: xp.maximum(x, 0.0) + xp.log1p(xp.exp(-xp.abs(x))),
                 backward={"x": lambda xp, g, z, x: g * xp.sigmoid(x)},
                 broadcasts=True,
                 conventions="exact where e ** x overflows",
                 special=[((0.0,), log(2.0), (0.5,)), ((1000.0,), 1000.0, (1.0,)), ((-1000.0,), 0.0, (0.0,)),
                          ((nan,), nan, (nan,))]),
        Operator("softsign", "z = x / (1 + |x|)",
                 forward=lambda xp, x: x / (1 + xp.abs(x)),
                 backward={"x": lambda xp, g, z, x: g / xp.square(1 + xp.abs(x))},
                 broadcasts=True,
                 conventions="slope 1 at 0, where it is differentiable; NaN at inf",
                 special=[((1.0,), 0.5, (0.25,)), ((0.0,), 0.0, (1.0,)), ((-3.0,), -0.75, (0.0625,)),
                          ((1e200,), 1.0, (0.0,)), ((nan,), nan, (nan,))]),
    ]  # fmt: skip


def _silu_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    weight = xp.sigmoid(x)
    return g * (weight + z * (1 - weight))


def _gelu(xp: Any, x: Any, *, approximate: Approximation = "none") -> Any:
    if approximate == "none":
        return x * xp.ndtr(x)
    return x * xp.sigmoid(TWO_ROOT_TWO_BY_PI * (x * (1 + CUBIC * _bounded_square(xp, x))))


def _gelu_dx(xp: Any, g: Any, z: Any, x: Any, *, approximate: Approximation) -> Any:
    if approximate == "none":
        return g * (xp.ndtr(x) + x * (xp.exp(-0.5 * x * x) / ROOT_TWO_PI))
    square = _bounded_square(xp, x)
    weight = xp.sigmoid(TWO_ROOT_TWO_BY_PI * (x * (1 + CUBIC * square)))
    return g * (weight + z * (1 - weight) * (TWO_ROOT_TWO_BY_PI * (1 + 3 * CUBIC * square)))


def _bounded_square(xp: Any, x: Any) -> Any:
    """The square of x where it matters: from 1000 on the sigmoid is 0 or 1, and more would end in inf times 0."""
    return xp.minimum(x * x, 1e6)


def _mish_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    """With p = e ** x and n = p * (p + 2), tanh(softplus(x)) is n / (n + 2): from x = 25 on it is 1 to all digits."""
    bounded = xp.minimum(x, 25.0)
    power = xp.exp(bounded)
    n = power * (power + 2)
    return g * ((n + 4 * bounded * (power * (power + 1) / (n + 2))) / (n + 2))


def _gelu_examples(rng: Any) -> Sequence[Any]:
    shapes: list[tuple[int, ...]] = [(), (5,), (2, 3), (1,), (0, 3)]
    return [((2 * rng.normal(size=shape),), {"approximate": name}) for shape in shapes for name in ("none", "tanh")]


def _weighted() -> list[Operator]:
    edge = "0, with slope 0, where e ** x vanishes; NaN at -inf"
    return [
        Operator("silu", "z = x / (1 + e ** -x)",
                 forward=lambda xp, x: x / (1 + xp.exp(-x)), backward={"x": _silu_dx},
                 broadcasts=True, analytic=True, source=SILU,
                 description="Also called swish.", conventions=edge,
                 special=[((0.0,), 0.0, (0.5,)), ((log(3.0),), 0.75 * log(3.0), (0.75 + 0.1875 * log(3.0),)),
                          ((1000.0,), 1000.0, (1.0,)), ((-1000.0,), 0.0, (0.0,)), ((nan,), nan, (nan,))]),
        Operator("gelu", "z = x * the probability that a standard normal variable is at most x",
                 forward=_gelu, backward={"x": _gelu_dx}, broadcasts=True, examples=_gelu_examples, source=GELU,
                 description='With approximate "tanh", z = x / 2 * (1 + tanh(c * (x + 0.044715 * x ** 3))), '
                             "where c * c = 2 / pi.",
                 conventions=edge,
                 special=[((0.0,), 0.0, (0.5,)), ((1.0,), 0.8413447460685429, (1.0833154705876864,)),
                          ((1000.0,), 1000.0, (1.0,)), ((-1000.0,), 0.0, (0.0,)), ((-1e200,), 0.0, (0.0,)),
                          ((nan,), nan, (nan,)), ((0.0,), 0.0, (0.5,), {"approximate": "tanh"}),
                          ((1000.0,), 1000.0, (1.0,), {"approximate": "tanh"}),
                          ((-1000.0,), 0.0, (0.0,), {"approximate": "tanh"}),
                          ((-1e200,), 0.0, (0.0,), {"approximate": "tanh"})]),
        Operator("mish", "z = x * tanh(ln(1 + e ** x))",
                 forward=lambda xp, x: x * xp.tanh(xp.log1p(xp.exp(x))), backward={"x": _mish_dx},
                 broadcasts=True, analytic=True, source=MISH, conventions=edge,
                 special=[((0.0,), 0.0, (0.6,)), ((1000.0,), 1000.0, (1.0,)), ((-1000.0,), 0.0, (0.0,)),
                          ((1e200,), 1e200, (1.0,)), ((nan,), nan, (nan,))]),
    ]  # fmt: skip


def _halve(xp: Any, x: Any, axis: int) -> tuple[Any, Any]:
    """The halves of x along an axis."""
    from dataflow_nn.shapes.activations import check_halves

    check_halves(xp.shape(x), axis)
    first, second = xp.split(x, sections=2, axis=axis)
    return first, second


def _glu(xp: Any, x: Any, *, axis: int = -1) -> Any:
    values, gates = _halve(xp, x, axis)
    return values * xp.sigmoid(gates)


def _glu_dx(xp: Any, g: Any, z: Any, x: Any, *, axis: int) -> Any:
    values, gates = _halve(xp, x, axis)
    weight = xp.sigmoid(gates)
    return xp.concat([g * weight, g * (values * (weight * xp.sigmoid(-gates)))], axis=axis)


def _glu_examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[tuple[int, ...], int]] = [((2,), -1), ((6,), 0), ((3, 4), 1), ((4, 3), 0), ((2, 4, 3), -2),
                                                ((0, 2), -1), ((3, 0), 1)]  # fmt: skip
    return [((rng.normal(size=shape),), {"axis": axis}) for shape, axis in cases]


def _gated() -> list[Operator]:
    return [
        Operator("glu", "z = a * sigmoid(b), where a is the first half of x along axis and b the second",
                 forward=_glu, backward={"x": _glu_dx}, shape="dataflow_nn.shapes.activations:glu",
                 examples=_glu_examples, source=GLU,
                 description="An axis of an odd number of elements is refused.",
                 special=[(([3.0, 0.0],), [1.5], ([0.5, 0.75],)),
                          (([2.0, 2.0, 1000.0, -1000.0],), [2.0, 0.0], ([1.0, 0.0, 0.0, 0.0],))]),
    ]  # fmt: skip
