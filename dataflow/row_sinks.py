"""Files that the rows of values are written to as they come, in any order: they appear whole or not at all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from dataflow.errors import Diagnostic, ResourceError, UsageError
from dataflow.output import TEMPORARY
from dataflow.places import StrPath, explain, find_place, refuse

if TYPE_CHECKING:
    from types import TracebackType

Type = tuple[str, tuple[int, ...]]
Array = np.ndarray[Any, Any]
MAGIC = {".npy": b"\x93NUMPY", ".parquet": b"PAR1"}
GROUP = 2**20  # rows of a row group


class RowSink:
    """A `.npy` file of one value, or a `.parquet` table with a column for each, on its way to a place.

    `columns` are names, each with the dtype of a value and the shape of one row; in a table a row of k elements makes
    the columns `NAME_0`, `NAME_1`, ... `arrays`, by name, lie on the disk: any thread may write any of their rows. To
    be used in a `with` statement, which removes what is not published.

    Raises `UsageError` for a place of another kind and for columns of one name, `ResourceError` for a place that cannot
    be written to, or that holds another kind of file.

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "price.npy")
    >>> with RowSink(path, 3, [("price", ("float64", ()))]) as sink:
    ...     sink.arrays["price"][:] = [1, 2, 3]
    ...     sink.publish()
    >>> np.load(path).tolist()
    [1.0, 2.0, 3.0]
    """

    def __init__(self, path: StrPath, rows: int, columns: Sequence[tuple[str, Type]]) -> None:
        self._suffix = check_suffix(path, [name for name, _ in columns])
        _check_names([part for name, (_, shape) in columns for part in _name_columns(name, shape)])
        self._place = find_place(path, self._check)
        if self._place.special:
            raise self._refuse(self._place.path)
        self._staged: list[str] = []
        self.rows = rows
        self.arrays: dict[str, Array] = {}
        try:
            for name, (dtype, shape) in columns:
                staged = self._stage()
                self.arrays[name] = np.lib.format.open_memmap(staged, "w+", np.dtype(dtype), (rows, *shape))
                _take_room(staged)
        except OSError as error:
            self._remove()
            raise explain(error, self._place.path) from error

    def _check(self, path: str, head: bytes) -> None:
        """Raise `ResourceError` for a place that holds something else."""
        if head and not head.startswith(MAGIC[self._suffix]):
            raise self._refuse(path)

    def _refuse(self, path: str) -> ResourceError:
        hint = "name another file with --rows-to, or remove this one first"
        return refuse("DF0803", path, f"it exists and is no {self._suffix} file", hint)

    def _stage(self) -> str:
        name = f"{TEMPORARY}{os.getpid()}-{os.urandom(8).hex()}.tmp"
        self._staged.append(os.path.join(os.path.dirname(self._place.path), name))
        return self._staged[-1]

    def __enter__(self) -> RowSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.arrays.clear()
        self._remove()

    def _remove(self) -> None:
        for staged in self._staged:
            with suppress(OSError):
                os.unlink(staged)

    def publish(self) -> None:
        """Give the file its place. Raises `ResourceError` if that cannot be."""
        try:
            self._publish()
        except OSError as error:
            raise explain(error, self._place.path) from error

    def _publish(self) -> None:
        if self._suffix == ".npy":
            (array,) = self.arrays.values()
            array.flush()  # type: ignore[attr-defined]
            staged = self._staged[0]
        else:
            staged = self._write_table()
        if self._place.mode is not None:
            os.chmod(staged, self._place.mode)
        with open(staged, "rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(staged, self._place.path)

    def _write_table(self) -> str:
        """The arrays as a table, a row group at a time."""
        import pyarrow
        from pyarrow import parquet

        staged = self._stage()
        names = [part for name, array in self.arrays.items() for part in _name_columns(name, array.shape[1:])]
        writer = None
        for start in range(0, max(self.rows, 1), GROUP):
            blocks = [array[start : start + GROUP].reshape(-1, _count(array)) for array in self.arrays.values()]
            columns = [np.ascontiguousarray(block[:, index]) for block in blocks for index in range(block.shape[1])]
            table = pyarrow.table(dict(zip(names, columns, strict=True)))
            if writer is None:
                writer = parquet.ParquetWriter(staged, table.schema)
            writer.write_table(table, row_group_size=GROUP)
        assert writer is not None
        writer.close()
        return staged


def check_suffix(path: StrPath, names: list[str]) -> str:
    """`.npy` or `.parquet`. Raises `UsageError` for another kind of file, and for one that cannot hold these values."""
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    if suffix not in MAGIC:
        message = f"rows are not written to `{os.fspath(path)}`"
        raise UsageError(Diagnostic("DF0933", message, expected="a .parquet or .npy file"))
    if suffix == ".npy" and len(names) != 1:
        message = f"a .npy file holds one array, and there are {len(names)}: {', '.join(names)}"
        one = names == [names[0], f"d{names[0]}"]
        hint = "write a value and its gradient to a .parquet file" if one else "write a .parquet file"
        raise UsageError(Diagnostic("DF0933", message, hint=hint))
    return suffix


def _check_names(names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        message = f"two columns would be called `{twice[0]}`"
        hint = "the gradient of `e` is called `de`: name fewer values with --only, or rename a node"
        raise UsageError(Diagnostic("DF0933", message, hint=hint))


def _take_room(path: str) -> None:
    """Let a file have its room on the disk now: a disk that is full later ends a process that writes to a map of it."""
    if hasattr(os, "posix_fallocate"):
        with open(path, "rb+") as stream:
            os.posix_fallocate(stream.fileno(), 0, os.path.getsize(path))


def _count(array: Array) -> int:
    return int(np.prod(array.shape[1:], dtype=int))


def _name_columns(name: str, shape: tuple[int, ...]) -> list[str]:
    count = int(np.prod(shape, dtype=int))
    return [name] if not shape else [f"{name}_{index}" for index in range(count)]
