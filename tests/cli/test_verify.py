"""`dataflow verify`: operators and plugins, what is said of a wrong rule, and how that case is seen again."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from dataflow.cli import main

PLUGIN = """
from dataflow import Operator, hookimpl

@hookimpl
def dataflow_operators():
    return [
        Operator("{name}", "z = k x", forward=lambda xp, k, x: k * x, broadcasts=True, {rules}),
        Operator("twice", "z = 2 x", forward=lambda xp, x: 2 * x, broadcasts=True),
    ]
"""
RIGHT = 'backward={"k": lambda xp, g, z, k, x: g * x, "x": lambda xp, g, z, k, x: g * k}'


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["verify", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def write(folder: Path, rules: str = RIGHT, name: str = "spring") -> str:
    path = folder / "springs.py"
    path.write_text(PLUGIN.format(name=name, rules=rules))
    return str(path)


def test_named_operators(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "sin", "floor", "nextafter", "--seeds", "2")
    assert code == 0
    lines = out.splitlines()
    assert re.fullmatch(r"sin: proved \(\d+ cases; slopes in x, \d+ compared\)", lines[0])
    assert re.fullmatch(r"nextafter: proved \(\d+ cases; no slopes\)", lines[2])
    assert re.fullmatch(r"3 operators, \d+ cases, [\d,]+ slopes compared: all proved", lines[3])


def test_a_plugin_is_proved_without_naming_its_operators(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--plugin", write(tmp_path))
    assert code == 0
    assert [line.split(":")[0] for line in out.splitlines()[:2]] == ["spring", "twice"]


WRONG = [
    (RIGHT.replace("g * x,", "2 * g * x,"), "k", "twice too large"),
    (RIGHT.replace("g * x,", "-g * x,"), "k", "the sign is wrong"),
    (RIGHT.replace("g * x,", "g * x * x,"), "k", "a factor of `x` is too many"),
    (RIGHT.replace("g * k}", "g}"), "x", "a factor of `k` is missing"),
    (RIGHT.replace("g * x,", "x,"), "k", "it is not multiplied by `g`"),
    (RIGHT.replace("g * k}", "g * x}"), "x", "are two inputs swapped?"),
    (RIGHT.replace("g * x,", "0.0 * g,"), "k", "it is zero"),
    (RIGHT.replace("g * x,", "g * x / 0.0,"), "k", "it is not finite where the slope is"),
]


@pytest.mark.parametrize(("rules", "place", "said"), WRONG, ids=[row[2] for row in WRONG])
def test_a_wrong_rule_is_named_with_the_likely_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rules: str, place: str, said: str
) -> None:
    plugin = write(tmp_path, rules)
    code, out, _ = run(capsys, "--plugin", plugin, "spring")
    assert code == 1
    assert said in out
    assert out.splitlines()[-1].endswith("1 not proved")
    again = re.findall(r"again +dataflow (verify .*)", out)
    assert again
    code, out, _ = run(capsys, *shlex.split(again[0])[1:])
    assert code == 1
    assert "1 case," in out
    assert place in out


def test_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--plugin", write(tmp_path, WRONG[0][0]), "--format", "json", "--seed", "3")
    assert code == 1
    spring, twice = json.loads(out)["operators"]
    assert (spring["name"], spring["proved"], spring["seeds"]) == ("spring", False, [3])
    assert (twice["proved"], twice["failures"], twice["inputs"]) == (True, [], ["x"])
    failure = spring["failures"][0]
    assert (failure["check"], failure["input"], failure["hint"]) == ("slope", "k", "twice too large")
    assert failure["ratio"] == pytest.approx(2.0, rel=1e-6)


def test_nothing_to_try_is_not_a_proof(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = 'kernels={"numpy": lambda k, x: k * x}, examples=lambda rng: [], ' + RIGHT
    code, out, _ = run(capsys, "--plugin", write(tmp_path, text), "spring")
    assert code == 1
    assert "nothing told whether the slope in `k` is right" in out


@pytest.mark.parametrize(("arguments", "said"), [
    (["sinn"], "did you mean `sin`?"),
    (["sin", "cos", "--case", "1"], "--case is a case of one operator"),
    (["sin", "--case", "999"], "has the cases 0 to"),
    (["sin", "--seeds", "0"], "--seeds is a number of tries"),
    (["a.yaml", "b.yaml"], "a graph is verified alone"),
    (["a.yaml", "--case", "1"], "are of operators, not of a graph"),
])  # fmt: skip
def test_a_wrong_command_line(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert said in err
