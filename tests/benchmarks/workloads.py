"""What is measured, and the limits: the numbers that the project promises, as ratios within one run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from tests.benchmarks.graphs import chain, random_graph, wide_sum, write_graph
from tests.benchmarks.measure import ROOT, Claim, Workload

GRAPHS = ROOT / "graphs"
MEMORY_LIMIT = 3e9 / 1024  # 3 GB in KiB
RANDOM_NODES = 100_000
SIZES = (10_000, 100_000, 1_000_000)
LINEAR = 1.5  # cost a node at a hundred times the size; of what grows with the square it would be 100
LOAD_ALONE = "import sys, yaml; yaml.load(open(sys.argv[1], encoding='utf-8').read(), yaml.CSafeLoader)"

Maker = Callable[[Path], Workload]


def workloads(nodes: int = RANDOM_NODES, sizes: tuple[int, ...] = SIZES) -> Mapping[str, Maker]:
    """All workloads by name: functions that write what they need into a folder. `sizes` ascend."""
    return {
        "start": make_start,
        "random": partial(make_random, nodes=nodes),
        "chain": partial(make_growing, name="chain", lines=chain, sizes=sizes),
        "sum": partial(make_growing, name="sum", lines=wide_sum, sizes=sizes),
        "logistic": make_logistic,
    }


def execute(graph: Path, folder: Path) -> list[str]:
    """The command that runs a graph: the one that is installed beside this Python, else the module."""
    installed = Path(sys.executable).with_name("dataflow")
    command = [str(installed)] if installed.exists() else [sys.executable, "-m", "dataflow"]
    return [*command, "exec", str(graph), "-o", str(folder / f"{graph.stem}.result.json")]


def make_start(folder: Path) -> Workload:
    """The smallest graph against starting Python with NumPy."""
    return Workload(
        {"lecture": execute(GRAPHS / "lecture.yaml", folder), "numpy": [sys.executable, "-c", "import numpy"]},
        [Claim("lecture / import numpy", lambda cost: cost["lecture"] / cost["numpy"], 1.0)],
        pairs=31,
    )


def make_random(folder: Path, nodes: int) -> Workload:
    """From file to result against parsing the same text alone, without doing anything with it."""
    graph = write_graph(folder / "random.yaml", random_graph(nodes))
    return Workload(
        {"graph": execute(graph, folder), "yaml": [sys.executable, "-c", LOAD_ALONE, str(graph)]},
        [Claim(f"{nodes:,} nodes / yaml.load alone", lambda cost: cost["graph"] / cost["yaml"], 0.6)],
        pairs=7,
    )


def make_logistic(folder: Path) -> Workload:
    """A regression on real data against the same by hand with NumPy, and the lecture's graph on top."""
    script = str(Path(__file__).with_name("logistic_by_hand.py"))
    return Workload(
        {
            "graph": execute(GRAPHS / "logistic_regression.yaml", folder),
            "by hand": [sys.executable, script, str(GRAPHS / "breast_cancer.csv")],
            "lecture": execute(GRAPHS / "lecture.yaml", folder),
        },
        [
            Claim(
                "graph / (by hand with NumPy + 1.2 lecture)",
                lambda cost: cost["graph"] / (cost["by hand"] + 1.2 * cost["lecture"]),
                1.0,
            )
        ],
        pairs=15,
    )


def make_growing(folder: Path, name: str, lines: Callable[[int], Iterable[str]], sizes: tuple[int, ...]) -> Workload:
    """The same graph in several sizes: what a node costs in each, less what a graph of ten nodes costs."""
    commands = {
        str(size): execute(write_graph(folder / f"{name}{size}.yaml", lines(size)), folder) for size in (10, *sizes)
    }
    return Workload(commands, list(_claim_growth(sizes)), pairs=3)


def _claim_growth(sizes: tuple[int, ...]) -> Iterator[Claim]:
    largest = sizes[-1]
    for size in sizes[:-1]:
        formula = partial(_compare_nodes, size=size, largest=largest)
        what = f"a node of {largest:,} / of {size:,}"
        yield Claim(what, formula, LINEAR)
        yield Claim(what, formula, LINEAR, of_memory=True)
    yield Claim(f"{largest:,} nodes / 3 GB", lambda cost: cost[str(largest)] / MEMORY_LIMIT, 1.0, of_memory=True)


def _compare_nodes(cost: Mapping[str, float], size: int, largest: int) -> float:
    return _cost_of_node(cost, largest) / _cost_of_node(cost, size)


def _cost_of_node(cost: Mapping[str, float], size: int) -> float:
    return (cost[str(size)] - cost["10"]) / (size - 10)
