"""What a file holds has the dtype and shape that the entry declares, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dataflow.data import Loaded
from dataflow.data.fitting import convert
from dataflow.errors import DataError, Diagnostic
from dataflow.graph import DTYPES

Read = Callable[..., Loaded]
Refused = Callable[..., Diagnostic]


@given(
    st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_side=4))),
    st.sampled_from(DTYPES),
)
def test_integers_keep_their_value_or_are_refused(array: Any, dtype: str) -> None:
    wanted = np.dtype(dtype)
    allowed = {"b": "b", "i": "biu", "u": "biu", "f": "biuf"}[wanted.kind]
    if array.dtype.kind not in allowed:
        with pytest.raises(DataError, match=r"DF0545|DF0547"):
            convert(array, dtype, "x.npy")
        return
    fits = wanted.kind not in "iu" or all(
        np.iinfo(wanted).min <= int(value) <= np.iinfo(wanted).max for value in array.ravel()
    )
    overflows = wanted.kind == "f" and np.abs(array[np.isfinite(array)]).max(initial=0) > np.finfo(wanted).max
    if not fits or overflows:
        with pytest.raises(DataError, match="DF0546"):
            convert(array, dtype, "x.npy")
        return
    found = convert(array, dtype, "x.npy")
    assert (found.dtype, found.shape) == (wanted, array.shape)
    if wanted.kind != "f":
        assert [int(value) for value in found.ravel()] == [int(value) for value in array.ravel()]
    else:
        np.testing.assert_array_equal(found, array.astype(wanted))


def test_doubles_are_rounded_into_a_float32_graph(tmp_path: Path, read: Read) -> None:
    np.save(tmp_path / "x.npy", [0.1, np.inf, np.nan, 1e-300])
    found = read("x.npy", graph_dtype="float32").array
    np.testing.assert_array_equal(found, np.array([0.1, np.inf, np.nan, 0.0], "float32"), strict=True)


def test_a_double_that_would_become_infinite_is_refused(tmp_path: Path, refused: Refused) -> None:
    np.save(tmp_path / "x.npy", [[1.0, np.inf], [2.0, -1e300]])
    problem = refused("x.npy", graph_dtype="float32")
    assert (problem.code, problem.path[2:]) == ("DF0546", ("source",))
    assert "holds -1e+300 at [1, 1], which float32 cannot hold" in problem.message


def test_an_integer_that_does_not_fit_is_named_with_its_place(tmp_path: Path, refused: Refused) -> None:
    np.save(tmp_path / "x.npy", [[1, 2], [3, 300]])
    problem = refused("x.npy", dtype="uint8")
    assert (problem.code, problem.path[2:], problem.expected) == ("DF0546", ("dtype",), "0 to 255")
    assert "holds 300 at [1, 1]" in problem.message


def test_floats_are_no_integers_even_if_they_are_whole(tmp_path: Path, refused: Refused) -> None:
    np.save(tmp_path / "x.npy", [1.0, 2.0])
    assert refused("x.npy", dtype="int64").code == "DF0545"


def test_numbers_are_no_truth_values(tmp_path: Path, refused: Refused) -> None:
    np.save(tmp_path / "x.npy", [0, 1])
    assert refused("x.npy", dtype="bool").code == "DF0547"


@pytest.mark.parametrize("declared", [None, (2, 3), ("rows", 3), ("n", "m"), ("n", "n")])
def test_shapes_that_fit(tmp_path: Path, read: Read, declared: Any) -> None:
    np.save(tmp_path / "x.npy", np.zeros((2, 3)))
    assert read("x.npy", shape=declared).array.shape == (2, 3)


@pytest.mark.parametrize("declared", [(), (6,), (3, 2), ("rows", 2), ("rows",), (1, 2, 3), (0, 3)])
def test_shapes_that_do_not_fit(tmp_path: Path, refused: Refused, declared: Any) -> None:
    np.save(tmp_path / "x.npy", np.zeros((2, 3)))
    problem = refused("x.npy", shape=declared)
    assert (problem.code, problem.path[2:], problem.found) == ("DF0548", ("shape",), "[2, 3]")
    assert problem.expected == f"[{', '.join(map(str, declared))}]"


def test_no_axes_at_all(tmp_path: Path, read: Read) -> None:
    np.save(tmp_path / "x.npy", 2.5)
    found = read("x.npy", shape=()).array
    assert isinstance(found, np.ndarray)
    assert found.tolist() == 2.5
