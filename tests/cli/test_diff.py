"""`dataflow diff`: what it prints, its exit codes, and what it refuses."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataflow.cli import main

GRAPHS = Path(__file__).parent.parent.parent / "graphs"
LECTURE = GRAPHS / "lecture.yaml"
NEW = """\
dataflow: 1
name: lecture
dtype: float32
requires: {dataflow_std: ">=0.1"}
inputs:
  a: 5
  slope: 3
  c: {value: 2, differentiable: false}
parameters:
  d: 7
nodes:
  v: {op: add, inputs: [a, product]}
  product: slope * c
  J: 3 * v ** 2
target: J
"""
REPORT = """\
--- lecture.yaml
+++ new.yaml

        - dtype: float64
      3 + dtype: float32

requires
      4 + dataflow_std: >=0.1

inputs
   8  7 ~ b -> slope: 3
   9    - c: 2
      8 + c: {differentiable: false, ...}

parameters
     10 + d: 7

nodes
  12 13 ~ u -> product: slope * c
  14    - J: 3 * v
     14 + J: 3 * v ** 2

3 changed, 2 renamed, 2 added
"""
VALUES = """
values
  J  33 -> 363  +330 (1,000%)

dJ/d..
  a              3 -> 66  +63 (2,100%)
  b -> slope    6 -> 132  +126 (2,100%)
  c               9 -> -
  v              3 -> 66  +63 (2,100%)
  u -> product   3 -> 66  +63 (2,100%)

float64 -> float32: a, slope, c, v, product, J

6 values, 1 moved; 6 gradients, 5 moved; J by +1,000%
"""
MOVED = """\
--- old.json
+++ new.json

results of the same graph

values
  b           1 -> 0  -1 (100%)
  u   0 -> -Infinity  no longer finite
  v   5 -> -Infinity  no longer finite
  J  15 -> -Infinity  no longer finite

dJ/d..
  b  3 -> Infinity  no longer finite

no longer finite: the gradient of `b`, `u`, `v`, `J`

warning[DF0611]: `log(b)` in `u` is -Infinity, the first value that is not finite

warning[DF0612]: the gradient of `b` is Infinity: it came through `log(b)` in `u`

7 values, 4 moved; 7 gradients, 1 moved
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lecture.yaml").write_text(LECTURE.read_text())
    (tmp_path / "new.yaml").write_text(NEW)
    return tmp_path


