"""Pseudoinverses, least squares, ranks and exponentials against NumPy, SciPy, autograd and closed forms."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
import scipy.linalg

from dataflow.operators import Operator
from dataflow.sweeps.arrays import quiet
from dataflow.sweeps.pullback import pull_back
from dataflow.sweeps.traced import TracedRule
from tests.plugins.slopes import OPERATORS, XP, close, draw

OBLONG = [(3, 3), (5, 2), (2, 5), (1, 1), (4, 1), (1, 4), (3, 4, 2), (2, 1, 2, 4)]
SQUARE = [(1, 1), (2, 2), (6, 6), (3, 2, 2), (2, 1, 3, 3)]
SYSTEMS = [
    ((5, 3), (5,)), ((5, 3), (5, 2)), ((3, 3), (3,)), ((4, 5, 2), (5,)), ((4, 5, 2), (5, 3)), ((5, 2), (4, 5, 1)),
    ((4, 1, 5, 2), (3, 5, 2)), ((3, 1), (3, 1)),
]  # fmt: skip


def pull(name: str, inputs: list[Any], g: Any, **attributes: Any) -> tuple[Any, ...]:
    """The cotangents that the engine carries back to the inputs."""
    return pull_back(OPERATORS[name], OPERATORS, inputs, attributes, g).cotangents


def transpose(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def differentiate(function: Callable[[Any], Any], x: Any, v: Any, step: float = 2.0**-8) -> Any:
    """The derivative along a direction from central differences, extrapolated three times."""
    row = [(function(x + h * v) - function(x - h * v)) / (2 * h) for h in (step, step / 2, step / 4, step / 8)]
    for order in (4, 16, 64):
        row = [(order * fine - coarse) / (order - 1) for coarse, fine in pairwise(row)]
    return row[0]


# --- pseudoinverse and rank ---


@pytest.mark.parametrize("shape", OBLONG)
def test_the_pseudoinverse_is_numpys_and_that_of_moore_and_penrose(shape: tuple[int, ...]) -> None:
    x = draw(*shape)
    z = XP.pinv(x)
    close(z, np.linalg.pinv(x))
    close(x @ z @ x, x)
    close(z @ x @ z, z)
    close(transpose(x @ z), x @ z)
    close(transpose(z @ x), z @ x)


@pytest.mark.parametrize("shape", OBLONG)
def test_slopes_of_the_pseudoinverse_of_full_rank(shape: tuple[int, ...]) -> None:
    """By autograd through inv(x.T @ x) @ x.T, or x.T @ inv(x @ x.T)."""
    x = draw(*shape)
    g = draw(*shape[:-2], shape[-1], shape[-2], seed=2)

    def weigh(x: Any) -> Any:
        back = anp.swapaxes(x, -1, -2)
        tall = shape[-2] >= shape[-1]
        z = anp.linalg.inv(back @ x) @ back if tall else back @ anp.linalg.inv(x @ back)
        return anp.sum(g * z)

    close(pull("pinv", [x], g)[0], autograd.grad(weigh)(x))


@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5)])
def test_slopes_of_the_pseudoinverse_among_matrices_of_the_same_rank(shape: tuple[int, int]) -> None:
    """x = left @ right of rank 2: the slopes in both factors, by differences that never leave the rank."""
    rows, columns = shape
    left, right, g = draw(rows, 2), draw(2, columns, seed=2), draw(columns, rows, seed=3)
    dx = pull("pinv", [left @ right], g)[0]
    for factor, slope in ((left, dx @ right.T), (right, left.T @ dx)):
        for seed in (4, 5):
            v = draw(*factor.shape, seed=seed)

            def weigh(moved: Any, factor: Any = factor) -> Any:
                x = moved @ right if factor is left else left @ moved
                return np.sum(g * np.linalg.pinv(x, rtol=1e-10))

            expected = differentiate(weigh, factor, v)
            assert abs(np.sum(slope * v) - expected) <= 1e-9 * np.sum(np.abs(slope * v))


def test_a_reflected_or_scaled_pseudoinverse_is_its_reflection() -> None:
    x, g = draw(4, 2), draw(2, 4, seed=2)
    close(pull("pinv", [x.T], g.T)[0], pull("pinv", [x], g)[0].T)
    close(pull("pinv", [1e100 * x], g)[0] * 1e200, pull("pinv", [x], g)[0])


@pytest.mark.parametrize("rank", range(4))
def test_the_rank_is_that_of_the_factors(rank: int) -> None:
    x = draw(2, 5, rank) @ draw(2, rank, 3, seed=2)
    found = XP.matrix_rank(x)
    assert found.dtype == np.int64
    assert found.tolist() == [rank, rank]
    assert XP.matrix_rank(np.diag([1.0, 0.1, 0.001]), rtol=0.01) == 2
    assert XP.matrix_rank(x.astype(np.float32)).tolist() == [rank, rank]


# --- least squares ---


def solve_each(a: Any, b: Any) -> Any:
    """NumPy's least squares, one member after the other."""
    columns = b[:, None] if b.ndim == 1 else b
    batch = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    a, columns = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (a, columns))
    z = np.empty((*batch, a.shape[-1], columns.shape[-1]))
    for place in np.ndindex(batch):
        z[place] = np.linalg.lstsq(a[place], columns[place], rcond=None)[0]
    return z[..., 0] if b.ndim == 1 else z


