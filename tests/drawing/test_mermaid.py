"""Mermaid, read back by simple means."""

from __future__ import annotations

import re
from pathlib import Path

import dataflow
from dataflow.cli.reports import display_width
from dataflow.drawing import draw_mermaid
from tests.drawing.reading import picture_of

ROOT = Path(__file__).parent.parent.parent
NAME = r"[A-Za-z0-9_]+"
SHAPES = {('(["', '"])'): "input", ('{{"', '"}}'): "parameter", ('["', '"]'): "node"}
RESERVED = ("end", "graph", "default", "style", "class_", "click", "subgraph", "linkStyle", "call", "flowchart", "href")


def read(text: str) -> tuple[dict[str, tuple[str, list[str]]], list[tuple[str, str, str, str]], dict[str, set[str]]]:
    """Boxes with their kind and lines, arrows with their sign and label, members of classes."""
    lines = text.splitlines()
    assert lines[:2] == ["%% drawn by dataflow", "flowchart LR"]
    boxes: dict[str, tuple[str, list[str]]] = {}
    arrows = []
    classes: dict[str, set[str]] = {}
    for line in lines[2:]:
        if found := re.fullmatch(rf'    ({NAME})(\(\["|{{{{"|\[")([^"]*)("\]\)|"}}}}|"\])', line):
            boxes[found[1]] = SHAPES[found[2], found[4]], [decode(part) for part in found[3].split("<br/>")]
        elif found := re.fullmatch(rf'    ({NAME}) (<?-->)(?:\|"([^"]*)"\|)? ({NAME})', line):
            arrows.append((found[1], found[2], found[4], decode(found[3] or "")))
        elif found := re.fullmatch(r"    class ([\w,]+) (\w+)", line):
            classes.setdefault(found[2], set()).update(found[1].split(","))
        else:
            assert re.fullmatch(r"    classDef \w+ [\w#:, -]+", line), line
    return boxes, arrows, classes


def decode(text: str) -> str:
    """What Mermaid shows: its codes of characters resolved, and nothing left that it takes for something else."""
    assert not re.search(r'[<>&"`$;:]|#(?!\d+;)', re.sub(r"#\d+;", "", text)), text
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text)


def draw(graph: dataflow.Graph, **options: object) -> str:
    return draw_mermaid(picture_of(graph, **options), display_width)  # type: ignore[arg-type]


def test_the_lecture() -> None:
    boxes, arrows, classes = read(draw(dataflow.load(ROOT / "graphs" / "lecture.yaml"), run=True))
    assert boxes == {
        "a": ("input", ["a", "→ 5", "← da = 3"]),
        "b": ("input", ["b", "→ 3", "← db = 6"]),
        "c": ("input", ["c", "→ 2", "← dc = 9"]),
        "u": ("node", ["u = b * c", "→ 6", "← du = 3"]),
        "v": ("node", ["v = a + u", "→ 11", "← dv = 3"]),
        "J": ("node", ["J = 3 * v", "→ 33", "← dJ = 1"]),
    }
    assert arrows == [(a, "<-->", b, "") for a, b in ("bu", "cu", "av", "uv", "vJ")]
    assert classes == {"input": {"a", "b", "c"}, "target": {"J"}}


def test_without_a_result_arrows_go_one_way() -> None:
    text = "{dataflow: 1, inputs: {x: 2}, parameters: {w: 3}, nodes: {J: w * x, shown: x + 1}, target: J}"
    boxes, arrows, classes = read(draw(dataflow.loads(text)))
    assert {name: kind for name, (kind, _) in boxes.items()} == {
        "x": "input", "w": "parameter", "J": "node", "shown": "node",
    }  # fmt: skip
    assert {arrow[1] for arrow in arrows} == {"-->"}
    assert classes == {"input": {"x"}, "parameter": {"w"}, "target": {"J"}, "aside": {"shown"}}


def test_words_of_the_language_and_letters_beyond_ascii_become_numbers() -> None:
    names = [*RESERVED, "END", "endpoint", "Graphs", "style_x", "输入", "μ"]
    inputs = ", ".join(f"{name}: 1" for name in names)
    text = f"{{dataflow: 1, inputs: {{{inputs}}}, nodes: {{n: {' + '.join(names)}}}}}"
    boxes, arrows, _ = read(draw(dataflow.loads(text)))
    assert set(boxes) == {*map(str, range(len(names))), "n"}
    assert [boxes[str(number)][1] for number in range(len(names))] == [[f"{name} = 1"] for name in names]
    assert [arrow[0] for arrow in arrows] == [str(number) for number in range(len(names))]


def test_what_mermaid_or_markdown_would_take_for_something_else_is_coded() -> None:
    text = (
        "{dataflow: 1, inputs: {_x_: [1, 2], t: {source: 'a;b#c\"<i>`$$:&.npy', shape: [rows]}},"
        " nodes: {below: _x_ < 3, last: '_x_[0:1]', long: 'sum(_x_) - sum(_x_) * sum(_x_) - sum(_x_)'}}"
    )
    boxes, _, _ = read(draw(dataflow.loads(text)))
    assert boxes["0"][1] == ["_x_ = [1, 2] (2)"]
    assert boxes["t"][1] == ['t = a;b#c"<i>`$$:&.npy', "(rows)"]
    assert boxes["below"][1] == ["below = _x_ < 3"]
    assert boxes["last"][1] == ["last = _x_[0:1]"]
    drawn = draw(dataflow.loads(text))
    assert "#95;x#95;" in drawn  # Markdown would set _x_ in italics
    assert not re.search(r'(?:"|<br/>)[-+*] ', drawn)  # and make a list of a line that begins with a minus


def test_parts_and_outputs() -> None:
    text = (
        "{dataflow: 1, inputs: {X: [[1, 2], [3, 4]]}, nodes: {halves: {op: unstack, inputs: [X],"
        " outputs: [top, bottom]}, y: top - exp(bottom)}}"
    )
    boxes, arrows, classes = read(draw(dataflow.loads(text), parts=True))
    assert boxes["2"] == ("node", ["exp(bottom)"])
    assert [(source, target, label) for source, _, target, label in arrows] == [
        ("X", "halves", ""), ("halves", "2", "bottom"), ("halves", "y", "top"), ("2", "y", ""),
    ]  # fmt: skip
    assert classes == {"input": {"X"}, "part": {"2"}}


def test_a_block_of_markdown() -> None:
    picture = picture_of(dataflow.load(ROOT / "graphs" / "lecture.yaml"))
    plain = draw_mermaid(picture, display_width)
    assert draw_mermaid(picture, display_width, fenced=True) == f"```mermaid\n{plain}```\n"


def test_any_size() -> None:
    chain = "dataflow: 1\ninputs:\n  u0: 1\nnodes:\n" + "".join(f"  u{n + 1}: u{n} * u0\n" for n in range(3_000))
    boxes, arrows, classes = read(draw(dataflow.loads(chain)))
    assert (len(boxes), len(arrows)) == (3_001, 5_999)
    assert classes == {"input": {"u0"}}
