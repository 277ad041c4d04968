"""Sizes in a graph: which its shapes declare, where operands and attributes use them, and putting lengths in.

A graph holds sizes as text: `rows` or `2*hidden` in a shape or an attribute, the bare name as an operand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from dataflow.attributes import accepts, annotations_of
from dataflow.errors import DataError, Diagnostic
from dataflow.graph import Graph, Input, Node, blame_node
from dataflow.sizes import Length, SymbolicSize, is_number, names_in, parse_size, substitute

if TYPE_CHECKING:
    from dataflow.operators import Operator

Place = tuple[str | int, ...]
Annotations = Callable[[str], Mapping[str, Any]]  # of the attributes of an operator, by its name


def list_sizes(graph: Graph) -> frozenset[str]:
    """The names of sizes that the shapes of inputs and parameters mention, alone or in a computed size.

    >>> sorted(list_sizes(Graph(inputs={"x": Input(shape=("rows", "2*hidden", 3))})))
    ['hidden', 'rows']
    """
    found: set[str] = set()
    for entries in (graph.inputs, graph.parameters):
        for entry in entries.values():
            if entry.shape:
                found.update(name for _, size in computed_in(entry) for name in names_in(size))
    return frozenset(found)


def computed_in(entry: Input) -> Iterator[tuple[int, Length]]:
    """The axes of an entry's declared shape that are symbolic, with their sizes; text that is no size is left out.

    >>> list(computed_in(Input(shape=(2, "rows", "rows - 1", "rows -"))))
    [(1, rows), (2, rows - 1)]
    """
    for axis, size in enumerate(entry.shape or ()):
        if isinstance(size, str):
            try:
                yield axis, parse_size(size)
            except ValueError:
                continue


def uses_sizes(graph: Graph, operators: Mapping[str, Operator]) -> bool:
    """Whether an operand or an attribute mentions a size. Costs nothing where no shape declares one.

    >>> x = Input(shape=("rows",))
    >>> uses_sizes(Graph(inputs={"x": x}, nodes={"y": Node("exp", ("x",))}), {})
    False
    >>> uses_sizes(Graph(inputs={"x": x}, nodes={"y": Node("divide", ("x", "rows"))}), {})
    True
    """
    return bool(list_used(graph, operators, graph.nodes))


def list_used(graph: Graph, operators: Mapping[str, Operator], names: Iterable[str]) -> set[str]:
    """The names of sizes that operands and attributes of some nodes mention.

    >>> graph = Graph(inputs={"x": Input(shape=("rows",))}, nodes={"y": Node("divide", ("x", "rows"))})
    >>> list_used(graph, {}, ["y"])
    {'rows'}
    """
    sizes = list_sizes(graph)
    if not sizes:
        return set()
    found: set[str] = set()
    annotations = remember_annotations(operators)
    for name in names:
        node = graph.nodes[name]
        if not sizes.isdisjoint(node.inputs):
            found.update(item for item in node.inputs if isinstance(item, str))
        if node.attributes:
            known = annotations(node.op) if holds_text(node.attributes.values()) else {}
            for key, annotation in known.items():
                if key in node.attributes:
                    value = read_sizes(annotation, node.attributes[key])
                    found.update(item for _, size in sizes_in(value) for item in names_in(size))
    return found & sizes


def remember_annotations(operators: Mapping[str, Operator]) -> Annotations:
    """`annotations_of`, asked once for each operator; of one that there is not, nothing."""
    known: dict[str, Mapping[str, Any]] = {}

    def look_up(op: str) -> Mapping[str, Any]:
        if op not in known:
            operator = operators.get(op)
            known[op] = {} if operator is None else annotations_of(operator)
        return known[op]

    return look_up


def holds_text(value: Any) -> bool:
    """Whether there is text in nested tuples.

    >>> holds_text((1, ("rows", 2))), holds_text(((), 3))
    (True, False)
    """
    stack = [value]
    while stack:
        for item in stack.pop():
            if item.__class__ is str:
                return True
            if item.__class__ is tuple:
                stack.append(item)
    return False


def sizes_in(value: Any, place: Place = ()) -> Iterator[tuple[Place, SymbolicSize]]:
    """The symbolic sizes in the value of an attribute, as `read_sizes` gives it, each with its place."""
    if isinstance(value, SymbolicSize):
        yield place, value
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from sizes_in(item, (*place, index))


def read_sizes(annotation: Any, value: Any) -> Any:
    """The value of an attribute with sizes in place of their texts: where an integer may stand, and text may not.

    What cannot be read so, or is not accepted even then, stays as it is.

    >>> read_sizes(tuple[int, ...], ("rows", "2*k", 4)), read_sizes(int, "3 + 4"), read_sizes(str, "rows")
    ((rows, 2*k, 4), 7, 'rows')
    """
    if accepts(annotation, value):
        return value
    found = _read_as(annotation, value)
    return found if accepts(annotation, found) else value


def _read_as(annotation: Any, value: Any) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return next((found for item in arguments if accepts(item, found := _read_as(item, value))), value)
    if isinstance(value, str) and annotation in (int, float):
        try:
            return value if is_number(value) else parse_size(value)
        except ValueError:
            return value
    if origin is tuple and isinstance(value, tuple):
        several = arguments[-1:] == (Ellipsis,)
        parts = arguments[:1] * len(value) if several else arguments
        return tuple(map(_read_as, parts, value)) if len(parts) == len(value) else value
    return value


def takes_sizes(annotation: Any) -> bool:
    """Whether an attribute of this annotation may be a size, or hold one.

    >>> takes_sizes(tuple[int, ...] | None), takes_sizes(Literal["mean"] | None)
    (True, False)
    """
    return annotation in (int, float) or (
        get_origin(annotation) is not Literal and any(map(takes_sizes, get_args(annotation)))
    )


def spell_sizes(value: Any) -> Any:
    """The value of an attribute as a graph holds it: sizes as text.

    >>> spell_sizes((parse_size("rows + rows"), 4))
    ('2*rows', 4)
    """
    if isinstance(value, tuple):
        return tuple(map(spell_sizes, value))
    return str(value) if isinstance(value, SymbolicSize) else value


def spell_attributes(node: Node, annotations: Mapping[str, Any]) -> Node:
    """The node with each size in its attributes in its one spelling.

    >>> spell_attributes(Node("reshape", ("x",), {"shape": ("k * 2", "2 + 1")}), {"shape": tuple[int, ...]}).attributes
    {'shape': ('2*k', 3)}
    """
    return node._replace(
        attributes={
            key: spell_sizes(read_sizes(annotations.get(key, Any), value)) for key, value in node.attributes.items()
        }
    )


def resolve_attributes(node: Node, operator: Operator) -> Mapping[str, Any]:
    """The attributes of a node with a `SymbolicSize` in place of each text of a size, an int where it is a number.

    >>> from dataflow.registry import standard
    >>> resolve_attributes(Node("reshape", ("x",), {"shape": ("rows", "2*2")}), standard()["reshape"])
    {'shape': (rows, 4)}
    """
    if not node.attributes or not holds_text(node.attributes.values()):
        return node.attributes
    annotations = annotations_of(operator)
    return {key: read_sizes(annotations.get(key, Any), value) for key, value in node.attributes.items()}


def put_sizes(graph: Graph, lengths: Mapping[str, int], operators: Mapping[str, Operator]) -> Graph:
    """The graph with lengths in place of sizes in operands and attributes; a size that has none is left as it is.

    Raises `DataError` for every size that is no length with these.

    >>> graph = Graph(inputs={"x": Input(shape=("rows",))}, nodes={"y": Node("divide", ("x", "rows"))})
    >>> put_sizes(graph, {"rows": 3}, {}).nodes["y"].inputs
    ('x', 3)
    """
    annotations = remember_annotations(operators)
    nodes: dict[str, Node] = {}
    found: list[Diagnostic] = []
    for name, node in graph.nodes.items():
        if not lengths.keys().isdisjoint(node.inputs):
            node = node._replace(inputs=tuple([lengths.get(item, item) for item in node.inputs]))  # type: ignore[arg-type]
        if node.attributes and holds_text(node.attributes.values()):
            node = _put_in_attributes(name, node, annotations(node.op), lengths, found)
        nodes[name] = node
    if found:
        raise DataError(found)
    return graph.replace(nodes=nodes)


def _put_in_attributes(
    name: str, node: Node, annotations: Mapping[str, Any], lengths: Mapping[str, int], found: list[Diagnostic]
) -> Node:
    attributes = dict(node.attributes)
    for key, value in node.attributes.items():
        read = read_sizes(annotations.get(key, Any), value)
        known: dict[Place, Any] = {}
        for place, size in sizes_in(read):
            known[place] = _put(size, lengths)
            if (fault := _fault_of(known[place], key)) is not None:
                where = f"`{show_size(size)}` in the attribute `{key}` of `{node.op}`"
                message = f"{where} {fault} {explain_lengths(size, lengths)}"
                hint = "other data, or another size here"
                found.append(blame_node(name, "DF0519", message, "attributes", key, *place, hint=hint))
        if known:
            attributes[key] = _replace_places(read, known)
    return node._replace(attributes=attributes)


def _put(size: SymbolicSize, lengths: Mapping[str, int]) -> Length | None:
    try:
        return substitute(size, lengths)
    except ZeroDivisionError:
        return None


def _fault_of(length: Length | None, key: str) -> str | None:
    """Why a size is no integer that an attribute can be."""
    if length is None:
        return "divides by 0"
    if isinstance(length, SymbolicSize):
        return None
    if abs(length) >= 2**63:
        return "is larger than 64 bits"
    # Elsewhere a negative number may be meant, such as a shift; in a shape -1 would silently mean another thing.
    return f"is {length}" if key == "shape" and length < 0 else None


def show_size(size: Length) -> str:
    """A size for a message: not too long.

    >>> show_size(parse_size("rows - 1")), len(show_size(parse_size("*".join(["rows"] * 100))))
    ('rows - 1', 60)
    """
    text = str(size)
    return text if len(text) <= 60 else text[:57] + "..."


def explain_lengths(size: Length, lengths: Mapping[str, int]) -> str:
    """The lengths that are put into a size, for a message; no text if there are none.

    >>> explain_lengths(parse_size("rows - k"), {"rows": 2, "k": 3, "n": 4})
    'with k = 3, rows = 2'
    """
    told = ", ".join(f"{name} = {lengths[name]}" for name in sorted(names_in(size)) if name in lengths)
    return told and f"with {told}"


def _replace_places(value: Any, known: Mapping[Place, Any], place: Place = ()) -> Any:
    if isinstance(value, tuple):
        return tuple([_replace_places(item, known, (*place, index)) for index, item in enumerate(value)])
    return spell_sizes(known.get(place, value))
