"""Opening a data file: inside one folder, links resolved first, regular files only."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from typing import NamedTuple

from dataflow.errors import DataError, Diagnostic, ResourceError, suggest

_FLAGS = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))
_WINDOWS_ABSOLUTE = re.compile(r"[A-Za-z]:[\\/]|\\\\")
MAX_EXPANDED = 2**30  # bytes that packed data may take whatever its ratio
MAX_RATIO = 100  # beyond that, how often its packed size


class DataFile(NamedTuple):
    """An open data file: its name as written, its path with links resolved, its size in bytes."""

    stream: BufferedReader
    name: str
    path: str
    size: int


class Want(NamedTuple):
    """What an entry wants of a file: a named array, or columns of the given kind.

    `kind` is how cells are read: ``float64``, ``int64``, ``uint64`` or ``bool``.
    """

    entry: str | None
    columns: str | tuple[str, ...] | None
    kind: str


def refuse(code: str, message: str, *path: str | int, found: str | None = None,
           expected: str | None = None, hint: str | None = None) -> DataError:  # fmt: skip
    """A DataError with one diagnostic; `path` is relative to the entry of the graph.

    >>> refuse("DF0522", "there is no file `x.npy`", "source").diagnostics[0].path
    ('source',)
    """
    return DataError(Diagnostic(code, message, path, found=found, expected=expected, hint=hint))


def refuse_damaged(name: str, reason: object) -> DataError:
    """What a file of a known format is answered with that does not keep to it."""
    return refuse("DF0525", f"`{name}` is damaged or not what its name says: {reason}", "source",
                  hint="write the file again")  # fmt: skip


def refuse_bomb(name: str, expanded: int, packed: int) -> None:
    """Refuse packed data that unpacks to very much more than it is.

    >>> refuse_bomb("x.npz", 10**9, 10**6)
    """
    if expanded > MAX_EXPANDED and expanded > MAX_RATIO * packed:
        raise refuse("DF0533", f"`{name}` would grow from {packed:,} to {expanded:,} bytes", "source",
                     expected=f"at most {MAX_EXPANDED:,} bytes, or {MAX_RATIO} times the packed size",
                     hint="store it uncompressed if it is meant to be that large")  # fmt: skip


def missing_library(name: str, library: str, extra: str) -> ResourceError:
    """What a file is answered with whose library is not installed."""
    return ResourceError(
        Diagnostic("DF0560", f"reading `{name}` needs the package `{library}`, which is not installed", ("source",),
                   hint=f'pip install "dataflow-autodiff[{extra}]"')
    )  # fmt: skip


def listing(names: Iterable[str], most: int = 10) -> str:
    """Names for a message.

    >>> listing(["a", "b", "c"], most=2)
    '`a`, `b` and 1 more'
    """
    names = list(names)
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")


def meant(word: str, known: Iterable[str], otherwise: str | None = None) -> str | None:
    """A hint with the known word that was probably meant."""
    close = suggest(word, known)
    return f"did you mean `{close}`?" if close is not None else otherwise


@contextmanager
def open_inside(name: str, base: str, *, anywhere: bool = False) -> Iterator[DataFile]:
    """The regular file `name` in the folder `base`, for reading; `anywhere` allows it to lie outside.

    Raises DataError for a name that is no file inside `base`, and for a file that changes while it is
    being read; ResourceError where reading is not allowed or fails.
    """
    target = _resolve(name, base, anywhere)
    try:
        before = os.stat(target)
        _check_regular(name, before)
        # A file swapped for a pipe or a link since then neither blocks nor is followed.
        descriptor = os.open(target, _FLAGS)
    except OSError as error:
        raise _explain(name, target, base, error) from error
    with os.fdopen(descriptor, "rb") as stream:
        if _identity(os.fstat(descriptor)) != _identity(before):
            raise _refuse_changed(name)
        try:
            yield DataFile(stream, name, target, before.st_size)
            after = {_identity(os.fstat(descriptor)), _identity(os.stat(target))}
        except FileNotFoundError as error:
            raise _refuse_changed(name) from error
        except OSError as error:
            raise _explain(name, target, base, error) from error
        if after != {_identity(before)}:
            raise _refuse_changed(name)


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns)


def _refuse_changed(name: str) -> DataError:
    return refuse("DF0534", f"`{name}` changed while it was being read", "source", hint="run again when it is complete")


def _resolve(name: str, base: str, anywhere: bool) -> str:
    """The path of `name` with links resolved, refused if it lies outside `base`."""
    _check_name(name)
    base = os.path.realpath(base)
    target = os.path.realpath(os.path.join(base, name))
    if anywhere:
        return target
    last = re.split(r"[\\/]", name)[-1]
    hint = f"write `{last}`, and copy the file into {base} or name its folder with --data-root"
    if os.path.isabs(name) or _WINDOWS_ABSOLUTE.match(name):
        raise refuse("DF0520", f"`{name}` is an absolute path", "source", hint=hint,
                     expected="a path relative to the graph's folder")  # fmt: skip
    if not _is_inside(os.path.normpath(os.path.join(base, name)), base):
        raise refuse("DF0520", f"`{name}` is outside the folder that data may come from", "source", hint=hint)
    if not _is_inside(target, base):
        raise refuse("DF0520", f"`{name}` is a link to a place outside the folder that data may come from", "source",
                     found=target, hint=hint)  # fmt: skip
    return target


def _is_inside(path: str, base: str) -> bool:
    return path == base or path.startswith(base.rstrip(os.sep) + os.sep)


def _check_name(name: str) -> None:
    if "://" in name:
        raise refuse("DF0521", f"`{name}` is an address; data is read from files only", "source",
                     hint="download it and put the file beside the graph")  # fmt: skip
    try:
        usable = name != "" and "\0" not in name and bool(os.fsencode(name))
    except UnicodeEncodeError:
        usable = False
    if not usable:
        raise refuse("DF0521", f"{name!a} cannot be the name of a file", "source")


def _check_regular(name: str, status: os.stat_result) -> None:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        raise refuse("DF0523", f"`{name}` is {kinds.get(kind, 'a device')}, not a file", "source",
                     expected="a regular file")  # fmt: skip


def _explain(name: str, target: str, base: str, error: OSError) -> DataError | ResourceError:
    """The diagnostic for what the operating system answered."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return refuse("DF0522", f"there is no file `{name}` in {os.path.realpath(base)}", "source",
                      hint=_similar(name, target))  # fmt: skip
    if error.errno == errno.ELOOP:
        return refuse("DF0523", f"`{name}` is a link that leads to itself", "source", expected="a regular file")
    if error.errno == errno.ENAMETOOLONG:
        return refuse("DF0521", f"`{name[:40]}...` is too long to be the name of a file", "source")
    if isinstance(error, PermissionError):
        message = f"`{name}` may not be read: permission denied"
        return ResourceError(Diagnostic("DF0561", message, ("source",), found=target))
    message = f"`{name}` cannot be read: {error.strerror or error}"
    return ResourceError(Diagnostic("DF0562", message, ("source",), found=target))


def _similar(name: str, target: str) -> str | None:
    """A hint with a file of the same folder that was probably meant."""
    folder, last = os.path.split(target)
    try:
        names = os.listdir(folder)
    except OSError:
        parent = os.path.dirname(name)
        return f"there is no folder `{parent}`" if parent else f"there is no folder {folder}"
    if "\\" in name and os.sep == "/":
        return f"write `{name.replace(chr(92), '/')}`"
    close = suggest(last, names)
    return None if close is None else f"did you mean `{os.path.join(os.path.dirname(name), close)}`?"
