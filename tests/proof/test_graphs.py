"""The proof of graphs: what is right is not accused, what is wrong is found, what is left out is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import dataflow
from dataflow.cli import main
from dataflow.proof.graphs import verify_graph
from tests.sweeps.random_graphs import ArrayGraph, ScalarGraph, array_graphs, scalar_graphs

GRAPHS = Path(__file__).parent.parent.parent / "graphs"
LECTURE = str(GRAPHS / "lecture.yaml")

PLUGIN = """\
from dataflow import Operator, hookimpl

def forward(xp, x):
    return x * x * x

def dx(xp, g, z, x):
    return 2.0 * g * x * x

@hookimpl
def dataflow_operators():
    return [Operator("cube", "z = x ** 3", forward=forward, backward={"x": dx}, broadcasts=True)]
"""
WRONG = """\
dataflow: 1
name: wrong
inputs:
  x: {x}
  w: 2
nodes:
  u: x * w
  v: cube(u)
  J: sum(v) * 0.5
target: J
"""


def load(text: str, **more: Any) -> dataflow.Graph:
    return dataflow.loads("{dataflow: 1, " + text + "}", **more)


def states(graph: dataflow.Graph, **more: Any) -> dict[str, str]:
    return {item.name: item.status for item in verify_graph(graph, **more).checks}


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("path", sorted(GRAPHS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_gallery(path: Path, hidden: bool) -> None:
    report = verify_graph(dataflow.load(path), hidden=hidden)
    assert report.verdict == "agrees"
    assert {item.status for item in report.checks} <= {"agrees", "kink", "unreached"}


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(scalar_graphs())
def test_random_graphs_of_numbers_are_not_accused(graph: ScalarGraph) -> None:
    assert verify_graph(graph.load(), hidden=True).wrong == ()


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(array_graphs())
def test_random_graphs_of_arrays_are_not_accused(graph: ArrayGraph) -> None:
    assert verify_graph(graph.load(), hidden=True).wrong == ()


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(array_graphs())
def test_random_graphs_in_float32_are_not_accused(graph: ArrayGraph) -> None:
    assert verify_graph(graph.load().replace(dtype="float32")).wrong == ()


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_ops.py").write_text(PLUGIN)
    return "my_ops.py"


@pytest.mark.parametrize("x", ["3", "[1, 2, 3]"])
def test_a_wrong_rule_of_a_plugin(plugin: str, x: str) -> None:
    Path("g.yaml").write_text(WRONG.format(x=x))
    graph = dataflow.load("g.yaml", dataflow.standard().with_files([plugin]))
    report = verify_graph(graph)
    found = {item.name: item for item in report.checks}
    assert {name: item.status for name, item in found.items()} == {
        "x": "wrong", "w": "wrong", "u": "wrong", "v": "agrees", "J": "agrees",
    }  # fmt: skip
    assert found["u"].ratio == pytest.approx(2 / 3)
    blame = found["u"].blame
    assert blame is not None
    assert (found["u"].line, blame.node, blame.line, blame.operator, blame.plugin) == (7, "v", 8, "cube", "my_ops")


def test_the_command_says_what_is_wrong(plugin: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("g.yaml").write_text(WRONG.format(x="[1, 2, 3]"))
    assert main(["verify", "g.yaml", "--plugin", plugin]) == 1
    captured = capsys.readouterr()
    assert captured.err == ""
    for part in ("g.yaml:7:", "g.yaml:8:6", "0.666667", "cube", "my_ops"):
        assert part in captured.out
    assert captured.out.splitlines()[-1] == "wrong: 5 gradients, 3 wrong"
    assert main(["verify", "g.yaml", "--plugin", plugin, "--format", "json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["verdict"] == "wrong"
    assert {item["name"] for item in data["checks"] if item["status"] == "wrong"} == {"x", "w", "u"}


@pytest.mark.parametrize("options", [[], ["--set", "a=7"], ["--all"], ["--target", "u"], ["--seed", "3"],
                                     ["--budget", "1"]])  # fmt: skip
def test_the_command_on_the_lecture(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", LECTURE, *options]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.splitlines()[-1].startswith("lecture: ")


@pytest.mark.parametrize("options", [["--budget", "0"], ["--seed", "-1"], ["--target", "w"], ["--set", "w=1"]])
def test_options_that_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", LECTURE, *options, "--format", "json"]) == 2
    assert len(json.loads(capsys.readouterr().out)["diagnostics"]) == 1


def test_a_graph_without_a_target() -> None:
    with pytest.raises(dataflow.UsageError):
        verify_graph(load("inputs: {x: 1}, nodes: {y: x * x}"))


def test_a_target_of_several_elements_is_weighed() -> None:
    report = verify_graph(load("inputs: {x: [1, 2]}, nodes: {y: x * x}, target: y"))
    assert (report.verdict, len(report.compared)) == ("agrees", 2)


def test_what_is_neither_right_nor_wrong() -> None:
    graph = load("inputs: {x: 0, y: 2, z: 3}, nodes: {r: 'maximum(x, 0)', q: sqrt(x), J: 'r * y'}, target: J")
    assert states(graph) == {"x": "kink", "y": "agrees", "z": "unreached", "r": "agrees", "q": "unreached",
                             "J": "agrees"}  # fmt: skip
    root = load("inputs: {x: 0}, nodes: {J: sqrt(x)}, target: J")
    assert states(root)["x"] == "not finite"


def test_integers_have_no_gradient() -> None:
    text = "inputs: {x: [1, 2, 3], n: {value: [0, 2], dtype: int64}}, nodes: {J: 'sum(take(x, n) ** 2)'}, target: J"
    graph = load(text)
    assert states(graph) == {"x": "agrees", "J": "agrees"}


def test_large_arrays_are_sampled_and_it_is_said() -> None:
    graph = load("inputs: {x: {shape: [40, 50]}}, nodes: {J: 'sum(tanh(x) * x)'}, target: J")
    values = {"x": np.random.default_rng(7).normal(size=(40, 50))}
    report = verify_graph(graph, values)
    assert report.verdict == "agrees"
    assert any("random direction" in note for note in report.notes)
    small = verify_graph(dataflow.load(GRAPHS / "chain.yaml"), budget=20)
    assert small.verdict == "agrees"
    assert len(small.checks) < 253
    assert any("sampled" in note for note in small.notes)


def test_the_same_seed_gives_the_same_report() -> None:
    graph = dataflow.load(GRAPHS / "chain.yaml")
    assert verify_graph(graph, budget=20, seed=3) == verify_graph(graph, budget=20, seed=3)


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    verify_graph(dataflow.load(LECTURE), progress=lambda done, count: told.append((done, count)))
    assert told == [(done, 6) for done in range(1, 7)]
