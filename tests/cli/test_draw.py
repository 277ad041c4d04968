"""`dataflow draw`: which file it writes, in which form, what it reports and what it refuses."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dataflow.cli import main

GRAPHS = Path(__file__).parent.parent.parent / "graphs"
LECTURE = str(GRAPHS / "lecture.yaml")
BEGINS = {
    "x.svg": "<svg ", "x.SVG": "<svg ", "x.dot": "// drawn by", "x.gv": "// drawn by", "x.mmd": "%% drawn by",
    "x.mermaid": "%% drawn by", "x.md": "```mermaid\n%% drawn by",
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def draw(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["draw", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("name", BEGINS)
def test_the_ending_says_what_to_write(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert draw(capsys, LECTURE, "-o", name) == (0, f"written to {name}\n", "")
    text = Path(name).read_text(encoding="utf-8")
    assert text.startswith(BEGINS[name])
    assert "3 * v" in text
    assert os.listdir() == [name]


@pytest.mark.parametrize(
    ("options", "name"), [([], "lecture.svg"), (["--as", "dot"], "lecture.dot"), (["--as", "mermaid"], "lecture.mmd")]
)
def test_without_a_file_it_is_named_as_the_graph(
    options: list[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert draw(capsys, LECTURE, *options) == (0, f"written to {name}\n", "")
    assert os.listdir() == [name]


@pytest.mark.parametrize(
    ("options", "begin"),
    [([], "<svg "), (["--as", "svg"], "<svg "), (["--as", "dot"], "// drawn"), (["--as", "mermaid"], "%% drawn")],
)
def test_to_standard_output_alone(options: list[str], begin: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = draw(capsys, LECTURE, "-o", "-", *options, "--format", "json")
    assert (code, err) == (0, "")
    assert out.startswith(begin)
    assert os.listdir() == []


def test_a_file_without_an_ending_is_written_as_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert draw(capsys, LECTURE, "-o", "drawing", "--as", "mermaid")[0] == 0
    assert Path("drawing").read_text().startswith("%% drawn")
    assert draw(capsys, LECTURE, "-o", "notes.md", "--as", "mermaid")[0] == 0
    assert Path("notes.md").read_text().startswith("```mermaid\n")


def test_a_graph_from_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(b"{dataflow: 1, inputs: {a: 1}, nodes: {y: a + 1}}"))
    monkeypatch.setattr(sys, "stdin", stream)
    assert draw(capsys, "-") == (0, "written to graph.svg\n", "")


def test_with_a_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exec", LECTURE, "--set", "a=7"]) == 0
    capsys.readouterr()
    assert draw(capsys, LECTURE, "--result", "lecture.result.json") == (0, "written to lecture.svg\n", "")
    texts = [
        "".join(text.itertext()) for text in ElementTree.parse("lecture.svg").iter("{http://www.w3.org/2000/svg}text")
    ]
    assert texts[:3] == ["a", "7", "da = 3"]
    assert "dJ = 1" in texts
    code, out, _ = draw(capsys, LECTURE, "--result", "lecture.result.json", "-o", "-", "--as", "mermaid")
    assert code == 0
    assert "← du = 3" in out


def test_a_result_of_arrays_in_a_file_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    graph = str(GRAPHS / "two_layer_network.yaml")
    assert main(["exec", graph, "-o", "r.json", "--arrays", "file"]) == 0
    capsys.readouterr()
    code, out, err = draw(capsys, graph, "--result", "r.json", "-o", "-", "--as", "dot")
    assert (code, err) == (0, "")
    assert "[0.05, -0.05] (2)" in out
    assert "db2 = [0.0394684, -0.0394684] (2)" in out


def test_a_result_of_another_graph_is_a_warning(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert main(["exec", LECTURE]) == 0
    capsys.readouterr()
    other = folder / "other.yaml"
    other.write_text(Path(LECTURE).read_text().replace("3 * v", "4 * v + w").replace("c: 2", "c: 2\n  w: 1"))
    code, out, err = draw(capsys, str(other), "--result", "lecture.result.json", "-o", "x.mmd")
    assert (code, out) == (0, "written to x.mmd\n")
    assert err.startswith("warning[DF0930]: `lecture.result.json` is a result of another graph")
    assert "explains" not in err
    text = Path("x.mmd").read_text(encoding="utf-8")
    assert '["u = b * c<br/>→ 6<br/>← du = 3"]' in text
    assert '(["w = 1"])' in text  # the result knows nothing of it
    code, out, err = draw(capsys, str(other), "--result", "lecture.result.json", "--format", "json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert [item["code"] for item in report["diagnostics"]] == ["DF0930"]
    assert report["diagnostics"][0]["severity"] == "warning"


def test_the_report_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = draw(capsys, LECTURE, "--format", "json", "-o", "x.gv")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"drawing": "x.gv", "form": "dot", "boxes": 6, "arrows": 5, "diagnostics": []}


def test_only_and_all(capsys: pytest.CaptureFixture[str]) -> None:
    graph = str(GRAPHS / "perceptron.yaml")
    whole = json.loads(draw(capsys, graph, "--format", "json")[1])
    parts = json.loads(draw(capsys, graph, "--format", "json", "--all")[1])
    some = json.loads(draw(capsys, graph, "--format", "json", "--only", "x1, x2", "--only", "w1")[1])
    part = json.loads(draw(capsys, graph, "--format", "json", "--only", "z#1", "--all")[1])
    assert (whole["boxes"], whole["arrows"]) == (9, 8)
    assert (parts["boxes"], parts["arrows"]) == (9 + 4, 8 + 4)  # w1 * x1, w2 * x2, their sum, p - y
    assert (some["boxes"], some["arrows"]) == (3, 0)
    assert (part["boxes"], part["arrows"]) == (3, 2)


@pytest.mark.parametrize(
    ("options", "code", "reported", "said"),
    [
        (["-o", "x.png"], 2, "DF0931", "dot -Tpng -o x.png"),
        (["-o", "x.txt"], 2, "DF0931", "say it with --as"),
        (["-o", "x"], 2, "DF0931", "`x` does not say what to draw"),
        (["-o", "x.svg", "--as", "dot"], 2, "DF0931", "leave one of them out"),
        (["--only", "w"], 2, "DF0905", "`w`, asked for alone"),
        (["--only", "u#1"], 2, "DF0905", "`u#1`, asked for alone"),
        (["--only", ","], 2, "DF0903", "--only"),
        (["--as", "png"], 2, "DF0901", "invalid choice"),
        (["-o", "a.svg", "-o", "b.svg"], 2, "DF0909", "given twice"),
        (["--result", "missing.json"], 4, "DF0801", "missing.json"),
        (["--result", LECTURE], 1, "DF0570", "is no result"),
        (["-o", "missing/x.svg"], 4, "DF0804", "mkdir -p"),
        (["-o", "."], 2, "DF0931", "does not say what to draw"),
        (["-o", ".", "--as", "svg"], 4, "DF0805", "it is a folder"),
        (["--plugin", "missing.py"], 4, "DF0706", "missing.py"),
    ],
)
def test_what_is_refused(
    options: list[str], code: int, reported: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, out, err = draw(capsys, LECTURE, *options)
    assert (found, out) == (code, "")
    assert f"error[{reported}]" in err
    assert said in err
    assert os.listdir() == []


def test_the_parts_of_an_expression_are_asked_for_with_all(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = draw(capsys, str(GRAPHS / "perceptron.yaml"), "--only", "z#1")
    assert code == 2
    assert "add --all" in err


def test_a_graph_that_is_wrong_is_not_drawn(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "g.yaml").write_text("{dataflow: 1, inputs: {a: 1}, nodes: {y: a + w}}")
    code, out, err = draw(capsys, "g.yaml", "--format", "json")
    assert (code, err) == (1, "")
    assert [item["code"] for item in json.loads(out)["diagnostics"]] == ["DF0203"]
    assert os.listdir() == ["g.yaml"]


def test_too_many_boxes(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    chain = "dataflow: 1\ninputs:\n  u0: 1\nnodes:\n" + "".join(f"  u{n + 1}: u{n} * 2\n" for n in range(2_000))
    (folder / "g.yaml").write_text(chain)
    code, out, err = draw(capsys, "g.yaml")
    assert (code, out) == (2, "")
    assert "error[DF0932]: nobody could read 2,001 boxes and 2,000 arrows as an SVG" in err
    assert draw(capsys, "g.yaml", "-o", "x.dot")[0] == 0
    assert draw(capsys, "g.yaml", "-o", "x.mmd")[0] == 0
    assert draw(capsys, "g.yaml", "--only", "u7")[0] == 0
    assert sorted(os.listdir()) == ["g.svg", "g.yaml", "x.dot", "x.mmd"]


@pytest.mark.parametrize("name", ["x.svg", "x.dot", "x.mmd", "x.md"])
def test_a_drawing_is_replaced_and_nothing_else(name: str, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    path = folder / name
    assert draw(capsys, LECTURE, "-o", name)[0] == 0
    first = path.read_bytes()
    os.chmod(path, 0o640)
    assert draw(capsys, str(GRAPHS / "perceptron.yaml"), "-o", name)[0] == 0
    assert path.read_bytes() != first
    assert path.stat().st_mode & 0o777 == 0o640
    path.write_bytes(b"")  # as mktemp makes it
    assert draw(capsys, LECTURE, "-o", name)[0] == 0
    assert path.read_bytes() == first
    for content in (b"my notes\n", b"# Title\n" + first, b'{\n  "dataflow_result": 1,\n}'):
        path.write_bytes(content)
        code, _, err = draw(capsys, LECTURE, "-o", name)
        assert code == 4
        assert "error[DF0813]" in err
        assert path.read_bytes() == content
    assert os.listdir() == [name]


def test_notes_around_a_drawing_in_markdown_are_kept(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert draw(capsys, LECTURE, "-o", "x.md")[0] == 0
    with open("x.md", "a", encoding="utf-8") as stream:
        stream.write("\nWhat the picture says.\n")
    before = (folder / "x.md").read_bytes()
    assert draw(capsys, LECTURE, "-o", "x.md")[0] == 4
    assert (folder / "x.md").read_bytes() == before


def test_a_link_stays_a_link(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert draw(capsys, LECTURE, "-o", "real.svg")[0] == 0
    os.symlink("real.svg", "link.svg")
    assert draw(capsys, str(GRAPHS / "perceptron.yaml"), "-o", "link.svg")[0] == 0
    assert os.path.islink("link.svg")
    assert "sigmoid" in (folder / "real.svg").read_text(encoding="utf-8")
    os.symlink("missing.svg", "dangling.svg")
    assert draw(capsys, LECTURE, "-o", "dangling.svg")[0] == 0
    assert os.path.isfile("missing.svg")


def test_a_name_that_is_as_long_as_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    name = "x" * 251 + ".svg"
    assert draw(capsys, LECTURE, "-o", name)[0] == 0
    assert draw(capsys, LECTURE, "-o", name)[0] == 0
    assert os.listdir() == [name]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full")
def test_a_full_disk(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = draw(capsys, LECTURE, "-o", "/dev/full", "--as", "svg")
    assert code == 4
    assert "error[DF0807]" in err
