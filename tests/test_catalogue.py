"""Every code in the source is explained, and every example and cure does what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dataflow.cli import main
from dataflow.cli.errors import read_catalogue

ROOT = Path(__file__).parent.parent
CATALOGUE = read_catalogue()
KEYS = {"title", "meaning", "example", "cure", "files", "make"}
REPORTED = re.compile(r"(?:error|warning|note)\[(DF\d{4})\]")
SHELL = re.compile(r"""[;|<>()$&`'"\n]""")

NOT_RUN = {
    "DF0257": "no file is known that only the catch-all explains",
    "DF0533": "would write more than a gibibyte of zeros",
    "DF0534": "needs another program that writes at the same time",
    "DF0560": "the libraries are installed where the tests run",
    "DF0561": "whoever may read everything gets no refusal",
    "DF0562": "needs a failing disk",
    "DF0563": "needs a file larger than the memory",
    "DF0564": "the libraries are installed where the tests run",
    "DF0806": "needs a place that even an administrator cannot write to",
    "DF0810": "needs a graph larger than the memory",
    "DF0812": "waits for a minute",
    "DF0820": "would read more than a gigabyte",
    "DF0920": "needs a bug",
    "DF0923": "needs another program that writes at the same time",
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "graphs" / "lecture.yaml", tmp_path)


def run(command: str, capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and output of a command; one that needs a shell runs in one."""
    words = command.split()
    if words[0] == "dataflow" and not SHELL.search(command):
        code = main(words[1:])
        captured = capfd.readouterr()
        return code, captured.out + captured.err
    script = (
        f'dataflow() {{ "{sys.executable}" -m dataflow "$@"; }}; python() {{ "{sys.executable}" "$@"; }}\n{command}'
    )
    places = [str(ROOT), str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        ["bash", "-c", script],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, places))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def try_text(text: str, entry: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """What an example or a cure gives: its commands, or its graph executed."""
    for name, content in entry.get("files", {}).items():
        Path(name).write_text(content + "\n", encoding="utf-8")
    if "make" in entry:
        exec(entry["make"], {})
    if text.startswith("$ "):
        return run("\n".join(line.removeprefix("$ ") for line in text.splitlines()), capfd)
    Path("graph.yaml").write_text(text + "\n", encoding="utf-8")
    command = "exec" if "nodes:" in text else "validate"
    return run(f"dataflow {command} graph.yaml", capfd)


def runnable(cure: str) -> str | None:
    """The commands of a cure, or the graph that ends it; None for a sentence."""
    graph = re.search(r"^dataflow: 1$.*", cure, re.MULTILINE | re.DOTALL)
    return cure if cure.startswith("$ ") else graph[0] if graph else None


def codes_in_source() -> set[str]:
    files = [path for place in ("dataflow", "plugins") for path in (ROOT / place).rglob("*.py")]
    return {code for path in files for code in re.findall(r"DF(?:0[1-9]|10)\d\d", path.read_text(encoding="utf-8"))}


def test_every_code_is_explained_and_every_explained_code_is_used() -> None:
    assert set(CATALOGUE) == codes_in_source()


def test_the_codes_stand_in_order() -> None:
    assert list(CATALOGUE) == sorted(CATALOGUE)


@pytest.mark.parametrize("code", CATALOGUE)
def test_an_entry_is_complete(code: str) -> None:
    entry = CATALOGUE[code]
    assert set(entry) <= KEYS
    assert {"title", "meaning", "example", "cure"} <= set(entry)
    assert len(entry["title"]) <= 60
    assert entry["meaning"].endswith((".", ")"))


def test_what_is_not_run_is_a_known_code() -> None:
    assert set(NOT_RUN) <= set(CATALOGUE)


@pytest.mark.parametrize("code", [code for code in CATALOGUE if code not in NOT_RUN])
def test_the_example_gives_the_code_and_no_other(code: str, capfd: pytest.CaptureFixture[str]) -> None:
    exit_code, output = try_text(CATALOGUE[code]["example"], CATALOGUE[code], capfd)
    assert set(REPORTED.findall(output)) == {code}, output
    assert exit_code != 70
    assert "this is a bug" not in output


@pytest.mark.parametrize(
    "code", [code for code in CATALOGUE if code not in NOT_RUN and runnable(CATALOGUE[code]["cure"])]
)
def test_the_cure_cures(code: str, capfd: pytest.CaptureFixture[str]) -> None:
    cure = runnable(CATALOGUE[code]["cure"])
    assert cure is not None
    exit_code, output = try_text(cure, CATALOGUE[code], capfd)
    assert REPORTED.findall(output) == [], output
    assert exit_code == 0, output
