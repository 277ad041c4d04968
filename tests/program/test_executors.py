"""Blocks on other processes and on a Dask cluster give the same bits, also when workers are lost."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow.asked import AlongRows
from dataflow.compilation.arrays import ArrayFunction

GRAPH = """
dataflow: 1
name: rows
inputs:
  X: {shape: [rows, 6]}
  y: {shape: [rows]}
parameters:
  w: {shape: [6]}
nodes:
  z: X @ w
  p: sigmoid(z - mean(z))
  J: mean((p - y) ** 2)
target: J
"""
ROWS = 150_001


def make_data(rows: int = ROWS) -> dict[str, Any]:
    rng = np.random.default_rng(4)
    return {"X": rng.normal(size=(rows, 6)), "y": rng.random(rows), "w": rng.normal(size=6)}


def compute(workers: Any, data: dict[str, Any]) -> dict[str, Any]:
    run = dataflow.compile(dataflow.loads(GRAPH), outputs=["p", "J"], wrt=["w", "y", "X"], workers=workers)
    found = run(data)
    return {**found.values, **{f"d{name}": item for name, item in found.gradients.items()}}


def assert_same_bits(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, item in expected.items():
        assert np.array_equal(found[name], item), name


class Losing(Executor):
    """An executor that loses every second task."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.count = 0

    def submit(self, function: Any, /, *items: Any, **named: Any) -> Future[Any]:
        self.count += 1
        if self.count % 2:
            lost: Future[Any] = Future()
            lost.set_exception(ConnectionError("a machine went away"))
            return lost
        return self.executor.submit(function, *items, **named)


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


def test_the_number_of_threads_changes_no_bit() -> None:
    data = make_data()
    expected = compute(1, data)
    assert_same_bits(compute(2, data), expected)
    assert_same_bits(compute(3, data), expected)


def test_processes_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_data()
    expected = compute(1, data)
    monkeypatch.setattr("dataflow.program.workers.MUCH", 0)
    monkeypatch.setattr("dataflow.program.workers.COPIED", 0)
    run = dataflow.compile(dataflow.loads(GRAPH), outputs=["p", "J"], wrt=["w", "y", "X"], workers=2)
    for _ in range(3):
        found = run(data)
        assert_same_bits({**found.values, **{f"d{key}": item for key, item in found.gradients.items()}}, expected)
    function = run._function
    assert isinstance(function, ArrayFunction)
    (specialised,) = function._specialised.values()
    assert specialised is not None
    assert repr(specialised._workers) == "2 processes"
    workers: Any = specialised._workers
    workers._processes.workers[0]._process.kill()
    found = run(data)
    assert_same_bits({**found.values, **{f"d{key}": item for key, item in found.gradients.items()}}, expected)


def test_an_executor_changes_no_bit(pool: ProcessPoolExecutor) -> None:
    data = make_data()
    expected = compute(1, data)
    assert_same_bits(compute(pool, data), expected)
    assert_same_bits(compute(Losing(pool), data), expected)


def test_sources_are_read_where_the_rows_are_swept(pool: ProcessPoolExecutor, tmp_path: Path) -> None:
    data = make_data()
    np.save(tmp_path / "X.npy", data["X"])
    np.save(tmp_path / "y.npy", data["y"])
    text = GRAPH.replace("X: {shape", "X: {source: X.npy, shape").replace("y: {shape", "y: {source: y.npy, shape")
    (tmp_path / "g.yaml").write_text(text)
    graph = dataflow.load(tmp_path / "g.yaml")
    first = dataflow.execute(graph, {"w": data["w"]}, along_rows=AlongRows(workers=1))
    other = dataflow.execute(graph, {"w": data["w"]}, along_rows=AlongRows(workers=pool))
    assert first.to_text() == other.to_text()
    assert set(first.data) == {"X.npy", "y.npy"}


def test_a_dask_cluster_loses_a_worker_in_mid_run(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from distributed import Client, LocalCluster

        data = make_data(600_000)
        expected = compute(1, data)
        options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
        with LocalCluster(**options, silence_logs=50) as cluster, Client(cluster) as client:
            executor = client.get_executor(pure=False)
            killed = KillingOnce(executor, [worker.pid for worker in cluster.workers.values()])
            assert_same_bits(compute(killed, data), expected)
            assert killed.count > 3


class KillingOnce(Executor):
    """Hands tasks on, and kills a worker after the third one."""

    def __init__(self, executor: Executor, pids: list[int]) -> None:
        self.executor, self.pids, self.count = executor, pids, 0

    def submit(self, function: Any, /, *items: Any, **named: Any) -> Future[Any]:
        self.count += 1
        future = self.executor.submit(function, *items, **named)
        if self.count == 3:
            os.kill(self.pids[0], signal.SIGKILL)
        return future
