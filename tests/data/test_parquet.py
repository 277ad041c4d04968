"""Parquet: columns by name, of numbers only, without missing values."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dataflow.data import DataFiles, Loaded
from dataflow.errors import DataError, Diagnostic
from dataflow.graph import DTYPES, Input

Read = Callable[..., Loaded]
Refused = Callable[..., Diagnostic]
TABLE = {"name": ["Ann", "Bob"], "age": [31, 42], "weight": [60.5, 81.0], "smokes": [True, False]}


@given(
    st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, st.tuples(st.integers(0, 5), st.integers(1, 3)))),
    st.sampled_from(["none", "snappy", "zstd"]),
    st.integers(1, 3),
)
def test_tables_come_back_to_the_last_bit(array: Any, compression: str, group: int) -> None:
    names = [f"c.{index}" for index in range(array.shape[1])]
    table = pa.table({name: array[:, index] for index, name in enumerate(names)})
    dtype = array.dtype.name
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(table, f"{folder}/t.parquet", compression=compression, row_group_size=group)
        all_columns = Input(source="t.parquet", columns=tuple(names), dtype=dtype)
        one_column = Input(source="t.parquet", columns=names[-1], dtype=dtype)
        files = DataFiles(folder, entries=[one_column, all_columns])
        found, last = files.read(all_columns).array, files.read(one_column).array
    assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert last.tobytes() == array[:, -1].tobytes()
    assert found.flags.c_contiguous


def test_columns_of_several_types_stand_side_by_side(tmp_path: Path, read: Read) -> None:
    pq.write_table(pa.table(TABLE), tmp_path / "t.parquet")
    found = read("t.parquet", columns=("weight", "age", "smokes"), shape=("rows", 3)).array
    assert found.tolist() == [[60.5, 31.0, 1.0], [81.0, 42.0, 0.0]]
    large = pa.table({"signed": pa.array([-1], "int64"), "unsigned": pa.array([2**53 + 1], "uint64")})
    pq.write_table(large, tmp_path / "large.parquet")
    exact = read("large.parquet", columns=("signed", "unsigned"), dtype="int64").array
    assert exact.tolist() == [[-1, 2**53 + 1]]


def test_half_precision_is_converted(tmp_path: Path, read: Read) -> None:
    pq.write_table(pa.table({"x": np.array([0.5, 1.5], "float16")}), tmp_path / "t.parquet")
    assert read("t.parquet", graph_dtype="float32").array.tolist() == [0.5, 1.5]


def test_only_what_is_wanted_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.table(TABLE), tmp_path / "t.parquet")
    asked: list[list[str]] = []
    system_read = pq.ParquetFile.read

    def record(self: Any, columns: list[str], **options: Any) -> Any:
        asked.append(columns)
        return system_read(self, columns=columns, **options)

    monkeypatch.setattr(pq.ParquetFile, "read", record)
    entries = [Input(source="t.parquet", columns=name) for name in ("weight", "age")]
    files = DataFiles(str(tmp_path), entries=entries)
    assert [files.read(entry).array.tolist() for entry in entries] == [[60.5, 81.0], [31.0, 42.0]]
    assert asked == [["age", "weight"]]


def test_missing_values_are_refused_and_nan_is_not(tmp_path: Path, read: Read, refused: Refused) -> None:
    table = pa.table({"x": pa.array([1.0, None, 3.0, None]), "y": pa.array([1.0, float("nan"), 3.0, 4.0])})
    pq.write_table(table, tmp_path / "t.parquet")
    problem = refused("t.parquet", columns=("y", "x"))
    assert (problem.code, problem.found, problem.path[2:]) == ("DF0540", "2 missing of 4", ("columns", 1))
    assert "column `x`: there is no value in row 1" in problem.message
    assert np.isnan(read("t.parquet", columns="y").array[1])


def test_columns_are_named_as_in_csv(tmp_path: Path, read: Read, refused: Refused) -> None:
    pq.write_table(pa.table(TABLE), tmp_path / "t.parquet")
    pq.write_table(pa.table({"0": [1.0]}), tmp_path / "one.parquet")
    pq.write_table(pa.Table.from_arrays([pa.array([1.0])] * 2, ["x", "x"]), tmp_path / "twin.parquet")
    pq.write_table(pa.table({}), tmp_path / "none.parquet")
    assert read("one.parquet").array.tolist() == [1.0]
    assert refused("t.parquet").code == "DF0536"
    assert refused("none.parquet").code == "DF0536"
    assert refused("twin.parquet", columns="x").code == "DF0538"
    problem = refused("t.parquet", columns="wight")
    assert (problem.code, problem.hint) == ("DF0537", "did you mean `weight`?")


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["text"]),
        pa.array(["text"]).dictionary_encode(),
        pa.array([[1.0]]),
        pa.array([{"a": 1.0}]),
        pa.array([0], "timestamp[s]"),
        pa.array([1], pa.decimal128(5, 2)),
        pa.array([None]),
    ],
    ids=lambda column: str(column.type)[:12],
)
def test_columns_of_other_than_numbers_are_refused(tmp_path: Path, refused: Refused, column: Any) -> None:
    pq.write_table(pa.table({"x": column}), tmp_path / "t.parquet")
    problem = refused("t.parquet", columns="x")
    assert (problem.code, problem.path[2:]) == ("DF0528", ("column",))


def test_the_dtype_must_fit(tmp_path: Path, refused: Refused) -> None:
    pq.write_table(pa.table(TABLE), tmp_path / "t.parquet")
    assert refused("t.parquet", columns="weight", dtype="int64").code == "DF0545"
    assert refused("t.parquet", columns="age", dtype="bool").code == "DF0547"


def test_a_bad_column_does_not_spoil_the_others(tmp_path: Path) -> None:
    pq.write_table(pa.table(TABLE), tmp_path / "t.parquet")
    names = ("age", "name", "gone", "weight")
    entries = [Input(source="t.parquet", columns=name) for name in names]
    files = DataFiles(str(tmp_path), entries=entries)
    codes = []
    for entry in entries[1:3]:
        with pytest.raises(DataError) as caught:
            files.read(entry)
        codes.append(caught.value.diagnostics[0].code)
    assert codes == ["DF0528", "DF0537"]
    assert [files.read(entries[index]).array.tolist() for index in (0, 3)] == [[31.0, 42.0], [60.5, 81.0]]


def test_a_table_that_explodes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Read, refused: Refused
) -> None:
    pq.write_table(pa.table({"x": np.zeros(2**20)}), tmp_path / "t.parquet")
    assert read("t.parquet").array.size == 2**20
    monkeypatch.setattr("dataflow.data.files.MAX_EXPANDED", 2**20)
    assert refused("t.parquet").code == "DF0533"


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1PAR1", b"PAR1" + b"\xff" * 100 + b"PAR1", b"a,b\n1,2\n"])
def test_what_is_no_parquet_is_refused(tmp_path: Path, refused: Refused, content: bytes) -> None:
    (tmp_path / "t.parquet").write_bytes(content)
    assert refused("t.parquet", columns="x").code == "DF0525"


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, refused: Refused, part: float) -> None:
    pq.write_table(pa.table(TABLE), tmp_path / "t.parquet")
    content = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(content[: int(len(content) * part)])
    assert refused("t.parquet", columns="age").code == "DF0525"


def test_a_name_of_a_column_that_is_no_text_is_refused(tmp_path: Path, refused: Refused) -> None:
    pq.write_table(pa.table({"age": [1.0]}), tmp_path / "t.parquet")
    content = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(content.replace(b"age", b"a\x80e"))
    assert refused("t.parquet", columns="age").code in ("DF0525", "DF0537")


@given(st.data())
def test_any_change_of_a_byte_is_either_read_or_refused(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.parquet")
        pq.write_table(pa.table({"x": [1.0, 2.0, 3.0]}), path)
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(content)
        try:
            loaded = DataFiles(folder).read(Input(source="t.parquet", columns="x"))
        except DataError:
            return  # any other exception fails
    assert loaded.array.dtype == np.float64