@pytest.mark.parametrize(("first", "second"), SYSTEMS)
def test_least_squares_are_numpys(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    a, b = draw(*first), draw(*second, seed=2)
    z = XP.lstsq(a, b)
    close(z, solve_each(a, b))
    narrow = XP.lstsq(a.astype(np.float32), b.astype(np.float32))
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, z, rtol=0, atol=1e-4 * np.max(np.abs(z)))


@pytest.mark.parametrize(("first", "second"), SYSTEMS)
def test_slopes_of_least_squares(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    """By autograd through the normal equations."""
    a, b = draw(*first), draw(*second, seed=2)
    g = draw(*XP.lstsq(a, b).shape, seed=3)

    def weigh(a: Any, b: Any) -> Any:
        columns = b[:, None] if b.ndim == 1 else b
        back = anp.swapaxes(a, -1, -2)
        z = anp.linalg.inv(back @ a) @ (back @ columns)
        return anp.sum(g * (z[..., 0] if b.ndim == 1 else z))

    for found, place in zip(pull("lstsq", [a, b], g), (0, 1), strict=True):
        close(found, autograd.grad(weigh, place)(a, b))


def test_least_squares_of_nearly_dependent_columns_keep_their_digits() -> None:
    """The normal equations would square the condition, 1e6, and lose twelve digits of sixteen."""
    q = np.linalg.qr(draw(6, 2))[0]
    a = q @ np.array([[1.0, 1.0], [0.0, 1e-6]])
    wanted = np.array([2.0, -3.0])
    np.testing.assert_allclose(XP.lstsq(a, a @ wanted), wanted, rtol=1e-8)


def test_a_least_squares_slope_worked_out_by_hand() -> None:
    """z = (a1 b1 + a2 b2) / (a1 ** 2 + a2 ** 2) at a = (1, 2), b = (3, 1): z = 1."""
    da, db = pull("lstsq", [np.array([[1.0], [2.0]]), np.array([3.0, 1.0])], np.ones(1))
    close(da, np.array([[(3 - 2) / 5], [(1 - 4) / 5]]))
    close(db, np.array([0.2, 0.4]))


# --- exponential ---


@pytest.mark.parametrize("shape", SQUARE)
@pytest.mark.parametrize("size", [1e-8, 1.0, 5.0])
def test_the_exponential_is_that_of_the_eigenvalues(shape: tuple[int, ...], size: float) -> None:
    x = size * draw(*shape)
    symmetric = 0.5 * (x + transpose(x))
    values, vectors = np.linalg.eigh(symmetric)
    close(XP.expm(symmetric), (vectors * np.exp(values)[..., None, :]) @ transpose(vectors))
    close(XP.expm(x), scipy.linalg.expm(x))


@pytest.mark.parametrize("shape", SQUARE)
def test_slopes_of_the_exponential_are_daleckii_and_kreins(shape: tuple[int, ...]) -> None:
    """For x = v diag(w) inv(v) the slope has the divided differences of exp between eigenvalues, complex ones too."""
    x, g = draw(*shape), draw(*shape, seed=2)
    values, vectors = np.linalg.eig(transpose(x))
    ahead, behind = values[..., None, :], values[..., :, None]
    equal = np.eye(shape[-1], dtype=bool)
    gap = np.where(equal, 1.0, behind - ahead)
    divided = np.where(equal, np.exp(behind), (np.exp(behind) - np.exp(ahead)) / gap)
    inverse = np.linalg.inv(vectors)
    expected = vectors @ (divided * (inverse @ g @ vectors)) @ inverse
    with quiet():
        found = pull("expm", [x], g)[0]
    np.testing.assert_allclose(found, expected.real, rtol=0, atol=1e-10 * np.max(np.abs(expected)))


@pytest.mark.parametrize("size", [3, 12, 13, 40])
def test_slopes_of_the_exponential_are_scipys(size: int) -> None:
    x, g = draw(size, size) / size**0.5, draw(size, size, seed=2)
    expected = scipy.linalg.expm_frechet(x.T, g, compute_expm=False)
    close(pull("expm", [x], g)[0], expected)
    narrow = pull("expm", [x.astype(np.float32)], g.astype(np.float32))[0]
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, expected, rtol=0, atol=1e-4 * np.max(np.abs(expected)))


