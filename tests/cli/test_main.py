"""The command line as a whole: commands, help, exit codes, and how it ends when its surroundings fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dataflow import __version__
from dataflow.cli import COMMANDS, main

ROOT = Path(__file__).parent.parent.parent
LECTURE = str(ROOT / "graphs" / "lecture.yaml")
PLACES = os.pathsep.join(filter(None, [str(ROOT), str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")]))
COMMAND = (sys.executable, "-m", "dataflow")


def run_shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a shell script gives in which `dataflow` is the command."""
    lines = f'dataflow() {{ "{sys.executable}" -m dataflow "$@"; }}\n{script}'
    return subprocess.run(
        ["bash", "-c", lines], cwd=folder, env=os.environ | {"PYTHONPATH": PLACES}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([option]) == 0
    assert capsys.readouterr().out == f"dataflow {__version__}\n"


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["--help"], 0), (["-h"], 0), (["help"], 0)])
def test_the_commands_are_listed(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == code
    out = capsys.readouterr().out
    for name, (_, what) in COMMANDS.items():
        assert name in out
        assert what in out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: dataflow {name}")
    assert f"\ndataflow {name}" in out  # an example
    assert "--format" in out


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("exce", "did you mean `dataflow exec`?"),
        ("graph.yaml", "did you mean `dataflow exec graph.yaml`?"),
        ("qqq", "commands are exec, "),
    ],
)
def test_an_unknown_command(given: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([given]) == 2
    err = capsys.readouterr().err
    assert f"error[DF0902]: there is no command `{given}`" in err
    assert hint in err


@pytest.mark.parametrize(
    "arguments", [["exec"], ["exec", LECTURE, "--no-such"], ["ops", "--format", "xml"], ["new", "thing", "x"]]
)
def test_wrong_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "error[DF0901]" in capsys.readouterr().err


def test_options_are_not_abbreviated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exec", LECTURE, "--tar", "v"]) == 2
    assert "error[DF0901]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "options", "code", "reported"),
    [
        ("nodes: {y: 1 + x}", [], 1, "DF0203"),
        ("inputs: {x: {shape: [rows]}}\nnodes: {y: sum(x)}", [], 1, "DF0513"),
        ("nodes: {y: 1 + 1}", ["--target", "z"], 2, "DF0905"),
        ("inputs: {x: 0}\nnodes: {y: sqrt(x)}\ntarget: y", ["--strict"], 3, "DF0612"),
        ("nodes: {y: 1 + 1}", ["-o", "missing/x.json"], 4, "DF0804"),
        ("nodes: {y: 1 + 1}", ["--plugin", "missing.py"], 4, "DF0706"),
    ],
)
def test_exit_codes_and_problems_as_json(
    text: str, options: list[str], code: int, reported: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("graph.yaml").write_text(f"dataflow: 1\n{text}\n")
    assert main(["exec", "graph.yaml", *options]) == code
    assert f"error[{reported}]" in capsys.readouterr().err
    assert main(["exec", "graph.yaml", *options, "--format", "json"]) == code
    captured = capsys.readouterr()
    assert [item["code"] for item in json.loads(captured.out)["diagnostics"]] == [reported]
    assert captured.err == ""
    assert os.listdir() == ["graph.yaml"]


def test_wrong_arguments_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exec", "--format=json"]) == 2
    assert [item["code"] for item in json.loads(capsys.readouterr().out)["diagnostics"]] == ["DF0901"]


def test_a_bug_is_told_as_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ZeroDivisionError("somewhere deep")

    monkeypatch.setattr("dataflow.cli.errors.read_catalogue", fail)
    assert main(["errors"]) == 70
    err = capsys.readouterr().err
    assert "ZeroDivisionError: somewhere deep" in err
    assert "this is a bug in dataflow" in err


@pytest.mark.parametrize(
    "command", ["ops", "errors", "schema", "--help", f"exec '{LECTURE}' -o -", f"validate '{LECTURE}'"]
)
def test_standard_output_closed(command: str, tmp_path: Path) -> None:
    done = run_shell(f"dataflow {command} >&-", tmp_path)
    assert done.returncode == 4
    assert "error[DF0811]" in done.stderr
    assert "Traceback" not in done.stderr


def test_both_streams_closed(tmp_path: Path) -> None:
    assert run_shell("dataflow ops >&- 2>&-", tmp_path).returncode == 4


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full")
def test_standard_output_full(tmp_path: Path) -> None:
    done = run_shell("dataflow ops > /dev/full", tmp_path)
    assert done.returncode == 4
    assert "error[DF0811]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["schema", "ops --format json", "errors"])
def test_a_reader_that_leaves(command: str, tmp_path: Path) -> None:
    done = run_shell(f"dataflow {command} | head -c 1; exit ${{PIPESTATUS[0]}}", tmp_path)
    assert done.returncode in (0, 4)  # 0: all of it was in the pipe before the reader left
    assert done.stderr == ""


def test_a_reader_that_left_before(tmp_path: Path) -> None:
    done = run_shell("(sleep 0.2; dataflow schema) | true; exit ${PIPESTATUS[0]}", tmp_path)
    assert done.returncode == 4
    assert done.stderr == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_interrupted(number: signal.Signals, code: int, word: str, tmp_path: Path) -> None:
    graph = tmp_path / "graph.yaml"
    os.mkfifo(graph)
    process = subprocess.Popen(
        [*COMMAND, "exec", str(graph)], env=os.environ | {"PYTHONPATH": PLACES}, cwd=tmp_path,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with open(graph, "wb"):  # returns once the command has begun to read, which then never ends
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert (out, err) == ("", f"{word}\n")
    assert os.listdir(tmp_path) == ["graph.yaml"]