def diff(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["diff", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def edit(name: str, *replacements: tuple[str, str], base: str = "lecture.yaml") -> str:
    """A graph like another but for a few replacements."""
    text = Path(base).read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    Path(name).write_text(text)
    return name


def read_rows(out: str) -> list[str]:
    """The lines of an output, with single blanks."""
    return [" ".join(line.split()) for line in out.splitlines()]


def refuse(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> dict[str, Any]:
    """The one problem, as data."""
    found, out, err = diff(capsys, *arguments, "--format", "json")
    assert (found, err) == (code, "")
    (problem,) = json.loads(out)["diagnostics"]
    result: dict[str, Any] = problem
    return result


def test_equations(capsys: pytest.CaptureFixture[str]) -> None:
    assert diff(capsys, "lecture.yaml", "new.yaml") == (0, REPORT, "")


def test_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert diff(capsys, "lecture.yaml", "new.yaml", "--values") == (0, REPORT + VALUES, "")


def test_the_same_graph(capsys: pytest.CaptureFixture[str]) -> None:
    edit("spelled.yaml", ("b * c", "(b*c)"), ("{op: add, inputs: [a, u]}", "a + u"))
    for options in ([], ["--exit-code"]):
        assert diff(capsys, "lecture.yaml", "spelled.yaml", *options) == (0, "the same graph\n", "")
    edit("order.yaml", ("  a: 5\n  b: 3\n", "  b: 3\n  a: 5\n"))
    assert diff(capsys, "lecture.yaml", "order.yaml", "--exit-code") == (
        0, "the same graph, its entries in another order\n", "",
    )  # fmt: skip
    _, out, _ = diff(capsys, "lecture.yaml", "lecture.yaml", "--values")
    assert out == "the same graph\n\n6 values, none moved; 6 gradients, none moved\n"
    _, out, _ = diff(capsys, "lecture.yaml", "lecture.yaml", "--values", "--all")
    assert "\ndJ/d..\n  a  3\n  b  6\n  c  9\n" in out


@pytest.mark.parametrize(("files", "options", "code"), [
    (["lecture.yaml", "lecture.yaml"], [], 0), (["lecture.yaml", "new.yaml"], [], 1),
    (["lecture.yaml", "described.yaml"], [], 0), (["lecture.yaml", "described.yaml"], ["--descriptions"], 1),
    (["lecture.yaml", "lecture.yaml"], ["--values"], 0), (["x.yaml", "y.yaml"], ["--values"], 1),
    (["a.json", "a.json"], [], 0), (["a.json", "b.json"], [], 1), (["a.json", "only.json"], [], 1),
    (["a.json", "lecture.yaml"], [], 0), (["lecture.yaml", "b.json"], [], 1),
    (["lecture.yaml", "b.json"], ["--set", "a=7"], 0),
])  # fmt: skip
def test_exit_code(
    files: list[str], options: list[str], code: int, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    edit("described.yaml", ("a: 5", "a: {value: 5, description: first}"))
    for name, value in (("x", 1.0), ("y", 2.0)):  # the same graph, other data
        (folder / name).mkdir()
        np.save(folder / name / "data.npy", np.array([1.0, value]))
        (folder / name / "g.yaml").write_text("{dataflow: 1, inputs: {x: {source: data.npy}}, nodes: {J: sum(x)}}")
    files = [f"{name[0]}/g.yaml" if name in ("x.yaml", "y.yaml") else name for name in files]
    for name, more in (("a", []), ("b", ["--set", "a=7"]), ("only", ["--only", "J"])):
        assert main(["exec", "lecture.yaml", "-o", f"{name}.json", *more]) == 0
    assert diff(capsys, *files, *options)[0] == 0
    assert diff(capsys, *files, *options, "--exit-code")[0] == code
    assert diff(capsys, *files, *options, "--exit-code", "--format", "json")[0] == code


def test_data_that_differs_is_said(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    text = "{dataflow: 1, inputs: {x: {source: data.npy, differentiable: true}}, nodes: {J: sum(x)}, target: J}"
    for name, value in (("x", [1.0, 2.0, 4.0]), ("y", [1.0, 3.0, 0.0])):
        (folder / name).mkdir()
        np.save(folder / name / "data.npy", np.array(value))
        (folder / name / "g.yaml").write_text(text)
    _, out, _ = diff(capsys, "x/g.yaml", "y/g.yaml", "--values")
    assert (
        out
        == """\
the same graph

values
  x  4 -> 0 at [2] of (3)  -4 (up to 100%), 2 of 3 differ
  J                7 -> 4  -3 (42.9%)

the data file `data.npy` has other content

2 values, 2 moved; 2 gradients, none moved; J by -42.9%
"""
    )
    assert "2 values, none moved" in diff(capsys, "x/g.yaml", "y/g.yaml", "--values", "--data-root", "y")[1]


def test_settings_are_for_the_graphs_that_have_them(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    _, out, _ = diff(capsys, "lecture.yaml", "new.yaml", "--values", "--set", "a=0", "--set", "d=1", "--all")
    assert "a 0" in read_rows(out)
    assert "J 18 -> 108 +90 (500%)" in read_rows(out)  # 3 * 6, 3 * 6 ** 2
    # `b` is called `slope` in the new graph
    for setting in ("b=1", "slope=1"):
        _, out, _ = diff(capsys, "lecture.yaml", "new.yaml", "--values", "--set", setting, "--all")
        assert "J 21 -> 147 +126 (600%)" in read_rows(out)  # 3 * 7, 3 * 7 ** 2
    (folder / "values.json").write_text('{"a": 0, "d": 1}')
    assert "18 -> 108" in diff(capsys, "lecture.yaml", "new.yaml", "--values", "--inputs", "values.json")[1]
    assert main(["exec", "lecture.yaml", "--set", "a=0", "-o", "zero.json"]) == 0
    assert "18 -> 108" in diff(capsys, "lecture.yaml", "new.yaml", "--values", "--inputs", "zero.json")[1]
    np.save(folder / "a.npy", np.float64(0.0))
    assert "18 -> 108" in diff(capsys, "lecture.yaml", "new.yaml", "--values", "--set", "a=@a.npy")[1]


def test_another_target(capsys: pytest.CaptureFixture[str]) -> None:
    edit("t.yaml", ("target: J", "target: v"))
    _, out, _ = diff(capsys, "lecture.yaml", "t.yaml", "--values")
    assert "\n  16    - target: J\n     16 + target: v\n" in out
    assert "\ndJ/d.. -> dv/d..\n  a  3 -> 1" in out
    assert "\nthe gradients are of two targets: of `J` and of `v`\n" in out
    _, out, _ = diff(capsys, "lecture.yaml", "t.yaml", "--values", "--target", "u")
    assert out.endswith("\n6 values, none moved; 6 gradients, none moved\n")
    assert refuse(capsys, 2, "lecture.yaml", "t.yaml", "--values", "--target", "w")["code"] == "DF0905"
    edit("none.yaml", ("target: J", "# nothing"))
    _, out, _ = diff(capsys, "none.yaml", "lecture.yaml", "--values")
    assert "\nno gradients are compared: the old one has no target\n\n6 values, none moved\n" in out


def test_results(capsys: pytest.CaptureFixture[str]) -> None:
    edit("edge.yaml", ("b * c", "log(b)"), ("a: 5", "a: 5\n  e: [1, 0, 2]"))
    for name, value in (("old", 1), ("new", 0)):
        assert main(["exec", "edge.yaml", "--set", f"b={value}", "-o", f"{name}.json"]) == 0
    capsys.readouterr()
    assert diff(capsys, "old.json", "new.json") == (0, MOVED, "")
    _, out, _ = diff(capsys, "old.json", "lecture.yaml")
    assert "\nresults of two graphs\nonly in old.json: e\n" in out


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = diff(capsys, "lecture.yaml", "new.yaml", "--values", "--format", "json")
    report = json.loads(out)
    assert (code, err) == (0, "")
    assert (report["old"]["file"], report["old"]["kind"], report["differs"]) == ("lecture.yaml", "graph", True)
    assert report["renames"] == {"b": "slope", "u": "product"}
    (change,) = [item for item in report["changes"] if item.get("new", {}).get("name") == "J"]
    assert change == {
        "kind": "changed", "fields": ["equation"],
        "old": {"section": "nodes", "name": "J", "line": 14, "column": 3, "equation": "3 * v"},
        "new": {"section": "nodes", "name": "J", "line": 14, "column": 3, "equation": "3 * v ** 2"},
    }  # fmt: skip
    values = {item["name"]: item for item in report["values"]["names"]}
    assert values["J"]["value"]["spot"] == {"old": 33, "new": 363, "difference": 330, "at": []}
    assert (values["slope"]["old_name"], values["slope"]["gradient"]["relative"]) == ("b", 21)
    assert report["values"]["changed_gradients"] == 5


@pytest.mark.parametrize(("name", "options", "code"), [
    ("lecture.yaml", ["--set", "a=7"], "DF0925"), ("lecture.yaml", ["--inputs", "v.json"], "DF0925"),
    ("lecture.yaml", ["--data-root", "."], "DF0925"), ("lecture.yaml", ["--target", "v"], "DF0925"),
    ("lecture.yaml", ["--all"], "DF0925"), ("r.json", ["--set", "a=7"], "DF0925"),
    ("r.json", ["--target", "v"], "DF0925"), ("r.json", ["--descriptions"], "DF0925"),
    ("-", ["--inputs", "-", "--values"], "DF0926"),
    ("lecture.yaml", ["--values", "--set", "w=7"], "DF0904"), ("lecture.yaml", ["--values", "--set", "u=7"], "DF0904"),
    ("lecture.yaml", ["--values", "--set", "a"], "DF0903"),
    ("lecture.yaml", ["--values", "--set", "a=1", "--set", "a=1"], "DF0903"),
])  # fmt: skip
def test_what_would_do_nothing_is_refused(
    name: str, options: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["exec", "lecture.yaml", "-o", "r.json"]) == 0
    capsys.readouterr()
    assert refuse(capsys, 2, name, name if name != "-" else "lecture.yaml", *options)["code"] == code


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def give(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    give(LECTURE.read_bytes())
    assert diff(capsys, "-", "lecture.yaml") == (0, "the same graph\n", "")
    give(LECTURE.read_bytes())
    assert diff(capsys, "new.yaml", "-", "--exit-code")[0] == 1
    assert main(["exec", "lecture.yaml", "-o", "r.json"]) == 0
    give(Path("r.json").read_bytes())
    capsys.readouterr()
    assert diff(capsys, "r.json", "-", "--exit-code")[0] == 0
    give(Path("r.json").read_bytes().replace(b'"values"', b'"valves"'))
    problem = refuse(capsys, 1, "r.json", "-")
    assert (problem["code"], problem["message"]) == ("DF0572", "`<stdin>` is damaged: it has no `values`")
    give(b"{dataflow: 1, nodes: {y: q}}")
    assert refuse(capsys, 1, "lecture.yaml", "-")["file"] == "<stdin>"
    assert refuse(capsys, 2, "-", "-")["code"] == "DF0926"
    give(b'{"a": 0}')
    assert "18 -> 108" in diff(capsys, "lecture.yaml", "new.yaml", "--values", "--inputs", "-")[1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_read_once(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    from threading import Thread

    for content, code in ((LECTURE.read_bytes(), 0), (NEW.encode(), 1)):
        os.mkfifo(folder / "pipe")
        writer = Thread(target=(folder / "pipe").write_bytes, args=(content,))
        writer.start()
        assert diff(capsys, "lecture.yaml", "pipe", "--exit-code")[0] == code
        writer.join()
        (folder / "pipe").unlink()


@pytest.mark.parametrize(("name", "code"), [("missing.yaml", "DF0801"), (".", "DF0801"), ("a\0b", "DF0801")])
def test_what_cannot_be_read(name: str, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refuse(capsys, 4, "lecture.yaml", name)["code"] == code


@pytest.mark.parametrize(("old", "new"), [
    ('"target": "J"', '"target": 5'), ('"findings": []', '"findings": [1]'), ('"data": {}', '"data": {"x": 5}'),
    ('"processor": "', '"processor": 5, "x": "'), ('"unproved"', '"labels": {"J": 5}, "unproved"'),
    ('"findings": []', '"findings": [{"code": 1, "node": [], "message": ""}]'),
])  # fmt: skip
def test_a_result_that_was_changed_by_hand(old: str, new: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exec", "lecture.yaml", "-o", "r.json"]) == 0
    capsys.readouterr()
    edit("bad.json", (old, new), base="r.json")
    assert refuse(capsys, 1, "r.json", "bad.json")["code"] == "DF0572"


def test_long_entries_are_cut_around_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    terms = " + ".join(f"{index} * x" for index in range(300))
    text = f"{{dataflow: 1, inputs: {{x: 1, w: {list(range(20))}}}, nodes: {{J: {terms}}}}}"
    Path("a.yaml").write_text(text)
    Path("b.yaml").write_text(text.replace("150 * x", "151 * x").replace(" 7,", " 8,").replace(" 19]", " 0]"))
    _, out, _ = diff(capsys, "a.yaml", "b.yaml")
    lines = out.splitlines()
    assert max(map(len, lines)) < 140
    assert [line.strip() for line in lines if "elements" in line] == ["2 of 20 elements: the first at [7] 7 -> 8"]
    before, after = (line for line in lines if "J:" in line)
    assert before.replace("1   -", "  1 +").replace("150 * x", "151 * x") == after


def test_what_strangers_wrote_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.yaml").write_text('{"dataflow": 1, "name": "\\u001b[2J\\u202e", "nodes": {"y": "1 + 1"}}')
    Path("b.yaml").write_text('{"dataflow": 1, "name": "x", "nodes": {"y": "1 + 1"}}')
    _, out, _ = diff(capsys, "a.yaml", "b.yaml")
    assert "\x1b" not in out
    assert "\\x1b[2J" in out


def test_many_rows_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in (("a", 1), ("b", 2)):
        nodes = "\n".join(f"  n{index}: x + {index}" for index in range(60))
        Path(f"{name}.yaml").write_text(
            f"dataflow: 1\ninputs: {{x: {value}}}\nnodes:\n{nodes}\n  J: x * n59\ntarget: J\n"
        )
    _, out, _ = diff(capsys, "a.yaml", "b.yaml", "--values")
    rows = [line.split()[0] for line in out.partition("\nvalues\n")[2].partition("\n\n")[0].splitlines()]
    assert rows == ["x", *(f"n{index}" for index in range(38)), "J", "..."]
    assert "  ... and 22 more; --all shows all\n" in out
    assert "and 22 more" not in diff(capsys, "a.yaml", "b.yaml", "--values", "--all")[1]


def test_operators_of_plugins(capsys: pytest.CaptureFixture[str]) -> None:
    Path("my_ops.py").write_text(
        "from dataflow import Operator, hookimpl\n"
        "cube = Operator('cube', 'z = x ** 3', forward=lambda xp, x: x * x * x, broadcasts=True,\n"
        "                backward={'x': lambda xp, g, z, x: 3 * g * x * x})\n"
        "@hookimpl\ndef dataflow_operators():\n    print('a plugin that talks')\n    return [cube]\n"
    )
    edit("cube.yaml", ("3 * v", "cube(v)"))
    _, out, _ = diff(capsys, "lecture.yaml", "cube.yaml", "--plugin", "my_ops.py", "--values")
    assert "     14 + J: cube(v)" in out
    assert "J 33 -> 1331 +1298 (3,933%)" in read_rows(out)


def test_derivatives_beside_the_gradient(capsys: pytest.CaptureFixture[str]) -> None:
    asked = "derivatives:\n  slopes: {jacobian: v, wrt: [b, c]}\ntarget: J"
    edit("a.yaml", ("target: J", asked))
    edit("b.yaml", ("wrt: [b, c]", "wrt: [b, c, a]"), ("b * c", "b * c ** 2"), base="a.yaml")
    _, out, _ = diff(capsys, "a.yaml", "b.yaml", "--values")
    assert "\nderivatives\n  17    - slopes: {wrt: [b, c], ...}\n     17 + slopes: {wrt: [b, c, a], ...}\n" in out
    rows = read_rows(out.rpartition("\nderivatives\n")[2])
    assert rows[:2] == ["slopes[v, b] 2 -> 4 +2 (100%)", "slopes[v, c] 3 -> 12 +9 (300%)"]
    assert "; 2 derivatives, 2 moved; " in out
    report = json.loads(diff(capsys, "a.yaml", "b.yaml", "--values", "--format", "json")[1])
    assert [item["name"] for item in report["values"]["derivatives"]] == ["slopes[v, b]", "slopes[v, c]"]
