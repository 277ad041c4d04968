"""What derivations cost, beside forward sweeps of the same graph: ``python -m tests.benchmarks.derivatives``

Ratios of processor time, medians of alternating runs, BLAS on one thread: a jvp and an hvp beside a forward sweep; then
what inferring types takes a node, how many primitives gradient graphs have, and sparse matrices with their memory.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import dataflow
from dataflow import Derivative, standard
from dataflow.derivatives import SparseBlock
from dataflow.derivatives.knowledge import learn_types, type_of
from dataflow.derivatives.program import Program
from dataflow.derivatives.recipes import Recipe
from dataflow.sweeps.threads import single_threaded
from dataflow.tracing import Symbol
from dataflow.typecheck import infer_types
from tests.derivation.counting import count_primitives

TABLE = standard()
GRAPHS = Path(__file__).parents[2] / "graphs"
RUNS = 9


def workloads() -> Iterator[tuple[str, dataflow.Graph, dict[str, Any], list[str]]]:
    """Name, graph, values, and what is moved."""
    rng = np.random.default_rng(0)
    text = """{dataflow: 1, inputs: {X: {shape: [rows, 100]}, y: {shape: [rows]}},
        parameters: {w: {shape: [100]}, b: 0},
        nodes: {z: X @ w + b, J: 'binary_cross_entropy_with_logits(z, y)'}, target: J}"""
    data: dict[str, Any] = {
        "X": rng.normal(size=(20_000, 100)),
        "y": (rng.random(20_000) < 0.5) * 1.0,
        "w": rng.normal(size=100),
    }
    yield "logistic regression, 20,000 x 100", dataflow.loads(text), data | {"b": 0.1}, ["w", "b"]
    text = """{dataflow: 1, inputs: {X: {shape: [rows, 256]}, l: {shape: [rows], dtype: int64}},
        parameters: {V: {shape: [256, 256]}, b: {shape: [256]}, W: {shape: [256, 10]}},
        nodes: {h: tanh(X @ V + b), s: h @ W, J: 'cross_entropy(s, l)'}, target: J}"""
    data = {"X": rng.normal(size=(512, 256)), "l": rng.integers(0, 10, 512), "V": rng.normal(size=(256, 256)) / 16}
    data |= {"b": np.zeros(256), "W": rng.normal(size=(256, 10)) / 16}
    yield "perceptron of two layers, 512 x 256", dataflow.loads(text), data, ["V", "b", "W"]
    text = (GRAPHS / "black_scholes.yaml").read_text().replace("{value: 100,", "{shape: [rows],")
    graph = dataflow.loads(text.replace("target: price", "").replace("ndtr(d2)   ", "ndtr(d2)\n  J: sum(price) "))
    graph = graph.replace(target="J")
    data = {"spot": rng.uniform(80, 120, 100_000), "strike": 105.0, "rate": 0.03, "volatility": 0.2, "time": 0.5}
    yield "Black-Scholes, 100,000 options", graph, data, ["spot", "volatility"]
    text = "{dataflow: 1, inputs: {x: {shape: [n]}}, nodes: {J: sum(exp(-x * x) * sin(x))}, target: J}"
    yield "elementwise, 1,000,000", dataflow.loads(text), {"x": rng.normal(size=1_000_000)}, ["x"]


def time_alternating(*calls: Callable[[], object]) -> list[float]:
    """The median processor time of each call, run in turn."""
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(RUNS + 1):
        for index, call in enumerate(calls):
            start = time.process_time()
            call()
            taken[index].append(time.process_time() - start)
    return [median(part[1:]) for part in taken]


def make_call(graph: dataflow.Graph, values: dict[str, Any], wrt: list[str], kind: str) -> Callable[[], object]:
    """A whole product, the forward sweep included, without planning."""
    along = {name: np.ones(np.shape(values[name])) for name in wrt}
    request = Derivative(kind, (str(graph.target),), tuple(wrt), along)
    recipe = Recipe(graph, TABLE, learn_types(graph, TABLE, values, graph.nodes.keys()), request, kind, values)
    return lambda: recipe.apply(values, request)


def make_forward(graph: dataflow.Graph, values: dict[str, Any], wrt: list[str]) -> Callable[[], object]:
    """The forward sweep alone, on the same machinery."""
    request = Derivative("jvp", (str(graph.target),), tuple(wrt), {name: values[name] for name in wrt})
    recipe = Recipe(graph, TABLE, learn_types(graph, TABLE, values, graph.nodes.keys()), request, "forward", values)
    symbol = recipe.tape.symbol(str(graph.target))
    assert isinstance(symbol, Symbol)
    program = Program(recipe.tape, TABLE, [symbol], ())
    return lambda: program.bind(values)


def compare_products() -> None:
    """A jvp and an hvp beside a forward sweep."""
    print(f"{'':40}{'jvp':>8}{'hvp':>8}   x a forward sweep (limits 2.5, 8)")
    with single_threaded():
        for name, graph, values, wrt in workloads():
            calls = [make_call(graph, values, wrt, kind) for kind in ("jvp", "hvp")]
            forward, jvp, hvp = time_alternating(make_forward(graph, values, wrt), *calls)
            print(f"{name:40}{jvp / forward:8.2f}{hvp / forward:8.2f}")


def time_inference() -> None:
    """Microseconds a node that inferring the types of a large graph of arrays takes."""
    rng = np.random.default_rng(0)
    texts = [
        "{a} * {b} + tanh({a})",
        "softmax({a}, axis=-1) * {b}",
        "{a} - mean({b}, axis=0)",
        "exp(-{a} ** 2) / (1 + {b})",
    ]
    names = {width: [f"x{width}"] for width in range(2, 9)}
    lines = ["dataflow: 1", "inputs:", *(f"  x{width}: {{shape: [rows, {width}]}}" for width in names), "nodes:"]
    for index in range(10_000):
        known = names[int(rng.integers(2, 9))]
        a, b = (known[int(place)] for place in rng.integers(len(known), size=2))
        lines.append(f'  n{index}: "{texts[int(rng.integers(4))].format(a=a, b=b)}"')
        known.append(f"n{index}")
    graph = dataflow.loads("\n".join(lines), operators=TABLE)
    (seconds,) = time_alternating(lambda: infer_types(graph, TABLE))
    print(f"\ntypes of {len(graph.nodes)} nodes: {seconds / len(graph.nodes) * 1e6:.1f} us a node (limit 15)")


def count_operations() -> None:
    """Primitives of gradient graphs beside those of the graphs."""
    print(f"\n{'primitives':40}{'graph':>8}{'gradient':>10}{'ratio':>8}   (limit 4)")
    for path in sorted(GRAPHS.glob("*.yaml")):
        graph = dataflow.load(path)
        if graph.target is None:
            continue
        values = dataflow.execute(graph, only=list(graph.given)).values
        types = {name: type_of(value) for name, value in values.items()}
        before = count_primitives(graph, TABLE, types)
        after = count_primitives(dataflow.write_gradient(graph), TABLE, types)
        print(f"{path.stem:40}{before:8}{after:10}{after / before:8.2f}")


def measure_sparse() -> None:
    """Seconds and peak memory of matrices that only their non-zeros fit."""
    print(f"\n{'sparse':40}{'seconds':>8}{'sweeps':>8}{'non-zeros':>12}{'bytes a non-zero':>18}")
    rng = np.random.default_rng(0)
    cases = [
        ("Hessian, separable", "J", "hessian", 10_000), ("Jacobian, elementwise", "y", "jacobian", 100_000),
        ("Jacobian, elementwise", "y", "jacobian", 400_000), ("Hessian, neighbours", "K", "hessian", 100_000),
    ]  # fmt: skip
    nodes = "{y: exp(x) * sin(x), J: sum(y), d: 'x[1:] - x[:-1]', K: sum(d ** 4)}"
    graph = dataflow.loads(f"{{dataflow: 1, inputs: {{x: {{shape: [n]}}}}, nodes: {nodes}}}")
    for name, of, kind, count in cases:
        x = rng.normal(size=count)
        tracemalloc.start()
        start = time.process_time()
        result = dataflow.execute(graph, {"x": x}, only=(), derivatives={"D": Derivative(kind, (of,))})
        seconds, peak = time.process_time() - start, tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        product = result.derivatives["D"]
        (block,) = product.blocks.values()
        assert isinstance(block, SparseBlock)
        entries = len(block.values)
        print(f"{f'{name}, {count}':40}{seconds:8.2f}{product.sweeps:8}{entries:12}{peak / entries:18.0f}")


if __name__ == "__main__":
    compare_products()
    time_inference()
    count_operations()
    measure_sparse()
