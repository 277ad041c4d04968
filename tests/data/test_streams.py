"""Rows read block by block are those of the whole file."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from dataflow.data.sources import DataFiles
from dataflow.data.streams import RowSource, UnstreamableError, open_row_sources
from dataflow.errors import DataError
from dataflow.graph import Input

ROWS = 5000  # more than two of the places that are marked in a CSV file
COLUMNS = ("a", "b", "count", "flag")


def make_table() -> dict[str, Any]:
    rng = np.random.default_rng(2)
    return {
        "a": rng.normal(size=ROWS), "b": rng.normal(size=ROWS).astype("float32"),
        "count": rng.integers(-9, 9, ROWS), "flag": rng.random(ROWS) > 0.5,
    }  # fmt: skip


def write_npy(path: Path) -> None:
    table = make_table()
    np.save(path, np.stack([table["a"], table["b"]], axis=1))


def write_parquet(path: Path) -> None:
    parquet.write_table(pyarrow.table(make_table()), path, row_group_size=701)


def write_csv(path: Path, end: str = "\n", *, last: bool = True, mark: str = "") -> None:
    table = make_table()
    lines = [",".join(COLUMNS[:3])]
    lines += [
        f"{a!r},{float(b)!r},{c}" for a, b, c in zip(table["a"].tolist(), table["b"], table["count"], strict=True)
    ]
    path.write_bytes((mark + end.join(lines) + (end if last else "")).encode())


ENTRIES = {
    "x.npy": {"x": Input(source="x.npy", shape=("rows", 2))},
    "half.npy": {"x": Input(source="half.npy", shape=("rows", 2), dtype="float32")},
    "t.parquet": {
        "x": Input(source="t.parquet", columns=("a", "b"), shape=("rows", 2)),
        "n": Input(source="t.parquet", columns="count", shape=("rows",), dtype="int16"),
        "f": Input(source="t.parquet", columns="flag", shape=("rows",), dtype="bool"),
    },
    "t.csv": {
        "x": Input(source="t.csv", columns=("b", "a"), shape=("rows", 2), dtype="float32"),
        "n": Input(source="t.csv", columns="count", shape=("rows",), dtype="int64"),
    },
}
WRITERS: dict[str, Callable[[Path], None]] = {
    "x.npy": write_npy, "half.npy": write_npy, "t.parquet": write_parquet, "t.csv": write_csv,
}  # fmt: skip


def open_all(entries: dict[str, Input], folder: Path, stack: ExitStack) -> list[RowSource]:
    found = open_row_sources(entries, str(folder), None, "float64", stack)
    assert found is not None
    return found


def read_whole(entries: dict[str, Input], folder: Path) -> dict[str, Any]:
    files = DataFiles(str(folder), None, "float64", entries.values())
    return {name: files.read(entry).array for name, entry in entries.items()}


@pytest.mark.parametrize("file", WRITERS)
@pytest.mark.parametrize(
    ("start", "stop", "step"), [(0, ROWS, 2048), (0, ROWS, 701), (2048, 4999, 100), (4999, 5000, 1)]
)
def test_blocks_are_parts_of_the_whole(file: str, start: int, stop: int, step: int, tmp_path: Path) -> None:
    if file == "t.csv" and step % 2048 and start % 2048 == 0 and step != 1:
        step = 2048
    WRITERS[file](tmp_path / file)
    expected = read_whole(ENTRIES[file], tmp_path)
    with ExitStack() as stack:
        (source,) = open_all(ENTRIES[file], tmp_path, stack)
        assert source.rows == ROWS
        reader = source.open(start)
        for first in range(start, stop, step):
            last = min(first + step, stop)
            found = reader.read(last - first)
            for name, array in expected.items():
                assert found[name].dtype == array.dtype
                assert np.array_equal(found[name], array[first:last])
                assert source.types[name] == (array.dtype.name, array.shape)
        reader.close()


@pytest.mark.parametrize("file", WRITERS)
def test_readers_are_independent(file: str, tmp_path: Path) -> None:
    WRITERS[file](tmp_path / file)
    expected = read_whole(ENTRIES[file], tmp_path)["x"]
    with ExitStack() as stack:
        (source,) = open_all(ENTRIES[file], tmp_path, stack)
        other = pickle.loads(pickle.dumps(source))

        def read(start: int) -> Any:
            reader = (source if start else other).open(start)
            found = [reader.read(min(512, ROWS - first))["x"].copy() for first in range(start, ROWS, 512)]
            reader.close()
            return np.concatenate(found)

        with ThreadPoolExecutor(3) as executor:
            for start, found in zip((0, 2048, 4096), executor.map(read, (0, 2048, 4096)), strict=True):
                assert np.array_equal(found, expected[start:])
        other.file.stream.close()


@pytest.mark.parametrize(("end", "last", "mark"), [("\r\n", True, ""), ("\n", False, ""), ("\n", True, "\ufeff")])
def test_lines_of_a_table(end: str, last: bool, mark: str, tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", end, last=last, mark=mark)
    expected = read_whole(ENTRIES["t.csv"], tmp_path)
    with ExitStack() as stack:
        (source,) = open_all(ENTRIES["t.csv"], tmp_path, stack)
        reader = source.open(0)
        found = [reader.read(count) for count in (2048, 2048, ROWS - 4096)]
        reader.close()
        assert np.array_equal(np.concatenate([block["x"] for block in found]), expected["x"])


@pytest.mark.parametrize(
    ("name", "content", "entry"),
    [
        ("quoted.csv", 'a\n"1"\n', Input(source="quoted.csv", columns="a", shape=("rows",))),
        ("empty.csv", "a,b\n1,2\n\n3,4\n", Input(source="empty.csv", columns="a", shape=("rows",))),
        ("lone.csv", "a,b\n1,2\r3,4\n", Input(source="lone.csv", columns="a", shape=("rows",))),
        ("other.csv", "a\n1\n", Input(source="other.csv", columns="b", shape=("rows",))),
        ("wide.csv", "a,b\n1,2\n", Input(source="wide.csv", columns=("a", "b"), shape=("rows", 3))),
        ("none.npz", "", Input(source="none.npz#x", shape=("rows",))),
        ("broken.npy", "no array", Input(source="broken.npy", shape=("rows",))),
        ("broken.parquet", "no table", Input(source="broken.parquet", columns="a", shape=("rows",))),
    ],
)
def test_what_is_not_plain_is_read_whole(name: str, content: str, entry: Input, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content.encode())
    with ExitStack() as stack:
        assert open_row_sources({"x": entry}, str(tmp_path), None, "float64", stack) is None


def test_fortran_order_is_read_whole(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.asfortranarray(np.ones((4, 3))))
    with ExitStack() as stack:
        entries = {"x": Input(source="x.npy", shape=("rows", 3))}
        assert open_row_sources(entries, str(tmp_path), None, "float64", stack) is None


def test_a_cell_that_is_no_number(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n" + "1\n" * 3000 + "two\n")
    with ExitStack() as stack:
        (source,) = open_all({"x": Input(source="t.csv", columns="a", shape=("rows",))}, tmp_path, stack)
        reader = source.open(0)
        reader.read(2048)
        with pytest.raises(UnstreamableError):
            reader.read(source.rows - 2048)
        reader.close()


def test_a_thread_goes_on_with_the_reader_that_it_had(tmp_path: Path) -> None:
    write_parquet(tmp_path / "t.parquet")
    entries = ENTRIES["t.parquet"]
    expected = read_whole(entries, tmp_path)["x"]
    with ExitStack() as stack:
        (source,) = open_all(entries, tmp_path, stack)

        def read(start: int, stop: int) -> Any:
            reader = source.open(start)
            assert np.array_equal(reader.read(stop - start)["x"], expected[start:stop])
            reader.close()
            return reader

        first = read(0, 2048)
        assert read(2048, 3000) is first
        second = read(2048, 3000)
        assert second is not first
        with ThreadPoolExecutor(1) as executor:
            assert executor.submit(read, 3000, 4000).result() is not second
        assert read(3000, ROWS) is second
        assert read(0, 10) is not second


def test_a_missing_value_is_told_with_its_rows(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"a": [1.0, None, 2.0]}), tmp_path / "t.parquet")
    with ExitStack() as stack:
        (source,) = open_all({"x": Input(source="t.parquet", columns="a", shape=("rows",))}, tmp_path, stack)
        reader = source.open(1)
        with pytest.raises(DataError, match="DF0540") as caught:
            reader.read(2)
        assert "in the rows from 1 on" in str(caught.value)
        reader.close()


def test_the_row_of_a_missing_value_is_that_of_the_file(tmp_path: Path) -> None:
    values = [float(row) for row in range(5000)]
    table = pyarrow.table({"a": [*values[:4321], None, *values[4322:]]})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=700)
    with ExitStack() as stack:
        (source,) = open_all({"x": Input(source="t.parquet", columns="a", shape=("rows",))}, tmp_path, stack)
        reader = source.open(2048)
        reader.read(100)
        with pytest.raises(DataError, match=r"DF0540.*row 4321"):
            reader.read(2852)
        reader.close()


def test_a_file_that_changes_is_told(tmp_path: Path) -> None:
    write_npy(tmp_path / "x.npy")
    stack = ExitStack()
    open_all(ENTRIES["x.npy"], tmp_path, stack)
    os.utime(tmp_path / "x.npy", ns=(1, 1))
    with pytest.raises(DataError, match="DF0534"):
        stack.close()


def test_a_file_outside_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    write_npy(tmp_path / "x.npy")
    with ExitStack() as stack:
        entries = {"x": Input(source="../x.npy", shape=("rows", 2))}
        assert open_row_sources(entries, str(tmp_path / "inside"), None, "float64", stack) is None
