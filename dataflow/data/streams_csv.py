"""Rows of ``.csv`` files that are plain: no quotes, no empty lines. Rows are counted first, in one pass."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import BytesIO, TextIOWrapper
from typing import Any

import numpy as np

from dataflow.data.columns import choose_columns, index_columns
from dataflow.data.files import DataFile
from dataflow.data.fitting import convert
from dataflow.data.streams import Arrays, UnstreamableError, Wanted, check_rows, reopen_rows, tell_rows
from dataflow.data.tables import CarefulError, open_text, read_header_row, read_lines, read_plain
from dataflow.errors import DataError

CHUNK = 2**22  # bytes
MARK = 2048  # rows from one place that is known to the next


class CsvRows:
    """The rows of some columns of a table. Raises `UnstreamableError`, or what is wrong with the file."""

    def __init__(self, file: DataFile, parts: Sequence[Wanted]) -> None:
        self.file = file
        self.parts = parts
        with open_text(file) as text:
            self.names = read_header_row(csv.reader(read_lines(text, file.name), strict=True), file.name)
        positions = index_columns(self.names)
        if any(part.want.entry is not None or part.want.kind == "bool" for part in parts):
            raise UnstreamableError
        self.chosen = {part.name: choose_columns(positions, part.want, file.name) for part in parts}
        self.marks, self.rows = _count_rows(file)
        self.types = {part.name: (part.dtype, self._shape_of(part)) for part in parts}

    def _shape_of(self, part: Wanted) -> tuple[int, ...]:
        several = isinstance(part.want.columns, tuple)
        shape = (self.rows, len(self.chosen[part.name])) if several else (self.rows,)
        check_rows(shape, part)
        return shape

    def __reduce__(self) -> tuple[Any, ...]:
        return reopen_rows, (type(self), self.file.name, self.file.path, self.file.size, self.parts)

    def close(self) -> None:
        """Nothing is kept."""

    def open(self, start: int) -> CsvReader:
        """A reader of the rows from `start` on."""
        return CsvReader(self, start)


class CsvReader:
    """Rows of a table, one block after the other; blocks begin at multiples of 2,048 rows."""

    def __init__(self, source: CsvRows, start: int) -> None:
        self._source = source
        self._row = start
        self._stream = open(source.file.path, "rb")  # noqa: SIM115  (`close` closes it)

    def read(self, count: int) -> Arrays:
        """The next rows."""
        source, start = self._source, self._row
        stop = start + count
        first, last = source.marks[start // MARK], source.marks[-(-stop // MARK)]
        self._stream.seek(first)
        text = self._stream.read(last - first)
        lead = start % MARK
        self._row = stop
        found: Arrays = {}
        tables: dict[str, Any] = {}
        for part in source.parts:
            kind = part.want.kind
            try:
                if kind not in tables:
                    tables[kind] = self._parse(text, kind)
                union, table = tables[kind]
                places = [union.index(index) for index in source.chosen[part.name]]
                rows = table[lead : lead + count]
                block = rows[:, places] if len(source.types[part.name][1]) == 2 else rows[:, places[0]]
                found[part.name] = convert(block, part.dtype, source.file.name)
            except DataError as error:
                raise tell_rows(error, source, part, start) from None
        return found

    def _parse(self, text: bytes, kind: str) -> tuple[list[int], Any]:
        """The columns of a kind, by their positions."""
        source = self._source
        chosen = [source.chosen[part.name] for part in source.parts if part.want.kind == kind]
        union = list(dict.fromkeys(index for indexes in chosen for index in indexes))
        stream = TextIOWrapper(BytesIO(text), encoding="utf-8", newline=None)
        try:
            return union, read_plain(stream, len(source.names), union, kind)
        except (CarefulError, ValueError) as error:  # a cell that is no number: read whole, it is told which
            raise UnstreamableError from error

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def _count_rows(file: DataFile) -> tuple[list[int], int]:
    """Where every 2,048th row begins, and where the last one ends; and how many rows there are."""
    marks: list[int] = []
    rows, offset, header = 0, 0, True
    last = b"\n"
    file.stream.seek(0)
    while chunk := file.stream.read(CHUNK):
        if b'"' in chunk or b"\0" in chunk:
            raise UnstreamableError
        ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == 10) + 1 + offset
        if last == b"\n" and chunk[:1] in (b"\n", b"\r") and offset:
            raise UnstreamableError
        if b"\n\n" in chunk or b"\n\r\n" in chunk or chunk.count(b"\r") != chunk.count(b"\r\n") + chunk.endswith(b"\r"):
            raise UnstreamableError
        if header and len(ends):
            marks.append(int(ends[0]))
            ends, header = ends[1:], False
        wanted = np.arange(MARK - rows % MARK - 1, len(ends), MARK)
        marks += ends[wanted].tolist()
        rows += len(ends)
        offset += len(chunk)
        last = chunk[-1:]
    if header:
        raise UnstreamableError
    if last != b"\n":
        rows += 1
    if not rows or marks[-1] != offset:
        marks.append(offset)
    return marks, rows
