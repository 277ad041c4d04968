"""Decompositions of matrices against NumPy, autograd, differences and numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from dataflow.operators import Operator
from dataflow.sweeps.traced import TracedRule
from tests.plugins.slopes import OPERATORS, XP, close, draw

OUTPUTS = {"eigh": 2, "eigvalsh": 1, "svd": 3, "svdvals": 1, "qr": 2}
SQUARE = [(1, 1), (2, 2), (6, 6), (3, 4, 4), (2, 1, 3, 3)]
OBLONG = [(5, 2), (2, 5), (1, 4), (4, 1), (3, 4, 2), (2, 1, 2, 4)]
ORACLES: dict[str, Callable[[Any], Any]] = {
    "eigh": np.linalg.eigh,
    "eigvalsh": np.linalg.eigvalsh,
    "svd": lambda x: np.linalg.svd(x, full_matrices=False),
    "svdvals": np.linalg.svdvals,
    "qr": np.linalg.qr,
}
CASES = [(name, shape) for name in OUTPUTS for shape in (SQUARE if name[:3] == "eig" else SQUARE + OBLONG)]


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with np.errstate(all="ignore"):
        yield


def transpose(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def parts_of(name: str, x: Any, **attributes: Any) -> tuple[Any, ...]:
    z = OPERATORS[name].forward(XP, x, **attributes)
    return z if isinstance(z, tuple) else (z,)


def draw_cotangents(parts: tuple[Any, ...]) -> list[Any]:
    return [draw(*part.shape, seed=20 + place).astype(part.dtype) for place, part in enumerate(parts)]


def slope(name: str, x: Any, g: Any) -> Any:
    """The cotangent of x, for the cotangents of all outputs."""
    operator = OPERATORS[name]
    defaults = {item.name: item.default for item in operator.attributes}
    backward: Any = operator.backward
    z = operator.forward(XP, x)
    return backward["x"](XP, tuple(g) if isinstance(z, tuple) else g[0], z, x, **defaults)


def differentiate(function: Callable[[Any], float], x: Any) -> Any:
    """The gradient from central differences, extrapolated twice."""
    found = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        unit = np.zeros(x.shape)
        unit[place] = 1.0
        row = [(function(x + h * unit) - function(x - h * unit)) / (2 * h) for h in (0.016, 0.008, 0.004, 0.002)]
        for order in (4, 16, 64):
            row = [(order * b - a) / (order - 1) for a, b in pairwise(row)]
        found[place] = row[0]
    return found


def far_apart(*shape: int) -> Any:
    """Matrices with eigenvalues and singular values so far apart that differences see a smooth function."""
    x = 0.2 * draw(*shape)
    for place in range(min(shape[-2:])):
        x[..., place, place] += (place + 1) * (-1) ** place
    return x


# --- values ---


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_values_are_those_of_numpy_up_to_signs(name: str, shape: tuple[int, ...]) -> None:
    x = draw(*shape)
    given = x + transpose(x) if name[:3] == "eig" else x
    expected = ORACLES[name](given)
    expected = tuple(expected) if isinstance(expected, tuple) else (expected,)
    for found, part in zip(parts_of(name, given), expected, strict=True):
        of_values = part.ndim < len(shape)
        close(found if of_values else np.abs(found), part if of_values else np.abs(part))


@pytest.mark.parametrize("shape", SQUARE)
def test_eigenvectors_are_orthonormal_and_rebuild_the_symmetric_part(shape: tuple[int, ...]) -> None:
    x = draw(*shape)
    values, vectors = parts_of("eigh", x)
    close(transpose(vectors) @ vectors, np.broadcast_to(np.eye(shape[-1]), shape))
    close((vectors * values[..., None, :]) @ transpose(vectors), 0.5 * (x + transpose(x)))
    assert np.all(np.diff(values) >= 0)
    close(parts_of("eigvalsh", x)[0], values)


@pytest.mark.parametrize("shape", SQUARE + OBLONG)
def test_singular_vectors_are_orthonormal_and_rebuild_the_matrix(shape: tuple[int, ...]) -> None:
    x = draw(*shape)
    u, s, vh = parts_of("svd", x)
    unit = np.broadcast_to(np.eye(min(shape[-2:])), (*shape[:-2], *[min(shape[-2:])] * 2))
    close(transpose(u) @ u, unit)
    close(vh @ transpose(vh), unit)
    close((u * s[..., None, :]) @ vh, x)
    assert np.all(np.diff(s) <= 0)
    close(parts_of("svdvals", x)[0], s)


@pytest.mark.parametrize("shape", SQUARE + OBLONG)
def test_q_is_orthonormal_and_r_a_triangle_with_a_positive_diagonal(shape: tuple[int, ...]) -> None:
    x = draw(*shape)
    q, r = parts_of("qr", x)
    unit = np.broadcast_to(np.eye(min(shape[-2:])), (*shape[:-2], *[min(shape[-2:])] * 2))
    close(transpose(q) @ q, unit)
    close(q @ r, x)
    assert np.array_equal(r, np.triu(r))
    assert np.all(np.linalg.diagonal(r) > 0)


def test_signs_do_not_depend_on_those_of_the_matrix_or_on_rounding() -> None:
    ring = np.roll(np.eye(6), 1, axis=0) + np.diag(np.arange(6.0))
    vectors = parts_of("eigh", ring)[1]
    for scale in (1e-3, 1.0 + 1e-13, 7.0):
        close(parts_of("eigh", scale * ring)[1], vectors)
    u, _, vh = parts_of("svd", ring)
    turned, _, other = parts_of("svd", -ring)
    close(turned, u)
    close(other, -vh)
    first = parts_of("eigh", np.array([[0.0, 1.0], [1.0, 0.0]]))[1]
    close(first, np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2))


@pytest.mark.parametrize("name", sorted(OUTPUTS))
@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_values_and_slopes_neither_overflow_nor_vanish(name: str, scale: float) -> None:
    """Values grow with the matrix and vectors do not, so that the slopes of values stay and those of vectors shrink."""
    x = far_apart(3, 3)
    parts, large = parts_of(name, x), parts_of(name, scale * x)
    weights = draw_cotangents(parts)
    grows = [part.ndim == 1 or (name == "qr" and place == 1) for place, part in enumerate(parts)]
    for grown, part, model in zip(grows, large, parts, strict=True):
        close(part / scale if grown else part, model)
    for place, grown in enumerate(grows):
        g = [weight if index == place else 0 * weight for index, weight in enumerate(weights)]
        close(slope(name, scale * x, g) * (1.0 if grown else scale), slope(name, x, g))


# --- slopes ---


@pytest.mark.parametrize("shape", SQUARE)
def test_slopes_of_eigenvectors_agree_with_autograd(shape: tuple[int, ...]) -> None:
    x = draw(*shape)
    parts = parts_of("eigh", x)
    g = draw_cotangents(parts)
    signs = np.sign(np.sum(parts[1] * np.linalg.eigh(0.5 * (x + transpose(x)))[1], axis=-2, keepdims=True))

    def weigh(x: Any) -> Any:
        values, vectors = anp.linalg.eigh(0.5 * (x + anp.swapaxes(x, -1, -2)))
        return anp.sum(g[0] * values) + anp.sum(g[1] * signs * vectors)

    close(slope("eigh", x, g), autograd.grad(weigh)(x))
    of_values = autograd.grad(lambda x: anp.sum(g[0] * anp.linalg.eigh(0.5 * (x + anp.swapaxes(x, -1, -2)))[0]))
    close(slope("eigvalsh", x, g[:1]), of_values(x))


@pytest.mark.parametrize("shape", SQUARE + OBLONG)
def test_slopes_of_singular_vectors_agree_with_autograd(shape: tuple[int, ...]) -> None:
    x = draw(*shape)
    parts = parts_of("svd", x)
    g = draw_cotangents(parts)
    signs = np.sign(np.sum(parts[0] * np.linalg.svd(x, full_matrices=False)[0], axis=-2, keepdims=True))

    def weigh(x: Any) -> Any:
        u, s, vh = anp.linalg.svd(x, full_matrices=False)
        return anp.sum(g[0] * signs * u) + anp.sum(g[1] * s) + anp.sum(g[2] * transpose(signs) * vh)

    close(slope("svd", x, g), autograd.grad(weigh)(x))
    of_values = autograd.grad(lambda x: anp.sum(g[1] * anp.linalg.svd(x, full_matrices=False)[1]))
    close(slope("svdvals", x, g[1:2]), of_values(x))


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_slopes_agree_with_differences(name: str, shape: tuple[int, ...]) -> None:
    """Differences are good to 1e-9 of the largest slope here."""
    x = far_apart(*shape)
    g = draw_cotangents(parts_of(name, x))
    expected = differentiate(lambda x: float(sum(np.sum(a * b) for a, b in zip(g, parts_of(name, x), strict=True))), x)
    np.testing.assert_allclose(slope(name, x, g), expected, rtol=0, atol=1e-9 * np.max(np.abs(expected)))


@pytest.mark.parametrize(("name", "shape"), [(name, shape) for name, shape in CASES if len(shape) == 2])
def test_second_slopes_agree_with_differences(name: str, shape: tuple[int, ...]) -> None:
    """The rule as the forward rule of an operator, swept back through what it calls; differences good to 1e-8."""
    x = far_apart(*shape)
    g = draw_cotangents(parts_of(name, x))
    weight = draw(*shape, seed=5)
    first = Operator(f"{name}_slope", "", forward=lambda xp, x: _slope_over(xp, name, x, g))
    found = TracedRule(first, (True,))(XP, weight, None, x)[0]
    expected = differentiate(lambda x: float(np.sum(weight * slope(name, x, g))), x)
    scale = np.max(np.abs(expected), initial=1.0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8 * scale)


def _slope_over(xp: Any, name: str, x: Any, g: list[Any]) -> Any:
    operator = OPERATORS[name]
    defaults = {item.name: item.default for item in operator.attributes}
    backward: Any = operator.backward
    z = getattr(xp, name)(x)
    return backward["x"](xp, g[0] if OUTPUTS[name] == 1 else tuple(g), z, x, **defaults)


def test_a_slope_worked_out_by_hand() -> None:
    """Eigenvalues -1, 1 of [[0, 1], [1, 0]], vectors (1, -1) and (1, 1) over the root of 2, all cotangents 1."""
    x = np.array([[0.0, 1.0], [1.0, 0.0]])
    turn = np.sqrt(2) / 4
    close(slope("eigh", x, [np.ones(2), np.ones((2, 2))]), np.diag([1 - turn, 1 + turn]))
    # of the larger eigenvalue alone: v v^T
    close(slope("eigvalsh", x, [np.array([0.0, 1.0])]), np.full((2, 2), 0.5))
    # q = (3, 4) / 5, r = 5; dq = (-4, 3) / 25 along (-4, 3) / 5, dr = q
    column = np.array([[3.0], [4.0]])
    close(slope("qr", column, [np.array([[1.0], [0.0]]), np.zeros((1, 1))]), np.array([[16.0], [-12.0]]) / 125)
    close(slope("qr", column, [np.zeros((2, 1)), np.ones((1, 1))]), column / 5)
