"""Shapes and dtypes of reductions, statistics, scans, differences and sorting."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow.sizes import UnknownSizeError
from tests.plugins.shapes.inferring import infer, infer_types, read_shape, refusal, run_types

KNOWN: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("sum", ["rows, 3"], {}, ""),
    ("sum", ["rows, 3"], {"axis": 0}, "3"),
    ("mean", ["rows, 3"], {"axis": -1}, "rows"),
    ("nanmean", ["2*k, rows, 3"], {"axis": (0, 2), "keepdims": True}, "1, rows, 1"),
    ("max", ["rows, 3"], {"axis": 0}, "3"),
    ("min", ["rows"], {}, ""),
    ("argmax", ["rows, k"], {"axis": 1}, "rows"),
    ("argmin", ["rows, k"], {"keepdims": True}, "1, 1"),
    ("var", ["rows, 3"], {"axis": 0, "correction": 0.5}, "3"),
    ("std", ["rows, 3"], {"axis": 0, "keepdims": True}, "1, 3"),
    ("median", ["rows, 3"], {"axis": 0}, "3"),
    ("quantile", ["rows, 3"], {"q": 0.25, "axis": 0}, "3"),
    ("quantile", ["rows, 3"], {"q": (0.25, 0.5), "axis": 1, "keepdims": True}, "2, rows, 1"),
    ("cumulative_sum", ["rows"], {}, "rows"),
    ("cumulative_prod", ["rows, 3"], {"axis": 0, "include_initial": True}, "rows + 1, 3"),
    ("cumulative_max", ["3, rows"], {"axis": -1}, "3, rows"),
    ("log_cumulative_sum_exp", ["3, rows"], {"axis": 0}, "3, rows"),
    ("linear_recurrence", ["rows, 3", ""], {}, "rows, 3"),
    ("linear_recurrence", ["rows, 3", "rows, 1"], {"axis": 0}, "rows, 3"),
    ("diff", ["rows, 3"], {"axis": 0}, "rows - 1, 3"),
    ("diff", ["rows"], {"n": 2}, "rows - 2"),
    ("diff", ["rows", "1", "k"], {}, "k + rows"),
    ("trapezoid", ["rows, 3"], {"axis": 0}, "3"),
    ("trapezoid", ["rows, k", "k"], {}, "rows"),
    ("sort", ["rows, 3"], {"axis": 0}, "rows, 3"),
    ("argsort", ["rows"], {}, "rows"),
    ("searchsorted", ["k", "rows, 3"], {}, "rows, 3"),
    ("searchsorted", ["k", "rows", "n"], {}, "rows"),
    ("interp", ["rows, 3", "k", "k"], {}, "rows, 3"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "attributes", "expected"), KNOWN)
def test_symbolic_sizes(name: str, shapes: list[str], attributes: dict[str, Any], expected: str) -> None:
    assert infer(name, shapes, **attributes) == [read_shape(expected)]


EQUAL: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("linear_recurrence", ["rows, 3", "k"], {}, "(k, 3)"),
    ("trapezoid", ["rows, k", "rows"], {}, "(rows, k)"),
    ("diff", ["rows, 3", "1, k"], {"axis": 0}, "(k, 3)"),
    ("interp", ["rows", "k", "5"], {}, "(k, 5)"),
]


@pytest.mark.parametrize(("name", "shapes", "attributes", "pair"), EQUAL)
def test_sizes_that_have_to_be_equal_are_told(
    name: str, shapes: list[str], attributes: dict[str, Any], pair: str
) -> None:
    with pytest.raises(UnknownSizeError) as caught:
        infer(name, shapes, **attributes)
    assert str(caught.value.pair) == pair


NONE = "there is no largest element: x has none along the axis"
VECTORS = "points and values are two vectors of equal length, not of the shapes {}"
REFUSED: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("sum", ["2, 3"], {"axis": 2}, "axis 2 is out of range for a value of 2 dimensions"),
    ("mean", ["2, 3"], {"axis": (0, -2)}, "axis 0 is named twice"),
    ("max", ["0, 3"], {"axis": 0}, NONE),
    ("max", ["0, 3"], {}, NONE),
    ("argmax", ["0, 0"], {"axis": 1}, NONE),
    ("min", ["2, 0, 3"], {"axis": (0, 1)}, "there is no smallest element: x has none along the axis"),
    ("quantile", ["3"], {"q": 1.5}, "q is from 0 to 1, not 1.5"),
    ("quantile", ["3"], {"q": ()}, "q lists no number: it needs at least one"),
    ("cumulative_sum", ["2, 3"], {}, "axis may be left out for a vector only, not for a value of 2 dimensions"),
    ("cumulative_min", [""], {}, "axis may be left out for a vector only, not for a value of 0 dimensions"),
    ("linear_recurrence", ["2, 3", "2"], {}, "a of shape [2] does not broadcast to that of x, [2, 3]"),
    ("linear_recurrence", ["3", "2, 3"], {}, "a of shape [2, 3] does not broadcast to that of x, [3]"),
    ("diff", ["3"], {"n": -1}, "n says how many times, at least 0; not -1"),
    ("diff", ["3", "2, 3"], {}, "x has 1 axes and prepend 2: they need as many"),
    ("trapezoid", ["2, 3", "2"], {}, "x has 2 elements along the axis and y 3: they need as many"),
    ("searchsorted", ["2, 3", "4"], {}, "x is a vector in order, not a value of 2 dimensions"),
    ("interp", ["4", "2, 3", "2, 3"], {}, VECTORS.format("[2, 3] and [2, 3]")),
    ("interp", ["4", "3", "2"], {}, VECTORS.format("[3] and [2]")),
    ("interp", ["4", "0", "0"], {}, "between no points there is nothing to interpolate"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "attributes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(
    name: str, shapes: list[str], attributes: dict[str, Any], expected: str
) -> None:
    assert refusal(name, shapes, **attributes) == expected


def test_what_can_never_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="named twice"):
        infer("sum", ["rows, 3"], axis=(1, -1))
    with pytest.raises(ValueError, match="no largest element"):
        infer("max", ["rows, 0"], axis=1)


DTYPES: list[tuple[str, str, str]] = [
    ("sum", "int8", "int64"), ("sum", "uint8", "uint64"), ("sum", "float32", "float32"), ("nansum", "int32", "int64"),
    ("prod", "uint32", "uint64"), ("cumulative_sum", "int16", "int64"), ("cumulative_prod", "float32", "float32"),
    ("cumulative_max", "int8", "int8"), ("max", "int16", "int16"), ("all", "float32", "bool"), ("any", "int8", "bool"),
    ("count_nonzero", "float32", "int64"), ("argmin", "int8", "int64"), ("argsort", "float32", "int64"),
    ("sort", "uint8", "uint8"), ("diff", "int32", "int32"), ("mean", "float32", "float32"),
    ("std", "float32", "float32"), ("median", "float32", "float32"), ("nanmean", "float32", "float32"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "dtype", "expected"), DTYPES)
def test_dtypes(name: str, dtype: str, expected: str) -> None:
    assert infer_types(name, [(dtype, "4")])[0][0] == run_types(name, [(dtype, "4")])[0][0] == expected
