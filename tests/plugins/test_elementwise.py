"""Elementwise operators against mpmath at 30 digits: values and slopes, in the tails and where digits cancel."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest

from dataflow import registry
from dataflow.arrays import floats, ieee
from dataflow.library import Library
from tests.plugins.calling import call_rule, over_numpy

OPERATORS = registry.standard()
inf, nan = math.inf, math.nan

EDGES = np.array([0.0, 1.0, -2.5, inf, -inf, nan])

Case = tuple[str, Callable[..., Any], Sequence[Sequence[float]]]

WIDE = [-700.0, -40.0, -10.0, -1.0, -1e-3, -1e-9, 0.0, 1e-12, 1e-5, 0.3, 2.0, 9.0, 25.0, 700.0]
SMALL = [-30.0, -3.0, -0.5, -1e-7, 1e-9, 0.2, 1.0, 4.0, 20.0]
POSITIVE = [1e-300, 1e-20, 1e-3, 0.5, 0.999999, 1.0, 1.0000001, 7.0, 1e5, 1e300]
INSIDE = [-0.999999, -0.5, -1e-9, 1e-12, 0.3, 0.9, 0.9999999]

CASES: list[Case] = [
    ("exp", mpmath.exp, [WIDE]),
    ("exp2", lambda x: mpmath.mpf(2) ** x, [[-1000.0, -20.5, -1e-9, 0.0, 0.5, 3.0, 1000.0]]),
    ("expm1", mpmath.expm1, [WIDE]),
    ("log", mpmath.log, [POSITIVE]),
    ("log2", lambda x: mpmath.log(x, 2), [POSITIVE]),
    ("log10", mpmath.log10, [POSITIVE]),
    ("log1p", mpmath.log1p, [[-0.999999, -0.5, -1e-12, 1e-300, 1e-9, 3.0, 1e200]]),
    ("logaddexp", lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)), [WIDE, WIDE[::-1]]),
    ("logaddexp2", lambda x, y: mpmath.log(mpmath.mpf(2) ** x + mpmath.mpf(2) ** y, 2), [WIDE, WIDE[::-1]]),
    ("sin", mpmath.sin, [WIDE]),
    ("cos", mpmath.cos, [WIDE]),
    ("tan", mpmath.tan, [SMALL]),
    ("asin", mpmath.asin, [INSIDE]),
    ("acos", mpmath.acos, [INSIDE]),
    ("atan", mpmath.atan, [[*WIDE, 1e100, -1e15]]),
    ("atan2", mpmath.atan2, [[-3.0, -1e-9, 1e-200, 2.0, 1e200], [1e3, -2.0, 1e-200, -1e-8, 1e200]]),
    ("sinh", mpmath.sinh, [WIDE]),
    ("cosh", mpmath.cosh, [WIDE]),
    ("tanh", mpmath.tanh, [[-50.0, -20.0, -9.0, -1.0, -1e-9, 1e-300, 0.5, 3.0, 15.0, 40.0]]),
    ("asinh", mpmath.asinh, [[-1e200, -1e8, -1.0, -1e-9, 1e-300, 0.5, 3.0, 1e9]]),
    ("acosh", mpmath.acosh, [[1.0000001, 1.5, 10.0, 1e9, 1e200]]),
    ("atanh", mpmath.atanh, [INSIDE]),
    ("square", lambda x: x * x, [SMALL]),
    ("sqrt", mpmath.sqrt, [POSITIVE]),
    ("cbrt", lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), [[-1e300, -8.0, -1e-9, 1e-300, 1e-5, 0.5, 27.0, 1e250]]),
    ("reciprocal", lambda x: 1 / x, [[-3.0, 1e-100, 0.7, 1e100]]),
    ("divide", lambda x, y: x / y, [SMALL, SMALL[::-1]]),
    ("pow", lambda x, y: x**y, [[1e-3, 0.5, 0.999999, 1.5, 20.0, 1e10], [3.0, -2.5, 1e5, 0.5, 40.0, -30.0]]),
    ("hypot", lambda x, y: mpmath.sqrt(x * x + y * y),
     [[3.0, -1e200, 1e-200, 1e-5, 5.0], [4.0, 1e200, 1e-200, 7.0, 0.1]]),
    ("lerp", lambda x, y, w: x + w * (y - x), [[1.0, -1e308, 5.0], [3.0, 1e308, 5.0], [0.25, 0.5, -2.0]]),
    ("rad2deg", lambda x: x * 180 / mpmath.pi, [SMALL]),
    ("deg2rad", lambda x: x * mpmath.pi / 180, [SMALL]),
    ("sinc", mpmath.sincpi,
     [[-1e6 - 0.25, -7.5, -1.3, -0.5, -0.49, -0.01, 1e-9, 1e-200, 0.2, 0.51, 0.999, 3.2, 1e9 + 0.25]]),
    ("fmod", lambda x, y: x - y * mpmath.sign(x / y) * mpmath.floor(abs(x / y)),
     [[-7.3, 7.3, 1e5, 0.3], [2.0, -2.0, 0.7, 5.0]]),
    ("remainder", lambda x, y: x - y * mpmath.floor(x / y), [[-7.3, 7.3, 1e5, 0.3], [2.0, -2.0, 0.7, 5.0]]),
    ("frac", lambda x: x - mpmath.sign(x) * mpmath.floor(abs(x)), [[-7.3, -0.2, 0.3, 100.75]]),
]  # fmt: skip


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with np.errstate(all="ignore"), mpmath.workdps(30):
        yield


def slope(function: Callable[..., Any], inputs: Sequence[float], place: int) -> float:
    """The partial derivative: a central difference with 100 digits."""
    with mpmath.workdps(700 if max(map(abs, inputs)) > 1e20 or min(map(abs, inputs)) < 1e-20 else 120):
        exact = [mpmath.mpf(x) for x in inputs]
        h = mpmath.mpf(10) ** -30 * (abs(exact[place]) or 1)
        ahead, behind = ([*exact[:place], exact[place] + step, *exact[place + 1 :]] for step in (h, -h))
        return float((function(*ahead) - function(*behind)) / (2 * h))


@pytest.mark.parametrize(("name", "function", "inputs"), CASES, ids=[case[0] for case in CASES])
def test_values_and_slopes(name: str, function: Callable[..., Any], inputs: Sequence[Sequence[float]]) -> None:
    """Every element by itself: nothing large hides what is lost in a small one."""
    operator, xp = OPERATORS[name], over_numpy(OPERATORS)
    arrays = [np.array(x) for x in inputs]
    z = operator.forward(xp, *arrays)
    points = list(zip(*inputs, strict=True))
    expected = [float(function(*map(mpmath.mpf, point))) for point in points]
    np.testing.assert_allclose(z, expected, rtol=1e-12 if name != "tan" else 1e-10, atol=1e-300)
    for place, item in enumerate(operator.inputs):
        found = call_rule(xp, operator, item.name, np.ones_like(z), z, arrays, {})
        expected = [slope(function, point, place) for point in points]
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-300, err_msg=f"{name} in {item.name}")


@pytest.mark.parametrize(("name", "function", "inputs"), CASES, ids=[case[0] for case in CASES])
def test_both_kinds_of_floats_agree(name: str, function: Callable[..., Any], inputs: Sequence[Sequence[float]]) -> None:
    operator, xp = OPERATORS[name], over_numpy(OPERATORS)
    for point in zip(*inputs, strict=True):
        arrays = [np.array(x) for x in point]
        z = operator.forward(xp, *arrays)
        expected = [z, *[call_rule(xp, operator, item.name, np.array(1.0), z, arrays, {}) for item in operator.inputs]]
        for kind, number in ((floats, float), (ieee, ieee.IeeeFloat)):
            library = Library(OPERATORS, kind)
            given = [number(x) for x in point]
            try:
                z = operator.forward(library, *given)
                found = [call_rule(library, operator, item.name, number(1.0), z, given, {}) for item in operator.inputs]
            except ArithmeticError:
                assert kind is floats
                continue
            np.testing.assert_allclose([z, *found], np.array(expected, float), rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize("name", [case[0] for case in CASES])
def test_float32_stays_float32(name: str) -> None:
    operator, xp = OPERATORS[name], over_numpy(OPERATORS)
    for low, high in ((0.1, 0.9), (1.1, 3.0)):
        arrays = [np.linspace(low, high, 5, dtype=np.float32) for _ in operator.inputs]
        wide = [x.astype(np.float64) for x in arrays]
        z, exact = operator.forward(xp, *arrays), operator.forward(xp, *wide)
        assert z.dtype == np.float32
        np.testing.assert_allclose(z, exact, rtol=2e-5, atol=1e-5)
        for item in operator.inputs:
            found = call_rule(xp, operator, item.name, np.ones_like(z), z, arrays, {})
            assert found.dtype == np.float32
            np.testing.assert_allclose(
                found, call_rule(xp, operator, item.name, np.ones(5), exact, wide, {}), rtol=2e-5
            )


def test_zeros_of_sinc_are_exact() -> None:
    xp, x = over_numpy(OPERATORS), np.array([-3.0, -2.0, 1.0, 7.0, 1e6 + 1, 2.0**60])
    z = xp.sinc(x)
    assert not z.any()
    found = call_rule(xp, OPERATORS["sinc"], "x", np.ones(6), z, (x,), {})
    np.testing.assert_allclose(found, [1 / 3, -0.5, -1, -1 / 7, -1 / (1e6 + 1), 2.0**-60], rtol=1e-14)


def test_quotients_of_fmod_are_not_rounded_up() -> None:
    """0.3 / 0.1 rounds to 3, and fmod(0.3, 0.1) is just below 0.1: the quotient is 2, and so is minus the slope."""
    xp, x, y = over_numpy(OPERATORS), np.array([0.3, -0.3]), np.array([0.1, 0.1])
    z = xp.fmod(x, y)
    assert np.array_equal(z, np.fmod(x, y))
    assert call_rule(xp, OPERATORS["fmod"], "y", np.ones(2), z, (x, y), {}).tolist() == [-2.0, 2.0]


@pytest.mark.parametrize("name", ["fmax", "fmin", "heaviside", "maximum", "minimum", "copysign"])
def test_selections_are_those_of_numpy(name: str) -> None:
    x, y = (part.ravel() for part in np.meshgrid(EDGES, EDGES))
    expected = getattr(np, name)(x, y)
    np.testing.assert_array_equal(getattr(over_numpy(OPERATORS), name)(x, y), expected)
    careful = getattr(Library(OPERATORS, ieee), name)
    found = [careful(*pair) for pair in zip(x.tolist(), y.tolist(), strict=True)]
    np.testing.assert_array_equal(np.array(found, float), expected)


@pytest.mark.parametrize("chosen", [{}, {"nan": 2.5}, {"posinf": 9.0}, {"neginf": -9.0}])
def test_replacements_are_those_of_numpy(chosen: dict[str, Any]) -> None:
    expected = np.nan_to_num(EDGES, **chosen)
    np.testing.assert_array_equal(over_numpy(OPERATORS).nan_to_num(EDGES, **chosen), expected)
    careful = Library(OPERATORS, ieee)
    found = [careful.nan_to_num(x, **chosen) for x in EDGES.tolist()]
    np.testing.assert_array_equal(np.array(found, float), expected)


@pytest.mark.parametrize("name", ["fmax", "fmin"])
def test_a_nan_is_passed_over(name: str) -> None:
    """What is not taken gets nothing, also for an infinite cotangent; two NaN give NaN, two equal halves."""
    xp, operator = over_numpy(OPERATORS), OPERATORS[name]
    x, y = np.array([nan, 1.0, nan, 2.0]), np.array([1.0, nan, nan, 2.0])
    z = getattr(xp, name)(x, y)
    g = np.array([inf, inf, 1.0, 1.0])
    np.testing.assert_array_equal(call_rule(xp, operator, "x", g, z, (x, y), {}), [0.0, inf, nan, 0.5])
    np.testing.assert_array_equal(call_rule(xp, operator, "y", g, z, (x, y), {}), [inf, 0.0, nan, 0.5])
    bare = Library(OPERATORS, floats)
    assert call_rule(bare, operator, "x", 1.0, 1.0, (nan, 1.0), {}) is None
    assert call_rule(bare, operator, "y", 1.0, 1.0, (nan, 1.0), {}) == 1.0


def test_what_is_replaced_or_not_at_zero_gets_nothing() -> None:
    bare = Library(OPERATORS, floats)
    for x, taken in ((nan, None), (inf, None), (3.0, 5.0)):
        attributes = {"nan": 0.0, "posinf": None, "neginf": None}
        assert call_rule(bare, OPERATORS["nan_to_num"], "x", 5.0, 0.0, (x,), attributes) == taken
    for x, taken in ((-1.0, None), (1.0, None), (0.0, 5.0)):
        assert call_rule(bare, OPERATORS["heaviside"], "y", 5.0, 0.0, (x, 0.5), {}) == taken


STANDARD = """
    abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert bitwise_or
    bitwise_right_shift bitwise_xor ceil clip copysign cos cosh divide equal exp expm1 floor floor_divide greater
    greater_equal hypot isfinite isinf isnan less less_equal log log1p log2 log10 logaddexp logical_and logical_not
    logical_or logical_xor maximum minimum multiply negative nextafter not_equal positive pow reciprocal remainder round
    sign signbit sin sinh square sqrt subtract tan tanh trunc
"""


def test_the_standard_is_complete() -> None:
    """All elementwise functions of the Array API standard 2024.12, less those of complex numbers."""
    assert set(STANDARD.split()) <= set(OPERATORS)
