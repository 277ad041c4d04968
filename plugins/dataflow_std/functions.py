"""Exponentials, logarithms, trigonometric and hyperbolic functions. Names: Python Array API standard 2024.12.

A logarithm's slope is written with `where`, since `1 / x` goes on to exist where the logarithm does not.
"""

from __future__ import annotations

from math import e, factorial, inf, log, nan, pi
from typing import Any

from dataflow.operators import POSITIVE, SYMMETRIC_UNIT, Interval, Operator, binary, unary

LN2, LN10 = log(2.0), log(10.0)
ABOVE_ONE, ABOVE_MINUS_ONE = Interval(low=1.0), Interval(low=-1.0)
DLMF = "NIST Digital Library of Mathematical Functions, sections 4.20, 4.24, 4.34 and 4.38, https://dlmf.nist.gov/4"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [
        *_exponentials(), *_logarithms(), *_sums_of_exponentials(),
        *_trigonometric(), *_angles(), *_hyperbolic(), *_inverse_hyperbolic(),
    ]  # fmt: skip


def _tanh_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    # Past 373 the slope is 0 in float64; there cosh(x) is infinite, and the slope of this slope would be inf / inf.
    return xp.where(xp.abs(x) > 373, 0.0, g / xp.square(xp.cosh(x)))


def _exponentials() -> list[Operator]:
    return [
        unary("exp", "z = e ** x", lambda xp, g, z, x: g * z, analytic=True,
              special=[((log(2.0),), 2.0, (2.0,)), ((1000.0,), inf, (inf,)), ((-1000.0,), 0.0, (0.0,))]),
        unary("exp2", "z = 2 ** x", lambda xp, g, z, x: g * (LN2 * z), analytic=True,
              special=[((3.0,), 8.0, (8 * LN2,)), ((2000.0,), inf, (inf,)), ((-2000.0,), 0.0, (0.0,))]),
        # exp(x) rather than z + 1, which loses every digit where x is well below 0.
        unary("expm1", "z = e ** x - 1", lambda xp, g, z, x: g * xp.exp(x), analytic=True,
              special=[((log(2.0),), 1.0, (2.0,)), ((0.0,), 0.0, (1.0,)), ((-1000.0,), -1.0, (0.0,))]),
    ]  # fmt: skip


def _logarithms() -> list[Operator]:
    edge = "-inf at 0, with slope inf; NaN below 0"
    rows = [((0.0,), -inf, (inf,)), ((-0.0,), -inf, (inf,)), ((-1.0,), nan, (nan,))]
    return [
        unary("log", "z = ln x",
              lambda xp, g, z, x: xp.where(x >= 0, g / xp.abs(x), nan),
              domain={"x": POSITIVE}, analytic=True, conventions=edge, special=[((e,), 1.0, (1 / e,)), *rows]),
        unary("log2", "z = ln x / ln 2",
              lambda xp, g, z, x: xp.where(x >= 0, g / (LN2 * xp.abs(x)), nan),
              domain={"x": POSITIVE}, analytic=True, conventions=edge, special=[((8.0,), 3.0, (0.125 / LN2,)), *rows]),
        unary("log10", "z = ln x / ln 10",
              lambda xp, g, z, x: xp.where(x >= 0, g / (LN10 * xp.abs(x)), nan),
              domain={"x": POSITIVE}, analytic=True, conventions=edge,
              special=[((1000.0,), 3.0, (0.001 / LN10,)), *rows]),
        unary("log1p", "z = ln(1 + x)",
              lambda xp, g, z, x: xp.where(x >= -1, g / (1 + x), nan),
              domain={"x": ABOVE_MINUS_ONE}, analytic=True, conventions="-inf at -1, with slope inf; NaN below -1",
              special=[((e - 1,), 1.0, (1 / e,)), ((-1.0,), -inf, (inf,)), ((-2.0,), nan, (nan,))]),
    ]  # fmt: skip


