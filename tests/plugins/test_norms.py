"""Norms against NumPy, SciPy, autograd, mpmath and numbers worked out by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import Any

import autograd
import autograd.numpy as anp
import mpmath
import numpy as np
import pytest
import scipy.linalg

from tests.plugins.slopes import LINEAR, XP, check, close, draw, slope


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with np.errstate(all="ignore"):
        yield


def compare(oracle: Callable[..., Any], x: Any, **attributes: Any) -> None:
    """Value and cotangent are autograd's, and float32 stays what it is."""
    z, narrow = XP.vector_norm(x, **attributes), x.astype(np.float32)
    close(z, oracle(x))
    g = draw(*np.shape(z), seed=3)
    close(slope("vector_norm", (x,), g, **attributes), autograd.grad(lambda x: anp.sum(g * oracle(x)))(x))
    assert XP.vector_norm(narrow, **attributes).dtype == np.float32
    assert slope("vector_norm", (narrow,), g.astype(np.float32), **attributes).dtype == np.float32


@pytest.mark.parametrize("ord", [1, 2, 3, 2.5, 0.5, -1, -2.5, 40])
@pytest.mark.parametrize(("axis", "keepdims"), [(None, False), (1, False), (-2, True), ((0, 2), False), ((2, 0), True)])
def test_norms_of_vectors(ord: float, axis: Any, keepdims: bool) -> None:
    x = draw(3, 4, 2) + 0.1

    def oracle(x: Any) -> Any:
        return anp.sum(anp.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)

    compare(oracle, x, axis=axis, keepdims=keepdims, ord=ord)
    close(XP.vector_norm(x, axis=axis, ord=ord), np.linalg.vector_norm(x, axis=axis, ord=ord))


@pytest.mark.parametrize("axis", [None, 0, (1, 0)])
def test_extreme_norms_and_counts(axis: Any) -> None:
    x = draw(4, 5)
    x[1, 2] = 0.0
    close(XP.vector_norm(x, axis=axis, ord=0), np.sum(x != 0, axis=axis) + 0.0)
    close(slope("vector_norm", (x,), XP.vector_norm(x, axis=axis, ord=0), axis=axis, ord=0), 0 * x)
    check("vector_norm", lambda x: np.max(np.abs(x), axis=axis), x, LINEAR, axis=axis, ord=inf)
    x[1, 2] = 0.05
    check("vector_norm", lambda x: np.min(np.abs(x), axis=axis), x, LINEAR, axis=axis, ord=-inf)


@pytest.mark.parametrize("ord", [0.5, 1, 2, 3, 7.5, -1, -2])
@pytest.mark.parametrize("size", [1e-305, 1e-200, 1e-160, 1.0, 1e150, 1e200, 1e307])
def test_no_power_leaves_the_range_of_floats(ord: float, size: float) -> None:
    x = size * np.array([0.3, -1.0, 0.7])
    with mpmath.workdps(40):
        exact = [mpmath.mpf(item) for item in x]
        z = mpmath.power(mpmath.fsum(abs(item) ** ord for item in exact), mpmath.mpf(1) / ord)
        slopes = [float(mpmath.sign(item) * (abs(item) / z) ** (ord - 1)) for item in exact]
    rtol = 1e-13
    for rows in (x, np.stack([x, [3.0, 4.0, 12.0], [0.0, 0.0, 0.0]])):
        found = np.atleast_1d(XP.vector_norm(rows, axis=-1, ord=ord))
        np.testing.assert_allclose(found[0], float(z), rtol=rtol)
        given = slope("vector_norm", (rows,), np.ones(rows.shape[:-1]), axis=-1, ord=ord)
        np.testing.assert_allclose(np.atleast_2d(given)[0], slopes, rtol=rtol)
        if rows.ndim == 2:
            assert found[2] == 0.0
            assert not given[2].any()
            assert ord != 2 or found[1] == 13.0


