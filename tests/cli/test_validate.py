"""`dataflow validate`: every problem of every file, and nothing is run."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from dataflow.cli import main

ROOT = Path(__file__).parent.parent.parent
GRAPHS = sorted(map(str, (ROOT / "graphs").glob("*.yaml")))

GOOD = "dataflow: 1\ninputs: {x: 1}\nnodes:\n  y: x * 2\n"
TWO = "dataflow: 1\ninputs: {x: 1}\nnodes:\n  y: z * 2\n  w: exq(x)\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["validate", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (("good.yaml", GOOD), ("two.yaml", TWO), ("bad.yaml", "dataflow: 1\nnodes: [\n")):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_gallery_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, *GRAPHS)
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"{path}: sound" for path in GRAPHS]


def test_nothing_is_run_or_written(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "g.yaml").write_text("{dataflow: 1, inputs: {x: 0, y: {source: missing.npy}}, nodes: {z: 1 / x + y}}")
    assert run(capsys, "g.yaml")[0] == 0
    assert not list(folder.glob("*.json"))


def test_every_problem_of_every_file(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "two.yaml", "good.yaml", "bad.yaml")
    assert code == 1
    assert out == "good.yaml: sound\n"
    assert "--> two.yaml:4:6" in err
    assert "--> two.yaml:5:6" in err
    assert "did you mean `exp`?" in err
    assert "--> bad.yaml:" in err


def test_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "two.yaml", "good.yaml", "--format", "json")
    assert (code, err) == (1, "")
    found = json.loads(out)
    assert found["sound"] == ["good.yaml"]
    assert [(item["code"], item["file"], item["line"], item["column"]) for item in found["diagnostics"]] == [
        ("DF0203", "two.yaml", 4, 6), ("DF0401", "two.yaml", 5, 6),
    ]  # fmt: skip


def test_the_exit_code_is_that_of_the_worst(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "good.yaml", "missing.yaml", "two.yaml")
    assert code == 4
    assert "missing.yaml" in err
    assert "two.yaml:4:6" in err


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for text, code in ((GOOD, 0), (TWO, 1)):
        stream = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
        monkeypatch.setattr("sys.stdin", stream)
        found, out, err = run(capsys, "-")
        assert found == code
        assert ("sound" in out) == (code == 0)
        assert ("<stdin>:4:6" in err) == (code == 1)


def test_operators_of_a_plugin(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "my_ops.py").write_text(
        "from dataflow import Operator, hookimpl\n@hookimpl\ndef dataflow_operators():\n"
        "    return [Operator('exq', 'z = x', forward=lambda xp, x: x, backward={'x': None})]\n"
    )
    (folder / "g.yaml").write_text("{dataflow: 1, inputs: {x: 1}, nodes: {y: exq(x)}}")
    assert run(capsys, "g.yaml", "--plugin", "my_ops.py")[0] == 0
    assert run(capsys, "g.yaml")[0] == 1
    assert run(capsys, "g.yaml", "--plugin", "no_ops.py")[0] == 4


@pytest.mark.parametrize("arguments", [[], ["--nonsense"], ["good.yaml", "--format", "xml"]])
def test_a_wrong_command_line(capsys: pytest.CaptureFixture[str], arguments: list[Any]) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert "DF0901" in err


def test_a_graph_whose_loading_finds_installed_plugins_leaves_the_others_alone(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    """The unknown operator of one file starts a scan; the table with what it found serves the next files."""
    code, out, _ = run(capsys, "two.yaml", "good.yaml", GRAPHS[0])
    assert code == 1
    assert out.splitlines() == ["good.yaml: sound", f"{GRAPHS[0]}: sound"]
