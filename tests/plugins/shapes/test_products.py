"""Shapes of diagonals and of sums of products over named axes."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow.sizes import UnknownSizeError
from tests.plugins.shapes.inferring import infer, read_shape, refusal

DIAGONALS: list[tuple[str, int, str]] = [
    ("rows, k, k", 0, "rows, k"), ("k, k", 1, "k - 1"), ("k, k", -1, "k - 1"), ("k, k + 2", 2, "k"),
    ("k, k", 2, "?"), ("rows, 3", 0, "?"), ("rows, 2, 4", 3, "rows, 1"), ("2, 4", 9, "0"),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "offset", "expected"), DIAGONALS)
def test_diagonals(shape: str, offset: int, expected: str) -> None:
    assert infer("diagonal", [shape], offset=offset) == [read_shape(expected)]
    full = read_shape(shape)
    if None not in read_shape(expected):
        assert infer("put_diagonal", [expected], offset=offset, shape=full) == [full]


def test_a_diagonal_whose_length_the_data_will_tell_may_be_put_back() -> None:
    full = read_shape("rows, 3")
    assert infer("put_diagonal", ["k"], shape=full) == [full]
    with pytest.raises(UnknownSizeError):
        infer("put_diagonal", ["k"], shape=(3, 3))


EQUATIONS: list[tuple[str, list[str], str]] = [
    ("ij,jk->ik", ["rows, 30", "30, k"], "rows, k"),
    ("ij,jk", ["rows, k", "k, 2*k"], "rows, 2*k"),
    ("ba", ["rows, 3"], "3, rows"),
    ("ii->i", ["k, k"], "k"),
    ("i,i->", ["rows", "rows"], ""),
    ("bqhd,bkhd->bhqk", ["batch, n, 8, d", "batch, m, 8, d"], "batch, 8, n, m"),
    ("...ij,...jk->...ik", ["batch, 1, 2, k", "heads, k, 3"], "batch, heads, 2, 3"),
    ("ij,ij->ij", ["1, 3", "rows, 3"], "rows, 3"),
    ("...i->...", ["a, b, 3"], "a, b"),
]


@pytest.mark.parametrize(("equation", "shapes", "expected"), EQUATIONS)
def test_equations(equation: str, shapes: list[str], expected: str) -> None:
    assert infer("einsum", shapes, equation=equation) == [read_shape(expected)]


@pytest.mark.parametrize(("equation", "shapes"), [("ij,jk->ik", ["rows, 30", "k, 2"]), ("ii->i", ["rows, 3"])])
def test_what_only_the_data_will_tell(equation: str, shapes: list[str]) -> None:
    with pytest.raises(UnknownSizeError):
        infer("einsum", shapes, equation=equation)


REFUSED: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("diagonal", ["3"], {}, "x has no diagonals: it needs 2 dimensions, not 1"),
    ("put_diagonal", ["3"], {"shape": (3,)},
     "the shape of a result with a diagonal has 2 dimensions at least, not 1"),
    ("put_diagonal", ["2"], {"shape": (3, 3)}, "x has the shape [2]; the diagonal of [3, 3] has [3]"),
    ("put_diagonal", ["2, 1"], {"shape": (4, 3, 3), "offset": 2},
     "x has the shape [2, 1]; the diagonal of [4, 3, 3] has [4, 1]"),
    ("put_diagonal", ["0"], {"shape": (-1, 3)}, "a length is at least 0: [-1, 3]"),
    ("einsum", ["2, 3", "4, 5"], {"equation": "ij,jk->ik"}, "axis j has 3 elements in one input and 4 in another"),
    ("einsum", ["2, 3"], {"equation": "ii->i"}, 'the diagonal of "ii" needs axes of one length: i has 2 and 3'),
    ("einsum", ["2, 3"], {"equation": "ij,jk->ik"}, '"ij,jk->ik" is of 2 inputs, and there is 1'),
    ("einsum", ["2, 3"], {"equation": "i->i"}, '"i" names 1 axis of an input of shape [2, 3]'),
    ("einsum", ["2"], {"equation": "i->j"}, '"i->j": axis j of the output is in no input'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "attributes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(
    name: str, shapes: list[str], attributes: dict[str, Any], expected: str
) -> None:
    assert refusal(name, shapes, **attributes) == expected
