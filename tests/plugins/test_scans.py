"""Scans and differences against NumPy, SciPy, mpmath, autograd and numbers worked out by hand."""

from __future__ import annotations

from math import inf, log
from typing import Any

import autograd
import autograd.numpy as anp
import mpmath
import numpy as np
import pytest
import scipy.integrate

from tests.plugins.slopes import LINEAR, OPERATORS, XP, by_steps, check, close, draw, slope


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_running_extremes_and_order(axis: int) -> None:
    x = draw(4, 5, 3)
    check("cumulative_max", lambda x: np.maximum.accumulate(x, axis=axis), x, LINEAR, axis=axis)
    check("cumulative_min", lambda x: np.minimum.accumulate(x, axis=axis), x, LINEAR, axis=axis)
    check("cumulative_sum", lambda x: np.cumsum(x, axis=axis), x, LINEAR, axis=axis)
    check("sort", lambda x: np.sort(x, axis=axis), x, LINEAR, axis=axis)
    check("sort", lambda x: np.flip(np.sort(x, axis=axis), axis=axis), x, LINEAR, axis=axis, descending=True)


@pytest.mark.parametrize(("n", "axis"), [(0, 0), (1, 0), (1, -1), (2, 1), (3, 0), (9, 1)])
def test_differences(n: int, axis: int) -> None:
    x = draw(4, 5)
    check("diff", lambda x: np.diff(x, n=n, axis=axis), x, LINEAR, n=n, axis=axis)
    parts = {"prepend": draw(2, 2), "append": draw(1, 1)}
    parts = {name: np.resize(part, (3, 5) if axis == 0 else (4, 3)) for name, part in parts.items()}
    inputs = (parts["prepend"], x, parts["append"])
    for before, after in [(True, True), (True, False), (False, True)]:
        given = [item for item, used in zip(inputs, (before, True, after), strict=True) if used]
        whole = np.concatenate(given, axis=axis)
        called = (x, inputs[0] if before else None, inputs[2] if after else None)
        z = OPERATORS["diff"].forward(XP, *called, n=n, axis=axis)
        close(z, np.diff(whole, n=n, axis=axis))
        g = draw(*z.shape)
        oracle = autograd.grad(lambda whole, g=g: anp.sum(g * anp.diff(whole, n=n, axis=axis)))
        lengths = np.cumsum([item.shape[axis] for item in given])[:-1]
        expected = np.split(oracle(whole) if z.size else 0 * whole, lengths, axis=axis)
        places = [place for place, item in ((1, called[1]), (0, x), (2, called[2])) if item is not None]
        for place, part in zip(places, expected, strict=True):
            close(slope("diff", called, g, place, n=n, axis=axis), part)


def test_trapezoids() -> None:
    y, x = draw(3, 5), np.sort(draw(3, 5, seed=2), axis=1)
    check("trapezoid", lambda y: scipy.integrate.trapezoid(y, dx=0.3, axis=0), y, LINEAR, dx=0.3, axis=0)
    for places, axis in [(x, 1), (x[0], -1), (x, 0), (x[:, 0], 0)]:
        close(OPERATORS["trapezoid"].forward(XP, y, places, axis=axis), scipy.integrate.trapezoid(y, places, axis=axis))
        g = draw(5 if axis == 0 else 3)
        of_y = lambda y, places=places, axis=axis: scipy.integrate.trapezoid(y, places, axis=axis)  # noqa: E731
        of_x = lambda x, axis=axis: scipy.integrate.trapezoid(y, x, axis=axis)  # noqa: E731
        close(slope("trapezoid", (y, places), g, 0, axis=axis), by_steps(of_y, y, g, LINEAR))
        close(slope("trapezoid", (y, places), g, 1, axis=axis), by_steps(of_x, places, g, LINEAR))


