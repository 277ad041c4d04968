"""Random graphs of arrays from a seed, right ones and ones with a node whose shapes do not fit."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np

from tests.sweeps.random_graphs import SHAPES, ArrayNode, _make_array_node

DTYPES = ("float64", "float64", "float32", "int64", "int8", "bool")
MORE = (  # of one operand of any shape: kinds of dtype that the others do not have
    "{a} > 0.5", "astype({a}, dtype='int32')", "argmax(reshape({a}, shape=[-1]))", "floor({a})", "sum({a})",
    "prod({a}, keepdims=true)", "where({a} > 0, {a}, 1)", "count_nonzero({a})", "ones_like({a}) / 2", "{a} ** 2",
)  # fmt: skip


class Drawn(NamedTuple):
    """Lines of a document, each node on one of its own, and the shapes of its values by name."""

    inputs: dict[str, Any]
    nodes: dict[str, str]
    shapes: dict[str, tuple[int, ...]]
    dtype: str

    def text(self, **more: str) -> str:
        """The document."""
        lines = ["dataflow: 1", f"dtype: {self.dtype}", "inputs:"]
        lines += [f"  {name}: {json.dumps(entry)}" for name, entry in self.inputs.items()]
        lines += ["nodes:", *(f"  {name}: {json.dumps(text)}" for name, text in {**self.nodes, **more}.items())]
        return "\n".join(lines) + "\n"


def draw(seed: int, most: int = 10) -> Drawn:
    """A right graph: shapes broadcast, are reduced, multiplied, cut and put together; dtypes of every kind."""
    rng = np.random.default_rng(seed)
    inputs: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for index in range(rng.integers(2, 5)):
        shape, dtype = SHAPES[rng.integers(len(SHAPES))], DTYPES[rng.integers(len(DTYPES))]
        value = (rng.random(shape) > 0.5) if dtype == "bool" else np.round(rng.normal(size=shape) * 3).astype(dtype)
        inputs[f"x{index}"] = {"value": value.tolist(), "dtype": dtype}
        values[f"x{index}"] = value
    nodes: dict[str, str] = {}
    for _ in range(rng.integers(1, most)):
        names = list(values)
        first, second = (int(place) for place in rng.integers(len(names), size=2))
        name = f"n{len(nodes)}"
        if rng.random() < 0.3:
            text = MORE[rng.integers(len(MORE))].format(a=names[first])
            nodes[name] = text
            values[name] = _run(text, names[first], values[names[first]])
            continue
        shapes = [np.shape(values[item]) for item in names]
        node: ArrayNode | None = _make_array_node(int(rng.integers(10**6)), first, second, names, shapes)
        if node is None:
            continue
        value = node.twin(*[np.asarray(values[names[item]], float) for item in node.operands])
        if np.size(value):
            nodes[name], values[name] = node.text, value
    dtype = "float32" if rng.random() < 0.3 else "float64"
    return Drawn(inputs, nodes, {name: np.shape(value) for name, value in values.items()}, dtype)


def _run(text: str, name: str, value: Any) -> Any:
    """A value of the right shape for what a text of MORE computes."""
    if text.startswith(("argmax", "sum", "count")):
        return np.zeros(())
    return np.zeros((1,) * np.ndim(value)) if text.startswith("prod") else np.asarray(value, float)


BREAKS = (  # of an operand of rank r: (least rank, text)
    (0, "stack([{a}, {a}], axis=-1) + ones(shape=[97])"), (0, "concat([{a}, {a}], axis=7)"), (1, "sum({a}, axis=5)"),
    (1, "{a} @ ones(shape=[53, 2])"), (0, "reshape({a}, shape=[89])"), (1, "expand_dims({a}, axis=9)"),
    (0, "permute_dims({a}, axes=[0, 1, 2, 3])"), (0, "where({a} * 0.5, 1, 2)"),
    (0, "broadcast_to(stack([{a}, {a}], axis=-1), shape=[71])"), (1, "stack([{a}, expand_dims({a}, axis=0)], axis=0)"),
    (0, "inv(ones(shape=[2, 3]) + {a} * 0)"), (1, "take({a}, {a} * 0.5, axis=0)"),
    (0, "squeeze({a} + ones(shape=[61]), axis=0)"),
)  # fmt: skip


def break_graph(drawn: Drawn, seed: int) -> tuple[str, int]:
    """The document with a wrong node among its nodes, and the line of that node."""
    rng = np.random.default_rng(seed)
    while True:
        name = list(drawn.shapes)[rng.integers(len(drawn.shapes))]
        rank, text = BREAKS[rng.integers(len(BREAKS))]
        if len(drawn.shapes[name]) >= rank:
            break
    place = int(rng.integers(len(drawn.nodes) + 1))
    entries = list(drawn.nodes.items())
    entries.insert(place, ("wrong", text.format(a=name)))
    after = f"wrong_{seed}"
    entries.append((after, "wrong * 2"))  # what rests on it is no further problem
    return drawn._replace(nodes=dict(entries)).text(), 3 + len(drawn.inputs) + 1 + place + 1
