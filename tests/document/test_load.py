"""From text to a checked graph: every diagnostic points at the character that an editor shows."""

from __future__ import annotations

import gc
import io
import json
import sys
from pathlib import Path

import pytest

from dataflow.document import load, loads
from dataflow.errors import Diagnostic, GraphError, ResourceError

PLAIN = "dataflow: 1\ninputs: {a: 1, b: 2, x: [1, 2]}\nnodes:\n"

Place = tuple[str, int | None, int | None]


def refuse(path: Path, text: str, end: str = "\n", mark: str = "") -> list[Diagnostic]:
    path.write_bytes((mark + text.replace("\n", end)).encode())
    with pytest.raises(GraphError) as caught:
        load(path)
    assert all(item.file == str(path) for item in caught.value.diagnostics)
    return list(caught.value.diagnostics)


# What is wrong within each expression, and the part of it that is to be pointed at.
FAULTS: dict[str, tuple[str, str, str]] = {
    "unknown name": ("a + 2 * (b - qq)", "DF0203", "qq"),
    "unknown operator": ("a + 2 * sofmax(b)", "DF0401", "sofmax"),
    "unknown attribute": ("a * sum(x, axsi=0)", "DF0411", "axsi=0"),
    "wrong attribute": ("a * sum(x, keepdims=0)", "DF0413", "keepdims=0"),
    "missing attribute": ("a * sum(reshape(x))", "DF0412", "reshape"),
    "attribute that is a name": ("a * sum(x, axis=kk)", "DF0518", "kk"),
    "attribute that is a value": ("a * sum(x, axis=b)", "DF0306", "b"),
    "attribute with a name in it": ("a * sum(x, axis=[0, 2 * kk])", "DF0518", "2 * kk"),
    "attribute that is a word": ("a * pad(x, pad_width=1, mode=edge)", "DF0306", "edge"),
    "arity": ("2 * (1 + exp(a, b) * 3)", "DF0402", "exp(a, b)"),
    "missing input": ("2 * (1 + pow(y=b) * 3)", "DF0403", "pow(y=b)"),
    "form": ("2 * (a ^ b)", "DF0303", "a ^ b"),
    "syntax": ("2 * (a $ b)", "DF0301", "$"),
    "normal form": ("2 * (a + \N{LATIN SMALL LIGATURE FI}x)", "DF0201", "\N{LATIN SMALL LIGATURE FI}x"),
}  # fmt: skip

# How the expression is written; `{}` stands for it, `¦` for a line break within it, at its first blank.
STYLES: dict[str, str] = {
    "plain": "  u: {}\n",
    "with a comment": "  u: {}   # a comment\n",
    "single quotes": "  u: '{}'\n",
    "double quotes": '  u: "{}"\n',
    "plain on several lines": "  u:\n    {¦}\n",
    "single quotes on several lines": "  u: '\n    {¦}\n  '\n",
    "double quotes on several lines": '  u: "{¦}"\n',
    "folded": "  u: >-\n    {¦}\n",
    "literal": "  u: |\n    {¦}\n",
    "after other letters": "  日本: 1\n  é𐍈: a\n  u: {}\n",
    "with a tag and an anchor": "  u: !!str &anchor {}\n",
    "a question mark": "  ? u\n  : {}\n",
    "flow": "  {u: '{}', v: 1}\n",
    "after other nodes": "  s: a\n  t: |\n    a\n    + b\n  u: {}\n  v: a\n",
}  # fmt: skip


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("fault", FAULTS)
def test_place_within_an_expression(fault: str, style: str, end: str, tmp_path: Path) -> None:
    expression, code, part = FAULTS[fault]
    if "on several" in style or style in ("folded", "literal"):
        head, _, tail = expression.partition(" ")
        written = STYLES[style].replace("{¦}", f"{head}\n    {tail}")
    else:
        written = STYLES[style].replace("{}", expression)
    text = PLAIN + written
    (found,) = refuse(tmp_path / "graph.yaml", text, end)
    begin = text.rindex(part)
    line = text.count("\n", 0, begin) + 1
    column = begin - (text.rfind("\n", 0, begin) + 1) + 1
    assert (found.code, found.line, found.column, found.length) == (code, line, column, len(part))
    assert found.source == text.split("\n")[line - 1]
    assert found.node == "u"


