"""The table of a result."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow.cli.table import MAX_ROWS, describe, print_result


def show(capsys: pytest.CaptureFixture[str], document: dict[str, Any], **options: Any) -> list[str]:
    graph = dataflow.loads(json.dumps({"dataflow": 1} | document))
    result = dataflow.execute(graph, **options)
    capsys.readouterr()
    print_result(graph, result, "out.json")
    lines = capsys.readouterr().out.splitlines()
    assert not any(line != line.rstrip() for line in lines)
    assert lines[-1] == "written to out.json"
    return lines


@pytest.mark.parametrize(("value", "text"), [
    (33.0, "33"), (-0.0, "0"), (0.1 + 0.2, "0.3"), (1 / 3, "0.333333"), (1e15, "1e+15"), (123456789.0, "123456789"),
    (1e-300, "1e-300"), (math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity"),
    (True, "true"), (False, "false"),
    (7, "7"), (-(2**63), str(-(2**63))), (np.float32(0.1), "0.1"), (np.int8(3), "3"),
    (np.array([1.0, 0.5]), "[1, 0.5] (2)"), (np.zeros((2, 3)), "[0, 0, 0, 0, ...] (2 x 3)"), (np.zeros(0), "[] (0)"),
    (np.zeros((0, 3)), "[] (0 x 3)"),
    (np.array([True, False]), "[true, false] (2)"), (np.array([math.nan]), "[NaN] (1)"),
    (np.array([1, 2], np.int8), "[1, 2] (2)"), (np.array([[0.1]], np.float32), "[0.1] (1 x 1)"),
])  # fmt: skip
def test_numbers_and_arrays_in_few_characters(value: Any, text: str) -> None:
    assert describe(value) == text


def test_columns(capsys: pytest.CaptureFixture[str]) -> None:
    inputs = {"x": [1, 2], "n": {"value": 3, "dtype": "int64"}, "t": {"value": True, "dtype": "bool"}}
    lines = show(capsys, {"inputs": inputs, "nodes": {"图": "sum(x) / 4"}, "target": "图"})
    assert lines[:5] == [
        "         value           d图/d..",
        "x   [1, 2] (2)  [0.25, 0.25] (2)",
        "n            3                 -",
        "t         true                 -",
        "图        0.75                 1",
    ]


def test_without_a_target_there_is_no_second_column(capsys: pytest.CaptureFixture[str]) -> None:
    assert show(capsys, {"inputs": {"x": 3}, "nodes": {"y": "x * 2"}})[:3] == ["   value", "x      3", "y      6"]


def chain(length: int, **more: Any) -> dict[str, Any]:
    nodes = {"n0": "x + 1"} | {f"n{i}": f"n{i - 1} + 1" for i in range(1, length)} | more
    return {"inputs": {"x": 0}, "parameters": {"w": 2}, "nodes": nodes, "target": f"n{length - 1}"}


@pytest.mark.parametrize(("length", "more"), [(MAX_ROWS - 2, 0), (MAX_ROWS - 1, 1), (100, 62)])
def test_at_most_40_rows(capsys: pytest.CaptureFixture[str], length: int, more: int) -> None:
    lines = show(capsys, chain(length))
    rows = [line.split()[0] for line in lines[1 : MAX_ROWS + 1]]
    assert rows[:3] == ["x", "w", "n0"]
    assert rows[-1] == f"n{length - 1}"  # the target
    assert (lines[MAX_ROWS + 1] == f"... and {more} more in out.json") == bool(more)


def test_what_is_not_finite_stands_among_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    lines = show(capsys, chain(100, bad="log(x)", worse="bad - bad"))
    rows = [line.split()[0] for line in lines[1 : MAX_ROWS + 1]]
    assert {"x", "w", "n99", "bad", "worse"} <= set(rows)
    assert len(rows) == MAX_ROWS
    assert rows[-2:] == ["bad", "worse"]


def test_what_does_not_reach_the_target(capsys: pytest.CaptureFixture[str]) -> None:
    lines = show(capsys, {"inputs": {"x": 3, "y": 1}, "nodes": {"J": "x * 2"}, "target": "J"})
    assert "J does not depend on y: the gradient is 0" in lines
    names = {f"y{i}": 1 for i in range(12)}
    lines = show(capsys, {"inputs": {"x": 3} | names, "nodes": {"J": "x * 2"}, "target": "J"})
    assert f"J does not depend on {', '.join(list(names)[:10])}, ...: the gradient is 0" in lines


def test_findings(capsys: pytest.CaptureFixture[str]) -> None:
    lines = show(capsys, {"inputs": {"x": 0}, "nodes": {"J": "log(x)"}, "target": "J"})
    assert [line[:16] for line in lines if line.startswith("warning")] == ["warning[DF0611]:", "warning[DF0612]:"]
    lines = show(capsys, {"inputs": {"x": 0}, "nodes": {"l": "log(x)", "J": "x + 1"}, "target": "J"})
    assert [line[:13] for line in lines if line.startswith("note")] == ["note[DF0613]:"]


def test_hidden_nodes_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    graph = dataflow.loads("{dataflow: 1, inputs: {a: 1}, nodes: {J: 3 * (a + 1)}}").replace(source=None)
    print_result(graph, dataflow.execute(graph, hidden=True), "out.json")
    assert "J: `a + 1`      2" in capsys.readouterr().out.splitlines()


def test_values_that_were_asked_for_alone(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"inputs": {"x": 3}, "nodes": {"y": "x * 2", "J": "y + 1"}, "target": "J"}
    assert show(capsys, document, only=["y"])[:2] == ["   value  dJ/d..", "y      6       1"]
