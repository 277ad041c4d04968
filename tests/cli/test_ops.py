"""`dataflow ops`: what operators there are, and everything about one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dataflow.cli import main
from dataflow.cli.operator_data import data_of, use_of
from dataflow.document import loads
from dataflow.operators import Operator
from dataflow.registry import standard

OPERATORS = standard()

PLUGIN = """
from typing import Literal
from dataflow import Interval, Operator, hookimpl

__version__ = "1.2"

def forward(xp, x, *, kind: Literal["cosine", "sine"], scale: float = float("inf")):
    return xp.cos(x)

def broken(rng):
    raise RuntimeError("no examples")

@hookimpl
def dataflow_operators():
    return [
        Operator("wave", "z = cos x", forward=forward, backward={"x": None}, examples=broken, version=3,
                 domain={"x": Interval(0.0, 2.0, (1.0,))}, source="a book", description="Up and down.",
                 conventions="none", special=[((float("inf"),), float("nan"), (None,))]),
        Operator("halves", "z = x / 2, x / 2", forward=lambda xp, x: (x / 2, x / 2), outputs=("left", "right"),
                 backward=lambda xp, g, z, x: {"x": g[0] / 2 + g[1] / 2}),
    ]
"""


@pytest.fixture
def plugin(tmp_path: Path) -> str:
    path = tmp_path / "waves.py"
    path.write_text(PLUGIN)
    return str(path)


def test_the_list_has_every_operator_with_its_formula_under_its_plugin(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops"]) == 0
    out = capsys.readouterr().out
    for name, operator in OPERATORS.items():
        assert re.search(rf"^  {name} +{re.escape(operator.formula)}$", out, re.MULTILINE), name
    assert re.search(r"^dataflow_std \S+: reductions$", out, re.MULTILINE)
    assert re.search(r"^dataflow_nn \S+: losses$", out, re.MULTILINE)


def test_a_plugin_file_is_listed_with_its_version(plugin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "--plugin", plugin]) == 0
    assert re.search(
        r"^waves 1.2\n  wave +z = cos x\n  halves +z = x / 2, x / 2$", capsys.readouterr().out, re.MULTILINE
    )


def test_everything_about_one(plugin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "wave", "--plugin", plugin]) == 0
    lines = [re.sub(r" +", " ", line).strip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "wave(x, *, kind, scale=inf)",
        "z = cos x",
        "Up and down.",
        "inputs x: floats; integers and booleans become floats; 0 < x < 2, x != 1; not differentiable",
        'attributes kind: "cosine" or "sine"; required',
        'scale: a number; "Infinity" if left out',
        "at edges none",
        'values x = "Infinity": z = "NaN"',
        "in a graph wave(x, kind='cosine')",
        "source a book",
        f"plugin waves 1.2 ({plugin})",
        "version 3",
    ]


def test_everything_as_one_page(plugin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "--markdown", "--plugin", plugin]) == 0
    page = capsys.readouterr().out
    for name, operator in standard().items():
        assert f"### `{operator.signature}`\n\n`{operator.formula}`\n" in page, name
        assert not operator.source or f"Source: {operator.source}\n" in page, name
        assert not operator.conventions or f"At edges: {operator.conventions}.\n" in page, name
    own = page[page.index("## waves") :]
    assert "Up and down.\n\n- `x`: floats; integers and booleans become floats; 0 < x < 2, x != 1; not diff" in own
    assert '| in | z | slopes |\n|---|---|---|\n| x = "Infinity" | "NaN" |  |\n' in own
    assert "- outputs: `left`, `right`\n" in own


def test_a_page_of_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "--markdown", "clip", "abs"]) == 0
    page = capsys.readouterr().out
    assert page.count("\n### ") == 2
    assert "| x = 2.0, min = 1.0, max = 2.0 | 2.0 | x: 0.0 |" in page
    assert "`z = |x|`" in page


def test_several_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "exp", "log"]) == 0
    described = capsys.readouterr().out.split("\n\n")
    assert [part.split("(")[0] for part in described] == ["exp", "log"]


def test_as_json(plugin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "--plugin", plugin, "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    by_name = {item["name"]: item for item in listed["operators"]}
    assert set(by_name) >= {*OPERATORS, "wave", "halves"}
    wave = by_name["wave"]
    assert wave["attributes"][0] == {
        "name": "kind",
        "accepts": '"cosine" or "sine"',
        "required": True,
        "default": None,
        "schema": {"enum": ["cosine", "sine"]},
    }
    assert wave["edges"] == [{"inputs": {"x": "Infinity"}, "attributes": {}, "value": "NaN", "gradients": {"x": None}}]
    assert wave["plugin"] == {"name": "waves", "version": "1.2", "file": plugin}
    assert by_name["halves"]["outputs"] == ["left", "right"]
    assert by_name["halves"]["inputs"][0]["differentiable"] is True
    assert [item["differentiable"] for item in by_name["where"]["inputs"]] == [False, True, True]


@pytest.mark.parametrize(
    ("name", "meant"), [("sofmax", "softmax"), ("div", "divide"), ("transpose", "permute_dims` or `matrix_transpose")]
)
def test_an_unknown_name_is_answered_with_the_one_meant(
    name: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ops", name]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"error[DF0906]: there is no operator `{name}`\n  = help: did you mean `{meant}`?" in captured.err


def test_all_unknown_names_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ops", "exp", "sofmax", "qqqq", "--format", "json"]) == 2
    problems = json.loads(capsys.readouterr().out)["diagnostics"]
    assert [item["code"] for item in problems] == ["DF0906", "DF0906"]


def test_an_installed_plugin_that_fails_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sick_ops.py").write_text("raise RuntimeError('sick')\n")
    (tmp_path / "well_ops.py").write_text(PLUGIN)
    (tmp_path / "both-1.0.dist-info").mkdir()
    (tmp_path / "both-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: both\nVersion: 1.0\n")
    (tmp_path / "both-1.0.dist-info" / "entry_points.txt").write_text("[dataflow]\nsick = sick_ops\nwell = well_ops\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["ops"]) == 0
    captured = capsys.readouterr()
    assert "warning[DF0701]: plugin `sick`" in captured.err
    assert "  wave " in captured.out
    assert main(["ops", "wave", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [item["name"] for item in listed["operators"]] == ["wave"]
    assert [(item["code"], item["severity"]) for item in listed["diagnostics"]] == [("DF0701", "warning")]


@pytest.mark.parametrize("name", OPERATORS)
def test_the_example_is_a_use_that_graphs_accept(name: str) -> None:
    inputs = {
        part: [[1.0, 2.0]]
        for item in OPERATORS[name].inputs
        for part in (("x", "y") if item.variadic else (item.name,))
    }
    text = use_of(OPERATORS[name])
    node = text if text.startswith("{op:") else json.dumps(text)
    graph = loads(f"dataflow: 1\ninputs: {json.dumps(inputs)}\nnodes: {{result: {node}}}")
    assert graph.nodes["result"].op == name


def test_every_operator_is_plain_json() -> None:
    for name in OPERATORS:
        json.dumps(data_of(name, OPERATORS), allow_nan=False)


def test_attributes_are_guessed_where_there_are_no_examples() -> None:
    def forward(xp, x, *, order: tuple[int, int]):  # type: ignore[no-untyped-def]
        return x

    operator = Operator("pick", "z = x", forward=forward, backward={"x": None})
    assert use_of(operator) == "pick(x, order=[1, 1])"
