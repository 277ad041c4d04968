"""How problems and tables are printed: one plain writer for terminals, pipes and files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from dataflow.errors import Diagnostic

MAX_PROBLEMS = 100  # as text; `--format json` has them all


def print_problems(problems: Iterable[Diagnostic], *, as_json: bool) -> None:
    """Problems as text on standard error, or as JSON on standard output."""
    problems = list(problems)
    if as_json:
        print_json({"diagnostics": [item.as_data() for item in problems]})
        return
    shown = "\n\n".join(map(str, problems[:MAX_PROBLEMS]))
    print(shown, file=sys.stderr)
    if len(problems) > MAX_PROBLEMS:
        print(f"\n... and {len(problems) - MAX_PROBLEMS} more; --format json lists all", file=sys.stderr)
    codes = sorted({item.code for item in problems if item.severity == "error"})
    if codes:
        print(f"\n`dataflow errors {codes[0]}` explains what this means", file=sys.stderr)


def print_json(data: object) -> None:
    """Data as JSON on standard output."""
    from json import dumps

    print(dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def print_table(rows: Sequence[Sequence[str]], *, align: str) -> None:
    """Rows in columns; `align` has `<` or `>` for each.

    >>> print_table([("", "value"), ("a", "5"), ("J", "33")], align="<>")
       value
    a      5
    J     33
    """
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            " " * (width - display_width(cell)) + cell if side == ">" else cell + " " * (width - display_width(cell))
            for cell, width, side in zip(row, widths, align, strict=True)
        ]
        print("  ".join(cells).rstrip())


def display_width(text: str) -> int:
    """How many columns a text takes on a terminal: two for wide East Asian characters.

    >>> display_width("ab"), display_width("\\u56fe")
    (2, 2)
    """
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)
