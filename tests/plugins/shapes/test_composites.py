"""Shapes of composites: of those that state a rule, and of those whose forward rule is followed on symbols."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow.shapes import ArrayType
from dataflow.sizes import Length, UnknownSizeError, parse_size
from dataflow.tracing.recorder import Recorder
from tests.plugins.shapes.inferring import TABLE, fill_in, read_shape

INTEGERS = {("cross_entropy", 1), ("embedding", 0)}


def follow(name: str, shapes: list[str], attributes: dict[str, Any]) -> list[Any]:
    operator = TABLE[name]
    read = [read_shape(shape) for shape in shapes]
    operands = [
        None if shape is None else ArrayType("int64" if (name, place) in INTEGERS else "float64", shape)
        for place, shape in enumerate(read)
    ]
    operands += [None] * (0 if operator.variadic else len(operator.inputs) - len(operands))
    found = Recorder(TABLE, "float64").infer(operator, operands, fill_in(operator, attributes))
    return [item.shape for item in found]


KNOWN: list[tuple[str, list[str], dict[str, Any], list[str]]] = [
    ("outer", ["batch, n", "m"], {}, ["batch, n, m"]),
    ("kron", ["n, 2", "3, m"], {}, ["3*n, 2*m"]),
    ("kron", ["n", "m"], {}, ["n*m"]),
    ("cross", ["rows, 3", "3"], {}, ["rows, 3"]),
    ("trace", ["batch, k, k"], {}, ["batch"]),
    ("trace", ["batch, rows, 3"], {"offset": 1}, ["batch"]),
    ("matrix_power", ["k, k"], {"n": 0}, ["k, k"]),
    ("matrix_norm", ["batch, rows, 3"], {"ord": "nuc"}, ["batch"]),
    ("matrix_norm", ["batch, rows, 3"], {"keepdims": True}, ["batch, 1, 1"]),
    ("embedding", ["rows, words", "entries, 8"], {}, ["rows, words, 8"]),
    ("dropout", ["rows, k"], {"seed": 1}, ["rows, k"]),
    ("glu", ["rows, 2*k"], {}, ["rows, k"]),
    ("glu", ["rows, k"], {"axis": 0}, ["rows//2, k"]),
    ("conv_transpose", ["rows, 3, h", "3, c, 2", "c"], {"stride": 2}, ["rows, c, 2*h"]),
    ("conv_transpose", ["rows, 3, h", "3, 2, 3"], {"stride": 2, "padding": 1, "output_padding": 1, "groups": 3},
     ["rows, 6, 2*h"]),
    ("layer_norm", ["rows, k", "k", "k"], {}, ["rows, k"]),
    ("rms_norm", ["rows, h, w", "h, w"], {"axis": (1, 2)}, ["rows, h, w"]),
    ("batch_norm", ["rows, c, h", "c", "c", "c", "c"], {}, ["rows, c, h"]),
    ("group_norm", ["rows, c, h, w", "c", "c"], {"num_groups": 4}, ["rows, c, h, w"]),
    ("instance_norm", ["rows, c, h", "c"], {}, ["rows, c, h"]),
    ("lstm_cell", ["rows, k", "rows, n", "rows, n", "4*n, k", "4*n, n"], {}, ["rows, n", "rows, n"]),
    ("gru_cell", ["rows, k", "rows, n", "3*n, k", "3*n, n", "3*n"], {}, ["rows, n"]),
    ("cross_entropy", ["rows, k", "rows"], {}, [""]),
    ("mean_squared_error", ["rows, k", "rows, k"], {"reduction": "none"}, ["rows, k"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "attributes", "expected"), KNOWN)
def test_symbolic_sizes(name: str, shapes: list[str], attributes: dict[str, Any], expected: list[str]) -> None:
    assert follow(name, shapes, attributes) == [read_shape(text) for text in expected]


EQUAL: list[tuple[str, list[str], dict[str, Any], tuple[str, str]]] = [
    ("outer", ["n, 2", "3, 2"], {}, ("n", "3")),
    ("kron", ["n, 2, 2", "3, 2, 2"], {}, ("n", "3")),
    ("cross", ["rows, k", "rows, k"], {}, ("k", "3")),
    ("matrix_power", ["k, 3"], {"n": 2}, ("k", "3")),
    ("conv_transpose", ["rows, c, 5", "3, 2, 3"], {}, ("c", "3")),
    ("conv_transpose", ["rows, 3, 5", "3, k, 3", "4"], {"groups": 3}, ("4", "3*k")),
    ("layer_norm", ["rows, k", "30"], {}, ("30", "k")),
    ("batch_norm", ["rows, c", "30"], {}, ("30", "c")),
    ("group_norm", ["rows, c, 4", "6"], {"num_groups": 2}, ("6", "c")),
    ("lstm_cell", ["rows, k", "rows, n", "rows, n", "g, k", "g, n"], {}, ("g", "4*n")),
    ("cross_entropy", ["rows, k", "30"], {}, ("30", "rows")),
    ("mean_squared_error", ["rows, k", "rows, 3"], {}, ("k", "3")),
]


@pytest.mark.parametrize(("name", "shapes", "attributes", "pair"), EQUAL)
def test_sizes_that_have_to_be_equal_are_told(
    name: str, shapes: list[str], attributes: dict[str, Any], pair: tuple[str, str]
) -> None:
    with pytest.raises(UnknownSizeError) as caught:
        follow(name, shapes, attributes)
    expected: tuple[Length, Length] = (parse_size(pair[0]), parse_size(pair[1]))
    assert caught.value.pair == expected


NEVER: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("outer", ["n, 2, 3", "4, 3"], {}, "the axes before the last of x and y, [n, 2] and [4], do not broadcast"),
    ("cross", ["rows, 2", "rows, 3"], {}, "axis -1 of x has 2 elements: a cross product is of vectors of 3"),
    ("matrix_norm", ["rows"], {}, "x is no matrix: it needs 2 dimensions, not 1"),
    ("glu", ["rows, 3"], {}, "axis -1 of x has 3 elements: they must be an even number, to be halved"),
    ("layer_norm", ["rows, 3", "4"], {}, "weight has the shape [4], and x of shape [rows, 3] needs [3]"),
    ("group_norm", ["rows, 3, k"], {"num_groups": 2}, "3 channels do not fall into 2 groups"),
    ("cross_entropy", ["rows, k", "rows, k"], {},
     "labels have the shape [rows, k], and logits of shape [rows, k] need [rows]"),
    ("mean_squared_error", ["rows, 3", "rows, 4"], {},
     "predictions and targets differ in shape: [rows, 3] and [rows, 4]"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shapes", "attributes", "expected"), NEVER)
def test_what_can_never_fit_is_refused(name: str, shapes: list[str], attributes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        follow(name, shapes, attributes)
    assert not isinstance(caught.value, UnknownSizeError)
    assert str(caught.value) == expected
