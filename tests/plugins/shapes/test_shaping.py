"""Shapes of what moves elements, is padded or seen through windows, and of arrays that are made."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow.sizes import UnknownSizeError, parse_size
from tests.plugins.shapes.inferring import infer, infer_types, read_shape, refusal, run_types

ROWS, K = parse_size("rows"), parse_size("k")
KNOWN: list[tuple[str, list[str], dict[str, Any], list[str]]] = [
    ("reshape", ["rows, 4"], {"shape": (-1, 2)}, ["2*rows, 2"]),
    ("reshape", ["rows, 4"], {"shape": (4 * ROWS,)}, ["4*rows"]),
    ("reshape", ["rows, 4"], {"shape": (ROWS, -1)}, ["rows, 4"]),
    ("reshape", ["rows, 2*k"], {"shape": (ROWS, 2, -1)}, ["rows, 2, k"]),
    ("reshape", ["rows"], {"shape": (-1, 2)}, ["rows//2, 2"]),
    ("reshape", ["rows, 0"], {"shape": (-1, 2)}, ["0, 2"]),
    ("expand_dims", ["rows, 3"], {"axis": (0, -1)}, ["1, rows, 3, 1"]),
    ("squeeze", ["rows, 1, 3"], {"axis": -2}, ["rows, 3"]),
    ("broadcast_to", ["rows, 1"], {"shape": (2, ROWS, 4)}, ["2, rows, 4"]),
    ("broadcast_arrays", ["rows, 1", "3", ""], {}, ["rows, 3"] * 3),
    ("permute_dims", ["rows, 3, k"], {"axes": (2, 0, -2)}, ["k, rows, 3"]),
    ("moveaxis", ["rows, 3, k"], {"source": 0, "destination": -1}, ["3, k, rows"]),
    ("moveaxis", ["rows, 3, k"], {"source": (0, 1), "destination": (2, 0)}, ["3, k, rows"]),
    ("flip", ["rows, 3"], {}, ["rows, 3"]),
    ("roll", ["rows, 3"], {"shift": (1, 2), "axis": (0, 1)}, ["rows, 3"]),
    ("rot90", ["rows, 3, k"], {"axes": (0, -1)}, ["k, 3, rows"]),
    ("rot90", ["rows, 3"], {"k": -2}, ["rows, 3"]),
    ("tril", ["rows, k"], {"k": 1}, ["rows, k"]),
    ("repeat", ["rows, 3"], {"repeats": 2}, ["6*rows"]),
    ("repeat", ["rows, 3"], {"repeats": 2, "axis": 0}, ["2*rows, 3"]),
    ("tile", ["rows, 3"], {"repetitions": (5, 1, 2)}, ["5, rows, 6"]),
    ("tile", ["2, rows, 3"], {"repetitions": (2,)}, ["2, rows, 6"]),
    ("concat", ["rows, 3", "k, 3", "2, 3"], {}, ["k + rows + 2, 3"]),
    ("concat", ["rows, 3", "k", ""], {"axis": None}, ["k + 3*rows + 1"]),
    ("stack", ["rows, 3", "rows, 3"], {"axis": 1}, ["rows, 2, 3"]),
    ("unstack", ["rows, 3"], {"axis": 1}, ["rows"] * 3),
    ("split", ["rows, 4"], {"sections": 2, "axis": 1}, ["rows, 2"] * 2),
    ("split", ["2*rows, 4"], {"sections": 2}, ["rows, 4"] * 2),
    ("split", ["rows + k"], {"lengths": (ROWS, K)}, ["rows", "k"]),
    ("diag", ["rows"], {"k": -2}, ["rows + 2, rows + 2"]),
    ("diag", ["rows, rows"], {}, ["rows"]),
    ("diag", ["rows, rows"], {"k": 1}, ["rows - 1"]),
    ("diag", ["rows, 3"], {}, ["?"]),
    ("pad", ["rows, 3"], {"pad_width": ((1, 0), (0, 2)), "mode": "wrap"}, ["rows + 1, 5"]),
    ("pad", ["rows"], {"pad_width": 2}, ["rows + 4"]),
    ("unfold", ["rows, k"], {"size": 3, "step": 2, "axis": 0}, ["(rows - 3)//2 + 1, k, 3"]),
    ("unfold", ["rows"], {"size": 3}, ["rows - 2, 3"]),
    ("overlap_add", ["rows - 2, 3"], {"length": ROWS}, ["rows"]),
    ("overlap_add", ["(rows - 3)//2 + 1, k, 3"], {"length": ROWS, "step": 2, "axis": 0}, ["rows, k"]),
    ("arange", [], {"stop": ROWS}, ["rows"]),
    ("arange", [], {"start": 1, "stop": ROWS, "step": 2}, ["rows//2"]),
    ("arange", [], {"start": ROWS, "stop": 0, "step": -1}, ["rows"]),
    ("arange", [], {"start": ROWS, "stop": ROWS}, ["0"]),
    ("eye", [], {"n_rows": ROWS}, ["rows, rows"]),
    ("zeros", [], {"shape": (ROWS, 3)}, ["rows, 3"]),
    ("ones", [], {"shape": (2 * K,)}, ["2*k"]),
    ("full", [""], {"shape": (ROWS, 3)}, ["rows, 3"]),
    ("linspace", ["rows", ""], {"num": 5}, ["5, rows"]),
    ("linspace", ["", ""], {"num": ROWS}, ["rows"]),
    ("meshgrid", ["rows", "k", "2"], {}, ["k, rows, 2"] * 3),
    ("meshgrid", ["rows", "k"], {"indexing": "ij"}, ["rows, k"] * 2),
    ("one_hot", ["rows"], {"num_classes": 10}, ["rows, 10"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "attributes", "expected"), KNOWN)
def test_symbolic_sizes(name: str, shapes: list[str], attributes: dict[str, Any], expected: list[str]) -> None:
    assert infer(name, shapes, **attributes) == [read_shape(text) for text in expected]


EQUAL: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("reshape", ["rows, 4"], {"shape": (8,)}, "(4*rows, 8)"),
    ("squeeze", ["rows, 3"], {"axis": 0}, "(rows, 1)"),
    ("broadcast_to", ["rows, 3"], {"shape": (5, 3)}, "(rows, 5)"),
    ("concat", ["rows, 3", "rows, k"], {}, "(3, k)"),
    ("stack", ["rows, 3", "k, 3"], {}, "(rows, k)"),
    ("split", ["rows"], {"lengths": (2, 3)}, "(5, rows)"),
    ("overlap_add", ["rows, 3"], {"length": 10}, "(rows, 8)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "attributes", "pair"), EQUAL)
def test_sizes_that_have_to_be_equal_are_told(
    name: str, shapes: list[str], attributes: dict[str, Any], pair: str
) -> None:
    with pytest.raises(UnknownSizeError) as caught:
        infer(name, shapes, **attributes)
    assert str(caught.value.pair) == pair


def test_how_many_parts_there_are_is_known_with_the_data() -> None:
    with pytest.raises(UnknownSizeError):
        infer("unstack", ["rows, 3"])


NEVER: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("reshape", ["rows, 4"], {"shape": (0, -1)}, "4\\*rows elements do not fill the shape \\[0, -1\\]"),
    ("broadcast_to", ["k, 3"], {"shape": (ROWS, 4)}, "a value of shape \\[k, 3\\] cannot be repeated"),
    ("concat", ["rows, 3", "k, 4"], {}, "axis 1 of xs\\[0\\] has 3 elements and that of xs\\[1\\] 4"),
    ("stack", ["rows, 3", "k, 4"], {}, "they must be the same"),
    ("squeeze", ["rows, 3"], {"axis": 1}, "only one with a single element can be left out"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "attributes", "message"), NEVER)
def test_what_can_never_fit_is_refused(name: str, shapes: list[str], attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        infer(name, shapes, **attributes)
    assert not isinstance(caught.value, UnknownSizeError)


REFUSED: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("reshape", ["3"], {"shape": (-3,)}, "a length is at least 0, or -1 for what is left; not -3"),
    ("reshape", ["3"], {"shape": (-1, -1)}, "only one length of [-1, -1] may be -1"),
    ("reshape", ["7"], {"shape": (2, -1)}, "7 elements do not fill the shape [2, -1]"),
    ("squeeze", ["2, 3"], {"axis": 0}, "axis 0 has 2 elements: only one with a single element can be left out"),
    ("squeeze", [""], {"axis": 0}, "axis 0 is out of range for a value of 0 dimensions"),
    ("broadcast_to", ["3"], {"shape": (-1, 3)}, "a value of shape [3] cannot be repeated to fill [-1, 3]"),
    ("broadcast_to", ["2, 3"], {"shape": (3,)}, "a value of shape [2, 3] cannot be repeated to fill [3]"),
    ("broadcast_to", [""], {"shape": (10**11, 10**11)},
     "a value of shape [] cannot be repeated to fill [100000000000, 100000000000]"),
    ("permute_dims", ["2, 3"], {"axes": (0,)}, "1 axis is named, and the value has 2"),
    ("moveaxis", ["2, 3"], {"source": (0, 1), "destination": 0},
     "source names 2 axes and destination 1: they need as many"),
    ("roll", ["2, 3"], {"shift": (1, 2, 3), "axis": (0, 1)}, "there are 3 shifts for 2 axes: they need as many"),
    ("triu", ["3"], {}, "x has no diagonals: it needs 2 dimensions, not 1"),
    ("repeat", ["3"], {"repeats": -1}, "repeats says how many copies, at least 0; not -1"),
    ("tile", ["3"], {"repetitions": (2, -1)}, "repetitions says how many copies, at least 0; not -1"),
    ("concat", [], {}, "there is nothing to join: it takes one value at least"),
    ("concat", ["2, 3", "3"], {}, "xs[0] has 2 dimensions and xs[1] 1: they need as many"),
    ("concat", ["2, 3", "2, 4"], {}, "axis 1 of xs[0] has 3 elements and that of xs[1] 4: they must be as many"),
    ("stack", [], {}, "there is nothing to stack: it takes one value at least"),
    ("stack", ["2", "3"], {}, "xs[0] has the shape [2] and xs[1] [3]: they must be the same"),
    ("split", ["5"], {"sections": 2}, "axis 0 has 5 elements: they make no 2 parts of equal length"),
    ("split", ["5"], {"lengths": (2, 2)},
     "axis 0 has 5 elements, and lengths that add up to that are needed: [2, 2]"),
    ("split", ["5"], {}, "either `sections` says how many parts of equal length, or `lengths` says how long each is"),
    ("diag", ["2, 2, 2"], {}, "x is to be a vector or a matrix, of 1 or 2 dimensions, not 3"),
    ("pad", ["2, 3"], {"pad_width": ((1, 1),)}, "pad_width has 1 pairs, and x has 2 axes"),
    ("pad", ["3"], {"pad_width": (1, -1)}, "pad_width says how many elements are put on, at least 0: (1, -1)"),
    ("pad", ["0, 2"], {"pad_width": 1, "mode": "edge"},
     'an axis of x has no elements, of which the mode "edge" could make others'),
    ("unfold", ["3"], {"size": 4}, "a window has 1 to 3 elements, as many as there are along the axis; not 4"),
    ("unfold", ["3"], {"size": 2, "step": 0}, "the step from one window to the next is at least 1, not 0"),
    ("overlap_add", ["3"], {"length": 3},
     "x needs an axis of windows and one of their elements, 2 dimensions or more, not 1"),
    ("overlap_add", ["3, 2"], {"length": 3}, "x has 3 windows, and into 3 elements fit 2"),
    ("arange", [], {"stop": 3, "step": 0}, "the step from one number to the next cannot be 0"),
    ("zeros", [], {"shape": (2, -1)}, "a length is at least 0: [2, -1]"),
    ("ones", [], {"shape": (10**10, 10**10)}, "no array is as large as [10000000000, 10000000000]"),
    ("eye", [], {"n_rows": 2, "n_cols": -1}, "a length is at least 0: [2, -1]"),
    ("full", ["2"], {"shape": (2,)}, "the value is to be one number, not of shape [2]: use broadcast_to"),
    ("linspace", ["", ""], {"num": -1}, "num says how many numbers, at least 0; not -1"),
    ("meshgrid", ["2", "2, 3"], {}, "along each axis of the grid stands a vector, not a value of shape [2, 3]"),
    ("one_hot", ["2"], {"num_classes": -1}, "a length is at least 0: [-1]"),
    ("one_hot", ["2"], {"num_classes": 0}, "there are no classes for the indices to name"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "attributes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(
    name: str, shapes: list[str], attributes: dict[str, Any], expected: str
) -> None:
    assert refusal(name, shapes, **attributes) == expected


DTYPES: list[tuple[str, list[tuple[str, str]], dict[str, Any], str]] = [
    ("concat", [("int8", "2"), ("uint8", "3")], {}, "int16"),
    ("stack", [("float32", "2"), ("float32", "2")], {}, "float32"),
    ("pad", [("bool", "3")], {"pad_width": 1}, "bool"),
    ("arange", [], {"stop": 3}, "int64"),
    ("eye", [], {"n_rows": 3, "dtype": "float32"}, "float32"),
    ("zeros", [], {"shape": (3,)}, "int64"),
    ("one_hot", [("int8", "0")], {"num_classes": 3, "dtype": "bool"}, "bool"),
    ("linspace", [("float32", ""), ("float32", "2")], {"num": 3}, "float32"),
]


@pytest.mark.parametrize(("name", "inputs", "attributes", "expected"), DTYPES)
def test_dtypes(name: str, inputs: list[tuple[str, str]], attributes: dict[str, Any], expected: str) -> None:
    assert infer_types(name, inputs, **attributes)[0][0] == run_types(name, inputs, **attributes)[0][0] == expected


def test_what_is_padded_with_is_of_the_dtype_of_x() -> None:
    for function in (run_types, infer_types):
        with pytest.raises(ValueError, match=r"2.5 is no int8, which x holds"):
            function("pad", [("int8", "3")], pad_width=1, value=2.5)
