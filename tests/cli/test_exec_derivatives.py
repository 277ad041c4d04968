"""`dataflow exec` with options for derivatives, and what it prints of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow.cli import main

LECTURE = str(Path(__file__).parent.parent.parent / "graphs" / "lecture.yaml")
SQUARES = """
dataflow: 1
name: squares
inputs: {w: [1, 2], x: 3, q: 7}
nodes: {y: x * w ** 2, J: sum(y)}
derivatives:
  slopes: {jacobian: [y, J], wrt: [x, w]}
"""


class Shell:
    """The command, run in a folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def exec(self, *arguments: str, graph: str = "squares.yaml") -> tuple[int, str, str]:
        self._capsys.readouterr()
        code = main(["exec", graph, *arguments])
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def find(self, *arguments: str, graph: str = "squares.yaml") -> dict[str, Any]:
        """The derivatives of the result on standard output."""
        code, out, err = self.exec(*arguments, "-o", "-", graph=graph)
        assert code == 0, err
        found: dict[str, Any] = json.loads(out).get("derivatives", {})
        return found

    def refuse(self, *arguments: str, graph: str = "squares.yaml") -> tuple[int, str]:
        """The exit code and the code of the one problem; nothing is written."""
        before = sorted(os.listdir(self.folder))
        code, out, _ = self.exec(*arguments, "--format", "json", graph=graph)
        assert sorted(os.listdir(self.folder)) == before
        (problem,) = json.loads(out)["diagnostics"]
        return code, problem["code"]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "squares.yaml").write_text(SQUARES)
    return Shell(tmp_path, capsys)


def test_without_options_those_of_the_graph(shell: Shell) -> None:
    assert list(shell.find()) == ["slopes"]
    assert shell.find(graph=LECTURE) == {}


def test_a_jacobian(shell: Shell) -> None:
    found = shell.find("--jacobian", "J,u", "--wrt", "a, c", graph=LECTURE)
    assert found["jacobian"]["blocks"] == {"J": {"a": 3.0, "c": 9.0}, "u": {"a": 0.0, "c": 3.0}}
    assert list(found) == ["jacobian"]


def test_a_hessian(shell: Shell) -> None:
    """J = 3 (a + b c): only b and c meet."""
    found = shell.find("--hessian", "J", graph=LECTURE)["hessian"]
    assert found["blocks"] == {
        "a": {"a": 0.0, "b": 0.0, "c": 0.0}, "b": {"a": 0.0, "b": 0.0, "c": 3.0}, "c": {"a": 0.0, "b": 3.0, "c": 0.0},
    }  # fmt: skip


def test_products_with_directions(shell: Shell) -> None:
    found = shell.find(
        "--vjp", "y=[1, 10]", "--jvp", "y,J", "--hvp", "J", "--along", "w=[0, 1]", "--along", "x = 2", "--wrt", "w,x"
    )  # fmt: skip
    assert list(found) == ["slopes", "vjp", "jvp", "hvp"]
    assert found["vjp"]["blocks"] == {"w": [6.0, 120.0], "x": 41.0}
    assert found["jvp"]["blocks"] == {"y": [2.0, 20.0], "J": 22.0}
    assert found["hvp"]["blocks"] == {"w": [4.0, 14.0], "x": 4.0}


def test_values_from_files(shell: Shell) -> None:
    np.save("d.npy", np.array([0.0, 1.0]))
    assert shell.find("--jvp", "y", "--along", "w=@d.npy")["jvp"]["blocks"] == {"y": [0.0, 12.0]}
    assert shell.find("--vjp", "y=@d.npy", "--wrt", "x")["vjp"]["blocks"] == {"x": 4.0}


def test_at_values_from_outside_and_reported_alone(shell: Shell) -> None:
    code, _, err = shell.exec("--set", "x=1", "--jacobian", "y", "--wrt", "w", "--only", "J")
    assert (code, err) == (0, "")
    result = dataflow.Result.load("squares.result.json")
    assert list(result.values) == ["J"]
    found: Any = result.derivatives["jacobian"].blocks["y", "w"]
    assert found.tolist() == [[2, 0], [0, 4]]