def test_norms_in_float32_are_scaled_too() -> None:
    x = np.array([3e30, 4e30], np.float32)
    assert XP.vector_norm(x) == np.float32(5e30)
    assert XP.vector_norm(x, ord=3).dtype == np.float32
    np.testing.assert_allclose(XP.vector_norm(x, ord=3), 91 ** (1 / 3) * 1e30, rtol=1e-6)


@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, 2, -2, inf, -inf])
@pytest.mark.parametrize("shape", [(3, 4), (4, 2), (2, 3, 3), (1, 1), (2, 1, 3, 2)])
def test_norms_of_matrices(ord: Any, shape: Any) -> None:
    x = draw(*shape)
    z = XP.matrix_norm(x, ord=ord)
    close(z, np.linalg.matrix_norm(x, ord=ord))
    close(XP.matrix_norm(x, ord=ord, keepdims=True), np.linalg.matrix_norm(x, ord=ord, keepdims=True))
    assert XP.matrix_norm(x.astype(np.float32), ord=ord).dtype == np.float32
    g, given = draw(*shape[:-2], seed=3), np.empty(shape)
    for place in np.ndindex(shape[:-2]):
        given[place] = g[place] * slope_of_norm(x[place], ord)
    close(slope("matrix_norm", (x,), g, ord=ord), given)


def slope_of_norm(x: Any, ord: Any) -> Any:
    """By hand: signs along a row or column, singular vectors, or the matrix itself."""
    if ord == "fro":
        return x / scipy.linalg.norm(x)
    if ord in ("nuc", 2, -2):
        u, _, vh = scipy.linalg.svd(x, full_matrices=False)
        return u @ vh if ord == "nuc" else np.outer(u[:, 0], vh[0]) if ord == 2 else np.outer(u[:, -1], vh[-1])
    sums = np.sum(np.abs(x), axis=0 if ord in (1, -1) else 1)
    chosen = np.arange(len(sums)) == (np.argmax(sums) if ord > 0 else np.argmin(sums))
    return np.sign(x) * (chosen if ord in (1, -1) else chosen[:, None])


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-10), (np.float32, 1e-4)])
def test_the_nuclear_norm_of_a_matrix_without_full_rank_has_the_least_slope(dtype: Any, tolerance: float) -> None:
    x = (draw(5, 2) @ draw(2, 4, seed=2)).astype(dtype)
    u, _, vh = scipy.linalg.svd(x.astype(float), full_matrices=False)
    expected = u[:, :2] @ vh[:2]
    found = slope("matrix_norm", (x,), np.ones((), dtype), ord="nuc")
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_empty_norms() -> None:
    assert XP.vector_norm(np.zeros((2, 0)), axis=1, ord=3).tolist() == [0.0, 0.0]
    assert XP.vector_norm(np.zeros(0), ord=inf) == 0.0
    assert XP.vector_norm(np.zeros(0), ord=-1) == inf
    assert XP.matrix_norm(np.zeros((0, 3))) == 0.0
    assert XP.matrix_norm(np.zeros((0, 2, 2)), ord=2).shape == (0,)


NOT_APPLICABLE: list[tuple[Callable[[], Any], str]] = [
    (lambda: XP.vector_norm(np.ones(3), axis=1), "axis 1 is out of range for a value of 1 dimension"),
    (lambda: XP.vector_norm(np.ones(3), ord=np.nan), "ord is a number, or inf or -inf; not NaN"),
    (lambda: XP.matrix_norm(np.ones(3)), "x is no matrix: it needs 2 dimensions, not 1"),
    (lambda: XP.matrix_norm(np.ones((2, 2)), ord=3),
     'a matrix has the norms "fro", "nuc", 1, -1, 2, -2, inf and -inf, not 3'),
    (lambda: XP.matrix_norm(np.ones((0, 2)), ord=1),
     "norm 1 of a matrix without elements is not defined; its shape is [0, 2]"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), NOT_APPLICABLE, ids=[message for _, message in NOT_APPLICABLE])
def test_what_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()
