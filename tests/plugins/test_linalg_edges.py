"""Edges of pseudoinverse, least squares, rank and exponential."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg

from dataflow.sweeps.arrays import quiet
from tests.plugins.slopes import XP, close, draw
from tests.plugins.test_linalg import differentiate, pull


@pytest.mark.parametrize("shape", [(4, 4), (4, 3), (3, 5)])
def test_slopes_of_a_pseudoinverse_that_leaves_singular_values_out(shape: tuple[int, int]) -> None:
    """What is left out is not 0 here, 0.8 beside 3 and 2: the slopes are those of the function computed."""
    rows, columns = shape
    u, v = np.linalg.qr(draw(rows, 3))[0], np.linalg.qr(draw(columns, 3, seed=2))[0]
    x, g, along = (u * [3.0, 2.0, 0.8]) @ v.T, draw(columns, rows, seed=3), draw(rows, columns, seed=4)
    dx = pull("pinv", [x], g, rtol=0.5)[0]
    expected = differentiate(lambda x: np.sum(g * np.linalg.pinv(x, rtol=0.5)), x, along)
    assert abs(np.sum(dx * along) - expected) <= 1e-9 * np.sum(np.abs(dx * along))


@pytest.mark.parametrize("scale", [1e-100, 1e30, 1e100])
def test_the_size_of_a_cotangent_does_not_matter(scale: float) -> None:
    x, g = draw(6, 6), draw(6, 6, seed=2)
    close(pull("expm", [x], scale * g)[0] / scale, scipy.linalg.expm_frechet(x.T, g, compute_expm=False))


def test_dependent_columns_are_nan_alone() -> None:
    a = np.stack([[[0.1, 0.3], [0.2, 0.6], [0.3, 0.9]], [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]])
    with quiet():
        z, (da, _) = (
            XP.lstsq(a, np.array([1.0, 2.0, 4.0])),
            pull("lstsq", [a, np.array([1.0, 2.0, 4.0])], np.ones((2, 2))),
        )
    for found in (z, da):
        assert np.isnan(found[0]).all()
        assert np.isfinite(found[1]).all()
    assert z[1].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_member_that_is_not_finite_spoils_no_other(bad: float) -> None:
    x = np.stack([np.eye(2), np.array([[1.0, bad], [0.0, 1.0]])])
    with quiet():
        z, g, rank = XP.pinv(x), pull("pinv", [x], np.ones((2, 2, 2)))[0], XP.matrix_rank(x)
    for found in (z, g):
        assert np.isnan(found[1]).all()
        assert np.isfinite(found[0]).all()
    assert rank.tolist() == [2, 0]


@pytest.mark.parametrize(
    ("name", "shapes", "attributes", "words"),
    [
        ("lstsq", [(3, 2), (4,)], {}, "b needs as many rows as a"),
        ("pinv", [(2, 2)], {"rtol": -1.0}, "rtol is at least 0, not -1.0"),
    ],
)
def test_what_is_refused(name: str, shapes: list[tuple[int, ...]], attributes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        getattr(XP, name)(*[np.ones(shape) for shape in shapes], **attributes)
