"""Exponentials, logarithms, trigonometric and hyperbolic functions. Names: Python Array API standard 2024.12.

A logarithm's slope is written with `where`, since `1 / x` goes on to exist where the logarithm does not.
"""

from __future__ import annotations

from math import inf, log, nan

from dataflow.operators import POSITIVE, SYMMETRIC_UNIT, Interval, Operator, binary, unary

LN2, LN10 = log(2.0), log(10.0)
ABOVE_ONE, ABOVE_MINUS_ONE = Interval(low=1.0), Interval(low=-1.0)
DLMF = "NIST Digital Library of Mathematical Functions, sections 4.20, 4.24, 4.34 and 4.38, https://dlmf.nist.gov/4"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_exponentials(), *_logarithms(), *_trigonometric(), *_hyperbolic()]


def _exponentials() -> list[Operator]:
    return [
        unary("exp", "z = e ** x", lambda xp, g, z, x: g * z, analytic=True,
              special=[((1000.0,), inf, (inf,)), ((-1000.0,), 0.0, (0.0,))]),
        # exp(x) rather than z + 1, which loses every digit where x is well below 0.
        unary("expm1", "z = e ** x - 1", lambda xp, g, z, x: g * xp.exp(x), analytic=True,
              special=[((-1000.0,), -1.0, (0.0,))]),
    ]  # fmt: skip


def _logarithms() -> list[Operator]:
    edge = "-inf at 0, with slope inf; NaN below 0"
    rows = [((0.0,), -inf, (inf,)), ((-0.0,), -inf, (inf,)), ((-1.0,), nan, (nan,))]
    return [
        unary("log", "z = ln x",
              lambda xp, g, z, x: xp.where(x >= 0, g / xp.abs(x), nan),
              domain={"x": POSITIVE}, analytic=True, conventions=edge, special=rows),
        unary("log2", "z = ln x / ln 2",
              lambda xp, g, z, x: xp.where(x >= 0, g / (LN2 * xp.abs(x)), nan),
              domain={"x": POSITIVE}, analytic=True, conventions=edge, special=rows),
        unary("log10", "z = ln x / ln 10",
              lambda xp, g, z, x: xp.where(x >= 0, g / (LN10 * xp.abs(x)), nan),
              domain={"x": POSITIVE}, analytic=True, conventions=edge, special=rows),
        unary("log1p", "z = ln(1 + x)",
              lambda xp, g, z, x: xp.where(x >= -1, g / (1 + x), nan),
              domain={"x": ABOVE_MINUS_ONE}, analytic=True, conventions="-inf at -1, with slope inf; NaN below -1",
              special=[((-1.0,), -inf, (inf,)), ((-2.0,), nan, (nan,))]),
        # The slopes are sigmoid(x - y) and sigmoid(y - x): exact where exp(x - z) has the rounding of z in it.
        binary("logaddexp", "z = ln(e ** x + e ** y)",
               lambda xp, g, z, x, y: g / (1 + xp.exp(y - x)),
               lambda xp, g, z, x, y: g / (1 + xp.exp(x - y)),
               conventions="finite and exact where e ** x overflows; slopes NaN where both are -inf",
               special=[((1000.0, 0.0), 1000.0, (1.0, 0.0)), ((-inf, 0.0), 0.0, (0.0, 1.0)),
                        ((-inf, -inf), -inf, (nan, nan))]),
    ]  # fmt: skip


def _trigonometric() -> list[Operator]:
    return [
        unary("sin", "z = sin x", lambda xp, g, z, x: g * xp.cos(x),
              analytic=True, source=DLMF),
        unary("cos", "z = cos x", lambda xp, g, z, x: -g * xp.sin(x),
              analytic=True, source=DLMF),
        unary("tan", "z = tan x", lambda xp, g, z, x: g * (1 + z * z),
              analytic=True, source=DLMF),
        unary("asin", "z = arcsin x, from -pi/2 to pi/2",
              lambda xp, g, z, x: g / xp.sqrt((1 - x) * (1 + x)),
              domain={"x": SYMMETRIC_UNIT},
              analytic=True, source=DLMF,
              conventions="slope inf at -1 and 1; NaN outside",
              special=[((1.0,), 1.5707963267948966, (inf,)), ((2.0,), nan, (nan,))]),
        unary("acos", "z = arccos x, from 0 to pi",
              lambda xp, g, z, x: -g / xp.sqrt((1 - x) * (1 + x)),
              domain={"x": SYMMETRIC_UNIT},
              analytic=True, source=DLMF,
              conventions="slope -inf at -1 and 1; NaN outside",
              special=[((1.0,), 0.0, (-inf,)), ((-2.0,), nan, (nan,))]),
        unary("atan", "z = arctan x, from -pi/2 to pi/2", lambda xp, g, z, x: g / (1 + x * x),
              analytic=True, source=DLMF,
              special=[((inf,), 1.5707963267948966, (0.0,))]),
        Operator("atan2", "z = the angle of the point (x, y), from -pi to pi",
                 forward=lambda xp, y, x: xp.atan2(y, x),
                 backward={"y": lambda xp, g, z, y, x: g * (x / xp.hypot(x, y) / xp.hypot(x, y)),
                           "x": lambda xp, g, z, y, x: -g * (y / xp.hypot(x, y) / xp.hypot(x, y))},
                 kernels={}, broadcasts=True,
                 conventions="slopes NaN at the origin; on the cut x < 0, y = 0 those of the side that y's sign names",
                 special=[((0.0, 0.0), 0.0, (nan, nan)), ((1e200, 1e200), 0.7853981633974483, (5e-201, -5e-201))]),
    ]  # fmt: skip


def _hyperbolic() -> list[Operator]:
    return [
        unary("sinh", "z = (e ** x - e ** -x) / 2", lambda xp, g, z, x: g * xp.cosh(x),
              analytic=True, source=DLMF,
              special=[((-1000.0,), -inf, (inf,))]),
        unary("cosh", "z = (e ** x + e ** -x) / 2", lambda xp, g, z, x: g * xp.sinh(x),
              analytic=True, source=DLMF,
              special=[((-1000.0,), inf, (-inf,))]),
        unary("tanh", "z = sinh x / cosh x", lambda xp, g, z, x: g * (1 - z * z),
              analytic=True, source=DLMF,
              special=[((1000.0,), 1.0, (0.0,)), ((-1000.0,), -1.0, (0.0,))]),
        unary("asinh", "z = ln(x + (x ** 2 + 1) ** (1/2))", lambda xp, g, z, x: g / xp.hypot(x, 1),
              analytic=True, source=DLMF,
              special=[((1e200,), 461.2101657793691, (1e-200,))]),
        unary("acosh", "z = ln(x + (x ** 2 - 1) ** (1/2))",
              lambda xp, g, z, x: g / (xp.sqrt(x - 1) * xp.sqrt(x + 1)),
              domain={"x": ABOVE_ONE},
              analytic=True, source=DLMF,
              conventions="slope inf at 1; NaN below",
              special=[((1.0,), 0.0, (inf,)), ((-2.0,), nan, (nan,))]),
        unary("atanh", "z = ln((1 + x) / (1 - x)) / 2",
              lambda xp, g, z, x: xp.where(xp.abs(x) <= 1, g / ((1 - x) * (1 + x)), nan),
              domain={"x": SYMMETRIC_UNIT},
              analytic=True, source=DLMF,
              conventions="+-inf at +-1, with slope inf; NaN outside",
              special=[((1.0,), inf, (inf,)), ((-1.0,), -inf, (inf,)), ((2.0,), nan, (nan,))]),
    ]  # fmt: skip