def _sums_of_exponentials() -> list[Operator]:
    # The slopes are sigmoid(x - y) and sigmoid(y - x): exact where exp(x - z) has the rounding of z in it.
    edge = "finite and exact where the powers overflow; slopes NaN where both are -inf"
    rows = [((2000.0, 0.0), 2000.0, (1.0, 0.0)), ((-inf, 0.0), 0.0, (0.0, 1.0)), ((-inf, -inf), -inf, (nan, nan))]
    return [
        binary("logaddexp", "z = ln(e ** x + e ** y)",
               lambda xp, g, z, x, y: g / (1 + xp.exp(y - x)),
               lambda xp, g, z, x, y: g / (1 + xp.exp(x - y)),
               conventions=edge, special=[((log(3.0), 0.0), 2 * LN2, (0.75, 0.25)), ((1000.0, 0.0), 1000.0, (1.0, 0.0)),
                                             *rows]),
        binary("logaddexp2", "z = log2(2 ** x + 2 ** y)",
               lambda xp, g, z, x, y: g / (1 + xp.exp2(y - x)),
               lambda xp, g, z, x, y: g / (1 + xp.exp2(x - y)),
               conventions=edge, special=[((3.0, 3.0), 4.0, (0.5, 0.5)), *rows]),
    ]  # fmt: skip


def _trigonometric() -> list[Operator]:
    return [
        unary("sin", "z = sin x", lambda xp, g, z, x: g * xp.cos(x),
              analytic=True, source=DLMF,
              special=[((0.0,), 0.0, (1.0,)), ((pi / 2,), 1.0, (6.123233995736766e-17,)), ((inf,), nan, (nan,))]),
        unary("cos", "z = cos x", lambda xp, g, z, x: -g * xp.sin(x),
              analytic=True, source=DLMF,
              special=[((pi / 2,), 6.123233995736766e-17, (-1.0,)), ((0.0,), 1.0, (0.0,)), ((inf,), nan, (nan,))]),
        unary("tan", "z = tan x", lambda xp, g, z, x: g * (1 + z * z),
              analytic=True, source=DLMF,
              special=[((pi / 4,), 1.0, (2.0,))]),
        unary("asin", "z = arcsin x, from -pi/2 to pi/2",
              lambda xp, g, z, x: g / xp.sqrt((1 - x) * (1 + x)),
              domain={"x": SYMMETRIC_UNIT},
              analytic=True, source=DLMF,
              conventions="slope inf at -1 and 1; NaN outside",
              special=[((0.5,), pi / 6, (2 / 3**0.5,)), ((1.0,), pi / 2, (inf,)), ((-1.0,), -pi / 2, (inf,)),
                       ((2.0,), nan, (nan,))]),
        unary("acos", "z = arccos x, from 0 to pi",
              lambda xp, g, z, x: -g / xp.sqrt((1 - x) * (1 + x)),
              domain={"x": SYMMETRIC_UNIT},
              analytic=True, source=DLMF,
              conventions="slope -inf at -1 and 1; NaN outside",
              special=[((0.5,), pi / 3, (-2 / 3**0.5,)), ((1.0,), 0.0, (-inf,)), ((-1.0,), pi, (-inf,)),
                       ((-2.0,), nan, (nan,))]),
        unary("atan", "z = arctan x, from -pi/2 to pi/2", lambda xp, g, z, x: g / (1 + x * x),
              analytic=True, source=DLMF,
              special=[((1.0,), pi / 4, (0.5,)), ((inf,), pi / 2, (0.0,))]),
        Operator("atan2", "z = the angle of the point (x, y), from -pi to pi",
                 forward=lambda xp, y, x: xp.atan2(y, x),
                 backward={"y": lambda xp, g, z, y, x: g * (x / xp.hypot(x, y) / xp.hypot(x, y)),
                           "x": lambda xp, g, z, y, x: -g * (y / xp.hypot(x, y) / xp.hypot(x, y))},
                 kernels={}, broadcasts=True,
                 conventions="slopes NaN at the origin; on the cut x < 0, y = 0 those of the side that y's sign names",
                 special=[((1.0, 1.0), pi / 4, (0.5, -0.5)), ((0.0, 0.0), 0.0, (nan, nan)),
                          ((0.0, -2.0), pi, (-0.5, 0.0)), ((1e200, 1e200), pi / 4, (5e-201, -5e-201))]),
    ]  # fmt: skip


# The slope of sinc divided by pi ** 2 * x, as a series in (pi * x) ** 2, enough for |x| < 1/2.
SINC_SLOPE = [(-1) ** k * 2 * k / factorial(2 * k + 1) for k in range(1, 12)]


def _sinc(xp: Any, x: Any) -> Any:
    turned = x - 2 * xp.round(0.5 * x)  # from -1 to 1, and exact, as pi * x is not
    half = xp.round(turned)
    sine = (1 - 2 * xp.abs(half)) * xp.sin(pi * (turned - half))
    return xp.where(x == 0, 1.0, sine / (pi * xp.where(x == 0, 1.0, x)))


