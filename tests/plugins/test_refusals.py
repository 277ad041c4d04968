"""What an operator refuses, and in which words: no axis, shape or place that a value does not have slips through."""

from __future__ import annotations

import json
from typing import Any

import pytest

import dataflow
from dataflow import GraphError

SCALAR: Any = 0.5
VECTOR: Any = [1.0, 2.0, 3.0]
MATRIX: Any = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def integers(value: Any) -> dict[str, Any]:
    return {"value": value, "dtype": "int64"}


def refusal(text: str | dict[str, Any], **inputs: Any) -> str:
    """What is said of the operator when the graph of this one node runs on arrays."""
    document = {"dataflow": 1, "inputs": {"aside": [1.0], **inputs}, "nodes": {"z": text}}
    with pytest.raises(GraphError) as caught:
        dataflow.execute(dataflow.loads(json.dumps(document)))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "DF0516"
    return diagnostic.message.partition(" cannot be applied: ")[2]


ONE_AXIS = ["argmax", "argmin", "cumulative_sum"]
AXES = ["all", "any", "count_nonzero", "flip", "log_softmax", "logsumexp", "max", "mean", "min", "prod", "softmax",
        "std", "sum", "var"]  # fmt: skip


@pytest.mark.parametrize("name", [*AXES, *ONE_AXIS, "squeeze"])
@pytest.mark.parametrize("axis", [0, -1])
def test_a_number_has_no_axis(name: str, axis: int) -> None:
    expected = f"axis {axis} is out of range for a value of 0 dimensions"
    assert refusal(f"{name}(x, axis={axis})", x=SCALAR) == expected


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_the_axis_that_is_meant_unless_stated_is_one_too(name: str) -> None:
    assert refusal(f"{name}(x)", x=SCALAR) == "axis -1 is out of range for a value of 0 dimensions"


@pytest.mark.parametrize("name", [*AXES, *ONE_AXIS, "squeeze"])
def test_an_axis_out_of_range(name: str) -> None:
    for axis, x, dimensions in ((1, VECTOR, "1 dimension"), (-2, VECTOR, "1 dimension"), (2, MATRIX, "2 dimensions")):
        assert refusal(f"{name}(x, axis={axis})", x=x) == f"axis {axis} is out of range for a value of {dimensions}"


@pytest.mark.parametrize("name", [*AXES, "squeeze"])
def test_several_axes(name: str) -> None:
    assert refusal(f"{name}(x, axis=[0])", x=SCALAR) == "axis 0 is out of range for a value of 0 dimensions"
    assert refusal(f"{name}(x, axis=[0, 2])", x=MATRIX) == "axis 2 is out of range for a value of 2 dimensions"
    assert refusal(f"{name}(x, axis=[1, -1])", x=MATRIX) == "axis 1 is named twice"


