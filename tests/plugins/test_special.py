"""Special functions against mpmath and closed forms: values and slopes, element by element, into the tails."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from dataflow import registry
from dataflow.arrays import floats, ieee
from dataflow.library import Library
from tests.plugins.calling import call_rule, complete, differentiable, over_numpy

OPERATORS = registry.standard()
inf, nan = math.inf, math.nan

Exact = Callable[..., Any]
Points = Sequence[tuple[float, ...]]


def ndtr(x: Any) -> Any:
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def density(x: Any) -> Any:
    return mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)


def erfcx(x: Any) -> Any:
    return mpmath.exp(x * x) * mpmath.erfc(x)


def ndtri(p: float) -> Any:
    """By Newton's method in ln p from a start good to one digit."""
    start = -mpmath.sqrt(-2 * mpmath.log(p)) if p < 0.05 else mpf(0)
    return mpmath.findroot(lambda z: mpmath.log(ndtr(z)) - mpmath.log(p), start)


def betaln(a: Any, b: Any) -> Any:
    return mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b)


def digammas(a: Any, b: Any) -> Any:
    return mpmath.psi(0, a) - mpmath.psi(0, a + b)


def gamma_density(a: Any, x: Any) -> Any:
    return mpmath.exp((a - 1) * mpmath.log(x) - x - mpmath.loggamma(a))


def beta_density(a: Any, b: Any, x: Any) -> Any:
    return mpmath.exp((a - 1) * mpmath.log(x) + (b - 1) * mpmath.log(1 - x) - betaln(a, b))


def zeta_slope(x: Any, q: Any) -> Any:
    return -x * mpmath.zeta(x + 1, q)


def singles(*xs: float) -> Points:
    return [(x,) for x in xs]


def bessel(kind: Exact, v: int) -> tuple[Exact, tuple[Exact]]:
    """A Bessel function and its slope."""
    return lambda x: kind(v, x), (lambda x: kind(v, x, derivative=1),)


def scaled(v: int) -> tuple[Exact, tuple[Exact]]:
    def slope(x: Any) -> Any:
        return mpmath.exp(-abs(x)) * (mpmath.besseli(v, x, derivative=1) - mpmath.sign(x) * mpmath.besseli(v, x))

    return lambda x: mpmath.exp(-abs(x)) * mpmath.besseli(v, x), (slope,)


REAL = singles(-5.0, -1.3, -1e-9, 1e-12, 0.3, 1.0, 4.0, 9.0)
ROUND = singles(-20.4, -7.0, -2.1, -0.5, 1e-3, 1.0, 1.99, 2.0, 2.01, 3.3, 12.7, 49.9, 50.1, 300.0)
POLES = singles(-20.4, -1.3, -0.5, 1e-5, 0.1, 1.5, 3.0, 20.0, 1e4, 1e8)
SIZES = (1e-5, 0.3, 1.0, 4.4, 9.99, 10.0, 120.0, 9e5, 1e8)
GAMMAS = [
    (a, a * t) for a in (1e-3, 0.5, 1.0, 3.3, 9.9, 10.1, 80.0, 2e3) for t in (1e-3, 0.4, 0.49, 0.99, 1.0, 1.6, 3.0)
]
GAMMAS = [(a, x) for a, x in GAMMAS if abs(math.lgamma(a) + x - a * math.log(x)) < 650]
NARROW = [(1e5, 1e5 + 300.0), (1e6, 1e6 - 3e3), (1e8, 1e8 + 2e4)]
BETAS = list(product((0.3, 1.0, 4.0, 30.0), (0.5, 1.0, 9.0, 11.0, 60.0), (1e-4, 0.2, 0.5, 0.7, 0.999)))
PEAKED = [(1e6, 2e6, 0.3334), (1e8, 1e8, 0.50001), (3.0, 1e5, 1e-5), (1e5, 3.0, 0.9999)]

