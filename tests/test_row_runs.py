"""Runs along many rows: the same numbers as in memory, summarised, or written to files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

import dataflow
from dataflow.cli import main
from dataflow.errors import ResourceError, StrictError, UsageError
from dataflow.outcome import AlongRows
from dataflow.row_sinks import RowSink

ROWS = 150_000
TEXT = """
dataflow: 1
name: many
inputs:
  X: {source: X.npy, shape: [rows, 3]}
  y: {source: y.npy, shape: [rows]}
parameters:
  w: [0.5, -1, 2]
nodes:
  z: X @ w
  p: sigmoid(z - mean(z))
  l: -log(where(y > 0, p, 1 - p))
  J: mean(l)
target: J
"""


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dataflow.Graph:
    rng = np.random.default_rng(3)
    np.save(tmp_path / "X.npy", rng.normal(size=(ROWS, 3)))
    np.save(tmp_path / "y.npy", (rng.random(ROWS) > 0.5).astype(float))
    (tmp_path / "many.yaml").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return dataflow.load("many.yaml")


def summary_of(array: Any) -> dict[str, Any]:
    return {"count": array.size, "non_finite": 0, "min": array.min(), "mean": array.mean(), "max": array.max()}


def test_summaries_are_those_of_whole_values(graph: dataflow.Graph) -> None:
    whole = dataflow.execute(graph)
    found = dataflow.execute(graph, along_rows=AlongRows())
    assert found.types == whole.types
    assert found.data == whole.data
    assert found.rows == ROWS
    for values, expected in ((found.values, whole.values), (found.gradients, whole.gradients)):
        assert list(values) == list(expected)
        for name, value in expected.items():
            if getattr(value, "shape", ())[:1] == (ROWS,):
                assert values[name] == pytest.approx(summary_of(value), rel=1e-9, abs=1e-18)
            elif value is None:
                assert values[name] is None
            else:
                np.testing.assert_allclose(values[name], value, rtol=1e-10)
    assert json.loads(found.to_text())["values"]["z"]["count"] == ROWS


def test_the_command_summarises_many_rows(graph: dataflow.Graph, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exec", "many.yaml", "--workers", "2", "--timings"]) == 0
    assert "mean" in capsys.readouterr().out
    found = json.loads(Path("many.result.json").read_text())
    assert found["values"]["p"]["count"] == ROWS
    assert len(found["gradients"]["w"]) == 3
    assert {"data", "plan", "rows", "digests"} <= found["timings"].keys()
    del found["timings"]
    assert main(["exec", "many.yaml", "--workers", "1"]) == 0
    assert json.loads(Path("many.result.json").read_text()) == found


def test_what_is_asked_for_alone_is_given_in_full(graph: dataflow.Graph) -> None:
    whole = dataflow.execute(graph, only=["p", "J"])
    found = dataflow.execute(graph, only=["p", "J"], along_rows=AlongRows())
    np.testing.assert_allclose(found.values["p"], whole.values["p"], rtol=1e-12)
    np.testing.assert_allclose(found.gradients["p"], whole.gradients["p"], rtol=1e-10)


@pytest.mark.parametrize("workers", [1, 2])
def test_rows_go_to_a_table(graph: dataflow.Graph, workers: int) -> None:
    whole = dataflow.execute(graph)
    assert main(["exec", "many.yaml", "--only", "p,z,w", "--rows-to", "out.parquet", "--workers", str(workers)]) == 0
    table = parquet.read_table("out.parquet")
    assert table.column_names == ["z", "p", "dz", "dp"]
    for name in ("p", "z"):
        np.testing.assert_allclose(table[name].to_numpy(), whole.values[name], rtol=1e-12)
        np.testing.assert_allclose(table[f"d{name}"].to_numpy(), whole.gradients[name], rtol=1e-9)
    assert json.loads(Path("many.result.json").read_text())["values"]["p"]["count"] == ROWS
    assert not [item for item in Path().iterdir() if item.name.endswith(".tmp")]


def test_rows_go_to_an_array(graph: dataflow.Graph) -> None:
    assert main(["exec", "many.yaml", "--only", "p", "--target", "J", "--rows-to", "p.npy"]) == 2
    text = TEXT.replace("target: J", "")
    Path("forward.yaml").write_text(text)
    assert main(["exec", "forward.yaml", "--only", "p", "--rows-to", "p.npy"]) == 0
    whole = dataflow.execute(graph, only="p")
    np.testing.assert_allclose(np.load("p.npy"), whole.values["p"], rtol=1e-12)


def test_where_rows_cannot_go(graph: dataflow.Graph, capsys: pytest.CaptureFixture[str]) -> None:
    Path("notes.npy").write_text("mine")
    assert main(["exec", "many.yaml", "--only", "p", "--rows-to", "notes.txt"]) == 2
    assert main(["exec", "many.yaml", "--only", "J", "--rows-to", "J.parquet"]) == 2
    assert main(["exec", "many.yaml", "--only", "p", "--rows-to", "nowhere/p.parquet"]) == 4
    assert "DF0933" in capsys.readouterr().err
    with pytest.raises(ResourceError, match="DF0803"):
        RowSink("notes.npy", 1, [("p", ("float64", ()))])
    assert Path("notes.npy").read_text() == "mine"
    assert not [item for item in Path().iterdir() if item.name.endswith(".tmp")]


def test_what_is_not_published_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"

    def interrupt() -> None:
        with RowSink(path, 10, [("p", ("float64", (2,)))]) as sink:
            sink.arrays["p"][:] = 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert list(tmp_path.iterdir()) == []
    with RowSink(path, 3, [("p", ("float32", (2,)))]) as sink:
        sink.arrays["p"][:] = [[1, 2], [3, 4], [5, 6]]
        sink.publish()
    assert parquet.read_table(path).to_pydict() == {"p_0": [1.0, 3.0, 5.0], "p_1": [2.0, 4.0, 6.0]}
    assert [item.name for item in tmp_path.iterdir()] == ["p.parquet"]


def test_progress_is_told(graph: dataflow.Graph) -> None:
    told: list[tuple[int, int]] = []
    dataflow.execute(graph, along_rows=AlongRows(workers=1, progress=lambda done, all: told.append((done, all))))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] == 3 * ROWS  # two means, one after the other, and the way back


def test_what_is_not_finite_is_told(graph: dataflow.Graph) -> None:
    X = np.load("X.npy")
    X[70_000, 1] = np.inf
    np.save("X.npy", X)
    found = dataflow.execute(graph, along_rows=AlongRows())
    assert [item["code"] for item in found.findings][:1] == ["DF0611"]
    assert found.findings[0]["node"] == "X"
    with pytest.raises(StrictError):
        dataflow.execute(graph, along_rows=AlongRows(), strict=True)


def test_few_rows_are_held_in_memory(tmp_path: Path) -> None:
    text = "{dataflow: 1, inputs: {x: {value: [1, 2], shape: [rows]}}, nodes: {y: x * x}}"
    found = dataflow.execute(dataflow.loads(text), along_rows=AlongRows())
    assert found.values["y"].tolist() == [1.0, 4.0]
    with pytest.raises(UsageError, match="DF0933"):
        dataflow.execute(
            dataflow.loads("{dataflow: 1, inputs: {x: [1, 2]}, nodes: {y: x * x}}"), only="y",
            along_rows=AlongRows(rows_to=str(tmp_path / "y.npy")),
        )  # fmt: skip


def test_a_limit_of_memory(tmp_path: Path) -> None:
    nodes = ", ".join(f"n{index}: sin({f'n{index - 1}' if index else 'x'})" for index in range(60))
    graph = dataflow.loads(
        f"{{dataflow: 1, inputs: {{x: {{shape: [2000]}}}}, nodes: {{{nodes}, J: sum(n59)}}, target: J}}"
    )
    x = np.linspace(-1, 1, 2000)
    whole = dataflow.execute(graph, {"x": x}, only=["x", "J"])
    found = dataflow.execute(graph, {"x": x}, only=["x", "J"], memory_limit=30 * 16_000)
    assert np.array_equal(found.gradients["x"], whole.gradients["x"])
    with pytest.raises(ResourceError, match="DF0821"):
        dataflow.execute(graph, {"x": x}, only=["x", "J"], memory_limit=16_000)


def test_what_a_kernel_raises_is_told_with_its_node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    i = np.ones(ROWS, dtype=np.int64)
    i[140_000] = 7
    np.save(tmp_path / "i.npy", i)
    inputs = "{w: {value: [1, 2, 3]}, i: {source: i.npy, shape: [rows], dtype: int64}}"
    (tmp_path / "g.yaml").write_text(f"{{dataflow: 1, inputs: {inputs}, nodes: {{y: 'take(w, i)', J: sum(y)}}}}")
    assert main(["exec", str(tmp_path / "g.yaml"), "-o", str(tmp_path / "g.json")]) != 0
    assert "`take` cannot be applied: index 7" in capsys.readouterr().err
    assert not (tmp_path / "g.json").exists()


@pytest.mark.parametrize("more", [[], ["--explain-plan"]])
def test_a_number_of_workers_is_checked(more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "g.yaml").write_text("{dataflow: 1, inputs: {x: [1, 2]}, nodes: {J: sum(x)}, target: J}")
    assert main(["exec", str(tmp_path / "g.yaml"), "--workers", "-1", *more]) == 2
    assert "DF0903" in capsys.readouterr().err


@pytest.mark.parametrize(("nodes", "only", "twice"), [
    ("e: x * a, de: x * 3, J: mean(e * de)", "e,de", "de"),
    ("h: 'stack([x, x], axis=1)', h_0: x * 3, J: mean(h_0) + sum(h)", "h,h_0", "h_0"),
])  # fmt: skip
def test_columns_of_one_name_are_refused(
    nodes: str, only: str, twice: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "x.npy", np.linspace(-1, 1, ROWS))
    given = "inputs: {x: {source: x.npy, shape: [rows]}}, parameters: {a: 2}"
    (tmp_path / "g.yaml").write_text(f"{{dataflow: 1, {given}, nodes: {{{nodes}}}, target: J}}")
    to = tmp_path / "rows.parquet"
    command = ["exec", str(tmp_path / "g.yaml"), "--only", only, "--rows-to", str(to), "-o", str(tmp_path / "r.json")]
    assert main(command) == 2
    assert f"two columns would be called `{twice}`" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g.yaml", "x.npy"]


def test_a_run_that_fails_in_the_end_leaves_no_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "x.npy", np.linspace(-1, 1, ROWS))
    text = "{dataflow: 1, inputs: {x: {source: x.npy, shape: [rows]}}, nodes: {t: log(x), J: mean(t)}, target: J}"
    (tmp_path / "g.yaml").write_text(text)
    command = ["exec", str(tmp_path / "g.yaml"), "--only", "t,J", "--strict", "-o", str(tmp_path / "r.json")]
    assert main([*command, "--rows-to", str(tmp_path / "rows.parquet")]) == 3
    assert "DF0611" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g.yaml", "x.npy"]
