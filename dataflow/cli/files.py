"""Files that commands write for people to keep: never over a file of theirs, and whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from dataflow.errors import Diagnostic, ResourceError


def write_new(files: Mapping[str, str]) -> None:
    """Write files that must not exist yet: all of them or none. Raises `ResourceError`.

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.yaml")
    >>> write_new({path: "dataflow: 1"})
    >>> write_new({path: "dataflow: 1"})
    Traceback (most recent call last):
    dataflow.errors.ResourceError: error[DF0813]: cannot write ...: it exists already
      = help: choose another name, or remove this one first
    """
    written: list[str] = []
    try:
        for path, text in files.items():
            _create(path, text.encode(), written)
    except BaseException:
        for path in written:
            with suppress(OSError):
                os.unlink(path)
        raise


def _create(path: str, data: bytes, written: list[str]) -> None:
    from dataflow.places import describe_lost_folder, explain

    try:
        with open(path, "xb") as stream:
            written.append(path)
            stream.write(data)
    except FileExistsError:
        raise ResourceError(Diagnostic("DF0813", f"cannot write `{path}`: it exists already",
                                       hint="choose another name, or remove this one first")) from None  # fmt: skip
    except FileNotFoundError:
        folder = os.path.dirname(path)
        if not folder and (lost := describe_lost_folder()) is not None:
            raise ResourceError(lost) from None
        raise ResourceError(Diagnostic("DF0804", f"cannot write `{path}`: there is no folder `{folder}`",
                                       hint=f"make it first: `mkdir -p {folder}`")) from None  # fmt: skip
    except OSError as error:
        raise explain(error, path) from error


def write_over(path: str, text: str, *, head: bytes, what: str) -> None:
    """Write a text, in place of an older one that begins with the same head; any other file stays.

    `what` says what such a text is. Raises `ResourceError`.
    """
    from dataflow.places import explain, find_place, write_special

    if not os.path.isfile(path) and find_place(path).special:
        write_special(path, [text.encode()])
        return
    if not os.path.exists(path):
        write_new({path: text})
        return
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(path, "rb") as stream:
            found = stream.read(len(head))
        if found != head:
            raise ResourceError(Diagnostic("DF0813", f"cannot write `{path}`: it exists already and is no {what}",
                                           hint="choose another name with `-o`, or remove this one first"))  # fmt: skip
        write_new({temporary: text})
        os.replace(temporary, path)
    except IsADirectoryError:
        raise ResourceError(
            Diagnostic("DF0805", f"cannot write `{path}`: it is a folder", hint="name a file in it")
        ) from None
    except OSError as error:
        raise explain(error, path) from error
    finally:
        with suppress(OSError):
            os.unlink(temporary)
