"""What values and their gradients are called: parts of expressions `s1`, `s2`, ..., the gradient of `v` `dv`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from dataflow.errors import Diagnostic, UsageError, propose
from dataflow.graph import HIDDEN

if TYPE_CHECKING:
    from dataflow.graph import Graph


class Names(NamedTuple):
    """By name in the graph what a value and its gradient are called."""

    shown: Mapping[str, str]
    gradients: Mapping[str, str]

    def find(self, graph: Graph, name: str) -> str:
        """The name in the graph of a value that is asked for: by that, by how it is shown, or by its gradient's name.

        Raises `UsageError` if there is none.

        >>> from dataflow.document import loads
        >>> graph = loads("{dataflow: 1, inputs: {a: 1}, nodes: {y: 2 * exp(a)}, target: y}")
        >>> names = name_values(graph, "y")
        >>> [names.find(graph, name) for name in ("a", "s1", "ds1", "dy/da")]
        ['a', 'y#1', 'y#1', 'a']
        """
        if name in self.shown:
            return name
        label = name.rpartition("/")[2]
        for known, wanted in ((self.shown, name), (self.gradients, label)):
            for item, called in known.items():
                if called == wanted:
                    return item
        message = f"`{name}` is not a value of this graph"
        raise UsageError(Diagnostic("DF0905", message, hint=propose(name, graph.names())))


def name_values(graph: Graph, target: str | None) -> Names:
    """The names of all values. A gradient is `dJ_dv` where the graph has a `dv` of its own.

    >>> from dataflow.document import loads
    >>> name_values(loads("{dataflow: 1, inputs: {a: 1, s1: 2}, nodes: {y: 2 * exp(a)}, target: y}"), "y")[0]["y#1"]
    's2'
    """
    shown: dict[str, str] = {}
    taken = {*graph.given, *graph.nodes, *graph.producers()}
    number = 0
    for name in [*graph.given, *(out for node in graph.order for out in graph.nodes[node].outputs or (node,))]:
        shown[name] = name
        if HIDDEN in name:
            number += 1
            while (label := f"s{number}") in taken:
                number += 1
            shown[name] = label
    taken |= set(shown.values())
    gradients: dict[str, str] = {}
    for name, called in shown.items():
        label = f"d{called}"
        if label in taken:
            label = f"d{target}_d{called}"
        while label in taken:
            label += "_"
        taken.add(label)
        gradients[name] = label
    return Names(shown, gradients)
