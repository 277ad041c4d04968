"""A graph as frozen data: inputs, parameters, nodes and a target, in the order of the document.

Knows no YAML, no arrays and no operators. A node names its operator and its operands; an operand is the
name of a value or a number. What an expression introduces is a hidden node: it belongs to the node whose
expression it stands in and is called ``owner#1``, ``owner#2``, ... in the order of evaluation.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import inf, nan
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from dataflow.errors import Diagnostic, GraphError, Path
from dataflow.order import sort_needs

Operand = str | int | float | None  # None: an optional input that is not given
Size = int | str

DTYPES = ("float64", "float32", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool")
EMPTY: Mapping[str, Any] = MappingProxyType({})
HIDDEN = "#"
MAX_NESTING = 64  # of lists in a value, as of axes in an array of NumPy
FORMAT = 1
NONFINITE: Mapping[str, float] = MappingProxyType({"NaN": nan, "Infinity": inf, "-Infinity": -inf})


class Input(NamedTuple):
    """A value given from outside: a number or nested tuples of numbers, or a file that holds it.

    `shape` may name symbolic sizes (`rows`), and compute with them (`2*hidden`), as text; `dtype` is None where it is the graph's. `differentiable` is None
    where nothing is said: then data from a file is not differentiated, and a value in the text is.

    >>> Input(shape=("rows", 2), source="patients.csv", columns=("age", "weight")).dtype is None
    True
    """

    value: Any = None
    source: str | None = None
    shape: tuple[Size, ...] | None = None
    dtype: str | None = None
    columns: str | tuple[str, ...] | None = None
    differentiable: bool | None = None
    description: str = ""


class Node(NamedTuple):
    """An operator applied to operands. `outputs` names the results of an operator that has several.

    >>> Node("multiply", ("b", "c"))
    Node(op='multiply', inputs=('b', 'c'), attributes=mappingproxy({}), outputs=(), description='')
    """

    op: str
    inputs: tuple[Operand, ...]
    attributes: Mapping[str, Any] = EMPTY
    outputs: tuple[str, ...] = ()
    description: str = ""


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
        "_order", "_sound_under",
        "description", "dtype", "inputs", "name", "nodes", "operators", "parameters", "requires", "source", "target",
    )  # fmt: skip

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
        source: Any = None,
        operators: Any = None,
    ) -> None:
        fields = {
            "name": name, "description": description, "dtype": dtype, "target": target, "source": source,
            "operators": operators, "_order": None, "_sound_under": None,
            "requires": MappingProxyType(dict(requires)),
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

        data = {
            "dataflow": FORMAT,
            "name": self.name,
            "dtype": self.dtype,
            "inputs": {key: _input_as_data(value) for key, value in self.inputs.items()},
            "parameters": {key: _input_as_data(value) for key, value in self.parameters.items()},
            "nodes": {
                key: [node.op, node.inputs, dict(sorted(node.attributes.items())), node.outputs]
                if node.attributes or node.outputs else [node.op, node.inputs]
                for key, node in self.nodes.items()
            },
            "target": self.target,
            "requires": dict(self.requires),
        }  # fmt: skip
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


def freeze_input(value: Any) -> Input:
    """A value, or an entry with one, as a graph holds it: lists as tuples, integers of a float type as floats.

    Computed sizes are spelled in one way. What is no number or no size stays as it is, and so do integers that no float
    holds: to refuse them is for checks.

    >>> freeze_input([1, 2.5]).value, freeze_input(Input([1, "NaN"], dtype="int8")).value
    ((1.0, 2.5), (1, nan))
    >>> freeze_input(Input(shape=("rows", "k * 2", "2 + 1"))).shape
    ('rows', '2*k', 3)
    """
    entry = value if isinstance(value, Input) else Input(value)
    floating = entry.dtype is None or str(entry.dtype).startswith("float")
    if entry.shape and isinstance(entry.shape, tuple):
        entry = entry._replace(shape=tuple(map(_freeze_size, entry.shape)))
    return entry._replace(value=_freeze(entry.value, floating, MAX_NESTING))


def _freeze_size(size: Any) -> Any:
    if size.__class__ is not str or size.isidentifier():
        return size
    from dataflow.sizes import spell_size

    return spell_size(size)


def _freeze(value: Any, floating: bool, depth: int) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple([_freeze(item, floating, depth - 1) for item in value]) if depth else value
    if type(value) is str:
        return NONFINITE.get(value, value)
    if floating and type(value) is int:
        try:
            return float(value)
        except OverflowError:
            return value
    return value


def _input_as_data(entry: Input) -> Any:
    fields = entry._asdict()
    del fields["description"]
    return {key: value for key, value in fields.items() if value is not None}


def without_nonfinite(data: Any) -> Any:
    """The same data with numbers that JSON cannot hold as text.

    >>> without_nonfinite([1.0, float("-inf"), {"a": float("nan")}])
    [1.0, '-Infinity', {'a': 'NaN'}]
    """
    if isinstance(data, float):
        return data if data - data == 0 else "NaN" if data != data else "Infinity" if data > 0 else "-Infinity"
    if isinstance(data, list | tuple):
        return [without_nonfinite(item) for item in data]
    if isinstance(data, Mapping):
        return {key: without_nonfinite(item) for key, item in data.items()}
    return data
