"""Rows of ``.parquet`` files, through pyarrow: row groups are read as they are needed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from threading import get_ident
from typing import Any

import numpy as np

from dataflow.data.columns import choose_columns, index_columns
from dataflow.data.files import DataFile, missing_library
from dataflow.data.fitting import convert
from dataflow.data.parquet import check_types, refuse_null
from dataflow.data.streams import Arrays, UnstreamableError, Wanted, check_rows, reopen_rows, tell_rows
from dataflow.errors import DataError

BATCH = 65_536  # rows that are decoded at a time
BUFFER = 2**20  # bytes of a column that are read at a time
TILE = 4096  # rows of several columns that are put side by side at a time, so that they stay in the cache


class ParquetRows:
    """The rows of some columns of a table. Raises `UnstreamableError`, or what is wrong with the file."""

    def __init__(self, file: DataFile, parts: Sequence[Wanted]) -> None:
        try:
            from pyarrow import parquet
        except ImportError as error:
            raise missing_library(file.name, "pyarrow", "parquet") from error
        self.file = file
        self.parts = parts
        try:
            with parquet.ParquetFile(file.path) as opened:
                schema, metadata = opened.schema_arrow, opened.metadata
        except Exception as error:  # pyarrow raises a dozen kinds about broken files
            raise UnstreamableError from error
        positions = index_columns(schema.names)
        self.columns: dict[str, list[str]] = {}
        for part in parts:
            if part.want.entry is not None:
                raise UnstreamableError
            chosen = choose_columns(positions, part.want, file.name)
            check_types(schema, chosen, part.want, file.name)
            self.columns[part.name] = [schema.names[index] for index in chosen]
        self.rows = metadata.num_rows
        self.groups = [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
        self.types = {part.name: (part.dtype, self._shape_of(part)) for part in parts}
        self._parked: dict[int, ParquetReader] = {}  # by thread

    def _shape_of(self, part: Wanted) -> tuple[int, ...]:
        several = isinstance(part.want.columns, tuple)
        shape = (self.rows, len(self.columns[part.name])) if several else (self.rows,)
        check_rows(shape, part)
        return shape

    def __reduce__(self) -> tuple[Any, ...]:
        return reopen_rows, (type(self), self.file.name, self.file.path, self.file.size, self.parts)

    def open(self, start: int) -> ParquetReader:
        """A reader of the rows from `start` on: the one that this thread had last, if it goes on from there.

        A new one decodes its row group from the first row on.
        """
        parked = self._parked.pop(get_ident(), None)
        if parked is not None:
            if parked.row == start:
                return parked
            parked.end()
        return ParquetReader(self, start)

    def close(self) -> None:
        """Close the files of the readers that threads had last."""
        for reader in self._parked.values():
            reader.end()
        self._parked.clear()

    def park(self, reader: ParquetReader) -> None:
        """Keep a reader for the thread's next rows."""
        self._parked[get_ident()] = reader


class ParquetReader:
    """Rows of a table, one block after the other, whatever its own row groups and batches."""

    def __init__(self, source: ParquetRows, start: int) -> None:
        from pyarrow import parquet

        self._source = source
        self.row = start
        self._opened = parquet.ParquetFile(source.file.path, buffer_size=BUFFER, pre_buffer=False)
        ends = list(accumulate(source.groups))
        first = bisect_right(ends, start)
        names = list(dict.fromkeys(name for columns in source.columns.values() for name in columns))
        self._batches: Iterator[Any] = self._opened.iter_batches(
            BATCH, row_groups=list(range(first, len(ends))), columns=names, use_threads=False
        )
        self._rooms: dict[str, _Room] = {}
        self._batch: Any = None
        self._used = 0
        self._skip(start - (ends[first - 1] if first else 0))

    def _skip(self, count: int) -> None:
        while count:
            self._batch, self._used = next(self._batches), 0
            if count < self._batch.num_rows:
                self._used = count
                return
            count -= self._batch.num_rows
            self._batch = None

    def _take(self, count: int) -> Iterator[Any]:
        """The next rows, as slices of batches."""
        while count:
            if self._batch is None:
                self._batch, self._used = next(self._batches), 0
            length = min(count, self._batch.num_rows - self._used)
            yield self._batch.slice(self._used, length)
            self._used += length
            count -= length
            if self._used == self._batch.num_rows:
                self._batch = None

    def read(self, count: int) -> Arrays:
        """The next rows."""
        start, source = self.row, self._source
        slices = list(self._take(count))
        self.row += count
        found: Arrays = {}
        for part in source.parts:
            names = source.columns[part.name]
            try:
                columns = [self._read_column(slices, name, part, start) for name in names]
            except DataError as error:
                raise tell_rows(error, source, part, start) from None
            found[part.name] = columns[0] if len(source.types[part.name][1]) == 1 else self._join(part, columns)
        return found

    def _join(self, part: Wanted, columns: Sequence[Any]) -> Any:
        room = self._rooms.get(part.name)
        if room is None or not room.holds(len(columns[0])):
            room = self._rooms[part.name] = _Room(len(columns[0]), len(columns), part.dtype)
        return room.join(columns)

    def _read_column(self, slices: Sequence[Any], name: str, part: Wanted, start: int) -> Any:
        if not slices:
            return np.empty(0, part.dtype)
        arrays = []
        for piece in slices:
            column = piece.column(piece.schema.get_field_index(name))
            if column.null_count:
                refuse_null(column, f"`{self._source.file.name}`, column `{name}`", "source", first=start)
            start += piece.num_rows
            arrays.append(column.to_numpy(zero_copy_only=False))
        whole = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
        return convert(convert(whole, part.want.kind, f"{self._source.file.name}#{name}"), part.dtype, name)

    def close(self) -> None:
        """Close the file at its end; before it the reader is kept for the rows that follow."""
        if self.row < self._source.rows:
            self._source.park(self)
        else:
            self.end()

    def end(self) -> None:
        """Close the file."""
        self._batches = iter(())
        self._opened.close()


class _Room:
    """Columns side by side, in memory that is used again for the next rows."""

    def __init__(self, rows: int, columns: int, dtype: str) -> None:
        self._joined = np.empty((rows, columns), dtype)
        self._tile = np.empty((columns, TILE), dtype)

    def holds(self, rows: int) -> bool:
        """Whether there is room for so many rows."""
        return rows <= len(self._joined)

    def join(self, columns: Sequence[Any]) -> Any:
        """The columns, a tile at a time: first one below the other, then turned, which is faster than one by one."""
        rows = len(columns[0])
        for first in range(0, rows, TILE):
            tile = self._tile[:, : min(TILE, rows - first)]
            for row, column in zip(tile, columns, strict=True):
                row[:] = column[first : first + TILE]
            self._joined[first : first + TILE][: tile.shape[1]] = tile.T
        return self._joined[:rows]
