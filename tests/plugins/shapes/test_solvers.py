"""Shapes of inverses, solutions, determinants, pseudoinverses and exponentials, also where sizes are symbolic."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow.sizes import UnknownSizeError
from tests.plugins.shapes.inferring import infer, infer_types, read_shape, refusal, run_types

KNOWN: list[tuple[str, list[str], str]] = [
    *[(name, ["batch, k, k"], "batch, k, k") for name in ("inv", "cholesky", "adjugate", "expm")],
    ("adjugate_adjoint", ["k, k", "k, k"], "k, k"),
    ("det", ["batch, k, k"], "batch"),
    ("det", ["k, k"], ""),
    ("solve", ["k, k", "k"], "k"),
    ("solve", ["k, k", "k, rows"], "k, rows"),
    ("solve", ["batch, k, k", "k"], "batch, k"),
    ("solve", ["batch, 1, k, k", "heads, k, 2"], "batch, heads, k, 2"),
    ("solve_triangular", ["k, k", "batch, k, 2*rows"], "batch, k, 2*rows"),
    ("pinv", ["batch, rows, k"], "batch, k, rows"),
    ("lstsq", ["rows, 3", "rows"], "3"),
    ("lstsq", ["rows, k", "rows, 2"], "k, 2"),
    ("lstsq", ["batch, 5, 3", "5, rows"], "batch, 3, rows"),
    ("matrix_rank", ["batch, rows, k"], "batch"),
]


@pytest.mark.parametrize(("name", "shapes", "expected"), KNOWN)
def test_symbolic_sizes(name: str, shapes: list[str], expected: str) -> None:
    assert infer(name, shapes) == [read_shape(expected)]


def test_sign_and_logarithm() -> None:
    assert infer("slogdet", ["batch, k, k"]) == [read_shape("batch")] * 2


UNKNOWN: list[tuple[str, list[str]]] = [
    *[(name, ["rows, 3"]) for name in ("inv", "cholesky", "adjugate", "expm", "det", "slogdet")],
    ("adjugate_adjoint", ["k, k", "3, 3"]),
    ("solve", ["3, 3", "rows"]),
    ("solve_triangular", ["batch, 3, 3", "rows, 3, 3"]),
    ("lstsq", ["rows, 3", "k"]),
]


@pytest.mark.parametrize(("name", "shapes"), UNKNOWN)
def test_what_only_the_data_will_tell(name: str, shapes: list[str]) -> None:
    with pytest.raises(UnknownSizeError):
        infer(name, shapes)


SQUARE = ["inv", "cholesky", "adjugate", "expm", "det", "slogdet"]
STACK = "must be a matrix or a stack of matrices, and has the shape"
REFUSED: list[tuple[str, list[str], str]] = [
    *[(name, ["2, 3"], "x must be square in its last two axes, and has the shape [2, 3]") for name in SQUARE],
    *[(name, ["3"], f"x {STACK} [3]") for name in (*SQUARE, "pinv", "matrix_rank")],
    ("adjugate_adjoint", ["2, 2", "3, 3"], "y needs the shape of x, [2, 2], and has [3, 3]"),
    ("adjugate_adjoint", ["2, 2", "2, 3"], "y must be square in its last two axes, and has the shape [2, 3]"),
    ("solve", ["2, 3", "2"], "x1 must be square in its last two axes, and has the shape [2, 3]"),
    ("solve", ["3, 3", "2"], "x2 needs as many rows as x1: x1 has the shape [3, 3], and x2 [2]"),
    ("solve", ["3, 3", ""], "x2 needs as many rows as x1: x1 has the shape [3, 3], and x2 []"),
    ("solve", ["2, 3, 3", "4, 3, 1"],
     "the stacks of x1 and x2 do not broadcast: x1 has the shape [2, 3, 3], and x2 [4, 3, 1]"),
    ("solve_triangular", ["3", "3"], f"a {STACK} [3]"),
    ("solve_triangular", ["3, 3", "2, 3"], "b needs as many rows as a: a has the shape [3, 3], and b [2, 3]"),
    ("lstsq", ["2, 3", "2"], "a needs at least as many rows as columns, and has the shape [2, 3]"),
    ("lstsq", ["3, 2", "2"], "b needs as many rows as a: a has the shape [3, 2], and b [2]"),
    ("lstsq", ["3", "3"], f"a {STACK} [3]"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(name: str, shapes: list[str], expected: str) -> None:
    assert refusal(name, shapes) == expected


def test_a_tolerance_below_0_is_refused() -> None:
    assert refusal("pinv", ["2, 3"], rtol=-0.5) == "rtol is at least 0, not -0.5"


def test_ranks_are_integers() -> None:
    assert infer_types("matrix_rank", [("float32", "rows, 3")]) == [("int64", ())]


TWO: list[tuple[str, list[str]]] = [
    ("solve", ["2, 2", "2"]), ("solve_triangular", ["2, 2", "2"]), ("lstsq", ["3, 2", "3"]),
    ("adjugate_adjoint", ["2, 2", "2, 2"]), ("adjugate_adjoint", ["3, 3", "3, 3"]),
    ("adjugate_adjoint", ["0, 0", "0, 0"]),
]  # fmt: skip


@pytest.mark.parametrize("dtypes", [("float32", "float64"), ("float64", "float32"), ("float32", "float32")])
@pytest.mark.parametrize(("name", "shapes"), TWO)
def test_one_wide_input_makes_a_wide_result(name: str, shapes: list[str], dtypes: tuple[str, str]) -> None:
    inputs: list[Any] = list(zip(dtypes, shapes, strict=True))
    assert infer_types(name, inputs) == run_types(name, inputs)
    assert infer_types(name, inputs)[0][0] == max(dtypes)