def test_slopes_of_the_exponential_of_a_number_and_of_what_commutes() -> None:
    x, g = np.diag([0.5, -2.0, 1.0]), np.diag([2.0, 3.0, 5.0])
    close(pull("expm", [x], g)[0], np.diag(np.exp([0.5, -2.0, 1.0]) * [2.0, 3.0, 5.0]))
    turn = 0.7 * np.array([[0.0, -1.0], [1.0, 0.0]])  # a rotation by 0.7
    close(XP.expm(turn), np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]]))
    close(pull("expm", [turn.T], turn)[0], turn @ XP.expm(turn))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_second_slopes_of_the_exponential(size: int) -> None:
    """The rule as the forward rule of an operator, swept back, against differences of SciPy's slopes."""
    x, y, g, v = (draw(size, size, seed=seed) for seed in (1, 2, 3, 4))
    rules: Any = OPERATORS["expm"].backward
    slope = Operator("slope", "", forward=lambda xp, x, y: rules["x"](xp, y, None, x))
    dx, dy = TracedRule(slope, (True, True))(XP, g, None, x, y)

    def weigh(x: Any) -> Any:
        return np.sum(g * scipy.linalg.expm_frechet(x.T, y, compute_expm=False))

    assert abs(np.sum(dx * v) - differentiate(weigh, x, v)) <= 1e-9 * np.sum(np.abs(dx * v))
    close(dy, scipy.linalg.expm_frechet(x, g, compute_expm=False))


def test_a_member_that_is_not_finite_spoils_no_other() -> None:
    x = np.stack([np.eye(2), np.full((2, 2), np.nan), [[0.0, np.inf], [0.0, 0.0]]])
    with quiet():
        z, g = XP.expm(x), pull("expm", [x], np.ones((3, 2, 2)))[0]
    for found in (z, g):
        assert np.isnan(found[1:]).all()
        assert np.isfinite(found[0]).all()


@pytest.mark.parametrize(
    ("name", "shapes", "words"),
    [
        ("pinv", [(3,)], r"shape \[3\]"), ("matrix_rank", [(3,)], r"shape \[3\]"), ("expm", [(3,)], r"shape \[3\]"),
        ("expm", [(2, 3)], r"must be square .* shape \[2, 3\]"),
        ("lstsq", [(2, 3), (2,)], "at least as many rows|fewer"), ("lstsq", [(3, 2), ()], "y is a number|b needs"),
    ],
)  # fmt: skip
def test_what_is_refused(name: str, shapes: list[tuple[int, ...]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        getattr(XP, name)(*[np.ones(shape) for shape in shapes])
