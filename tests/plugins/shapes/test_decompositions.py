"""Shapes of what matrices are decomposed into; None where the shorter side is known only with the data."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow.sizes import UnknownSizeError
from tests.plugins.shapes.inferring import infer, read_shape, refusal

COMPLETE = {"mode": "complete"}
KNOWN: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("eigh", "batch, k, k", {}, ["batch, k", "batch, k, k"]),
    ("eigvalsh", "k, k", {}, ["k"]),
    ("svd", "batch, 5, 3", {}, ["batch, 5, 3", "batch, 3", "batch, 3, 3"]),
    ("svd", "k, k", {"full_matrices": True}, ["k, k", "k", "k, k"]),
    ("svd", "k, k + 2", {}, ["k, k", "k", "k, k + 2"]),
    ("svd", "rows, 3", {}, ["rows, ?", "?", "?, 3"]),
    ("svdvals", "batch, 2, 4", {}, ["batch, 2"]),
    ("svdvals", "rows, 3", {}, ["?"]),
    ("qr", "batch, 5, 3", {}, ["batch, 5, 3", "batch, 3, 3"]),
    ("qr", "2, 3", COMPLETE, ["2, 2", "2, 3"]),
    ("qr", "rows, 3", {}, ["rows, ?", "?, 3"]),
    ("qr", "rows, k", COMPLETE, ["rows, rows", "rows, k"]),
]


@pytest.mark.parametrize(("name", "shape", "attributes", "expected"), KNOWN)
def test_symbolic_sizes(name: str, shape: str, attributes: dict[str, Any], expected: list[str]) -> None:
    assert infer(name, [shape], **attributes) == [read_shape(text) for text in expected]


@pytest.mark.parametrize(("name", "attributes"), [("eigh", {}), ("eigvalsh", {}), ("svd", {"full_matrices": True})])
def test_whether_a_matrix_is_square_the_data_will_tell(name: str, attributes: dict[str, Any]) -> None:
    with pytest.raises(UnknownSizeError):
        infer(name, ["rows, 3"], **attributes)


BEYOND = "are any that complete a basis, and have no slopes;"
REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    *[(name, "3", {}, "x is no matrix: it needs at least 2 dimensions, and has the shape [3]")
      for name in ("eigh", "eigvalsh", "svd", "svdvals", "qr")],
    *[(name, "4, 2, 3", {}, "x has 2 rows and 3 columns: only a square matrix has eigenvalues")
      for name in ("eigh", "eigvalsh")],
    ("svd", "5, 3", {"full_matrices": True},
     f"full_matrices is for a square matrix, not for one of 5 x 3: the vectors beyond the first 3 {BEYOND} leave it "
     "out"),
    ("qr", "5, 3", COMPLETE,
     'mode "complete" is for a matrix with no more rows than columns, not for one of 5 x 3: the columns of Q beyond '
     f'the first 3 {BEYOND} use "reduced"'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shape", "attributes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(name: str, shape: str, attributes: dict[str, Any], expected: str) -> None:
    assert refusal(name, [shape], **attributes) == expected
