"""Random graphs and slow twins of the sweeps, which share no code with them."""

from __future__ import annotations

import cmath
import json
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import autograd
import autograd.numpy as anp
import numpy as np
from hypothesis import strategies as st

import dataflow
from dataflow.asked import Asked
from dataflow.graph import Graph
from dataflow.provenance import Clock
from dataflow.registry import standard
from dataflow.sweeps.plan import make_plan
from dataflow.whole_runs import Run

STEP = 1e-30
LIMIT = 12.0


def real(low: float = -LIMIT, high: float = LIMIT) -> Callable[[float], bool]:
    return lambda x: low < x < high


class Function(NamedTuple):
    """A smooth operator: its twin on complex numbers, and where its operands must lie."""

    name: str
    twin: Callable[..., complex]
    fits: tuple[Callable[[float], bool], ...]


def _away(x: float) -> bool:
    return abs(x) > 0.2


ANY, POSITIVE, WITHIN = real(), real(0.2), real(-0.9, 0.9)
SAFE = Function("tanh", cmath.tanh, (ANY,))
FUNCTIONS = (
    SAFE,
    Function("add", lambda x, y: x + y, (ANY, ANY)),
    Function("subtract", lambda x, y: x - y, (ANY, ANY)),
    Function("multiply", lambda x, y: x * y, (ANY, ANY)),
    Function("divide", lambda x, y: x / y, (ANY, _away)),
    Function("pow", lambda x, y: cmath.exp(y * cmath.log(x)), (POSITIVE, real(-3, 3))),
    Function("square", lambda x: x * x, (ANY,)),
    Function("sqrt", cmath.sqrt, (POSITIVE,)),
    Function("reciprocal", lambda x: 1 / x, (_away,)),
    Function("negative", lambda x: -x, (ANY,)),
    Function("hypot", lambda x, y: cmath.sqrt(x * x + y * y), (_away, _away)),
    Function("atan2", lambda y, x: cmath.atan(y / x), (ANY, POSITIVE)),
    Function("exp", cmath.exp, (real(-LIMIT, 2.5),)),
    Function("expm1", lambda x: cmath.exp(x) - 1, (real(0.2, 2.5),)),
    Function("log", cmath.log, (POSITIVE,)),
    Function("log1p", lambda x: cmath.log(1 + x), (POSITIVE,)),
    Function("log2", lambda x: cmath.log(x) / cmath.log(2), (POSITIVE,)),
    Function("logaddexp", lambda x, y: cmath.log(cmath.exp(x) + cmath.exp(y)), (ANY, ANY)),
    Function("sin", cmath.sin, (ANY,)),
    Function("cos", cmath.cos, (ANY,)),
    Function("tan", cmath.tan, (WITHIN,)),
    Function("asin", cmath.asin, (WITHIN,)),
    Function("acos", cmath.acos, (WITHIN,)),
    Function("atan", cmath.atan, (ANY,)),
    Function("sinh", cmath.sinh, (real(-2.5, 2.5),)),
    Function("cosh", cmath.cosh, (real(-2.5, 2.5),)),
    Function("asinh", cmath.asinh, (ANY,)),
    Function("acosh", cmath.acosh, (real(1.2),)),
    Function("atanh", cmath.atanh, (WITHIN,)),
    Function("sigmoid", lambda x: 1 / (1 + cmath.exp(-x)), (ANY,)),
    Function("softplus", lambda x: cmath.log(1 + cmath.exp(x)), (ANY,)),
    Function("log_sigmoid", lambda x: -cmath.log(1 + cmath.exp(-x)), (ANY,)),
)
BY_NAME: Mapping[str, Function] = {function.name: function for function in FUNCTIONS}
Operand = int | float  # a place in the list of nodes, or a number


class Node(NamedTuple):
    function: Function
    operands: tuple[Operand, ...]


