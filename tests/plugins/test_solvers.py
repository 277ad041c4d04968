"""Inverses, solvers, determinants and functions of matrices against NumPy, SciPy, autograd and closed forms."""

from __future__ import annotations

from collections.abc import Callable
from math import cosh, inf, nan, sinh
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
import scipy.linalg

from dataflow.errors import DataflowError
from tests.plugins.running import close, run, weigh
from tests.plugins.slopes import OPERATORS, XP, draw, slope

TOLERANCE = 1e-10
SQUARE = [(1, 1), (2, 2), (5, 5), (3, 2, 2), (2, 1, 3, 3)]
SYSTEMS = [
    ((2, 2), (2,)), ((4, 4), (4, 2)), ((5, 2, 2), (2,)), ((5, 2, 2), (2, 3)), ((3, 3), (5, 3, 2)),
    ((4, 1, 2, 2), (3, 2, 1)), ((2, 2, 2), (2, 2)), ((30, 4, 4), (30, 4, 1)),
]  # fmt: skip


def turn(x: Any) -> Any:
    return anp.swapaxes(x, -1, -2)


def eye_like(x: Any) -> Any:
    return np.eye(x.shape[-1])


def regular(*shape: int, seed: int = 1) -> Any:
    """Square matrices that are not symmetric, with singular values between about 0.5 and 4."""
    return draw(*shape, seed=seed) / np.sqrt(shape[-1]) + 2 * np.eye(shape[-2], shape[-1])


def check(name: str, oracle: Callable[..., Any], inputs: list[Any], parts: int = 0, **attributes: Any) -> None:
    """Values and gradients are those of the oracle, and in float32 too, as far as that goes."""

    def total(*xs: Any) -> Any:
        z = oracle(*xs)
        items = z if parts else (z,)
        return sum(anp.sum(item * weigh(plain)) for item, plain in zip(items, values, strict=True))

    expected = oracle(*inputs)
    values, gradients = run(name, inputs, attributes, parts=parts)
    for found, item in zip(values, expected if parts else (expected,), strict=True):
        close(found, item, TOLERANCE)
    slopes = [autograd.grad(total, place)(*inputs) for place in range(len(inputs))]
    for found, item in zip(gradients, slopes, strict=True):
        close(found, item, TOLERANCE)
    narrow = run(name, inputs, attributes, dtype="float32", parts=parts)
    for found, wide in zip((*narrow[0], *narrow[1]), (*values, *gradients), strict=True):
        assert found.dtype == np.float32
        close(found, wide, 1e-3)


# --- values and gradients ---


@pytest.mark.parametrize("shape", SQUARE)
def test_inverses_and_determinants(shape: tuple[int, ...]) -> None:
    x = regular(*shape)
    check("inv", anp.linalg.inv, [x])
    check("det", anp.linalg.det, [x])
    check("slogdet", anp.linalg.slogdet, [x], parts=2)
    check("adjugate", lambda x: anp.linalg.det(x)[..., None, None] * anp.linalg.inv(x), [x])


def as_solved(x1: Any, x2: Any) -> Any:
    return (
        anp.matmul(anp.linalg.inv(x1), x2) if anp.ndim(x2) > 1 else anp.matmul(anp.linalg.inv(x1), x2[:, None])[..., 0]
    )


