"""The kernels of ndtr, erf and erfc against mpmath: at most 8 units in the last place, everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from dataflow_std.kernels import normal
from hypothesis import given, settings
from hypothesis import strategies as st

FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "ndtr": (normal.ndtr, lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2),
    "erf": (normal.erf, mpmath.erf),
    "erfc": (normal.erfc, mpmath.erfc),
}
FAR = {"float64": 38.0, "float32": 14.0}
TOLERANCE = 8.0  # units in the last place


def measure(name: str, x: Any) -> float:
    """The largest error in units in the last place of the exact value, or of the least number that there is."""
    compute, exact = FUNCTIONS[name]
    worst = 0.0
    with mpmath.workdps(40):
        for place, found in zip(x, compute(x), strict=True):
            expected = exact(mpmath.mpf(float(place)))
            unit = np.spacing(np.abs(np.asarray(float(expected), x.dtype)))
            worst = max(worst, abs(float((mpmath.mpf(float(found)) - expected) / mpmath.mpf(float(unit)))))
    return worst


@pytest.mark.parametrize("dtype", FAR)
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("wide", [False, True])
def test_all_digits_are_right(name: str, dtype: str, wide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normal, "WIDE", wide)
    far = FAR[dtype]
    edges = [(-far, -5), (-5, -1), (-1, 0), (0, 1), (1, 6), (6, far)]
    points = [np.linspace(low, high, 250) for low, high in edges]
    points += [sign * 10.0 ** np.linspace(-300 if dtype == "float64" else -37, 0, 120) for sign in (-1.0, 1.0)]
    assert measure(name, np.concatenate(points).astype(dtype)) <= TOLERANCE


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_wrong_digit_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compute, exact = FUNCTIONS[name]
    monkeypatch.setitem(FUNCTIONS, name, (lambda x: compute(x) * (1 + 3e-15), exact))
    assert measure(name, np.linspace(0.5, 2, 40)) > TOLERANCE


@pytest.mark.parametrize("dtype", FAR)
def test_the_edges_are_exact(dtype: str) -> None:
    x = np.array([-np.inf, -1e30, -0.0, 0.0, 1e30, np.inf], dtype)
    assert normal.ndtr(x).tolist() == [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]
    assert normal.erf(x).tolist() == [-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]
    assert np.signbit(normal.erf(x)).tolist() == [True, True, True, False, False, False]
    assert normal.erfc(x).tolist() == [2.0, 2.0, 1.0, 1.0, 0.0, 0.0]
    for compute, _ in FUNCTIONS.values():
        assert np.isnan(compute(np.array([np.nan, -np.nan], dtype))).all()
        assert compute(x).dtype == dtype


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 50_000), st.integers(0, 2**32 - 1), st.sampled_from(sorted(FAR)), st.sampled_from(sorted(FUNCTIONS))
)
def test_an_element_is_computed_alike_wherever_it_stands(size: int, seed: int, dtype: str, name: str) -> None:
    compute, _ = FUNCTIONS[name]
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=2 * size) * rng.choice([0.1, 1.0, 10.0])).astype(dtype)
    whole = compute(x)
    start = int(rng.integers(0, x.size))
    assert np.array_equal(compute(x[start:]), whole[start:])
    assert np.array_equal(compute(x[::2]), whole[::2])
    assert np.array_equal(compute(x.reshape(2, -1).T), whole.reshape(2, -1).T)
    assert compute(x[start]) == whole[start]


def test_other_dtypes_go_to_scipy() -> None:
    assert normal.ndtr(0.0) == 0.5
    assert normal.erf(np.array([0, 100])).tolist() == [0.0, 1.0]
    assert normal.erfc(np.array([], np.float32)).shape == (0,)
