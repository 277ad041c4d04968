"""Error functions, the normal distribution, logarithms of products and entropies: special functions named as in SciPy.

SciPy computes them on arrays; on floats `math` does where it can.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from math import e, inf, log, nan, pi
from typing import Any

from dataflow.operators import POSITIVE, SYMMETRIC_UNIT, UNIT, Interval, Operator, binary, unary
from dataflow_std.stirling import horner, log_near

ROOT_PI = pi**0.5
TWO_BY_ROOT_PI = 2 / ROOT_PI
ROOT_TWO_PI = (2 * pi) ** 0.5
ROOT_TWO_BY_PI = (2 / pi) ** 0.5
ABOVE_MINUS_ONE = Interval(low=-1.0)
DLMF = "NIST Digital Library of Mathematical Functions, sections 7.2, 7.10 and 7.17, https://dlmf.nist.gov/7"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_error_functions(), *_normal(), *_products(), *_entropies()]


def native(place: str) -> Mapping[str, Callable[..., Any] | str]:
    """The kernels of a function on arrays, at ``"module:function"``, that serves floats too: SciPy is loaded for it."""
    found: list[Callable[..., Any]] = []

    def on_floats(*inputs: float, **attributes: Any) -> float:
        from numpy import errstate

        if not found:
            from importlib import import_module

            module, _, name = place.partition(":")
            found.append(getattr(import_module(module), name))
        with errstate(all="ignore"):
            return float(found[0](*map(float, inputs), **attributes))

    return {"numpy": place, "floats": on_floats}


# erfcx(x) = 1 / (x * pi ** (1/2)) * (1 + c1 * u + c2 * u ** 2 + ...), u = 1 / (2 * x ** 2): DLMF 7.12.1
ERFCX_TERMS = [float((-1) ** k * math.prod(range(1, 2 * k, 2))) for k in range(1, 12)]
ERFCX_FAR = 15.0


def _erfcx_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    """2 * x * z - 2 / pi ** (1/2), whose terms cancel where x is large: there by the series of z."""
    root = xp.maximum(x, ERFCX_FAR)
    u = 0.5 / (root * root)
    return g * xp.where(x > ERFCX_FAR, TWO_BY_ROOT_PI * u * horner(ERFCX_TERMS, u), 2 * x * z - TWO_BY_ROOT_PI)


def _log_ndtr_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    """The density over ndtr(x): by erfcx where ndtr(x) underflows, and without it where erfcx overflows."""
    far = xp.exp(-0.5 * x * x - z) / ROOT_TWO_PI
    return g * xp.where(x > 0, far, ROOT_TWO_BY_PI / xp.erfcx(-x / 2**0.5))


def _error_functions() -> list[Operator]:
    return [
        unary("erf", "z = 2 / pi ** (1/2) * integral of e ** (-t ** 2) from 0 to x",
              lambda xp, g, z, x: g * (TWO_BY_ROOT_PI * xp.exp(-x * x)),
              kernels={"numpy": "dataflow_std.kernels.normal:erf", "floats": math.erf}, source=DLMF,
              special=[((0.0,), 0.0, (TWO_BY_ROOT_PI,)),
                       ((0.5,), 0.5204998778130465, (TWO_BY_ROOT_PI * math.exp(-0.25),)),
                       ((inf,), 1.0, (0.0,)), ((-1000.0,), -1.0, (0.0,))]),
        unary("erfc", "z = 1 - erf(x)",
              lambda xp, g, z, x: -g * (TWO_BY_ROOT_PI * xp.exp(-x * x)),
              kernels={"numpy": "dataflow_std.kernels.normal:erfc", "floats": math.erfc}, source=DLMF,
              special=[((0.0,), 1.0, (-TWO_BY_ROOT_PI,)), ((inf,), 0.0, (0.0,)), ((-inf,), 2.0, (0.0,))]),
        unary("erfcx", "z = e ** (x ** 2) * erfc(x)", _erfcx_dx,
              kernels=native("scipy.special:erfcx"), source=DLMF,
              description="What is left of erfc where x is large: it falls like 1 / (x * pi ** (1/2)).",
              special=[((0.0,), 1.0, (-TWO_BY_ROOT_PI,)), ((16.0,), 0.03519337782493084, (-0.002191076697725772,)),
                       ((1e10,), 1e-10 / ROOT_PI, (-1e-20 / ROOT_PI,)), ((inf,), 0.0, (0.0,)),
                       ((-inf,), inf, (-inf,))]),
        unary("erfinv", "z where erf(z) = x", lambda xp, g, z, x: g * (0.5 * ROOT_PI * xp.exp(z * z)),
              kernels=native("scipy.special:erfinv"), domain={"x": SYMMETRIC_UNIT}, source=DLMF,
              conventions="+-inf at +-1, with slope inf; NaN outside",
              special=[((0.0,), 0.0, (0.5 * ROOT_PI,)), ((1.0,), inf, (inf,)), ((-1.0,), -inf, (inf,)),
                       ((2.0,), nan, (nan,))]),
    ]  # fmt: skip


def _normal() -> list[Operator]:
    edge = "-inf at 0 and inf at 1, with slope inf; NaN outside"
    rows = [((0.0,), -inf, (inf,)), ((-0.0,), -inf, (inf,)), ((1.0,), inf, (inf,)), ((2.0,), nan, (nan,)),
            ((-1.0,), nan, (nan,))]  # fmt: skip
    return [
        unary("ndtr", "z = the probability that a standard normal variable is at most x",
              lambda xp, g, z, x: g * (xp.exp(-0.5 * x * x) / ROOT_TWO_PI),
              kernels={"numpy": "dataflow_std.kernels.normal:ndtr", "floats": _ndtr}, source=DLMF,
              special=[((0.0,), 0.5, (1 / ROOT_TWO_PI,)), ((inf,), 1.0, (0.0,)), ((-1000.0,), 0.0, (0.0,))]),
        # The slope is the density over ndtr(x), whose two tails erfcx has cancelled.
        unary("log_ndtr", "z = ln ndtr(x)",
              _log_ndtr_dx,
              kernels=native("scipy.special:log_ndtr"), source=DLMF,
              special=[((0.0,), -log(2.0), (ROOT_TWO_BY_PI,)), ((-40.0,), -804.6084420137538, (40.02496884720726,)),
                       ((-1e4,), -50000010.12927891, (10000.000099999997,)), ((1000.0,), 0.0, (0.0,)),
                       ((-inf,), -inf, (inf,))]),
        unary("ndtri", "z where ndtr(z) = x", lambda xp, g, z, x: g * (ROOT_TWO_PI * xp.exp(0.5 * z * z)),
              kernels=native("scipy.special:ndtri"), domain={"x": UNIT}, source=DLMF,
              conventions=edge, special=[((0.5,), 0.0, (ROOT_TWO_PI,)), *rows]),
        unary("logit", "z = ln(x / (1 - x))",
              lambda xp, g, z, x: g * xp.where(z == z, 1 / (xp.abs(x) * (1 - x)), nan),
              kernels={"numpy": "scipy.special:logit", "floats": _logit}, domain={"x": UNIT},
              conventions=edge, special=[((0.75,), log(3.0), (16 / 3,)), ((0.5,), 0.0, (4.0,)), *rows]),
    ]  # fmt: skip


def _ndtr(x: float) -> float:
    return 0.5 * math.erfc(-x / 2**0.5)


def _logit(x: float) -> float:
    if x in (0.0, 1.0):
        return inf if x else -inf
    return 2 * math.atanh(2 * x - 1) if 0.25 < x < 0.75 else math.log(x / (1 - x))


def _xlogy(x: float, y: float) -> float:
    if x == 0 and y == y:
        return 0.0
    return x * math.log(y) if y else x * -inf


def _xlog1py(x: float, y: float) -> float:
    if x == 0 and y == y:
        return 0.0
    return x * math.log1p(y) if y != -1 else x * -inf


def _xlogy_dy(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Any:
    y = xp.cast_like(y, z)
    slope = xp.where(y >= 0, g * (x / xp.abs(y)), nan)
    return xp.where(xp.logical_and(x == 0, y == y), 0.0, slope)


def _xlog1py_dy(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Any:
    y = xp.cast_like(y, z)
    slope = xp.where(y >= -1, g * (x / (1 + y)), nan)
    return xp.where(xp.logical_and(x == 0, y == y), 0.0, slope)


def _products() -> list[Operator]:
    return [
        binary("xlogy", "z = x * ln y, 0 where x = 0",
               lambda xp, g, z, x, y: g * xp.log(xp.cast_like(y, z)), _xlogy_dy,
               kernels={"numpy": "dataflow_std.kernels.special:xlogy", "floats": _xlogy}, domain={"y": POSITIVE},
               conventions="where x = 0: value 0, slope ln y in x, and 0 in y; NaN where x is not 0 and y < 0",
               special=[((2.0, e), 2.0, (1.0, 2 / e)), ((0.0, 3.0), 0.0, (log(3.0), 0.0)),
                        ((0.0, 0.0), 0.0, (-inf, 0.0)), ((2.0, 0.0), -inf, (-inf, inf)),
                        ((0.0, -1.0), 0.0, (nan, 0.0)), ((2.0, -1.0), nan, (nan, nan)),
                        ((0.0, nan), nan, (nan, nan)), ((0.0, inf), 0.0, (inf, 0.0))]),
        binary("xlog1py", "z = x * ln(1 + y), 0 where x = 0",
               lambda xp, g, z, x, y: g * xp.log1p(xp.cast_like(y, z)), _xlog1py_dy,
               kernels={"numpy": "dataflow_std.kernels.special:xlog1py", "floats": _xlog1py},
               domain={"y": ABOVE_MINUS_ONE},
               conventions="where x = 0: value 0, slope ln(1 + y) in x, and 0 in y; NaN where x is not 0 and y < -1",
               special=[((2.0, e - 1), 2.0, (1.0, 2 / e)), ((0.0, -1.0), 0.0, (-inf, 0.0)),
                        ((2.0, -1.0), -inf, (-inf, inf)), ((2.0, -2.0), nan, (nan, nan)),
                        ((0.0, nan), nan, (nan, nan))]),
    ]  # fmt: skip


def _log_quotient(xp: Any, x: Any, y: Any) -> Any:
    """ln(x / y), also where the quotient overflows, and where it rounds to 1."""
    quotient = x / y
    usual = xp.logical_and(quotient > 1e-30, quotient < 1e30)
    return xp.where(
        usual,
        log_near(xp, quotient, (x - y) / y),
        xp.log(xp.cast_like(x, quotient)) - xp.log(xp.cast_like(y, quotient)),
    )


def _rel_entr(xp: Any, x: Any, y: Any) -> Any:
    inside = xp.where(xp.logical_and(x == 0, y >= 0), 0.0, x * _log_quotient(xp, x, y))
    return xp.where(xp.logical_or(x < 0, y < 0), inf, inside)


def _rel_entr_dx(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Any:
    return g * (_log_quotient(xp, x, y) + 1)


def _rel_entr_dy(xp: Any, g: Any, z: Any, x: Any, y: Any) -> Any:
    inside = xp.where(xp.logical_and(x == 0, y >= 0), 0.0, -g * (x / xp.abs(xp.cast_like(y, z))))
    return xp.where(xp.logical_or(x < 0, y < 0), nan, inside)


def _entropies() -> list[Operator]:
    return [
        Operator("entr", "z = -x * ln x, 0 at 0, -inf below",
                 forward=lambda xp, x: xp.where(x < 0, -inf, 0.0 - xp.xlogy(x, x)),
                 backward={"x": lambda xp, g, z, x: g * (-1 - xp.log(x))}, broadcasts=True,
                 domain={"x": POSITIVE},
                 conventions="slope inf at 0, NaN below",
                 special=[((1 / e,), 1 / e, (0.0,)), ((0.5,), 0.5 * log(2.0), (log(2.0) - 1,)), ((0.0,), 0.0, (inf,)),
                          ((-0.0,), 0.0, (inf,)), ((-1.0,), -inf, (nan,))]),
        Operator("rel_entr", "z = x * ln(x / y), 0 where x = 0 <= y, inf where x < 0 or y < 0",
                 forward=_rel_entr, backward={"x": _rel_entr_dx, "y": _rel_entr_dy}, broadcasts=True,
                 domain={"x": POSITIVE, "y": POSITIVE},
                 conventions="where x = 0 < y: slopes -inf and 0; NaN where x < 0 or y < 0",
                 special=[((2.0, 1.0), 2 * log(2.0), (log(2.0) + 1, -2.0)), ((0.0, 2.0), 0.0, (-inf, 0.0)),
                          ((0.0, 0.0), 0.0, (nan, 0.0)), ((1.0, 0.0), inf, (inf, -inf)), ((-1.0, 1.0), inf, (nan, nan)),
                          ((1.0, -1.0), inf, (nan, nan))]),
    ]  # fmt: skip
