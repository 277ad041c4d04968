"""`dataflow new`: what it writes runs as it is, and nothing is ever overwritten."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dataflow.cli import main
from dataflow.cli.files import write_new
from dataflow.errors import ResourceError
from dataflow.result import Result

ROOT = Path(__file__).parent.parent.parent
SETTINGS = ("--config-file", str(ROOT / "pyproject.toml"))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_new_graph_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "graph", "model"]) == 0
    assert capsys.readouterr().out == "written: model.yaml\nrun it:  dataflow exec model.yaml\n"
    assert main(["validate", "model.yaml"]) == 0
    assert main(["exec", "model.yaml"]) == 0
    result = Result.load("model.result.json")
    # By hand: line - y = -0.6, -0.9, -1.7; the loss is the mean of their squares.
    assert result.values["loss"] == pytest.approx((0.36 + 0.81 + 2.89) / 3)
    assert result.gradients["slope"] == pytest.approx(2 / 3 * (-0.9 * 1 - 1.7 * 2))
    assert result.gradients["offset"] == pytest.approx(2 / 3 * (-0.6 - 0.9 - 1.7))


def test_a_new_plugin_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "plugin", "my_ops"]) == 0
    command = capsys.readouterr().out.split("dataflow ")[1].split()
    assert command == ["exec", "my_ops_graph.yaml", "--plugin", "my_ops.py"]
    assert main(command) == 0
    result = Result.load("my_ops_graph.result.json")
    half, x = 0.8, (0.5, 1.0, 2.0)
    assert result.values["total"] == pytest.approx(sum(item / (half + item) for item in x))
    assert result.gradients["half"] == pytest.approx(-sum(item / (half + item) ** 2 for item in x))
    assert list(result.gradients["x"]) == pytest.approx([half / (half + item) ** 2 for item in x])


def test_the_commands_in_its_comments_are_right() -> None:
    assert main(["new", "plugin", "my_ops"]) == 0
    assert "dataflow exec my_ops_graph.yaml --plugin my_ops.py" in Path("my_ops.py").read_text()
    assert "dataflow exec my_ops_graph.yaml --plugin my_ops.py" in Path("my_ops_graph.yaml").read_text()
    assert "@" not in Path("my_ops_graph.yaml").read_text()


@pytest.mark.parametrize(
    "tool",
    [["mypy", "--strict"], ["ruff", "check", "--select", "E,F,W,I,UP,B,SIM,C4,RUF,PT,N", "--line-length", "120"]],
)
def test_a_new_plugin_is_clean(tool: list[str]) -> None:
    pytest.importorskip(tool[0])
    assert main(["new", "plugin", "my_ops"]) == 0
    places = [str(ROOT), str(ROOT / "plugins")]
    environment = os.environ | {"MYPYPATH": os.pathsep.join(places), "PYTHONPATH": os.pathsep.join(places)}
    done = subprocess.run(
        [sys.executable, "-m", *tool, "my_ops.py"], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_folder_may_stand_before_the_name() -> None:
    Path("models").mkdir()
    assert main(["new", "graph", "models/first"]) == 0
    assert main(["validate", "models/first.yaml"]) == 0


@pytest.mark.parametrize(
    ("kind", "given", "written"),
    [("graph", "a.yaml", "a.yaml"), ("graph", "a.yml", "a.yaml"), ("plugin", "a.py", "a.py")],
)
def test_a_name_may_bear_its_suffix(kind: str, given: str, written: str) -> None:
    assert main(["new", kind, given]) == 0
    assert Path(written).exists()


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "plugin", "my_ops", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "written": ["my_ops.py", "my_ops_graph.yaml"],
        "command": "dataflow exec my_ops_graph.yaml --plugin my_ops.py",
    }


@pytest.mark.parametrize(
    ("kind", "existing"), [("graph", "mine.yaml"), ("plugin", "mine.py"), ("plugin", "mine_graph.yaml")]
)
def test_nothing_is_overwritten_and_nothing_left(kind: str, existing: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(existing).write_text("mine")
    assert main(["new", kind, "mine"]) == 4
    assert "error[DF0813]" in capsys.readouterr().err
    assert Path(existing).read_text() == "mine"
    assert os.listdir() == [existing]


def test_a_link_to_nowhere_is_not_followed() -> None:
    os.symlink("elsewhere", "mine.yaml")
    assert main(["new", "graph", "mine"]) == 4
    assert not Path("elsewhere").exists()


def test_a_missing_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "graph", "missing/model"]) == 4
    assert "error[DF0804]" in capsys.readouterr().err


def test_a_file_in_place_of_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("")
    assert main(["new", "graph", "file/model"]) == 4
    assert "error[DF0809]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("graph", ""),
        ("graph", "null"),
        ("graph", "2nd"),
        ("graph", "a b"),
        ("graph", "models/"),
        ("graph", "a\nb"),
        ("graph", "lambda"),
        ("plugin", "my-ops"),
        ("plugin", "types"),
        ("plugin", "dataflow"),
        ("plugin", "numpy"),
    ],
)
def test_what_cannot_be_a_name(kind: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", kind, name]) == 2
    assert "error[DF0907]" in capsys.readouterr().err
    assert os.listdir() == []


def test_a_write_that_fails_leaves_nothing() -> None:
    files = {"first.yaml": "dataflow: 1", "missing/second.yaml": "dataflow: 1"}
    with pytest.raises(ResourceError) as refused:
        write_new(files)
    assert refused.value.diagnostics[0].code == "DF0804"
    assert os.listdir() == []
