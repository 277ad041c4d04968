"""A tree becomes a graph; what cannot be built is noted, and the rest is built all the same."""

from __future__ import annotations

import math
from typing import Any

import pytest

from dataflow.document.builder import build
from dataflow.errors import KEY, Diagnostic
from dataflow.graph import Graph, Input, Node
from dataflow.registry import standard

OPERATORS = standard()


def build_nodes(**nodes: Any) -> Graph:
    graph, found = build({"dataflow": 1, "nodes": nodes}, OPERATORS)
    assert found == []
    return graph


def refuse(**nodes: Any) -> list[Diagnostic]:
    graph, found = build({"dataflow": 1, "nodes": nodes}, OPERATORS)
    assert set(nodes) >= set(graph.nodes)
    return found


def test_top_level() -> None:
    tree = {"dataflow": 1, "name": "n", "description": "d", "dtype": "float32", "target": "u", "requires": {"p": ">=1"}}
    graph, found = build(tree, OPERATORS)
    assert found == []
    assert (graph.name, graph.description, graph.dtype, graph.target) == ("n", "d", "float32", "u")
    assert dict(graph.requires) == {"p": ">=1"}


def test_inputs() -> None:
    entry = {"value": [1, 2], "shape": ["rows"], "dtype": "int8", "differentiable": False, "description": "d"}
    tree = {"dataflow": 1, "inputs": {"a": 5, "b": entry, "c": {"source": "t.csv", "columns": ["x", "y"]}},
            "parameters": {"w": {"source": "t.csv", "column": "x"}, "v": [[1], [2]]}}  # fmt: skip
    graph, found = build(tree, OPERATORS)
    assert found == []
    assert dict(graph.inputs) == {
        "a": Input(5.0),
        "b": Input((1, 2), shape=("rows",), dtype="int8", differentiable=False, description="d"),
        "c": Input(source="t.csv", columns=("x", "y")),
    }
    assert dict(graph.parameters) == {"w": Input(source="t.csv", columns="x"), "v": Input(((1.0,), (2.0,)))}


@pytest.mark.parametrize(
    ("entry", "node"),
    [
        ("a", Node("identity", ("a",))),
        (3, Node("identity", (3,))),
        (0.5, Node("identity", (0.5,))),
        ("Infinity", Node("identity", (math.inf,))),
        (2**70, Node("identity", (2.0**70,))),
        ("a * b", Node("multiply", ("a", "b"))),
        ({"op": "exp"}, Node("exp", ())),
        ({"op": "add", "inputs": ["a", 3]}, Node("add", ("a", 3))),
        ({"op": "add", "inputs": ["pi", "-Infinity"]}, Node("add", (math.pi, -math.inf))),
        ({"op": "add", "inputs": [2**70, -(2**63) + 1]}, Node("add", (2.0**70, -(2**63) + 1))),
        ({"op": "pow", "inputs": {"y": "b", "x": "a"}}, Node("pow", ("a", "b"))),
        ({"op": "pow", "inputs": {"y": "b"}}, Node("pow", (None, "b"))),
        ({"op": "stack", "inputs": {"xs": ["a", 1]}}, Node("stack", ("a", 1))),
        ({"op": "stack", "inputs": {"xs": "a"}}, Node("stack", ("a",))),
        ({"op": "unknown", "inputs": {"q": "a", "p": "b"}}, Node("unknown", ("a", "b"))),
        ({"op": "sum", "inputs": ["a"], "attributes": {"keepdims": True, "axis": [0, [1]]}, "description": "d"},
         Node("sum", ("a",), {"axis": (0, (1,)), "keepdims": True}, description="d")),
        ({"op": "unstack", "inputs": ["a"], "outputs": ["p", "q"]}, Node("unstack", ("a",), outputs=("p", "q"))),
        ({"op": "full_like", "inputs": ["a"], "attributes": {"fill_value": "-Infinity"}},
         Node("full_like", ("a",), {"fill_value": -math.inf})),
    ],
)  # fmt: skip
def test_node(entry: Any, node: Node) -> None:
    assert build_nodes(u=entry).nodes["u"] == node


def test_attributes_are_in_one_order() -> None:
    first = build_nodes(u={"op": "f", "inputs": ["a"], "attributes": {"b": 1, "a": 2}})
    second = build_nodes(u="f(a, b=1, a=2)")
    assert list(first.nodes["u"].attributes) == list(second.nodes["u"].attributes) == ["a", "b"]
    assert first == second


@pytest.mark.parametrize(
    ("entry", "code", "path"),
    [
        ("a +", "DF0301", ("nodes", "u")),
        ({"op": "pow", "inputs": {"x": "a", "z": "b"}}, "DF0206", ("nodes", "u", "inputs", "z", KEY)),
        ({"op": "pow", "inputs": {"x": ["a"], "y": "b"}}, "DF0205", ("nodes", "u", "inputs", "x")),
        ({"op": "exp", "inputs": [True]}, "DF0205", ("nodes", "u", "inputs", 0)),
        ({"op": "exp", "inputs": [None]}, "DF0205", ("nodes", "u", "inputs", 0)),
        ({"op": "exp", "inputs": ["J#1"]}, "DF0203", ("nodes", "u", "inputs", 0)),
        ({"op": "add", "inputs": ["a", 10**400]}, "DF0120", ("nodes", "u", "inputs", 1)),
        (-(10**400), "DF0120", ("nodes", "u")),
    ],
)
def test_refused(entry: Any, code: str, path: tuple[str | int, ...]) -> None:
    (problem,) = refuse(u=entry, v="u + 1")
    assert (problem.code, problem.path, problem.node) == (code, path, "u")


def test_names_of_hidden_nodes_are_not_for_files() -> None:
    found = refuse(**{"u#1": 1, "u": "a + 1"})
    assert [(item.code, item.path) for item in found] == [("DF0201", ("nodes", "u#1", KEY))]


@pytest.mark.parametrize(
    ("broken", "inputs", "nodes", "target"),
    [
        ([("inputs",)], [], ["u", "v"], "u"),
        ([("inputs", KEY)], [], ["u", "v"], "u"),
        ([("inputs", "a")], ["a"], ["u", "v"], "u"),
        ([("nodes", KEY)], ["a"], [], "u"),
        ([("nodes", "v", "inputs", 0)], ["a"], ["u", "v"], "u"),
        ([("target", KEY)], ["a"], ["u", "v"], None),
    ],
)
def test_what_is_broken_is_left_out(broken: Any, inputs: list[str], nodes: list[str], target: str | None) -> None:
    tree = {"dataflow": 1, "inputs": {"a": 1}, "nodes": {"u": "a", "v": {"op": "exp", "inputs": ["a"]}}, "target": "u"}
    tree |= {path[0]: None for path in broken if len(path) == 1 or path[1] == KEY}
    graph, found = build(tree, OPERATORS, broken)
    assert found == []
    assert (list(graph.inputs), list(graph.nodes), graph.target) == (inputs, nodes, target)
