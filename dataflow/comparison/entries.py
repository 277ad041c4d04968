"""A graph as entries to compare: what stands under each name, in one form for every spelling, and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from dataflow.document.derivatives import spell_derivative
from dataflow.document.writer import unparse
from dataflow.entries import derivative_as_data
from dataflow.errors import KEY, Diagnostic, Path
from dataflow.graph import EMPTY, HIDDEN, Graph, Input, Node, owner_of, without_nonfinite
from dataflow.registry import standard

TOP = ("name", "description", "dtype")
GIVEN = ("inputs", "parameters")


class Entry(NamedTuple):
    """What stands under one name: its section (empty: at the top of the graph), its fields, its place if it is known.

    A node has the fields `equation` and, if it has several results, `outputs`; an input or parameter those of the file.
    """

    section: str
    name: str
    fields: Mapping[str, Any]
    line: int | None = None
    column: int | None = None

    def as_data(self) -> dict[str, Any]:
        """What is known, as a mapping that JSON can hold."""
        place = {key: value for key, value in (("line", self.line), ("column", self.column)) if value is not None}
        return {"section": self.section, "name": self.name, **place, **without_nonfinite(self.fields)}


class Entries:
    """The entries of a graph, by name, in the order of the document.

    `parts` holds for each node its operations by name, hidden ones first; `names` is all that is taken as a name.
    """

    __slots__ = ("encode", "given", "graph", "names", "parts", "sections")

    def __init__(self, graph: Graph) -> None:
        from json.encoder import JSONEncoder

        self.graph = graph
        self.given = graph.given
        self.parts = _group_parts(graph.nodes)
        self.names = {*self.given, *self.parts, *graph.producers()}
        self.sections = {name: section for section in GIVEN for name in getattr(graph, section)}
        self.sections |= dict.fromkeys(self.parts, "nodes")
        self.encode: Callable[[Any], str] = JSONEncoder(
            ensure_ascii=False, check_circular=False, separators=(",", ":"), sort_keys=True
        ).encode

    def key(self, name: str, renames: Mapping[str, str] = EMPTY) -> str:
        """What an entry says, but for its description, its outputs and its own name. Equal keys: the same meaning.

        `renames` gives the names of another graph in place of this one's.
        """
        if name not in self.parts:
            return self.encode([self.sections[name], list_fields(self.given[name])])
        return self.encode(
            [
                [own, node.op, [_rename(item, name, renames) for item in node.inputs], dict(node.attributes)]
                for own, node in self.list_parts(name)
            ]
        )

    def list_parts(self, name: str) -> list[tuple[str, Node]]:
        """The operations of a node, each with its name but for that of the node itself: ``#1``, ..., an empty text."""
        return [(part[len(name) :], node) for part, node in self.parts[name].items()]

    def has_same_parts(self, other: Entries, name: str) -> bool:
        """Whether a node is the very same in both graphs: a quick answer, for most nodes of most graphs."""
        before, after = self.parts[name], other.parts[name]
        if before != after:
            return False
        for first, second in zip(before.values(), after.values(), strict=True):
            if first.attributes and self.encode(dict(first.attributes)) != self.encode(dict(second.attributes)):
                return False
            for left, right in zip(first.inputs, second.inputs, strict=True):  # of equal ones: 3 is not 3.0, nor 0 -0
                if type(left) is not str and (type(left) is not type(right) or str(left) != str(right)):
                    return False
        return True

    def outputs(self, name: str) -> tuple[str, ...]:
        """The names of a node's results if it has several."""
        node = self.graph.nodes.get(name)
        return () if node is None else tuple(node.outputs)

    def description(self, name: str) -> str:
        """The description of an entry, or an empty text."""
        entry = self.given[name] if name in self.given else self.graph.nodes[name]
        return entry.description

    def describe(self, name: str, *, descriptions: bool = False) -> Entry:
        """The entry as data, with its place."""
        section = self.sections[name]
        fields = list_fields(self.given[name]) if name in self.given else self._list_node_fields(name)
        if descriptions and (description := self.description(name)):
            fields["description"] = description
        return Entry(section, name, fields, *find_place(self.graph, (section, name)))

    def _list_node_fields(self, name: str) -> dict[str, Any]:
        operators = self.graph.operators or standard()
        fields: dict[str, Any] = {"equation": unparse(self.graph.nodes[name], self.parts[name], operators)}
        return {**fields, "outputs": self.outputs(name)} if self.outputs(name) else fields

    def derivative_key(self, name: str, renames: Mapping[str, str] = EMPTY) -> str:
        """What a derivative says, but for its description and its own name; `renames` as for `key`."""
        value = self.graph.derivatives[name]
        of, wrt = (tuple(renames.get(item, item) for item in items) for items in (value.of, value.wrt))
        along = {renames.get(item, item): direction for item, direction in value.along.items()}
        return self.encode(derivative_as_data(value._replace(of=of, wrt=wrt, along=along)))

    def describe_derivative(self, name: str, *, descriptions: bool = False) -> Entry:
        """A derivative that the graph asks for, with its place."""
        fields = spell_derivative(self.graph.derivatives[name])
        if not descriptions:
            fields.pop("description", None)
        return Entry("derivatives", name, fields, *find_place(self.graph, ("derivatives", name)))

    def sort_names(self) -> list[str]:
        """All names, each after those it needs. Raises `GraphError` for a graph that has a cycle."""
        return [*self.given, *(name for name in self.graph.order if name in self.parts)]


