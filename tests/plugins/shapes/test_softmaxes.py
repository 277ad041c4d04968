"""Shapes of softmax and its logarithms."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugins.shapes.inferring import infer, read_shape, refusal

KNOWN: list[tuple[str, str, dict[str, Any], str]] = [
    ("softmax", "rows, 10", {}, "rows, 10"),
    ("softmax", "rows", {"axis": 0}, "rows"),
    ("log_softmax", "rows, k, 2", {"axis": (0, 2)}, "rows, k, 2"),
    ("logsumexp", "rows, 10", {}, ""),
    ("logsumexp", "rows, 10", {"axis": -1}, "rows"),
    ("logsumexp", "rows, 10", {"axis": 0, "keepdims": True}, "1, 10"),
    ("logsumexp", "2*k, rows, 3", {"axis": (0, -1)}, "rows"),
    ("logsumexp", "rows, 10", {"keepdims": True}, "1, 1"),
]


@pytest.mark.parametrize(("name", "shape", "attributes", "expected"), KNOWN)
def test_symbolic_sizes(name: str, shape: str, attributes: dict[str, Any], expected: str) -> None:
    assert infer(name, [shape], **attributes) == [read_shape(expected)]


NONE = "there is no largest element: x has none along the axis"
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("2, 0", {"axis": 1}, NONE),
    ("2, 0", {"axis": None}, NONE),
    ("2, 0, 3", {"axis": (0, 1)}, NONE),
    ("", {"axis": 0}, "axis 0 is out of range for a value of 0 dimensions"),
    ("2, 3", {"axis": 2}, "axis 2 is out of range for a value of 2 dimensions"),
    ("2, 3", {"axis": (1, -1)}, "axis 1 is named twice"),
]


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
@pytest.mark.parametrize(("shape", "attributes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(name: str, shape: str, attributes: dict[str, Any], expected: str) -> None:
    assert refusal(name, [shape], **attributes) == expected