class ScalarGraph:
    """Inputs `x0`, `x1`, ..., then nodes, each of which uses what stands before it. `hidden` nodes bear no name."""

    def __init__(self, inputs: Sequence[float], nodes: Sequence[Node], hidden: set[int], target: int) -> None:
        self.inputs, self.nodes, self.target = list(inputs), list(nodes), target
        self.hidden = hidden - {target}
        self.names = [f"x{i}" for i in range(len(inputs))] + [f"n{i}" for i in range(len(nodes))]
        self.named = [place for place in range(len(self.names)) if place not in self.hidden]

    def evaluate(self, moved: int | None = None) -> list[complex]:
        """The values of all, one of them moved by a step into the imaginary direction."""
        values: list[complex] = []
        for place in range(len(self.names)):
            value: complex
            if place < len(self.inputs):
                value = self.inputs[place]
            else:
                function, operands = self.nodes[place - len(self.inputs)]
                value = function.twin(*[values[item] if isinstance(item, int) else item for item in operands])
            values.append(value + STEP * 1j if place == moved else value)
        return values

    def gradients(self) -> list[float]:
        """The slope of the target at every place, each from a sweep of its own: no cancellation, no reverse sweep."""
        return [complex(self.evaluate(place)[self.target]).imag / STEP for place in range(len(self.names))]

    def reached(self) -> set[int]:
        """The places on which the target rests."""
        found, stack = {self.target}, [self.target]
        while stack:
            place = stack.pop()
            if place >= len(self.inputs):
                new = {item for item in self.nodes[place - len(self.inputs)].operands if isinstance(item, int)}
                stack += new - found
                found |= new
        return found

    def document(self, **more: Any) -> dict[str, Any]:
        """The graph as it is written: what is hidden stands as an expression where it is used."""
        texts: list[str] = self.names[: len(self.inputs)]
        nodes = {}
        for place, (function, operands) in enumerate(self.nodes, len(self.inputs)):
            words = [texts[item] if isinstance(item, int) else f"({item!r})" for item in operands]
            text = f"{function.name}({', '.join(words)})"
            if place in self.hidden and len(text) < 300:
                texts.append(text)
            else:
                self.hidden.discard(place)
                nodes[self.names[place]] = text
                texts.append(self.names[place])
        self.named = [place for place in range(len(self.names)) if place not in self.hidden]
        inputs = dict(zip(self.names, self.inputs, strict=False))
        return {"dataflow": 1, "inputs": inputs, "nodes": nodes, "target": self.names[self.target]} | more

    def __repr__(self) -> str:
        return json.dumps(self.document())

    def load(self) -> Graph:
        """The graph, read from its text."""
        return dataflow.loads(json.dumps(self.document()))


@st.composite
def scalar_graphs(draw: st.DrawFn, most: int = 60) -> ScalarGraph:
    """Graphs with fan-out, an operand twice, numbers as operands, hidden nodes and nodes that reach nothing."""
    numbers = st.floats(-3, 3).map(lambda x: round(x, 3))
    inputs = draw(st.lists(numbers, min_size=1, max_size=5))
    place = st.integers(0, 10**6)
    operand = st.one_of(place, place, place, place, numbers)
    drawn = draw(st.lists(st.tuples(st.sampled_from(FUNCTIONS), operand, operand), min_size=2, max_size=most))
    values: list[float] = list(inputs)
    nodes = []
    for function, *picked in drawn:
        operands = tuple(item % len(values) if isinstance(item, int) else item for item in picked)
        node = _settle(function, operands, values)
        nodes.append(node)
        values.append(_value(node, values))
    hidden = {place for place in draw(st.sets(st.integers(0, most), max_size=most)) if place < len(nodes)}
    target = len(inputs) + draw(st.integers(0, len(nodes) - 1)) if draw(st.booleans()) else len(values) - 1
    return ScalarGraph(inputs, nodes, {len(inputs) + place for place in hidden}, target)


def _settle(function: Function, operands: tuple[Operand, ...], values: list[float]) -> Node:
    """The node, or a harmless one where its operands or its value would leave the range in which it is smooth."""
    operands = operands[: len(function.fits)]
    found = [values[item] if isinstance(item, int) else item for item in operands]
    node = Node(function, operands)
    if all(fits(x) for fits, x in zip(function.fits, found, strict=True)) and abs(_value(node, values)) < LIMIT:
        return node
    return Node(SAFE, operands[:1])


