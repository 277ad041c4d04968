"""Tables of comma-separated values: the first line names the columns, cells are numbers or truth values.

Fields may be quoted, empty lines are skipped, nothing is a comment. NumPy's reader does the work; what it
does not decide exactly as documented here (quotes, overflow, a bad cell) is read again, with care, cell by cell.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import chain, count, repeat
from typing import TYPE_CHECKING, Any

from dataflow.data.cells import MISSING, is_number, parse_cell, refuse_cell
from dataflow.data.columns import choose_columns, index_columns
from dataflow.data.files import DataFile, Want, refuse, refuse_damaged
from dataflow.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Found = dict[Want, NDArray[Any] | DataError]

_CHUNK = 2**20  # characters
_MAX_LINE = 2**24  # characters


class CarefulError(Exception):
    """The text is not plain enough for the fast reader."""


def read_csv_file(file: DataFile, wants: Sequence[Want]) -> Found:
    """The columns of a ``.csv`` file that are wanted: shape [rows] for a name, [rows, n] for a tuple of n names."""
    with open_text(file) as text:
        names = read_header_row(csv.reader(read_lines(text, file.name), strict=True), file.name)
    positions, nameless = index_columns(names), all(map(is_number, names))
    hint = "the first line names the columns" if nameless else None
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        hint = "cells are separated by commas"
    found: Found = {}
    chosen: dict[Want, list[int]] = {}
    for want in wants:
        try:
            if want.columns is None and nameless:
                raise _refuse_no_header(file.name)
            chosen[want] = choose_columns(positions, want, file.name, hint)
        except DataError as error:
            found[want] = error
    for kind in dict.fromkeys(want.kind for want in chosen):
        found |= _read_kind(file, names, {want: chosen[want] for want in chosen if want.kind == kind}, kind)
    return found


def _refuse_no_header(name: str) -> DataError:
    return refuse("DF0542", f"`{name}` does not begin with a line that names its columns", "source",
                  hint="make the names of the columns its first line")  # fmt: skip


@contextmanager
def open_text(file: DataFile) -> Iterator[TextIOWrapper]:
    """The file as text from its start, every end of line as LF; DataError where it is not UTF-8."""
    file.stream.seek(0)
    text = TextIOWrapper(file.stream, encoding="utf-8-sig", newline=None)
    try:
        yield text
    except UnicodeDecodeError as error:
        raise _refuse_encoding(file) from error
    except csv.Error as error:
        raise refuse_damaged(file.name, f"a quoted cell does not end, or is too long ({error})") from error
    finally:
        text.detach()  # else the file would be closed with it


def _refuse_encoding(file: DataFile) -> DataError:
    file.stream.seek(0)
    number = next((number for number, line in enumerate(file.stream, 1) if not _is_utf8(line)), 1)
    return refuse("DF0543", f"`{file.name}` is not UTF-8 text, line {number}", "source", hint="save it as UTF-8")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def read_header_row(rows: Iterator[list[str]], name: str) -> list[str]:
    names = [cell.strip() for cell in next(rows, [])]
    if not any(names):
        raise _refuse_no_header(name)
    return names


def _read_kind(file: DataFile, names: list[str], chosen: dict[Want, list[int]], kind: str) -> Found:
    """The columns of one kind, in one pass if they are all well."""
    union = list(dict.fromkeys(chain.from_iterable(chosen.values())))
    try:
        if kind == "bool":
            raise CarefulError
        with open_text(file) as text:
            read_header_row(csv.reader(read_lines(text, file.name), strict=True), file.name)
            table = read_plain(text, len(names), union, kind)
    except (CarefulError, ValueError):
        return _read_carefully(file, names, chosen)
    places = {index: place for place, index in enumerate(union)}
    found: Found = {}
    for want, indexes in chosen.items():
        found[want] = _shape(table, [places[index] for index in indexes], want)
    return found


def _shape(table: NDArray[Any], places: list[int], want: Want) -> NDArray[Any]:
    """A column or some columns of a table."""
    if not isinstance(want.columns, tuple):
        column: NDArray[Any] = table[:, places[0]]
        return column
    return table if places == list(range(table.shape[1])) else table[:, places]


def read_plain(text: TextIOWrapper, width: int, indexes: list[int], kind: str) -> NDArray[Any]:
    """Columns of the lines that follow, by NumPy; CarefulError or ValueError if they are not plain."""
    import numpy as np

    blocks = _plain_blocks(text, width - 1)
    first = next(blocks, None)
    if first is None:
        return np.empty((0, len(indexes)), kind)
    lines = chain(first, chain.from_iterable(blocks))
    table: NDArray[Any] = np.loadtxt(lines, kind, comments=None, delimiter=",", usecols=indexes, ndmin=2)
    if table.dtype.kind == "f" and np.isinf(table).any():
        raise CarefulError  # as written, or an overflow
    return table


def _plain_blocks(text: TextIOWrapper, commas: int) -> Iterator[list[str]]:
    """Lines without quotes, each with so many commas, in lists that are not empty."""
    while block := text.read(_CHUNK):
        rest = text.readline(_MAX_LINE)
        block += rest
        if '"' in block or "\0" in block or len(rest) == _MAX_LINE:
            raise CarefulError
        lines = block.removesuffix("\n").split("\n")
        if "" in lines:
            if commas == 0:
                raise CarefulError  # an empty line may be an empty cell
            lines = [line for line in lines if line]
        if set(map(str.count, lines, repeat(","))) - {commas}:
            raise CarefulError
        if lines:
            yield lines


def _read_carefully(file: DataFile, names: list[str], chosen: Mapping[Want, list[int]]) -> Found:
    """Columns, cell by cell in one pass, or what is wrong first: one that is not well does not spoil the others."""
    import numpy as np

    found: Found = {}
    cells: dict[Want, list[Any]] = {want: [] for want in chosen}
    try:
        with open_text(file) as text:
            rows = csv.reader(read_lines(text, file.name), strict=True)
            read_header_row(rows, file.name)
            for line, row in _full_rows(rows, names, file.name):
                for want in list(cells):
                    refused = _read_row(row, names, chosen[want], want, cells[want], f"`{file.name}`, line {line}")
                    if refused is not None:
                        del cells[want]
                        found[want] = refused
    except DataError as error:
        return found | dict.fromkeys(cells, error)
    for want, flat in cells.items():
        width = len(chosen[want])
        found[want] = _shape(np.array(flat, want.kind).reshape(-1, width), list(range(width)), want)
    return found


def _read_row(
    row: list[str], names: list[str], indexes: list[int], want: Want, cells: list[Any], where: str
) -> DataError | None:
    """Add what is wanted of a row to the cells, or say what is wrong with it."""
    for place, index in enumerate(indexes):
        try:
            cells.append(parse_cell(row[index], want.kind))
        except (ValueError, OverflowError) as error:
            return refuse_cell(row[index], error, want, place, f"{where}, column `{names[index]}`")
    return None


def read_lines(text: TextIOWrapper, name: str) -> Iterator[str]:
    """The lines of a text, none of which is absurdly long or binary."""
    for number in count(1):
        line = text.readline(_MAX_LINE)
        if "\0" in line:
            raise refuse_damaged(name, f"line {number} holds the character NUL")
        if len(line) == _MAX_LINE:
            raise refuse_damaged(name, f"line {number} is longer than {_MAX_LINE:,} characters")
        if not line:
            return
        yield line


def _full_rows(rows: Any, names: list[str], name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a csv.reader that are not empty, each with the number of its first line."""
    width, line, skipped = len(names), rows.line_num + 1, None
    for row in rows:
        if row and skipped is not None and width == 1:
            where = f"`{name}`, line {skipped}, column `{names[0]}`"
            raise refuse("DF0540", f"{where}: the cell is empty", "source", hint=MISSING)
        if row and len(row) != width:
            raise refuse("DF0539", f"`{name}`, line {line} has {_cells(len(row))} and the first line {width}", "source",
                         hint="a cell that contains a comma is written in quotes")  # fmt: skip
        if row:
            yield line, row
        elif skipped is None:
            skipped = line
        line = rows.line_num + 1


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"
