"""Shape inference against execution on random graphs: ``python -m tests.typecheck.agreement --graphs 10000``."""

from __future__ import annotations

import argparse
import time

import dataflow
from dataflow import standard
from dataflow.typecheck import infer_types
from tests.typecheck.drawn import draw

TABLE = standard()


def compare(seed: int) -> tuple[int, float]:
    """How many nodes a random graph has, and the seconds that inferring their types took. Raises AssertionError."""
    graph = dataflow.loads(draw(seed, most=40).text())
    start = time.process_time()
    inferred = infer_types(graph, TABLE)
    seconds = time.process_time() - start
    assert not inferred.found, (seed, inferred.found)
    assert not inferred.unknown, (seed, inferred.unknown)
    assert not inferred.assumed, (seed, inferred.assumed)
    for name, type in dataflow.execute(graph, hidden=True).types.items():
        assert inferred.types[name] == type, (seed, name, graph.nodes.get(name), inferred.types[name], type)
    return len(graph.nodes), seconds


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=10_000)
    count = parser.parse_args().graphs
    nodes, seconds = 0, 0.0
    for seed in range(count):
        found = compare(seed)
        nodes, seconds = nodes + found[0], seconds + found[1]
    print(
        f"{count} graphs, {nodes} nodes: all types are those of what comes out; {seconds / nodes * 1e6:.1f} us a node"
    )


if __name__ == "__main__":
    main()
