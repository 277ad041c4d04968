"""Everything that can be said against a graph before it runs: shapes, dtypes, memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from dataflow.graph import EMPTY, Graph
from dataflow.shapes import ArrayType
from dataflow.sizes import Length
from dataflow.typecheck.inference import Inferred, infer_types, type_of_entry
from dataflow.typecheck.memory import check_memory

if TYPE_CHECKING:
    from dataflow.registry import Operators

MAX_SCALARS = 20_000  # nodes of a graph of single numbers that is looked at: there is little to find


def check_types(
    graph: Graph,
    operators: Operators,
    given: Mapping[str, ArrayType] | None = None,
    lengths: Mapping[str, Length] = EMPTY,
    among: Collection[str] | None = None,
) -> Inferred:
    """What is known of a sound graph before it runs, and all that does not fit, too little memory included.

    given, lengths: as for `infer_types`; `among`: the nodes that are computed, if these are not all.

    >>> from dataflow.graph import Node
    >>> from dataflow.registry import standard
    >>> graph = Graph(inputs={"a": [1, 2], "b": [1, 2, 3]}, nodes={"y": Node("add", ("a", "b"))})
    >>> check_types(graph, standard()).found[0].message
    'shapes [2] and [3] do not fit `add`'
    """
    if len(graph.nodes) > MAX_SCALARS and _is_scalar(graph, operators):
        return Inferred({}, {}, [], [])
    inferred = infer_types(graph, operators, given, lengths)
    if among is not None:
        inferred = inferred._replace(found=[item for item in inferred.found if str(item.path[1]) in among])
    if graph.derivatives:
        from dataflow.typecheck.derivatives import check_derivative_types

        for name, item in graph.derivatives.items():
            inferred.found.extend(check_derivative_types(name, item, inferred.types))
    problem = None if inferred.found else check_memory(graph, operators, inferred.types, among)
    return inferred if problem is None else inferred._replace(found=[problem])


def _is_scalar(graph: Graph, operators: Operators) -> bool:
    """Whether every value is one number of the graph's dtype."""
    plain = all(type_of_entry(entry, graph.dtype) == (graph.dtype, ()) for entry in graph.given.values())
    return plain and all(operators[op].broadcasts for op in {node.op for node in graph.nodes.values()})
