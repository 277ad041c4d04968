"""Summaries of rows are put together from those of blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dataflow.program.summaries import Summary


def join_blocks(array: Any, length: int) -> dict[str, Any]:
    found, *others = [Summary.of(array[start : start + length]) for start in range(0, len(array), length)]
    for other in others:
        found = found.join(other)
    return found.as_data()


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("length", [1, 7, 1000])
def test_blocks_tell_what_the_whole_tells(dtype: str, length: int) -> None:
    array = (np.random.default_rng(1).normal(size=1000) * 9 + 30).astype(dtype)
    found = join_blocks(array, length)
    assert (found["count"], found["non_finite"]) == (1000, 0)
    assert (found["min"], found["max"]) == (array.min(), array.max())
    assert found["mean"] == pytest.approx(array.mean(dtype=float), rel=1e-12)


@pytest.mark.parametrize("length", [1, 3, 64])
def test_the_mean_of_the_largest_numbers_is_finite(length: int) -> None:
    array = np.array([1.7e308, 1.5e308, np.inf, -1e308, 1.6e308, np.nan, 1.79e308, 5.0])
    found = join_blocks(array, length)
    finite = array[np.isfinite(array)]
    assert found["non_finite"] == 2
    assert found["mean"] == pytest.approx(float(np.sum(finite / len(finite))), rel=1e-14)


def test_nothing_is_summarised() -> None:
    assert join_blocks(np.array([np.nan, np.inf]), 1) == {
        "count": 2, "non_finite": 2, "min": None, "mean": None, "max": None,
    }  # fmt: skip
