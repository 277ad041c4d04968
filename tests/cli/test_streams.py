"""What reaches standard output and standard error: nothing strange, nothing mixed, and never the wrong one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dataflow.cli import main

ROOT = Path(__file__).parent.parent.parent
LECTURE = str(ROOT / "graphs" / "lecture.yaml")
PLACES = os.pathsep.join([str(ROOT), str(ROOT / "plugins")])
STRANGE = r"\u001b]0;pwned\u0007\u202e\nx"

PLUGIN = """\
from dataflow import Operator, hookimpl

def examples(random):
    print("loud")
    return [((1.0,), {"k": 2})]

def forward(xp, x, *, k: int):
    return x * k

@hookimpl
def dataflow_operators():
    return [Operator("loud", "z = k x", description="One.\\nTwo.", forward=forward, examples=examples,
                     backward={"x": lambda xp, g, z, x, *, k: g * k})]
"""


def run_shell(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """What a shell script gives in which `dataflow` is the command."""
    return subprocess.run(
        ["bash", "-c", f'dataflow() {{ "{sys.executable}" -m dataflow "$@"; }}\n{script}'], cwd=folder,
        env=os.environ | {"PYTHONPATH": PLACES} | environment, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=120,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def is_plain(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("text", [
    f'nodes: {{c: {{op: "{STRANGE}", inputs: []}}}}',
    f'inputs: {{"{STRANGE}": 1}}\nnodes: {{y: 1 + 1}}',
    f'nodes: {{"{STRANGE}": 1 + 1}}',
    f'nodes: {{y: "1 + {STRANGE}"}}',
    f'inputs: {{x: {{source: "{STRANGE}.npy"}}}}\nnodes: {{y: sum(x)}}',
    f'nodes: {{y: 1 + 1}}\ntarget: "{STRANGE}"',
    f'"{STRANGE}": 1\nnodes: {{y: 1 + 1}}',
])  # fmt: skip
def test_a_graph_of_a_stranger_commands_no_terminal(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("g.yaml").write_text(f"dataflow: 1\n{text}\n")
    assert main(["exec", "g.yaml"]) == 1
    captured = capsys.readouterr()
    assert "error[DF" in captured.err
    assert is_plain(captured.out + captured.err)
    assert "pwned" in captured.err


def test_names_of_files_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    name = "\x1b[2J\u202e.yaml"
    Path(name).write_text("{dataflow: 1, inputs: {a: 1}, nodes: {J: 3 * (a + 1)}, target: J}")
    assert main(["validate", name]) == 0
    assert main(["exec", name, "--all"]) == 0
    out = capsys.readouterr().out
    assert is_plain(out)
    assert r"\x1b[2J\u202e.yaml: sound" in out
    assert r"written to \x1b[2J\u202e.result.json" in out


def test_a_description_of_several_lines(capsys: pytest.CaptureFixture[str]) -> None:
    Path("my_ops.py").write_text(PLUGIN)
    assert main(["ops", "loud", "--plugin", "my_ops.py"]) == 0
    assert "\n  One.\n  Two.\n" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["ops", "loud", "--format", "json"], ["schema"]])
def test_examples_that_print_do_not_mix_with_json(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("my_ops.py").write_text(PLUGIN)
    assert main([*command, "--plugin", "my_ops.py"]) == 0
    assert json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("place", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "f.txt"])
@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="streams have no names")
def test_standard_output_by_another_name(place: str, tmp_path: Path) -> None:
    done = run_shell(f"dataflow exec '{LECTURE}' -o {place} > f.txt", tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(Path("f.txt").read_bytes())["values"]["J"] == 33
    if place != "f.txt":
        assert json.loads(run_shell(f"dataflow exec '{LECTURE}' -o {place} | cat", tmp_path).stdout)["target"] == "J"
        assert json.loads(run_shell(f"dataflow schema -o {place} | cat", tmp_path).stdout)["$defs"]
    assert os.listdir() == ["f.txt"]


def test_a_schema_into_a_pipe(tmp_path: Path) -> None:
    os.mkfifo("pipe")
    done = run_shell("cat pipe & dataflow schema -o pipe; wait", tmp_path)
    assert json.loads(done.stdout)["$defs"]


@pytest.mark.parametrize(("command", "code"), [
    ("exec g.yaml", 0), ("exec g.yaml -o -", 0), ("exec g.yaml --target none", 2), ("ops --plugin none.py", 4),
])  # fmt: skip
def test_standard_error_closed(command: str, code: int, tmp_path: Path) -> None:
    Path("g.yaml").write_text("{dataflow: 1, inputs: {x: 0}, nodes: {y: log(x)}, target: y}")
    heard = run_shell(f"dataflow {command}", tmp_path)
    assert heard.returncode == code
    assert heard.stderr or "-o -" not in command
    closed = run_shell(f"dataflow {command} 2>&-", tmp_path)
    assert (closed.returncode, closed.stdout) == (code, heard.stdout)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full")
def test_standard_error_full(tmp_path: Path) -> None:
    Path("g.yaml").write_text("{dataflow: 1, inputs: {x: 0}, nodes: {y: log(x)}, target: y}")
    done = run_shell("dataflow exec g.yaml -o - 2> /dev/full", tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["target"] == "y"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_json_is_utf8_whatever_the_terminal_is(encoding: str, tmp_path: Path) -> None:
    Path("z.yaml").write_text("{dataflow: 1, name: é, nodes: {y: 1 + 1}}")
    done = run_shell("dataflow exec z.yaml --format json", tmp_path, PYTHONIOENCODING=encoding)
    assert json.loads(done.stdout.decode())["result"] == "é.result.json"
    assert json.loads(run_shell("dataflow schema", tmp_path, PYTHONIOENCODING=encoding).stdout.decode())["$defs"]


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text")
def test_a_file_whose_name_is_not_utf8(tmp_path: Path) -> None:
    with open(b"d\xff.yaml", "w") as stream:
        stream.write("{dataflow: 1, nodes: {y: 1 + 1}}")
    done = run_shell("dataflow exec $'d\\xff.yaml'", tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"written to d\udcff.result.json" in done.stdout
    assert sorted(os.listdir(b".")) == [b"d\xff.result.json", b"d\xff.yaml"]
    done = run_shell("dataflow exec $'d\\xff.yaml' --format json", tmp_path)
    assert json.loads(done.stdout)["result"] == "d\udcff.result.json"


GONE = "mkdir gone; cd gone; rmdir ../gone; "


@pytest.mark.parametrize("command", [
    "exec g.yaml", f"exec '{LECTURE}'", "validate g.yaml", "new graph x", "new plugin x", "schema -o x.json",
])  # fmt: skip
@pytest.mark.skipif(sys.platform != "linux", reason="the current folder cannot be removed")
def test_the_current_folder_is_gone(command: str, tmp_path: Path) -> None:
    done = run_shell(f"{GONE} dataflow {command}", tmp_path)
    assert (done.returncode, done.stdout) == (4, b"")
    assert b"error[DF0814]: the current folder is gone" in done.stderr
    done = run_shell(f"{GONE} dataflow {command} --format json", tmp_path)
    assert [item["code"] for item in json.loads(done.stdout)["diagnostics"]] == ["DF0814"]
    assert (done.returncode, done.stderr) == (4, b"")


def test_what_else_the_system_refuses_is_not_blamed_on_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise OSError(24, "Too many open files", "catalogue.yaml")

    monkeypatch.setattr("dataflow.cli.errors.read_catalogue", fail)
    assert main(["errors"]) == 4
    assert "error[DF0814]: the system refused: [Errno 24] Too many open files" in capsys.readouterr().err
    assert main(["errors", "--format", "json"]) == 4
    assert [item["code"] for item in json.loads(capsys.readouterr().out)["diagnostics"]] == ["DF0814"]
