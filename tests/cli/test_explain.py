"""`dataflow explain`: formats, languages, options, and what is refused."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dataflow.cli import main

GRAPHS = Path(__file__).parents[2] / "graphs"
LECTURE = str(GRAPHS / "lecture.yaml")
PLUGIN = """
from dataflow import Operator, hookimpl

@hookimpl
def dataflow_operators():
    def forward(xp, x):
        print("no explanation")
        return x * x
    rules = {"x": lambda xp, g, z, x: g * 2 * x}
    return [Operator("noisy", "z = x^2", forward=forward, backward=rules, broadcasts=True)]
"""


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["explain", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_question_of_the_student(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, LECTURE, "b")
    assert (code, err) == (0, "")
    assert "    db = dJ/db = dJ/du · du/db = du · c = 3 · 2 = 6\n" in out
    assert out.endswith("\ndb = 6: if b grows by 0.001, J grows by about 0.006.\n")


@pytest.mark.parametrize("order", [["b", "--set", "c=7"], ["--set", "c=7", "b"]])
def test_options_stand_before_or_behind_the_name(capsys: pytest.CaptureFixture[str], order: list[str]) -> None:
    code, out, _ = run(capsys, LECTURE, *order)
    assert code == 0
    assert "db = dJ/db = dJ/du · du/db = du · c = 3 · 7 = 21" in out


def test_formats(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, LECTURE, "--format", "markdown")
    assert code == 0
    assert out.startswith("# lecture\n\nJ = 3(a + bc)\n\n## Forward, left to right\n\n- $a = 5$\n")
    code, out, _ = run(capsys, LECTURE, "--format", "json")
    assert code == 0
    assert [item["value"] for item in json.loads(out)["reverse"]] == [1, 3, 3, 3, 6, 9]


def test_languages(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, LECTURE, "b", "--language", "zh")
    assert code == 0
    assert out.splitlines()[2] == "前向，从 b 到 J"
    assert out.endswith("\ndb = 6：b 增加 0.001，J 大约增加 0.006。\n")


def test_values_from_outside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = tmp_path / "values.json"
    values.write_text('{"c": 4, "b": 1}')
    _, out, _ = run(capsys, LECTURE, "b", "--inputs", str(values), "--set", "b=10")
    assert "u = b · c = 10 · 4 = 40" in out


def test_another_target_and_a_cotangent(capsys: pytest.CaptureFixture[str]) -> None:
    network = str(GRAPHS / "two_layer_network.yaml")
    code, _, err = run(capsys, network, "--target", "logits")
    assert (code, err.splitlines()[0][:14]) == (1, "error[DF0233]:")
    code, out, _ = run(capsys, network, "b2", "--target", "logits", "--cotangent", "[[1, 0], [0, 0], [0, 0], [0, 0]]")
    assert code == 0
    assert "db2 = dlogits/db2 = sum(dlogits, axis=0) = [1, 0] (2)" in out


def test_a_large_graph_is_cut_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    chain = str(GRAPHS / "chain.yaml")
    _, short, _ = run(capsys, chain)
    _, whole, _ = run(capsys, chain, "--all")
    assert short.count("; --all shows them") == 2
    assert whole.count("; --all shows them") == 0
    assert len(whole.splitlines()) > 5 * len(short.splitlines())


def test_what_a_rule_prints_is_no_explanation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plugin, graph = tmp_path / "noise.py", tmp_path / "graph.yaml"
    plugin.write_text(PLUGIN)
    graph.write_text("{dataflow: 1, inputs: {x: 3}, nodes: {J: noisy(x)}, target: J}")
    code, out, err = run(capsys, str(graph), "--plugin", str(plugin))
    assert code == 0
    assert "no explanation" not in out
    assert "no explanation" in err
    assert "dx = dJ/dx = dJ · 2 · x = 1 · 2 · 3 = 6" in out


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["bb"], 2, "DF0905"),
        (["--target", "w"], 2, "DF0905"),
        (["--set", "u=1"], 2, "DF0904"),
        (["b", "c"], 2, "DF0901"),
        (["--language", "fr"], 2, "DF0901"),
        (["--format", "html"], 2, "DF0901"),
        (["--language", "en", "--language", "zh"], 2, "DF0909"),
    ],
)
def test_refusals(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, problem: str) -> None:
    found, out, err = run(capsys, LECTURE, *arguments)
    assert (found, out) == (code, "")
    assert f"error[{problem}]" in err


def test_a_problem_has_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = tmp_path / "graph.yaml"
    graph.write_text("dataflow: 1\ninputs: {x: [1, 2], y: [1, 2, 3]}\nnodes:\n  J: sum(x * y)\ntarget: J\n")
    code, out, _ = run(capsys, str(graph), "--format", "json")
    assert code == 1
    assert json.loads(out)["diagnostics"][0]["line"] == 4


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("perceptron", "dJ * 2 * s4 = 1 * 2 * (-0.5) = -1"),
        ("two_layer_network", "dW1 = dJ/dW1 = matrix_transpose(X) @ ds1"),
    ],
)
def test_a_terminal_that_shows_no_more_than_ascii(name: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dataflow", "explain", str(GRAPHS / f"{name}.yaml")],
        env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.isascii()
    assert "\\" not in done.stdout
    assert said in done.stdout


def test_hostile_names_do_not_reach_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = tmp_path / "graph.yaml"
    graph.write_text('{"dataflow": 1, "name": "a\\u001b[2J", "description": "\\u202e", "inputs": {"x": 1}, '
                     '"nodes": {"J": "x * x"}, "target": "J"}')  # fmt: skip
    for form in ("text", "markdown"):
        _, out, _ = run(capsys, str(graph), "--format", form)
        assert "\x1b" not in out
        assert "\u202e" not in out


def test_every_dollar_has_its_partner(capsys: pytest.CaptureFixture[str]) -> None:
    for path in sorted(GRAPHS.glob("*.yaml")):
        for language in ("en", "zh"):
            code, out, _ = run(capsys, str(path), "--format", "markdown", "--language", language)
            assert code == 0
            for line in out.splitlines():
                assert line.count("$") % 2 == 0
                for math in line.split("$")[1::2]:
                    assert re.search(r"\\[^A-Za-z]", math) is None  # Markdown would take it away
                    assert math.count("{") == math.count("}")
