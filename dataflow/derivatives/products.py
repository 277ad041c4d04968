"""What is asked of derivatives, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dataflow.derivatives.knowledge import learn_types, type_of
from dataflow.derivatives.recipes import Product, Recipe
from dataflow.sweeps.plan import keep_needed
from dataflow.sweeps.threads import single_threaded

if TYPE_CHECKING:
    from dataflow.graph import Derivative, Graph
    from dataflow.registry import Operators

MAX_RECIPES = 16  # that a graph remembers


def compute_derivatives(
    graph: Graph, operators: Operators, values: Mapping[str, Any], asked: Mapping[str, Derivative]
) -> dict[str, Product]:
    """Every derivative that is asked for, by name, at the given values (arrays or numbers, by name).

    A graph remembers how it was differentiated for values of the same types: again at others it is only computed.

    Raises `GraphError` for a rule that cannot be recorded on symbols and for targets without a derivative,
    `ResourceError` for a matrix that does not fit into memory.
    """
    with single_threaded():
        return _compute(graph, operators, values, asked)


def _compute(
    graph: Graph, operators: Operators, values: Mapping[str, Any], asked: Mapping[str, Derivative]
) -> dict[str, Product]:
    types = tuple([(name, type_of(value)) for name, value in values.items()])
    found: dict[str, Product] = {}
    for name, request in asked.items():
        key = (id(operators), types, name, request.kind, request.of, request.wrt, tuple(request.along), request.sparse)
        recipe = graph.recall(key)
        if recipe is None:
            asked_in = (*request.of, *request.wrt, *request.along)
            known = learn_types(graph, operators, values, keep_needed(graph, asked_in))
            recipe = Recipe(graph, operators, known, request, name, values)
            if recipe.reusable:
                graph.remember(key, recipe, MAX_RECIPES)
        found[name] = recipe.apply(values, request)
    return found
