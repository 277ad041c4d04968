"""Runs of whole graphs: what is asked for, what is computed, and what is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow import Graph, Node, Operator
from dataflow.errors import DataflowError
from tests.sweeps.random_graphs import offer

ROOT = Path(__file__).parent.parent


def load(text: str, **options: Any) -> Graph:
    return dataflow.loads(f"{{dataflow: 1, {text}}}", **options)


def bomb(seen: list[str]) -> dataflow.Operators:
    """An operator `boom` that must not be run, and one `seen` that notes when it is."""

    def explode(xp: Any, x: Any) -> Any:
        raise AssertionError("this node was not asked for")

    def note(xp: Any, x: Any) -> Any:
        seen.append("forward")
        return x * 1.0

    def note_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
        seen.append("backward")
        return g * 1.0

    return offer(Operator("boom", "", forward=explode, backward={"x": explode_dx}, broadcasts=True),
                 Operator("seen", "", forward=note, backward={"x": note_dx}, broadcasts=True))  # fmt: skip


def explode_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    raise AssertionError("this gradient was not asked for")


@pytest.mark.parametrize("x", ["3", "[3, 4]"])
def test_only_computes_nothing_else(x: str) -> None:
    graph = load(f"inputs: {{x: {x}, w: {{shape: [2]}}}}, nodes: {{a: x * 2, b: boom(a), c: a + 1, d: w * b, "
                 "J: sum(c) + sum(b)}", operators=bomb([]))  # fmt: skip
    result = dataflow.execute(graph, only=["c"])
    assert list(result.values) == ["c"]
    assert result.gradients == {}
    assert list(dataflow.execute(graph, only=["x", "c", "a"]).values) == ["x", "a", "c"]
    with pytest.raises(dataflow.OperatorError):
        dataflow.execute(graph, {"w": [1, 2]})


@pytest.mark.parametrize("x", ["3", "[3, 4]"])
def test_only_computes_no_gradient_that_is_not_asked_for(x: str) -> None:
    """The target is computed, since gradients need it; but nothing is swept back beyond what is asked for."""
    seen: list[str] = []
    total = "b" if x == "3" else "sum(b)"
    graph = load(f"inputs: {{x: {x}}}, nodes: {{a: seen(x), b: a * 2, J: {total}}}, target: J", operators=bomb(seen))
    result = dataflow.execute(graph, only=["b"])
    assert list(result.values) == list(result.gradients) == ["b"]
    np.testing.assert_array_equal(result.gradients["b"], np.ones(np.shape(result.values["b"])))
    assert "backward" not in seen
    result = dataflow.execute(graph, only=["x"])
    assert seen.count("backward") == 1
    np.testing.assert_array_equal(result.gradients["x"], 2 * np.ones(np.shape(result.values["x"])))
    full = dataflow.execute(graph)
    np.testing.assert_array_equal(full.gradients["x"], result.gradients["x"])


def test_only_opens_no_file_that_is_not_needed(tmp_path: Path) -> None:
    graph = load(
        "inputs: {x: {source: missing.npy}, y: 2}, nodes: {z: x * 2, w: y * 2}, target: w", folder=str(tmp_path)
    )
    result = dataflow.execute(graph, only=["w", "y"])
    assert result.gradients == {"y": 2.0, "w": 1.0}
    assert result.data == {}
    with pytest.raises(DataflowError):
        dataflow.execute(graph)


def test_only_may_name_what_expressions_introduce() -> None:
    graph = load("inputs: {x: 3}, nodes: {J: x * x + 1}, target: J")
    hidden = [name for name in graph.nodes if "#" in name]
    assert dataflow.execute(graph, only=hidden).values == {hidden[0]: 9.0}


def test_everything_that_expressions_introduce() -> None:
    graph = load("inputs: {a: 5, b: 3, c: 2}, nodes: {J: 3 * (a + b * c)}, target: J")
    result = dataflow.execute(graph, hidden=True)
    assert list(result.values) == ["a", "b", "c", *graph.nodes]
    labels = result.labels
    assert labels is not None
    assert [(item["owner"], item["text"], item["line"]) for item in labels.values()] == [
        ("J", "b * c", 1), ("J", "a + b * c", 1),
    ]  # fmt: skip
    assert dataflow.execute(graph).labels is None
    assert {name: gradient for name, gradient in result.gradients.items() if "#" in name} == dict.fromkeys(labels, 3.0)


def test_another_target() -> None:
    graph = load("inputs: {x: 3}, nodes: {y: x * x, z: y * 2}, target: z")
    assert dataflow.execute(graph, target="y").gradients == {"x": 6.0, "y": 1.0, "z": 0.0}
    assert dataflow.execute(graph, target="y").unreached == ("z",)
    assert dataflow.execute(graph.replace(target=None)).gradients == {}


@pytest.mark.parametrize(("options", "said", "hint"), [
    ({"target": "yy"}, "`yy`", "did you mean `y`?"),
    ({"only": ["y", "ww"]}, "`ww`", None),
    ({"only": ["x#1"]}, "`x#1`", None),
    ({"target": ""}, "``", None),
])  # fmt: skip
def test_names_that_are_no_values(options: dict[str, Any], said: str, hint: str | None) -> None:
    graph = load("inputs: {x: 3}, nodes: {y: x * x, z: y * 2}, target: z")
    with pytest.raises(dataflow.UsageError) as caught:
        dataflow.execute(graph, **options)
    (problem,) = caught.value.diagnostics
    assert problem.code == "DF0905"
    assert said in problem.message
    assert hint is None or problem.hint == hint


def test_a_node_with_several_outputs_is_asked_for_by_their_names() -> None:
    graph = load("inputs: {x: [1, 2]}, nodes: {parts: {op: unstack, inputs: [x], outputs: [a, b]}}")
    assert dataflow.execute(graph, only=["b"]).values == {"b": 2.0}
    with pytest.raises(dataflow.UsageError):
        dataflow.execute(graph, only=["parts"])


def test_a_graph_without_a_file() -> None:
    graph = Graph(inputs={"a": 5, "b": np.array([1.0, 2.0])}, nodes={"y": Node("multiply", ("a", "b")),
                  "J": Node("sum", ("y",))}, target="J")  # fmt: skip
    result = dataflow.execute(graph)
    assert result.values["J"] == 15.0
    assert result.gradients["b"].tolist() == [5, 5]


@pytest.mark.parametrize(("nodes", "inputs", "code"), [
    ({"y": Node("multiply", ("a", "z"))}, {}, "DF0203"),
    ({"y": Node("no_such", ("a",))}, {}, "DF0401"),
    ({"y": Node("exp", ("a", "a"))}, {}, "DF0402"),
    ({"y": Node("exp", ("y",))}, {}, "DF0220"),
    ({"y": Node("sum", ("a",), {"axis": 1.5})}, {}, "DF0413"),
    ({"y": Node("add", ("a", "b"))}, {"b": [1, 2, 3]}, "DF0503"),
    ({"y": Node("add", ("b", "c"))}, {}, "DF0515"),
    ({"y": Node("exp", ("a",))}, {"q": 1}, "DF0904"),
    ({"y": Node("matmul", ("b", "c"))}, {}, "DF0516"),
])  # fmt: skip
def test_errors_of_a_graph_without_a_file(nodes: Any, inputs: Any, code: str) -> None:
    graph = Graph(inputs={"a": 5, "b": [1, 2], "c": [1, 2, 3]}, nodes=nodes)
    with pytest.raises(DataflowError) as caught:
        dataflow.execute(graph, inputs)
    assert caught.value.diagnostics[0].code == code
    assert caught.value.diagnostics[0].line is None


def test_a_table_of_operators_for_one_run() -> None:
    double = Operator("double", "", forward=lambda xp, x: 2 * x, backward={"x": lambda xp, g, z, x: 2 * g},
                      broadcasts=True)  # fmt: skip
    graph = Graph(inputs={"x": 3}, nodes={"y": Node("double", ("x",))}, target="y")
    assert dataflow.execute(graph, operators=offer(double)).gradients["x"] == 2.0
    with pytest.raises(dataflow.GraphError):
        dataflow.execute(graph)


def test_a_rule_over_floats_that_needs_arrays_is_run_on_arrays() -> None:
    """Only the rule knows that it calls `sum`: the run begins again on arrays."""
    for above in (lambda xp, x: xp.sum(x), lambda xp, x: x * 1.0):
        odd = Operator("odd", "z = x", forward=above, backward={"x": lambda xp, g, z, x: xp.sum(g)}, broadcasts=True)
        graph = load("inputs: {x: 3}, nodes: {y: odd(x), z: y * y}, target: z", operators=offer(odd))
        result = dataflow.execute(graph)
        assert result.values["z"] == 9.0
        assert result.gradients["x"] == 6.0


def test_a_rule_that_fails_first_and_needs_arrays_then() -> None:
    def dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
        return g * xp.sum(xp.log(x))

    odd = Operator("odd", "z = x", forward=lambda xp, x: x * 1.0, backward={"x": dx}, broadcasts=True)
    result = dataflow.execute(load("inputs: {x: 0}, nodes: {y: odd(x)}, target: y", operators=offer(odd)))
    assert result.gradients["x"] == -np.inf


@pytest.mark.parametrize("name", ["lecture", "logistic_regression", "two_layer_network", "black_scholes"])
def test_two_runs_give_the_same_bytes(name: str) -> None:
    graph = dataflow.load(ROOT / "graphs" / f"{name}.yaml")
    assert dataflow.execute(graph).to_bytes() == dataflow.execute(graph).to_bytes()


def test_the_bytes_do_not_depend_on_threads_or_folder(tmp_path: Path) -> None:
    """A product large enough for BLAS to share it out among threads, if it were let."""
    rng = np.random.default_rng(1)
    np.save(tmp_path / "x.npy", rng.normal(size=(600, 300)))
    np.save(tmp_path / "w.npy", rng.normal(size=(300, 200)))
    (tmp_path / "g.yaml").write_text("dataflow: 1\ninputs:\n  x: {source: x.npy}\nparameters:\n  w: {source: w.npy}\n"
                                     "nodes:\n  y: tanh(x @ w)\n  J: sum(y * y)\ntarget: J\n")  # fmt: skip
    other = tmp_path / "other"
    other.mkdir()
    found = set()
    for threads, folder in (("1", tmp_path), ("2", other)):
        code = ("import sys, dataflow; sys.stdout.buffer.write("
                "dataflow.execute(dataflow.load(sys.argv[1]), only=['w', 'J']).to_bytes())")  # fmt: skip
        environment = os.environ | {
            "OPENBLAS_NUM_THREADS": threads,
            "PYTHONHASHSEED": threads,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "plugins")]),
        }
        found.add(subprocess.run([sys.executable, "-c", code, str(tmp_path / "g.yaml")], env=environment, cwd=folder,
                                 capture_output=True, check=True, timeout=120).stdout)  # fmt: skip
    assert len(found) == 1
    assert b'"gradients"' in found.pop()


def test_a_run_does_not_change_the_collector_or_numpy() -> None:
    import gc

    before = np.geterr(), gc.isenabled()
    dataflow.execute(load("inputs: {x: [0, 1]}, nodes: {y: log(x)}"))
    with pytest.raises(DataflowError):
        dataflow.execute(load("inputs: {x: [0, 1], y: [1, 2, 3]}, nodes: {z: x * y}"))
    assert (np.geterr(), gc.isenabled()) == before


def test_timings_are_noted_only_when_asked_for() -> None:
    graph = load("inputs: {x: [1, 2]}, nodes: {J: sum(x)}, target: J")
    assert dataflow.execute(graph).timings is None
    timings = dataflow.execute(graph, timings=True).timings
    assert timings is not None
    assert list(timings) == ["plan", "data", "types", "forward", "reverse"]
    assert all(seconds >= 0 for seconds in timings.values())


def test_a_graph_of_numbers_only() -> None:
    result = dataflow.execute(load("nodes: {a: 2 * 3, b: a + 1, c: sqrt(2), d: 5}, target: b"))
    assert result.values == {"a": 6.0, "b": 7.0, "c": 2**0.5, "d": 5.0}
    assert set(result.gradients.values()) == {None}


def test_an_empty_graph() -> None:
    assert dataflow.execute(Graph()).values == {}
    assert dataflow.execute(Graph(inputs={"x": 3}, target="x")).gradients == {"x": 1.0}


def test_optional_inputs() -> None:
    def forward(xp: Any, x: Any, weight: Any = None) -> Any:
        return x if weight is None else x * weight

    scale = Operator("scale", "z = x weight", forward=forward, broadcasts=True, backward={
        "x": lambda xp, g, z, x, weight: g if weight is None else g * weight,
        "weight": lambda xp, g, z, x, weight: g * x})  # fmt: skip
    for x in ("3", "[3, 4]"):
        total = "y" if x == "3" else "sum(y)"
        for call, expected in (("scale(x)", 1.0), ("scale(x, weight=w)", 2.0), ("scale(x, w)", 2.0)):
            graph = load(f"inputs: {{x: {x}, w: 2}}, nodes: {{y: '{call}', J: {total}}}, target: J",
                         operators=offer(scale))  # fmt: skip
            result = dataflow.execute(graph)
            assert np.all(result.gradients["x"] == expected)
            assert result.gradients["w"] == (0.0 if expected == 1.0 else np.sum(result.values["x"]))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"nodes": {"y": Node("exq", ("a",))}}, "DF0401"),
        ({"nodes": {"y": Node("add", ("a",))}}, "DF0402"),
        ({"inputs": {}}, "DF0203"),
        ({"requires": {"no_such_plugin": ">=1"}}, "DF0707"),
    ],
)
def test_a_graph_that_was_changed_is_checked(changes: dict[str, Any], code: str) -> None:
    loaded = load("inputs: {a: 1}, nodes: {y: exp(a)}, target: y")
    by_hand = Graph(inputs={"a": 1}, nodes={"y": Node("exp", ("a",))}, target="y", operators=dataflow.standard())
    for graph in (loaded, by_hand):
        with pytest.raises(DataflowError) as caught:
            dataflow.execute(graph.replace(**changes))
        assert caught.value.diagnostics[0].code == code


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"target": 3}, "DF0905"), ({"target": ["y"]}, "DF0905"), ({"only": [["y"]]}, "DF0905"),
        ({"inputs": {3: 1.0}}, "DF0904"),
    ],
)  # fmt: skip
def test_names_that_are_no_text(options: dict[str, Any], code: str) -> None:
    with pytest.raises(DataflowError) as caught:
        dataflow.execute(load("inputs: {a: 1}, nodes: {y: exp(a)}"), **options)
    assert [item.code for item in caught.value.diagnostics] == [code]
