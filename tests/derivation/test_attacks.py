"""Graphs on which derivatives were once wrong, or broke."""

from __future__ import annotations

import numpy as np

import dataflow
from dataflow import Derivative


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
