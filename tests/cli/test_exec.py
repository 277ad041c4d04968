"""`dataflow exec`: what it prints, what it writes, and what it refuses."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow.cli import main

ROOT = Path(__file__).parent.parent.parent
LECTURE = str(ROOT / "graphs" / "lecture.yaml")

TABLE = """\
   value  dJ/d..
a      5       3
b      3       6
c      2       9
u      6       3
v     11       3
J     33       1

written to lecture.result.json
"""


class Shell:
    """The command, run in a folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def exec(self, *arguments: str, graph: str = LECTURE) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        self._capsys.readouterr()
        code = main(["exec", graph, *arguments])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def result(self, *arguments: str, graph: str = LECTURE) -> dict[str, Any]:
        """The result on standard output, which has nothing else on it."""
        code, out, err = self.exec(*arguments, "-o", "-", graph=graph)
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        return found

    def refuse(self, code: int, *arguments: str, graph: str = LECTURE) -> dict[str, Any]:
        """The one problem, as data. Nothing is written."""
        before = sorted(os.listdir(self.folder))
        found, out, err = self.exec(*arguments, "--format", "json", graph=graph)
        assert found == code, out + err
        assert sorted(os.listdir(self.folder)) == before
        (problem,) = json.loads(out)["diagnostics"]
        result: dict[str, Any] = problem
        return result

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return name


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


def test_the_lecture(shell: Shell) -> None:
    assert shell.exec() == (0, TABLE, "")
    assert os.listdir() == ["lecture.result.json"]
    assert dataflow.Result.load("lecture.result.json").gradients["b"] == 6.0


def test_the_result_alone_on_standard_output(shell: Shell) -> None:
    code, out, err = shell.exec("-o", "-", "--set", "a=7")
    assert (code, err) == (0, "")
    assert json.loads(out)["values"]["J"] == 39
    assert os.listdir() == []


