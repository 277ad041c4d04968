"""How differences are printed: equations as in a diff, with the line numbers of both files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dataflow.cli.diff_entries import describe_element, shorten, show_entry, show_pairs
from dataflow.cli.reports import print_lines

if TYPE_CHECKING:
    from dataflow.comparison import Change, GraphComparison
    from dataflow.comparison.entries import Entry

KINDS = {"inputs": "an input", "parameters": "a parameter", "nodes": "a node"}


def print_changes(changes: GraphComparison, files: tuple[str, str]) -> None:
    """The changes by section, each with the lines of both files; one line if there are none."""
    if not changes.changes:
        print_lines("the same graph" + (", its entries in another order" if changes.reordered else ""))
        return
    entries = [entry for change in changes.changes for entry in (change.old, change.new) if entry is not None]
    width = max(len(str(entry.line or "")) for entry in entries)
    lines = [f"--- {files[0]}", f"+++ {files[1]}"]
    section = None
    for change in changes.changes:
        if change.section != section:
            section = change.section
            lines += ["", section] if section else [""]
        lines += _list_lines(change, width)
    print_lines(*lines, "", ", ".join(f"{count:,} {kind}" for kind, count in changes.counts.items()))


def _list_lines(change: Change, width: int) -> Iterator[str]:
    old, new = change.old, change.new
    blank = f"  {'':>{width}} {'':>{width}}   "

    def mark(sign: str, text: str, before: Entry | None = None, after: Entry | None = None) -> str:
        lines = ("" if entry is None else str(entry.line or "") for entry in (before, after))
        return "  " + " ".join(f"{line:>{width}}" for line in lines) + f" {sign} {text}"

    if old is None or new is None:
        for sign, entry in (("-", old), ("+", new)):
            if entry is not None:
                yield mark(sign, shorten(show_entry(entry)), old, new)
        return
    if change.kind == "renamed":
        yield mark("~", shorten(f"{old.name} -> {show_entry(new)}"), old, new)
    for before, after in show_pairs(change):
        if before is not None:
            yield mark("-", before, old)
        if after is not None:
            yield mark("+", after, None, new)
    if old.section != new.section:
        yield f"{blank}it was {KINDS[old.section]} and is {KINDS[new.section]}"
    if "value" in change.fields and (where := describe_element(old.fields.get("value"), new.fields.get("value"))):
        yield f"{blank}{where}"
