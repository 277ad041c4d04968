"""What stands in brackets: on one line it gets one spacing, over several its lines stay and move with the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from dataflow.document.page import STEP, Noted, Page, measure

_USUAL = frozenset(["", ", ", ": ", "[", "{", "]", "}", ": [", ": {", ", [", "], [", "], ", "]}", "}}", "[["])
_PIECE = re.compile(r"#[^\n]*|\n|[ \t]+|.")


class Token(NamedTuple):
    """A part that is written as it is, or as `text` says; an alias keeps its blank before a colon."""

    start: int
    end: int
    text: str
    alias: bool = False


class Shift(NamedTuple):
    """How far the lines of a value move: with its first character those that are aligned to it, else with its entry."""

    start: int
    new_start: int
    indent: int
    new_indent: int

    def move(self, column: int, *, closing: bool = False) -> int:
        """Where a line goes that began in this column.

        >>> Shift(start=8, new_start=6, indent=4, new_indent=2).move(9), Shift(8, 6, 4, 2).move(6)
        (7, 4)
        """
        if column >= self.start:
            return column - self.start + self.new_start
        return max(column - self.indent + self.new_indent, self.new_indent + (0 if closing else STEP))


def write_brackets(
    page: Page, text: str, begin: int, end: int, tokens: Iterable[Token], shift: Shift, *, row: bool = False
) -> None:
    """Write the collection in brackets that stands in `text` from `begin` to `end`.

    Blanks within it stay where they may align columns: if it goes over several lines, or is a row among others.
    """
    if row or "\n" in text[begin:end]:
        _Spread(page, text, begin, shift).write(tokens, end)
    else:
        page.write(_tighten(text, begin, end, tokens))


def write_lines(page: Page, text: str, shift: Shift, *, quoted: bool) -> None:
    """Write a text in quotes, or a plain one, that goes over several lines."""
    first, *rest = text.split("\n")
    page.write(_strip_end(first, quoted))
    for line in rest:
        page.end()
        content = _strip_end(line.lstrip(" \t"), quoted)
        page.write(content, shift.move(measure(line[: len(line) - len(line.lstrip(" \t"))])) if content else 0)


def _strip_end(line: str, quoted: bool) -> str:
    stripped = line.rstrip(" \t")
    return line if quoted and stripped.endswith("\\") else stripped


def _tighten(text: str, begin: int, end: int, tokens: Iterable[Token]) -> str:
    """One line: `{key: value, key: value}`, `[1, 2]`."""
    parts: list[str] = []
    at, alias = begin, False
    for token in tokens:
        parts += (_space(text[at : token.start], alias), token.text)
        at, alias = token.end, token.alias
    return "".join([*parts, _space(text[at:end], alias)])


def _space(between: str, after_alias: bool) -> str:
    """The punctuation between two tokens, with one blank after commas and colons, none before brackets that close."""
    if between in _USUAL and not after_alias:
        return between
    marks = re.sub(r"\s+", "", between)
    if marks in (",", ":") and not after_alias:
        return f"{marks} "
    marks = re.sub(r",(?=[\]}])", "", marks)
    spaced = re.sub(r"([,:?])", r"\1 ", marks)
    after_anchor = marks[:1] in ("[", "{") and between[0] != marks[0]
    return f" {spaced}" if after_anchor or (after_alias and marks[:1] == ":") else spaced


class _Spread:
    """Writes line by line what may go over several; blanks within lines stay as they are."""

    def __init__(self, page: Page, text: str, begin: int, shift: Shift) -> None:
        self.page, self.text, self.shift = page, text, shift
        self.at = begin
        self.line_start = text.rfind("\n", 0, begin) + 1
        self.fresh = False  # nothing has been written into this line yet
        self.noted = False  # this line has had its comment
        self.blanks = ""
        self.divided = False  # what was written last asks for a blank

    def write(self, tokens: Iterable[Token], end: int) -> None:
        for token in tokens:
            self.pass_over(token.start)
            self.take(token)
        self.pass_over(end)

    def pass_over(self, end: int) -> None:
        """Write the punctuation, comments and line ends up to a place."""
        for match in _PIECE.finditer(self.text, self.at, end):
            piece = match[0]
            if piece == "\n":
                self.break_line(match.end())
            elif piece[0] in " \t":
                self.blanks = piece
            elif piece[0] == "#":
                self.note(piece.rstrip(), measure(self.text[self.line_start : match.start()]), len(self.blanks))
            else:
                self.put(piece, closing=piece in "]}")
        self.at = end

    def take(self, token: Token) -> None:
        first, *rest = token.text.split("\n")
        self.put(first)
        if rest:
            write_lines(self.page, "\n".join(["", *rest]), self.shift, quoted='"' in token.text)
            self.line_start = self.text.rfind("\n", 0, token.end) + 1
        self.at = token.end
        self.divided = False

    def put(self, piece: str, *, closing: bool = False) -> None:
        if self.fresh:
            self.page.write(piece, self.shift.move(measure(self.blanks), closing=closing))
        else:
            blank = self.divided and piece not in "]},"
            self.page.write((self.blanks or " " * blank) + piece)
        self.fresh, self.blanks, self.divided = False, "", piece in ",:"

    def break_line(self, start: int) -> None:
        if not self.noted:
            if self.fresh:
                self.page.skip()
            self.page.end()
        self.fresh, self.noted, self.blanks, self.line_start = True, False, "", start

    def note(self, comment: str, column: int, gap: int) -> None:
        last = self.page.lines[-1] if self.page.lines else ""
        if not self.fresh:
            self.page.end(comment, column, gap)
        elif isinstance(last, Noted) and abs(last.column - column) <= 1:
            self.page.add(last._replace(text="", comment=comment, follows=True))
        else:
            self.page.add(" " * self.shift.move(column) + comment)
        self.noted = True