OTHER_AXES: list[tuple[Any, dict[str, Any], str]] = [
    ("repeat(x, repeats=2, axis=0)", {"x": SCALAR}, "axis 0 is out of range for a value of 0 dimensions"),
    ({"op": "unstack", "inputs": ["x"], "outputs": ["a", "b"]}, {"x": SCALAR},
     "axis 0 is out of range for a value of 0 dimensions"),
    ("roll(x, shift=1, axis=0)", {"x": SCALAR}, "axis 0 is out of range for a value of 0 dimensions"),
    ("roll(x, shift=1, axis=2)", {"x": MATRIX}, "axis 2 is out of range for a value of 2 dimensions"),
    ("take(x, i, axis=0)", {"x": SCALAR, "i": integers(0)}, "axis 0 is out of range for a value of 0 dimensions"),
    ("take_along_axis(x, i)", {"x": SCALAR, "i": integers(0)}, "axis -1 is out of range for a value of 0 dimensions"),
    ("concat([x, x], axis=1)", {"x": VECTOR}, "axis 1 is out of range for a value of 1 dimension"),
    ("permute_dims(x, axes=[0, 2])", {"x": MATRIX}, "axis 2 is out of range for a value of 2 dimensions"),
    ("moveaxis(x, source=0, destination=4)", {"x": MATRIX}, "axis 4 is out of range for a value of 2 dimensions"),
    ("vecdot(x, y, axis=-3)", {"x": MATRIX, "y": MATRIX}, "axis -3 is out of range for a value of 2 dimensions"),
    ("vecdot(x, y, axis=-2)", {"x": MATRIX, "y": VECTOR}, "axis -2 is out of range for a value of 1 dimension"),
    ("stack([x, x], axis=3)", {"x": VECTOR}, "axis 3 is out of range for a result of 2 dimensions"),
    ("expand_dims(x, axis=5)", {"x": VECTOR}, "axis 5 is out of range for a result of 2 dimensions"),
    ("expand_dims(x, axis=[0, 0])", {"x": VECTOR}, "axis 0 is named twice"),
    ("permute_dims(x, axes=[0, 0])", {"x": MATRIX}, "axis 0 is named twice"),
    ("permute_dims(x, axes=[0])", {"x": MATRIX}, "1 axis is named, and the value has 2"),
    ("cumulative_sum(x)", {"x": MATRIX}, "axis may be left out for a vector only, not for a value of 2 dimensions"),
    ("cumulative_sum(x)", {"x": SCALAR}, "axis may be left out for a vector only, not for a value of 0 dimensions"),
    ("take(x, i)", {"x": MATRIX, "i": integers(0)},
     "axis may be left out for a vector only, not for a value of 2 dimensions"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "inputs", "expected"), OTHER_AXES, ids=[str(row[0]) for row in OTHER_AXES])
def test_axes_of_other_operators(text: Any, inputs: dict[str, Any], expected: str) -> None:
    assert refusal(text, **inputs) == expected


SHAPES: list[tuple[Any, dict[str, Any], str]] = [
    ("max(x)", {"x": []}, "there is no largest element: x has none along the axis"),
    ("min(x, axis=1)", {"x": [[], []]}, "there is no smallest element: x has none along the axis"),
    ("argmax(x)", {"x": []}, "there is no largest element: x has none along the axis"),
    ("argmin(x)", {"x": []}, "there is no smallest element: x has none along the axis"),
    ("softmax(x)", {"x": []}, "there is no largest element: x has none along the axis"),
    ("reshape(x, shape=[4])", {"x": VECTOR}, "3 elements do not fill the shape [4]"),
    ("reshape(x, shape=[2, -1])", {"x": VECTOR}, "3 elements do not fill the shape [2, -1]"),
    ("reshape(x, shape=[0, -1])", {"x": []}, "0 elements do not fill the shape [0, -1]"),
    ("reshape(x, shape=[-1, -1])", {"x": VECTOR}, "only one length of [-1, -1] may be -1"),
    ("reshape(x, shape=[-3])", {"x": VECTOR}, "a length is at least 0, or -1 for what is left; not -3"),
    ("broadcast_to(x, shape=[4])", {"x": VECTOR}, "a value of shape [3] cannot be repeated to fill [4]"),
    ("broadcast_to(x, shape=[3])", {"x": MATRIX}, "a value of shape [2, 3] cannot be repeated to fill [3]"),
    ("broadcast_to(x, shape=[-1, 3])", {"x": VECTOR}, "a value of shape [3] cannot be repeated to fill [-1, 3]"),
    ("broadcast_to(x, shape=[100000000000, 100000000000])", {"x": SCALAR},
     "a value of shape [] cannot be repeated to fill [100000000000, 100000000000]"),
    ("x @ y", {"x": VECTOR, "y": [1.0, 2.0]},
     "the last axis of x has 3 elements and that of y 2: they must be as many"),
    ("x @ y", {"x": MATRIX, "y": MATRIX},
     "the last axis of x has 3 elements and the one before the last of y 2: they must be as many"),
    ("x @ y", {"x": MATRIX, "y": SCALAR}, "y is a number, not a vector or matrix: write `x * y`"),
    ("x @ y", {"x": [[[1.0]], [[2.0]]], "y": [[[1.0]], [[2.0]], [[3.0]]]},
     "the axes before the matrices, [2] and [3], do not broadcast"),
    ("vecdot(x, y)", {"x": VECTOR, "y": [1.0, 2.0]},
     "axis -1 of x has 3 elements and that of y 2: they must be as many"),
    ("vecdot(x, y)", {"x": VECTOR, "y": SCALAR}, "axis -1 is out of range for a value of 0 dimensions"),
    ("vecdot(x, y)", {"x": MATRIX, "y": [[1.0, 2.0, 3.0]] * 3},
     "the other axes of x and y, [2] and [3], do not broadcast"),
    ("vecdot(x, y, axis=0)", {"x": [[1.0, 2.0], [3.0, 4.0]], "y": [1.0, 2.0]},
     "the axis counts from the end, so that it is below 0; not 0"),
    ("tensordot(x, x, axes=-1)", {"x": VECTOR}, "the number of axes is at least 0, not -1"),
    ("tensordot(x, x, axes=2)", {"x": VECTOR}, "2 axes are to be summed over, and x has 1, y 1"),
    ("tensordot(x, y, axes=1)", {"x": VECTOR, "y": MATRIX},
     "axis 0 of x has 3 elements and axis 0 of y 2: they must be as many"),
    ("tensordot(x, x, axes=[[0], [0, 1]])", {"x": MATRIX}, "1 axis of x and 2 of y cannot be paired"),
    ("tensordot(x, x, axes=[[0], [2]])", {"x": MATRIX}, "axis 2 is out of range for a value of 2 dimensions"),
    ("tensordot(x, x, axes=[[0, 0], [0, 1]])", {"x": [[1.0, 2.0], [3.0, 4.0]]}, "axis 0 is named twice"),
    ("tril(x)", {"x": VECTOR}, "x has no diagonals: it needs 2 dimensions, not 1"),
    ("triu(x)", {"x": SCALAR}, "x has no diagonals: it needs 2 dimensions, not 0"),
    ("take_along_axis(x, i)", {"x": VECTOR, "i": integers(0)}, "x has 1 dimension and indices 0: they need as many"),
    ("full_like(i, fill_value=2.5)", {"i": integers([1, 2])}, "2.5 is no int64, which x holds"),
    ("bitwise_and(x, x)", {"x": VECTOR}, "bits are of integers and truth values, not of float64"),
    ("bitwise_invert(x)", {"x": VECTOR}, "bits are of integers and truth values, not of float64"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "inputs", "expected"), SHAPES, ids=[row[0] for row in SHAPES])
