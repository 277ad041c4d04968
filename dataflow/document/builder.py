"""The tree of a document becomes a `Graph`: entries, expressions and spelled-out nodes, each problem noted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.checks.names import fault_of
from dataflow.document.derivatives import read_derivative
from dataflow.document.expressions import parse
from dataflow.document.literals import CONSTANTS, shorten_integer
from dataflow.errors import KEY, Diagnostic, GraphError, suggest
from dataflow.graph import EMPTY, HIDDEN, NONFINITE, Derivative, Graph, Input, Node, Operand
from dataflow.sizing import holds_text, remember_annotations, spell_attributes

if TYPE_CHECKING:
    from dataflow.operators import Operator

Tree = Mapping[str, Any]


def build(
    tree: Tree, operators: Mapping[str, Operator], broken: Iterable[tuple[Any, ...]] = (), source: object = None
) -> tuple[Graph, list[Diagnostic]]:
    """The graph of a tree, and the problems of what could not be built.

    `broken` are the paths where the schema found the structure wrong; an entry there keeps its name, so that
    who uses it is not blamed, and is otherwise left out.
    """
    skipped = {(path[:-1] if path[-1:] == (KEY,) else path)[:2] for path in broken}
    found: list[Diagnostic] = []
    sections: dict[str, dict[str, Input]] = {
        section: {
            name: Input() if (section, name) in skipped else _build_input(entry)
            for name, entry in _section(tree, section, skipped).items()
        }
        for section in ("inputs", "parameters")
    }
    found += _find_both_columns(tree, skipped)
    nodes = _build_nodes(_section(tree, "nodes", skipped), skipped, operators, found)
    derivatives = _build_derivatives(_section(tree, "derivatives", skipped), skipped, found)
    requires = _section(tree, "requires", skipped)
    top = {
        key: tree[key] for key in ("name", "description", "dtype", "target") if (key,) not in skipped and key in tree
    }
    graph = Graph(
        inputs=sections["inputs"],
        parameters=sections["parameters"],
        nodes=nodes,
        requires={name: wanted for name, wanted in requires.items() if ("requires", name) not in skipped},
        derivatives=derivatives,
        source=source,
        operators=operators,
        **top,
    )
    return graph, found


def _build_nodes(
    entries: Tree, skipped: set[tuple[Any, ...]], operators: Mapping[str, Operator], found: list[Diagnostic]
) -> dict[str, Node]:
    """The nodes of all entries; one that cannot be built keeps its name, and its problems are added to `found`."""
    nodes: dict[str, Node] = {}
    for name, entry in entries.items():
        if HIDDEN in name:  # what an expression introduces is called so
            found.append(_refuse_name(name))
            continue
        if ("nodes", name) in skipped:
            nodes[name] = Node("identity", (0,))
            continue
        try:
            if entry.__class__ is str and entry not in NONFINITE:
                nodes.update(parse(entry, name, operators))
            elif entry.__class__ is dict:
                nodes[name] = _build_node(name, entry, operators)
            else:
                nodes[name] = Node("identity", (_read_operand(name, entry, ()),))
        except GraphError as error:
            found += error.diagnostics
            nodes[name] = Node("identity", (0,))
    annotations = remember_annotations(operators)
    for name, node in nodes.items():
        if node.attributes and holds_text(node.attributes.values()):
            nodes[name] = spell_attributes(node, annotations(node.op))
    return nodes


def _build_derivatives(entries: Tree, skipped: set[tuple[Any, ...]], found: list[Diagnostic]) -> dict[str, Derivative]:
    """What is asked for, without the entries that cannot be read; the problems of these are added to `found`."""
    derivatives: dict[str, Derivative] = {}
    for name, entry in entries.items():
        if ("derivatives", name) not in skipped:
            try:
                derivatives[name] = read_derivative(name, entry)
            except GraphError as error:
                found += error.diagnostics
    return derivatives


def _section(tree: Tree, section: str, skipped: set[tuple[Any, ...]]) -> Mapping[str, Any]:
    return {} if (section,) in skipped else tree.get(section, EMPTY)


def _find_both_columns(tree: Tree, skipped: set[tuple[Any, ...]]) -> Iterator[Diagnostic]:
    for section in ("inputs", "parameters"):
        for name, entry in _section(tree, section, skipped).items():
            if isinstance(entry, dict) and "column" in entry and "columns" in entry:
                path = (section, name, "columns", KEY)
                hint = "`column` makes the shape [rows], `columns` the shape [rows, N]: keep one of them"
                yield Diagnostic("DF0508", "both `column` and `columns` are given", path, node=name, hint=hint)


def _build_input(entry: Any) -> Input:
    if not isinstance(entry, dict):
        return Input(entry)
    shape, columns = entry.get("shape"), entry.get("column", entry.get("columns"))
    return Input(
        value=entry.get("value"),
        source=entry.get("source"),
        shape=None if shape is None else tuple(shape),
        dtype=entry.get("dtype"),
        columns=tuple(columns) if isinstance(columns, list) else columns,
        differentiable=entry.get("differentiable"),
        description=entry.get("description", ""),
    )


def _build_node(name: str, entry: Mapping[str, Any], operators: Mapping[str, Operator]) -> Node:
    op, inputs = entry["op"], entry.get("inputs", ())
    if inputs.__class__ is dict:
        inputs = tuple(_order_inputs(name, op, inputs, operators))
    else:
        inputs = tuple([_read_operand(name, item, (index,)) for index, item in enumerate(inputs)])
    if len(entry) == 2 and "inputs" in entry:  # op and inputs alone: most nodes
        return Node(op, inputs)
    attributes = {key: _as_tuples(value) for key, value in sorted(entry.get("attributes", EMPTY).items())}
    return Node(op, inputs, attributes or EMPTY, tuple(entry.get("outputs", ())), entry.get("description", ""))


def _refuse_name(name: str) -> Diagnostic:
    message, hint = fault_of(name) or ("", None)
    return Diagnostic("DF0201", message, ("nodes", name, KEY), node=name, hint=hint)


def _read_operand(name: str, item: Any, place: tuple[str | int, ...]) -> Operand:
    """The operand at a place among the inputs of a node; without a place it is the node itself."""
    if item.__class__ is str and HIDDEN not in item:
        return CONSTANTS.get(item, NONFINITE.get(item, item))
    try:
        if item.__class__ is int or item.__class__ is float:
            return shorten_integer(item)
        problem = _explain_operand(item)
    except OverflowError:
        problem = Diagnostic("DF0120", "a number too large for a float", hint="write `.inf` if infinity is meant")
    path = ("nodes", name, "inputs", *place) if place else ("nodes", name)
    raise GraphError(problem._replace(path=path, node=name))


def _explain_operand(item: Any) -> Diagnostic:
    if isinstance(item, str):
        hint = "an operand is a name or a number; give an expression a node of its own"
        return Diagnostic("DF0203", f"unknown name `{item}`", hint=hint)
    expected = "the name of a value, or a number"
    if isinstance(item, list | dict):
        what = "a list" if isinstance(item, list) else "a mapping"
        hint = "give it a node of its own, and write that node's name here"
        return Diagnostic("DF0205", f"{what} is no operand", expected=expected, hint=hint)
    return Diagnostic("DF0205", f"{str(item).lower()} is no operand", expected=expected)


def _order_inputs(name: str, op: str, given: Mapping[str, Any], operators: Mapping[str, Operator]) -> Iterator[Operand]:
    """Operands given by the names of the inputs, in the operator's order."""
    operator = operators.get(op)
    known = [item.name for item in operator.inputs] if operator else list(given)
    for key in given if operator else ():
        if key not in known:
            meant = suggest(key, known)
            raise GraphError(
                Diagnostic(
                    "DF0206",
                    f"`{op}` has no input `{key}`",
                    ("nodes", name, "inputs", key, KEY),
                    node=name,
                    hint=f"did you mean `{meant}`?" if meant else f"its inputs are {', '.join(known)}",
                )
            )
    last = max((index for index, key in enumerate(known) if key in given), default=-1)
    for key in known[: last + 1]:
        item = given.get(key)
        if item is None:
            yield None
        elif isinstance(item, list) and operator and operator.variadic:
            yield from (_read_operand(name, part, (key, index)) for index, part in enumerate(item))
        else:
            yield _read_operand(name, item, (key,))


def _as_tuples(value: Any) -> Any:
    """Lists as tuples, as deep as the document: at most 64."""
    if isinstance(value, list):
        return tuple(map(_as_tuples, value))
    return NONFINITE.get(value, value) if value.__class__ is str else value
