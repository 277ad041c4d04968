"""Special functions, named as in SciPy. SciPy computes them on arrays; on floats `math` does where it can."""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import inf
from typing import Any

from dataflow.operators import POSITIVE, Operator, unary

TWO_BY_ROOT_PI = 2 / math.pi**0.5
ROOT_TWO_PI = (2 * math.pi) ** 0.5
DLMF = "NIST Digital Library of Mathematical Functions, sections 5.2, 5.15 and 7.2, https://dlmf.nist.gov"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [
        unary("erf", "z = 2 / pi ** (1/2) * integral of e ** (-t ** 2) from 0 to x",
              lambda xp, g, z, x: g * (TWO_BY_ROOT_PI * xp.exp(-x * x)),
              kernels={"numpy": "scipy.special:erf", "floats": math.erf}, source=DLMF,
              special=[((inf,), 1.0, (0.0,)), ((-1000.0,), -1.0, (0.0,))]),
        unary("erfc", "z = 1 - erf(x)",
              lambda xp, g, z, x: -g * (TWO_BY_ROOT_PI * xp.exp(-x * x)),
              kernels={"numpy": "scipy.special:erfc", "floats": math.erfc}, source=DLMF,
              special=[((inf,), 0.0, (0.0,))]),
        unary("ndtr", "z = the probability that a standard normal variable is at most x",
              lambda xp, g, z, x: g * (xp.exp(-0.5 * x * x) / ROOT_TWO_PI),
              kernels={"numpy": "scipy.special:ndtr", "floats": _ndtr}, source=DLMF,
              special=[((inf,), 1.0, (0.0,)), ((-1000.0,), 0.0, (0.0,))]),
        unary("gammaln", "z = ln |Gamma(x)|", lambda xp, g, z, x: g * xp.digamma(x),
              kernels={"numpy": "scipy.special:gammaln", "floats": _gammaln},
              domain={"x": POSITIVE}, source=DLMF, conventions="inf at 0, -1, -2, ..."),
        unary("digamma", "z = the derivative of ln Gamma(x)", lambda xp, g, z, x: g * xp.polygamma(x, n=1),
              kernels={"numpy": "scipy.special:psi", "floats": _digamma},
              domain={"x": POSITIVE}, source=DLMF, conventions="-inf at 0; NaN at -1, -2, ..."),
        Operator("polygamma", "z = the derivative of order n of digamma(x)",
                 forward=_polygamma, backward={"x": lambda xp, g, z, x, *, n: g * xp.polygamma(x, n=n + 1)},
                 kernels={"numpy": _polygamma_of_arrays, "floats": _polygamma_of_float}, broadcasts=True,
                 description="n is at least 0.",
                 domain={"x": POSITIVE}, examples=_polygamma_examples, source=DLMF),
    ]  # fmt: skip


def _ndtr(x: float) -> float:
    return 0.5 * math.erfc(-x / 2**0.5)


def _gammaln(x: float) -> float:
    if x == -inf:  # as in SciPy
        return x
    return inf if x <= 0 and x % 1 == 0 else math.lgamma(x)


def _digamma(x: float) -> float:
    from scipy.special import psi

    return float(psi(float(x)))


def _polygamma(xp: Any, x: Any, *, n: int) -> Any:
    return xp.polygamma(x, n=n)


def _polygamma_of_arrays(x: Any, *, n: int) -> Any:
    from scipy.special import polygamma

    if n < 0:
        raise ValueError(f"the order n of polygamma is at least 0, not {n}")
    result = polygamma(n, x)
    return result.astype(x.dtype) if hasattr(x, "dtype") else result


def _polygamma_of_float(x: float, *, n: int) -> float:
    return float(_polygamma_of_arrays(float(x), n=n))


def _polygamma_examples(rng: Any) -> Sequence[Any]:
    return [((rng.uniform(0.5, 5.0, size=shape),), {"n": n}) for shape in [(), (4,), (2, 3), (0,)] for n in (0, 1, 2)]
