"""What is dumped loads as the same graph, and a digest changes with the meaning and with nothing else."""

from __future__ import annotations

import keyword
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow.checks.names import RESERVED
from dataflow.document import dump, load, loads
from dataflow.graph import Graph, Input, Node
from dataflow.registry import standard

GRAPHS = Path(__file__).parent.parent.parent / "graphs"
OPERATORS = standard()

# Letters of which no two look alike; some are wide, some stand outside the first plane of Unicode.
NAMES = st.text("bcde_fghABC019éΩ数𐍈", min_size=1, max_size=6).filter(
    lambda name: (
        name.isidentifier() and not keyword.iskeyword(name) and name not in RESERVED and not name.startswith("__")
    )
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = (
    st.floats()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.sampled_from([math.inf, -math.inf, math.nan, math.pi, -math.pi, -0.0, 1e-300, 1e300, 5e-324, 2**62, 0, -1])
)
BINARY = ["add", "subtract", "multiply", "divide", "pow", "matmul", "maximum", "less", "greater_equal", "equal"]
UNARY = ["negative", "positive", "exp", "identity", "abs", "sum", "logical_not"]
KEYS = st.lists(
    st.integers(-9, 9) | st.none() | st.sampled_from(["...", ":", "1:", ":-1", "::2", "1:5:-1", "::", "01:"]),
    max_size=3,
)


@st.composite
def expressions(draw: st.DrawFn, known: list[str], depth: int = 0) -> str:
    """The text of an expression, with more brackets than it needs."""
    kind = draw(st.integers(0, 9 if depth < 4 else 2))
    if kind <= 1:
        return draw(st.sampled_from(known))
    if kind == 2:
        number = draw(NUMBERS)
        return {math.inf: "inf", -math.inf: "-inf"}.get(number, "nan" if number != number else repr(number))
    inner = expressions(known, depth + 1)
    if kind <= 5:
        symbol = draw(st.sampled_from(["+", "-", "*", "/", "**", "@", "<", "<=", ">", ">=", "==", "!="]))
        return f"({draw(inner)}){draw(st.sampled_from(['', ' ']))}{symbol} ({draw(inner)})"
    if kind == 6:
        return f"{draw(st.sampled_from(['-', '+', '--', '-(-', '- +']))} ({draw(inner)})".replace("-(- ", "- - ")
    if kind == 7:
        return (
            f"({draw(inner)})[{draw(st.sampled_from(['0', '-1', '1:3', '::2', 'None', '..., 0', '0, 1:', known[0]]))}]"
        )
    if kind == 8:
        axis = draw(st.sampled_from(["None", "0", "-1", "[0, 1]", "()"]))
        return f"sum({draw(inner)}, axis={axis}, keepdims={draw(st.sampled_from(['True', 'false']))})"
    return draw(
        st.sampled_from(
            ["exp({0})", "identity({0})", "maximum({0}, {1})", "concat([{0}, {1}], axis=0)", "where({0}, 1, {1})"]
        )
    ).format(draw(inner), draw(inner))


@st.composite
def spelled_out(draw: st.DrawFn, known: list[str]) -> Node:
    operand = st.sampled_from(known) | NUMBERS
    description = draw(st.just("") | TEXTS)
    kind = draw(st.integers(0, 4))
    if kind == 0:
        return Node(draw(st.sampled_from(UNARY)), (draw(operand),), description=description)
    if kind == 1:
        return Node(draw(st.sampled_from(BINARY)), (draw(operand), draw(operand)), description=description)
    if kind == 2:
        axis = draw(st.none() | st.integers(-3, 3) | st.tuples(st.integers(-9, 9), st.integers(1 - 2**63, 2**63 - 1)))
        attributes = {"axis": axis, "keepdims": draw(st.booleans())}
        return Node("sum", (draw(operand),), attributes, description=description)
    if kind == 3:
        return Node("getitem", (draw(operand),), {"key": tuple(draw(KEYS))}, description=description)
    return Node("stack", tuple(draw(st.lists(operand, min_size=1, max_size=4))), {"axis": 0}, description=description)


def values(dtype: str | None) -> st.SearchStrategy[Any]:
    number: st.SearchStrategy[Any] = st.floats() if dtype is None else st.integers(-128, 127)
    return number | st.lists(number, max_size=3) | st.lists(st.tuples(number, number), max_size=3)


@st.composite
def entries(draw: st.DrawFn) -> Any:
    if draw(st.booleans()):
        return draw(values(None))
    dtype = draw(st.sampled_from([None, "int8"]))
    if draw(st.booleans()):
        return Input(value=draw(values(dtype)), dtype=dtype, description=draw(TEXTS))
    columns = draw(st.none() | TEXTS | st.lists(TEXTS, min_size=1, max_size=2).map(tuple))
    shape = draw(st.none() | st.tuples(st.just("Rows") | st.integers(0, 2**20)))
    return Input(source=draw(TEXTS), shape=shape, dtype=dtype, columns=columns, description=draw(TEXTS))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    names = draw(st.lists(NAMES, min_size=2, max_size=7, unique=True))
    count = draw(st.integers(1, len(names)))
    given = {name: draw(entries()) for name in names[:count]}
    parameters = {"w": draw(values(None))} if draw(st.booleans()) else {}
    known = [*given, *parameters]
    nodes: dict[str, Node] = {}
    for name in names[count:]:
        if draw(st.booleans()):
            head = "dataflow: 1\ninputs: {" + ", ".join(f'"{item}": 1' for item in known) + "}\nnodes:\n"
            text = draw(expressions(known)).replace('"', "'")
            nodes |= loads(f'{head}  "{name}": "{text}"\n', operators=OPERATORS).nodes
        elif draw(st.integers(0, 5)) == 0:
            nodes[name] = Node("unstack", (known[0],), outputs=(f"p{name}", f"q{name}"), description=draw(TEXTS))
            known += nodes[name].outputs
            continue
        else:
            nodes[name] = draw(spelled_out(known))
        known.append(name)
    return Graph(
        inputs=given,
        parameters=parameters,
        nodes=nodes,
        target=draw(st.none() | st.sampled_from(known)),
        name=draw(TEXTS | st.sampled_from(["null", "no", "1", "~", "- a", "a: b", "#"])),
        description=draw(TEXTS),
        dtype=draw(st.sampled_from(["float64", "float32"])),
        requires=draw(st.sampled_from([{}, {"dataflow_std": ">=0"}, {"dataflow-std": ""}])),
    )


@settings(max_examples=300)
@given(graphs())
def test_what_is_dumped_loads_as_the_same_graph(graph: Graph) -> None:
    text = dump(graph)
    again = loads(text, operators=OPERATORS)
    assert again == graph
    assert again.digest == graph.digest
    assert list(again.names(hidden=True)) == list(graph.names(hidden=True))
    assert again.description == graph.description
    assert [node.description for node in again.nodes.values()] == [node.description for node in graph.nodes.values()]
    assert [entry.description for entry in again.given.values()] == [
        entry.description for entry in graph.given.values()
    ]
    assert dump(again) == text


@pytest.mark.parametrize("path", sorted(GRAPHS.glob("*.yaml")), ids=lambda path: path.stem)
def test_gallery(path: Path) -> None:
    graph = load(path)
    again = loads(graph.dump())
    assert again == graph
    assert again.digest == graph.digest
    assert again.dump() == graph.dump()


def node_of(expression: str) -> str:
    """How an expression is dumped."""
    text = f"dataflow: 1\ninputs: {{a: 1, b: 2, c: 3}}\nnodes:\n  u: {expression}\n"
    return dump(loads(text)).rpartition("u: ")[2].strip()


@pytest.mark.parametrize(
    "text",
    [
        "a + b * c", "(a + b) * c", "a - (b - c)", "a - b - c", "a / (b / c)", "a ** b ** c", "(a ** b) ** c",
        "a ** (-b)", "-a ** b", '"(-a) ** b"', '"-(a + b)"', '"--a"', '"-a"', '"+a"', "a @ b * c", "a < b + c",
        "(a < b) == c", "a[0]", "a[1:3, None, ...]", "exp(a)[0]", "take(a, b, axis=0)", "sum(a, axis=[0, 1])",
        "maximum(-a, b)", "2 ** a", '"(-2) ** a"', "3", "3.0", "a", "inf", "pi * a", "nan", '"-0.0 * a"',
        "1e-300 * a", "negative(3)", "negative(-3)", "positive(3)", "where(a > b, a, b)", "concat(a, b, axis=0)",
        "identity(a) + b", "identity(identity(a))", "getitem(a + b, key=[0])", "getitem(a, key=[])",
    ],
)  # fmt: skip
def test_expression_is_dumped_as_it_was(text: str) -> None:
    written = node_of(text)
    assert written.strip('"') == text.strip('"')
    assert node_of(written) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('"+3"', "positive(3)"), ('"--3"', "negative(-3)"),
        ("((a)) + (((b)))", "a + b"), ("a+b", "a + b"), ("identity(a)", "a"), ("+ a", '"+a"'),
        ("add(a, y=b)", "a + b"), ("getitem(a, key=[0])", "a[0]"), ("a[b]", "take(a, b, axis=0)"), ("0x10", "16"),
        ("{op: add, inputs: {y: a, x: b}}", "b + a"), ("1_000.50 * a", "1000.5 * a"), (".inf", "inf"),
        ("maximum(y=a, x=b)", "maximum(b, a)"), ("1" + "0" * 30, "1e+30"), ("2 * 1" + "0" * 30, "2 * 1e+30"),
    ],
)  # fmt: skip
def test_spelling_is_settled(text: str, written: str) -> None:
    assert node_of(text) == written


