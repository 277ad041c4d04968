"""What took part in a run, as the result says it."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import pytest
import scipy

import dataflow
from dataflow import Operator, provenance
from tests.sweeps.random_graphs import offer


def run(text: str, operators: Any = None, **options: Any) -> dataflow.Result:
    return dataflow.execute(dataflow.loads(f"{{dataflow: 1, {text}}}", operators=operators), **options)


def test_versions_of_what_took_part_and_of_nothing_else() -> None:
    versions = run("inputs: {x: 3}, nodes: {y: x * x}").versions
    assert versions == {"dataflow": dataflow.__version__, "python": platform.python_version(),
                        "dataflow_std": "0.1.0"}  # fmt: skip
    versions = run("inputs: {x: [3]}, nodes: {y: relu(x)}").versions
    assert list(versions) == [
        "dataflow",
        "python",
        "dataflow_nn",
        "numpy",
        "scipy",
    ]  # kernels do not say whether they use it
    assert versions["numpy"] == np.__version__
    assert versions["scipy"] == scipy.__version__
    assert "scipy" not in run("inputs: {x: 3}, nodes: {y: erf(x)}").versions


def test_operators_that_are_not_proved() -> None:
    def make(name: str) -> Operator:
        return Operator(name, "", forward=lambda xp, x: x * 1.0, backward={"x": lambda xp, g, z, x: g}, broadcasts=True)

    table = offer(make("iota"), make("eta"), make("theta"), name="my_ops", __version__="3.2")
    result = run("inputs: {x: 3}, nodes: {y: iota(x), z: eta(y) * 2, w: eta(z)}", table)
    assert result.unproved == ("eta", "iota")
    assert result.versions["my_ops"] == "3.2"
    assert run("inputs: {x: 3}, nodes: {y: iota(x), z: x * x}", table, only=["z"]).unproved == ()
    assert "my_ops" not in run("inputs: {x: 3}, nodes: {y: iota(x), z: x * x}", table, only=["z"]).versions


def test_the_kind_of_processor() -> None:
    found = provenance.describe_processor()
    assert found.split()[0] == platform.machine()
    assert found == run("inputs: {x: 3}, nodes: {y: x * x}").processor
    assert found == " ".join(found.split())


def test_hidden_nodes_have_their_owner_text_and_place() -> None:
    graph = dataflow.loads("dataflow: 1\ninputs: {a: 1, b: 2}\nnodes:\n  J: 3 *\n    (a + b ** 2)\n")
    labels = dataflow.execute(graph, hidden=True).labels
    assert labels is not None
    assert [dict(item) for item in labels.values()] == [
        {"owner": "J", "text": "b ** 2", "line": 5, "column": 10},
        {"owner": "J", "text": "a + b ** 2", "line": 5, "column": 6},
    ]


def test_hidden_nodes_of_a_graph_without_a_file_have_no_place() -> None:
    graph = dataflow.loads("{dataflow: 1, inputs: {a: 1}, nodes: {J: 3 * (a + 1)}}").replace(source=None)
    labels = dataflow.execute(graph, hidden=True).labels
    assert labels is not None
    assert [dict(item) for item in labels.values()] == [{"owner": "J", "text": "a + 1"}]


@pytest.mark.parametrize("running", [True, False])
def test_a_clock_notes_only_if_it_runs(running: bool) -> None:
    clock = provenance.Clock(running)
    clock.note("a")
    clock.note("b")
    assert (list(clock.noted) if clock.noted is not None else None) == (["a", "b"] if running else None)
