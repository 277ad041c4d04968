"""Writing files whole or not at all, also when the run is killed or the disk is full.

What is written goes to a temporary file in the same folder first, reaches the disk, and takes the place of the
old file in one step. A run that is killed can leave only its temporary file, whose name begins with
`TEMPORARY`; the next run in that folder removes it once nobody has written to it for an hour. (Should a run
have slept for that long, its write fails with a diagnostic; nothing is damaged.)

Runs that write into one folder at once take turns for the moment of replacing (a lock on the folder, where the
system has such locks), so that a file and those that stand beside it always belong together.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from dataflow.places import StrPath as StrPath
from dataflow.places import check_replaceable, explain, find_place, refuse, write_special
from dataflow.places import is_result as is_result
from dataflow.places import read_head as read_head

if TYPE_CHECKING:
    from types import TracebackType

TEMPORARY = ".dataflow-"
STALE_SECONDS = 3600.0
LOCK_SECONDS = 60.0


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
                check_replaceable(path, head)
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
        write_special(self.place.path, parts)


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
                raise refuse(
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
