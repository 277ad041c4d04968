"""Groups of a graph of numbers give what the loop over its nodes gives."""

from __future__ import annotations

import math
from random import Random

import pytest

import dataflow
from dataflow.compilation import compile
from dataflow.compilation.scalars import ScalarFunction
from dataflow.operators import Operator
from tests.benchmarks.graphs import chain, random_graph

FORMS = (
    "{a} + {b}", "{a} * {b}", "{a} - {b}", "{a} / ({b} * {b} + 1)", "exp(-{a} ** 2)", "{a} ** 2", "sin({a})",
    "0.5 * {a}", "maximum({a}, {b})", "where({a} > {b}, {a}, 2 * {b})", "abs({a})", "sqrt({a} * {a} + 1)",
    "{a} * {weight}", "log({a} * {a} + 0.5)", "tanh({a})", "hypot({a}, {b})", "where({a} > 0, log({a}), {b})",
)  # fmt: skip


def make_wide(seed: int, count: int = 3000) -> dataflow.Graph:
    """A graph of many inputs and operators, with kinks, choices and numbers, most of which reach the target."""
    rng = Random(seed)
    names = [f"x{index}" for index in range(600)]
    lines = ["dataflow: 1", "inputs:", *[f"  {name}: {rng.uniform(-2, 2):.5f}" for name in names], "nodes:"]
    for index in range(count):
        a, b = rng.choice(names), rng.choice(names)
        text = rng.choice(FORMS).format(a=a, b=b, weight=f"{rng.uniform(-1, 1):.4f}")
        lines.append(f"  n{index}: tanh({text})")
        names.append(f"n{index}")
    lines.append(f"  J: {' + '.join(names[-40:])}")
    return dataflow.loads("\n".join([*lines, "target: J"]))


def add_up(names: list[str]) -> list[str]:
    """Nodes of which the last, J, is the sum of all names, none of them far from those."""
    parts = [names[start : start + 25] for start in range(0, len(names), 25)]
    lines = [f"  s{index}: {' + '.join(part)}" for index, part in enumerate(parts)]
    return [*lines, f"  J: {' + '.join(f's{index}' for index in range(len(parts)))}"]


def function_of(compiled: dataflow.Compiled) -> ScalarFunction:
    function = compiled._function
    assert isinstance(function, ScalarFunction)
    return function


def assert_same(graph: dataflow.Graph, inputs: dict[str, float] | None = None) -> None:
    """Compiled, in groups, and executed, node by node."""
    result = dataflow.execute(graph, inputs or {})
    compiled = compile(graph, outputs=list(graph.names()))
    assert function_of(compiled).groups is not None
    found = compiled(inputs or {})
    for name, value in found.values.items():
        assert type(value) is type(result.values[name])
        assert value == pytest.approx(result.values[name], rel=1e-11, abs=1e-12, nan_ok=True)
    for name, gradient in found.gradients.items():
        assert gradient == pytest.approx(result.gradients[name], rel=1e-10, abs=1e-11, nan_ok=True)
    assert compiled(inputs or {}) == found or math.isnan(found.values[str(graph.target)])


@pytest.mark.parametrize("seed", range(6))
def test_random_graphs(seed: int) -> None:
    assert_same(make_wide(seed))


def test_a_large_graph_of_single_operations() -> None:
    assert_same(dataflow.loads("".join(random_graph(20_000))))


def test_other_values_of_the_inputs() -> None:
    graph = make_wide(1)
    assert_same(graph, {"x0": 0.0, "x1": -3.0, "x2": 1e3})


def test_what_is_not_finite() -> None:
    """Where a cotangent comes out NaN the loop decides, which knows what was taken."""
    lines = [f"  n{index}: where(x{index % 40} > 0, log(x{index % 40}), {index})" for index in range(1200)]
    given = [f"  x{index}: {index - 3}" for index in range(40)]
    lines += add_up([f"n{index}" for index in range(0, 1200, 2)])
    graph = dataflow.loads("\n".join(["dataflow: 1", "inputs:", *given, "nodes:", *lines, "target: J"]))
    assert_same(graph)
    found = compile(graph)()
    assert all(math.isfinite(item) for item in found.gradients.values())


def test_a_chain_runs_node_by_node() -> None:
    compiled = compile(dataflow.loads("".join(chain(3000))))
    assert function_of(compiled).groups is None
    assert compiled.explain() == ["every value is one number: 3000 nodes, one after the other"]


def test_few_nodes_run_node_by_node() -> None:
    compiled = compile(dataflow.loads("{dataflow: 1, inputs: {a: 2}, nodes: {J: a ** 2}, target: J}"))
    assert function_of(compiled).groups is None


def test_a_rule_that_takes_no_vectors_is_called_with_numbers() -> None:
    def forward(xp: object, x: float) -> float:
        return math.sin(x)

    odd = Operator("odd", "z = sin x", forward=forward, backward={"x": lambda xp, g, z, x: g * math.cos(x)},
                   broadcasts=True)  # fmt: skip
    operators = dataflow.standard().replaced(odd)
    lines = [f"  n{index}: odd(x{index % 7})" for index in range(1500)]
    given = [f"  x{index}: {index}" for index in range(7)]
    lines += add_up([f"n{index}" for index in range(500)])
    text = "\n".join(["dataflow: 1", "inputs:", *given, "nodes:", *lines, "target: J"])
    graph = dataflow.loads(text, operators=operators)
    found = compile(graph)()
    assert found.gradients["x1"] == pytest.approx(math.cos(1) * 72)


def test_the_target_may_be_an_input() -> None:
    graph = make_wide(2)
    found = compile(graph, target="x0", wrt=["x0", "x1"], outputs=["J"])()
    assert (found.gradients["x0"], found.gradients["x1"]) == (1.0, 0.0)
