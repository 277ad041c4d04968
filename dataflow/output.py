"""Writing files whole or not at all, also when the run is killed or the disk is full.

What is written goes to a temporary file in the same folder first, reaches the disk, and takes the place of the
old file in one step. A run that is killed can leave only its temporary file, whose name begins with
`TEMPORARY`; the next run in that folder removes it once nobody has written to it for an hour. (Should a run
have slept for that long, its write fails with a diagnostic; nothing is damaged.)

Runs that write into one folder at once take turns for the moment of replacing (a lock on the folder, where the
system has such locks), so that a file and those that stand beside it always belong together.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, NamedTuple

from dataflow.errors import Diagnostic, ResourceError

if TYPE_CHECKING:
    from types import TracebackType

TEMPORARY = ".dataflow-"
STALE_SECONDS = 3600.0
LOCK_SECONDS = 60.0
HEAD_BYTES = 4096
IDENTIFYING_BYTES = 64

StrPath = str | os.PathLike[str]


class Place(NamedTuple):
    """Where output goes: links resolved; `mode` is that of the file that is there already, if one is.

    A `special` place (a device, a pipe, this process' own output) is written to directly, never replaced.
    """

    path: str
    special: bool = False
    mode: int | None = None


def find_place(path: StrPath) -> Place:
    """Where output for this path would go. Raises `ResourceError` if that can be seen to fail before writing.

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
        return _find_place(text)
    except OSError as error:
        raise explain(error, text) from error
    except ValueError as error:  # NUL, or characters that the file system cannot hold
        raise _refuse("DF0808", text, f"it is no name of a file ({error})", "choose another name") from error


def write_whole(path: StrPath, data: bytes) -> None:
    """Write a file whole or not at all. A file that is there already must be a result of an earlier run.

    Raises `ResourceError`; then nothing has changed and no temporary file is left.

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "notes.txt")
    >>> write_whole(path, b"mine")
    >>> write_whole(path, b"yours")
    Traceback (most recent call last):
    dataflow.errors.ResourceError: error[DF0803]: cannot write ...: it exists and is no result of dataflow
      = help: name another file with `-o`, or remove this one first
    """
    with Output(path) as output:
        if output.place.special:
            output.write_directly([data])
        else:
            output.publish([(output.stage(lambda stream: stream.write(data)), output.place.path)])


class Output:
    """Files on their way to one place: staged under temporary names, then published together.

    To be used in a `with` statement, which turns every `OSError` into a `ResourceError` and removes what was
    staged and not published, whatever happens.
    """

    __slots__ = ("_staged", "place")

    def __init__(self, path: StrPath) -> None:
        self.place = find_place(path)
        self._staged: list[str] = []

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for temporary in self._staged:
            with suppress(OSError):
                os.unlink(temporary)
        if isinstance(error, OSError):
            raise explain(error, self.place.path) from error

    def stage(self, fill: Callable[[IO[bytes]], object]) -> str:
        """Write a temporary file with `fill` and see it onto the disk; its path."""
        name = f"{TEMPORARY}{os.getpid()}-{os.urandom(8).hex()}.tmp"
        temporary = os.path.join(os.path.dirname(self.place.path), name)
        self._staged.append(temporary)  # before it exists, so that no interruption can come between
        with open(temporary, "xb") as stream:
            if self.place.mode is not None:
                os.chmod(temporary, self.place.mode)
            fill(stream)
            stream.flush()
            os.fsync(stream.fileno())
        return temporary

    def publish(
        self,
        files: Sequence[tuple[str, str]],
        obsolete: Callable[[bytes], str | None] = lambda head: None,
    ) -> None:
        """Give staged files their final paths, in this order.

        `obsolete` is given the first bytes of the file that was replaced (none if there was none) and names
        the file beside it that nobody needs any more.
        """
        folder, path = os.path.dirname(self.place.path), self.place.path
        with _lock(folder) as descriptor:
            head = read_head(path)
            if head is not None:
                _check_replaceable(path, head)
            for temporary, final in files:
                os.replace(temporary, final)
            if descriptor is not None:
                with suppress(OSError):  # not every file system can
                    os.fsync(descriptor)
            with suppress(OSError):  # what was to be written is written
                unneeded = obsolete(head or b"")
                if unneeded is not None:
                    os.unlink(os.path.join(folder, unneeded))
            _remove_stale(folder)

    def write_directly(self, parts: Sequence[bytes]) -> None:
        """Write to a special place."""
        descriptor = os.open(self.place.path, os.O_WRONLY | os.O_APPEND)
        with open(descriptor, "wb") as stream:
            stream.writelines(parts)


def is_result(head: bytes) -> bool:
    r"""Whether a file that begins with these bytes is a result.

    >>> is_result(b'{\n  "dataflow_result": 1,'), is_result(b'{"dataflow": 1}')
    (True, False)
    """
    words = head[:IDENTIFYING_BYTES].split(b'"dataflow_result"')
    return len(words) > 1 and words[0].split() == [b"{"] and words[1].lstrip()[:1] == b":"


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
    return _refuse(code, path, reason, hint)


def _refuse(code: str, path: str, reason: str, hint: str) -> ResourceError:
    shown = path if len(path) <= 200 else f"{path[:100]}...{path[-90:]}"
    return ResourceError(Diagnostic(code, f"cannot write `{shown}`: {reason}", hint=hint))


def _find_place(text: str) -> Place:
    if not text:
        raise ValueError("it is empty")
    try:
        found = os.stat(text)
    except FileNotFoundError:
        found = None
    if (found is not None and stat.S_ISDIR(found.st_mode)) or text.endswith(os.sep):
        raise _refuse("DF0805", text, "it is a folder", "name a file in it")
    if found is not None and (not stat.S_ISREG(found.st_mode) or _is_own_stream(text)):
        return Place(text, special=True)
    real = os.path.realpath(text)
    folder = os.path.dirname(real)
    if not os.path.exists(folder):
        raise _refuse("DF0804", text, f"there is no folder `{folder}`", f"make it first: `mkdir -p {folder}`")
    if not os.path.isdir(folder):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, f"nothing can be written to the folder `{folder}`")
    if found is None:
        return Place(real)
    if not os.access(real, os.W_OK):
        raise PermissionError(errno.EACCES, "it is write-protected")
    _check_replaceable(text, read_head(real) or b"")
    return Place(real, mode=stat.S_IMODE(found.st_mode) & 0o777)