def test_place_after_letters_of_several_bytes_in_the_expression(tmp_path: Path) -> None:
    text = "dataflow: 1\ninputs: {é: 1, 数: 2, '𐍈': 3}\nnodes:\n  ü: é * (数 + 𐍈 - qq)\n"
    (found,) = refuse(tmp_path / "g.yaml", text)
    assert (found.line, found.column, found.length) == (4, 19, 2)
    (found,) = refuse(tmp_path / "g.yaml", text, mark="\ufeff")
    assert (found.line, found.column) == (4, 19)


def test_place_after_escapes(tmp_path: Path) -> None:
    text = PLAIN + '  u: "a\\x20+ \\u0062 +\\\n   \\ qq"\n'
    (found,) = refuse(tmp_path / "g.yaml", text)
    assert (found.line, found.column) == (5, 6)


def test_place_in_json(tmp_path: Path) -> None:
    document = {"dataflow": 1, "inputs": {"a": 1}, "nodes": {"u": "2 * (a + qq)", "v": {"op": "exp", "inputs": ["pp"]}}}
    text = json.dumps(document, indent=1)
    found = refuse(tmp_path / "g.json", text)
    lines = text.split("\n")
    for problem, part in zip(found, ("qq", "pp"), strict=True):
        assert problem.line is not None
        assert problem.column is not None
        assert lines[problem.line - 1][problem.column - 1 :].lstrip('"').startswith(part)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("  u: {op: add, inputs: [a, qq]}", [("DF0203", 4, 28)]),
        ("  u: {op: add, inputs: [pp, qq]}", [("DF0203", 4, 25), ("DF0203", 4, 29)]),
        ("  u:\n    op: add\n    inputs:\n      - a\n      - qq", [("DF0203", 8, 9)]),
        ("  u: {op: pow, inputs: {x: a, y: qq}}", [("DF0203", 4, 34)]),
        ("  u: {op: pow, inputs: {y: qq, x: pp}}", [("DF0203", 4, 28), ("DF0203", 4, 35)]),
        ("  u:\n    inputs:\n      y: qq\n      x: a\n    op: pow", [("DF0203", 6, 10)]),
        ("  u: {op: stack, inputs: {xs: [a, qq]}}", [("DF0203", 4, 35)]),
        ("  u: {op: stack, inputs: {xs: qq}}", [("DF0203", 4, 31)]),
        ("  u: {op: pow, inputs: {x: a, z: b}}", [("DF0206", 4, 31)]),
        ("  u: {op: pow, inputs: {y: b}}", [("DF0403", 4, 24)]),
        ("  u: {op: exp, inputs: [a, b]}", [("DF0402", 4, 24)]),
        ("  u: {op: exp}", [("DF0402", 4, 3)]),
        ("  u: {op: epx, inputs: [a]}", [("DF0401", 4, 11)]),
        ("  u: {op: sum, inputs: [x], attributes: {axsi: 0}}", [("DF0411", 4, 42)]),
        ("  u: {op: sum, inputs: [x], attributes: {axis: true}}", [("DF0413", 4, 48)]),
        ("  u: {op: reshape, inputs: [x]}", [("DF0412", 4, 11)]),
        ("  u: {op: exp, inputs: [x], outputs: [p]}", [("DF0404", 4, 38)]),
        ("  u: {op: unstack, inputs: [x]}", [("DF0405", 4, 11)]),
        ("  u: {op: unstack, inputs: [x], outputs: [a, q]}", [("DF0202", 4, 43)]),
        ("  u: {op: exp, inputs: [u]}", [("DF0220", 4, 6)]),
        ("  1u: a + 1", [("DF0201", 4, 3)]),
        ("  a: b + 1", [("DF0202", 4, 3)]),
        ("  'u v': a + qq", [("DF0201", 4, 3), ("DF0203", 4, 14)]),
        ("  u: &e a + qq\n  v: *e", [("DF0203", 4, 13), ("DF0203", 4, 13)]),
    ],
)  # fmt: skip
def test_place_of_a_node(node: str, expected: list[Place], tmp_path: Path) -> None:
    found = refuse(tmp_path / "g.yaml", PLAIN + node + "\n")
    assert [(item.code, item.line, item.column) for item in found] == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("a: no", ("DF0502", 3, 6)),
        ("a: {value: no}", ("DF0502", 3, 14)),
        ("a: [1, no]", ("DF0502", 3, 10)),
        ("a: {value: [1, no]}", ("DF0502", 3, 18)),
        ("a: [[1, 2], [3]]", ("DF0501", 3, 15)),
        ("a: {shape: [2, 2], value: [[1, 2], [3]]}", ("DF0501", 3, 38)),
        ("a: {value: 300, dtype: int8}", ("DF0512", 3, 14)),
        ("a:\n    value:\n      - 1\n      - 300\n    dtype: int8", ("DF0512", 6, 9)),
        ("a: {value: [1, 2], shape: [3]}", ("DF0503", 3, 29)),
        ("a: {shape: [n, -3]}", ("DF0510", 3, 18)),
    ],
)
def test_place_of_a_value(entry: str, expected: Place, tmp_path: Path) -> None:
    (found,) = refuse(tmp_path / "g.yaml", f"dataflow: 1\ninputs:\n  {entry}\n")
    assert (found.code, found.line, found.column) == expected