def test_format_json_says_where_the_result_is(shell: Shell) -> None:
    code, out, err = shell.exec("--format", "json", "-o", "here.json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"result": "here.json", "findings": []}
    assert json.loads(Path("here.json").read_text())["target"] == "J"


@pytest.mark.parametrize(("settings", "expected"), [
    (["a=7"], 39), (["a = 7"], 39), (["a=-1e1"], -12), (["a=.5"], 19.5), (["b=0", "c=0"], 15),
    (["a=Infinity"], "Infinity"), (["a=.inf"], "Infinity"), (["a=-.inf"], "-Infinity"), (["a=.nan"], "NaN"),
    (["a=0x10"], 66),
])  # fmt: skip
def test_set(shell: Shell, settings: list[str], expected: Any) -> None:
    options = [part for setting in settings for part in ("--set", setting)]
    assert shell.result(*options)["values"]["J"] == expected


@pytest.mark.parametrize(("settings", "code", "number"), [
    (["a"], "DF0903", 2), (["a="], "DF0903", 2), (["=3"], "DF0903", 2), (["a=  "], "DF0903", 2), ([""], "DF0903", 2),
    (["a=1", "a=2"], "DF0903", 2), (["w=1"], "DF0904", 2), (["u=1"], "DF0904", 2), (["a=text"], "DF0903", 2),
    (["a=[1, 2]"], "DF0503", 1), (["a=[1, [2]]"], "DF0501", 1), (["a=true"], "DF0502", 1), (["a=null"], "DF0903", 2),
    (["a={b: 1}"], "DF0502", 1), (["a=[1"], "DF0903", 2), (["a='7'"], "DF0903", 2), (["a=*x"], "DF0903", 2),
    (["a=1\nb: 2"], "DF0903", 2), (["a=!!python/name:os.system"], "DF0903", 2), (["a=1e400"], "DF0903", 2),
])  # fmt: skip
def test_settings_that_are_refused(shell: Shell, settings: list[str], code: str, number: int) -> None:
    options = [part for setting in settings for part in ("--set", setting)]
    problem = shell.refuse(number, *options)
    assert problem["code"] == code


def test_arrays_from_files(shell: Shell) -> None:
    graph = shell.write("g.yaml", "{dataflow: 1, inputs: {x: [1, 2], y: 1}, nodes: {J: sum(x * y)}, target: J}")
    np.save("x.npy", np.array([3.0, 4.0]))
    assert shell.result("--set", "x=@x.npy", graph=graph)["values"]["J"] == 7
    np.savez("z.npz", w=np.array([5.0, 6.0]))
    assert shell.result("--set", "x=@z.npz#w", graph=graph)["values"]["J"] == 11
    np.save("x.npy", np.ones(3))
    problem = shell.refuse(1, "--set", "x=@x.npy", graph=graph)
    assert problem["code"] == "DF0503"
    assert shell.refuse(1, "--set", "x=@missing.npy", graph=graph)["code"].startswith("DF05")
    np.save("x.npy", np.array([None, 1]), allow_pickle=True)
    assert shell.refuse(1, "--set", "x=@x.npy", graph=graph)["code"].startswith("DF05")
    (shell.folder / "x.npy").write_bytes(b"nothing")
    assert shell.refuse(1, "--set", "x=@x.npy", graph=graph)["code"].startswith("DF05")


def test_values_from_a_file_and_settings_that_win(shell: Shell) -> None:
    shell.write("values.json", '{"a": 7, "b": 1}')
    shell.write("values.yaml", "a: 7\nb: 1\n")
    for file in ("values.json", "values.yaml"):
        assert shell.result("--inputs", file)["values"]["J"] == 27
        assert shell.result("--inputs", file, "--set", "b=3")["values"]["J"] == 39


def test_values_from_an_earlier_result(shell: Shell) -> None:
    assert shell.exec("--set", "a=7", "-o", "first.json")[0] == 0
    assert shell.result("--inputs", "first.json")["values"]["J"] == 39
    graph = shell.write("g.yaml", "{dataflow: 1, inputs: {x: {shape: [1200]}}, nodes: {J: sum(x)}, target: J}")
    np.save("x.npy", np.ones(1200))
    assert shell.exec("--set", "x=@x.npy", "-o", "second.json", graph=graph)[0] == 0
    assert [name for name in os.listdir() if name.startswith("second-")]
    assert shell.result("--inputs", "second.json", graph=graph)["values"]["J"] == 1200


@pytest.mark.parametrize(("text", "code", "number"), [
    ('{"a": 7, "w": 1}', "DF0904", 2), ('{"a": [1, 2]}', "DF0503", 1), ("[1, 2]", None, 1), ("7", None, 1),
    ("{a: ", None, 1), ('{"a": 1, "a": 2}', None, 1), ('{"a": null}', "DF0513", 1),
])  # fmt: skip
def test_values_files_that_are_refused(shell: Shell, text: str, code: str | None, number: int) -> None:
    problem = shell.refuse(number, "--inputs", shell.write("values.json", text))
    assert code is None or problem["code"] == code


def test_a_values_file_that_is_not_there(shell: Shell) -> None:
    assert "missing.json" in shell.refuse(4, "--inputs", "missing.json")["message"]


def test_target_cotangent_and_only(shell: Shell) -> None:
    assert shell.result("--target", "u")["gradients"] == {"a": 0, "b": 2, "c": 3, "u": 1, "v": 0, "J": 0}
    assert shell.result("--only", "b,u", "--only", "J")["values"] == {"b": 3, "u": 6, "J": 33}
    assert shell.result("--cotangent", "2")["gradients"]["b"] == 12
    graph = shell.write("g.yaml", "{dataflow: 1, inputs: {x: [1, 2]}, nodes: {y: x * x}, target: y}")
    assert shell.refuse(1, graph=graph)["code"] == "DF0233"
    assert shell.result("--cotangent", "[1, 10]", graph=graph)["gradients"]["x"] == [2, 40]
    np.save("g.npy", np.array([1.0, 10.0]))
    assert shell.result("--cotangent", "@g.npy", graph=graph)["gradients"]["x"] == [2, 40]
    assert shell.refuse(1, "--cotangent", "[1, 2, 3]", graph=graph)["code"] == "DF0234"
    assert shell.refuse(2, "--target", "w")["code"] == "DF0905"
    assert shell.refuse(2, "--only", "w")["code"] == "DF0905"
    assert shell.refuse(2, "--only", " , ")["code"] == "DF0903"


def test_all_labels_what_expressions_introduce_with_their_place(shell: Shell) -> None:
    text = "dataflow: 1\nname: parts\ninputs: {a: 5, b: 3, c: 2}\nnodes:\n  J: 3 * (a + b * c)\ntarget: J\n"
    code, out, _ = shell.exec("--all", graph=shell.write("g.yaml", text))
    assert code == 0
    assert out.splitlines()[4:7] == [
        "J: `b * c` at 5:15          6       3",
        "J: `a + b * c` at 5:11     11       3",
        "J                          33       1",
    ]


def test_timings(shell: Shell) -> None:
    assert "timings" not in shell.result()
    assert list(shell.result("--timings")["timings"]) == ["plan", "data", "forward", "reverse"]


@pytest.mark.parametrize(("option", "files", "inline"), [("inline", 1, True), ("file", 2, False), ("auto", 1, True)])
def test_arrays(shell: Shell, option: str, files: int, inline: bool) -> None:
    graph = shell.write("g.yaml", "{dataflow: 1, inputs: {x: [1, 2]}, nodes: {J: sum(x)}, target: J}")
    assert shell.exec("--arrays", option, "-o", "out.json", graph=graph)[0] == 0
    assert len([name for name in os.listdir() if name.startswith("out")]) == files
    assert (json.loads(Path("out.json").read_text())["values"]["x"] == [1, 2]) == inline
    assert dataflow.Result.load("out.json").values["x"].tolist() == [1, 2]


def test_data_root(shell: Shell) -> None:
    folder = shell.folder / "graphs"
    folder.mkdir()
    np.save("x.npy", np.array([1.0, 2.0]))
    (folder / "g.yaml").write_text("{dataflow: 1, inputs: {x: {source: ../x.npy}}, nodes: {J: sum(x)}}")
    assert shell.refuse(1, graph="graphs/g.yaml")["code"] == "DF0520"
    (folder / "g.yaml").write_text("{dataflow: 1, inputs: {x: {source: x.npy}}, nodes: {J: sum(x)}}")
    assert shell.refuse(1, graph="graphs/g.yaml")["code"].startswith("DF05")
    assert shell.result("--data-root", ".", graph="graphs/g.yaml")["values"]["J"] == 3


def test_strict(shell: Shell) -> None:
    graph = shell.write("g.yaml", "{dataflow: 1, inputs: {x: 0}, nodes: {l: log(x), J: l + 1}, target: J}")
    code, out, err = shell.exec("-o", "-", graph=graph)
    assert code == 0
    assert json.loads(out)["values"]["J"] == "-Infinity"
    assert err.startswith("warning[DF0611]: ")
    code, out, err = shell.exec("--strict", graph=graph)
    assert code == 3
    assert "DF0611" in err
    assert "g.yaml:1:" in err
    assert os.listdir() == ["g.yaml"]


# --- places to write to --------------------------------------------------------------------------------------


def test_a_folder_that_is_not_there(shell: Shell) -> None:
    problem = shell.refuse(4, "-o", "missing/out.json")
    assert problem["code"] == "DF0804"
    assert "missing" in problem["message"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_may_not_be_written_to(shell: Shell) -> None:
    folder = shell.folder / "locked"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert shell.refuse(4, "-o", "locked/out.json")["code"].startswith("DF08")
    folder.chmod(stat.S_IRWXU)


def test_a_file_that_is_no_result_is_not_overwritten(shell: Shell) -> None:
    graph = shell.write("g.yaml", "{dataflow: 1, inputs: {x: 1}, nodes: {y: x * 2}}")
    before = Path(graph).read_text()
    for place in ("g.yaml", "./g.yaml", str(shell.folder / "g.yaml"), "notes.txt", "link.json"):
        shell.write("notes.txt", "my notes")
        if not Path("link.json").is_symlink():
            Path("link.json").symlink_to("g.yaml")
        problem = shell.refuse(4, "-o", place, graph=graph)
        assert problem["code"].startswith("DF08")
    assert Path(graph).read_text() == before
    assert Path("notes.txt").read_text() == "my notes"


def test_a_json_graph_is_not_overwritten_by_its_result(shell: Shell) -> None:
    """A graph of the name `x` in `x.result.json` is where its result would go."""
    graph = shell.write("x.result.json", '{"dataflow": 1, "name": "x", "inputs": {"a": 1}, "nodes": {"y": "a * 2"}}')
    before = Path(graph).read_text()
    assert shell.refuse(4, graph=graph)["code"].startswith("DF08")
    assert Path(graph).read_text() == before


def test_a_result_is_overwritten_by_a_result(shell: Shell) -> None:
    for a in ("7", "8"):
        assert shell.exec("--set", f"a={a}")[0] == 0
    assert dataflow.Result.load("lecture.result.json").values["a"] == 8


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk(shell: Shell) -> None:
    problem = shell.refuse(4, "-o", "/dev/full")
    assert problem["code"].startswith("DF08")
    places = os.pathsep.join([str(ROOT), str(ROOT / "plugins")])
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "dataflow", "exec", LECTURE, "-o", "-"], stdout=full, timeout=60,
                              stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": places})  # fmt: skip
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert "DF0811" in done.stderr


def test_the_result_is_named_after_the_graph_or_its_file(shell: Shell) -> None:
    body = "inputs: {x: 1}, nodes: {y: x * 2}}"
    for name, expected in (("fine", "fine"), ("a/b", "g"), ("..", "g"), ("", "g"), ("图", "图"), ("x" * 300, "g")):
        graph = shell.write("g.yaml", f'{{dataflow: 1, name: "{name}", {body}')
        assert shell.exec(graph=graph)[0] == 0
        assert Path(f"{expected}.result.json").is_file()
        Path(f"{expected}.result.json").unlink()


# --- plugins -------------------------------------------------------------------------------------------------

PLUGIN = """\
from dataflow import Operator, hookimpl

def forward(xp, x):
    {forward}
    return x * 2.0

def dx(xp, g, z, x):
    {backward}
    return g * 2.0

@hookimpl
def dataflow_operators():
    return [Operator("twice", "z = 2 x", forward=forward, backward={{"x": dx}}, broadcasts=True)]
"""


def twice(shell: Shell, x: str = "3", forward: str = "pass", backward: str = "pass") -> list[str]:
    shell.write("my_ops.py", PLUGIN.format(forward=forward, backward=backward))
    total = "y" if x == "3" else "sum(y)"
    shell.write("g.yaml", f"{{dataflow: 1, inputs: {{x: {x}}}, nodes: {{y: twice(x), J: {total}}}, target: J}}")
    return ["--plugin", "my_ops.py"]


def test_an_operator_of_ones_own(shell: Shell) -> None:
    code, out, err = shell.exec(*twice(shell), graph="g.yaml")
    assert (code, err) == (0, "")
    assert "not proved: twice" in out
    assert shell.refuse(1, graph="g.yaml")["code"] == "DF0401"


@pytest.mark.parametrize("x", ["3", "[3, 4]"])
@pytest.mark.parametrize("where", ["forward", "backward"])
@pytest.mark.parametrize("statement", ["import sys; sys.exit(0)", "raise SystemExit", "1 / []", "exit()",
                                       "x[...] = 0", "return 'text'", "return None", "dx(xp, x, x, x)"])  # fmt: skip
def test_rules_that_fail(shell: Shell, x: str, where: str, statement: str) -> None:
    options = twice(shell, x, **{where: statement})
    if statement.startswith("dx") and where == "forward":
        options = twice(shell, x, forward="forward(xp, x)")
    problem = shell.refuse(3, *options, graph="g.yaml")
    assert problem["code"] in ("DF0601", "DF0602", "DF0603")
    assert problem["node"] == "y"
    assert "`twice` (plugin `my_ops`)" in problem["message"]
    assert (problem["file"], problem["line"]) == ("g.yaml", 1)
    if problem["code"] == "DF0601" and "exit()" not in statement:
        assert "my_ops.py:" in problem["message"]


def test_what_rules_print_does_not_mix_with_the_result(shell: Shell) -> None:
    options = twice(shell, forward="print('forward')", backward="print('backward')")
    code, out, err = shell.exec(*options, "-o", "-", graph="g.yaml")
    assert code == 0
    assert json.loads(out)["gradients"]["x"] == 2
    assert "forward\nbackward\n" in err


@pytest.mark.parametrize(("text", "code"), [("import no_such", "DF0701"), ("import sys; sys.exit(0)", "DF0701"),
                                            ("def f(:", "DF0701"), ("x = 1", "DF0702")])  # fmt: skip
def test_plugins_that_do_not_load(shell: Shell, text: str, code: str) -> None:
    shell.write("odd.py", text)
    assert shell.refuse(4, "--plugin", "odd.py")["code"] == code
    assert shell.refuse(4, "--plugin", "od.py")["hint"] == "did you mean `odd.py`?"


def test_the_same_plugin_named_twice(shell: Shell) -> None:
    options = twice(shell)
    assert shell.refuse(4, *options, *options, graph="g.yaml")["code"] == "DF0705"
