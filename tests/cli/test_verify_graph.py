"""`dataflow verify graph.yaml`: what it prints, its exit codes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dataflow.cli import main
from dataflow.cli.progress import Bar

GRAPHS = Path(__file__).parent.parent.parent / "graphs"
LECTURE = str(GRAPHS / "lecture.yaml")
PLUGIN = """
from dataflow import Operator, hookimpl

cube = Operator("cube", "z = x ** 3", forward=lambda xp, x: x * x * x, broadcasts=True,
                backward={"x": lambda xp, g, z, x: g * 2 * x * x})

@hookimpl
def dataflow_operators():
    print("a plugin that talks")
    return [cube]
"""
WRONG = """\
dataflow: 1
name: wrong
inputs:
  a: 2
nodes:
  u: 3 * a
  J: cube(u) + u
target: J
"""
REPORT = """\
   element  found  expected     ratio  off by
a             219       327  0.669725   3e-01  g.yaml:4:6  wrong
u              73       109  0.669725   3e-01  g.yaml:6:6  wrong
J               1         1                 0  g.yaml:7:6

the gradient of `u` is wrong, and that of what is made of it is right:
  look at the backward rule of `cube` (plugin `my_ops`) for it, used by `cube(u)` in `J` at g.yaml:7:6
  = help: dataflow verify cube

wrong: 3 gradients, 2 wrong
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_ops.py").write_text(PLUGIN)
    (tmp_path / "g.yaml").write_text(WRONG)
    return tmp_path


def verify(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["verify", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_lecture(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = verify(capsys, LECTURE)
    assert (code, err) == (0, "")
    assert out.endswith("\nlecture: 6 gradients, all agree to 1e-15\n")
    assert f"{LECTURE}:7:6" in out


def test_a_wrong_rule_is_named_with_its_node_and_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = verify(capsys, "g.yaml", "--plugin", "my_ops.py")
    assert code == 1
    assert out.replace(" \n", "\n") == REPORT


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = verify(capsys, "g.yaml", "--plugin", "my_ops.py", "--format", "json", "--all")
    report = json.loads(out)
    assert code == 1
    assert report["verdict"] == "wrong"
    (u,) = [item for item in report["checks"] if item["name"] == "u"]
    assert (u["status"], u["found"], u["line"], u["blame"]["operator"]) == ("wrong", 73, 6, "cube")
    assert u["expected"] == pytest.approx(109, rel=1e-8)
    assert [item["text"] for item in report["checks"] if "#" in item["name"]] == ["cube(u)"]


def test_values_and_targets_are_those_of_exec(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "values.json").write_text('{"b": 7}')
    code, out, _ = verify(
        capsys, LECTURE, "--set", "c=4", "--inputs", "values.json", "--target", "u", "--format", "json"
    )
    found = {item["name"]: item.get("found") for item in json.loads(out)["checks"]}
    assert code == 0
    assert (found["b"], found["c"]) == (4, 7)
    (folder / "t.yaml").write_text(
        "{dataflow: 1, inputs: {x: {source: x.npy, differentiable: true}}, nodes: {J: sum(x)}}"
    )
    (folder / "data").mkdir()
    np.save(folder / "data" / "x.npy", np.ones(3))
    assert verify(capsys, "t.yaml", "--target", "J", "--data-root", "data")[0] == 0


def test_a_small_budget_samples_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    first = verify(capsys, str(GRAPHS / "chain.yaml"), "--budget", "40")
    assert first[0] == 0
    assert "sampled: " in first[1]
    assert "drawn with seed 0, and all inputs along one direction" in first[1]
    assert "all inputs together" in first[1]
    assert verify(capsys, str(GRAPHS / "chain.yaml"), "--budget", "40") == first
    assert verify(capsys, str(GRAPHS / "chain.yaml"), "--budget", "40", "--seed", "3")[1] != first[1]


@pytest.mark.parametrize(("options", "code"), [
    (["--budget", "0"], 2), (["--seed", "-1"], 2), (["--target", "w"], 2), (["--set", "w=1"], 2), (["--set", "a=x"], 2),
    (["--inputs", "missing.json"], 4), (["--plugin", "missing.py"], 4),
])  # fmt: skip
def test_what_is_refused(capsys: pytest.CaptureFixture[str], options: list[str], code: int) -> None:
    found, out, err = verify(capsys, LECTURE, *options)
    assert (found, out) == (code, "")
    assert err.startswith("error[DF")


def test_a_graph_without_a_target_is_refused(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "t.yaml").write_text("{dataflow: 1, inputs: {x: 1}, nodes: {y: exp(x)}}")
    code, _, err = verify(capsys, "t.yaml")
    assert code == 2
    assert "--target" in err


def test_the_bar_is_for_terminals_and_long_work(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar("verifying", "gradients")
    bar.show(1, 10)
    bar.close()
    assert capsys.readouterr().err == ""
