"""Comments on the way through a text: each is kept until the part is met to which it belongs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from dataflow.document.page import STEP, Noted, Page, measure

_LINE = re.compile(r"[ \t]*(#[^\n]*)?(\n)?")


class Comment(NamedTuple):
    """A comment in a line of its own; `blank`: a blank line stands above it."""

    text: str
    column: int
    blank: bool


class Reader:
    """A text with the place that has been reached, the page that is being written, and the comments in between."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.page = Page()
        self.pending: list[Comment] = []  # those on lines of their own since the last part that was written
        self.blank = False  # a blank line stands above what comes next
        self.fresh = True  # nothing has been written yet into the block that is open
        self.open_end = False  # blank lines at the end of what was written belong to its text
        self.after_text = False  # what was written is a text after `|` or `>`: a line indented as it is would be its

    def pass_over(self) -> bool:
        """Read on to the next part and keep the comments on the way; whether it stands in another line.

        A comment at the end of a line is written there, and so is one below that begins in the same column.
        """
        noted: int | None = None  # the column of the comment in the line above, if that is at the end of a line
        first = True
        while (match := _LINE.match(self.text, self.at)) is not None:
            self.at = match.end()
            comment, newline = match.groups()
            if comment is not None:
                column = self.measure_to(match.start(1))
                if first and self.page.line is not None:
                    self.page.end(comment.rstrip(), column, column - self.measure_to(match.start()))
                    noted = column
                elif noted is not None and abs(noted - column) <= 1:
                    self.page.add(Noted("", comment.rstrip(), column, 0, follows=True))
                else:
                    self.pending.append(Comment(comment.rstrip(), column, self.blank))
                    noted, self.blank = None, False
            elif newline is not None:
                self.page.end()
                if not first:
                    noted, self.blank = None, True
            if newline is None:
                break
            first = False
        return not first

    def measure_to(self, place: int) -> int:
        """In which column a place is shown."""
        return measure(self.text[self.text.rfind("\n", 0, place) + 1 : place])

    @property
    def column(self) -> int:
        """The number of characters before the place in its line."""
        return self.at - self.text.rfind("\n", 0, self.at) - 1

    def skip_line(self) -> None:
        """A blank line where one stood, but none at the beginning of a block."""
        if self.blank and not self.fresh:
            self.page.skip()
        self.blank = False

    def put_comments(self, indent: int | None, number: int | None = None) -> None:
        """Write comments that were kept, all or the first of them, with this indentation or, with None, their own."""
        after, chosen = self.blank, self.pending[:number]
        for comment in chosen:
            self.blank = comment.blank
            self.skip_line()
            self.page.add(" " * (comment.column if indent is None else indent) + comment.text)
            self.fresh = self.open_end = self.after_text = False
        self.pending = self.pending[len(chosen) :]
        self.blank = after

    def begin_entry(self, indent: int, column: int) -> None:
        """What stands above an entry: a blank line, comments."""
        self.pass_over()
        if self.pending:
            self.put_deeper(indent, column)
            self.put_comments(indent)
        self.skip_line()
        self.fresh = self.open_end = self.after_text = False

    def begin_value(self, indent: int) -> None:
        """What stands between `key:` and a value below it."""
        if self.pending:
            self.fresh = True
            self.put_comments(indent)
        self.blank = False

    def end_block(self, indent: int, column: int, least: int) -> None:
        """Write the comments at the end of a block: those that are indented by `least` or more, as its entries are.

        What editors commented out begins in the first column: it belongs to the block if more of the block follows.
        """
        self.pass_over()
        if self.pending:
            self.put_deeper(indent, column)
            number = self.count(lambda comment: comment.column >= least or comment.column == 0)
            while number and self.pending[number - 1].column < least:
                number -= 1
            self.put_comments(indent, number)

    def put_deeper(self, indent: int, column: int) -> None:
        """Write the comments right below an entry that are indented further than it: they belong to it."""
        if not self.fresh:
            number = self.count(lambda comment: comment.column >= column + STEP and not comment.blank)
            self.put_comments(indent if self.after_text else indent + STEP, number)

    def count(self, fits: Callable[[Comment], bool]) -> int:
        """How many of the comments that were kept, from the first one on, fit."""
        return next((index for index, comment in enumerate(self.pending) if not fits(comment)), len(self.pending))
