"""Arithmetic, powers, signs, rounding and copies, element by element. Names: Python Array API standard 2024.12."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log, nan
from typing import Any, Literal

from dataflow.axes import map_each
from dataflow.operators import NONZERO, POSITIVE, Operator, binary, unary

SHAPES = "dataflow_std.shapes.elementwise"
Dtype = Literal[
    "float64", "float32", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool"
]  # fmt: skip


def _zeros(xp: Any, g: Any, *_: Any) -> Any:
    return xp.zeros_like(g)


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_arithmetic(), *_parts(), *_signs(), *_powers(), *_roots(), *_rounding(), *_copies()]


def _arithmetic() -> list[Operator]:
    return [
        binary("add", "z = x + y",
               lambda xp, g, z, x, y: g,
               lambda xp, g, z, x, y: g,
               takes="numeric", analytic=True,
               special=[((2.0, 3.0), 5.0, (1.0, 1.0)), ((inf, -inf), nan, (1.0, 1.0))]),
        binary("subtract", "z = x - y",
               lambda xp, g, z, x, y: g,
               lambda xp, g, z, x, y: -g,
               takes="numeric", analytic=True,
               special=[((2.0, 3.0), -1.0, (1.0, -1.0))]),
        binary("multiply", "z = x * y",
               lambda xp, g, z, x, y: g * y,
               lambda xp, g, z, x, y: g * x,
               takes="numeric", analytic=True,
               special=[((2.0, 3.0), 6.0, (3.0, 2.0)), ((0.0, inf), nan, (inf, 0.0))]),
        binary("divide", "z = x / y",
               lambda xp, g, z, x, y: g / y,
               lambda xp, g, z, x, y: -(g / y) * z,
               domain={"y": NONZERO}, analytic=True,
               conventions="1/0 is inf with slopes inf and -inf; 0/0 is NaN with slopes inf and NaN",
               special=[((3.0, 2.0), 1.5, (0.5, -0.75)), ((1.0, 0.0), inf, (inf, -inf)),
                        ((0.0, 0.0), nan, (inf, nan))]),
        unary("reciprocal", "z = 1 / x", lambda xp, g, z, x: -(g * z) * z,
              domain={"x": NONZERO}, analytic=True,
              conventions="inf at 0, with slope -inf",
              special=[((2.0,), 0.5, (-0.25,)), ((0.0,), inf, (-inf,)), ((-0.0,), -inf, (-inf,))]),
        Operator("lerp", "z = (1 - weight) * x + weight * y",
                 forward=lambda xp, x, y, weight: (1 - weight) * x + weight * y,
                 backward={"x": lambda xp, g, z, x, y, weight: g * (1 - weight),
                           "y": lambda xp, g, z, x, y, weight: g * weight,
                           "weight": lambda xp, g, z, x, y, weight: g * (y - x)},
                 broadcasts=True, analytic=True,
                 description="From x at weight 0 to y at weight 1, and on beyond them. No difference overflows.",
                 special=[((2.0, 6.0, 0.25), 3.0, (0.75, 0.25, 4.0)), ((2.0, 6.0, 1.0), 6.0, (0.0, 1.0, 4.0))]),
    ]  # fmt: skip


def _fmod_dy(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Any:
    # x - z is a multiple of y but for its rounding, while the rounding of x / y can reach the next integer.
    return -g * xp.round((x - z) / y)


def _parts() -> list[Operator]:
    return [
        binary("floor_divide", "z = floor(x / y)", _zeros, _zeros,
               takes="numeric", domain={"y": NONZERO},
               conventions="gradient 0, at the jumps too; infinite or NaN where y = 0",
               special=[((-7.0, 2.0), -4.0, (0.0, 0.0)), ((6.0, 3.0), 2.0, (0.0, 0.0)), ((1.0, 0.0), inf, (0.0, 0.0))]),
        binary("remainder", "z = x - y * floor(x / y)",
               lambda xp, g, z, x, y: g,
               lambda xp, g, z, x, y: -g * xp.floor_divide(x, y),
               takes="numeric", domain={"y": NONZERO},
               description="The sign is that of y.",
               conventions="slopes 1 and -floor(x / y) everywhere, at the jumps too; NaN where y = 0",
               special=[((-7.0, 2.0), 1.0, (1.0, 4.0)), ((3.0, 3.0), 0.0, (1.0, -1.0))]),
        binary("fmod", "z = x - y * trunc(x / y)",
               lambda xp, g, z, x, y: g, _fmod_dy,
               takes="numeric", domain={"y": NONZERO},
               description="The sign is that of x.",
               conventions="slopes 1 and -trunc(x / y) everywhere, at the jumps too; NaN where y = 0",
               special=[((-7.0, 2.0), -1.0, (1.0, 3.0)), ((3.0, 3.0), 0.0, (1.0, -1.0)), ((-6.0, 3.0), 0.0, (1.0, 2.0)),
                        ((1.0, 0.0), nan, (1.0, nan))]),
        Operator("frac", "z = x - trunc(x)",
                 forward=lambda xp, x: x - xp.trunc(x), backward={"x": lambda xp, g, z, x: g},
                 broadcasts=True, takes="numeric", description="The sign is that of x.",
                 conventions="slope 1 everywhere, at the jumps too, as that of remainder; NaN for an infinite x",
                 special=[((-2.75,), -0.75, (1.0,)), ((3.0,), 0.0, (1.0,)), ((inf,), nan, (1.0,))]),
    ]  # fmt: skip


def _signs() -> list[Operator]:
    return [
        unary("negative", "z = -x", lambda xp, g, z, x: -g, takes="numeric", analytic=True,
              special=[((3.0,), -3.0, (-1.0,))]),
        unary("positive", "z = x", lambda xp, g, z, x: g, takes="numeric", analytic=True,
              special=[((-3.0,), -3.0, (1.0,))]),
        unary("abs", "z = |x|", lambda xp, g, z, x: g * xp.sign(x),
              takes="numeric", domain={"x": NONZERO},
              conventions="slope 0 at 0",
              special=[((-3.0,), 3.0, (-1.0,)), ((0.0,), 0.0, (0.0,)), ((-0.0,), 0.0, (0.0,)), ((nan,), nan, (nan,))]),
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
               special=[((2.0, 3.0), 8.0, (12.0, 8.0 * log(2.0))), ((0.0, 0.0), 1.0, (0.0, 0.0)),
                        ((0.0, 1.0), 0.0, (1.0, 0.0)), ((-1.0, 2.0), 1.0, (-2.0, nan)),
                        ((0.0, 0.5), 0.0, (inf, 0.0)), ((0.0, -1.0), inf, (-inf, -inf)),
                        ((-3.0, 0.0), 1.0, (0.0, nan)), ((nan, 0.0), 1.0, (0.0, nan)), ((-8.0, 0.5), nan, (nan, nan))]),
        unary("square", "z = x * x", lambda xp, g, z, x: g * (2 * x), takes="numeric", analytic=True,
              special=[((-3.0,), 9.0, (-6.0,))]),
    ]  # fmt: skip


def _roots() -> list[Operator]:
    return [
        # |z|: the square root of -0.0 is -0.0, and the limit of the slope from within is +inf.
        unary("sqrt", "z = x ** (1/2)", lambda xp, g, z, x: g / (2 * xp.abs(z)),
              domain={"x": POSITIVE}, analytic=True,
              conventions="slope inf at 0; NaN below 0",
              special=[((4.0,), 2.0, (0.25,)), ((0.0,), 0.0, (inf,)), ((-0.0,), 0.0, (inf,)), ((-1.0,), nan, (nan,)),
                       ((inf,), inf, (0.0,))]),
        unary("cbrt", "z = x ** (1/3), below 0 too", lambda xp, g, z, x: g / (3 * (z * z)),
              domain={"x": NONZERO},
              conventions="slope inf at 0",
              special=[((-8.0,), -2.0, (1 / 12,)), ((0.0,), 0.0, (inf,)), ((-0.0,), 0.0, (inf,)),
                       ((inf,), inf, (0.0,))]),
        binary("hypot", "z = (x ** 2 + y ** 2) ** (1/2)",
               lambda xp, g, z, x, y: xp.where(z == 0, 0.0, g * (x / z)),
               lambda xp, g, z, x, y: xp.where(z == 0, 0.0, g * (y / z)),
               conventions="slopes 0, 0 at the origin",
               special=[((3.0, 4.0), 5.0, (0.6, 0.8)), ((0.0, 0.0), 0.0, (0.0, 0.0)), ((0.0, -2.0), 2.0, (0.0, -1.0))]),
    ]  # fmt: skip


def _rounding() -> list[Operator]:
    flat: dict[str, Any] = {"takes": "numeric", "conventions": "gradient 0, at the jumps too"}
    return [
        unary("ceil", "z = the least integer >= x", _zeros,
              special=[((2.25,), 3.0, (0.0,)), ((2.0,), 2.0, (0.0,))], **flat),
        unary("floor", "z = the greatest integer <= x", _zeros,
              special=[((-2.25,), -3.0, (0.0,)), ((2.0,), 2.0, (0.0,))], **flat),
        unary("round", "z = the nearest integer, the even one at a tie", _zeros,
              special=[((2.75,), 3.0, (0.0,)), ((2.5,), 2.0, (0.0,)), ((-1.5,), -2.0, (0.0,))], **flat),
        unary("trunc", "z = x without its fraction", _zeros,
              special=[((-2.75,), -2.0, (0.0,)), ((-2.0,), -2.0, (0.0,))], **flat),
        unary("sign", "z = 1 if x > 0, -1 if x < 0, 0 at 0", _zeros,
              special=[((-2.5,), -1.0, (0.0,)), ((0.0,), 0.0, (0.0,))], **flat),
    ]  # fmt: skip


def _copies() -> list[Operator]:
    constant = "A constant: not differentiable."
    return [
        unary("identity", "z = x", lambda xp, g, z, x: g, takes="any", analytic=True,
              description="What a node is that is written as a bare name or number.",
              special=[((3.0,), 3.0, (1.0,))]),
        Operator("astype", "z = x as another dtype",
                 axes=map_each, forward=_astype,
                 backward={"x": lambda xp, g, z, x, *, dtype: xp.cast_like(g, x)},
                 kernels={}, shape=f"{SHAPES}:astype", takes="any", examples=_astype_examples,
                 description="Differentiable from one float type to another. To an integer the fraction is cut off.",
                 special=[((2.75,), 2.75, (1.0,), {"dtype": "float32"})]),
        unary("zeros_like", "z = 0 in the shape and dtype of x", None, takes="any", description=constant,
              special=[((3.0,), 0.0, (None,))]),
        unary("ones_like", "z = 1 in the shape and dtype of x", None, takes="any", description=constant,
              special=[((3.0,), 1.0, (None,))]),
        Operator("full_like", "z = fill_value in the shape and dtype of x",
                 forward=_full_like, backward={"x": None}, kernels={}, broadcasts=True, takes="any",
                 dtype=f"{SHAPES}:full_like", examples=lambda rng: [((rng.normal(size=(2, 3)),), {"fill_value": 2.5})],
                 description=constant,
                 special=[((3.0,), 2.5, (None,), {"fill_value": 2.5})]),
    ]  # fmt: skip


def _full_like(xp: Any, x: Any, *, fill_value: float) -> Any:
    return xp.full_like(x, fill_value=fill_value)


def _astype(xp: Any, x: Any, *, dtype: Dtype) -> Any:
    return xp.astype(x, dtype=dtype)


def _astype_examples(rng: Any) -> Sequence[Any]:
    return [((rng.normal(size=shape),), {"dtype": "float64"}) for shape in [(), (3,), (2, 0)]]
