"""Graphs on which derivatives were once wrong, or broke."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow import Derivative, GraphError, Operator
from tests.sweeps.random_graphs import offer


def test_a_condition_of_one_truth_reaches_what_moves_elements() -> None:
    """The cotangent of a put is gone through twice: its mask is one number, and has the shape of the value there."""
    graph = dataflow.loads(
        "{dataflow: 1, inputs: {c: 1, x: [1, 2, 3]}, nodes: "
        "{y: 'where(c > 0, x, 2 * x)', m: 'where(y[0] > 0, y[::-1], y)', J: 'sum(m ** 3) + x[0] * x[1]'}, target: J}"
    )
    values = dataflow.execute(dataflow.write_gradient(graph, wrt="x", order=2), {"direction_dx": [1, 2, 0]}).values
    np.testing.assert_allclose(values["dx"], [3 + 2, 12 + 1, 27])
    np.testing.assert_allclose(values["ddx_dx"], [6 + 2, 24 + 1, 0])


def test_masks_of_single_numbers_on_matrices() -> None:
    """A transposition, an index and a take need the axes of the value, which the mask does not have."""
    graph = dataflow.loads(
        "{dataflow: 1, inputs: {c: {shape: []}, X: {shape: [rows, 3]}}, nodes: "
        "{T: 'matrix_transpose(X)', r: 'T[0]', m: 'where(c > 0, T, 1)', w: 'where(c < 9, r, 0)', "
        "J: 'sum(m ** 3) + sum(w ** 2)'}, target: J}"
    )
    X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    found = dataflow.execute(dataflow.write_gradient(graph, wrt="X"), {"X": X, "c": 1.0}).values["dX"]
    np.testing.assert_allclose(found, 3 * X**2 + [[2, 0, 0], [8, 0, 0]])


def test_what_a_derivative_does_not_rest_on_needs_no_value() -> None:
    graph = dataflow.loads(
        "{dataflow: 1, inputs: {X: {shape: [rows, 3]}, w: [1, 2]}, nodes: {a: w ** 3, t: X ** 3, J: sum(t * t)}}"
    )
    blocks = dataflow.derive(graph, "jacobian", "a", wrt="w")().blocks
    np.testing.assert_allclose(np.asarray(blocks["a", "w"]), [[3, 0], [0, 12]])
    asked = {"d": Derivative("jacobian", ("a",), wrt=("w",))}
    found = dataflow.execute(graph, only="a", derivatives=asked).derivatives["d"]
    np.testing.assert_allclose(np.asarray(found.blocks["a", "w"]), [[3, 0], [0, 12]])


def raise_key_error(xp: Any, g: Any, z: Any, x: Any) -> Any:
    return {}[g]


@pytest.mark.parametrize(("rule", "shape", "code", "told"), [
    (raise_key_error, lambda x: x, "DF1002", "KeyError"),
    (lambda xp, g, z, x: None, lambda x: x, "DF1002", "it gave None"),
    (lambda xp, g, z, x: xp.reshape(g, shape=[5]), lambda x: x, "DF1002", "backward rule of `odd`"),
    (lambda xp, g, z, x: g, lambda x: (7,), "DF1002", "[7]"),
    (lambda xp, g, z, x: g, lambda x: (-3,), "DF1001", "gives no shape"),
    (lambda xp, g, z, x: g, lambda x: (2.5,), "DF1001", "gives no shape"),
    (lambda xp, g, z, x: g, lambda x: "ab", "DF1001", "gives no shape"),
])  # fmt: skip
def test_rules_of_plugins_that_fail(rule: Any, shape: Any, code: str, told: str) -> None:
    """Whatever a rule does, the message names it."""
    odd = Operator("odd", "z = x", forward=lambda xp, x: x * 1, kernels={"numpy": lambda x: x * 1},
                   backward={"x": rule}, shape=shape)  # fmt: skip
    text = "{dataflow: 1, inputs: {x: [1, 2]}, nodes: {y: odd(x), J: sum(y * y)}, target: J}"
    graph = dataflow.loads(text, operators=offer(odd))
    with pytest.raises(GraphError) as caught:
        dataflow.write_gradient(graph)
    assert [(item.code, item.node) for item in caught.value.diagnostics] == [(code, "y")]
    assert told in caught.value.diagnostics[0].message


@pytest.mark.parametrize("name", ["k", "m"])
def test_integers_and_truths_have_no_gradient_to_ask_for(name: str) -> None:
    graph = dataflow.loads(
        "{dataflow: 1, inputs: {x: [1, 2], k: {value: 2, dtype: int64}, m: {value: [true, false], dtype: bool}}, "
        "nodes: {J: 'sum(where(m, x ** k, 0))'}, target: J}"
    )
    with pytest.raises(GraphError) as caught:
        dataflow.write_gradient(graph, wrt=["x", name])
    assert [(item.code, item.node, item.line) for item in caught.value.diagnostics] == [("DF0232", name, 1)]
