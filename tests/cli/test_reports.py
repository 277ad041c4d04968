"""How problems, data and tables are printed."""

from __future__ import annotations

import json
from io import StringIO

import pytest

from dataflow.cli.reports import MAX_PROBLEMS, display_width, print_json, print_problems, print_table
from dataflow.errors import Diagnostic

PROBLEM = Diagnostic("DF0203", "unknown name `w`", file="g.yaml", line=3, column=6, source="  y: w * 2", hint="`x`?")


def test_problems_as_text_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    print_problems([PROBLEM], as_json=False)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "error[DF0203]: unknown name `w`\n"
        "  --> g.yaml:3:6\n"
        "  |\n"
        "3 |   y: w * 2\n"
        "  |      ^\n"
        "  = help: `x`?\n"
        "\n"
        "`dataflow errors DF0203` explains what this means\n"
    )


def test_problems_as_data_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    print_problems(iter([PROBLEM]), as_json=True)
    captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out) == {"diagnostics": [PROBLEM.as_data()]}


def test_a_hundred_problems_are_shown_and_all_are_data(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [PROBLEM._replace(line=i + 1, code=f"DF{1000 + i}") for i in range(MAX_PROBLEMS + 5)]
    print_problems(problems, as_json=False)
    err = capsys.readouterr().err
    assert err.count("error[") == MAX_PROBLEMS
    assert "... and 5 more; --format json lists all" in err
    print_problems(problems, as_json=True)
    assert len(json.loads(capsys.readouterr().out)["diagnostics"]) == MAX_PROBLEMS + 5


def test_warnings_need_no_explanation(capsys: pytest.CaptureFixture[str]) -> None:
    print_problems([PROBLEM._replace(severity="warning")], as_json=False)
    err = capsys.readouterr().err
    assert err.startswith("warning[DF0203]")
    assert "explains" not in err


def test_json_keeps_letters_and_refuses_what_json_cannot_hold(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"名": [1, "é"]})
    assert capsys.readouterr().out == '{\n  "名": [\n    1,\n    "é"\n  ]\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        print_json(float("nan"))


def test_tables_with_wide_letters(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([("", "v"), ("图", "10"), ("ab", "1")], align="<>")
    assert capsys.readouterr().out == "     v\n图  10\nab   1\n"


def test_tables_escape_what_a_terminal_would_obey(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([("a\x1b[2J", "1"), ("b\nc", "22")], align="<>")
    assert capsys.readouterr().out == "a\\x1b[2J   1\nb\\nc      22\n"


def test_what_embeds_the_command_may_catch_text(monkeypatch: pytest.MonkeyPatch) -> None:
    caught = StringIO()
    monkeypatch.setattr("sys.stdout", caught)
    print_json({"é": "\udcff"})
    assert caught.getvalue() == '{\n  "é": "\\udcff"\n}\n'


@pytest.mark.parametrize(("text", "width"), [("", 0), ("ab", 2), ("图", 2), ("é", 1), ("e\u0301", 1), ("ｗ", 2)])
def test_width_on_a_terminal(text: str, width: int) -> None:
    assert display_width(text) == width
