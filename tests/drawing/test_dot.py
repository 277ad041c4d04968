"""DOT, read back by a small tokenizer."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import dataflow
from dataflow.cli.reports import display_width
from dataflow.drawing import draw_dot
from tests.drawing.reading import picture_of

ROOT = Path(__file__).parent.parent.parent
STRING = r'"(?:[^"\\]|\\.)*"'
ATTRIBUTE = rf"(\w+)=({STRING}|<.*?>(?= \w+=|\])|[\w.]+)"


def read(text: str) -> tuple[dict[str, dict[str, str]], list[tuple[str, str, dict[str, str]]], list[str]]:
    """Nodes and arrows with their attributes, and the statements that are neither."""
    lines = text.splitlines()
    assert lines[0] == "// drawn by dataflow"
    assert re.fullmatch(rf"digraph {STRING} {{", lines[1])
    assert lines[-1] == "}"
    nodes, arrows, others = {}, [], []
    for line in lines[2:-1]:
        if found := re.fullmatch(rf"  ({STRING}) -> ({STRING})(?: \[(.*)\])?", line):
            arrows.append((_plain(found[1]), _plain(found[2]), dict(re.findall(ATTRIBUTE, f"{found[3] or ''}]"))))
        elif found := re.fullmatch(rf"  ({STRING}) \[(.*)\]", line):
            assert re.fullmatch(rf"{ATTRIBUTE}( {ATTRIBUTE})*", found[2]) or found[2].startswith("label=<"), line
            nodes[_plain(found[1])] = dict(re.findall(ATTRIBUTE, f"{found[2]}]"))
        else:
            others.append(line.strip())
    return nodes, arrows, others


def _plain(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted[1:-1])


def lines_of(label: str) -> list[str]:
    """The lines of a label of Graphviz' HTML, which must be as strict as XML."""
    assert label[0] == "<"
    assert label[-1] == ">"
    root = ElementTree.fromstring(f"<label>{label[1:-1]}</label>")
    assert {part.tag for part in root} <= {"B", "BR", "FONT"}
    lines = [root.text or ""]
    for part in root:
        if part.tag == "BR":
            lines.append("")
        lines[-1] += (part.text or "") + (part.tail or "")
    return lines


def draw(graph: dataflow.Graph, **options: object) -> str:
    return draw_dot(picture_of(graph, **options), display_width)  # type: ignore[arg-type]


def test_the_lecture() -> None:
    nodes, arrows, others = read(draw(dataflow.load(ROOT / "graphs" / "lecture.yaml"), run=True))
    assert {name: lines_of(found["label"]) for name, found in nodes.items()} == {
        "a": ["a", "5", "da = 3"], "b": ["b", "3", "db = 6"], "c": ["c", "2", "dc = 9"],
        "u": ["u = b * c", "6", "du = 3"], "v": ["v = a + u", "11", "dv = 3"], "J": ["J = 3 * v", "33", "dJ = 1"],
    }  # fmt: skip
    assert [arrow[:2] for arrow in arrows] == [("b", "u"), ("c", "u"), ("a", "v"), ("u", "v"), ("v", "J")]
    assert all(found == {"color": '"#1d4ed8:#c2410c"', "dir": "both"} for _, _, found in arrows)
    assert [name for name, found in nodes.items() if found.get("penwidth") == "3"] == ["J"]
    assert others[-2:] == ['{rank=min; "a"; "b"; "c"}', '{rank=max; "J"}']
    assert others[0].startswith("rankdir=LR")


def test_kinds_of_boxes_have_styles_of_their_own() -> None:
    text = "{dataflow: 1, inputs: {x: 2, t: 1}, parameters: {w: 3}, nodes: {J: w * x, shown: x + t}, target: J}"
    nodes, arrows, _ = read(draw(dataflow.loads(text)))
    styles = {name: (found.get("style"), found["fillcolor"]) for name, found in nodes.items()}
    assert styles["x"][0] == '"filled,rounded"'
    assert styles["t"][0] == '"filled,rounded,dotted"'
    assert styles["w"][0] == '"filled,diagonals"'
    assert styles["shown"][0] == '"filled,dotted"'
    assert styles["J"][0] is None
    assert len({colour for _, colour in styles.values()}) == 3
    assert all(found == {} for _, _, found in arrows)


def test_outputs_are_named_on_their_arrows() -> None:
    text = (
        "{dataflow: 1, inputs: {X: [[1, 2], [3, 4]]}, nodes: {halves: {op: unstack, inputs: [X],"
        " outputs: [top, bottom]}, y: top - bottom}}"
    )
    nodes, arrows, _ = read(draw(dataflow.loads(text)))
    assert lines_of(nodes["halves"]["label"]) == ["top, bottom", "= unstack(X)", "top", "bottom"]
    assert [(source, target, found.get("label")) for source, target, found in arrows] == [
        ("X", "halves", None), ("halves", "y", '"top"'), ("halves", "y", '"bottom"'),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ['a "b" \\', "node", "\\", "<b>", "", "讲座\n\x07", "a\\N"])
def test_strange_texts_are_quoted(name: str) -> None:
    graph = dataflow.loads("{dataflow: 1, inputs: {node: 1, edge: 2, 输入: 3}, nodes: {graph: node < 输入 * edge}}")
    text = draw(graph.replace(name=name), parts=True)
    nodes, arrows, _ = read(text)
    assert set(nodes) == {"node", "edge", "输入", "graph#1", "graph"}
    assert lines_of(nodes["graph"]["label"]) == ["graph = node < 输入 * edge"]
    assert ("graph#1", "graph") in [arrow[:2] for arrow in arrows]
    assert _plain(re.findall(rf"digraph ({STRING})", text)[0]) == name.replace("\n", "\\n").replace("\x07", "\\x07")


def test_any_size() -> None:
    chain = "dataflow: 1\ninputs:\n  u0: 1\nnodes:\n" + "".join(f"  u{n + 1}: u{n} * u0\n" for n in range(5_000))
    nodes, arrows, _ = read(draw(dataflow.loads(chain)))
    assert (len(nodes), len(arrows)) == (5_001, 9_999)
