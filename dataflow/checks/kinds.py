"""Is a graph made of what graphs are made of? One that is read from text is; one made by hand need not be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dataflow.errors import Diagnostic, Path
from dataflow.graph import Derivative, Graph, Input, Node, blame_node

PLAIN = frozenset({str, float})  # operands that need no second look
FIELDS: tuple[tuple[str, tuple[type, ...], str], ...] = (
    ("source", (str, type(None)), "the name of a file"),
    ("shape", (tuple, list, type(None)), "a tuple of sizes"),
    ("dtype", (str, type(None)), 'the name of a type, such as "float32"'),
    ("columns", (str, tuple, list, type(None)), "the name of a column, or a tuple of them"),
    ("differentiable", (bool, type(None)), "True, False or None"),
    ("description", (str,), "text"),
)
DERIVATIVE_FIELDS: tuple[tuple[str, tuple[type, ...], str], ...] = (
    ("kind", (str,), 'the name of a kind, such as "jacobian"'),
    ("of", (tuple,), "a name, or a tuple of names"),
    ("wrt", (tuple,), "a name, or a tuple of names"),
    ("along", (Mapping,), "a mapping from names to values"),
    ("sparse", (bool, type(None)), "True, False or None"),
    ("description", (str,), "text"),
)


def check_kinds(graph: Graph) -> Iterator[Diagnostic]:
    """Every part of a graph that is of a wrong kind. What else is checked rests on there being none.

    >>> [problem.message for problem in check_kinds(Graph(inputs={"a": 1}, nodes={"y": Node("exp", "a")}))]
    ['the inputs of `y` are text']
    """
    for key in ("name", "description", "dtype"):
        yield from _expect(getattr(graph, key), (str,), f"the graph's {key} is", (key,), "text")
    yield from _expect(graph.target, (str, type(None)), "the target is", ("target",), "the name of a value")
    for name, wanted in graph.requires.items():
        path = ("requires",)
        yield from _expect(name, (str,), "the name of a plugin is", path, "text")
        yield from _expect(wanted, (str,), f"the version of `{name}` is", path, 'text such as ">=1.2"')
    for section in ("inputs", "parameters"):
        for name, entry in getattr(graph, section).items():
            yield from _expect(name, (str,), f"a name under {section} is", (section,), "text")
            yield from _check_entry(entry, (section, name))
    for name, derivative in graph.derivatives.items():
        yield from check_derivative_kinds(name, derivative)
    for name, node in graph.nodes.items():
        if not isinstance(name, str):
            yield from _expect(name, (str,), "a name under nodes is", ("nodes",), "text")
        elif not isinstance(node, Node):
            yield _blame(name, f"`{name}` is", node, expected='a Node, such as Node("exp", ("a",))')
        elif (
            node.op.__class__ is not str or node.inputs.__class__ is not tuple or node.attributes or node.outputs != ()
            or node.attributes is None or not PLAIN.issuperset(map(type, node.inputs))
        ):  # fmt: skip
            yield from _check_node(name, node)


def _check_entry(entry: Input, path: tuple[str, str]) -> Iterator[Diagnostic]:
    for field, kinds, expected in FIELDS:
        value = getattr(entry, field)
        if not isinstance(value, kinds):
            yield from _expect(value, kinds, f"the {field} of `{path[1]}` is", (*path, field), expected)


def check_derivative_kinds(name: Any, derivative: Any) -> Iterator[Diagnostic]:
    """Every part of a derivative that is of a wrong kind.

    >>> [problem.message for problem in check_derivative_kinds("g", Derivative("gradient", None))]
    ['`of` of the derivative `g` is None']
    """
    yield from _expect(name, (str,), "the name of a derivative is", ("derivatives",), "text")
    path: Path = ("derivatives", str(name))
    if not isinstance(derivative, Derivative):
        expected = 'a Derivative, such as Derivative("jacobian", ("y",))'
        yield Diagnostic("DF0252", f"`{name}` is {_describe(derivative)}", path, expected=expected)
        return
    for field, kinds, expected in DERIVATIVE_FIELDS:
        value = getattr(derivative, field)
        yield from _expect(value, kinds, f"`{field}` of the derivative `{name}` is", path, expected)
        if field in ("of", "wrt", "along") and isinstance(value, tuple | Mapping):
            for item in value:
                yield from _expect(item, (str,), f"a name in `{field}` of the derivative `{name}` is", path, "text")


def _check_node(name: str, node: Node) -> Iterator[Diagnostic]:
    if not isinstance(node.op, str):
        yield _blame(name, f"the operator of `{name}` is", node.op, "op", expected="its name")
    if not isinstance(node.inputs, tuple):
        hint = f"write ({node.inputs!r},)" if isinstance(node.inputs, str) else None
        expected = "a tuple of names and numbers"
        yield _blame(name, f"the inputs of `{name}` are", node.inputs, "inputs", expected=expected, hint=hint)
    else:
        for index, operand in enumerate(node.inputs):
            if not _is_operand(operand):
                message = f"an operand of `{name}` is {_describe(operand)}"
                expected = "the name of a value, or an int or float"
                yield blame_node(name, "DF0205", message, "inputs", index, expected=expected)
    if not isinstance(node.attributes, Mapping) or not all(isinstance(key, str) for key in node.attributes):
        what = f"the attributes of `{name}` are"
        yield _blame(name, what, node.attributes, "attributes", expected="a mapping from names to values")
    if not isinstance(node.outputs, tuple) or not all(isinstance(output, str) for output in node.outputs):
        yield _blame(name, f"the outputs of `{name}` are", node.outputs, "outputs", expected="a tuple of names")


def _is_operand(operand: Any) -> bool:
    """Whether it is the name of a value, a number that a float can hold, or None for an optional input."""
    if type(operand) is int:
        try:
            float(operand)
        except OverflowError:
            return False
    return operand is None or type(operand) in (str, int, bool) or isinstance(operand, float)


def _expect(value: Any, kinds: tuple[type, ...], what: str, path: Path, expected: str) -> Iterator[Diagnostic]:
    if not isinstance(value, kinds):
        yield Diagnostic("DF0252", f"{what} {_describe(value)}", path, expected=expected)


def _blame(
    name: str, what: str, value: Any, *place: str, expected: str | None = None, hint: str | None = None
) -> Diagnostic:
    return blame_node(name, "DF0252", f"{what} {_describe(value)}", *place, expected=expected, hint=hint)


def _describe(value: Any) -> str:
    """What kind of thing a value is, in words."""
    words = {str: "text", list: "a list", tuple: "a tuple", dict: "a mapping", type(None): "None"}
    if type(value) in words:
        return words[type(value)]
    return f"{value!r:.60}" if type(value) is not int or _is_operand(value) else "a number too large for a float"
