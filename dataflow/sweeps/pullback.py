"""One operator swept forward and back by the engine, without a graph around it: what a proof looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.graph import Graph, Input, Node
from dataflow.operators import VARIADIC_OUTPUTS
from dataflow.sweeps.arrays import ArraySweeps, Values
from dataflow.sweeps.masks import reverse_with_masks
from dataflow.sweeps.plan import make_plan

if TYPE_CHECKING:
    from dataflow.operators import Operator
    from dataflow.registry import Operators


class Pullback(NamedTuple):
    """The output of an operator (a tuple if it has several) and the cotangent of each operand, or None."""

    value: Any
    cotangents: tuple[Any, ...]


def pull_back(
    operator: Operator,
    operators: Operators,
    inputs: Sequence[Any],
    attributes: Mapping[str, Any],
    g: Any,
    *,
    masked: bool = False,
) -> Pullback:
    """The value of an operator at `inputs`, and the cotangent `g` of its output carried back to each of them.

    `inputs` are arrays, or None for an optional one that is not given; `g` has the shape of the output, and is a tuple
    where there are several. The operator need not be in the table. `masked` carries what was not taken from the
    start. Raises what the engine raises: `GraphError` and `OperatorError`.

    >>> import numpy as np
    >>> from dataflow.registry import standard
    >>> table = standard()
    >>> found = pull_back(table["multiply"], table, [np.array([1.0, 2.0]), np.array(3.0)], {}, np.array([1.0, 10.0]))
    >>> found.value.tolist(), [item.tolist() for item in found.cotangents]
    ([3.0, 6.0], [[3.0, 30.0], 21.0])
    """
    operators = operators.replaced(operator)
    count = len(g) if operator.outputs == VARIADIC_OUTPUTS else len(operator.outputs)
    outputs = tuple(f"z{index}" for index in range(count))
    names = [None if item is None else f"x{index}" for index, item in enumerate(inputs)]
    given = {
        name: Input(dtype=item.dtype.name, differentiable=item.dtype.kind == "f")
        for name, item in zip(names, inputs, strict=True)
        if name is not None
    }
    widest = max((entry.dtype or "" for entry in given.values() if entry.differentiable), default="float64")
    graph = Graph(inputs=given, nodes={"z": Node(operator.name, tuple(names), attributes, outputs)}, dtype=widest)
    targets = outputs or ("z",)
    plan = make_plan(graph, operators, target=targets)._replace(scalar=False)
    sweeps = ArraySweeps(plan, operators)
    values: Values = [None] * (len(plan.names) + 1)
    for name, item in zip(names, inputs, strict=True):
        if name is not None:
            values[plan.slots[name]] = item
    sweeps.forward(values)
    slots = [plan.slots[name] for name in targets]
    cotangents: Values = [None] * len(values)
    for slot, part in zip(slots, g if outputs else (g,), strict=True):
        cotangents[slot] = part if plan.wanted[slot] and values[slot].dtype.kind == "f" else None
    if masked:
        reverse_with_masks(sweeps, values, cotangents)
    else:
        sweeps.reverse(values, cotangents)
    parts = tuple([values[slot] for slot in slots])
    found = tuple([None if name is None else cotangents[plan.slots[name]] for name in names])
    return Pullback(parts if outputs else parts[0], found)
