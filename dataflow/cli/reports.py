"""How problems and tables are printed: one plain writer for terminals, pipes and files.

Everything that commands print goes through `print_lines`, `print_bytes` and `warn`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from dataflow.errors import Diagnostic, ResourceError, escape

MAX_PROBLEMS = 100  # as text; `--format json` has them all


class OutputError(ResourceError):
    """Standard output takes no more."""


def print_problems(problems: Iterable[Diagnostic], *, as_json: bool) -> None:
    """Problems as text on standard error, or as JSON on standard output."""
    problems = list(problems)
    if as_json:
        print_json({"diagnostics": [item.as_data() for item in problems]})
        return
    warn("\n\n".join(map(str, problems[:MAX_PROBLEMS])))
    if len(problems) > MAX_PROBLEMS:
        warn(f"\n... and {len(problems) - MAX_PROBLEMS} more; --format json lists all")
    codes = sorted({item.code for item in problems if item.severity == "error"})
    if codes:
        warn(f"\n`dataflow errors {codes[0]}` explains what this means")


def warn(text: str) -> None:
    """A text on standard error, if anybody listens there. What strangers wrote is to be escaped already."""
    if sys.stderr is not None:  # else `print` would take standard output
        with suppress(OSError, ValueError):
            print(text, file=sys.stderr)


def print_lines(*lines: str) -> None:
    """Lines on standard output; a character that a terminal might obey becomes an escape."""
    with _standard_output():
        print("\n".join(map(escape, lines)))


def print_json(data: object) -> None:
    """Data as JSON on standard output."""
    from json import dumps

    print_bytes(encode(dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"))


def encode(json: str) -> bytes:
    r"""JSON in UTF-8; half of a character, as in the name of a file that is not UTF-8, becomes its escape.

    >>> encode('"d\udcff"')
    b'"d\\udcff"'
    """
    return json.encode("utf-8", "backslashreplace")


def print_bytes(data: bytes) -> None:
    """Bytes on standard output as they are, whatever its encoding, after what was printed before."""
    with _standard_output():
        sys.stdout.flush()
        buffer = getattr(sys.stdout, "buffer", None)
        if buffer is None:  # who embeds the command may have put any stream of text there
            sys.stdout.write(data.decode())
        else:
            buffer.write(data)


def flush_output() -> None:
    """See what was printed onto its way."""
    with _standard_output():
        sys.stdout.flush()


@contextmanager
def _standard_output() -> Iterator[None]:
    """Within it an OSError is one of standard output; a reader that has left is no news to anybody."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(Diagnostic("DF0811", f"cannot write to standard output: {reason}")) from error


def print_table(rows: Sequence[Sequence[str]], *, align: str) -> None:
    """Rows in columns; `align` has `<` or `>` for each.

    >>> print_table([("", "value"), ("a", "5"), ("J", "33")], align="<>")
       value
    a      5
    J     33
    """
    shown = [[escape(cell) for cell in row] for row in rows]
    widths = [max(map(display_width, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        cells = [
            " " * (width - display_width(cell)) + cell if side == ">" else cell + " " * (width - display_width(cell))
            for cell, width, side in zip(row, widths, align, strict=True)
        ]
        print_lines("  ".join(cells).rstrip())


def display_width(text: str) -> int:
    """How many columns a text takes on a terminal: two for wide East Asian characters.

    >>> display_width("ab"), display_width("\\u56fe")
    (2, 2)
    """
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)
