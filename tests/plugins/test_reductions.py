"""Reductions, statistics and sorting against NumPy, autograd and numbers worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from itertools import product
from math import log, nan
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
import scipy.optimize

import dataflow
from tests.plugins.slopes import ANALYTIC, LINEAR, OPERATORS, XP, by_steps, check, close, draw, slope


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with np.errstate(all="ignore"):
        yield


# --- values and slopes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "attributes"),
    [
        ((7,), {}),
        ((4, 6), {"axis": -1}),
        ((4, 6), {"axis": 0, "keepdims": True}),
        ((2, 3, 5), {"axis": (-1, 0)}),
        ((2, 3, 5), {"axis": (1, 2), "keepdims": True}),
        ((2, 3), {"axis": ()}),
    ],
)
def test_quantiles(shape: tuple[int, ...], attributes: dict[str, Any]) -> None:
    x = draw(*shape)
    check("median", lambda x: np.median(x, **attributes), x, LINEAR, **attributes)
    for q in (0.0, 0.3, 0.5, 1.0, (0.1, 0.5, 0.9), (0.25,)):
        check("quantile", partial(np.quantile, q=q, **attributes), x, LINEAR, q=q, **attributes)
    x = x.copy()
    x.reshape(-1)[1] = nan
    holes, filled = np.isnan(x), np.nan_to_num(x)
    for name, oracle in (("nansum", np.nansum), ("nanmean", np.nanmean))[: 1 if attributes.get("axis") == () else 2]:
        close(OPERATORS[name].forward(XP, x, **attributes), oracle(x, **attributes))
        g = draw(*np.shape(oracle(x, **attributes)))
        moved = by_steps(partial(pierce, oracle, holes, attributes), filled, g, LINEAR)
        close(slope(name, (x,), g, **attributes), np.where(holes, 0.0, moved))


def pierce(function: Callable[..., Any], holes: Any, attributes: dict[str, Any], x: Any) -> Any:
    return function(np.where(holes, nan, x), **attributes)


@pytest.mark.parametrize("correction", [0, 1, 0.5])
@pytest.mark.parametrize("axis", [None, 1, -2, (0, 2)])
def test_spread(axis: Any, correction: float) -> None:
    x = 3 + draw(3, 4, 5)
    attributes = {"axis": axis, "correction": correction}
    g = draw(*np.shape(np.var(x, axis=axis)))
    for name, known in (("var", anp.var), ("std", anp.std)):
        oracle = autograd.grad(lambda x, f=known: anp.sum(g * f(x, axis=axis, ddof=correction)))
        close(OPERATORS[name].forward(XP, x, **attributes), known(x, axis=axis, ddof=correction))
        close(slope(name, (x,), g, **attributes), oracle(x))


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1.0, 1e160, 1e300])
def test_the_standard_deviation_neither_overflows_nor_vanishes(scale: float) -> None:
    x = np.array([[1.0, 2.0, 4.0], [3.0, 3.0, 3.0]]) * scale
    close(XP.std(x, axis=1) / scale, [np.std([1.0, 2.0, 4.0]), 0.0])
    found = slope("std", (x,), np.ones(2), axis=1)
    close(found[0], slope("std", (x[0] / scale,), np.ones(())))
    assert found[1].tolist() == [0.0, 0.0, 0.0]


def test_the_standard_deviation_of_a_constant_vector_is_0_whatever_the_constant() -> None:
    for constant, length in [(0.1, 3), (1 / 3, 10), (1e15 + 0.3, 7), (-2.7e-8, 1001)]:
        for dtype in (np.float64, np.float32):
            x = np.full(length, constant, dtype)
            assert XP.std(x) == 0
            assert not np.any(slope("std", (x,), np.ones((), dtype)))


def plain_cumulative_product(x: Any) -> Any:
    z = x.copy()
    for index in range(1, z.shape[-1]):
        z[..., index] *= z[..., index - 1]
    return z


@pytest.mark.parametrize("zeros", [[], [0], [2], [5], [1, 3], [0, 4, 5]])
def test_products_with_zeros(zeros: list[int]) -> None:
    x = draw(3, 6)
    x[1, zeros] = 0.0
    check("cumulative_prod", plain_cumulative_product, x, ANALYTIC, axis=-1)
    check("prod", lambda x: plain_cumulative_product(x)[..., -1], x, ANALYTIC, axis=1)
    started = lambda x: np.concatenate([np.ones((3, 1)), plain_cumulative_product(x)], axis=1)  # noqa: E731
    check("cumulative_prod", started, x, ANALYTIC, axis=1, include_initial=True)
    check("prod", lambda x: np.multiply.reduce(x, axis=None), x, ANALYTIC)


def test_a_product_over_several_axes() -> None:
    x = draw(2, 3, 4)
    x[0, 1, 2] = 0.0
    for axis in [(0, 2), (2, 0), (-2, -1)]:
        check("prod", partial(np.multiply.reduce, axis=axis), x, ANALYTIC, axis=axis)


# --- ties ----------------------------------------------------------------------------------------


def least_norm(function: Callable[[Any], Any], x: Any) -> Any:
    """The least-norm element of the Fréchet sub- or superdifferential of a piecewise linear function, or None.

    A subgradient s has s . d <= f'(x; d) for every direction d; directions of -1, 0 and 1 tell all orders apart.
    """
    directions = np.array([d for d in product((-1.0, 0.0, 1.0), repeat=len(x)) if any(d)])
    h = 2.0**-4
    slopes = np.array([(function(x + h * d) - function(x)) / h for d in directions])
    for sign in (1.0, -1.0):
        found = closest_to_0(-sign * directions, -sign * slopes - 1e-10)
        if found is not None:
            return found
    return None


def closest_to_0(rows: Any, bounds: Any) -> Any:
    """The least-norm s with rows @ s >= bounds, or None (Lawson and Hanson, Solving Least Squares Problems, 23.4)."""
    system, target = np.vstack([rows.T, bounds]), np.append(np.zeros(rows.shape[1]), 1.0)
    weights, distance = scipy.optimize.nnls(system, target)
    if distance < 1e-9:
        return None
    residual = system @ weights - target
    found = -residual[:-1] / residual[-1]
    return found if np.all(rows @ found >= bounds - 1e-9) else None


TIES = [
    [1.0, 2.0, 2.0, 3.0], [2.0, 2.0, 3.0], [1.0, 2.0, 2.0], [2.0, 2.0], [1.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 3.0],
    [3.0, 1.0, 3.0, 3.0], [2.0, 1.0, 2.0, 3.0], [1.0, 1.0, 1.0, 5.0], [4.0, 2.0, 2.0, 1.0],
]  # fmt: skip


@pytest.mark.parametrize("x", TIES, ids=str)
def test_slopes_at_ties_have_the_least_norm(x: list[float]) -> None:
    values, one, found = np.array(x), np.ones(()), 0
    for q in (0.0, 0.2, 0.25, 0.5, 0.7, 0.75, 1.0):
        expected = least_norm(partial(np.quantile, q=q), values)
        if expected is not None:
            found += 1
            np.testing.assert_allclose(slope("quantile", (values,), one, q=q), expected, atol=1e-9)
    assert found >= 3
    expected = least_norm(np.median, values)
    if expected is not None:
        np.testing.assert_allclose(slope("median", (values,), one), expected, atol=1e-9)
    for name, accumulate in (("cumulative_max", np.maximum.accumulate), ("cumulative_min", np.minimum.accumulate)):
        for place in range(len(x)):
            expected = least_norm(partial(reach, accumulate, place), values)
            np.testing.assert_allclose(slope(name, (values,), np.eye(len(x))[place]), expected, atol=1e-9)


def reach(accumulate: Callable[[Any], Any], place: int, x: Any) -> Any:
    return accumulate(x)[place]


def test_the_last_of_a_running_extreme_is_the_extreme() -> None:
    x = np.random.default_rng(4).integers(0, 4, size=(50, 12)).astype(float)
    x[7, 5] = nan
    for name in ("max", "min"):
        last = np.zeros_like(x)
        last[:, -1] = g = draw(50)
        found = slope(f"cumulative_{name}", (x,), last, axis=1)
        np.testing.assert_allclose(found, slope(name, (x,), g, axis=1), rtol=1e-14)


def test_sort_follows_the_stable_order_at_ties() -> None:
    x = np.array([2.0, 1.0, 2.0, nan, 1.0, nan])
    g = np.arange(6.0)
    for stable in (True, False):
        assert slope("sort", (x,), g, stable=stable).tolist() == [2.0, 0.0, 3.0, 4.0, 1.0, 5.0]
        assert slope("sort", (x,), g, descending=True, stable=stable).tolist() == [0.0, 2.0, 1.0, 4.0, 3.0, 5.0]
    many = np.random.default_rng(0).integers(0, 9, size=(3, 500))
    for x in (many.astype(float), many, many.astype(np.uint8)):
        assert np.array_equal(XP.argsort(x), np.argsort(x, stable=True))
        order = XP.argsort(x, descending=True)
        assert np.array_equal(order, np.argsort(-x.astype(float), stable=True))
        assert np.array_equal(XP.sort(x, descending=True), np.take_along_axis(x, order, axis=-1))
        assert XP.sort(x, descending=True).dtype == x.dtype


def test_searching() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 9, 30).astype(float), rng.integers(-1, 11, (4, 5)).astype(float)
    forward = OPERATORS["searchsorted"].forward
    for side in ("left", "right"):
        expected = np.searchsorted(np.sort(x), y, side=side)
        assert np.array_equal(forward(XP, np.sort(x), y, side=side), expected)
        assert np.array_equal(forward(XP, x, y, np.argsort(x), side=side), expected)


# --- as a user meets them ------------------------------------------------------------------------

ROWS: list[tuple[str, Any, Any, Any]] = [
    ("cumulative_prod(x)[1]", [0.0, 2.0], 0, [2, 0]),
    ("median(x)", [1.0, 2.0, 2.0, 3.0], 2, [0, 0.5, 0.5, 0]),
    ("sum(diff(x, n=2))", [1.0, 4.0, 9.0, 11.0], -1, [1, -1, -1, 1]),
    ("trapezoid(x)", [1.0, 2.0, 4.0], 4.5, [0.5, 1, 0.5]),
    ("sum(quantile(x, q=[0, 0.5, 1]))", [3.0, 1.0, 5.0], 9, [1, 1, 1]),
    ("nanmean(x)", [1.0, nan, 4.0], 2.5, [0.5, 0, 0.5]),
    # what is not taken gets nothing
    ("sum(sort(log(x))[1:])", [0.0, 2.0, 4.0], log(8.0), [0, 0.5, 0.25]),
    ("median(log(x))", [0.0, 2.0, 4.0], log(2.0), [0, 0.5, 0]),
    ("quantile(log(x), q=1)", [0.0, 2.0, 4.0], log(4.0), [0, 0, 0.25]),
    ("nansum(log(x))", [-1.0, 2.0], log(2.0), [0, 0.5]),
    ("nanmean(log(x))", [-1.0, 2.0], log(2.0), [0, 0.5]),
    ("sum(diff(log(x))[1:])", [0.0, 2.0, 4.0], log(2.0), [0, -0.5, 0.25]),
    ("log_cumulative_sum_exp(log(x))[1]", [2.0, 6.0], log(8.0), [0.125, 0.125]),
]


@pytest.mark.parametrize(("text", "x", "value", "gradient"), ROWS)
@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-14), ("float32", 2e-6)])
def test_in_a_graph(text: str, x: Any, value: Any, gradient: Any, dtype: str, rtol: float) -> None:
    given = ["NaN" if item != item else item for item in x]
    document = {"dataflow": 1, "dtype": dtype, "inputs": {"x": given}, "nodes": {"z": text}, "target": "z"}
    result = dataflow.execute(dataflow.loads(json.dumps(document)))
    np.testing.assert_allclose(np.asarray(result.values["z"], float), value, rtol=rtol)
    np.testing.assert_allclose(np.asarray(result.gradients["x"], float), gradient, rtol=rtol)
    assert np.asarray(result.gradients["x"]).dtype == dtype


REFUSED: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("cumulative_prod", (np.ones((2, 2)),), {}, "axis may be left out for a vector only, not for a value of 2 dim"),
    ("cumulative_max", (np.ones(2),), {"axis": 1}, "axis 1 is out of range for a value of 1 dimension"),
    ("sort", (np.ones(()),), {}, "axis -1 is out of range for a value of 0 dimensions"),
    ("argsort", (np.ones(3),), {"axis": 2}, "axis 2 is out of range for a value of 1 dimension"),
    ("median", (np.ones(3),), {"axis": 2}, "axis 2 is out of range for a value of 1 dimension"),
    ("median", (np.ones((2, 3)),), {"axis": (1, -1)}, "axis 1 is named twice"),
    ("quantile", (np.ones(3),), {"q": 1.5}, "q is from 0 to 1, not 1.5"),
    ("quantile", (np.ones(3),), {"q": (0.5, nan)}, "q is from 0 to 1, not nan"),
    ("quantile", (np.ones(3),), {"q": ()}, "q lists no number"),
    ("nansum", (np.ones(3),), {"axis": 1}, "axis 1 is out of range"),
    ("std", (np.ones(3),), {"axis": 1}, "axis 1 is out of range"),
    ("diff", (np.ones(3),), {"n": -1}, "n says how many times, at least 0; not -1"),
    ("diff", (np.ones(3), np.ones(())), {}, "x has 1 axes and prepend 0: they need as many"),
    ("diff", (np.ones(()),), {}, "axis -1 is out of range for a value of 0 dimensions"),
    ("trapezoid", (np.ones(3), np.ones(4)), {}, "x has 4 elements along the axis and y 3: they need as many"),
    ("trapezoid", (np.ones(3), np.ones((2, 3))), {}, "x has 2 axes: it is a vector or has as many as y"),
    ("searchsorted", (np.ones((2, 2)), np.ones(1)), {}, "x is a vector in order, not a value of 2 dimensions"),
    ("linear_recurrence", (np.ones(3), np.ones(2)), {}, r"a of shape \[2\] does not broadcast to that of x, \[3\]"),
    ("max", (np.ones((2, 0)),), {"axis": 1}, "there is no largest element: x has none along the axis"),
]


@pytest.mark.parametrize(("name", "inputs", "attributes", "message"), REFUSED)
def test_refused(name: str, inputs: tuple[Any, ...], attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OPERATORS[name].forward(XP, *inputs, **attributes)


@pytest.mark.parametrize(("name", "value"), [("sum", 0.0), ("prod", 1.0), ("mean", nan), ("var", nan), ("std", nan),
                                             ("median", nan), ("nansum", 0.0), ("nanmean", nan)])  # fmt: skip
def test_over_an_empty_axis(name: str, value: float) -> None:
    for shape, axis in [((0,), None), ((2, 0), 1), ((2, 0, 3), (1, -1))]:
        x = np.ones(shape)
        z = OPERATORS[name].forward(XP, x, axis=axis)
        np.testing.assert_array_equal(z, np.full(np.shape(z), value))
        assert np.shape(z) == (() if axis is None else (2,))
        assert np.shape(slope(name, (x,), np.ones(np.shape(z)), axis=axis)) == shape
