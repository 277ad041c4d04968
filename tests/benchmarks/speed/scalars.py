"""Graphs of numbers, everybody in turn: building and one run, and each further run. Started by the command itself."""

from __future__ import annotations

import gc
import json
import math
import sys
from collections.abc import Callable, Iterable
from statistics import median
from time import perf_counter
from typing import Any

import dataflow
from tests.benchmarks.graphs import chain, random_graph
from tests.benchmarks.speed.child import time_all

LECTURE = "{dataflow: 1, inputs: {a: 5, b: 3, c: 2}, nodes: {u: b * c, v: a + u, J: 3 * v}, target: J}"
PATIENCE = 20_000  # nodes, above which the slow ones run but a few times


def load_graph(name: str) -> dataflow.Graph:
    """The graph of a workload: `lecture`, `random_N` or `chain_N`."""
    kind, _, count = name.partition("_")
    if kind == "lecture":
        return dataflow.loads(LECTURE)
    return dataflow.loads("".join((random_graph if kind == "random" else chain)(int(count))))


def compute(graph: dataflow.Graph, given: dict[str, Any], functions: Any) -> Any:
    """The target by the operators of Python, and functions of a library."""
    values = dict(given)
    binary: dict[str, Callable[[Any, Any], Any]] = {
        "add": lambda x, y: x + y, "subtract": lambda x, y: x - y, "multiply": lambda x, y: x * y,
        "divide": lambda x, y: x / y, "pow": lambda x, y: x**y, "hypot": functions.hypot, "maximum": functions.maximum,
    }  # fmt: skip
    unary: dict[str, Callable[[Any], Any]] = {"negative": lambda x: -x, "exp": functions.exp, "sin": functions.sin}
    for name in graph.order:
        node = graph.nodes[name]
        operands = [values[item] if isinstance(item, str) else item for item in node.inputs]
        values[name] = binary[node.op](*operands) if node.op in binary else unary[node.op](*operands)
    return values[str(graph.target)]


class Functions:
    """What a library calls the functions that the graphs use."""

    def __init__(self, exp: Any, sin: Any, hypot: Any, maximum: Any) -> None:
        self.exp, self.sin, self.hypot, self.maximum = exp, sin, hypot, maximum


def make_dataflow(graph: dataflow.Graph) -> Callable[[], Any]:
    """Compiled by us."""
    run = dataflow.compile(graph)
    return lambda: run().gradients


def make_torch(graph: dataflow.Graph) -> Callable[[], Any]:
    """PyTorch, eager: the graph is built at every run."""
    import torch

    given = {
        name: torch.tensor(entry.value, dtype=torch.float64, requires_grad=True) for name, entry in graph.given.items()
    }
    functions = Functions(torch.exp, torch.sin, torch.hypot, torch.maximum)

    def run() -> Any:
        return torch.autograd.grad(compute(graph, given, functions), list(given.values()), allow_unused=True)

    return run


def make_casadi(graph: dataflow.Graph) -> Callable[[], Any]:
    """CasADi's scalar expressions, and the function of their gradient."""
    import casadi

    symbols = {name: casadi.SX.sym(name) for name in graph.given}
    functions = Functions(casadi.exp, casadi.sin, lambda x, y: casadi.sqrt(x * x + y * y), casadi.fmax)
    total = compute(graph, symbols, functions)
    joined = casadi.vertcat(*symbols.values())
    function = casadi.Function("f", [joined], [total, casadi.gradient(total, joined)])
    point = casadi.DM([entry.value for entry in graph.given.values()])
    return lambda: function(point)


def make_jax(graph: dataflow.Graph) -> Callable[[], Any] | None:
    """JAX, compiled; hopeless for large graphs."""
    if len(graph.nodes) > 2000:
        return None
    import jax
    import jax.numpy as jnp

    given = {name: jnp.asarray(entry.value) for name, entry in graph.given.items()}
    functions = Functions(jnp.exp, jnp.sin, jnp.hypot, jnp.maximum)
    function = jax.jit(jax.value_and_grad(lambda values: compute(graph, values, functions)))
    return lambda: jax.block_until_ready(function(given))


def make_autograd(graph: dataflow.Graph) -> Callable[[], Any] | None:
    """Autograd, which recurses not, but is slow."""
    if len(graph.nodes) > PATIENCE:
        return None
    import autograd
    import autograd.numpy as anp

    names = list(graph.given)
    values = [float(graph.given[name].value) for name in names]
    functions = Functions(anp.exp, anp.sin, lambda x, y: anp.sqrt(x * x + y * y), anp.maximum)
    gradient = autograd.grad(lambda given: compute(graph, dict(zip(names, given, strict=True)), functions))
    return lambda: gradient(values)


MAKERS: dict[str, Callable[[dataflow.Graph], Callable[[], Any] | None]] = {
    "dataflow": make_dataflow, "torch": make_torch, "casadi": make_casadi, "jax": make_jax, "autograd": make_autograd,
}  # fmt: skip


def main(name: str, others: Iterable[str]) -> dict[str, Any]:
    """The time of building and one run, and the median of further runs."""
    graph = load_graph(name)
    count = len(graph.nodes)
    if name == "lecture":
        dataflow.compile(graph)()
    first: dict[str, float] = {}
    runs: dict[str, Callable[[], Any]] = {}
    gc.disable()
    for other in ["dataflow", *(item for item in others if item in MAKERS)]:
        begun = perf_counter()
        run = MAKERS[other](graph)
        if run is not None:
            run()
            first[other], runs[other] = perf_counter() - begun, run
    repeat = 3003 if count < 10 else max(3, min(51, 2_000_000 // count // 10))
    times = time_all(runs, repeat)
    limits = {"casadi": 3.0, "torch": 0.02} if name == "random_100000" else {}
    if name == "lecture":
        limits = {"jax": 0.5, "torch": 0.2}
    return {
        "workload": name, "threads": 1, "first": first, "limits": limits, "nodes": count,
        "median": {key: median(values) for key, values in times.items() if not math.isnan(values[0])},
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[3].split(","))))