def _is_own_stream(text: str) -> bool:
    """Whether the path names an open stream of this process, though the stream may be a regular file."""
    absolute = os.path.abspath(text)
    return absolute in ("/dev/stdout", "/dev/stderr") or absolute.startswith(("/dev/fd/", "/proc/self/fd/"))


def _check_replaceable(path: str, head: bytes) -> None:
    if head and not is_result(head):  # an empty file, as mktemp makes them, has nothing to lose
        raise _refuse(
            "DF0803", path, "it exists and is no result of dataflow",
            "name another file with `-o`, or remove this one first",
        )  # fmt: skip


@contextmanager
def _lock(folder: str) -> Iterator[int | None]:
    """Hold the folder against other runs; gives its descriptor, or None where folders cannot be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows; a folder that may be written to and not read
        yield None
        return
    try:
        _wait_for_lock(descriptor, folder)
        yield descriptor
    finally:
        os.close(descriptor)  # and with it the lock


def _wait_for_lock(descriptor: int, folder: str) -> None:
    try:
        import fcntl
    except ImportError:
        return
    limit = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > limit:
                raise _refuse(
                    "DF0812", folder, f"another program has locked this folder for {LOCK_SECONDS:.0f} seconds",
                    "end the other program, or choose another folder with `-o`",
                ) from None  # fmt: skip
            time.sleep(0.005)
        except OSError:  # a file system without locks
            return


def _remove_stale(folder: str) -> None:
    """Remove temporary files that killed runs left behind."""
    limit = time.time() - STALE_SECONDS
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(TEMPORARY) and entry.name.endswith(".tmp"):
                with suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mtime < limit:
                        os.unlink(entry.path)