def test_shapes_and_values(text: str, inputs: dict[str, Any], expected: str) -> None:
    assert refusal(text, **inputs) == expected


@pytest.mark.parametrize(
    ("logits", "labels", "expected"),
    [
        ([VECTOR] * 5, [1], "labels have the shape [1], and logits of shape [5, 3] need [5]"),
        ([VECTOR], [1, 2], "labels have the shape [2], and logits of shape [1, 3] need [1]"),
        (MATRIX, 1, "labels have the shape [], and logits of shape [2, 3] need [2]"),
        (SCALAR, 0, "logits are one number, and need an axis of classes"),
        (VECTOR, 5, "index 5 is outside 0 to 2"),
        (VECTOR, -1, "index -1 is outside 0 to 2"),
    ],
)
def test_labels_that_do_not_belong_to_the_logits(logits: Any, labels: Any, expected: str) -> None:
    """They would broadcast, and the loss of some rows would be that of another row's label."""
    assert refusal("cross_entropy(x, i)", x=logits, i=integers(labels)) == expected


def test_what_is_no_axis_at_all_is_fine() -> None:
    """Reductions over no axis, and numbers flattened, joined and put into arrays."""
    document = {
        "dataflow": 1,
        "inputs": {"x": SCALAR, "aside": [1.0]},
        "nodes": {
            "none": "sum(x, axis=[])", "every": "max(x)", "flat": "repeat(x, repeats=2)", "more": "expand_dims(x)",
            "side": "stack([x, x])", "still": "flip(x)", "moved": "roll(x, shift=1)", "last": "expand_dims(x, axis=-1)",
            "spread": "logsumexp(x)",
            "J": "none + every + sum(flat) + sum(more) + sum(side) + still + moved + sum(last) + spread",
        },
        "target": "J",
    }  # fmt: skip
    result = dataflow.execute(dataflow.loads(json.dumps(document)))
    assert (result.values["J"], result.gradients["x"]) == (5.5, 11.0)
