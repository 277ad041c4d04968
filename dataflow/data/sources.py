"""The data files of one run, each opened, parsed and hashed once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.data.files import DataFile, Want, meant, open_inside, refuse
from dataflow.errors import DataError, DataflowError, Diagnostic, ResourceError
from dataflow.graph import Input

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataflow.errors import Path

    Found = dict[Want, NDArray[Any] | DataError]
    Reader = Callable[[DataFile, Sequence[Want]], Found]

_FORMATS = (".npy", ".npz", ".safetensors", ".csv", ".parquet")
_TABLES = (".csv", ".parquet")


class Loaded(NamedTuple):
    """What an entry's file holds: a read-only array in C order, the file's digest, its name as written."""

    array: NDArray[Any]
    digest: str
    file: str


class DataFiles:
    """The data files beside a graph, in `folder`, or below `root` where that is given.

    `dtype` is the type of an entry that states none. Of a file all that `entries` name is read when the
    first of them is; what they do not name is read by opening the file again.

    >>> import numpy, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     numpy.save(f"{folder}/x.npy", [1, 2])
    ...     loaded = DataFiles(folder).read(Input(source="x.npy", shape=("rows",)), ("inputs", "x"))
    >>> loaded.array, loaded.file, loaded.digest[:7]
    (array([1., 2.]), 'x.npy', 'sha256:')
    """

    __slots__ = ("_base", "_digests", "_dtype", "_expected", "_found")

    def __init__(
        self,
        folder: str | None = None,
        root: str | None = None,
        dtype: str = "float64",
        entries: Iterable[Input] = (),
    ) -> None:
        self._base = root or folder or "."
        self._dtype = dtype
        self._expected: dict[str, list[Want]] = {}
        self._found: dict[str, Found] = {}
        self._digests: dict[str, str] = {}
        for entry in entries:
            if entry.source is not None:
                name, want = understand(entry, entry.dtype or dtype)
                self._expected.setdefault(name, []).append(want)

    def read(self, entry: Input, path: Path = ()) -> Loaded:
        """The array that an entry's `source` names, of the entry's dtype, its shape as declared.

        `path` is the entry's place in the document. DataError for a file that does not hold what the entry
        says; ResourceError where a library is missing or the system refuses.
        """
        dtype = entry.dtype or self._dtype
        name, want = understand(entry, dtype)
        try:
            array = self._find(name, want)
            return _fit(array, entry, dtype, self._digests[name], name)
        except DataflowError as error:
            raise type(error)(place_problem(problem, path) for problem in error.diagnostics) from error.__cause__

    def _find(self, name: str, want: Want) -> NDArray[Any]:
        if want not in self._found.get(name, ()):
            wants = dict.fromkeys((want, *self._expected.get(name, ())))
            with open_inside(name, self._base) as file:
                found, digest = _read_file(file, list(wants))
            if self._digests.setdefault(name, digest) != digest:
                raise refuse("DF0534", f"`{name}` changed during the run", "source", hint="run again")
            self._found.setdefault(name, {}).update(found)
        array = self._found[name][want]
        if isinstance(array, DataError):
            raise array
        return array


def load_array_file(source: str, *, dtype: str = "float64", shape: tuple[int | str, ...] | None = None) -> Loaded:
    """The array in a file that the user names, anywhere, as ``--set x=@FILE`` does.

    `source` is written as in a graph; a column of a table as an entry: ``patients.csv#age``.
    """
    name, _, entry = source.rpartition("#") if "#" in source else (source, "", "")
    table = entry != "" and _suffix(name) in _TABLES
    asked = Input(source=name if table else source, columns=entry if table else None, shape=shape, dtype=dtype)
    name, want = understand(asked, dtype)
    try:
        with open_inside(name, ".", anywhere=True) as file:
            found, digest = _read_file(file, [want])
        array = found[want]
        if isinstance(array, DataError):
            raise array
        return _fit(array, asked, dtype, digest, name)
    except DataflowError as error:
        raise type(error)(problem._replace(path=()) for problem in error.diagnostics) from error.__cause__


def understand(entry: Input, dtype: str) -> tuple[str, Want]:
    """The file that an entry names, and what is wanted of it."""
    source = entry.source or ""
    name, mark, inside = source.rpartition("#")
    if not mark:
        name, inside = source, ""
    kind = ""
    if _suffix(name) in _TABLES:
        kind = "float64" if dtype.startswith("float") else dtype if dtype in ("bool", "uint64") else "int64"
    return name, Want(inside if mark else None, entry.columns, kind)


def place_problem(problem: Diagnostic, path: Path) -> Diagnostic:
    return problem._replace(path=(*path, *problem.path))


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _read_file(file: DataFile, wants: Sequence[Want]) -> tuple[Found, str]:
    """What is wanted of an open file, and the digest of all its bytes."""
    from hashlib import file_digest

    suffix = _suffix(file.name)
    read = _reader(file.name, suffix)
    misplaced: Found = {}
    for want in wants:
        if suffix in _TABLES and want.entry is not None:
            misplaced[want] = refuse("DF0531", f"`{file.name}` is a table and has no entry `#{want.entry}`", "source",
                                     hint=f"add `column: {want.entry}`")  # fmt: skip
        elif suffix not in _TABLES and want.columns is not None:
            key = "column" if isinstance(want.columns, str) else "columns"
            misplaced[want] = refuse("DF0535", f"`{file.name}` is not a table and has no columns", key,
                                     hint=f"remove `{key}`, or name a .csv or .parquet file")  # fmt: skip
    wanted = [want for want in wants if want not in misplaced]
    try:
        found = read(file, wanted) if wanted else {}
    except MemoryError as error:
        raise ResourceError(
            Diagnostic("DF0563", f"not enough memory to read `{file.name}` ({file.size:,} bytes)", ("source",))
        ) from error
    file.stream.seek(0)
    return found | misplaced, f"sha256:{file_digest(file.stream, 'sha256').hexdigest()}"


def _reader(name: str, suffix: str) -> Reader:
    """The function that reads files of that suffix; what it needs is imported only now."""
    if suffix == ".npy":
        from dataflow.data.arrays import read_npy_file as read
    elif suffix == ".npz":
        from dataflow.data.arrays import read_npz_file as read
    elif suffix == ".safetensors":
        from dataflow.data.tensors import read_safetensors_file as read
    elif suffix == ".csv":
        from dataflow.data.tables import read_csv_file as read
    elif suffix == ".parquet":
        from dataflow.data.parquet import read_parquet_file as read
    else:
        raise refuse("DF0524", f"`{name}` is of a format that is not read", "source", expected=", ".join(_FORMATS),
                     hint=meant(suffix, _FORMATS))  # fmt: skip
    return read


def _fit(array: NDArray[Any], entry: Input, dtype: str, digest: str, name: str) -> Loaded:
    from dataflow.data.fitting import check_shape, convert

    fitted = convert(array, dtype, entry.source or name, "dtype" if entry.dtype else "source").view()
    check_shape(fitted.shape, entry.shape, entry.source or name)
    fitted.flags.writeable = False
    return Loaded(fitted, digest, name)
