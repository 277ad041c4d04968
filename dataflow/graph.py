"""A graph as frozen data: inputs, parameters, nodes, a target, derivatives, in the order of the document.

Knows no YAML, no arrays and no operators. A node names its operator and its operands; an operand is the
name of a value or a number. What an expression introduces is a hidden node: it belongs to the node whose
expression it stands in and is called ``owner#1``, ``owner#2``, ... in the order of evaluation.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Self

from dataflow.entries import (
    DTYPES,
    EMPTY,
    MAX_NESTING,
    NONFINITE,
    Derivative,
    Input,
    Node,
    Operand,
    Size,
    derivative_as_data,
    freeze_derivative,
    freeze_input,
    input_as_data,
    without_nonfinite,
)  # fmt: skip
from dataflow.errors import Diagnostic, GraphError, Path
from dataflow.order import sort_needs

HIDDEN = "#"
FORMAT = 1

__all__ = [
    "DTYPES", "EMPTY", "FORMAT", "HIDDEN", "MAX_NESTING", "NONFINITE", "Derivative", "Graph", "Input", "Node",
    "Operand", "Size", "blame_node", "freeze_derivative", "freeze_input", "owner_of", "sort_nodes",
    "without_nonfinite",
]  # fmt: skip


class Graph:
    """A computation graph. Equal graphs have equal digests, whatever their spelling and descriptions.

    `source` is where its text came from (for diagnostics), `operators` the table that gives its operators
    (None: the standard one); neither is part of what the graph is. Nothing is checked here; `execute` does.

    >>> graph = Graph(inputs={"a": 5, "b": 3, "c": 2}, target="J", nodes={
    ...     "u": Node("multiply", ("b", "c")), "v": Node("add", ("a", "u")), "J": Node("multiply", (3, "v"))})
    >>> list(graph.nodes), graph.inputs["a"].value, graph.digest[:15]
    (['u', 'v', 'J'], 5.0, 'sha256:d00fea50')
    """

    __slots__ = (
        "_order", "_remembered", "_sound_under",
        "derivatives", "description", "dtype", "inputs", "name", "nodes", "operators", "parameters", "requires",
        "source", "target",
    )  # fmt: skip

    derivatives: Mapping[str, Derivative]
    description: str
    dtype: str
    inputs: Mapping[str, Input]
    name: str
    nodes: Mapping[str, Node]
    operators: Any
    parameters: Mapping[str, Input]
    requires: Mapping[str, str]
    source: Any
    target: str | None
    _order: Sequence[str] | None
    _remembered: dict[Any, Any]
    _sound_under: Mapping[str, Any] | None

    def __init__(
        self,
        *,
        inputs: Mapping[str, Any] = EMPTY,
        parameters: Mapping[str, Any] = EMPTY,
        nodes: Mapping[str, Node] = EMPTY,
        target: str | None = None,
        name: str = "",
        description: str = "",
        dtype: str = "float64",
        requires: Mapping[str, str] = EMPTY,
        derivatives: Mapping[str, Derivative] = EMPTY,
        source: Any = None,
        operators: Any = None,
    ) -> None:
        fields = {
            "name": name, "description": description, "dtype": dtype, "target": target, "source": source,
            "operators": operators, "_order": None, "_remembered": {}, "_sound_under": None,
            "requires": MappingProxyType(dict(requires)),
            "derivatives": MappingProxyType({key: freeze_derivative(value) for key, value in derivatives.items()}),
            "nodes": MappingProxyType(dict(nodes)),
            "inputs": MappingProxyType({key: freeze_input(value) for key, value in inputs.items()}),
            "parameters": MappingProxyType({key: freeze_input(value) for key, value in parameters.items()}),
        }  # fmt: skip
        for key, value in fields.items():
            object.__setattr__(self, key, value)

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"a Graph is frozen: `{key}` cannot be set; use graph.replace({key}=...)")

    def replace(self, **changes: Any) -> Self:
        """The same graph with some fields changed.

        >>> Graph(target="J").replace(target="u").target
        'u'
        """
        return type(self)(**{key: getattr(self, key) for key in self.__slots__ if key[0] != "_"} | changes)

    def __eq__(self, other: object) -> bool:
        return self.canonical() == other.canonical() if isinstance(other, Graph) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.canonical())

    def __repr__(self) -> str:
        label = f"{self.name}: " if self.name else ""
        return f"<Graph {label}{len(self.inputs)} inputs, {len(self.parameters)} parameters, {len(self.nodes)} nodes>"

    @property
    def given(self) -> Mapping[str, Input]:
        """Inputs and parameters together, in the order of the document."""
        return {**self.inputs, **self.parameters}

    @property
    def order(self) -> Sequence[str]:
        """The names of the nodes as `sort_nodes` gives them, computed once. Raises `GraphError` for a cycle."""
        if self._order is None:
            object.__setattr__(self, "_order", tuple(sort_nodes(self)))
        return self._order  # type: ignore[return-value]

    def is_sound(self, operators: Mapping[str, Any]) -> bool:
        """Whether the graph was checked against this very table and nothing was wrong."""
        return self._sound_under is operators

    def note_sound(self, operators: Mapping[str, Any]) -> None:
        """Remember that nothing is wrong under this table, so that a graph is checked once."""
        object.__setattr__(self, "_sound_under", operators)

    def recall(self, key: Any) -> Any:
        """What was remembered under a key, or None."""
        return self._remembered.get(key)

    def remember(self, key: Any, made: Any, most: int) -> None:
        """Remember what was derived from the graph; of more than `most` things the first are forgotten."""
        self._remembered[key] = made
        for old in list(self._remembered)[:-most]:
            self._remembered.pop(old, None)

    def path_of(self, name: str) -> Path:
        """Where a value stands in the document.

        >>> Graph(inputs={"a": 1}).path_of("a"), Graph().path_of("u")
        (('inputs', 'a'), ('nodes', 'u'))
        """
        if name in self.inputs:
            return "inputs", name
        if name in self.parameters:
            return "parameters", name
        return "nodes", self.producers().get(name, name)

    def producers(self) -> dict[str, str]:
        """Which node makes a value, for every value that does not bear its node's own name."""
        return {output: name for name, node in self.nodes.items() for output in node.outputs}

    def names(self, *, hidden: bool = False) -> Iterator[str]:
        """The names of all values: inputs, parameters, then nodes, in the order of the document."""
        yield from self.inputs
        yield from self.parameters
        for name, node in self.nodes.items():
            if node.outputs:
                yield from node.outputs
            elif hidden or HIDDEN not in name:
                yield name

    def canonical(self) -> str:
        """The desugared graph as one line of JSON, without descriptions and spelling; order is part of a graph."""
        from json import dumps

        data: dict[str, Any] = {
            "dataflow": FORMAT,
            "name": self.name,
            "dtype": self.dtype,
            "inputs": {key: input_as_data(value) for key, value in self.inputs.items()},
            "parameters": {key: input_as_data(value) for key, value in self.parameters.items()},
            "nodes": {
                key: [node.op, node.inputs, dict(sorted(node.attributes.items())), node.outputs]
                if node.attributes or node.outputs else [node.op, node.inputs]
                for key, node in self.nodes.items()
            },
            "target": self.target,
            "requires": dict(self.requires),
        }  # fmt: skip
        if self.derivatives:
            data["derivatives"] = {key: derivative_as_data(value) for key, value in self.derivatives.items()}
        try:
            return dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)
        except ValueError:  # a number that is not finite: rare, and worth a second pass
            return dumps(without_nonfinite(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        from hashlib import sha256

        return "sha256:" + sha256(self.canonical().encode()).hexdigest()

    def dump(self) -> str:
        """The graph as YAML text; loading it gives the same graph."""
        from dataflow.document import dump

        return dump(self)


def owner_of(name: str) -> str:
    """The named node to which a node belongs: itself, or the one whose expression introduced it.

    >>> owner_of("J#1"), owner_of("J")
    ('J', 'J')
    """
    return name.partition(HIDDEN)[0]


def blame_node(
    name: str, code: str, message: str, *place: str | int,
    found: str | None = None, expected: str | None = None, hint: str | None = None,
) -> Diagnostic:  # fmt: skip
    """A diagnostic about a node, or about what stands at a place within it.

    >>> blame_node("J#1", "DF0402", "`add` takes 2 inputs, got 1", "inputs")[2:3], blame_node("J#1", "", "").node
    ((('nodes', 'J#1', 'inputs'),), 'J')
    """
    path = ("nodes", name, *place)
    return Diagnostic(code, message, path, node=owner_of(name), found=found, expected=expected, hint=hint)


def sort_nodes(graph: Graph) -> list[str]:
    """The names of the nodes, each after those it needs, else in the order of the document.

    Raises `GraphError` that names every cycle, up to `MAX_CYCLES` of them.

    >>> sort_nodes(Graph(inputs={"a": 1}, nodes={"z": Node("exp", ("y",)), "y": Node("exp", ("a",))}))
    ['y', 'z']
    """
    given = graph.given
    producers = {output: name for output, name in graph.producers().items() if output not in given}
    order, cycles = sort_needs(graph.nodes, producers)
    if cycles:
        raise GraphError(dict.fromkeys(_describe_cycle(graph, cycle) for cycle in cycles))
    return order


def _describe_cycle(graph: Graph, cycle: list[str]) -> Diagnostic:
    """One diagnostic a cycle, begun at the member that stands first in the document."""
    members = set(cycle)
    first = cycle.index(next(name for name in graph.nodes if name in members))
    turned = cycle[first:] + cycle[:first]
    named = list(dict.fromkeys(map(owner_of, turned)))
    shown = [*named, named[0]]
    if len(shown) > 12:
        shown = [*shown[:6], f"... ({len(shown) - 10} more)", *shown[-4:]]
    return Diagnostic(
        "DF0220", f"`{named[0]}` needs its own value: {' -> '.join(shown)}", ("nodes", named[0]), node=named[0],
        hint="read `->` as \"needs\"; break the cycle by giving one of them another operand",
    )  # fmt: skip
