"""Types: what integers and booleans become, and that a float32 graph stays in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import dataflow
from tests.sweeps.random_graphs import ArrayGraph, array_graphs, offer

INTEGERS = "n: {value: [1, 2], dtype: int64}"
SMALL = "m: {value: [1, 2], dtype: int8}"
TRUTH = "t: {value: [true, false], dtype: bool}"


def run(text: str, inputs: dict[str, Any] | None = None, **options: Any) -> dataflow.Result:
    return dataflow.execute(dataflow.loads(f"{{dataflow: 1, {text}}}"), inputs or {}, **options)


RULES = [  # graph dtype, expression, dtype of the value
    ("float64", "exp(n)", "float64"),
    ("float32", "exp(n)", "float32"),
    ("float32", "exp(t)", "float32"),
    ("float64", "n + n", "int64"),
    ("float64", "n + 1", "int64"),
    ("float64", "m + 1", "int8"),
    ("float64", "m + n", "int64"),
    ("float64", "t + t", "int64"),
    ("float32", "n * x", "float32"),
    ("float32", "n + 0.5", "float32"),
    ("float32", "t * x", "float32"),
    ("float32", "t - t", "int64"),
    ("float32", "n / n", "float32"),
    ("float32", "n / 2", "float32"),
    ("float64", "n ** 2", "int64"),
    ("float32", "n ** 0.5", "float32"),
    ("float32", "m * x", "float32"),
    ("float32", "where(t, n, x)", "float32"),
    ("float32", "where(t, n, n)", "int64"),
    ("float32", "where(t, x, 0.5)", "float32"),
    ("float32", "where(t, 1.0, 0.5)", "float32"),
    ("float32", "where(t, 1, 0)", "float32"),
    ("float64", "stack([1, 2], axis=0)", "float64"),
    ("float32", "stack([1, 0.5], axis=0)", "float32"),
    ("float32", "stack([1, n[0]], axis=0)", "int64"),
    ("float32", "softmax(3, axis=None)", "float32"),
    ("float32", "clip(3, max=2)", "float32"),
    ("float32", "sum(2)", "float32"),
    ("float64", "n > 1", "bool"),
    ("float32", "n == x", "bool"),
    ("float32", "concat([n, x], axis=0)", "float32"),
    ("float32", "maximum(n, x)", "float32"),
    ("float32", "mean(n)", "float32"),
    ("float32", "sum(x) / 3", "float32"),
    ("float32", "x @ n", "float32"),
    ("float32", "sigmoid(n)", "float32"),
    ("float32", "softmax(n)", "float32"),
    ("float32", "clip(x, min=0.1, max=1.5)", "float32"),
    ("float32", "take(x, n - 1)", "float32"),
    ("float32", "logical_and(t, x > 1)", "bool"),
    ("float32", 'astype(x, dtype="float64")', "float64"),
    ("float32", "pi * x", "float32"),
    ("float32", "sqrt(2) * x", "float32"),
    ("float32", "log(2) + n", "float32"),
    ("float32", "2 ** 0.5 * x", "float32"),
    ("float32", "x ** (1 / 3)", "float32"),
    ("float32", "full_like(x, fill_value=0.1)", "float32"),
]


@pytest.mark.parametrize(("dtype", "expression", "expected"), RULES, ids=[f"{row[0]} {row[1]}" for row in RULES])
def test_types_of_values(dtype: str, expression: str, expected: str) -> None:
    result = run(f"dtype: {dtype}, inputs: {{x: [1.5, 2.5], {INTEGERS}, {SMALL}, {TRUTH}}}, "
                 f"nodes: {{y: '{expression}'}}")  # fmt: skip
    assert result.types["y"][0] == expected


@pytest.mark.parametrize(("dtype", "expression", "expected"), [row for row in RULES if row[2] == "float32"])
def test_gradients_have_the_type_of_their_values(dtype: str, expression: str, expected: str) -> None:
    result = run(f"dtype: {dtype}, inputs: {{x: [1.5, 2.5], {INTEGERS}, {SMALL}, {TRUTH}}}, "
                 f"nodes: {{y: '{expression}', J: sum(y)}}, target: J")  # fmt: skip
    for name, gradient in result.gradients.items():
        if name in result.unreached or gradient is None:
            continue
        assert gradient.dtype == result.values[name].dtype == np.float32, name
    assert [result.gradients[name] for name in "nmt"] == [None] * 3


@settings(max_examples=30)
@given(array_graphs())
def test_a_float32_graph_stays_in_float32(graph: ArrayGraph) -> None:
    loaded = graph.load().replace(dtype="float32")
    result = dataflow.execute(loaded)
    assert {types[0] for types in result.types.values()} == {"float32"}
    reached = [gradient for name, gradient in result.gradients.items() if name not in result.unreached]
    assert {gradient.dtype.name for gradient in reached} == {"float32"}
    wide = dataflow.execute(graph.load())
    for name, value in result.values.items():
        scale = np.max(np.abs(wide.values[name]), initial=1.0)
        np.testing.assert_allclose(value, wide.values[name], rtol=1e-3, atol=1e-3 * scale)


def test_a_float32_graph_of_numbers_only() -> None:
    result = run("dtype: float32, inputs: {a: 0.1, b: 3}, nodes: {u: a * b, J: sqrt(2) * u + 1e-9}, target: J")
    assert {name: type(value) for name, value in result.values.items()} == dict.fromkeys(result.values, np.float32)
    assert result.values["u"] == np.float32(0.1) * np.float32(3)
    assert result.gradients["b"] == np.float32(np.float32(2**0.5) * np.float32(0.1))


def test_numbers_are_weak_and_folded_in_double() -> None:
    """`sqrt(2) * x` in float32 multiplies by the float32 next to the root, not by a float64."""
    result = run("dtype: float32, inputs: {x: [3]}, nodes: {k: sqrt(2), y: k * x, z: (1 / 3 + 2 / 3) * x, J: sum(y)}, "
                 "target: J")  # fmt: skip
    assert type(result.values["k"]) is np.float32
    assert result.values["k"] == np.float32(2**0.5)
    assert result.values["y"] == np.float32(2**0.5) * np.float32(3)
    assert result.values["z"] == np.float32(3)
    assert result.gradients["k"] is None  # made of numbers


def test_an_input_may_be_of_another_float_type_than_its_graph() -> None:
    result = run("inputs: {x: {value: [0.1], dtype: float32}, y: [0.1]}, nodes: {a: x * x, b: x * y, J: sum(a + b)}, "
                 "target: J")  # fmt: skip
    assert {name: types[0] for name, types in result.types.items()} == {
        "x": "float32", "y": "float64", "a": "float32", "b": "float64", "J": "float64",
    }  # fmt: skip
    assert result.gradients["x"].dtype == np.float32
    assert result.gradients["a"].dtype == np.float32
    assert result.gradients["y"].dtype == np.float64


REFUSED = [
    ("logical_and(x > 1, x)", "y", "a truth value"),
    ("where(x, x, 0)", "condition", "a truth value"),
    ("where(n, x, 0)", "condition", "a truth value"),
    ("take(x, x)", "indices", "integers"),
    ("take(x, 0.5)", "indices", "integers"),
    ("cross_entropy(stack([x, x], axis=0), x)", "labels", "integers"),
]


@pytest.mark.parametrize(("expression", "name", "expected"), REFUSED, ids=[row[0] for row in REFUSED])
def test_operands_of_a_type_that_the_operator_refuses(expression: str, name: str, expected: str) -> None:
    with pytest.raises(dataflow.GraphError) as caught:
        run(f"inputs: {{x: [1.5, 2.5], {INTEGERS}}}, nodes: {{y: '{expression}'}}")
    (problem,) = caught.value.diagnostics
    assert problem.code == "DF0517"
    assert f"`{name}`" in problem.message
    assert problem.expected == expected
    assert problem.node == "y"
    assert problem.line == 1


def test_kinds_of_single_inputs_stand_apart_from_the_others() -> None:
    """An integer operand that is taken as integers does not become a float, whatever the others are."""
    seen: list[Any] = []

    def forward(xp: Any, x: Any, k: Any) -> Any:
        seen.extend([x.dtype.name, k.dtype.name])
        return x * 1.0

    pick = dataflow.Operator("pick", "z = x", forward=forward, backward={"x": lambda xp, g, z, x, k: g, "k": None},
                             kinds={"k": "integer"}, broadcasts=True)  # fmt: skip
    text = f"{{dataflow: 1, dtype: float32, inputs: {{{INTEGERS}, {SMALL}}}, nodes: {{y: 'pick(n, m)'}}}}"
    dataflow.execute(dataflow.loads(text, operators=offer(pick)))
    assert seen == ["float32", "int8"]


def test_null_gradients() -> None:
    result = run(f"inputs: {{x: [1, 2], {INTEGERS}, {TRUTH}}}, parameters: {{w: 3}}, "
                 "nodes: {k: 2 * 3, c: x > 1, i: n * 2, y: exp(n), z: y * w, J: sum(x * z)}, target: J")  # fmt: skip
    assert [name for name, gradient in result.gradients.items() if gradient is None] == ["n", "t", "k", "c", "i", "y"]


def test_data_from_a_file_has_no_gradient_unless_asked_for(tmp_path: Any) -> None:
    np.save(tmp_path / "x.npy", np.array([1.0, 2.0]))
    text = "{dataflow: 1, inputs: {x: {source: x.npy%s}}, parameters: {w: {source: x.npy}}, nodes: {J: sum(x * w)}}"
    for more, expected in (("", None), (", differentiable: true", [1, 2]), (", differentiable: false", None)):
        graph = dataflow.loads(text % more, folder=str(tmp_path))
        result = dataflow.execute(graph, target="J")
        assert result.gradients["x"] is None if expected is None else result.gradients["x"].tolist() == expected
        assert result.gradients["w"].tolist() == [1, 2]


def test_a_number_may_be_told_to_have_no_gradient() -> None:
    result = run("inputs: {x: {value: 3, differentiable: false}, y: 2}, nodes: {z: x * x, J: z * y}, target: J")
    assert result.gradients == {"x": None, "y": 9, "z": None, "J": 1}


def test_a_value_from_outside_in_place_of_a_file_has_no_gradient_either(tmp_path: Any) -> None:
    graph = dataflow.loads("{dataflow: 1, inputs: {x: {source: x.npy}, y: 1}, nodes: {J: sum(x) * y}, target: J}",
                           folder=str(tmp_path))  # fmt: skip
    result = dataflow.execute(graph, {"x": np.ones(3)})
    assert result.gradients["x"] is None
    assert result.gradients["y"] == 3.0
    assert result.data == {}
