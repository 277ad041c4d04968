"""The types of all values of a graph at given values: inferred, or seen where only running tells."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.errors import GraphError
from dataflow.graph import EMPTY
from dataflow.shapes import ArrayType
from dataflow.sizes import Length, SymbolicSize, solve
from dataflow.sweeps.arrays import ArraySweeps
from dataflow.sweeps.plan import make_plan
from dataflow.typecheck import Inferred, infer_types

if TYPE_CHECKING:
    from dataflow.graph import Graph
    from dataflow.registry import Operators


class Known(NamedTuple):
    """What is known of a graph at given values: its types, and the lengths that depend on values."""

    inferred: Inferred
    lengths: Mapping[str, Length] = EMPTY


def type_of(value: Any) -> ArrayType:
    """The type of a value that is there.

    >>> type_of(1.5), type_of(np.ones((2, 3), "float32"))
    (float64, float32[2, 3])
    """
    return ArrayType(np.asarray(value).dtype.name, tuple(np.shape(value)))


def learn_types(graph: Graph, operators: Operators, values: Mapping[str, Any], needed: Collection[str]) -> Known:
    """The types of a graph at given values, of which only those need be there on which the nodes `needed` rest.

    Raises `GraphError` for what does not fit.
    """
    types = {name: type_of(value) for name, value in values.items()}
    inferred = infer_types(graph, operators, types)
    found = [item for item in inferred.found if str(item.path[1]) in needed]
    if found:
        raise GraphError(found)
    names = [out for name in graph.order if name in needed for out in graph.nodes[name].outputs or (name,)]
    known = [inferred.types.get(name) for name in names]
    if all(type is not None and all(isinstance(length, int) for length in type.shape) for type in known):
        return Known(inferred)
    return _run(graph, operators, values, inferred, names)


def _run(
    graph: Graph, operators: Operators, values: Mapping[str, Any], inferred: Inferred, names: Collection[str]
) -> Known:
    plan = make_plan(graph, operators, target=None, only=names)._replace(scalar=False)
    slots: list[Any] = [None] * (len(plan.names) + 1)
    for slot, number in plan.constants.items():
        slots[slot] = np.dtype(graph.dtype).type(number) if plan.names[slot] and isinstance(number, float) else number
    for name, value in values.items():
        if name in plan.slots:
            slots[plan.slots[name]] = np.asarray(value)[()]
    ArraySweeps(plan, operators).forward(slots)
    seen = {name: type_of(value) for name, value in values.items()}
    seen |= {name: type_of(slots[slot]) for slot, name in enumerate(plan.names) if name and slots[slot] is not None}
    lengths: dict[str, Length] = {}
    for name, type in inferred.types.items():
        for expected, length in zip(type.shape, seen[name].shape if name in seen else (), strict=False):
            if isinstance(expected, SymbolicSize) and (solved := solve(expected, length)) is not None:
                lengths[solved[0]] = solved[1]
    return Known(Inferred(seen, {}, [], []), lengths)
