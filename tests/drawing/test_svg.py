"""SVG drawings, parsed: every box and arrow is there, nothing overlaps, arrows go from left to right."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dataflow
from dataflow.cli.reports import display_width
from dataflow.cli.table import describe
from dataflow.drawing import draw_svg, make_picture
from dataflow.errors import UsageError
from tests.drawing.reading import SVG, Drawing, Line, picture_of, read_svg, svg_of

ROOT = Path(__file__).parent.parent.parent
GALLERY = sorted(path for path in (ROOT / "graphs").glob("*.yaml") if path.stem != "chain")
LECTURE = ROOT / "graphs" / "lecture.yaml"
BLUE, ORANGE = "#1d4ed8", "#c2410c"
TOLERANCE = 0.11  # coordinates have one digit


def load(text: str) -> dataflow.Graph:
    return dataflow.loads("{dataflow: 1, " + text + "}")


def check(drawing: Drawing, arrows: set[tuple[str, str]], makers: dict[str, str] | None = None) -> None:
    """What is true of every drawing."""
    boxes = list(drawing.boxes.values())
    for number, box in enumerate(boxes):
        assert -TOLERANCE <= box.left < box.right <= drawing.width
        assert -TOLERANCE <= box.top < box.bottom <= drawing.height
        assert not any(box.overlaps(other) for other in boxes[number + 1 :])
    assert {(line.source, line.target) for line in drawing.values} == arrows
    assert len(drawing.values) == len(arrows) == len(drawing.heads["values"])
    for line in (*drawing.values, *drawing.gradients):
        across = [point[0] for point in line.points]
        assert across == sorted(across)
        assert not any(box.holds(point) for box in boxes for point in line.points)
    for line, head in zip(drawing.values, drawing.heads["values"], strict=True):
        source, target = drawing.boxes[(makers or {}).get(line.source, line.source)], drawing.boxes[line.target]
        assert head[0] == pytest.approx(target.left, abs=TOLERANCE)
        assert target.top < head[1] < target.bottom
        assert 0 < head[0] - line.points[-1][0] < 9
        begin = line.points[0]
        begins_at_its_box = abs(begin[0] - source.right) < TOLERANCE and source.top < begin[1] < source.bottom
        assert begins_at_its_box or any(_is_on(begin, other) for other in drawing.values if other.source == line.source)


def _is_on(point: tuple[float, float], line: Line) -> bool:
    """Whether an arrow may begin there: on a longer one of the same value."""
    return any(abs(point[0] - x) < TOLERANCE and abs(point[1] - y) < TOLERANCE for x, y in line.points[1:]) or any(
        a[0] < point[0] < b[0] and abs(a[1] - point[1]) < TOLERANCE and abs(b[1] - point[1]) < TOLERANCE
        for a, b in pairwise(line.points)
    )


def test_the_lecture_as_on_the_blackboard() -> None:
    drawing = svg_of(dataflow.load(LECTURE))
    check(drawing, {("b", "u"), ("c", "u"), ("a", "v"), ("u", "v"), ("v", "J")})
    boxes = drawing.boxes
    assert {name: list(box.lines) for name, box in boxes.items()} == {
        "a": ["a = 5"], "b": ["b = 3"], "c": ["c = 2"], "u": ["u = b * c"], "v": ["v = a + u"], "J": ["J = 3 * v"],
    }  # fmt: skip
    columns = [["a", "b", "c"], ["u"], ["v"], ["J"]]
    for left, right in pairwise(columns):
        assert max(boxes[name].right for name in left) < min(boxes[name].left for name in right)
    assert boxes["a"].top < boxes["b"].top < boxes["c"].top  # in the order of the file
    assert {name: box.kind for name, box in boxes.items()} == {
        "a": "input", "b": "input", "c": "input", "u": "node", "v": "node", "J": "node target",
    }  # fmt: skip
    assert drawing.gradients == []
    assert drawing.root.findtext(f"{SVG}title") == "lecture"
    assert drawing.root.findtext(f"{SVG}desc") == "J = 3(a + bc) (3 inputs, 3 nodes; target J)"


def test_values_go_right_and_gradients_left_in_colours_of_their_own() -> None:
    drawing = svg_of(dataflow.load(LECTURE), run=True)
    check(drawing, {("b", "u"), ("c", "u"), ("a", "v"), ("u", "v"), ("v", "J")})
    lines = {name: list(box.lines) for name, box in drawing.boxes.items()}
    assert lines == {
        "a": ["a", "5", "da = 3"], "b": ["b", "3", "db = 6"], "c": ["c", "2", "dc = 9"],
        "u": ["u = b * c", "6", "du = 3"], "v": ["v = a + u", "11", "dv = 3"], "J": ["J = 3 * v", "33", "dJ = 1"],
    }  # fmt: skip
    assert all(box.colours[1:] == [BLUE, ORANGE] for box in drawing.boxes.values())
    assert {(line.source, line.target) for line in drawing.gradients} == {
        (line.source, line.target) for line in drawing.values
    }
    ends = sorted((drawing.boxes[name].right, name) for name in "abcuv")
    assert sorted(x for x, _ in drawing.heads["gradients"]) == pytest.approx([x for x, _ in ends], abs=TOLERANCE)
    texts = ["".join(text.itertext()) for text in drawing.root.iter(f"{SVG}text")]
    assert texts[-2:] == ["→ values", "← gradients: db is dJ/db"]
    assert drawing.boxes["u"].told == "u = b * c; value: 6; gradient: 3"


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("run", [False, True])
@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_the_gallery(path: Path, run: bool, parts: bool) -> None:
    graph = dataflow.load(path)
    drawing = svg_of(graph, run=run, parts=parts)
    values = set(graph.names(hidden=True))  # a size is none of them
    operands = {name: [item for item in node.inputs if item in values] for name, node in graph.nodes.items()}
    arrows = {(item, name) for name, items in operands.items() for item in items}
    while not parts and (inner := {arrow for arrow in arrows if "#" in arrow[0] + arrow[1]}):
        arrows -= inner  # a part is what its operands are
        arrows |= {(item, name) for part, name in inner if "#" in part for item in operands[part]}
        arrows = {arrow for arrow in arrows if "#" not in arrow[1]}
    check(drawing, arrows)
    assert set(drawing.boxes) == {*graph.given, *(name for name in graph.nodes if parts or "#" not in name)}
    inputs = [drawing.boxes[name] for name in graph.inputs]
    others = [drawing.boxes[name] for name in {name for _, name in arrows}]
    assert max(box.left for box in inputs) < min(box.left for box in others)
    assert max(others, key=lambda box: box.right).kind == "node target"


def test_parameters_the_target_and_what_leads_nowhere_look_different() -> None:
    text = "inputs: {x: 2, unused: 1}, parameters: {w: 3}, nodes: {y: w * x, J: y ** 2, shown: y + 1}, target: J"
    drawing = svg_of(load(text), run=True)
    assert {name: box.kind for name, box in drawing.boxes.items()} == {
        "x": "input", "unused": "input aside", "w": "parameter", "y": "node", "J": "node target", "shown": "node aside",
    }  # fmt: skip
    outlines = {
        part.attrib["data-name"]: (
            part[1].tag,
            *(part[1].get(key) for key in ("fill", "stroke-width", "stroke-dasharray")),
        )
        for part in drawing.root.iter(f"{SVG}g")
        if "data-name" in part.attrib
    }
    assert len(set(outlines.values())) == 6
    assert list(drawing.boxes["shown"].lines) == ["shown = y + 1", "7", "dshown = 0"]
    assert ("y", "shown") not in {(line.source, line.target) for line in drawing.gradients}


def test_no_gradient_flows_through_integers_and_rules_without_a_derivative() -> None:
    text = (
        "inputs: {x: [1, 2], labels: {value: [0, 1], dtype: int64}}, parameters: {w: [3, 4]},"
        " nodes: {ones: ones_like(x), J: 'sum(w * ones * x) + sum(labels) * sum(ones_like(w))'}, target: J"
    )
    drawing = svg_of(load(text), run=True)
    assert list(drawing.boxes["labels"].lines) == ["labels", "[0, 1] (2)"]
    flows = {(line.source, line.target) for line in drawing.gradients}
    assert flows == {("w", "J"), ("x", "J")}  # `ones` has no slope in x, and none of its own to pass on


def test_an_operator_of_several_outputs_has_a_row_for_each() -> None:
    text = (
        "inputs: {X: [[1, 2], [3, 4]]}, nodes: {halves: {op: unstack, inputs: [X], attributes: {axis: 0},"
        " outputs: [top, bottom]}, J: sum(top * 2) + sum(bottom), other: sum(bottom)}, target: J"
    )
    drawing = svg_of(load(text), run=True)
    makers = {"top": "halves", "bottom": "halves"}
    check(drawing, {("X", "halves"), ("top", "J"), ("bottom", "J"), ("bottom", "other")}, makers)
    box = drawing.boxes["halves"]
    assert list(box.lines) == [
        "top, bottom", "= unstack(X, axis=0)",
        "top = [1, 2] (2)", "dtop = [2, 2] (2)", "bottom = [3, 4] (2)", "dbottom = [1, 1] (2)",
    ]  # fmt: skip
    begins = {line.source: line.points[0][1] for line in drawing.values}
    assert box.top < begins["top"] < begins["bottom"] < box.bottom
    text = "inputs: {X: [" + ", ".join(["1"] * 40) + "]}, nodes: {parts: {op: unstack, inputs: [X], outputs: ["
    text += ", ".join(f"p{number}" for number in range(40)) + "]}, J: p0 + p39}, target: J"
    lines = svg_of(load(text)).boxes["parts"].lines
    assert lines[-1] == "… and 28 more"


def test_the_parts_of_expressions() -> None:
    text = "inputs: {a: 1, b: 2}, nodes: {J: 3 * (a + exp(b))}, target: J"
    drawing = svg_of(load(text), run=True, parts=True)
    check(drawing, {("b", "J#1"), ("a", "J#2"), ("J#1", "J#2"), ("J#2", "J")})
    assert {name: box.lines[0] for name, box in drawing.boxes.items()} == {
        "a": "a", "b": "b", "J#1": "exp(b)", "J#2": "a + exp(b)", "J": "J = 3 * (a + exp(b))",
    }  # fmt: skip
    assert list(drawing.boxes["J#2"].lines[1:]) == ["8.38906", "d = 3"]
    long = svg_of(load("inputs: {a: 1}, nodes: {J: " + "exp(" * 9 + "a" + ")" * 9 + "}"), parts=True)
    assert long.boxes["J"].lines == ["J = exp(…)"]  # what is drawn anyway is not written out again


def test_only_what_some_values_need() -> None:
    graph = dataflow.load(LECTURE)
    assert set(svg_of(graph, only=["u"]).boxes) == {"b", "c", "u"}
    assert set(svg_of(graph, only=["a", "c"]).boxes) == {"a", "c"}
    assert svg_of(graph, only=["u"]).boxes["u"].kind == "node"


def test_a_result_that_has_not_all_names_or_another_target() -> None:
    graph = dataflow.load(LECTURE)
    some = make_picture(graph, dataflow.execute(graph, only=["u"]), describe=describe)
    drawing = read_svg(draw_svg(some, display_width))
    assert list(drawing.boxes["u"].lines) == ["u = b * c", "6", "du = 3"]
    assert list(drawing.boxes["v"].lines) == ["v = a + u"]
    assert {(line.source, line.target) for line in drawing.gradients} == {("u", "v")}
    other = make_picture(graph, dataflow.execute(graph, target="u"), describe=describe)
    drawing = read_svg(draw_svg(other, display_width))
    assert {name: box.kind for name, box in drawing.boxes.items() if "target" in box.kind} == {"u": "node target"}
    assert drawing.boxes["a"].kind == "input aside"
    assert {(line.source, line.target) for line in drawing.gradients} == {("b", "u"), ("c", "u")}


def test_data_files_are_named_and_what_was_set_is_shown() -> None:
    graph = dataflow.load(ROOT / "graphs" / "logistic_regression.yaml")
    drawing = svg_of(graph)
    assert list(drawing.boxes["y"].lines) == ["y = breast_cancer.csv: benign (rows)"]
    assert list(drawing.boxes["X"].lines) == ["X = breast_cancer.csv (rows x 10)"]
    result = dataflow.execute(graph, {"y": [1.0, 0.0], "X": [[1.0] * 10, [2.0] * 10]}, target="J")
    drawing = read_svg(draw_svg(make_picture(graph, result, describe=describe), display_width))
    assert list(drawing.boxes["y"].lines) == ["y", "[1, 0] (2)"]  # no word of a file that had no part in it


def test_a_summary_of_many_rows(tmp_path: Path) -> None:
    graph = load("inputs: {x: {shape: [rows]}}, nodes: {J: sum(x)}, target: J")
    path = tmp_path / "long.json"
    dataflow.execute(graph, {"x": [float(number % 3) for number in range(150_000)]}).write(path)
    picture = make_picture(graph, dataflow.Result.load(path), describe=describe)
    lines = read_svg(draw_svg(picture, display_width)).boxes["x"].lines
    assert list(lines) == ["x", "0 to 2, mean 1 (150000)", "dx = 1 to 1, mean 1 (150000)"]


def test_a_result_that_somebody_else_wrote() -> None:
    graph = dataflow.load(LECTURE)
    types = {"a": ("float64", ()), "u": ("float64", ()), "v": ("float64", ())}
    strange: dict[str, object] = {"count": [], "non_finite": None, "min": {}, "mean": "x", "max": 1}
    empty = {"count": 3, "non_finite": 3, "min": None, "mean": None, "max": None}
    for target in ("other", ["u"], None):
        result = dataflow.Result(
            name="", digest="", target=target, types=types, values={"a": strange, "u": empty, "v": float("nan")},  # type: ignore[arg-type]
            gradients={"a": strange, "u": None, "v": float("-inf")},
        )  # fmt: skip
        drawing = read_svg(draw_svg(make_picture(graph, result, describe=describe), display_width))
        assert [list(drawing.boxes[name].lines[1:]) for name in "auv"] == [
            ["…", "da = …"], ["(3, 3 not finite)"], ["NaN", "dv = -Infinity"],
        ]  # fmt: skip
        assert drawing.gradients == []


def test_strange_names_and_texts_are_escaped() -> None:
    name = "讲座 <b>&\"' ]]> \x07 \u202e"
    graph = load("inputs: {输入: 5, μ: 2}, nodes: {乘积: 输入 * μ}, target: 乘积").replace(
        name=name, description="a <script>alert(1)</script>\nb --> c"
    )
    text = draw_svg(picture_of(graph, run=True), display_width)
    drawing = read_svg(text)
    check(drawing, {("输入", "乘积"), ("μ", "乘积")})
    assert drawing.root.findtext(f"{SVG}title") == "讲座 <b>&\"' ]]> \\x07 \\u202e"
    assert "<script" not in text
    assert "\nb" not in text
    assert {part.tag.removeprefix(SVG) for part in drawing.root.iter() if isinstance(part.tag, str)} <= {
        "svg", "title", "desc", "rect", "g", "path", "polygon", "text", "tspan",
    }  # fmt: skip
    box = drawing.boxes["乘积"]
    assert box.right - box.left > len("乘积 = 输入 * μ") * 8.4 + 4 * 8.4  # Chinese letters are twice as wide


def test_texts_stay_in_their_boxes() -> None:
    long = "a" * 300
    total = " + ".join([long, *(f"x{number}" for number in range(60))])
    names = ", ".join([f"{long}: 1", *(f"x{number}: 1" for number in range(60))])
    drawing = svg_of(load(f"inputs: {{{names}}}, nodes: {{y: '{total}'}}"), run=True)
    for box in drawing.boxes.values():
        assert all(display_width(line) * 8.4 < box.right - box.left for line in box.lines)
        assert len(box.lines) * 18 < box.bottom - box.top
    assert len(drawing.boxes["y"].lines) == 5  # four of the equation, one of the value
    assert drawing.boxes["y"].lines[3].endswith("…")
    assert drawing.boxes[long].lines[0] == "a" * 17 + "…" + "a" * 17
    assert len(drawing.boxes["y"].told) < 1_100


def test_white_paper_and_nothing_from_elsewhere() -> None:
    drawing = svg_of(dataflow.load(LECTURE), run=True)
    paper = drawing.root.find(f"{SVG}rect")
    assert paper is not None
    assert (paper.get("width"), paper.get("height"), paper.get("fill")) == ("100%", "100%", "#ffffff")
    assert drawing.root.get("viewBox") == f"0 0 {drawing.root.get('width')} {drawing.root.get('height')}"
    attributes = {key for part in drawing.root.iter() for key in part.attrib}
    assert not {key for key in attributes if "href" in key or key.startswith("on") or key == "style"}


def test_an_empty_graph_and_one_without_arrows() -> None:
    assert svg_of(load("nodes: {}")).boxes == {}
    check(svg_of(load("inputs: {a: 1, b: 2}"), run=True), set())
    assert svg_of(load("nodes: {two: 1 + 1}"), run=True).boxes["two"].lines == ["two = 1 + 1", "2"]


def test_too_many_boxes_are_refused_and_the_most_are_drawn() -> None:
    chain = "dataflow: 1\ninputs:\n  u0: 1\nnodes:\n" + "".join(f"  u{n + 1}: u{n} * u0\n" for n in range(2_000))
    graph = dataflow.loads(chain)
    with pytest.raises(UsageError) as caught:
        svg_of(graph)
    assert [item.code for item in caught.value.diagnostics] == ["DF0932"]
    assert "--only" in str(caught.value)
    drawing = svg_of(graph, only=["u1999"])
    assert len(drawing.boxes) == 2_000
    assert len(drawing.values) == 2 * 1_999 - 1


def test_long_arrows_without_room_for_bends_are_all_there() -> None:
    sums = "".join(f"  u{n + 1}: u{n} + 1\n" for n in range(900))
    total = " + ".join(f"u{n}" for n in range(900))
    drawing = svg_of(dataflow.loads(f"dataflow: 1\ninputs:\n  u0: 1\nnodes:\n{sums}  J: {total}\ntarget: J\n"))
    assert len(drawing.values) == 1_800
    assert sum(line.target == "J" for line in drawing.values) == 900


@st.composite
def graphs(draw: st.DrawFn) -> dataflow.Graph:
    """Graphs of all kinds of shape: nodes use any earlier values, some of them inputs, some parameters."""
    count = draw(st.integers(1, 12))
    kinds = draw(st.lists(st.sampled_from(["inputs", "parameters"]), min_size=count, max_size=count))
    sections: dict[str, list[str]] = {"inputs": [], "parameters": [], "nodes": []}
    for number, kind in enumerate(kinds):
        sections[kind].append(f"x{number}: {number}")
    names = [f"x{number}" for number in range(count)]
    for number in range(count, count + draw(st.integers(0, 25))):
        used = draw(st.lists(st.sampled_from(names), max_size=5))
        sections["nodes"].append(f"x{number}: '{' + '.join(used) or '1 + 1'}'")
        names.append(f"x{number}")
    text = ", ".join(f"{key}: {{{', '.join(lines)}}}" for key, lines in sections.items())
    target = draw(st.sampled_from([None, *names]))
    return load(text + (f", target: {target}" if target else ""))


@settings(max_examples=80)
@given(graphs(), st.booleans(), st.booleans())
def test_random_graphs(graph: dataflow.Graph, run: bool, parts: bool) -> None:
    picture = picture_of(graph, parts=parts)
    arrows = {
        (picture.boxes[arrow.source].values[arrow.port].name, picture.boxes[arrow.target].name)
        for arrow in picture.arrows
    }
    if not parts:
        named = [name for name in graph.nodes if "#" not in name]
        assert arrows == {
            (item, name)
            for name in named
            for part, node in graph.nodes.items()
            if part.partition("#")[0] == name
            for item in node.inputs
            if isinstance(item, str) and "#" not in item
        }
    reached = graph.target is not None and dataflow.execute(graph).gradients.get(graph.target) is not None
    check(svg_of(graph, run=run and reached, parts=parts), arrows)


def test_the_same_bytes_every_time() -> None:
    script = (
        "import dataflow, sys; from tests.drawing.reading import *\n"
        "for name in ('attention', 'black_scholes'):\n"
        "    picture = picture_of(dataflow.load(f'graphs/{name}.yaml'), run=True, parts=True)\n"
        "    sys.stdout.write(draw_svg(picture, display_width))"
    )
    places = os.pathsep.join(filter(None, [str(ROOT), str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")]))
    found = {
        subprocess.run(
            [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": places, "PYTHONHASHSEED": seed}, cwd=ROOT,
            capture_output=True, check=True, timeout=120,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1
    (content,) = found
    first = content.decode().partition("</svg>\n")[0] + "</svg>"
    assert ElementTree.fromstring(first).tag == f"{SVG}svg"
