"""Rows of ``.npy`` files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dataflow.data.arrays import check_size, read_header
from dataflow.data.files import DataFile, refuse_damaged
from dataflow.data.fitting import convert
from dataflow.data.streams import Arrays, UnstreamableError, Wanted, check_rows, reopen_rows, tell_rows
from dataflow.errors import DataError


class NpyRows:
    """The rows of an array. Raises `UnstreamableError` for one in Fortran order, or of another shape than declared."""

    def __init__(self, file: DataFile, parts: Sequence[Wanted]) -> None:
        self.file = file
        self.parts = parts
        file.stream.seek(0)
        header = read_header(file.stream, file.name)
        check_size(header, file.size - header.length, file.name)
        if header.fortran or header.dtype.kind == "b" or not header.shape:
            raise UnstreamableError
        if any(part.want.entry is not None or part.want.columns is not None for part in parts):
            raise UnstreamableError
        self.dtype, self.shape, self.begin = header.dtype, header.shape, header.length
        self.rows = header.shape[0]
        for part in parts:
            check_rows(header.shape, part)
            convert(np.zeros(0, header.dtype), part.dtype, file.name)  # that these dtypes go together
        self.types = {part.name: (part.dtype, header.shape) for part in parts}

    def __reduce__(self) -> tuple[Any, ...]:
        return reopen_rows, (type(self), self.file.name, self.file.path, self.file.size, self.parts)

    def close(self) -> None:
        """Nothing is kept."""

    def open(self, start: int) -> NpyReader:
        """A reader of the rows from `start` on."""
        return NpyReader(self, start)


class NpyReader:
    """Rows of an array, one block after the other."""

    def __init__(self, source: NpyRows, start: int) -> None:
        self._source = source
        self._row = start
        self._size = source.dtype.itemsize * math.prod(source.shape[1:])
        self._stream = open(source.file.path, "rb", buffering=0)  # noqa: SIM115  (`close` closes it)
        self._stream.seek(source.begin + start * self._size)

    def read(self, count: int) -> Arrays:
        """The next rows."""
        source, start = self._source, self._row
        values = np.empty(count * self._size, np.uint8)
        view, filled = values.data, 0
        while filled < len(values):
            got = self._stream.readinto(view[filled:])
            if not got:
                raise refuse_damaged(source.file.name, "it ends before its last row")
            filled += got
        self._row += count
        block: Any = values.view(source.dtype).reshape(count, *source.shape[1:])
        found: Arrays = {}
        for part in source.parts:
            try:
                found[part.name] = convert(block, part.dtype, source.file.name)
            except DataError as error:
                raise tell_rows(error, source, part, start) from None
        return found

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
