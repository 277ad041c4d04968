"""The kernels of softplus and log_sigmoid against mpmath: at most 4 units in the last place, everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from dataflow_nn.kernels import softplus as kernels

FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "softplus": (kernels.softplus, lambda x: mpmath.log1p(mpmath.exp(x))),
    "log_sigmoid": (kernels.log_sigmoid, lambda x: -mpmath.log1p(mpmath.exp(-x))),
}


def measure(name: str, x: Any) -> float:
    """The largest error in units in the last place of the exact value."""
    compute, exact = FUNCTIONS[name]
    worst = 0.0
    with mpmath.workdps(40):
        for place, found in zip(x, compute(x), strict=True):
            expected = exact(mpmath.mpf(float(place)))
            unit = np.spacing(np.abs(np.asarray(float(expected), x.dtype)))
            worst = max(worst, abs(float((mpmath.mpf(float(found)) - expected) / mpmath.mpf(float(unit)))))
    return worst


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_digits_are_right(name: str, dtype: str) -> None:
    points = [np.linspace(low, high, 300) for low, high in [(-100, -5), (-5, 0), (0, 5), (5, 100)]]
    points += [sign * 10.0 ** np.linspace(-30, 0, 100) for sign in (-1.0, 1.0)]
    assert measure(name, np.concatenate(points).astype(dtype)) <= 4


def test_a_wrong_digit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = (*kernels.COEFFICIENTS[:-1], np.float32(2.00001))
    monkeypatch.setattr(kernels, "COEFFICIENTS", wrong)
    assert measure("softplus", np.linspace(-9, 0, 50).astype(np.float32)) > 4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_edges(dtype: str) -> None:
    x = np.array([-np.inf, -1000.0, 1000.0, np.inf, np.nan], dtype)
    np.testing.assert_array_equal(kernels.softplus(x), np.array([0, 0, 1000, np.inf, np.nan], dtype))
    np.testing.assert_array_equal(kernels.log_sigmoid(x), np.array([-np.inf, -1000, 0, 0, np.nan], dtype))
    for compute, _ in FUNCTIONS.values():
        assert compute(x).dtype == compute(x[0]).dtype == dtype
        assert compute(x[:0]).shape == (0,)
        assert compute(x[::2].reshape(1, 3)).shape == (1, 3)