def _sinc_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    near = xp.abs(x) < 0.5
    t = xp.square(pi * xp.where(near, x, 0.0))
    series: Any = 0.0
    for coefficient in reversed(SINC_SLOPE):
        series = series * t + coefficient
    turned = x - 2 * xp.round(0.5 * x)
    return g * xp.where(near, pi**2 * x * series, (xp.cos(pi * turned) - z) / xp.where(near, 1.0, x))


def _angles() -> list[Operator]:
    return [
        Operator("rad2deg", "z = 180 / pi * x", forward=lambda xp, x: x * (180 / pi),
                 backward={"x": lambda xp, g, z, x: g * (180 / pi)}, broadcasts=True, analytic=True,
                 special=[((pi,), 180.0, (180 / pi,))]),
        Operator("deg2rad", "z = pi / 180 * x", forward=lambda xp, x: x * (pi / 180),
                 backward={"x": lambda xp, g, z, x: g * (pi / 180)}, broadcasts=True, analytic=True,
                 special=[((180.0,), pi, (pi / 180,))]),
        Operator("sinc", "z = sin(pi * x) / (pi * x)", forward=_sinc, backward={"x": _sinc_dx}, broadcasts=True,
                 description="Normalised: its zeros are the integers but 0.",
                 conventions="1 at 0, with slope 0; exactly 0 at the other integers; NaN for an infinite x",
                 special=[((0.5,), 2 / pi, (-4 / pi,)), ((1.0,), 0.0, (-1.0,)), ((2.0,), 0.0, (0.5,)),
                          ((0.0,), 1.0, (0.0,)), ((-0.0,), 1.0, (0.0,)), ((1e-9,), 1.0, (-pi**2 / 3 * 1e-9,)),
                          ((-inf,), nan, (nan,))]),
    ]  # fmt: skip


def _hyperbolic() -> list[Operator]:
    return [
        unary("sinh", "z = (e ** x - e ** -x) / 2", lambda xp, g, z, x: g * xp.cosh(x),
              analytic=True, source=DLMF,
              special=[((log(2.0),), 0.75, (1.25,)), ((-1000.0,), -inf, (inf,))]),
        unary("cosh", "z = (e ** x + e ** -x) / 2", lambda xp, g, z, x: g * xp.sinh(x),
              analytic=True, source=DLMF,
              special=[((log(2.0),), 1.25, (0.75,)), ((-1000.0,), inf, (-inf,))]),
        # Not 1 - z * z, which has lost half its digits at x = 10.
        unary("tanh", "z = sinh x / cosh x", _tanh_dx,
              analytic=True, source=DLMF,
              special=[((log(2.0),), 0.6, (0.64,)), ((1000.0,), 1.0, (0.0,)), ((-1000.0,), -1.0, (0.0,)),
                       ((20.0,), 1.0, (1.6993417021166355e-17,))]),
    ]  # fmt: skip


def _inverse_hyperbolic() -> list[Operator]:
    return [
        unary("asinh", "z = ln(x + (x ** 2 + 1) ** (1/2))", lambda xp, g, z, x: g / xp.hypot(x, 1),
              analytic=True, source=DLMF,
              special=[((0.75,), log(2.0), (0.8,)), ((1e200,), 461.2101657793691, (1e-200,))]),
        unary("acosh", "z = ln(x + (x ** 2 - 1) ** (1/2))",
              lambda xp, g, z, x: g / (xp.sqrt(x - 1) * xp.sqrt(x + 1)),
              domain={"x": ABOVE_ONE},
              analytic=True, source=DLMF,
              conventions="slope inf at 1; NaN below",
              special=[((1.25,), log(2.0), (4 / 3,)), ((1.0,), 0.0, (inf,)), ((-2.0,), nan, (nan,))]),
        unary("atanh", "z = ln((1 + x) / (1 - x)) / 2",
              lambda xp, g, z, x: xp.where(xp.abs(x) <= 1, g / ((1 - x) * (1 + x)), nan),
              domain={"x": SYMMETRIC_UNIT},
              analytic=True, source=DLMF,
              conventions="+-inf at +-1, with slope inf; NaN outside",
              special=[((0.6,), log(2.0), (1.5625,)), ((1.0,), inf, (inf,)), ((-1.0,), -inf, (inf,)),
                       ((2.0,), nan, (nan,))]),
    ]  # fmt: skip
