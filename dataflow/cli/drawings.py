"""Files of drawings: one of an earlier run is replaced, anything else stays."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from dataflow.errors import Diagnostic, ResourceError
from dataflow.output import TEMPORARY, write_whole
from dataflow.places import explain, find_place

HEAD_BYTES = 4096


def find_drawing(path: str) -> bool:
    """Whether a drawing is there already. Raises `ResourceError` if none can be written there."""
    try:
        if find_place(path).special:
            return False
    except ResourceError as error:
        if error.diagnostics[0].code != "DF0803":  # a file that is no result: it may be a drawing
            raise
    if not os.path.exists(path):
        return False
    from dataflow.drawing.marks import is_drawing

    try:
        with open(path, "rb") as stream:
            content = stream.read(HEAD_BYTES)
            if content.startswith(b"```"):  # what else stands in the file counts as well
                content += stream.read()
    except OSError as error:
        raise explain(error, path) from error
    if content and not is_drawing(content):
        raise ResourceError(
            Diagnostic(
                "DF0813", f"cannot write `{path}`: it exists already and is no drawing",
                hint="choose another name with `-o`, or remove this one first",
            )
        )  # fmt: skip
    return True


def write_drawing(path: str, content: bytes) -> None:
    """Write a drawing whole or not at all, in place of an earlier one if there is one. Raises `ResourceError`."""
    if not find_drawing(path):
        write_whole(path, content)
        return
    real = os.path.realpath(path)
    temporary = os.path.join(os.path.dirname(real), f"{TEMPORARY}{os.getpid()}-{os.urandom(8).hex()}.tmp")
    try:
        write_whole(temporary, content)
        os.chmod(temporary, stat.S_IMODE(os.stat(real).st_mode) & 0o777)
        os.replace(temporary, real)
    except OSError as error:
        raise explain(error, path) from error
    finally:
        with suppress(OSError):
            os.unlink(temporary)