def _value(node: Node, values: list[float]) -> float:
    return complex(node.function.twin(*[values[i] if isinstance(i, int) else i for i in node.operands])).real


def run_on_arrays(graph: Graph, inputs: Mapping[str, Any] = {}, **changes: Any) -> Run:
    """Both sweeps on NumPy arrays, whatever the plan would choose."""
    operators = graph.operators or standard()
    plan = make_plan(graph, operators, target=graph.target)._replace(scalar=False)
    run = Run(plan, operators, Asked(inputs, graph.target))
    run.sweep(Clock(False))
    return run


def offer(*operators: dataflow.Operator, name: str = "trial", **about: Any) -> dataflow.Operators:
    """The standard operators and those of a plugin module that is made here."""
    module = ModuleType(name)

    def dataflow_operators() -> list[dataflow.Operator]:
        return list(operators)

    vars(module).update(about, dataflow_operators=dataflow.hookimpl(dataflow_operators))
    return standard().with_modules([module])


# --- graphs of arrays ----------------------------------------------------------------------------------------

SHAPES = ((), (1,), (3,), (2, 1), (2, 3), (1, 3))
Twin = Callable[..., Any]


class ArrayNode(NamedTuple):
    text: str
    twin: Twin
    operands: tuple[int, ...]


class ArrayGraph:
    """Inputs `x0`, ..., then nodes `n0`, ...; the target is a weighted sum of everything, or of the last node."""

    def __init__(self, inputs: list[Any], nodes: list[ArrayNode], weights: list[float]) -> None:
        self.inputs, self.nodes, self.weights = inputs, nodes, weights
        self.names = [f"x{i}" for i in range(len(inputs))] + [f"n{i}" for i in range(len(nodes))]

    def evaluate(self, moves: Sequence[Any]) -> tuple[Any, list[Any]]:
        """The target and all values, each moved by an array of its own."""
        values: list[Any] = []
        for place, move in enumerate(moves):
            if place < len(self.inputs):
                value = self.inputs[place]
            else:
                _, twin, operands = self.nodes[place - len(self.inputs)]
                value = twin(*[values[item] for item in operands])
            values.append(value + move)
        return sum(weight * anp.sum(value) for weight, value in zip(self.weights, values, strict=True)), values

    def __repr__(self) -> str:
        return f"{self.inputs} {[node.text for node in self.nodes]} {self.weights}"

    def twin(self) -> tuple[list[Any], list[Any]]:
        """Values and gradients from autograd, which is asked how the target changes as each value is moved."""
        still = [0.0] * len(self.names)
        values = self.evaluate(still)[1]
        zeros = [np.zeros(np.shape(value)) for value in values]
        return values, autograd.grad(lambda moves: self.evaluate(moves)[0])(zeros)

    def load(self) -> Graph:
        """The graph, read from its text."""
        nodes = {self.names[len(self.inputs) + i]: node.text for i, node in enumerate(self.nodes)}
        terms = [f"({weight!r}) * sum({name})" for name, weight in zip(self.names, self.weights, strict=True) if weight]
        nodes["J"] = " + ".join(terms)
        inputs = {name: np.asarray(value).tolist() for name, value in zip(self.names, self.inputs, strict=False)}
        return dataflow.loads(json.dumps({"dataflow": 1, "inputs": inputs, "nodes": nodes, "target": "J"}))