CASES: list[tuple[str, Exact, tuple[Exact | None, ...], Points, dict[str, Any]]] = [
    ("erf", mpmath.erf, (lambda x: mpmath.diff(mpmath.erf, x),), REAL, {}),
    ("erfc", mpmath.erfc, (lambda x: -2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x),), [*REAL, (20.3,), (25.0,)], {}),
    ("erfcx", erfcx, (lambda x: 2 * x * erfcx(x) - 2 / mpmath.sqrt(mpmath.pi),),
     [*REAL, *singles(-20.0, 14.99, 15.01, 60.0, 1e4, 1e8)], {}),
    ("erfinv", mpmath.erfinv, (lambda x: mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(mpmath.erfinv(x) ** 2),),
     singles(-0.99, -0.3, 1e-10, 0.1, 0.9, 0.999999), {}),
    ("ndtr", ndtr, (density,), [*REAL, *singles(-37.0, -20.7, 20.0)], {}),
    ("log_ndtr", lambda x: mpmath.log(ndtr(x)) if x < 1 else mpmath.log1p(-ndtr(-x)), (lambda x: density(x) / ndtr(x),),
     [*REAL, *singles(-1e8, -1e4, -40.0, -15.0, 20.0, 37.0)], {}),
    ("ndtri", ndtri, (lambda p: 1 / density(ndtri(p)),), singles(1e-300, 1e-100, 1e-10, 0.01, 0.3, 0.7, 0.999), {}),
    ("logit", lambda x: mpmath.log(x / (1 - x)), (lambda x: 1 / (x * (1 - x)),),
     singles(1e-300, 1e-10, 0.2, 0.3, 0.499999, 0.500001, 0.8, 1 - 1e-10), {}),
    ("xlogy", lambda x, y: x * mpmath.log(y), (lambda x, y: mpmath.log(y), lambda x, y: x / y),
     [(2.0, 1e-300), (-3.0, 0.9999), (1e-10, 7.0)], {}),
    ("xlog1py", lambda x, y: x * mpmath.log1p(y), (lambda x, y: mpmath.log1p(y), lambda x, y: x / (1 + y)),
     [(2.0, 1e-300), (-3.0, -0.9999), (1e-10, 7.0)], {}),
    ("entr", lambda x: -x * mpmath.log(x), (lambda x: -1 - mpmath.log(x),),
     singles(1e-300, 0.2, 0.9999, 5.0, 1e200), {}),
    ("rel_entr", lambda x, y: x * mpmath.log(x / y), (lambda x, y: 1 + mpmath.log(x / y), lambda x, y: -x / y),
     [(0.2, 0.3), (1e-200, 1e200), (1e200, 1e-100), (5.0, 4.9999999)], {}),
    ("gammaln", lambda x: mpmath.log(abs(mpmath.gamma(x))), (mpmath.digamma,), POLES[:-1], {}),
    ("digamma", mpmath.digamma, (lambda x: mpmath.psi(1, x),), POLES, {}),
    *[("polygamma", lambda x, n=n: mpmath.psi(n, x), (lambda x, n=n: mpmath.psi(n + 1, x),), POLES, {"n": n})
      for n in (0, 1, 2, 3)],
    ("zeta", mpmath.zeta, (None, zeta_slope),
     [(1.01, 0.5), (2.0, 0.5), (3.0, 10.0), (2.5, 1e3), (30.0, 0.7), (2.0, -0.5), (5.0, 1e6)], {}),
    ("betaln", betaln, (digammas, lambda a, b: digammas(b, a)), list(product(SIZES, SIZES)), {}),
    ("beta", mpmath.beta,
     (lambda a, b: mpmath.beta(a, b) * digammas(a, b), lambda a, b: mpmath.beta(a, b) * digammas(b, a)),
     [(a, b) for a in SIZES for b in SIZES if min(a, b) < 5 or a + b < 300], {}),
    ("gammainc", lambda a, x: mpmath.gammainc(a, 0, x, regularized=True), (None, gamma_density), GAMMAS, {}),
    ("gammaincc", lambda a, x: mpmath.gammainc(a, x, regularized=True), (None, lambda a, x: -gamma_density(a, x)),
     GAMMAS[:35], {}),
    ("betainc", lambda a, b, x: mpmath.betainc(a, b, 0, x, regularized=True), (None, None, beta_density), BETAS, {}),
    ("j0", *bessel(mpmath.besselj, 0), [*ROUND, (1e6,), (1e9,)], {}),
    ("j1", *bessel(mpmath.besselj, 1), [*ROUND, (1e6,), (1e9,)], {}),
    ("i0", *bessel(mpmath.besseli, 0), ROUND, {}),
    ("i1", *bessel(mpmath.besseli, 1), ROUND, {}),
    *[("jv", *bessel(mpmath.besselj, v), ROUND, {"v": v}) for v in (0, 1, 2, 3, 7)],
    *[("iv", *bessel(mpmath.besseli, v), ROUND, {"v": v}) for v in (0, 1, 2, 3, 7)],
    ("i0e", *scaled(0), [*ROUND, (1e4,), (-1e8,)], {}),
    ("i1e", *scaled(1), [*ROUND, (1e4,), (-1e8,)], {}),
]  # fmt: skip
IDS = [f"{case[0]}{list(case[4].values()) or ''}" for case in CASES]
# At the zeros of an oscillating function the error is relative to its size nearby.
WAVES = {"j0", "j1", "jv"}


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with np.errstate(all="ignore"), mpmath.workdps(40):
        yield