def test_long_names() -> None:
    name = "n" * 3000
    graph = Graph(inputs={name: 1.0}, nodes={name + "m": Node("exp", (name,), description="x")}, target=name + "m")
    assert loads(dump(graph)) == graph


def test_part_of_an_expression_with_a_description() -> None:
    graph = Graph(inputs={"a": 1}, nodes={"u#1": Node("exp", ("a",)), "u": Node("exp", ("u#1",), description="x")})
    with pytest.raises(ValueError, match="give its parts names"):
        dump(graph)


DOCUMENT = """\
dataflow: 1
name: digest
inputs:
  a: 5
  x: {value: [1, 2], shape: [rows], dtype: float32}
parameters: {w: 2}
nodes:
  u: 3 * (a + w)
  v: sum(x, axis=0)
target: u
"""

SAME: dict[str, list[tuple[str, str]]] = {
    "comment": [("name:", "# a comment\nname:")],
    "description": [("name: digest", "name: digest\ndescription: other"), ("shape:", "description: d, shape:")],
    "flow style": [("nodes:\n  u: 3 * (a + w)\n  v: sum(x, axis=0)", "nodes: {u: 3 * (a + w), v: 'sum(x, axis=0)'}")],
    "block style": [("[1, 2]", "[1,\n    2]"), ("{w: 2}", "\n  w:\n    value: 2")],
    "numbers": [("a: 5", "a: 5.00"), ("w: 2", "w: 0.2e+1")],
    "brackets and blanks": [("3 * (a + w)", "((3)*(a  +(w)))")],
    "quotes": [("3 * (a + w)", "'3 * (a + w)'"), ("digest", '"\\x64igest"')],
    "spelled out": [("v: sum(x, axis=0)", "v: {op: sum, inputs: [x], attributes: {axis: 0}}")],
    "spelled out by name": [("v: sum(x, axis=0)", "v:\n    attributes: {axis: 0}\n    inputs: {x: x}\n    op: sum")],
    "calls": [("3 * (a + w)", "multiply(3, add(y=w, x=a))")],
    "ends of lines": [("\n", "\r\n")],
    "byte order mark": [("dataflow:", "\ufeffdataflow:")],
    "order of sections": [("target: u\n", ""), ("name: digest\n", "target: u\nname: digest\n")],
    "anchors": [("a: 5", "a: &five 5"), ("x: {value", "x: &x {value")],
    "JSON": [(DOCUMENT, '{"dataflow": 1, "name": "digest", "inputs": {"a": 5, "x": {"value": [1, 2], '
              '"shape": ["rows"], '
              '"dtype": "float32"}}, "parameters": {"w": 2}, "nodes": {"u": "3 * (a + w)", "v": "sum(x, axis=0)"}, '
              '"target": "u"}')],
}  # fmt: skip