def _make_array_node(kind: int, first: int, second: int, names: list[str], shapes: list[Any]) -> ArrayNode | None:
    """The node of a kind, if it suits the shapes of its operands."""
    a, b, shape, other = names[first], names[second], shapes[first], shapes[second]
    one, two = (first,), (first, second)
    try:
        np.broadcast_shapes(shape, other)
        together = True
    except ValueError:
        together = False
    rank = len(shape)
    choices: list[tuple[bool, ArrayNode]] = [
        (together, ArrayNode(f"{a} * {b}", lambda x, y: x * y, two)),
        (together, ArrayNode(f"{a} - 0.5 * {b}", lambda x, y: x - 0.5 * y, two)),
        (together, ArrayNode(f"{a} + tanh({b})", lambda x, y: x + anp.tanh(y), two)),
        (together, ArrayNode(f"where({a} > {b}, sin({a}), 2 * {b})",
                             # autograd does not sum back over what `where` broadcasts: done before it
                             lambda x, y: anp.where(x > y, anp.sin(x) + 0 * y, 2 * y + 0 * x), two)),
        (together, ArrayNode(f"{a} / (1 + {b} ** 2)", lambda x, y: x / (1 + y * y), two)),
        (True, ArrayNode(f"cos({a})", anp.cos, one)),
        (True, ArrayNode(f"mean({a})", anp.mean, one)),
        (rank > 0, ArrayNode(f"sum({a}, axis=-1)", lambda x: anp.sum(x, axis=-1), one)),
        (rank > 0, ArrayNode(f"mean({a}, axis=0, keepdims=true)", lambda x: anp.mean(x, axis=0, keepdims=True), one)),
        (rank > 0, ArrayNode(f"{a}[0]", lambda x: x[0], one)),
        (rank > 0, ArrayNode(f"{a}[::-1]", lambda x: x[::-1], one)),
        (rank == 2, ArrayNode(f"{a}[:, 1:]", lambda x: x[:, 1:], one)),
        (rank == 2, ArrayNode(f"matrix_transpose({a})", anp.transpose, one)),
        (rank == 2, ArrayNode(f"reshape({a}, shape=[-1])", lambda x: anp.reshape(x, (-1,)), one)),
        (rank == 1, ArrayNode(f"reshape({a}, shape=[1, -1, 1])", lambda x: anp.reshape(x, (1, -1, 1)), one)),
        (rank == 1, ArrayNode(f"broadcast_to({a}, shape=[2, {shape and shape[-1]}])",
                              lambda x: x * np.ones((2, 1)), one)),
        (rank > 0 and shape[1:] == other[1:] and len(other) == rank,
         ArrayNode(f"concat([{a}, {b}], axis=0)", lambda x, y: anp.concatenate([x, y], axis=0), two)),
        (shape == other, ArrayNode(f"stack([{a}, {b}, {a}], axis=0)",
                                   lambda x, y: anp.stack([x, y, x], axis=0), two)),
        (rank == 2 and len(other) in (1, 2) and shape[-1] == other[0],
         ArrayNode(f"{a} @ {b}", anp.matmul, two)),
        (rank == 1 and len(other) == 2 and shape[0] == other[0], ArrayNode(f"{a} @ {b}", anp.matmul, two)),
        (rank == 2, ArrayNode(f"{a} @ matrix_transpose({a})", lambda x: anp.matmul(x, anp.transpose(x)), one)),
    ]  # fmt: skip
    suited = [node for fits, node in choices if fits]
    return suited[kind % len(suited)]


@st.composite
def array_graphs(draw: st.DrawFn, most: int = 12) -> ArrayGraph:
    """Graphs of small arrays whose shapes broadcast, are reduced, multiplied, cut and put together."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    inputs: list[Any] = [np.round(rng.normal(size=shape), 3)
                         for shape in draw(st.lists(st.sampled_from(SHAPES), min_size=2, max_size=4))]  # fmt: skip
    names = [f"x{i}" for i in range(len(inputs))]
    values: list[Any] = list(inputs)
    nodes: list[ArrayNode] = []
    place = st.integers(0, 10**6)
    for kind, first, second in draw(st.lists(st.tuples(place, place, place), min_size=1, max_size=most)):
        shapes = [np.shape(value) for value in values]
        node = _make_array_node(kind, first % len(values), second % len(values), names, shapes)
        if node is None or not np.size(value := node.twin(*[values[item] for item in node.operands])):
            continue
        names.append(f"n{len(nodes)}")
        nodes.append(node)
        values.append(value)
    weights = [draw(st.sampled_from([0.0, 1.0, -0.7])) for _ in values]
    weights[-1] = 1.0
    return ArrayGraph(inputs, nodes, weights)