def exactly(function: Exact, points: Points) -> list[float]:
    """The values at exactly these floats, the digits of a point far out raised by its size."""
    found = []
    for point in points:
        with mpmath.workdps(40 + int(2 * max(0.0, math.log10(max(map(abs, point)))))):
            found.append(float(mpmath.re(function(*map(mpf, point)))))
    return found


@pytest.mark.parametrize(("name", "function", "slopes", "points", "attributes"), CASES, ids=IDS)
def test_values_and_slopes(
    name: str, function: Exact, slopes: Sequence[Exact | None], points: Points, attributes: dict[str, Any]
) -> None:
    operator, xp = OPERATORS[name], over_numpy(OPERATORS)
    arrays = [np.array(column) for column in zip(*points, strict=True)]
    sizes = 1e-11 * np.minimum(1, np.abs(arrays[0]) ** -0.5) if name in WAVES else 0.0
    z = operator.forward(xp, *arrays, **attributes)
    np.testing.assert_array_less(np.abs(z - exactly(function, points)), 1e-10 * np.abs(z) + sizes + 1e-300)
    assert [place for place, item in enumerate(slopes) if item] == differentiable(operator)
    for place in differentiable(operator):
        slope = slopes[place]
        assert slope is not None
        found = call_rule(xp, operator, operator.inputs[place].name, np.ones_like(z), z, arrays, attributes)
        error = np.abs(found - exactly(slope, points))
        np.testing.assert_array_less(error, 1e-10 * np.abs(found) + sizes + 1e-300, err_msg=f"input {place}")


@pytest.mark.parametrize(("name", "points"), [("gammainc", NARROW), ("betainc", PEAKED)])
def test_slopes_of_narrow_distributions(name: str, points: Points) -> None:
    """Where the density is a difference of logarithms of 10 ** 9, which have half of their digits before the point."""
    operator, xp = OPERATORS[name], over_numpy(OPERATORS)
    arrays = [np.array(column) for column in zip(*points, strict=True)]
    found = call_rule(xp, operator, "x", np.ones(len(points)), np.ones(len(points)), arrays, {})
    np.testing.assert_allclose(
        found, exactly(gamma_density if name == "gammainc" else beta_density, points), rtol=1e-10
    )


