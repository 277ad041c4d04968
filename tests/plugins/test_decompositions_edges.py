"""Decompositions of matrices where values are equal, zero or not finite, in float32, of nothing; and refusals."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np
import pytest

from tests.plugins.slopes import close, draw
from tests.plugins.test_decompositions import CASES, OUTPUTS, draw_cotangents, far_apart, parts_of, slope


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with np.errstate(all="ignore"):
        yield


def test_between_equal_values_only_unused_vectors_have_slopes() -> None:
    x = np.diag([2.0, 2.0, 5.0])
    values, vectors = np.zeros(3), np.zeros((3, 3))
    vectors[:, 2] = [1.0, 2.0, 3.0]
    close(slope("eigh", x, [values, vectors]), np.array([[0, 0, 1], [0, 0, 2], [1, 2, 0]]) / 6)
    vectors[0, 1] = 1.0
    assert np.isnan(slope("eigh", x, [values, vectors])).all()
    x, s, vh = np.diag([5.0, 2.0, 2.0]), np.zeros(3), np.zeros((3, 3))
    u = np.zeros((3, 3))
    u[:, 0] = [1.0, 2.0, 3.0]
    close(slope("svd", x, [u, s, vh]), np.array([[0, 4, 6], [10, 0, 0], [15, 0, 0]]) / 21)
    u[0, 1] = 1.0
    assert np.isnan(slope("svd", x, [u, s, vh])).all()


def test_equal_values_share_their_cotangent() -> None:
    x = np.diag([2.0, 2.0, 5.0])
    close(slope("eigvalsh", x, [np.array([0.0, 1.0, 7.0])]), np.diag([0.5, 0.5, 7.0]))
    close(slope("eigh", x, [np.array([0.0, 1.0, 7.0]), np.zeros((3, 3))]), np.diag([0.5, 0.5, 7.0]))
    close(slope("svdvals", x, [np.array([7.0, 1.0, 0.0])]), np.diag([0.5, 0.5, 7.0]))
    assert np.array_equal(slope("eigvalsh", np.zeros((2, 2)), [np.array([0.0, 1.0])]), 0.5 * np.eye(2))


@pytest.mark.parametrize("shape", [(2, 2), (3, 2), (2, 3)])
def test_singular_values_of_0(shape: tuple[int, ...]) -> None:
    """The least norm in the subdifferential of their sum is 0 there; vectors that nobody uses do no harm."""
    x = np.zeros(shape)
    assert not slope("svdvals", x, [np.ones(2)]).any()
    u, s, vh = parts_of("svd", x)
    assert not slope("svd", x, [0 * u, np.ones(2), 0 * vh]).any()
    x[0, 0] = 3.0
    du = 0 * parts_of("svd", x)[0]
    du[:, 0] = 6.0
    expected = 0 * x
    expected[1:, 0] = 2.0
    close(slope("svd", x, [du, 0 * s, 0 * vh]), expected)
    if shape[0] != shape[1]:
        unused = [0 * u, 0 * s, 0 * vh]
        unused[0 if shape[0] > shape[1] else 2][...] = 1.0
        assert np.isnan(slope("svd", x, unused)).all()


@pytest.mark.parametrize("name", sorted(OUTPUTS))
@pytest.mark.parametrize("wrong", [nan, inf, -inf])
def test_a_member_that_is_not_finite_spoils_itself_alone(name: str, wrong: float) -> None:
    x = draw(3, 4, 4)
    y = x.copy()
    y[1, 2, 0] = wrong
    parts, expected = parts_of(name, y), parts_of(name, x)
    g = draw_cotangents(parts)
    found = [*parts, slope(name, y, g)]
    for part, model in zip(found, [*expected, slope(name, x, g)], strict=True):
        assert np.isnan(part[1]).all()
        np.testing.assert_array_equal(part[[0, 2]], model[[0, 2]])
    assert np.isnan(parts[0][1]).all()
    assert np.isnan(parts_of(name, y[1])[0]).all()


def test_dependent_columns_have_no_slope_and_leave_others_theirs() -> None:
    x = draw(2, 3, 3)
    x[0, :, 0] = 0.0
    g = draw_cotangents(parts_of("qr", x))
    found = slope("qr", x, g)
    assert np.isnan(found[0]).all()
    close(found[1], slope("qr", x[1], [part[1] for part in g]))


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_float32_stays_what_it_is(name: str, shape: tuple[int, ...]) -> None:
    x = far_apart(*shape)
    narrow = x.astype(np.float32)
    parts, g = parts_of(name, narrow), draw_cotangents(parts_of(name, x))
    found = slope(name, narrow, [part.astype(np.float32) for part in g])
    assert {part.dtype for part in (*parts, found)} == {np.dtype(np.float32)}
    np.testing.assert_allclose(found, slope(name, x, g), rtol=0, atol=1e-4 * max(1.0, np.abs(found).max()))


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_of_nothing(name: str) -> None:
    for shape in [(0, 0), (0, 2, 2), (2, 0, 0), *([] if name[:3] == "eig" else [(0, 3), (3, 0), (0, 3, 2)])]:
        x = np.zeros(shape)
        assert slope(name, x, draw_cotangents(parts_of(name, x))).shape == shape


def test_where_the_whole_basis_is_no_more_than_the_reduced_one() -> None:
    cases: list[tuple[str, dict[str, Any], tuple[int, int]]] = [
        ("svd", {"full_matrices": True}, (3, 3)),
        ("qr", {"mode": "complete"}, (2, 3)),
    ]
    for name, attributes, shape in cases:
        x = draw(*shape)
        for part, other in zip(parts_of(name, x, **attributes), parts_of(name, x), strict=True):
            assert np.array_equal(part, other)


@pytest.mark.parametrize(
    ("name", "shape", "attributes", "message"),
    [
        ("eigh", (2, 3), {}, "x has 2 rows and 3 columns: only a square matrix has eigenvalues"),
        ("eigvalsh", (3,), {}, r"x is no matrix: .* has the shape \[3\]"),
        ("svdvals", (), {}, r"x is no matrix: .* has the shape \[\]"),
        ("svd", (4, 2), {"full_matrices": True}, "full_matrices is for a square matrix, not for one of 4 x 2"),
        ("qr", (4, 2), {"mode": "complete"}, '"complete" is for .* not for one of 4 x 2'),
    ],
)
def test_refusals(name: str, shape: tuple[int, ...], attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parts_of(name, np.ones(shape), **attributes)
