"""Arithmetic, rounding and selection, element by element. Names and meanings: Python Array API standard 2024.12."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan
from typing import Any, Literal

from dataflow.operators import NONZERO, POSITIVE, Operator, binary, unary

Dtype = Literal[
    "float64", "float32", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool"
]  # fmt: skip


def _zeros(xp: Any, g: Any, *_: Any) -> Any:
    return xp.zeros_like(g)


def _take_larger(xp: Any, g: Any, x: Any, y: Any) -> Any:
    """The cotangent of x where the larger of x and y was chosen: all of it, half of it at a tie, NaN with a NaN."""
    return xp.keep(xp.logical_not(x < y), xp.where(x > y, g, xp.where(x == y, 0.5 * g, nan)))


def _clip(xp: Any, x: Any, *, min: float | None = None, max: float | None = None) -> Any:
    return xp.clip(x, min=min, max=max)


def _clip_dx(xp: Any, g: Any, z: Any, x: Any, *, min: float | None, max: float | None) -> Any:
    inside = True if min is None else xp.logical_not(x <= min)
    if max is not None:
        inside = xp.logical_and(inside, xp.logical_not(x >= max))
    return xp.keep(inside, xp.where(x == x, g, nan))


def _clip_examples(rng: Any) -> Sequence[Any]:
    bounds: list[dict[str, float]] = [{"min": -0.5}, {"max": 0.5}, {"min": -0.5, "max": 0.5}, {}]
    return [((rng.normal(size=shape),), attributes) for shape in [(), (7,), (3, 4)] for attributes in bounds]


def _full_like(xp: Any, x: Any, *, fill_value: float) -> Any:
    return xp.full_like(x, fill_value=fill_value)


def _astype(xp: Any, x: Any, *, dtype: Dtype) -> Any:
    return xp.astype(x, dtype=dtype)


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_arithmetic(), *_signs(), *_powers(), *_rounding(), *_selection(), *_copies()]


def _arithmetic() -> list[Operator]:
    return [
        binary("add", "z = x + y",
               lambda xp, g, z, x, y: g,
               lambda xp, g, z, x, y: g,
               takes="numeric", analytic=True),
        binary("subtract", "z = x - y",
               lambda xp, g, z, x, y: g,
               lambda xp, g, z, x, y: -g,
               takes="numeric", analytic=True),
        binary("multiply", "z = x * y",
               lambda xp, g, z, x, y: g * y,
               lambda xp, g, z, x, y: g * x,
               takes="numeric", analytic=True),
        binary("divide", "z = x / y",
               lambda xp, g, z, x, y: g / y,
               lambda xp, g, z, x, y: -(g / y) * z,
               domain={"y": NONZERO}, analytic=True,
               conventions="1/0 is inf with slopes inf and -inf; 0/0 is NaN with slopes inf and NaN",
               special=[((1.0, 0.0), inf, (inf, -inf)), ((0.0, 0.0), nan, (inf, nan))]),
        binary("floor_divide", "z = floor(x / y)", _zeros, _zeros,
               takes="numeric", domain={"y": NONZERO},
               conventions="gradient 0, at the jumps too; infinite or NaN where y = 0"),
        binary("remainder", "z = x - y * floor(x / y)",
               lambda xp, g, z, x, y: g,
               lambda xp, g, z, x, y: -g * xp.floor_divide(x, y),
               takes="numeric", domain={"y": NONZERO},
               description="The sign is that of y.",
               conventions="slopes 1 and -floor(x / y) everywhere, at the jumps too; NaN where y = 0",
               special=[((3.0, 3.0), 0.0, (1.0, -1.0))]),
    ]  # fmt: skip


def _signs() -> list[Operator]:
    return [
        unary("negative", "z = -x", lambda xp, g, z, x: -g, takes="numeric", analytic=True),
        unary("positive", "z = x", lambda xp, g, z, x: g, takes="numeric", analytic=True),
        unary("abs", "z = |x|", lambda xp, g, z, x: g * xp.sign(x),
              takes="numeric", domain={"x": NONZERO},
              conventions="slope 0 at 0",
              special=[((0.0,), 0.0, (0.0,)), ((-0.0,), 0.0, (0.0,))]),
        unary("reciprocal", "z = 1 / x", lambda xp, g, z, x: -(g * z) * z,
              domain={"x": NONZERO}, analytic=True,
              conventions="inf at 0, with slope -inf",
              special=[((0.0,), inf, (-inf,)), ((-0.0,), -inf, (-inf,))]),
    ]  # fmt: skip


def _power_dx(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Any:
    return xp.where(y == 0, 0.0, g * (y * x ** (y - 1)))


def _power_dy(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Any:
    at_zero = xp.logical_and(x == 0, y >= 0)
    return xp.where(at_zero, 0.0, g * (z * xp.log(xp.cast_like(x, z))))


def _powers() -> list[Operator]:
    return [
        binary("pow", "z = x ** y", _power_dx, _power_dy,
               takes="numeric", domain={"x": POSITIVE}, analytic=True,
               conventions="0 ** 0 is 1; slope 0 in x where y = 0, and in y where x = 0 and y >= 0; "
                           "NaN in y where x < 0",
               special=[((0.0, 0.0), 1.0, (0.0, 0.0)), ((0.0, 1.0), 0.0, (1.0, 0.0)), ((-1.0, 2.0), 1.0, (-2.0, nan)),
                        ((0.0, 0.5), 0.0, (inf, 0.0)), ((-3.0, 0.0), 1.0, (0.0, nan)), ((-8.0, 0.5), nan, (nan, nan))]),
        unary("square", "z = x * x", lambda xp, g, z, x: g * (2 * x), takes="numeric", analytic=True),
        # |z|: the square root of -0.0 is -0.0, and the limit of the slope from within is +inf.
        unary("sqrt", "z = x ** (1/2)", lambda xp, g, z, x: g / (2 * xp.abs(z)),
              domain={"x": POSITIVE}, analytic=True,
              conventions="slope inf at 0; NaN below 0",
              special=[((0.0,), 0.0, (inf,)), ((-0.0,), 0.0, (inf,)), ((-1.0,), nan, (nan,)), ((inf,), inf, (0.0,))]),
        binary("hypot", "z = (x ** 2 + y ** 2) ** (1/2)",
               lambda xp, g, z, x, y: xp.where(z == 0, 0.0, g * (x / z)),
               lambda xp, g, z, x, y: xp.where(z == 0, 0.0, g * (y / z)),
               conventions="slopes 0, 0 at the origin",
               special=[((0.0, 0.0), 0.0, (0.0, 0.0)), ((0.0, -2.0), 2.0, (0.0, -1.0))]),
    ]  # fmt: skip


def _rounding() -> list[Operator]:
    flat: dict[str, Any] = {"takes": "numeric", "conventions": "gradient 0, at the jumps too"}
    return [
        unary("ceil", "z = the least integer >= x", _zeros, special=[((2.0,), 2.0, (0.0,))], **flat),
        unary("floor", "z = the greatest integer <= x", _zeros, special=[((2.0,), 2.0, (0.0,))], **flat),
        unary("round", "z = the nearest integer, the even one at a tie", _zeros,
              special=[((2.5,), 2.0, (0.0,)), ((-1.5,), -2.0, (0.0,))], **flat),
        unary("trunc", "z = x without its fraction", _zeros, special=[((-2.0,), -2.0, (0.0,))], **flat),
        unary("sign", "z = 1 if x > 0, -1 if x < 0, 0 at 0", _zeros, special=[((0.0,), 0.0, (0.0,))], **flat),
    ]  # fmt: skip


def _selection() -> list[Operator]:
    return [
        binary("maximum", "z = the larger of x and y",
               lambda xp, g, z, x, y: _take_larger(xp, g, x, y),
               lambda xp, g, z, x, y: _take_larger(xp, g, y, x),
               takes="numeric",
               conventions="slopes 1/2, 1/2 at a tie; NaN if either is NaN",
               special=[((2.0, 2.0), 2.0, (0.5, 0.5)), ((3.0, 2.0), 3.0, (1.0, 0.0)), ((nan, 2.0), nan, (nan, nan)),
                        ((inf, inf), inf, (0.5, 0.5))]),
        binary("minimum", "z = the smaller of x and y",
               lambda xp, g, z, x, y: _take_larger(xp, g, y, x),
               lambda xp, g, z, x, y: _take_larger(xp, g, x, y),
               takes="numeric",
               conventions="slopes 1/2, 1/2 at a tie; NaN if either is NaN",
               special=[((2.0, 2.0), 2.0, (0.5, 0.5)), ((3.0, 2.0), 2.0, (0.0, 1.0)), ((1.0, nan), nan, (nan, nan))]),
        Operator("clip", "z = min if x < min, max if x > max, else x",
                 forward=_clip, backward={"x": _clip_dx}, kernels={}, broadcasts=True, takes="numeric",
                 description="A bound that is null is none; where they cross, max is taken.",
                 conventions="slope 0 at the bounds", examples=_clip_examples,
                 special=[((1.0,), 1.0, (0.0,), {"min": 1.0}), ((2.0,), 2.0, (0.0,), {"min": 1.0, "max": 2.0}),
                          ((nan,), nan, (nan,), {"min": 1.0})]),
        Operator("where", "z = x if condition else y",
                 forward=lambda xp, condition, x, y: xp.where(condition, x, y),
                 backward={"condition": None,
                           "x": lambda xp, g, z, condition, x, y: xp.keep(condition, g),
                           "y": lambda xp, g, z, condition, x, y: xp.keep(xp.logical_not(condition), g)},
                 kernels={}, broadcasts=True, takes="any", kinds={"condition": "bool"},
                 conventions="what is not taken gets nothing, not 0 * inf",
                 special=[((True, 1.0, nan), 1.0, (None, 1.0, 0.0)), ((False, inf, 2.0), 2.0, (None, 0.0, 1.0))]),
        # z has the size of x and the sign of y, so its own sign is that of y, and 0 where x is 0.
        binary("copysign", "z = |x| with the sign of y",
               lambda xp, g, z, x, y: g * (xp.sign(x) * xp.sign(z)),
               _zeros,
               domain={"x": NONZERO, "y": NONZERO},
               conventions="slope 0 in x at 0, and in y everywhere",
               special=[((0.0, -1.0), 0.0, (0.0, 0.0)), ((-2.0, -0.0), -2.0, (1.0, 0.0))]),
        binary("nextafter", "z = the number next to x on the way to y", None, None,
               description="Not differentiable: it steps through floating-point numbers."),
    ]  # fmt: skip


def _copies() -> list[Operator]:
    constant = "A constant: not differentiable."
    return [
        unary("identity", "z = x", lambda xp, g, z, x: g, takes="any", analytic=True,
              description="What a node is that is written as a bare name or number."),
        Operator("astype", "z = x as another dtype", forward=_astype,
                 backward={"x": lambda xp, g, z, x, *, dtype: xp.cast_like(g, x)},
                 kernels={}, takes="any", examples=_astype_examples,
                 description="Differentiable from one float type to another. To an integer the fraction is cut off."),
        unary("zeros_like", "z = 0 in the shape and dtype of x", None, takes="any", description=constant),
        unary("ones_like", "z = 1 in the shape and dtype of x", None, takes="any", description=constant),
        Operator("full_like", "z = fill_value in the shape and dtype of x",
                 forward=_full_like, backward={"x": None}, kernels={}, broadcasts=True, takes="any",
                 examples=lambda rng: [((rng.normal(size=(2, 3)),), {"fill_value": 2.5})], description=constant),
    ]  # fmt: skip


def _astype_examples(rng: Any) -> Sequence[Any]:
    return [((rng.normal(size=shape),), {"dtype": "float64"}) for shape in [(), (3,), (2, 0)]]
