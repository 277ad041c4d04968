"""Shapes of products of matrices and tensors, also where sizes are symbolic."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow.sizes import UnknownSizeError
from tests.plugins.shapes.inferring import infer, read_shape, refusal

KNOWN: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("matmul", ["rows, 30", "30, k"], {}, "rows, k"),
    ("matmul", ["rows, 30", "30"], {}, "rows"),
    ("matmul", ["rows", "rows"], {}, ""),
    ("matmul", ["rows", "rows, 2*k"], {}, "2*k"),
    ("matmul", ["batch, 1, rows, k", "heads, k, 4"], {}, "batch, heads, rows, 4"),
    ("matmul", ["rows, h*w", "w*h, 10"], {}, "rows, 10"),
    ("matrix_transpose", ["batch, rows, 3"], {}, "batch, 3, rows"),
    ("tensordot", ["rows, 3, k", "k, 3, 5"], {"axes": ((2, 1), (0, 1))}, "rows, 5"),
    ("tensordot", ["rows, k", "k, 5"], {"axes": 1}, "rows, 5"),
    ("tensordot", ["rows", "k"], {"axes": 0}, "rows, k"),
    ("tensordot", ["2, rows, k", "rows, k"], {"axes": 2}, "2"),
    ("tensordot", ["rows, k", "k"], {"axes": ((-1,), (-1,))}, "rows"),
    ("vecdot", ["rows, 3", "3"], {}, "rows"),
    ("vecdot", ["rows, 3", "rows, 1"], {"axis": -2}, "3"),
]


@pytest.mark.parametrize(("name", "shapes", "attributes", "expected"), KNOWN)
def test_symbolic_sizes(name: str, shapes: list[str], attributes: dict[str, Any], expected: str) -> None:
    assert infer(name, shapes, **attributes) == [read_shape(expected)]


UNKNOWN: list[tuple[str, list[str], dict[str, Any]]] = [
    ("matmul", ["rows, 30", "k, 2"], {}),
    ("matmul", ["rows, k", "30"], {}),
    ("matmul", ["rows, 2, 3", "k, 3, 4"], {}),
    ("tensordot", ["rows, 3", "4, 2"], {"axes": ((0,), (0,))}),
    ("vecdot", ["rows", "3"], {}),
    ("vecdot", ["rows, 3", "k, 3"], {}),
]


@pytest.mark.parametrize(("name", "shapes", "attributes"), UNKNOWN)
def test_what_only_the_data_will_tell(name: str, shapes: list[str], attributes: dict[str, Any]) -> None:
    with pytest.raises(UnknownSizeError):
        infer(name, shapes, **attributes)


REFUSED: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("matmul", ["2, 3", "2, 3"], {},
     "the last axis of x has 3 elements and the one before the last of y 2: they must be as many"),
    ("matmul", ["3", "2"], {}, "the last axis of x has 3 elements and that of y 2: they must be as many"),
    ("matmul", ["2, 3", ""], {}, "y is a number, not a vector or matrix: write `x * y`"),
    ("matmul", ["", "3"], {}, "x is a number, not a vector or matrix: write `x * y`"),
    ("matmul", ["2, 1, 3", "4, 3, 1"], {}, "the axes before the matrices, [2] and [4], do not broadcast"),
    ("matrix_transpose", ["3"], {}, "x is no matrix: it needs 2 dimensions, not 1"),
    ("matrix_transpose", [""], {}, "x is no matrix: it needs 2 dimensions, not 0"),
    ("tensordot", ["3", "3"], {"axes": -1}, "the number of axes is at least 0, not -1"),
    ("tensordot", ["3", "3"], {"axes": 2}, "2 axes are to be summed over, and x has 1, y 1"),
    ("tensordot", ["2, 3", "2, 3"], {"axes": ((0,), (0, 1))}, "1 axis of x and 2 of y cannot be paired"),
    ("tensordot", ["2, 3", "2, 3"], {"axes": ((0,), (2,))}, "axis 2 is out of range for a value of 2 dimensions"),
    ("tensordot", ["2, 3", "2, 3"], {"axes": ((-1,), (0,))},
     "axis -1 of x has 3 elements and axis 0 of y 2: they must be as many"),
    ("vecdot", ["3", "2"], {}, "axis -1 of x has 3 elements and that of y 2: they must be as many"),
    ("vecdot", ["3", "3"], {"axis": 0}, "the axis counts from the end, so that it is below 0; not 0"),
    ("vecdot", ["2, 3", "4, 3"], {}, "the other axes of x and y, [2] and [4], do not broadcast"),
    ("vecdot", ["3", ""], {}, "axis -1 is out of range for a value of 0 dimensions"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "attributes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(
    name: str, shapes: list[str], attributes: dict[str, Any], expected: str
) -> None:
    assert refusal(name, shapes, **attributes) == expected


def test_what_can_never_fit_is_refused_though_a_size_is_symbolic() -> None:
    with pytest.raises(ValueError, match="the last axis of x has 3 elements") as caught:
        infer("matmul", ["rows, 3", "2, k"])
    assert not isinstance(caught.value, UnknownSizeError)
