"""`dataflow schema`: the schema of graphs for editors."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from dataflow.cli import main
from dataflow.cli.operator_data import use_of
from dataflow.cli.schema import make_schema
from dataflow.document.reader import read_tree
from dataflow.registry import standard

ROOT = Path(__file__).parent.parent.parent
OPERATORS = standard()
VALIDATOR = Draft202012Validator(make_schema(OPERATORS))
PLUGIN = """
from dataflow import Operator, hookimpl

@hookimpl
def dataflow_operators():
    return [Operator("cubed", "z = x ** 3", forward=lambda xp, x: x ** 3, backward={"x": None})]
"""


def refused(node: Any) -> bool:
    return not VALIDATOR.is_valid({"dataflow": 1, "nodes": {"y": node}})


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(make_schema(OPERATORS))


@pytest.mark.parametrize("path", sorted((ROOT / "graphs").glob("*.yaml")), ids=lambda path: path.name)
def test_it_accepts_the_gallery(path: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(read_tree(path.read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize("name", OPERATORS)
def test_it_accepts_every_operator_spelled_out(name: str) -> None:
    from dataflow.document import loads

    inputs = {
        part: [[1.0, 2.0]]
        for item in OPERATORS[name].inputs
        for part in (("x", "y") if item.variadic else (item.name,))
    }
    text = use_of(OPERATORS[name])
    node = yaml.safe_load(text) if text.startswith("{op:") else None
    if node is None:
        made = loads(f"dataflow: 1\ninputs: {json.dumps(inputs)}\nnodes: {{result: {json.dumps(text)}}}").nodes[
            "result"
        ]
        node = {"op": made.op, "inputs": list(made.inputs), "attributes": json.loads(json.dumps(dict(made.attributes)))}
    assert not refused(node)


@pytest.mark.parametrize(
    "node",
    [
        {"op": "ad", "inputs": ["a", "b"]},
        {"op": "sum", "inputs": ["x"], "attributes": {"axes": 0}},
        {"op": "sum", "inputs": ["x"], "attributes": {"axis": "first"}},
        {"op": "sum", "inputs": ["x"], "attributes": {"axis": 0.5}},
        {"op": "add", "inputs": ["x"]},
        {"op": "add", "inputs": ["x", "y", "z"]},
        {"op": "add", "inputs": {"x": "a", "z": "b"}},
        {"op": "add"},
        {"op": "concat", "inputs": []},
        {"op": "reshape", "inputs": ["x"]},
        {"op": "reshape", "inputs": ["x"], "attributes": {}},
        {"op": "reshape", "inputs": ["x"], "attributes": {"shape": "rows"}},
        {"op": "exp", "inputs": ["x"], "outputs": ["z"]},
        {"op": "unstack", "inputs": ["x"]},
        {"op": "cross_entropy", "inputs": ["x", "y"], "attributes": {"reduction": "max"}},
    ],
)
def test_it_refuses_what_is_wrong(node: Any) -> None:
    assert refused(node)


@pytest.mark.parametrize(
    "node",
    [
        "a + b",
        3,
        {"op": "sum", "inputs": ["x"]},
        {"op": "sum", "inputs": {"x": "a"}, "attributes": {"axis": [0, 1]}},
        {"op": "reshape", "inputs": ["x"], "attributes": {"shape": ["rows", "2*k", 3]}},
        {"op": "pad", "inputs": ["x"], "attributes": {"pad_width": [["k", 0]]}},
    ],
)
def test_it_accepts_what_is_right(node: Any) -> None:
    assert not refused(node)


def test_editors_find_a_description_for_every_operator() -> None:
    op = make_schema(OPERATORS)["$defs"]["node"]["properties"]["op"]
    assert op["enum"] == sorted(OPERATORS)
    for key in ("enumDescriptions", "markdownEnumDescriptions"):
        assert len(op[key]) == len(op["enum"])
        assert all(OPERATORS[name].formula in text for name, text in zip(op["enum"], op[key], strict=True))


def test_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed["$defs"]["node"]["properties"]["op"]["enum"]) >= set(OPERATORS)


def test_it_is_written_with_a_plugin_and_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plugin, path = tmp_path / "cubes.py", tmp_path / "s.json"
    plugin.write_text(PLUGIN)
    assert main(["schema", "-o", str(path)]) == 0
    assert "cubed" not in path.read_text()
    assert main(["schema", "-o", str(path), "--plugin", str(plugin)]) == 0
    assert capsys.readouterr().out == ""
    assert "cubed" in json.loads(path.read_text())["$defs"]["node"]["properties"]["op"]["enum"]
    assert sorted(item for item in os.listdir(tmp_path) if item.startswith("s.")) == ["s.json"]


def test_it_overwrites_no_other_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"mine": 1}')
    assert main(["schema", "-o", str(path)]) == 4
    assert "error[DF0813]" in capsys.readouterr().err
    assert path.read_text() == '{"mine": 1}'
    assert os.listdir(tmp_path) == ["mine.json"]


@pytest.mark.parametrize(("place", "code"), [("missing/s.json", "DF0804"), (".", "DF0805"), ("file/s.json", "DF0809")])
def test_places_that_cannot_be_written(
    place: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["schema", "-o", str(tmp_path / place)]) == 4
    assert f"error[{code}]" in capsys.readouterr().err
