"""Shapes of norms."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from tests.plugins.shapes.inferring import infer, read_shape, refusal

KNOWN: list[tuple[str, dict[str, Any], str]] = [
    ("rows, 3", {}, ""),
    ("rows, 3", {"axis": -1}, "rows"),
    ("rows, 3", {"axis": 0, "keepdims": True, "ord": inf}, "1, 3"),
    ("batch, rows, 3", {"axis": (0, -1), "ord": 0}, "rows"),
]


@pytest.mark.parametrize(("shape", "attributes", "expected"), KNOWN)
def test_symbolic_sizes(shape: str, attributes: dict[str, Any], expected: str) -> None:
    assert infer("vector_norm", [shape], **attributes) == [read_shape(expected)]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("2, 3", {"axis": 2}, "axis 2 is out of range for a value of 2 dimensions"),
    ("2, 3", {"axis": (0, -2)}, "axis 0 is named twice"),
    ("", {"axis": 0}, "axis 0 is out of range for a value of 0 dimensions"),
    ("3", {"ord": nan}, "ord is a number, or inf or -inf; not NaN"),
]


@pytest.mark.parametrize(("shape", "attributes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(shape: str, attributes: dict[str, Any], expected: str) -> None:
    assert refusal("vector_norm", [shape], **attributes) == expected
