"""CSV: what is plain is read by NumPy, the rest with care, and both ways give the same."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dataflow.data import DataFiles, Loaded
from dataflow.errors import DataError, Diagnostic
from dataflow.graph import DTYPES, Input

Read = Callable[..., Loaded]
Refused = Callable[..., Diagnostic]

TABLE = "name,age,weight\nAnn,31,60.5\nBob,42,81\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], None]:
    """Write t.csv."""

    def write_table(content: str | bytes) -> None:
        (tmp_path / "t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())

    return write_table


Write = Callable[[str | bytes], None]


@given(
    st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=2, max_dims=2))),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.booleans(),
)
def test_tables_come_back_to_the_last_bit(array: Any, ending: str, quoting: Any, bom: bool) -> None:
    stream = io.StringIO(newline="")
    names = [f"c{index}" for index in range(array.shape[1])]
    csv.writer(stream, lineterminator=ending, quoting=quoting).writerows([names, *array.tolist()])
    dtype = array.dtype.name
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "t.csv").write_text(stream.getvalue(), encoding="utf-8-sig" if bom else "utf-8", newline="")
        all_columns, last = Input(source="t.csv", columns=tuple(names), dtype=dtype), names[-1]
        one_column = Input(source="t.csv", columns=last, dtype=dtype)
        files = DataFiles(folder, entries=[one_column, all_columns])
        np.testing.assert_array_equal(files.read(all_columns).array, array, strict=True)
        np.testing.assert_array_equal(files.read(one_column).array, array[:, -1], strict=True)


def test_a_column_has_the_shape_rows_and_columns_rows_by_n(write: Write, read: Read) -> None:
    write(TABLE)
    assert read("t.csv", columns="weight", shape=("rows",)).array.tolist() == [60.5, 81.0]
    assert read("t.csv", columns=("weight", "age"), shape=("rows", 2)).array.tolist() == [[60.5, 31.0], [81.0, 42.0]]
    assert read("t.csv", columns=("age",), shape=("rows", 1)).array.tolist() == [[31.0], [42.0]]
    assert read("t.csv", columns=("age", "age")).array.tolist() == [[31.0, 31.0], [42.0, 42.0]]


def test_the_only_column_needs_no_name(write: Write, read: Read, refused: Refused) -> None:
    write("age\n31\n42\n")
    assert read("t.csv", shape=("rows",)).array.tolist() == [31.0, 42.0]
    write(TABLE)
    problem = refused("t.csv")
    assert (problem.code, problem.found) == ("DF0536", "`name`, `age`, `weight`")
    assert "column: name" in str(problem.hint)


@pytest.mark.parametrize("source", ["a,b\n1,2", "a,b\n\n1,2\n\n\n", "a , b\n 1 , 2 \n", '"a","b"\n"1","2"\n'])
def test_spaces_quotes_and_empty_lines_do_not_matter(write: Write, read: Read, source: str) -> None:
    write(source)
    assert read("t.csv", columns=("a", "b")).array.tolist() == [[1.0, 2.0]]


def test_quoted_cells_may_hold_commas_quotes_and_ends_of_lines(write: Write, read: Read) -> None:
    write('who,"the ""age"", in\nyears",x\r\n"Ann, the first",31,1\r\n"Bob\r\nJunior",42,2\r\n')
    assert read("t.csv", columns='the "age", in\nyears').array.tolist() == [31.0, 42.0]


def test_nothing_is_a_comment(write: Write, read: Read, refused: Refused) -> None:
    write("#a,b\n1,2\n")
    assert read("t.csv", columns="#a").array.tolist() == [1.0]
    write("a\n1 # one\n")
    assert refused("t.csv").code == "DF0541"


@pytest.mark.parametrize("quote", ["", '"'])
def test_nan_and_inf_are_numbers_in_any_usual_spelling(write: Write, read: Read, quote: str) -> None:
    spellings = ["nan", "NaN", "inf", "-inf", "Infinity", "+INF", "-0.0", ".5", "5.", "1e-3"]
    write("x,y\n" + "".join(f"{quote}{text}{quote},0\n" for text in spellings))
    found = read("t.csv", columns="x").array
    np.testing.assert_array_equal(found, [float(text) for text in spellings])
    assert np.signbit(found[6])


def test_integers_do_not_pass_through_floats(write: Write, read: Read) -> None:
    write(f"x,u\n{2**53 + 1},{2**64 - 1}\n{-(2**63)},0\n")
    assert read("t.csv", columns="x", dtype="int64").array.tolist() == [2**53 + 1, -(2**63)]
    assert read("t.csv", columns="u", dtype="uint64").array.tolist() == [2**64 - 1, 0]


def test_truth_values(write: Write, read: Read, refused: Refused) -> None:
    write("x,y\ntrue,1\nFALSE,0\nTrue,2\n")
    assert read("t.csv", columns="x", dtype="bool").array.tolist() == [True, False, True]
    problem = refused("t.csv", columns="y", dtype="bool")
    assert (problem.code, problem.expected) == ("DF0541", "true, false, 1 or 0")
    assert "line 4, column `y`" in problem.message


def test_a_table_may_have_no_rows(write: Write, read: Read) -> None:
    for content in ("a,b\n", "a,b", "a,b\n\n\n", 'a,"b"\n'):
        write(content)
        assert read("t.csv", columns="a").array.shape == (0,)
        assert read("t.csv", columns=("a", "b"), dtype="bool").array.shape == (0, 2)


def test_a_large_table_is_read_across_blocks(write: Write, read: Read) -> None:
    rows = np.arange(400_000).reshape(-1, 2)
    write("a,b\n" + "".join(f"{a},{b}\n" for a, b in rows.tolist()))
    np.testing.assert_array_equal(read("t.csv", columns=("a", "b"), dtype="int64").array, rows)


def test_a_bad_cell_refuses_its_column_and_no_other(tmp_path: Path, write: Write) -> None:
    """Every column is an entry of its own, and one cell makes the whole table be read with care."""
    names = [f"c{index}" for index in range(200)]
    lines = [[str(row * index) for index in range(200)] for row in range(300)]
    lines[7][3], lines[9][3], lines[250][150] = "x", "y", "z"
    write("\n".join(map(",".join, [names, *lines])))
    entries = [Input(source="t.csv", columns=name) for name in names]
    files, refused = DataFiles(str(tmp_path), entries=entries), {}
    for index, entry in enumerate(entries):
        try:
            assert files.read(entry).array.tolist() == [row * index for row in range(300)]
        except DataError as error:
            refused[index] = error.diagnostics[0].message
    assert refused == {
        3: "`t.csv`, line 9, column `c3`: `x` is not a number",
        150: "`t.csv`, line 252, column `c150`: `z` is not a number",
    }


def test_a_quote_late_in_a_large_table_changes_nothing(write: Write, read: Read) -> None:
    write("a,b\n" + "1,2\n" * 300_000 + '3,"4"\n')
    assert read("t.csv", columns="b").array[[0, -1]].tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("content", "code", "said", "hint"),
    [
        ("x,y\n1,2\n,3\n", "DF0540", "line 3, column `x`: the cell is empty", "nan"),
        ("x,y\n1,2\n  ,3\n", "DF0540", "line 3, column `x`: the cell is empty", "nan"),
        ('x,y\n1,2\n"",3\n', "DF0540", "line 3, column `x`: the cell is empty", "nan"),
        ("x,y\n\n\nabc,3\n", "DF0541", "line 4, column `x`: `abc` is not a number", None),
        ('x,y\n1,"a\nb"\n?,3\n', "DF0541", "line 4, column `x`: `?` is not a number", None),
        ('x,y\n"1,5",3\n', "DF0541", "`1,5` is not a number", "1.5"),
        ("x,y\n1_000,3\n", "DF0541", "`1_000` is not a number", None),
        ("x,y\n0x10,3\n", "DF0541", "`0x10` is not a number", None),
        ("x,y\n١,3\n", "DF0541", "`١` is not a number", None),
        ('x,y\n"1_000",3\n', "DF0541", "`1_000` is not a number", None),
        ('x,y\n"١",3\n', "DF0541", "`١` is not a number", None),
        ("x,y\n1+2j,3\n", "DF0541", "`1+2j` is not a number", None),
        ("x,y\n" + "z" * 99 + ",3\n", "DF0541", "zzz...` is not a number", None),
        ("x,y\n1e400,3\n", "DF0546", "`1e400` is out of the range of float64", None),
        ("x,y\n1,2\n3\n", "DF0539", "line 3 has 1 cell and the first line 2", "quotes"),
        ("x,y\n1,2\n3,4,5\n", "DF0539", "line 3 has 3 cells and the first line 2", "quotes"),
        ("x,y\n1,2\n   \n", "DF0539", "line 3 has 1 cell", "quotes"),
        ('x,y\n1,2\n3,"4\n', "DF0525", "a quoted cell does not end", "write"),
        ('x,y\n1,2\n3,"4"5\n', "DF0525", "a quoted cell does not end", "write"),
        ("x,y\n1,2\n3,\0\n", "DF0525", "line 3 holds the character NUL", "write"),
        ("x,y\n1\0002,2\n", "DF0525", "line 2 holds the character NUL", "write"),
    ],
)
def test_what_is_wrong_is_said_with_line_and_column(
    write: Write, refused: Refused, content: str, code: str, said: str, hint: str | None
) -> None:
    write(content)
    problem = refused("t.csv", columns="x")
    assert problem.code == code
    assert said in problem.message
    assert (problem.hint is None) if hint is None else hint in str(problem.hint)


def test_a_bad_cell_points_at_the_name_of_its_column(write: Write, refused: Refused) -> None:
    write("x,y\n1,a\n")
    assert refused("t.csv", columns="y").path == ("inputs", "x", "column")
    assert refused("t.csv", columns=("x", "y")).path == ("inputs", "x", "columns", 1)
    write("y\na\n")
    assert refused("t.csv").path == ("inputs", "x", "source")


@pytest.mark.parametrize(
    ("cell", "code", "said"),
    [
        ("1.0", "DF0541", "`1.0` is not an integer"),
        ("1e3", "DF0541", "`1e3` is not an integer"),
        ("nan", "DF0541", "`nan` is not an integer"),
        ("abc", "DF0541", "`abc` is not a number"),
        ("9223372036854775808", "DF0546", "is out of the range of int64"),
        ("1" + "0" * 5000, "DF0546", "is out of the range of int64"),
        ("300", "DF0546", "holds 300 at [0], which int8 cannot hold"),
    ],
)
def test_integer_columns_are_exact(write: Write, refused: Refused, cell: str, code: str, said: str) -> None:
    write(f"x\n{cell}\n")
    problem = refused("t.csv", dtype="int8")
    assert problem.code == code
    assert said in problem.message


def test_negative_numbers_do_not_fit_unsigned_columns(write: Write, refused: Refused) -> None:
    write("x\n-1\n")
    assert refused("t.csv", dtype="uint64").code == "DF0546"
    assert refused("t.csv", dtype="uint8").code == "DF0546"


def test_an_empty_line_among_single_cells_is_an_empty_cell(write: Write, read: Read, refused: Refused) -> None:
    write("x\n1\n\n2\n")
    assert "line 3, column `x`: the cell is empty" in refused("t.csv").message
    write("x\n1\n2\n\n\n")
    assert read("t.csv").array.tolist() == [1.0, 2.0]


def test_columns_that_are_not_there_or_twice(write: Write, refused: Refused) -> None:
    write("age,weight,age\n1,2,3\n")
    problem = refused("t.csv", columns="wieght")
    assert (problem.code, problem.hint, problem.path[2:]) == ("DF0537", "did you mean `weight`?", ("column",))
    assert problem.found == "`age`, `weight`, `age`"
    problem = refused("t.csv", columns=("weight", "Age"))
    assert (problem.code, problem.hint, problem.path[2:]) == ("DF0537", "did you mean `age`?", ("columns", 1))
    assert refused("t.csv", columns="age").code == "DF0538"


@pytest.mark.parametrize(
    ("content", "columns", "code", "hint"),
    [
        ("", "x", "DF0542", "names of the columns"),
        ("\n\nx\n1\n", "x", "DF0542", "names of the columns"),
        (",,\n1,2,3\n", "x", "DF0542", "names of the columns"),
        ("1.5\n2.5\n", None, "DF0542", "names of the columns"),
        ("1,2\n3,4\n", None, "DF0542", "names of the columns"),
        ("1,2\n3,4\n", "x", "DF0537", "first line names the columns"),
        ("x;y\n1;2\n", "x", "DF0537", "separated by commas"),
        ("x\ty\n1\t2\n", "x", "DF0537", "separated by commas"),
        (TABLE, (), "DF0536", "column: name"),
    ],
)
def test_a_table_begins_with_the_names_of_its_columns(
    write: Write, refused: Refused, content: str, columns: Any, code: str, hint: str
) -> None:
    write(content)
    problem = refused("t.csv", columns=columns)
    assert problem.code == code
    assert hint in str(problem.hint)


@pytest.mark.parametrize("content", ["x" * 2**24 + "\n1\n", "x\n" + "1" * (2**24 + 2**20) + "\n"])
def test_lines_are_of_a_reasonable_length(write: Write, refused: Refused, content: str) -> None:
    write(content)
    problem = refused("t.csv")
    assert problem.code == "DF0525"
    assert "is longer than" in problem.message


@pytest.mark.parametrize(
    ("content", "line"),
    [(TABLE.encode("utf-16"), 1), (b"x,y\n1,\xe9\n", 2), (b"x,y\n" + b"1,2\n" * 500_000 + b"\xff,1\n", 500_002)],
)
def test_text_is_utf8(write: Write, refused: Refused, content: bytes, line: int) -> None:
    write(content)
    problem = refused("t.csv", columns="x")
    assert problem.code == "DF0543"
    assert problem.message.endswith(f"line {line}")


@given(st.text(alphabet='ax1.,"\n\r \t\0é-e_', max_size=40), st.sampled_from(["float64", "int64", "bool"]))
def test_any_text_is_either_read_or_refused(text: str, dtype: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "t.csv").write_text("x,y\n" + text, newline="")
        try:
            loaded = DataFiles(folder).read(Input(source="t.csv", columns="x", dtype=dtype))
        except DataError:
            return  # any other exception fails
    assert loaded.array.ndim == 1


@given(st.lists(st.tuples(*[st.text(alphabet="1.,e- nif+", min_size=1, max_size=5)] * 2), max_size=5))
def test_quoted_and_plain_cells_mean_the_same(rows: list[tuple[str, str]]) -> None:
    plain = [[cell.replace(",", "") or "1" for cell in row] for row in rows]
    outcomes = []
    for quote in ("", '"'):
        with tempfile.TemporaryDirectory() as folder:
            lines = [",".join(f"{quote}{cell}{quote}" for cell in row) for row in plain]
            Path(folder, "t.csv").write_text("\n".join(["x,y", *lines]))
            try:
                outcomes.append(repr(DataFiles(folder).read(Input(source="t.csv", columns=("x", "y"))).array.tolist()))
            except DataError as error:
                outcomes.append(error.diagnostics[0].message)
    assert outcomes[0] == outcomes[1]
