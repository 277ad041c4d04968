"""Dtypes of elementwise operators where they are not those that inputs make together, and what attributes forbid."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugins.shapes.inferring import infer, infer_types, read_shape, refusal, run_types

DTYPES: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("equal", ["float32", "float64"], {}, "bool"),
    ("less", ["int8", "int8"], {}, "bool"),
    ("isnan", ["float32"], {}, "bool"),
    ("signbit", ["int32"], {}, "bool"),
    ("logical_and", ["bool", "bool"], {}, "bool"),
    ("bitwise_and", ["bool", "bool"], {}, "bool"),
    ("bitwise_or", ["int8", "uint8"], {}, "int16"),
    ("bitwise_invert", ["uint8"], {}, "uint8"),
    ("bitwise_left_shift", ["int8", "int64"], {}, "int64"),
    ("add", ["bool", "bool"], {}, "int64"),
    ("divide", ["int8", "float32"], {}, "float32"),
    ("exp", ["int8"], {}, "float64"),
    ("astype", ["float64"], {"dtype": "int8"}, "int8"),
    ("full_like", ["uint8"], {"fill_value": 255}, "uint8"),
    ("clip", ["int8"], {"min": -1, "max": 3}, "int8"),
    ("clip", ["int8"], {"min": -1.5}, "float64"),
    ("clip", ["float32"], {"min": -1.5}, "float32"),
    ("where", ["bool", "float32", "int8"], {}, "float32"),
    ("polygamma", ["float32"], {"n": 1}, "float32"),
    ("jv", ["float32"], {"v": 2}, "float32"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "dtypes", "attributes", "expected"), DTYPES)
def test_dtypes(name: str, dtypes: list[str], attributes: dict[str, Any], expected: str) -> None:
    inputs = [(dtype, "rows, 3") for dtype in dtypes]
    assert infer_types(name, inputs, **attributes) == [(expected, read_shape("rows, 3"))]


REFUSED: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("bitwise_and", ["3", "3"], {}, "bits are of integers and truth values, not of float64"),
    ("bitwise_invert", ["3"], {}, "bits are of integers and truth values, not of float64"),
    ("polygamma", ["3"], {"n": -1}, "the order n of polygamma is at least 0, not -1"),
    ("jv", ["3"], {"v": -2}, "the order v of jv is at least 0, not -2"),
    ("iv", ["3"], {"v": -1}, "the order v of iv is at least 0, not -1"),
]


@pytest.mark.parametrize(("name", "shapes", "attributes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(
    name: str, shapes: list[str], attributes: dict[str, Any], expected: str
) -> None:
    assert refusal(name, shapes, **attributes) == expected


@pytest.mark.parametrize(("dtype", "number"), [("int8", 128), ("uint8", -1), ("bool", 2), ("int64", 0.5)])
def test_a_number_that_is_none_of_the_dtype(dtype: str, number: float) -> None:
    for function in (run_types, infer_types):
        with pytest.raises(ValueError, match=f"{number} is no {dtype}, which x holds"):
            function("full_like", [(dtype, "3")], fill_value=number)


def test_shapes_broadcast() -> None:
    assert infer("jv", ["rows, 1"], v=2) == [read_shape("rows, 1")]
    assert infer("clip", ["rows, k"], min=0.0) == [read_shape("rows, k")]
    assert infer("where", ["rows, 1", "3", ""]) == [read_shape("rows, 3")]
