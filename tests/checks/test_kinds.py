"""A graph made by hand of what no graph is made of is refused, by diagnostics and not by a traceback."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow.errors import DataflowError, Diagnostic
from dataflow.graph import Graph, Input, Node

TEXT = type("Text", (str,), {})("a")


def refuse(graph: Graph) -> list[Diagnostic]:
    with pytest.raises(DataflowError) as caught:
        dataflow.execute(graph)
    return list(caught.value.diagnostics)


WRONG_NODES: list[tuple[Any, tuple[str, ...], str]] = [  # a node, where it is wrong, the code
    ("exp(a)", (), "DF0252"), (("exp", ("a",)), (), "DF0252"), (None, (), "DF0252"),
    (Node(None, ("a",)), ("op",), "DF0252"),  # type: ignore[arg-type]
    (Node(["exp"], ("a",)), ("op",), "DF0252"),  # type: ignore[arg-type]
    (Node("exp", "a"), ("inputs",), "DF0252"),  # type: ignore[arg-type]
    (Node("exp", ["a"]), ("inputs",), "DF0252"),  # type: ignore[arg-type]
    (Node("exp", None), ("inputs",), "DF0252"),  # type: ignore[arg-type]
    (Node("exp", (("a",),)), ("inputs", "0"), "DF0205"),  # type: ignore[arg-type]
    (Node("exp", (["a"],)), ("inputs", "0"), "DF0205"),  # type: ignore[arg-type]
    (Node("exp", (1j,)), ("inputs", "0"), "DF0205"),  # type: ignore[arg-type]
    (Node("exp", (b"a",)), ("inputs", "0"), "DF0205"),  # type: ignore[arg-type]
    (Node("exp", (TEXT,)), ("inputs", "0"), "DF0205"),
    (Node("exp", (10**400,)), ("inputs", "0"), "DF0205"),
    (Node("add", ("a", np.ones(2))), ("inputs", "1"), "DF0205"),  # type: ignore[arg-type]
    (Node("add", ("a", np.float32(2))), ("inputs", "1"), "DF0205"),  # type: ignore[arg-type]
    (Node("add", ("a", Node("exp", ("a",)))), ("inputs", "1"), "DF0205"),  # type: ignore[arg-type]
    (Node("sum", ("a",), None), ("attributes",), "DF0252"),  # type: ignore[arg-type]
    (Node("sum", ("a",), ["axis"]), ("attributes",), "DF0252"),  # type: ignore[arg-type]
    (Node("sum", ("a",), {1: 2}), ("attributes",), "DF0252"),  # type: ignore[dict-item]
    (Node("sum", ("a",), {"axis": [0]}), ("attributes", "axis"), "DF0413"),
    (Node("sum", ("a",), {"axis": object()}), ("attributes", "axis"), "DF0413"),
    (Node("sum", ("a",), {"axis": (0, np.int64(1))}), ("attributes", "axis"), "DF0413"),
    (Node("exp", ("a",), {}, "bc"), ("outputs",), "DF0252"),  # type: ignore[arg-type]
    (Node("exp", ("a",), {}, None), ("outputs",), "DF0252"),  # type: ignore[arg-type]
    (Node("unstack", ("a",), {}, (1, 2)), ("outputs",), "DF0252"),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize(("node", "place", "code"), WRONG_NODES, ids=[f"{index}" for index in range(len(WRONG_NODES))])
def test_nodes(node: Any, place: tuple[str, ...], code: str) -> None:
    (problem,) = refuse(Graph(inputs={"a": [1.0, 2.0]}, nodes={"y": node, "z": Node("exp", ("a",))}))
    assert problem.code == code
    assert tuple(map(str, problem.path)) == ("nodes", "y", *place)
    assert problem.node == "y"


WRONG_GRAPHS: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
    ({"inputs": {1: 1.0}}, ("inputs",)), ({"inputs": {None: 1.0}}, ("inputs",)),
    ({"parameters": {("a",): 1.0}}, ("parameters",)), ({"nodes": {2: Node("exp", (1,))}}, ("nodes",)),
    ({"target": 3}, ("target",)), ({"target": ["a"]}, ("target",)), ({"name": 3}, ("name",)),
    ({"name": object()}, ("name",)), ({"description": 3}, ("description",)),
    ({"dtype": None}, ("dtype",)), ({"dtype": np.float32}, ("dtype",)),
    ({"requires": {"my_ops": 1}}, ("requires",)), ({"requires": {1: ">=1"}}, ("requires",)),
    ({"inputs": {"a": Input(1.0, dtype=np.float32)}}, ("inputs", "a", "dtype")),  # type: ignore[arg-type]
    ({"inputs": {"a": Input((1.0,), shape=1)}}, ("inputs", "a", "shape")),  # type: ignore[arg-type]
    ({"inputs": {"a": Input(source=3)}}, ("inputs", "a", "source")),  # type: ignore[arg-type]
    ({"inputs": {"a": Input(source="x.csv", columns=3)}}, ("inputs", "a", "columns")),  # type: ignore[arg-type]
    ({"inputs": {"a": Input(1.0, differentiable="yes")}}, ("inputs", "a", "differentiable")),  # type: ignore[arg-type]
    ({"inputs": {"a": Input(1.0, description=None)}}, ("inputs", "a", "description")),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize(("fields", "path"), WRONG_GRAPHS, ids=["-".join(row[1]) for row in WRONG_GRAPHS])
def test_graphs(fields: dict[str, Any], path: tuple[Any, ...]) -> None:
    (problem,) = refuse(Graph(**fields))
    assert (problem.code, problem.path) == ("DF0252", path)


@pytest.mark.parametrize(
    "value",
    [1j, object(), {1, 2}, {"value": 1}, np.array([object()]), b"a", range(3)],
    ids=lambda value: type(value).__name__,
)
def test_values(value: Any) -> None:
    (problem,) = refuse(Graph(inputs={"a": value}))
    assert (problem.code, problem.path[:3]) == ("DF0502", ("inputs", "a", "value"))


def test_a_value_that_is_nested_without_an_end() -> None:
    endless: list[Any] = [1.0]
    endless.insert(0, endless)
    deep: list[Any] = [1.0]
    for _ in range(100_000):
        deep = [deep]
    for value in (endless, deep):
        (problem,) = refuse(Graph(inputs={"a": value}))
        assert problem.code == "DF0501"


def test_numbers_of_numpy_that_are_floats() -> None:
    graph = Graph(inputs={"a": np.float32(1)}, nodes={"y": Node("add", ("a", np.float64(2)))})
    assert dataflow.execute(graph).values == {"a": 1.0, "y": 3.0}


@pytest.mark.parametrize("name", ["y#1", "z#", "z#x", "#1", "z#1#2"])
def test_hidden_nodes_belong_to_a_node(name: str) -> None:
    graph = Graph(inputs={"a": 1.0}, nodes={name: Node("exp", ("a",)), "z": Node("exp", (name,))})
    problem = refuse(graph)[0]
    assert (problem.code, problem.path) == ("DF0201", ("nodes", name, "<key>"))


def test_a_hidden_node_is_used_by_its_owner_alone() -> None:
    nodes = {"y#1": Node("exp", ("a",)), "y": Node("exp", ("y#1",)), "z": Node("exp", ("y#1",))}
    (problem,) = refuse(Graph(inputs={"a": 1.0}, nodes=nodes))
    assert (problem.code, problem.path) == ("DF0203", ("nodes", "z", "inputs", 0))
