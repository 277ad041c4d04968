"""`dataflow errors`: what a code means."""

from __future__ import annotations

import json

import pytest

from dataflow.cli import main
from dataflow.cli.errors import read_catalogue

CATALOGUE = read_catalogue()


def test_the_list_has_every_code_with_its_title(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["errors"]) == 0
    out = capsys.readouterr().out
    for code, entry in CATALOGUE.items():
        assert f"  {code}  {entry['title']}\n" in out


@pytest.mark.parametrize("code", CATALOGUE)
def test_everything_about_one(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["errors", code]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{code}: {CATALOGUE[code]['title']}\n")
    squeezed = " ".join(out.split())
    texts = [CATALOGUE[code][key] for key in ("meaning", "example", "cure")]
    for text in [*texts, *CATALOGUE[code].get("files", {}).values()]:
        assert " ".join(text.split()) in squeezed


@pytest.mark.parametrize("spelling", ["df0203", "0203", "203", "error[DF0203]", "error[DF0203]:"])
def test_a_code_may_be_copied_as_it_stands(spelling: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["errors", spelling]) == 0
    assert capsys.readouterr().out.startswith("DF0203: unknown name\n")


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["errors", "DF0203", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"errors": [{"code": "DF0203", **CATALOGUE["DF0203"]}]}
    assert main(["errors", "--format", "json"]) == 0
    assert [item["code"] for item in json.loads(capsys.readouterr().out)["errors"]] == list(CATALOGUE)


@pytest.mark.parametrize(
    ("code", "hint"), [("DF0299", "did you mean `DF0"), ("x", "`dataflow errors` lists all"), ("²", "lists all")]
)
def test_an_unknown_code(code: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["errors", code]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"error[DF0908]: there is no code `{code}`" in captured.err
    assert hint in captured.err
