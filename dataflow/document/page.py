"""Lines of text on their way to a file, with the comments that stand at their ends brought to one column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

WIDTH = 120  # for the sake of those around it a comment is not pushed beyond this column ...
FAR = 40  # ... nor farther than this from its text
GAP = 2  # least number of blanks between a text and its comment
CLOSE = 3  # so many are not there to reach a column
STEP = 2  # blanks by which what stands within something is indented


class Noted(NamedTuple):
    """A line with a comment at its end: the column where that stood, and the number of blanks before it.

    `follows`: the comment goes on with that in the line above.
    """

    text: str
    comment: str
    column: int
    gap: int
    follows: bool = False


Line = str | Noted


class Page:
    """Finished lines, and the line that is being written, if there is one."""

    __slots__ = ("line", "lines")

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.line: str | None = None

    def write(self, text: str, indent: int = 0) -> None:
        """Add to the line; where none is open, open one with this indentation."""
        self.line = f"{' ' * indent}{text}" if self.line is None else self.line + text

    def value(self, text: str, indent: int) -> None:
        """Add a value: one blank after what introduces it, or in a line of its own."""
        self.write(text if self.line is None else f" {text}", indent)

    def end(self, comment: str = "", column: int = 0, gap: int = 0) -> None:
        """Finish the line that is open, with a comment if one stood at its end."""
        if self.line is not None:
            text, self.line = self.line, None
            self.lines.append(Noted(text, comment, column, gap) if comment else text)

    def add(self, line: Line) -> None:
        """A line as it is."""
        self.lines.append(line)

    def skip(self) -> None:
        """One blank line, unless there is one or nothing stands above it."""
        if self.lines and self.lines[-1] != "":
            self.lines.append("")


def measure(text: str) -> int:
    """How many columns a text takes: two for a wide letter, a tab goes on to the next multiple of eight.

    >>> measure("a: 1"), measure("图"), measure("\\t")
    (4, 2, 8)
    """
    text = text.expandtabs()
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def align(lines: Iterable[Line]) -> Iterator[str]:
    """The lines as text, comments of lines that follow each other in one column.

    >>> list(align([Noted("a: 5", "# one", 9, 5), Noted("width: 10", "# two", 12, 3), "c: 1"]))
    ['a: 5        # one', 'width: 10   # two', 'c: 1']
    """
    run: list[Noted] = []
    for line in lines:
        if isinstance(line, Noted):
            run.append(line)
            continue
        if run:
            yield from _align_run(run)
            run = []
        yield line
    if run:
        yield from _align_run(run)


def _align_run(run: list[Noted]) -> Iterator[str]:
    """Close to the longest line if its comment stood close, else in the leftmost column that leaves all lines room.

    What is decided depends on where the comments would stand by themselves alone, and it is the same once they do.
    """
    ends = [measure(line.text) for line in run]
    own: list[int] = []
    for line, end in zip(run, ends, strict=True):
        close = end + max(line.gap, GAP)
        own.append(own[-1] if line.follows and own else close if line.gap <= CLOSE else max(line.column, end + GAP))
    longest = max(ends)
    common = min(column for column, end in zip(own, ends, strict=True) if end == longest)
    if common > longest + CLOSE:
        common = min(column for column in own if column >= longest + GAP)
    pushed = any(
        column < common and (common > end + FAR or column + length <= WIDTH < common + length)
        for column, end, length in zip(own, ends, [measure(line.comment) for line in run], strict=True)
    )
    for line, end, column in zip(run, ends, own, strict=True):
        yield f"{line.text}{' ' * ((column if pushed else common) - end)}{line.comment}"
