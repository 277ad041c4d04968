"""Options of `dataflow exec` and others that are given twice, or empty, or name what is not meant."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from dataflow.cli import main

LECTURE = str(Path(__file__).parent.parent.parent / "graphs" / "lecture.yaml")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refuse(code: int, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The one problem, as data. Nothing is written."""
    before = sorted(os.listdir())
    given = list(arguments) if "--format" in arguments else [*arguments, "--format", "json"]
    assert main(given) == code
    assert sorted(os.listdir()) == before
    (problem,) = json.loads(capsys.readouterr().out)["diagnostics"]
    result: dict[str, Any] = problem
    return result


@pytest.mark.parametrize("options", [
    ["--inputs", "a.yaml", "--inputs", "b.yaml"], ["--target", "u", "--target", "v"], ["-o", "a", "--output", "b"],
    ["--cotangent", "1", "--cotangent=2"], ["--data-root", ".", "--data-root", ".."], ["-oa", "-o", "a"],
    ["--arrays", "auto", "--arrays", "file"], ["--format", "text", "--format", "json"],
])  # fmt: skip
def test_an_option_that_is_given_twice(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    problem = refuse(2, capsys, "exec", LECTURE, *options)
    assert problem["code"] == "DF0909"
    assert "is given twice" in problem["message"]


def test_a_schema_goes_to_one_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert refuse(2, capsys, "schema", "-o", "a.json", "-o", "b.json")["code"] == "DF0909"


@pytest.mark.parametrize("command", [["exec", LECTURE], ["schema"]])
def test_an_empty_name_for_the_output(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert refuse(4, capsys, *command, "-o", "")["code"] == "DF0808"


@pytest.mark.parametrize("value", ["null", "~", "", "text", "{a: 1}\nb: 2"])
def test_a_cotangent_that_is_none(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    problem = refuse(2, capsys, "exec", LECTURE, "--cotangent", value)
    assert (problem["code"], problem["message"].startswith("--cotangent")) == ("DF0903", True)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "null", "[1]", "7", "text"])
def test_a_file_without_values_by_name(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("values.yaml").write_text(text)
    problem = refuse(1, capsys, "exec", LECTURE, "--inputs", "values.yaml")
    assert problem["code"] == "DF0903"
    assert problem["message"] == "--inputs: there are no values by name in `values.yaml`"
    assert "a mapping of names to values" in problem["expected"]


def test_a_file_of_values_that_is_not_yaml(capsys: pytest.CaptureFixture[str]) -> None:
    Path("values.yaml").write_text("{a: [1")
    assert refuse(1, capsys, "exec", LECTURE, "--inputs", "values.yaml")["code"] == "DF0101"


@pytest.mark.parametrize("name", [
    r"\u001b[2J", r"a\u202eb", r"a\nb", r"a\u2028b", "-rf", "  ", r"a\u0000b", r"\u0085x", "a/b",
])  # fmt: skip
@pytest.mark.parametrize("graph", ["g.yaml", "g"])
def test_a_name_that_no_file_should_have(name: str, graph: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(graph).write_text(f'{{dataflow: 1, name: "{name}", nodes: {{y: 1 + 1}}}}')
    assert main(["exec", graph]) == 0
    assert sorted(os.listdir()) == sorted([graph, "g.result.json"])


def test_a_name_that_no_file_should_have_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    from io import BytesIO, TextIOWrapper

    text = b'{dataflow: 1, name: "-rf", nodes: {y: 1 + 1}}'
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(text)))
    assert main(["exec", "-"]) == 0
    assert os.listdir() == ["graph.result.json"]


@pytest.mark.parametrize(("file", "said"), [
    ("pd.py", "plugin file `pd.py` is a folder"), ("/dev/null", "`/dev/null` is no Python module"),
    ("x" * 300 + ".py", "does not exist"), ("", "does not exist"),
])  # fmt: skip
def test_what_is_no_plugin_file(file: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pd.py").mkdir()
    problem = refuse(4, capsys, "ops", "--plugin", file)
    assert problem["code"] == "DF0706"
    assert said in problem["message"]
    assert "did you mean" not in problem.get("hint", "")


def test_a_hook_that_does_not_fit_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    text = "import dataflow\n\n@dataflow.hookimpl\ndef dataflow_operators(extra):\n    return []\n"
    Path("my_ops.py").write_text(text)
    assert "\n" not in refuse(4, capsys, "ops", "--plugin", "my_ops.py")["message"]


@pytest.mark.parametrize("command", [["ops"], ["exec", LECTURE], ["validate", LECTURE]])
def test_a_hook_that_returns_nothing(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("my_ops.py").write_text("import dataflow\n\n@dataflow.hookimpl\ndef dataflow_operators():\n    pass\n")
    problem = refuse(4, capsys, *command, "--plugin", "my_ops.py")
    assert problem["code"] == "DF0703"
    assert "hands over nothing" in problem["message"]


@pytest.mark.parametrize(("cell", "hint"), [
    ("1,000", "the comma may separate thousands: write 1000, or 1.000 if it was a decimal comma"),
    ("-12,345", "the comma may separate thousands: write -12345, or -12.345 if it was a decimal comma"),
    ("1,000,000", "thousands are not separated: write 1000000"),
    ("1,234.5", "thousands are not separated: write 1234.5"),
    ("60,5", "decimals are written with a point: 60.5"), ("0,125", "decimals are written with a point: 0.125"),
])  # fmt: skip
def test_a_cell_with_commas(cell: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("t.csv").write_text(f'x\n"{cell}"\n')
    Path("g.yaml").write_text("{dataflow: 1, inputs: {x: {source: t.csv}}, nodes: {y: sum(x)}, target: y}")
    problem = refuse(1, capsys, "exec", "g.yaml")
    assert (problem["code"], problem["hint"]) == ("DF0541", hint)
