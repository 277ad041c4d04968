"""Runs along many rows: the same numbers as in memory, summarised, or written to files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

import dataflow
from dataflow.asked import AlongRows
from dataflow.cli import main
from dataflow.errors import ResourceError, StrictError, UsageError
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


@pytest.mark.parametrize("workers", [1, 2])
def test_what_progress_raises_ends_the_run(workers: int, graph: dataflow.Graph) -> None:
    def stop(done: int, all: int) -> None:
        if done > ROWS:
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        dataflow.execute(graph, along_rows=AlongRows(workers=workers, progress=stop))


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


def test_a_target_that_is_not_asked_for_is_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "x.npy", np.linspace(-1, 1, ROWS))
    nodes = "{t: log(x), u: x + 1, J: mean(t)}"
    text = f"{{dataflow: 1, inputs: {{x: {{source: x.npy, shape: [rows]}}}}, nodes: {nodes}, target: J}}"
    (tmp_path / "g.yaml").write_text(text)
    for only in ("u", "t", "t,u"):
        found = dataflow.execute(dataflow.load(tmp_path / "g.yaml"), only=only.split(","), along_rows=AlongRows())
        assert [item["code"] for item in found.findings] == ["DF0611"]
        assert list(found.values) == only.split(",")
        command = ["exec", str(tmp_path / "g.yaml"), "--only", only, "--strict", "-o", str(tmp_path / "r.json")]
        assert main(command) == 3
        assert "DF0611" in capsys.readouterr().err


def write_table(folder: Path, cell: str, name: str = "t.csv") -> list[str]:
    """A graph of a table of many rows with one cell of some kind; the command that writes its rows to a file."""
    cells = [str(index / 7) for index in range(ROWS)]
    cells[120_000] = cell
    (folder / name).write_text("a\n" + "\n".join(cells) + "\n")
    text = "dataflow: 1\ninputs:\n  x: {source: t.csv, column: a, shape: [rows]}\nnodes:\n  y: tanh(x)\n"
    (folder / "g.yaml").write_text(text)
    return ["exec", str(folder / "g.yaml"), "--only", "y", "--rows-to", str(folder / "y.npy"), "-o", str(folder / "r")]


def test_the_cause_is_told_before_that_rows_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(write_table(tmp_path, "oops")) == 1
    told = capsys.readouterr().err
    assert "DF0541" in told
    assert "oops" in told
    assert "120002" in told.replace(",", "")
    assert "g.yaml:3" in told
    assert not (tmp_path / "y.npy").exists()


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "-inf"])
def test_a_cell_that_is_not_finite_is_a_row_like_others(cell: str, tmp_path: Path) -> None:
    assert main(write_table(tmp_path, cell)) == 0
    found = np.load(tmp_path / "y.npy")
    assert found.shape == (ROWS,)
    assert abs(found[120_000]) == 1.0


def test_rows_take_the_place_of_older_rows_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = write_table(tmp_path, "1")
    assert main(command) == 0
    first = np.load(tmp_path / "y.npy")
    (tmp_path / "t.csv").write_text("a\n1\n2\n")
    assert main(command) == 0
    assert np.load(tmp_path / "y.npy").tolist() == np.tanh([1.0, 2.0]).tolist()
    assert len(first) == ROWS
    (tmp_path / "y.npy").write_text("mine")
    capsys.readouterr()
    assert main(command) != 0
    told = capsys.readouterr().err
    assert "DF0803" in told
    assert "name another file with --rows-to" in told
    assert (tmp_path / "y.npy").read_text() == "mine"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["--memory-limit", "1GB"], "with a limit of memory values are whole"),
        (["--all"], "the parts of expressions are reported too"),
        (["--jacobian", "y", "--wrt", "x"], "derivatives beside the gradient are those of whole values"),
        (["--target", "y", "--cotangent", "[1, 2]"], "a cotangent weighs a whole value"),
        (["--target", "y", "--cotangent", "[1, 2]", "--explain-plan"], None),
    ],
)
def test_what_stands_in_the_way_of_rows_is_told(
    more: list[str], reason: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = write_table(tmp_path, "1")
    if reason is None:
        assert main([*command, *more]) == 0
        assert capsys.readouterr().out.startswith("whole values, rule by rule: a cotangent weighs a whole value\n")
        return
    assert main([*command, *more]) == 2
    told = capsys.readouterr().err
    assert "DF0933" in told
    assert reason in told


def test_a_value_and_its_gradient_are_no_npy_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = write_table(tmp_path, "1")
    text = (tmp_path / "g.yaml").read_text().replace("nodes:", "parameters: {w: 2}\nnodes:").replace("(x)", "(x * w)")
    (tmp_path / "g.yaml").write_text(text + "  J: mean(y)\ntarget: J\n")
    assert main(command) == 2
    assert "write a value and its gradient to a .parquet file" in capsys.readouterr().err


def test_the_plan_of_a_small_graph_says_how_it_runs_and_how_compiled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "g.yaml").write_text("{dataflow: 1, inputs: {x: [1, 2]}, nodes: {y: exp(x), J: sum(y)}, target: J}")
    assert main(["exec", str(tmp_path / "g.yaml"), "--explain-plan"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "whole values, rule by rule: no input has the axis `rows`: give inputs shapes such as [rows, 3]"
    assert lines[1] == "compiled, for use in loops:"
    assert lines[2].startswith("  ")
    assert main(["exec", str(tmp_path / "g.yaml"), "--explain-plan", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"plan": lines}
