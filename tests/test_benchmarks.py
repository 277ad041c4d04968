"""The benchmarks' graphs are valid and finite, and their runner works; how fast anything is, no test asserts."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import dataflow
from tests.benchmarks.__main__ import format_table, main
from tests.benchmarks.graphs import chain, random_graph, wide_sum
from tests.benchmarks.measure import Claim, FailedError, Workload, measure, run_process
from tests.benchmarks.speed import twins_numpy
from tests.benchmarks.speed.plotting import draw_bars
from tests.benchmarks.speed.workloads import GRAPHS, WORKLOADS, make_data
from tests.benchmarks.workloads import workloads


@pytest.mark.parametrize("count", [1, 2, 7, 300])
@pytest.mark.parametrize("lines", [chain, random_graph, wide_sum])
def test_generated_graphs_run_and_are_finite(lines: Callable[[int], Iterator[str]], count: int) -> None:
    graph = dataflow.loads("".join(lines(count)))
    result = dataflow.execute(graph)
    assert len(graph.nodes) == (count // 2 + 2 if lines is wide_sum else count)
    assert result.findings == ()
    for name, value in result.values.items():
        assert name == "all" or math.isfinite(value), name


def test_wide_sum_adds_up_as_many_as_it_says() -> None:
    result = dataflow.execute(dataflow.loads("".join(wide_sum(1000))))
    assert result.types["all"] == ("float64", (1000,))
    assert result.values["J"] == 3 * sum(index % 100 for index in range(0, 1000, 2))


def test_a_random_graph_depends_on_its_seed_alone_and_most_of_it_reaches_the_target() -> None:
    text = "".join(random_graph(1000, seed=1))
    assert text == "".join(random_graph(1000, seed=1)) != "".join(random_graph(1000, seed=2))
    assert 450 <= text.count("{op:") <= 550
    graph = dataflow.loads(text)
    used = {str(item) for node in graph.nodes.values() for item in node.inputs}
    assert set(graph.names()) - used == {graph.target}
    assert len({node.op for node in graph.nodes.values()}) >= 10


def test_workloads_run_in_small_sizes(tmp_path: Path) -> None:
    made = {name: make(tmp_path) for name, make in workloads(nodes=50, sizes=(20, 40)).items()}
    assert list(made) == ["start", "random", "chain", "sum", "logistic"]
    ratios = measure("random", made["random"], tmp_path, pairs=1)
    assert [(item.measure, item.limit) for item in ratios] == [("wall", 0.6), ("user", 0.6)]
    assert all(0 < item.low == item.ratio == item.high for item in ratios)
    assert len(format_table(ratios)) == 3


def test_a_ratio_is_the_median_over_rounds(tmp_path: Path) -> None:
    workload = Workload(
        {"a": [sys.executable, "-c", "sum(range(3_000_000))"]},
        [Claim("twice", lambda cost: cost["a"] / cost["a"], 2.0)],
        3,
    )
    assert {(item.ratio, item.low, item.high) for item in measure("same", workload, tmp_path)} == {(1.0, 1.0, 1.0)}


def test_memory_is_that_of_the_command_and_not_of_who_measures(tmp_path: Path) -> None:
    ballast = b"x" * 200_000_000
    small, large = (
        run_process([sys.executable, "-c", f"b'x' * {size}"], tmp_path).memory for size in (1, len(ballast))
    )
    assert small < 100_000 < 190_000 < large  # KiB


def test_a_command_that_fails_is_no_measurement(tmp_path: Path) -> None:
    workload = Workload({"a": [sys.executable, "-c", "raise SystemExit('no such luck')"]}, [], 1)
    with pytest.raises(FailedError, match=r"exit code 1\nno such luck"):
        measure("failing", workload, tmp_path)


def test_the_command_writes_a_table_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "ratios.json"
    assert main(["start", "--pairs", "1", "--json", str(file)]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["workload", "what", "of", "ratio", "limit", "spread"]
    assert [item["measure"] for item in json.loads(file.read_text(encoding="utf-8"))] == ["wall", "user"]


def test_an_unknown_workload_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["no_such_workload"])
    assert "there is no workload `no_such_workload`; there are start" in capsys.readouterr().err


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_models_of_the_speed_benchmark_agree_with_numpy(name: str) -> None:
    """Compiled on few rows, executed, and written by hand where somebody did."""
    workload = WORKLOADS[name]
    data = make_data(workload, 40)
    graph = dataflow.load(GRAPHS / f"{workload.graph}.yaml")
    found = dataflow.compile(graph, wrt=workload.wrt, outputs=workload.outputs)(data)
    result = dataflow.execute(graph, data, only=[*workload.outputs, *workload.wrt])
    tolerance = 1e-9 if workload.dtype == "float64" else 2e-4
    run = twins_numpy.make(workload.graph, data, workload.wrt)
    slopes = [result.gradients[key] for key in workload.wrt] if run is None else run()[1]
    for key, slope in zip(workload.wrt, slopes, strict=True):
        largest = float(abs(slope).max())
        np.testing.assert_allclose(found.gradients[key], slope, rtol=tolerance, atol=tolerance * largest)


def test_the_speed_benchmark_draws_its_ratios() -> None:
    found = [{"workload": "w", "threads": 2, "median": {"dataflow": 1.0, "jax": 2.0, "torch": 0.5}}]
    drawn = draw_bars(found)
    assert "0.50 of jax" in drawn
    assert "2.00 of torch" in drawn
    assert drawn.startswith("<svg")
