"""The types of all values of a graph at given values: inferred, or seen where only running tells."""

from __future__ import annotations

from collections.abc import Mapping
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


def learn_types(graph: Graph, operators: Operators, values: Mapping[str, Any]) -> Known:
    """The types of a graph at given values. Raises `GraphError` for what does not fit."""
    types = {name: type_of(value) for name, value in values.items()}
    inferred = infer_types(graph, operators, types)
    if inferred.found:
        raise GraphError(inferred.found)
    definite = all(isinstance(length, int) for type in inferred.types.values() for length in type.shape)
    if definite and not inferred.unknown:
        return Known(inferred)
    return _run(graph, operators, values, inferred)


def _run(graph: Graph, operators: Operators, values: Mapping[str, Any], inferred: Inferred) -> Known:
    plan = make_plan(graph, operators, target=None)._replace(scalar=False)
    slots: list[Any] = [None] * (len(plan.names) + 1)
    for slot, number in plan.constants.items():
        slots[slot] = np.dtype(graph.dtype).type(number) if plan.names[slot] and isinstance(number, float) else number
    for name, value in values.items():
        slots[plan.slots[name]] = np.asarray(value)[()]
    ArraySweeps(plan, operators).forward(slots)
    seen = {name: type_of(slots[slot]) for slot, name in enumerate(plan.names) if name and slots[slot] is not None}
    lengths: dict[str, Length] = {}
    for name, type in inferred.types.items():
        for expected, length in zip(type.shape, seen[name].shape if name in seen else (), strict=False):
            if isinstance(expected, SymbolicSize) and (solved := solve(expected, length)) is not None:
                lengths[solved[0]] = solved[1]
    return Known(Inferred(seen, {}, [], []), lengths)