@pytest.mark.parametrize(("name", "function", "slopes", "points", "attributes"), CASES, ids=IDS)
def test_floats_agree(
    name: str, function: Exact, slopes: Sequence[Exact | None], points: Points, attributes: dict[str, Any]
) -> None:
    operator, xp, careful = OPERATORS[name], over_numpy(OPERATORS), Library(OPERATORS, ieee)
    names = [operator.inputs[place].name for place in differentiable(operator)]
    for point in points[:: max(1, len(points) // 12)]:
        arrays = [np.array(x) for x in point]
        z = operator.forward(xp, *arrays, **attributes)
        expected = [z, *[call_rule(xp, operator, item, np.array(1.0), z, arrays, attributes) for item in names]]
        given = [ieee.IeeeFloat(x) for x in point]
        z = operator.forward(careful, *given, **attributes)
        assert type(z) is ieee.IeeeFloat
        found = [z, *[call_rule(careful, operator, item, ieee.IeeeFloat(1.0), z, given, attributes) for item in names]]
        np.testing.assert_allclose(found, np.array(expected, float), rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize(("name", "attributes"), [(case[0], case[4]) for case in CASES], ids=IDS)
def test_float32_stays_float32(name: str, attributes: dict[str, Any]) -> None:
    """A Python number among the inputs included."""
    operator, xp = OPERATORS[name], over_numpy(OPERATORS)
    low, high = (0.2, 0.8) if name in ("erfinv", "ndtri", "logit", "betainc") else (1.2, 60.0)
    arrays = [np.linspace(low, high, 5, dtype=np.float32) for _ in operator.inputs]
    numbers = range(len(arrays)) if arrays[1:] else ()
    trials: list[list[Any]] = [[*arrays[:place], 0.5, *arrays[place + 1 :]] for place in numbers]
    for mixed in [arrays, *trials]:
        z = operator.forward(xp, *mixed, **attributes)
        assert z.dtype == np.float32
        for place in differentiable(operator):
            if not isinstance(mixed[place], float):
                item = operator.inputs[place].name
                assert call_rule(xp, operator, item, np.ones_like(z), z, mixed, attributes).dtype == np.float32


def test_float32_is_finite_where_float64_is() -> None:
    """A factor that overflows in float32 alone would show as NaN."""
    xp, x = over_numpy(OPERATORS), np.array([-200.0, -60.0, 40.0, 90.0, 120.0], np.float32)
    for name in ("i0e", "i1e", "log_ndtr", "j0", "j1", "entr", "gammaln"):
        taken = x if name not in ("entr", "gammaln") else np.abs(x)
        z = getattr(xp, name)(taken)
        found = call_rule(xp, OPERATORS[name], "x", np.ones_like(z), z, (taken,), {})
        wide = taken.astype(float)
        expected = call_rule(xp, OPERATORS[name], "x", np.ones(5), getattr(xp, name)(wide), (wide,), {})
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(("name", "attributes"), [("jv", {"v": -1}), ("iv", {"v": -1}), ("polygamma", {"n": -1})])
def test_orders_below_zero_are_refused(name: str, attributes: dict[str, Any]) -> None:
    for xp, x in ((over_numpy(OPERATORS), np.ones(2)), (Library(OPERATORS, floats), 1.0)):
        with pytest.raises(ValueError, match=f"of {name} is at least 0, not -1"):
            getattr(xp, name)(x, **attributes)


def test_slopes_are_smooth_where_their_formula_changes() -> None:
    """The slope of a slope, by differences of the rule, across the point where the rule changes its formula."""
    xp = over_numpy(OPERATORS)
    second: dict[str, tuple[float, Exact]] = {
        "sinc": (0.5, lambda x: mpmath.diff(mpmath.sincpi, x, 2)),
        "erfcx": (15.0, lambda x: 2 * erfcx(x) + 2 * x * (2 * x * erfcx(x) - 2 / mpmath.sqrt(mpmath.pi))),
        "i0e": (50.0, lambda x: mpmath.diff(scaled(0)[0], x, 2)),
        "i1e": (-50.0, lambda x: mpmath.diff(scaled(1)[0], x, 2)),
    }
    for name, (joint, exact) in second.items():
        operator, h = OPERATORS[name], 1e-3 * abs(joint)
        x = np.array([joint - h, joint + h])
        z = operator.forward(xp, x)
        found = call_rule(xp, operator, "x", np.ones(2), z, (x,), complete(operator, {}))
        np.testing.assert_allclose((found[1] - found[0]) / (2 * h), float(exact(mpf(joint))), rtol=1e-4, err_msg=name)