def test_all_problems_at_once_in_the_order_of_the_text(tmp_path: Path) -> None:
    text = "target: K\nnodes:\n  v: {op: epx, inputs: [pp]}\n  u: qq ^ 2\ninputs: {a: no}\nfoo: 1\ndataflow: 1\n"
    found = refuse(tmp_path / "g.yaml", text)
    assert [(item.code, item.line, item.column) for item in found] == [
        ("DF0230", 1, 9), ("DF0401", 3, 11), ("DF0203", 3, 25), ("DF0303", 4, 6), ("DF0502", 5, 13), ("DF0250", 6, 1),
    ]  # fmt: skip


def test_a_broken_entry_blames_nobody_else(tmp_path: Path) -> None:
    text = "dataflow: 1\ninputs:\n  a:\nnodes:\n  u: [a]\n  v: {ops: exp}\n  w: a +\n  z: a + u + v + w\ntarget: z\n"
    found = refuse(tmp_path / "g.yaml", text)
    assert [(item.code, item.line, item.column) for item in found] == [
        ("DF0252", 3, 3), ("DF0252", 5, 6), ("DF0251", 6, 3), ("DF0250", 6, 7), ("DF0301", 7, 8),
    ]  # fmt: skip


@pytest.mark.parametrize("section", ["inputs", "parameters", "nodes", "requires", "target", "name", "dtype"])
@pytest.mark.parametrize("value", ["", " null", " [1]", " {x: [}", " 3", " true", " text"])
def test_any_section_may_be_anything(section: str, value: str, tmp_path: Path) -> None:
    path = tmp_path / "g.yaml"
    path.write_text(f"dataflow: 1\n{section}:{value}\n")
    problems: list[Diagnostic] = []
    try:
        load(path)
    except GraphError as error:
        problems += error.diagnostics
    assert {item.line for item in problems} <= {2}


def test_graph_knows_where_it_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "g.yaml").write_text(PLAIN + "  u: 3 * (a + b)\n")
    graph = load(tmp_path / "g.yaml")
    assert (graph.source.file, graph.source.folder) == (str(tmp_path / "g.yaml"), str(tmp_path))
    assert (graph.source.place_of("u"), graph.source.place_of("u#1")) == ((4, 6), (4, 11))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"dataflow: 1\nnodes: {u: qq}\n")))
    with pytest.raises(GraphError) as caught:
        load("-")
    assert caught.value.diagnostics[0].place == "<stdin>:2:12"
    with pytest.raises(ResourceError):
        load(tmp_path / "missing.yaml")


def test_text_without_a_file() -> None:
    with pytest.raises(GraphError) as caught:
        loads("{dataflow: 1, nodes: {u: qq}}")
    assert caught.value.diagnostics[0].place == "<text>:1:26"


LARGE = {
    "names in one expression": ("y: " + " + ".join(f"u{index}" for index in range(1_000)), 1_000),
    "operands of one node": (
        "y: {op: concat, inputs: {xs: [" + ", ".join(f"u{i}" for i in range(20_000)) + "]}}",
        20_000,
    ),
    "inputs of an unknown operator": (
        "y: {op: foo, inputs: {" + ", ".join(f"u{i}: 1" for i in range(50_000)) + "}}",
        1,
    ),
    "quotes that do not end": ('y: "' + "'" + "\\\\'" * 45_000 + '#"', 1),
    "quotes in a very long text": ('y: "' + "'" + "\\\\'" * 1_000_000 + '#"', 1),
}


@pytest.mark.parametrize("name", LARGE)
def test_very_many_problems_take_no_quadratic_time(name: str) -> None:
    text, count = LARGE[name]
    with pytest.raises(GraphError) as caught:
        loads(f"dataflow: 1\nnodes:\n  {text}\n")
    assert len(caught.value.diagnostics) == count


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_collection_is_as_it_was(enabled: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        loads("{dataflow: 1, nodes: {u: 1}}")
        assert gc.isenabled() == enabled
        with pytest.raises(GraphError):
            loads("{dataflow: 1, nodes: {u: qq}}")
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()
