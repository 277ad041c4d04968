"""One operator run as a user runs it, in a graph: its values, and its gradients for cotangents that are made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import dataflow
from dataflow import Graph, Node
from dataflow.graph import Input


def run(
    op: str, inputs: Sequence[Any], attributes: Mapping[str, Any], dtype: str = "float64", parts: int = 0
) -> tuple[list[Any], list[Any]]:
    """The outputs of an operator (`parts`: how many, if it has several), and the gradients of its inputs.

    The cotangent of each output is `weigh(output)`.
    """
    given = {f"x{index}": Input(np.asarray(x), dtype=_choose_dtype(x, dtype)) for index, x in enumerate(inputs)}
    outputs = [f"z{index}" for index in range(parts)] or ["z"]
    nodes = {"z": Node(op, tuple(given), attributes, tuple(outputs) if parts else ())}
    values = dataflow.execute(Graph(inputs=given, nodes=nodes, dtype=dtype)).values
    weights = {f"w_{name}": Input(weigh(values[name]), dtype=dtype) for name in outputs}
    for name in outputs:
        nodes[f"weighted_{name}"] = Node("multiply", (name, f"w_{name}"))
        nodes[f"sum_{name}"] = Node("sum", (f"weighted_{name}",))
    nodes["sums"] = Node("stack", tuple([f"sum_{name}" for name in outputs]))
    nodes["J"] = Node("sum", ("sums",))
    result = dataflow.execute(Graph(inputs={**given, **weights}, nodes=nodes, target="J", dtype=dtype))
    return [values[name] for name in outputs], [result.gradients[name] for name in given]


def _choose_dtype(x: Any, dtype: str) -> str:
    found = np.asarray(x).dtype
    return dtype if found.kind == "f" else found.name


def weigh(value: Any) -> Any:
    """A cotangent in the shape of a value, in which no two elements are alike."""
    return np.sin(1.0 + np.arange(np.size(value)).reshape(np.shape(value)))


def close(found: Any, expected: Any, tolerance: float = 1e-12) -> None:
    """Agreement relative to the largest element."""
    assert np.shape(found) == np.shape(expected)
    scale = np.max(np.abs(expected), initial=0.0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * max(scale, 1e-300))
