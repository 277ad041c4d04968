"""Where output goes: which places can be written to, and what is said about those that cannot."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from dataflow.errors import Diagnostic, ResourceError

HEAD_BYTES = 4096
IDENTIFYING_BYTES = 64
READER_SECONDS = 1.0  # a pipe waits so long for its reader, which may just have been started

StrPath = str | os.PathLike[str]


class Place(NamedTuple):
    """Where output goes: links resolved; `mode` is that of the file that is there already, if one is.

    A `special` place (a device, a pipe, this process' own output) is written to directly, never replaced.
    """

    path: str
    special: bool = False
    mode: int | None = None


def check_replaceable(path: str, head: bytes) -> None:
    """Raise `ResourceError` for a file that begins with `head` if it is not to be replaced."""
    if head and not is_result(head):  # an empty file, as mktemp makes them, has nothing to lose
        raise refuse(
            "DF0803", path, "it exists and is no result of dataflow",
            "name another file with `-o`, or remove this one first",
        )  # fmt: skip


def find_place(path: StrPath, check: Callable[[str, bytes], None] = check_replaceable) -> Place:
    """Where output for this path would go. Raises `ResourceError` if that can be seen to fail before writing.

    `check` is given the path and the first bytes of a file that is there already, and raises if that has to stay.

    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> find_place(os.path.join(folder, "J.result.json")).special
    False
    >>> find_place(folder)
    Traceback (most recent call last):
    dataflow.errors.ResourceError: error[DF0805]: cannot write ...: it is a folder
      = help: name a file in it
    """
    text = os.fspath(path)
    try:
        return _find_place(text, check)
    except OSError as error:
        raise explain(error, text) from error
    except ValueError as error:  # NUL, or characters that the file system cannot hold
        raise refuse("DF0808", text, f"it is no name of a file ({error})", "choose another name") from error


def write_special(path: str, parts: Sequence[bytes]) -> None:
    """Write to a device or a pipe. Raises `ResourceError`, also if nobody reads from the pipe."""
    try:
        with open(_open_special(path), "wb") as stream:
            stream.writelines(parts)
    except OSError as error:
        raise explain(error, path) from error


def _open_special(path: str) -> int:
    """A descriptor to write to; a pipe that nobody reads from would be waited for without an end."""
    limit = time.monotonic() + READER_SECONDS
    while True:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0))
        except OSError as error:
            if error.errno != errno.ENXIO or not stat.S_ISFIFO(os.stat(path).st_mode):
                raise
            if time.monotonic() > limit:
                hint = "start the reader first, such as `cat` of it"
                raise refuse("DF0802", path, "nobody reads from this pipe", hint) from error
            time.sleep(0.01)
        else:
            os.set_blocking(descriptor, True)
            return descriptor


def is_standard_output(path: str) -> bool:
    """Whether output for this path goes where standard output goes: `-`, /dev/stdout, the very same open file."""
    if path == "-":
        return True
    try:
        return os.path.samestat(os.stat(path), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError, AttributeError):  # there is none such; it is closed, or only a text in memory
        return False


def describe_lost_folder() -> Diagnostic | None:
    """The diagnostic for a current folder that is gone, or None while it is there."""
    try:
        os.getcwd()
    except OSError:
        return Diagnostic(
            "DF0814", "the current folder is gone: it was removed or moved",
            hint="change to a folder that exists, as with `cd`",
        )  # fmt: skip
    return None


def is_result(head: bytes) -> bool:
    r"""Whether a file that begins with these bytes is a result: an object that says its version first.

    >>> is_result(b'{\n  "dataflow_result": 1,'), is_result(b'{"dataflow": 1}'), is_result(b'{"dataflow_result": "x"}')
    (True, False, False)
    """
    import re

    return re.match(rb'\s*\{\s*"dataflow_result"\s*:\s*\d+\s*([,}]|$)', head[:IDENTIFYING_BYTES]) is not None


def read_head(path: str) -> bytes | None:
    """The first bytes of a regular file, or None if there is none."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        with open(path, "rb") as stream:
            return stream.read(HEAD_BYTES)
    except FileNotFoundError:
        return None


def explain(error: OSError, path: str) -> ResourceError:
    """The diagnostic for what the system refused on the way to `path`."""
    if not os.path.isabs(path) and (lost := describe_lost_folder()) is not None:
        return ResourceError(lost)
    reason = error.strerror or str(error)
    shorter = "choose a shorter name; the file of arrays beside it needs 21 characters more"
    known = {
        errno.EACCES: ("DF0806", "choose another folder with `-o`, or change its permissions"),
        errno.EPERM: ("DF0806", "choose another folder with `-o`, or change its permissions"),
        errno.EROFS: ("DF0806", "choose a folder that can be written to with `-o`"),
        errno.ENOSPC: ("DF0807", "free some space, or choose a folder on another disk with `-o`"),
        errno.EDQUOT: ("DF0807", "free some space, or choose a folder on another disk with `-o`"),
        errno.EFBIG: ("DF0807", "raise the limit on the size of files (`ulimit -f`), or write less with `--only`"),
        errno.ENAMETOOLONG: ("DF0808", shorter),
        errno.ENOTDIR: ("DF0809", "a part of the path is a file, not a folder: check its spelling"),
    }
    code, hint = known.get(error.errno or 0, ("DF0802", "choose another place with `-o`"))
    return refuse(code, path, reason, hint)


def refuse(code: str, path: str, reason: str, hint: str) -> ResourceError:
    """The exception for a path that cannot be written to."""
    shown = path if len(path) <= 200 else f"{path[:100]}...{path[-90:]}"
    return ResourceError(Diagnostic(code, f"cannot write `{shown}`: {reason}", hint=hint))


def _find_place(text: str, check: Callable[[str, bytes], None]) -> Place:
    if not text:
        raise ValueError("it is empty")
    try:
        found = os.stat(text)
    except FileNotFoundError:
        found = None
    if (found is not None and stat.S_ISDIR(found.st_mode)) or text.endswith(os.sep):
        raise refuse("DF0805", text, "it is a folder", "name a file in it")
    if found is not None and (not stat.S_ISREG(found.st_mode) or _is_own_stream(text)):
        return Place(text, special=True)
    real = os.path.realpath(text)
    folder = os.path.dirname(real)
    if not os.path.exists(folder):
        raise refuse("DF0804", text, f"there is no folder `{folder}`", f"make it first: `mkdir -p {folder}`")
    if not os.path.isdir(folder):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, f"nothing can be written to the folder `{folder}`")
    if found is None:
        return Place(real)
    if not os.access(real, os.W_OK):
        raise PermissionError(errno.EACCES, "it is write-protected")
    check(text, read_head(real) or b"")
    return Place(real, mode=stat.S_IMODE(found.st_mode) & 0o777)


def _is_own_stream(text: str) -> bool:
    """Whether the path names an open stream of this process, though the stream may be a regular file."""
    absolute = os.path.abspath(text)
    return absolute in ("/dev/stdout", "/dev/stderr") or absolute.startswith(("/dev/fd/", "/proc/self/fd/"))