@pytest.mark.parametrize(("first", "second"), SYSTEMS)
def test_solve(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    x1, x2 = regular(*first), draw(*second, seed=2)
    check("solve", as_solved, [x1, x2])
    close(run("solve", [x1, x2], {})[0][0], np.linalg.solve(x1, x2), TOLERANCE)


@pytest.mark.parametrize("flags", [(), ("lower",), ("transpose",), ("lower", "unit_diagonal"), ("transpose", "lower")])
@pytest.mark.parametrize(("first", "second"), SYSTEMS)
def test_solve_triangular(first: tuple[int, ...], second: tuple[int, ...], flags: tuple[str, ...]) -> None:
    def oracle(a: Any, b: Any) -> Any:
        mask = np.tri(first[-1]) if "lower" in flags else np.tri(first[-1]).T
        a = a * mask
        if "unit_diagonal" in flags:
            a = a * (1 - eye_like(a)) + eye_like(a)
        return as_solved(turn(a) if "transpose" in flags else a, b)

    check("solve_triangular", oracle, [regular(*first), draw(*second, seed=2)], **dict.fromkeys(flags, True))


@pytest.mark.parametrize("trans", [False, True])
def test_solve_triangular_is_that_of_scipy(trans: bool) -> None:
    a, b = regular(6, 6), draw(6, 2)
    expected = scipy.linalg.solve_triangular(a, b, lower=True, trans=int(trans))
    close(run("solve_triangular", [a, b], {"lower": True, "transpose": trans})[0][0], expected, TOLERANCE)


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("shape", SQUARE)
def test_cholesky(shape: tuple[int, ...], upper: bool) -> None:
    def oracle(x: Any) -> Any:
        factor = anp.linalg.cholesky(0.5 * (x + turn(x)))
        return turn(factor) if upper else factor

    x = regular(*shape) + 2 * np.eye(shape[-1])
    check("cholesky", oracle, [x], upper=upper)
    gradient = run("cholesky", [x], {"upper": upper})[1][0]
    close(gradient, turn(gradient), TOLERANCE)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (3, 1), (1, 1), (3, 3, 2), (2, 1, 2, 3)])
def test_pinv(shape: tuple[int, ...]) -> None:
    x = draw(*shape) + 2 * np.eye(shape[-2], shape[-1])

    def oracle(x: Any) -> Any:  # of full rank
        if shape[-2] >= shape[-1]:
            return anp.matmul(anp.linalg.inv(anp.matmul(turn(x), x)), turn(x))
        return anp.matmul(turn(x), anp.linalg.inv(anp.matmul(x, turn(x))))

    check("pinv", oracle, [x])
    close(run("pinv", [x], {})[0][0], np.linalg.pinv(x), TOLERANCE)


def test_pinv_leaves_out_what_is_small() -> None:
    x = np.diag([2.0, 1e-4])
    close(run("pinv", [x], {"rtol": 1e-3})[0][0], np.diag([0.5, 0.0]))
    close(run("pinv", [x], {})[0][0], np.diag([0.5, 1e4]))


LEAST = [((4, 2), (4,)), ((4, 2), (4, 3)), ((2, 2), (2,)), ((5, 1), (5, 1)), ((3, 4, 2), (3, 4, 2))]


