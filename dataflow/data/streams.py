"""Rows of data files, read block by block: for graphs of more rows than there need be memory for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dataflow.data.files import DataFile, Want, open_inside
from dataflow.data.sources import place_problem, understand
from dataflow.errors import DataError, DataflowError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataflow.graph import Input

Type = tuple[str, tuple[int, ...]]
Arrays = dict[str, "NDArray[Any]"]


class Wanted(NamedTuple):
    """What an entry of the graph wants of a file: its name there, the dtype of its values, and its declared shape."""

    name: str
    want: Want
    dtype: str
    shape: tuple[Any, ...]


class RowReader(Protocol):
    """Rows of a file, one block after the other."""

    def read(self, count: int) -> Arrays:
        """The next rows of every entry, by its name, of the declared dtypes, in memory that the rows after may take."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class RowSource(Protocol):
    """A file that has the rows of some entries, `types` by name: declared dtype and full shape, rows first."""

    file: DataFile
    parts: Sequence[Wanted]
    types: dict[str, Type]
    rows: int

    def open(self, start: int) -> RowReader:
        """A reader of the rows from `start` on, independent of others: any thread may have one."""
        ...

    def close(self) -> None:
        """Let go of what was kept for later readers."""
        ...


class UnstreamableError(Exception):
    """A file is not read row by row: it is read whole, which also tells what is wrong with it, if anything is."""


def open_row_sources(
    entries: Mapping[str, Input], folder: str | None, root: str | None, dtype: str, stack: ExitStack
) -> list[RowSource] | None:
    """Sources for entries whose shape begins with `rows`; None if some file is not one that is read row by row.

    `stack` holds the files open; when it is left, one that has changed meanwhile raises `DataError`.
    """
    wanted: dict[str, list[Wanted]] = {}
    for name, entry in entries.items():
        kind = entry.dtype or dtype
        file, want = understand(entry, kind)
        wanted.setdefault(file, []).append(Wanted(name, want, kind, entry.shape or ()))
    found: list[RowSource] = []
    try:
        for file, parts in wanted.items():
            read = FORMATS.get(os.path.splitext(file)[1].lower())
            if read is None:
                return None
            found.append(read()(stack.enter_context(open_inside(file, root or folder or ".")), parts))
            stack.callback(found[-1].close)
    except (UnstreamableError, DataflowError):
        return None
    return found


def start_digests(sources: Iterable[RowSource], stack: ExitStack) -> Callable[[], dict[str, str]]:
    """Begin to read the files of sources for their digests, on a thread of its own; what is returned waits for them."""
    from concurrent.futures import ThreadPoolExecutor

    files = {source.file.name: source.file.path for source in sources}
    executor = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="digest"))
    stack.callback(executor.shutdown, wait=False, cancel_futures=True)
    found = {name: executor.submit(_find_digest, path) for name, path in files.items()}
    return lambda: {name: digest.result() for name, digest in found.items()}


def _find_digest(path: str) -> str:
    """The digest of all bytes of a file."""
    from hashlib import file_digest

    with open(path, "rb") as stream:
        return f"sha256:{file_digest(stream, 'sha256').hexdigest()}"


def reopen_rows(kind: Callable[..., RowSource], name: str, path: str, size: int, parts: Sequence[Wanted]) -> RowSource:
    """A source in another process, of the same file."""
    stream = open(path, "rb")  # noqa: SIM115  (it lives as long as the source)
    return kind(DataFile(stream, name, path, size), parts)


def check_rows(shape: Sequence[int], part: Wanted) -> None:
    """Raise `UnstreamableError` for a shape that is not the declared one, in which names stand for any size."""
    declared = part.shape
    fits = len(shape) == len(declared) and all(
        isinstance(size, str) or size == length for size, length in zip(declared, shape, strict=True)
    )
    if not fits:
        raise UnstreamableError


def tell_rows(error: DataError, source: RowSource, part: Wanted, start: int) -> DataError:
    """What was wrong with a block that began at a row."""
    problems = [place_problem(item, ("inputs", part.name)) for item in error.diagnostics]
    return DataError([item._replace(message=f"{item.message}, in the rows from {start:,} on") for item in problems])


def _npy() -> Callable[..., RowSource]:
    from dataflow.data.streams_npy import NpyRows

    return NpyRows


def _parquet() -> Callable[..., RowSource]:
    from dataflow.data.streams_parquet import ParquetRows

    return ParquetRows


def _csv() -> Callable[..., RowSource]:
    from dataflow.data.streams_csv import CsvRows

    return CsvRows


FORMATS: Mapping[str, Callable[[], Callable[..., RowSource]]] = {".npy": _npy, ".parquet": _parquet, ".csv": _csv}
