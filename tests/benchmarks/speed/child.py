"""One workload with so many threads, everybody in turn: prints the medians as JSON. Started by the command itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import import_module
from statistics import median
from time import perf_counter, sleep
from typing import Any

import numpy as np

from tests.benchmarks.speed.workloads import GRAPHS, WORKLOADS, make_data

CONTESTANTS = ("jax", "torch", "numpy", "autograd")
BATCH = 5  # calls one after the other
WARM = 0.06  # seconds


def time_all(runs: dict[str, Callable[[], Any]], repeat: int, pause: float = 0.0) -> dict[str, list[float]]:
    """The seconds of calls of every function, in turn: single ones, or a few after a pause and one that warms up."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(-(-repeat // BATCH)):
        for name, run in runs.items():
            if pause:
                sleep(pause)  # until the threads of the one before are asleep
                _warm_up(run)
            for _ in range(BATCH if pause else 1):
                begun = perf_counter()
                run()
                times[name].append(perf_counter() - begun)
    return times


def _warm_up(run: Callable[[], Any]) -> None:
    """Call a function until the processor and its threads are awake."""
    until = perf_counter() + WARM
    run()
    while perf_counter() < until:
        run()


def main(name: str, threads: int, contestants: list[str]) -> dict[str, Any]:
    """The medians, the time of the first call, and how far results are apart."""
    import dataflow

    workload = WORKLOADS[name]
    data = make_data(workload)
    graph = dataflow.load(str(GRAPHS / f"{workload.graph}.yaml"))
    moving = {key: data[key] for key in graph.parameters}  # what changes from call to call; data stays
    fixed = {key: array for key, array in data.items() if key not in moving}
    compiled = dataflow.compile(graph, wrt=workload.wrt, outputs=workload.outputs, inputs=fixed, workers=threads)
    forward = dataflow.compile(graph, wrt=(), outputs=workload.outputs, inputs=fixed, workers=threads)
    runs: dict[str, Callable[[], Any]] = {"dataflow": lambda: compiled(moving), "forward": lambda: forward(moving)}
    first, apart = {}, {}
    for other in [name for name in contestants if name in CONTESTANTS]:
        run = import_module(f"tests.benchmarks.speed.twins_{other}").make(workload.graph, data, workload.wrt)
        if run is not None:
            runs[other] = run
    for key, run in runs.items():
        begun = perf_counter()
        found = run()
        first[key] = perf_counter() - begun
        if key not in ("dataflow", "forward"):
            ours = compiled(moving)
            apart[key] = max(
                _compare(ours.gradients[part], np.asarray(slope))
                for part, slope in zip(workload.wrt, found[1], strict=True)
            )
        run()
    times = time_all(runs, workload.repeat, pause=0.1)
    return {
        "workload": name, "threads": threads, "first": first, "apart": apart,
        "median": {key: median(values) for key, values in times.items()}, "plan": compiled.explain(moving),
    }  # fmt: skip


def _compare(ours: Any, theirs: Any) -> float:
    """The largest difference, of the largest element."""
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    return float(np.max(np.abs(ours - theirs)) / max(np.max(np.abs(theirs)), 1e-30))


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), sys.argv[3].split(","))))
