"""Graphs of one operator, weighed so that the target is one number: what derivations of operators are tried on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from dataflow import Graph, Input, Node, Operator, Operators
from dataflow.proof.cases import make_cases
from dataflow.tracing.inference import UnstatedShapeError


class OneNode(NamedTuple):
    """A graph `J = sum of w * op(x0, x1, ...)`, over all outputs, with the values of its inputs."""

    graph: Graph
    values: dict[str, Any]
    wrt: list[str]
    case: Any


def make_graphs(operator: Operator, operators: Operators, seed: int, kinds: tuple[str, ...]) -> Iterator[OneNode]:
    """A graph for each case of the proof that is of one of these kinds and has a value and a slope."""
    rng = np.random.default_rng(seed)
    for case in make_cases(operator, seed):
        if case.kind not in kinds:
            continue
        names = [None if item is None else f"x{index}" for index, item in enumerate(case.inputs)]
        values = {name: np.asarray(item) for name, item in zip(names, case.inputs, strict=True) if name is not None}
        given = {
            name: Input(dtype=value.dtype.name, differentiable=value.dtype.kind == "f")
            for name, value in values.items()
        }
        try:
            outputs = count_outputs(operator, operators, list(case.inputs), case.attributes)
        except (ValueError, TypeError, IndexError, UnstatedShapeError):
            continue
        nodes = {
            "z": Node(
                operator.name,
                tuple(names),
                case.attributes,
                tuple(name for name, _ in outputs) if operator.outputs else (),
            )
        }
        parts = []
        for name, shape in outputs:
            weight = f"w_{name}"
            values[weight] = rng.normal(size=shape)
            given[weight] = Input(dtype="float64", differentiable=False)
            nodes[f"p_{name}"] = Node("multiply", (weight, name))
            nodes[f"s_{name}"] = Node("sum", (f"p_{name}",))
            parts.append(f"s_{name}")
        nodes["a_0"] = Node("identity", (parts[0],)) if parts else Node("identity", (0,))
        for index, part in enumerate(parts[1:], 1):
            nodes[f"a_{index}"] = Node("add", (f"a_{index - 1}", part))
        nodes["J"] = Node("identity", (f"a_{max(len(parts) - 1, 0)}",))
        passing = [item.name in operator.differentiable for item in operator.inputs]
        wrt = [
            name
            for index, name in enumerate(names)
            if name is not None and given[name].differentiable and passing[min(index, len(passing) - 1)]
        ]
        yield OneNode(Graph(inputs=given, nodes=nodes, target="J", operators=operators), values, wrt, case)


def count_outputs(
    operator: Operator, operators: Operators, inputs: list[Any], attributes: Any
) -> list[tuple[str, Any]]:
    """The names and shapes of the float outputs."""
    from dataflow.arrays import numpy_arrays
    from dataflow.library import Library
    from dataflow.sweeps.arrays import quiet
    from dataflow.sweeps.conversion import convert
    from dataflow.sweeps.plan import Step

    filled = {item.name: attributes.get(item.name, item.default) for item in operator.attributes}
    step = Step(operator.name, operator, (), (), filled, ())
    seen = convert(step, [item if item is None else np.asarray(item)[()] for item in inputs], np.dtype("float64"))
    with quiet():
        found = operator.forward(Library(operators, numpy_arrays), *seen, **filled)
    parts = found if operator.outputs else [found]
    names = [f"z{index}" for index in range(len(parts))] if operator.outputs else ["z"]
    return [(name, np.shape(part)) for name, part in zip(names, parts, strict=True)]
