"""Numbers of steps and paths, against walking every path; and the limit where there are too many to walk."""

from __future__ import annotations

import random

import pytest

from dataflow.document import loads
from dataflow.explanation import explain
from dataflow.explanation.data import as_data
from dataflow.graph import Graph, Node
from tests.explanation.showing import show


def make_graph(seed: int) -> Graph:
    rng = random.Random(seed)
    names = ["a", "b"]
    nodes: dict[str, Node] = {}
    for index in range(9):
        nodes[f"n{index}"] = Node(rng.choice(["add", "multiply"]), (rng.choice(names), rng.choice(names[-4:])))
        names.append(f"n{index}")
    return Graph(inputs={"a": 0.5, "b": -1.5}, nodes=nodes, target="n8")


def walk(graph: Graph, name: str, length: int = 0) -> list[tuple[str, int]]:
    """The end and the length of every path from a value back, however far it goes."""
    found = [(name, length)]
    if name in graph.nodes:
        for item in graph.nodes[name].inputs:
            found += walk(graph, str(item), length + 1)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_counts_are_those_of_walking_every_path(seed: int) -> None:
    graph = make_graph(seed)
    paths = walk(graph, "n8")
    reached = {name for name, _ in paths} - {"n8"}
    counts = explain(graph).counts
    assert counts is not None
    assert counts.gradients == len(reached)
    assert counts.steps == sum(len(graph.nodes[name].inputs) for name in {*reached, "n8"} if name in graph.nodes)
    assert counts.alone == sum(length for _, length in paths)
    for name in reached:
        one = explain(graph, node=name)
        assert one.counts is not None
        assert one.counts.paths == len([end for end, _ in paths if end == name])
        assert one.counts.alone == sum(length for end, length in paths if end == name)
        used = {item.name: item.used for item in one.reverse}
        assert used["n8"] == len([item for item in graph.nodes["n8"].inputs if item in used])


def test_more_paths_than_anybody_could_walk() -> None:
    """x + x a thousand times: 2^1000 paths, each of 1,000 steps."""
    nodes = {f"n{index}": Node("add", (f"n{index - 1}",) * 2) for index in range(1, 1001)}
    graph = Graph(inputs={"n0": 1}, nodes=nodes, target="n1000")
    found = explain(graph, node="n0")
    assert found.counts is not None
    assert (found.counts.steps, found.counts.paths, found.counts.alone) == (2000, "1.1e+301", "1.1e+304")
    assert as_data(found)["counts"]["paths"] == "1.1e+301"
    assert "There are about 1.1e+301 paths from n1000 to n0" in "\n".join(show(found))


def test_a_chain_of_many_nodes_takes_no_recursion() -> None:
    nodes = {f"n{index}": Node("add", (f"n{index - 1}", 0.5)) for index in range(1, 30_001)}
    graph = Graph(inputs={"n0": 1}, nodes=nodes, target="n30000")
    found = explain(graph)
    assert found.counts is not None
    assert found.counts.alone == 30_000 * 30_001 // 2
    assert found.reverse[-1].value == 1


def test_a_long_expression_takes_no_recursion() -> None:
    graph = loads(f"{{dataflow: 1, inputs: {{x: 1}}, nodes: {{J: {'+'.join(['x'] * 900)}}}, target: J}}")
    assert "dx = dJ/dx = 1 + 1 + 1 + 1 + ... + 1 + 1 + 1 + 1 = 900" in show(explain(graph))