@pytest.mark.parametrize("shape", [(1,), (30,), (2, 40), (40, 2), (3, 4, 5)])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_linear_recurrence_solves_a_bidiagonal_system(shape: tuple[int, ...], reverse: bool) -> None:
    x, a, g = draw(*shape), draw(*shape, seed=2), draw(*shape, seed=3)
    z = XP.linear_recurrence(x, a, reverse=reverse)
    of_x, of_a = (slope("linear_recurrence", (x, a), g, place, reverse=reverse) for place in (0, 1))
    n = shape[-1]
    for row in np.ndindex(shape[:-1]):
        system = np.eye(n) - (np.diag(a[row][:-1], 1) if reverse else np.diag(a[row][1:], -1))
        close(z[row], np.linalg.solve(system, x[row]))
        close(of_x[row], np.linalg.solve(system.T, g[row]))
        before = np.append(z[row][1:], 0.0) if reverse else np.append(0.0, z[row][:-1])
        close(of_a[row], np.linalg.solve(system.T, g[row]) * before)


@pytest.mark.parametrize("offset", [0.0, 700.0, -1e4, 1e4])
def test_running_logarithms_of_sums(offset: float) -> None:
    x = offset + np.array([3.0, -40.0, 5.0, -2.0, 800.0, 10.0, 799.0])
    g = np.array([1.0, -2.0, 0.5, 3.0, -1.0, 2.0, -4.0])
    with mpmath.workdps(40):
        sums = [mpmath.fsum(mpmath.exp(mpmath.mpf(item)) for item in x[: i + 1]) for i in range(len(x))]
        value = [float(mpmath.log(item)) for item in sums]
        slopes = [
            float(mpmath.fsum(g[i] * mpmath.exp(mpmath.mpf(item)) / sums[i] for i in range(k, len(x))))
            for k, item in enumerate(x)
        ]
    np.testing.assert_allclose(XP.log_cumulative_sum_exp(x), value, rtol=1e-14)
    np.testing.assert_allclose(slope("log_cumulative_sum_exp", (x,), g), slopes, rtol=1e-10)


def test_long_scans_are_exact_too() -> None:
    """10,000 steps, in one row and in many, with cotangents of both signs."""
    x, g = draw(2, 10_000), draw(2, 10_000, seed=2)
    weights = np.exp(x - np.logaddexp.accumulate(x, axis=1)[:, -1:])
    running = np.cumsum(weights, axis=1)
    expected = weights * np.cumsum((g / running)[:, ::-1], axis=1)[:, ::-1]
    close(slope("log_cumulative_sum_exp", (x,), g, axis=1), expected)
    close(slope("log_cumulative_sum_exp", (x.T,), g.T, axis=0), expected.T)
    signs = np.sign(x)
    expected = signs * np.cumsum((g * np.cumprod(signs, axis=1))[:, ::-1], axis=1)[:, ::-1]
    close(slope("cumulative_prod", (signs,), g, axis=1), expected)


def test_an_unused_infinity_of_a_running_logarithm_leaves_slopes_finite() -> None:
    x = np.array([-inf, -inf, 0.0, log(3.0)])
    g = np.array([0.0, 0.0, 0.0, 1.0])
    np.testing.assert_allclose(slope("log_cumulative_sum_exp", (x,), g), [0.0, 0.0, 0.25, 0.75], rtol=1e-15)


def test_an_infinite_cotangent_stays_with_what_was_taken() -> None:
    x = np.array([1.0, 3.0, 2.0, 4.0])
    assert slope("cumulative_max", (x,), np.array([1.0, 2.0, inf, 5.0])).tolist() == [1.0, inf, 0.0, 5.0]
    assert slope("cumulative_max", (x,), np.array([1.0, 2.0, 3.0, inf])).tolist() == [1.0, 5.0, 0.0, inf]
    assert slope("cumulative_min", (-x,), np.array([inf, 2.0, 3.0, inf])).tolist() == [inf, 5.0, 0.0, inf]


@pytest.mark.parametrize("shape", [(5,), (40, 5), (3, 40, 5)])
def test_a_factor_0_cuts_off_what_is_not_finite(shape: tuple[int, ...]) -> None:
    x, a = np.ones(shape), np.full(shape, 2.0)
    x[..., 1], a[..., 3] = inf, 0.0
    for values, factors, axis in [(x, a, -1), (np.moveaxis(x, -1, 0), np.moveaxis(a, -1, 0), 0)]:
        z = np.moveaxis(XP.linear_recurrence(values, factors, axis=axis), axis, -1)
        assert np.array_equal(z, np.broadcast_to([1.0, inf, inf, 1.0, 3.0], shape))