def test_sparse_and_dense(shell: Shell) -> None:
    sparse = shell.find("--jacobian", "y", "--wrt", "w", "--sparse")["jacobian"]["blocks"]["y"]["w"]
    assert sparse == {"sparse": {"shape": [2, 2], "rows": [0, 1], "columns": [0, 1], "values": [6.0, 12.0]}}
    for option in ((), ("--dense",)):
        found = shell.find("--jacobian", "y", "--wrt", "w", *option)["jacobian"]["blocks"]["y"]["w"]
        assert found == [[6.0, 0.0], [0.0, 12.0]]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("--vjp y", "DF0915"), ("--vjp =1", "DF0915"), ("--vjp y=", "DF0915"), ("--vjp y=abc", "DF0903"),
        ("--jacobian ,", "DF0915"), ("--jacobian y --wrt ,", "DF0915"), ("--jvp y --along w", "DF0915"),
        ("--jvp y --along w=[1,0] --along w=[0,1]", "DF0915"), ("--jvp y --along w={}", "DF0502"),
        ("--along w=[1,0]", "DF0916"), ("--wrt w", "DF0916"), ("--wrt w --jvp y --along w=[1,0]", "DF0916"),
        ("--sparse --vjp y=[1,0]", "DF0916"), ("--dense", "DF0916"), ("--jvp y", "DF0917"), ("--hvp J", "DF0917"),
        ("--jacobian y --sparse --dense", "DF0918"), ("--jacobian y --jacobian J", "DF0909"),
        ("--jacobian yy", "DF0905"), ("--jacobian y --wrt ww", "DF0905"), ("--hessian J,y", "DF0242"),
        ("--jacobian y --wrt J", "DF0244"), ("--vjp J=[1,0]", "DF0243"), ("--hessian y", "DF0233"),
    ],
)  # fmt: skip
def test_what_is_refused(shell: Shell, arguments: str, code: str) -> None:
    exit_code, found = shell.refuse(*arguments.split())
    assert found == code
    assert exit_code == (1 if code in ("DF0233", "DF0243") else 2)


def test_a_name_that_the_graph_has(shell: Shell) -> None:
    Path("squares.yaml").write_text(SQUARES.replace("slopes", "jacobian"))
    assert shell.refuse("--jacobian", "y") == (2, "DF0919")


def test_what_is_printed(shell: Shell) -> None:
    assert shell.exec("--hessian", "J", "--wrt", "x,q", "--hvp", "J", "--along", "x=1", "--only", "J") == (0, """\
   value
J     15

slopes: jacobian of y, J (forward, 3 sweeps)
      x  w[0]  w[1]
y[0]  1     6     0
y[1]  4     0    12
J     5     6    12

hessian of J (forward over reverse, 2 sweeps)
   x  q
x  0  0
q  0  0
J does not depend on q: the derivatives are 0

hvp of J (forward over reverse, 1 sweep)
x  0
q  0
J does not depend on q: the derivatives are 0

written to squares.result.json
""", "")  # fmt: skip


def test_large_matrices_are_glimpsed(shell: Shell) -> None:
    Path("wide.yaml").write_text(
        f"dataflow: 1\nname: wide\ninputs: {{x: {list(range(20))}}}\nnodes: {{y: x ** 2, J: sum(y)}}\n"
        "derivatives:\n  dense: {jacobian: y}\n  held: {jacobian: y, sparse: true}\n  g: {gradient: J}\n"
    )
    _, out, _ = shell.exec("--only", "J", graph="wide.yaml")
    assert "y, x  [0, 0, 0, 0, ...] (20 x 20)  19 of 400 not 0\n" in out
    assert "y, x  [0, 0] 0, [1, 1] 2, [2, 2] 4, [3, 3] 6, ... (20 x 20, sparse)  20 of 400 held\n" in out
    assert "g: gradient of J (reverse, 1 sweep)\nx  [0, 2, 4, 6, ...] (20)\n" in out


def test_what_is_not_finite_is_a_warning(shell: Shell) -> None:
    Path("edge.yaml").write_text("{dataflow: 1, inputs: {x: 0}, nodes: {y: sqrt(x)}}")
    code, out, _ = shell.exec("--jacobian", "y", graph="edge.yaml")
    assert code == 0
    assert "warning[DF0249]: `jacobian` is not finite: the derivative of `y` in `x` is Infinity\n" in out
    assert shell.refuse("--jacobian", "y", "--strict", graph="edge.yaml") == (3, "DF0249")