def list_fields(entry: Input) -> dict[str, Any]:
    """The fields of an input or parameter that are given, under their names in the file, without the description.

    >>> list_fields(Input(source="a.csv", columns="age"))
    {'source': 'a.csv', 'column': 'age'}
    """
    fields = {
        "value": entry.value, "source": entry.source, "shape": entry.shape, "dtype": entry.dtype,
        "column" if isinstance(entry.columns, str) else "columns": entry.columns,
        "differentiable": entry.differentiable,
    }  # fmt: skip
    return {key: value for key, value in fields.items() if value is not None}


def list_top(graph: Graph, *, descriptions: bool = False) -> dict[tuple[str, str], str]:
    """What stands at the top of a graph before its inputs, by section and name; what is not given is left out.

    >>> list_top(Graph(name="lecture", requires={"my_ops": ">=1"}))
    {('', 'name'): 'lecture', ('', 'dtype'): 'float64', ('requires', 'my_ops'): '>=1'}
    """
    top = {("", key): getattr(graph, key) for key in TOP if key != "description" or descriptions}
    return {key: value for key, value in top.items() if value} | {
        ("requires", name): versions for name, versions in graph.requires.items()
    }


def describe_top(graph: Graph, section: str, name: str, value: str) -> Entry:
    """An entry at the top of a graph; a dtype that is the usual one may not be written there."""
    path = (section, name) if section else (name,)
    place = () if (name, value) == ("dtype", "float64") else find_place(graph, path)
    return Entry(section, name, {"value": value}, *place)


def find_place(graph: Graph, path: Path) -> tuple[int | None, int | None]:
    """Line and column of a name in the text of a graph, as far as there is one."""
    if graph.source is None:
        return None, None
    found = graph.source.locate(Diagnostic("DF0000", "", (*path, KEY)))
    return found.line, found.column


def _group_parts(nodes: Mapping[str, Node]) -> dict[str, dict[str, Node]]:
    """Every node with what its expression introduced."""
    grouped: dict[str, dict[str, Node]] = {}
    for name, node in nodes.items():
        owner = owner_of(name) if HIDDEN in name else name
        grouped.setdefault(owner if owner in nodes else name, {})[name] = node
    return grouped


def _rename(item: Any, owner: str, renames: Mapping[str, str]) -> Any:
    """An operand: what is hidden without its owner's name, any other name as `renames` has it."""
    if type(item) is not str:
        return item
    if HIDDEN in item and item.startswith(owner + HIDDEN):
        return item[len(owner) :]
    return renames.get(item, item)


def list_operands(parts: Sequence[tuple[str, Node]], owner: str) -> list[Any]:
    """All operands of an expression in order, what is hidden without its owner's name."""
    return [_rename(item, owner, EMPTY) for _, node in parts for item in node.inputs]
