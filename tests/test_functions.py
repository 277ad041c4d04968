"""Graphs from Python functions over `xp`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow import GraphError, Input


def model(xp: Any, X: Any, y: Any, w: Any, b: Any) -> Any:
    z = X @ w + b
    return {"z": z, "J": xp.binary_cross_entropy_with_logits(z, y) + 0.1 * xp.sum(w * w)}


DATA = {"X": [[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]], "y": [1.0, 0.0, 1.0]}


def test_a_model_becomes_a_graph_that_runs_trains_and_is_written_down() -> None:
    graph = dataflow.trace(model, DATA, parameters={"w": [0.1, 0.2], "b": 0.0}, target="J", name="model")
    assert list(graph.names()) == ["X", "y", "w", "b", "z", "J"]
    assert dataflow.loads(graph.dump()) == graph
    result = dataflow.execute(graph)
    X, y, w = np.array(DATA["X"]), np.array(DATA["y"]), np.array([0.1, 0.2])
    z = X @ w
    np.testing.assert_allclose(result.values["z"], z)
    np.testing.assert_allclose(result.gradients["w"], X.T @ (1 / (1 + np.exp(-z)) - y) / 3 + 0.2 * w)


def test_symbolic_sizes_stay_symbolic() -> None:
    given = {"X": Input(shape=("rows", 2)), "y": Input(shape=("rows",))}
    graph = dataflow.trace(model, given, parameters={"w": [0.1, 0.2], "b": 0.0}, target="J")
    for rows in (1, 3):
        data = {"X": np.ones((rows, 2)), "y": np.ones(rows)}
        assert dataflow.execute(graph, data).values["z"].shape == (rows,)


def test_examples_keep_their_dtype_and_large_ones_their_shape_alone() -> None:
    graph = dataflow.trace(lambda xp, i, x: xp.take(x, i, axis=0), {"i": np.array([0, 2]), "x": np.zeros((40, 30))})
    assert (graph.inputs["i"].dtype, graph.inputs["x"].value, graph.inputs["x"].shape) == ("int64", None, (40, 30))
    assert dataflow.execute(graph, {"x": np.ones((40, 30))}).values["y"].shape == (2, 30)


def test_one_value_is_called_as_asked() -> None:
    graph = dataflow.trace(lambda xp, a: xp.exp(a), {"a": 0.0}, output="J", target="J")
    assert dataflow.execute(graph).gradients["a"] == 1.0


@pytest.mark.parametrize("function", [
    lambda xp, x: x if x > 0 else -x, lambda xp, x: np.sin(x), lambda xp, x: x + np.ones(3), lambda xp, x: "text",
    lambda xp, x: xp.no_such(x), lambda xp, x: x @ x @ x, lambda xp, x: None,
])  # fmt: skip
def test_what_cannot_be_written_down_is_refused(function: Any) -> None:
    with pytest.raises(GraphError) as caught:
        dataflow.trace(function, {"x": [1.0, 2.0, 3.0]})
    assert caught.value.diagnostics[0].code == "DF1005"
