"""The gamma and beta functions, their incomplete integrals and their relatives, named as in SciPy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import inf, log, nan, pi
from typing import Any

from dataflow.operators import POSITIVE, UNIT, Operator, unary
from dataflow_std.special import native
from dataflow_std.stirling import digamma_step, log_beta_density, log_gamma_density

EULER = 0.5772156649015329
ZETA_2, ZETA_3 = pi**2 / 6, 1.2020569031595942
DLMF = "NIST Digital Library of Mathematical Functions, sections 5.2, 5.12, 5.15, 8.2, 8.17 and 25.11, https://dlmf.nist.gov"
NO_SERIES = "its slope in {} has no closed form, and is left out"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_logarithm(), *_zetas(), *_incomplete_gamma(), *_beta(), *_incomplete_beta()]


def _digamma_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    return g * xp.where(z == z, xp.polygamma(x, n=1), nan)


def _logarithm() -> list[Operator]:
    return [
        unary("gammaln", "z = ln |Gamma(x)|", lambda xp, g, z, x: g * xp.digamma(x),
              kernels={"numpy": "scipy.special:gammaln", "floats": _gammaln},
              domain={"x": POSITIVE}, source=DLMF,
              conventions="inf at 0, -1, -2, ...; slope -inf at 0, NaN at the others",
              special=[((5.0,), log(24.0), (25 / 12 - EULER,)), ((0.5,), 0.5 * log(pi), (-EULER - 2 * log(2.0),)),
                       ((0.0,), inf, (-inf,)), ((-1.0,), inf, (nan,)), ((inf,), inf, (inf,))]),
        unary("digamma", "z = the derivative of ln Gamma(x)", _digamma_dx,
              kernels=native("scipy.special:digamma"),
              domain={"x": POSITIVE}, source=DLMF, conventions="-inf at 0, with slope inf; NaN at -1, -2, ...",
              special=[((1.0,), -EULER, (ZETA_2,)), ((0.0,), -inf, (inf,)), ((-1.0,), nan, (nan,))]),
        Operator("polygamma", "z = the derivative of order n of digamma(x)",
                 forward=_polygamma, backward={"x": lambda xp, g, z, x, *, n: g * xp.polygamma(x, n=n + 1)},
                 kernels=native("dataflow_std.kernels.special:polygamma"),
                 shape="dataflow_std.shapes.special:polygamma", broadcasts=True,
                 description="n is at least 0.",
                 domain={"x": POSITIVE}, examples=_polygamma_examples, source=DLMF,
                 special=[((1.0,), ZETA_2, (-2 * ZETA_3,), {"n": 1}), ((1.0,), -EULER, (ZETA_2,), {"n": 0}),
                          ((0.0,), inf, (-inf,), {"n": 1})]),
    ]  # fmt: skip


def _gammaln(x: float) -> float:
    if x == -inf:  # as in SciPy
        return x
    return inf if x <= 0 and x % 1 == 0 else math.lgamma(x)


def _polygamma(xp: Any, x: Any, *, n: int) -> Any:
    return xp.polygamma(x, n=n)


def _polygamma_examples(rng: Any) -> Sequence[Any]:
    return [((rng.uniform(0.5, 5.0, size=shape),), {"n": n}) for shape in [(), (4,), (2, 3), (0,)] for n in (0, 1, 2)]


def _zeta_dq(xp: Any, g: Any, z: Any, x: Any, q: Any) -> Any:
    x = xp.cast_like(x, g)
    return g * xp.where(x >= 1, -x * xp.zeta(x + 1, q), nan)


def _pairs(rng: Any, low: float, high: float) -> Sequence[Any]:
    shapes = [((), ()), ((4,), (4,)), ((2, 1), (3,)), ((1,), (1, 1)), ((0, 3), (3,))]
    return [((rng.uniform(low, high, first), rng.uniform(0.5, 3.0, second)), {}) for first, second in shapes]


def _zetas() -> list[Operator]:
    return [
        Operator("zeta", "z = the sum of 1 / (q + k) ** x over k = 0, 1, 2, ...",
                 forward=lambda xp, x, q: xp.zeta(x, q), backward={"x": None, "q": _zeta_dq},
                 kernels=native("dataflow_std.kernels.special:zeta"), broadcasts=True, source=DLMF,
                 description="Hurwitz's zeta function; Riemann's is that of q = 1.",
                 conventions="inf at x = 1, NaN below; " + NO_SERIES.format("x"),
                 examples=lambda rng: _pairs(rng, 1.5, 5.0),
                 special=[((2.0, 1.0), ZETA_2, (None, -2 * ZETA_3)), ((1.0, 1.0), inf, (None, -ZETA_2)),
                          ((2.0, 0.0), inf, (None, -inf)), ((0.5, 1.0), nan, (None, nan))]),
    ]  # fmt: skip


def _gamma_density(xp: Any, g: Any, a: Any, x: Any) -> Any:
    a, x = xp.cast_like(a, g), xp.cast_like(x, g)
    inside = xp.where(xp.isinf(x), 0.0, xp.exp(log_gamma_density(xp, a, x)))
    return xp.where(xp.logical_and(a >= 0, x >= 0), inside, nan)


def _incomplete_gamma() -> list[Operator]:
    about: dict[str, Any] = {
        "broadcasts": True, "domain": {"a": POSITIVE, "x": POSITIVE}, "source": DLMF,
        "conventions": "slope in x at 0: inf for a < 1, 1 for a = 1, 0 for a > 1; NaN below; " + NO_SERIES.format("a"),
    }  # fmt: skip
    return [
        Operator("gammainc", "z = 1 / Gamma(a) * integral of t ** (a - 1) * e ** -t from 0 to x",
                 forward=lambda xp, a, x: xp.gammainc(a, x),
                 backward={"a": None, "x": lambda xp, g, z, a, x: g * _gamma_density(xp, g, a, x)},
                 kernels=native("dataflow_std.kernels.special:gammainc"),
                 special=[((1.0, log(2.0)), 0.5, (None, 0.5)), ((1.0, 0.0), 0.0, (None, 1.0)),
                          ((0.5, 0.0), 0.0, (None, inf)), ((2.0, 0.0), 0.0, (None, 0.0)),
                          ((20.0, 0.0), 0.0, (None, 0.0)), ((20.0, inf), 1.0, (None, 0.0)),
                          ((2.0, inf), 1.0, (None, 0.0)), ((1.0, -1.0), nan, (None, nan))],
                 **about),
        Operator("gammaincc", "z = 1 / Gamma(a) * integral of t ** (a - 1) * e ** -t from x to inf",
                 forward=lambda xp, a, x: xp.gammaincc(a, x),
                 backward={"a": None, "x": lambda xp, g, z, a, x: -g * _gamma_density(xp, g, a, x)},
                 kernels=native("dataflow_std.kernels.special:gammaincc"),
                 special=[((1.0, log(2.0)), 0.5, (None, -0.5)), ((1.0, 0.0), 1.0, (None, -1.0)),
                          ((0.5, 0.0), 1.0, (None, -inf)), ((2.0, 0.0), 1.0, (None, 0.0)),
                          ((2.0, inf), 0.0, (None, 0.0)), ((1.0, -1.0), nan, (None, nan))], **about),
    ]  # fmt: skip


def _betaln_da(xp: Any, g: Any, a: Any, b: Any) -> Any:
    """The slope of ln B in a: digamma(a) - digamma(a + b)."""
    a, b = xp.cast_like(a, g), xp.cast_like(b, g)
    positive = xp.logical_and(a >= 0, b >= 0)
    return xp.where(positive, -digamma_step(xp, a, b), xp.digamma(a) - xp.digamma(a + b))


def _beta() -> list[Operator]:
    about: dict[str, Any] = {"domain": {"a": POSITIVE, "b": POSITIVE}, "broadcasts": True, "source": DLMF}
    return [
        Operator("beta", "z = Gamma(a) * Gamma(b) / Gamma(a + b)",
                 forward=lambda xp, a, b: xp.beta(a, b),
                 backward={"a": lambda xp, g, z, a, b: g * (z * _betaln_da(xp, g, a, b)),
                           "b": lambda xp, g, z, a, b: g * (z * _betaln_da(xp, g, b, a))},
                 kernels=native("dataflow_std.kernels.special:beta"),
                 special=[((2.0, 3.0), 1 / 12, (-13 / 144, -7 / 144)),
                          ((-0.5, 3.0), -16 / 3, (32 / 9, (56 - 96 * log(2.0)) / 9))],
                 **about),
        Operator("betaln", "z = ln |B(a, b)|, B(a, b) = Gamma(a) * Gamma(b) / Gamma(a + b)",
                 forward=lambda xp, a, b: xp.betaln(a, b),
                 backward={"a": lambda xp, g, z, a, b: g * _betaln_da(xp, g, a, b),
                           "b": lambda xp, g, z, a, b: g * _betaln_da(xp, g, b, a)},
                 kernels=native("dataflow_std.kernels.special:betaln"), conventions="inf where a or b is 0",
                 special=[((2.0, 3.0), -log(12.0), (-13 / 12, -7 / 12)),
                          ((1e6, 1.0), -6 * log(10.0), (-1e-6, -14.392726722865724)),
                          ((0.0, 1.0), inf, (-inf, 0.0))],
                 **about),
    ]  # fmt: skip


def _betainc_dx(xp: Any, g: Any, z: Any, a: Any, b: Any, x: Any) -> Any:
    a, b, x = xp.cast_like(a, g), xp.cast_like(b, g), xp.cast_like(x, g)
    inside = xp.logical_and(x >= 0, x <= 1)
    return g * xp.where(xp.logical_and(inside, z == z), xp.exp(log_beta_density(xp, a, b, x)), nan)


def _incomplete_beta() -> list[Operator]:
    return [
        Operator("betainc", "z = 1 / B(a, b) * integral of t ** (a - 1) * (1 - t) ** (b - 1) from 0 to x",
                 forward=lambda xp, a, b, x: xp.betainc(a, b, x),
                 backward={"a": None, "b": None, "x": _betainc_dx},
                 kernels=native("dataflow_std.kernels.special:betainc"), broadcasts=True,
                 domain={"a": POSITIVE, "b": POSITIVE, "x": UNIT}, source=DLMF,
                 conventions="slope in x at 0: inf for a < 1, b for a = 1, 0 for a > 1, and so at 1; NaN outside; "
                             + NO_SERIES.format("a or b"),
                 special=[((2.0, 1.0, 0.5), 0.25, (None, None, 1.0)), ((1.0, 3.0, 0.0), 0.0, (None, None, 3.0)),
                          ((0.5, 1.0, 0.0), 0.0, (None, None, inf)), ((2.0, 1.0, 0.0), 0.0, (None, None, 0.0)),
                          ((20.0, 20.0, 0.0), 0.0, (None, None, 0.0)), ((3.0, 1.0, 1.0), 1.0, (None, None, 3.0)),
                          ((1.0, 0.5, 1.0), 1.0, (None, None, inf)), ((1.0, 2.0, 1.0), 1.0, (None, None, 0.0)),
                          ((1.0, 1.0, 2.0), nan, (None, None, nan)), ((1.0, 1.0, -1.0), nan, (None, None, nan))]),
    ]  # fmt: skip