@pytest.mark.parametrize(("first", "second"), LEAST)
def test_lstsq(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    def oracle(a: Any, b: Any) -> Any:
        columns = b if len(second) > 1 else b[:, None]
        z = anp.matmul(anp.linalg.inv(anp.matmul(turn(a), a)), anp.matmul(turn(a), columns))
        return z if len(second) > 1 else z[..., 0]

    a, b = draw(*first) + np.eye(first[-2], first[-1]), draw(*second, seed=2)
    check("lstsq", oracle, [a, b])
    if len(first) == 2:
        close(run("lstsq", [a, b], {})[0][0], np.linalg.lstsq(a, b)[0], TOLERANCE)


def test_matrix_rank() -> None:
    x = np.array([np.eye(3), np.ones((3, 3)), np.zeros((3, 3)), np.diag([1.0, 1e-3, 0.0])])
    assert run_forward("matrix_rank", x).tolist() == [3, 1, 0, 2]
    assert run_forward("matrix_rank", x, rtol=1e-2).tolist() == [3, 1, 0, 1]


def run_forward(name: str, *inputs: Any, **attributes: Any) -> Any:
    return OPERATORS[name].forward(XP, *inputs, **attributes)


@pytest.mark.parametrize("size", [1e-6, 1.0, 30.0])
@pytest.mark.parametrize("shape", SQUARE)
def test_expm(shape: tuple[int, ...], size: float) -> None:
    x = size * draw(*shape) / shape[-1]
    values, gradients = run("expm", [x], {})
    close(values[0], scipy.linalg.expm(x), TOLERANCE)
    w, expected = weigh(values[0]), np.empty(shape)
    for place in np.ndindex(*shape[:-2]):
        for row, column in np.ndindex(*shape[-2:]):
            direction = np.zeros(shape[-2:])
            direction[row, column] = 1.0
            along = scipy.linalg.expm_frechet(x[place], direction, compute_expm=False)
            expected[(*place, row, column)] = np.sum(w[place] * along)
        close(gradients[0][place], expected[place], TOLERANCE)


def test_the_exponential_of_a_turn_and_of_a_sheaf() -> None:
    for t in (0.3, 2.0):
        close(run("expm", [[[0.0, -t], [t, 0.0]]], {})[0][0], [[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]], 1e-14)
        close(run("expm", [[[0.0, t], [t, 0.0]]], {})[0][0], [[cosh(t), sinh(t)], [sinh(t), cosh(t)]], 1e-14)


# --- singular matrices ---


def cofactors(x: Any) -> Any:
    z = np.empty(x.shape)
    for row, column in np.ndindex(x.shape):
        rest = np.delete(np.delete(x, row, axis=0), column, axis=1)
        z[row, column] = (-1) ** (row + column) * np.linalg.det(rest)
    return z


@pytest.mark.parametrize("missing", [1, 2, 3])
@pytest.mark.parametrize("size", [3, 4, 6])
def test_the_slopes_of_a_singular_determinant_are_its_cofactors(size: int, missing: int) -> None:
    u, v = (np.linalg.qr(draw(size, size, seed=seed))[0] for seed in (1, 2))
    x = u @ np.diag([*range(1, size - missing + 1), *[0.0] * missing]) @ v
    gradient = run("det", [x], {})[1][0]
    if missing == 1:
        close(gradient, weigh(0.0) * cofactors(x), TOLERANCE)
    else:
        assert np.max(np.abs(gradient)) < 1e-13


def test_cofactors_of_a_matrix_that_is_nearly_singular() -> None:
    u, v = (np.linalg.qr(draw(4, 4, seed=seed))[0] for seed in (1, 2))
    for least in (1e-3, 1e-9, 1e-15, 1e-300):
        x = u @ np.diag([3.0, 2.0, 1.0, least]) @ v
        close(run("det", [x], {})[1][0], weigh(0.0) * cofactors(x), TOLERANCE)


@pytest.mark.parametrize("missing", [0, 1, 2, 3])
def test_the_slopes_of_the_adjugate_are_exact_at_singular_matrices_too(missing: int) -> None:
    """They are second derivatives of `det`: signed minors without two rows and two columns."""
    u, v = (np.linalg.qr(draw(4, 4, seed=seed))[0] for seed in (1, 2))
    x, y = u @ np.diag([*range(1, 5 - missing), *[0.0] * missing]) @ v, draw(4, 4, seed=3)
    expected = np.zeros((4, 4))
    for row, column in np.ndindex(4, 4):
        rest = np.delete(np.delete(x, row, axis=0), column, axis=1)
        inner = cofactors(rest)
        for i, j in np.ndindex(3, 3):
            place = (i + (i >= row), j + (j >= column))
            expected[place] += y[column, row] * (-1) ** (row + column) * inner[i, j]
    found = run_forward("adjugate_adjoint", x, y)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_det_where_it_overflows_and_its_cofactors_do_not() -> None:
    for diagonal in ([1e150, 1e100, 1e100], [1e-150, 1e-100, 1e-100], [1e200, 1e200, 1e-200, 1e-200]):
        gradient = run("det", [np.diag(diagonal)], {})[1][0] / weigh(0.0)
        expected = [np.prod([scale**0.5 for scale in np.delete(diagonal, k)]) ** 2 for k in range(len(diagonal))]
        np.testing.assert_allclose(gradient, np.diag(expected), rtol=1e-12)


BAD, GOOD = [[1.0, 2.0], [2.0, 4.0]], [[3.0, 1.0], [1.0, 2.0]]


@pytest.mark.parametrize("name", ["inv", "solve", "solve_triangular", "cholesky"])
@pytest.mark.parametrize("count", [2, 5, 16])
def test_a_singular_member_of_a_stack_is_nan_and_the_others_are_untouched(name: str, count: int) -> None:
    bad = [[1.0, 1.0], [0.0, 0.0]] if name == "solve_triangular" else BAD
    if name == "cholesky":
        bad = [[1.0, 2.0], [2.0, 1.0]]
    x = np.array([GOOD] * count)
    x[1] = bad
    more = [draw(count, 2, 1)] if "solve" in name else []
    values, gradients = run(name, [x, *more], {})
    x[1] = GOOD
    regular_values, regular_gradients = run(name, [x, *more], {})
    kept = np.arange(count) != 1
    assert np.isnan(values[0][1]).all()
    assert np.array_equal(values[0][kept], regular_values[0][kept])
    for gradient, expected in zip(gradients, regular_gradients, strict=True):
        read = np.triu(np.ones((2, 2))) > 0 if name == "solve_triangular" and gradient is gradients[0] else True
        assert np.isnan(gradient[1][read]).all()
        np.testing.assert_array_equal(gradient[kept], expected[kept])


@pytest.mark.parametrize("name", ["inv", "cholesky", "det", "adjugate", "expm"])
def test_nan_in_nan_out(name: str) -> None:
    x = np.array([GOOD, [[nan, 1.0], [1.0, 2.0]]])
    z = run(name, [x], {})[0][0]
    assert np.isfinite(z[0]).all()
    assert np.isnan(z[1]).any()


def test_a_singular_slogdet() -> None:
    (sign, size), (gradient,) = run("slogdet", [np.array([BAD, GOOD])], {}, parts=2)
    assert (sign.tolist(), size[0]) == ([0.0, 1.0], -inf)
    assert np.isnan(gradient[0]).all()
    assert np.isfinite(gradient[1]).all()


def test_what_is_not_read_of_a_triangle_does_not_matter() -> None:
    a, b = np.array([[2.0, nan], [1.0, 4.0]]), np.array([2.0, 5.0])
    values, gradients = run("solve_triangular", [a, b], {"lower": True})
    close(values[0], [1.0, 1.0])
    assert gradients[0][0, 1] == 0
    assert np.isfinite(gradients[0]).all()


# --- shapes, layouts, higher derivatives ---


@pytest.mark.parametrize("shape", [(0, 0), (0, 2, 2), (2, 0, 0)])
@pytest.mark.parametrize("name", ["inv", "cholesky", "det", "adjugate", "expm", "pinv"])
def test_nothing_at_all(name: str, shape: tuple[int, ...]) -> None:
    x = np.zeros(shape)
    z = run_forward(name, x)
    assert z.shape == (shape[:-2] if name == "det" else shape)
    assert np.all(z == 1)
    assert slope(name, (x,), np.ones(z.shape)).shape == shape


REFUSED = [
    ("inv", [(2, 3)], "square in its last two axes"), ("inv", [(3,)], "must be a matrix"),
    ("det", [(2, 3)], "square"), ("slogdet", [(3, 2)], "square"), ("cholesky", [(2, 3)], "square"),
    ("adjugate", [(2, 3)], "square"), ("adjugate_adjoint", [(2, 2), (3, 3)], "needs the shape of x"),
    ("expm", [(2, 3)], "square"), ("solve", [(2, 2), (3,)], "as many rows"), ("solve", [(2, 2), ()], "as many rows"),
    ("solve", [(2, 3), (2,)], "square"), ("solve", [(2, 2, 2), (3, 2, 1)], "do not broadcast"),
    ("solve_triangular", [(2, 2), (3, 1)], "as many rows"), ("solve_triangular", [(2,), (2,)], "must be a matrix"),
    ("lstsq", [(2, 3), (2,)], "at least as many rows"), ("matrix_rank", [(3,)], "matrix"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "words"), REFUSED)
def test_refusals(name: str, shapes: list[tuple[int, ...]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        run_forward(name, *[np.ones(shape) for shape in shapes])
    parts = 2 if name == "slogdet" else 0
    with pytest.raises(DataflowError, match=words):
        run(name, [np.ones(shape) for shape in shapes], {}, parts=parts)


def test_third_derivatives_of_det() -> None:
    """The rules of `adjugate_adjoint` against autograd through the inverse."""

    def oracle(x: Any, y: Any) -> Any:
        inverse = anp.linalg.inv(x)
        product = anp.matmul(anp.matmul(inverse, turn(y)), inverse)
        trace = anp.sum(inverse * y, axis=(-2, -1), keepdims=True)
        return anp.linalg.det(x)[..., None, None] * turn(trace * inverse - product)

    for shape in [(3, 3), (4, 4), (2, 3, 3)]:
        check("adjugate_adjoint", oracle, [regular(*shape), draw(*shape, seed=2)])