OTHER: dict[str, tuple[str, str]] = {
    "value": ("a: 5", "a: 5.000000000000001"),
    "sign of zero": ("a: 5", "a: -0.0"),
    "not finite": ("a: 5", "a: .inf"),
    "name of the graph": ("digest", "digests"),
    "dtype": ("name:", "dtype: float32\nname:"),
    "dtype of an entry": (", dtype: float32", ", dtype: float64"),
    "shape": ("[rows]", "[2]"),
    "name of a size": ("[rows]", "[lines]"),
    "element": ("[1, 2]", "[1, 3]"),
    "differentiable": ("shape:", "differentiable: false, shape:"),
    "input, not parameter": ("parameters: {w: 2}\n", "  w: 2\n"),
    "operator": ("a + w", "a - w"),
    "order of operands": ("a + w", "w + a"),
    "brackets that matter": ("3 * (a + w)", "3 * a + w"),
    "number in an expression": ("3 *", "3.5 *"),
    "attribute": ("axis=0", "axis=-1"),
    "attribute left out": (", axis=0", ""),
    "target": ("target: u", "target: v"),
    "no target": ("target: u\n", ""),
    "name of a node": ("v: sum", "v2: sum"),
    "one more node": ("target:", "  z: 1\ntarget:"),
    "name for a part": ("u: 3 * (a + w)", "t: a + w\n  u: 3 * t"),
    "requires": ("target:", "requires: {dataflow_std: ''}\ntarget:"),
}


@pytest.mark.parametrize("name", SAME)
def test_digest_of_another_spelling(name: str) -> None:
    text = DOCUMENT
    for old, new in SAME[name]:
        assert old in text
        text = text.replace(old, new)
    graph, other = loads(DOCUMENT), loads(text)
    assert (other.digest, hash(other)) == (graph.digest, hash(graph))
    assert other == graph


@pytest.mark.parametrize("name", OTHER)
def test_digest_of_another_meaning(name: str) -> None:
    old, new = OTHER[name]
    assert old in DOCUMENT
    graph, other = loads(DOCUMENT), loads(DOCUMENT.replace(old, new))
    assert other.digest != graph.digest
    assert other != graph
