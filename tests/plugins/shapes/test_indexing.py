"""Shapes of what picks elements, and of what puts them in places."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow.sizes import UnknownSizeError, parse_size, substitute
from tests.plugins.shapes.inferring import infer, infer_types, read_shape, refusal, run_types

ROWS = parse_size("rows")
KEYS: list[tuple[str, tuple[Any, ...], str]] = [
    ("rows, 3", (0,), "3"),
    ("rows, 3", (-1, "1:"), "2"),
    ("rows, 3", (":", 1), "rows"),
    ("rows, 3", ("...", None, 0), "rows, 1"),
    ("rows", ("1:",), "rows - 1"),
    ("rows", (":-1",), "rows - 1"),
    ("rows", ("2:-3",), "rows - 5"),
    ("rows", ("-1:",), "1"),
    ("rows", (":1",), "1"),
    ("rows", (":3",), "?"),
    ("rows", ("-3:",), "?"),
    ("rows + 2", (":3",), "3"),
    ("rows + 2", ("-3:",), "3"),
    ("rows", ("::2",), "(rows + 1)//2"),
    ("2*rows", ("::2",), "rows"),
    ("rows", ("1::2",), "rows//2"),
    ("rows", ("::-1",), "rows"),
    ("rows", ("::-2",), "(rows + 1)//2"),
    ("rows", ("-2::-1",), "rows - 1"),
    ("rows", (":0:-1",), "rows - 1"),
    ("rows", ("0::-1",), "1"),
    ("rows", ("5::-1",), "?"),
    ("rows", (":0",), "0"),
    ("rows, k", (), "rows, k"),
]


@pytest.mark.parametrize(("shape", "key", "expected"), KEYS)
def test_keys(shape: str, key: tuple[Any, ...], expected: str) -> None:
    assert infer("getitem", [shape], key=key) == [read_shape(expected)]


@pytest.mark.parametrize("text", ["1:", ":-1", "2:-3", "::2", "1::2", "::-1", "::-2", "-2::-1", ":0:-1", ":1", "-1:"])
@pytest.mark.parametrize("length", [5, 6, 9])
def test_a_slice_of_a_symbolic_size_is_as_long_as_python_says(text: str, length: int) -> None:
    ((size,),) = infer("getitem", ["rows"], key=(text,))
    assert size is not None
    start, stop, *step = [int(part) if part else None for part in text.split(":")]
    assert substitute(size, {"rows": length}) == len(range(length)[slice(start, stop, *step)])


KNOWN: list[tuple[str, list[str], dict[str, Any], list[str]]] = [
    ("take", ["rows, 3", "k, 2"], {"axis": 0}, ["k, 2, 3"]),
    ("take", ["rows", ""], {}, [""]),
    ("take", ["rows, 3", "k"], {"axis": -1}, ["rows, k"]),
    ("take_along_axis", ["rows, 3", "rows, k"], {}, ["rows, k"]),
    ("take_along_axis", ["rows, 3", "1, 2"], {}, ["rows, 2"]),
    ("boolean_mask", ["rows, 3", "rows"], {}, ["?, 3"]),
    ("boolean_mask", ["2, rows, 3", "rows, 3"], {"axis": 1}, ["2, ?"]),
    ("masked_fill", ["rows, 3", "rows, 1", ""], {}, ["rows, 3"]),
    ("top_k", ["rows, 10"], {"k": 3}, ["rows, 3"] * 2),
    ("top_k", ["rows, 10"], {"k": 3, "axis": 0}, ["3, 10"] * 2),
    ("scatter", ["rows, 3", "rows, 2", "rows, 2"], {}, ["rows, 3"]),
    ("scatter_add", ["rows, 3", "k, 3", ""], {"axis": 0}, ["rows, 3"]),
    ("segment_sum", ["rows, 3", "rows"], {"num_segments": 7}, ["7, 3"]),
    ("put_items", ["rows - 1, 3"], {"key": ("1:",), "shape": (ROWS, 3)}, ["rows, 3"]),
    ("put_masked", ["k, 3", "rows"], {"shape": (ROWS, 3)}, ["rows, 3"]),
    ("put_add", ["k, 3", "k"], {"axis": 0, "shape": (ROWS, 3)}, ["rows, 3"]),
    ("put_add_along_axis", ["rows, 2", "rows, 2"], {"shape": (ROWS, 3)}, ["rows, 3"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "attributes", "expected"), KNOWN)
def test_symbolic_sizes(name: str, shapes: list[str], attributes: dict[str, Any], expected: list[str]) -> None:
    assert infer(name, shapes, **attributes) == [read_shape(text) for text in expected]


EQUAL: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("take_along_axis", ["rows, 3", "k, 2"], {}, "(k, rows)"),
    ("boolean_mask", ["rows, 3", "k"], {}, "(rows, k)"),
    ("scatter", ["rows, 3", "k, 2", ""], {}, "(k, rows)"),
    ("segment_sum", ["rows, 3", "5"], {"num_segments": 2}, "(rows, 5)"),
    ("put_add", ["k, 3", "rows"], {"axis": 0, "shape": (5, 3)}, "(k, rows)"),
    ("put_items", ["k"], {"key": ("1:",), "shape": (ROWS,)}, "(k, rows - 1)"),
]


@pytest.mark.parametrize(("name", "shapes", "attributes", "pair"), EQUAL)
def test_sizes_that_have_to_be_equal_are_told(
    name: str, shapes: list[str], attributes: dict[str, Any], pair: str
) -> None:
    with pytest.raises(UnknownSizeError) as caught:
        infer(name, shapes, **attributes)
    assert str(caught.value.pair) == pair


NOTHING = "there are no elements along the axis for the indices to name"
REFUSED: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("getitem", ["3"], {"key": (3,)}, "index 3 is outside axis 0, which has 3 elements"),
    ("getitem", ["2, 3"], {"key": (":", -4)}, "index -4 is outside axis 1, which has 3 elements"),
    ("getitem", ["0"], {"key": (0,)}, "index 0 is outside axis 0, which has 0 elements"),
    ("getitem", ["3"], {"key": (0, 0)}, "the key names 2 axes, and the value has 1"),
    ("getitem", ["2, 3"], {"key": ("...", "...")}, '"..." may stand only once in a key'),
    ("getitem", ["3"], {"key": ("::0",)}, '"::0" is no slice: its step is 0'),
    ("getitem", ["3"], {"key": ("1:x",)},
     '"1:x" is no slice: write "start:stop" or "start:stop:step" with integers'),
    ("take", ["2, 3", "2"], {}, "axis may be left out for a vector only, not for a value of 2 dimensions"),
    ("take", ["0, 3", "2"], {"axis": 0}, NOTHING),
    ("take_along_axis", ["3", ""], {}, "x has 1 dimension and indices 0: they need as many"),
    ("take_along_axis", ["3, 4", "2, 2"], {}, "axis 0 of the indices has 2 elements, not 1 or 3"),
    ("take_along_axis", ["3, 0", "3, 2"], {}, NOTHING),
    ("boolean_mask", ["3, 2", ""], {}, "the mask is one truth value, and needs an axis at least"),
    ("boolean_mask", ["3, 2", "2"], {},
     "the mask has the lengths [2], and those of x from axis 0 on are [3, 2]"),
    ("top_k", ["3"], {"k": 4}, "k is 0 to 3, the number of elements along axis -1; not 4"),
    ("scatter", ["3, 4", "2, 2", ""], {}, "axis 0 of the indices has 2 elements, not 1 or 3"),
    ("scatter", ["3, 4", "4", ""], {}, "the indices need as many dimensions as the result, 2, not 1"),
    ("scatter_add", ["3, 4", "3, 2", "3"], {}, "the updates have the shape [3], and the indices [3, 2]"),
    ("segment_sum", ["3", "3"], {"num_segments": -1}, "the number of segments is at least 0, not -1"),
    ("segment_sum", ["", ""], {"num_segments": 2},
     "segments hold one integer for each element along the first axis of x, not the shape [], and x is one number"),
    ("put_items", ["3"], {"key": ("1:",), "shape": (3,)},
     "the place that the key names has the shape [2], and x [3]"),
    ("put_items", ["3"], {"key": (), "shape": (-3,)}, "a length is at least 0: [-3]"),
    ("put_masked", ["3", "2, 2"], {"shape": (2, 3)},
     "the mask has the lengths [2, 2], and those of x from axis 0 on are [2, 3]"),
    ("put_add", ["3", "2"], {"axis": 0, "shape": (5,)}, "x has the shape [3]; the indices and the shape ask for [2]"),
    ("put_add", ["3", "3"], {"shape": (5, 3)}, "axis may be left out for a vector only, not for the shape [5, 3]"),
    ("put_add_along_axis", ["3", "2"], {"shape": (5,)}, "x has the shape [3], and the indices [2]"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "attributes", "expected"), REFUSED)
def test_kernel_and_rule_refuse_the_same(
    name: str, shapes: list[str], attributes: dict[str, Any], expected: str
) -> None:
    assert refusal(name, shapes, **attributes) == expected


def test_what_can_never_fit_is_refused() -> None:
    never: list[tuple[str, list[str], dict[str, Any]]] = [
        ("getitem", ["rows"], {"key": (0, 0)}),
        ("boolean_mask", ["rows, 3", "k, 2"], {}),
        ("top_k", ["rows, 3"], {"k": 4}),
    ]
    for name, shapes, attributes in never:
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            infer(name, shapes, **attributes)
        assert not isinstance(caught.value, UnknownSizeError)


DTYPES: list[tuple[str, list[tuple[str, str]], dict[str, Any], list[str]]] = [
    ("take", [("float32", "3"), ("int64", "0")], {}, ["float32"]),
    ("boolean_mask", [("int8", "3"), ("bool", "3")], {}, ["int8"]),
    ("masked_fill", [("float32", "3"), ("bool", "3"), ("float64", "")], {}, ["float64"]),
    ("top_k", [("float32", "3")], {"k": 2}, ["float32", "int64"]),
    ("scatter", [("int8", "3"), ("int64", "0"), ("int32", "0")], {}, ["int32"]),
    ("segment_sum", [("int8", "0"), ("int64", "0")], {"num_segments": 2}, ["int8"]),
]


@pytest.mark.parametrize(("name", "inputs", "attributes", "expected"), DTYPES)
def test_dtypes(name: str, inputs: list[tuple[str, str]], attributes: dict[str, Any], expected: list[str]) -> None:
    assert [dtype for dtype, _ in infer_types(name, inputs, **attributes)] == expected
    assert [dtype for dtype, _ in run_types(name, inputs, **attributes)] == expected
