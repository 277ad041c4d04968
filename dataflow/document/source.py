"""The text of a document: its events, its lines, and the place of every key and value in it.

Reading keeps no positions, since a document without problems needs none. The first diagnostic that asks
for its place pays for a second pass over the events, which marks every entry; further ones look it up.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import Any

from dataflow.document.scalars import count_units, find_units, open_events
from dataflow.errors import KEY, Diagnostic, GraphError, Path

_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_BREAK = re.compile(r"\r\n|\r|\n")
_PROPERTIES = r"(?:[!&][^\s,\[\]{}]*(?:\s|#[^\r\n]*(?=[\r\n]))*)+"


def skip_properties(text: str, start: int, end: int) -> int:
    """Where a value begins after its tag and anchor, if it has any.

    >>> skip_properties("&a !!str b", 0, 10)
    9
    """
    match = re.compile(_PROPERTIES).match(text, start, end)
    return match.end() if match else start


class Source:
    r"""A text with the name of its file and the folder beside which its data files lie (None: there is none).

    >>> source = Source("g.yaml", "nodes:\n  u: b * w\n")
    >>> unknown = source.locate(Diagnostic("DF0203", "unknown name `w`", path=("nodes", "u"), span=(4, 5)))
    >>> unknown.place, unknown.source
    ('g.yaml:2:10', '  u: b * w')
    >>> source.locate(Diagnostic("DF0201", "unknown key", path=("nodes", "u", KEY))).place
    'g.yaml:2:3'
    """

    __slots__ = ("_line_starts", "_marks", "_shown", "base", "file", "text")

    def __init__(self, file: str, text: str, base: str | None = None) -> None:
        self.file = file
        self.text = text.removeprefix("\ufeff")  # editors do not count it
        self.base = base
        self._line_starts: list[int] = []
        self._shown = (0, "")
        self._marks: Marks | None = None

    @property
    def lines(self) -> list[str]:
        """The lines as editors count them, without their ends: LF, CR LF and CR end a line, nothing else does."""
        return _BREAK.split(self.text)

    @property
    def marks(self) -> Marks:
        """The places of all entries; made when first asked for."""
        if self._marks is None:
            self._marks = Marks(self.text)
        return self._marks

    def line_of(self, offset: int) -> int:
        """The number of the line, from 1, in which the character at an offset stands."""
        return self.position(offset)[0]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of the character at an offset; the column counts characters.

        >>> Source("g.yaml", "é: 1\\r\\nb: 2").position(9)
        (2, 4)
        """
        if not self._line_starts:
            self._line_starts = [0, *(match.end() for match in _BREAK.finditer(self.text))]
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def locate(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with file, line, column, length and source filled in, from its path and span.

        What has a line already keeps it. A path that leads nowhere points at the key of the last entry that is there.
        """
        if diagnostic.line is not None:
            source = diagnostic.source
            if source is None:
                source = next(iter(self.lines[diagnostic.line - 1 : diagnostic.line]), None)
            return diagnostic._replace(file=diagnostic.file or self.file, source=source)
        found = self.marks.find(diagnostic.path, diagnostic.span)
        return diagnostic._replace(file=self.file) if found is None else self.point(diagnostic, *found)

    def point(self, diagnostic: Diagnostic, start: int, end: int) -> Diagnostic:
        """The diagnostic placed at the characters from `start` to `end`, as far as they are on one line."""
        line, column = self.position(start)
        stop = self._line_starts[line] if line < len(self._line_starts) else len(self.text)
        length = len(self.text[start : min(end, stop)].rstrip())
        if line != self._shown[0]:  # problems that share a line share its text: it may be long, and they many
            self._shown = line, self.text[self._line_starts[line - 1] : stop].rstrip("\r\n")
        source = self._shown[1]
        return diagnostic._replace(file=self.file, line=line, column=column, length=max(1, length), source=source)


class Marks:
    """The places of all entries of a document; each entry is a number, 0 the whole.

    `repeats` gives for the offset of a key that repeats another of its mapping that of the first.
    """

    __slots__ = ("_units", "aliases", "children", "ends", "key_ends", "keys", "repeats", "starts", "text", "values")

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts, self.ends = array("q"), array("q")
        self.keys, self.key_ends = array("q"), array("q")  # -1 where the entry has no key
        self.values: list[str | None] = []  # of scalars
        self.children: dict[int, dict[str | int, int]] = {}
        self.aliases: dict[int, int] = {}
        self.repeats: dict[int, int] = {}
        self._units: tuple[int, list[tuple[int, int]]] = (-1, [])  # of the scalar asked for last
        self._read()

    def _read(self) -> None:
        from yaml import YAMLError

        walk = _Walk(self)
        try:
            for event in iter(open_events(self.text), None):
                walk.take(event)
        except (YAMLError, UnicodeEncodeError):
            return  # reading has said so; what stands before it has been marked

    def find(self, path: Path, span: tuple[int, int] | None) -> tuple[int, int] | None:
        """Start and end of what a path means, or of a span of the scalar there; None if nothing was read."""
        if not self.starts:
            return None
        key_meant = path[-1:] == (KEY,)
        entry = 0
        for element in path[:-1] if key_meant else path:
            children = self.children.get(self.aliases.get(entry, entry), {})
            if element not in children:
                key_meant, span = True, None
                break
            entry = children[element]
        value = self.values[self.aliases.get(entry, entry)]
        if span is not None and value:
            return self._find_span(self.aliases.get(entry, entry), value, *span)
        start, end = self.starts[entry], self.ends[entry]
        if self.keys[entry] >= 0 and (key_meant or start >= end):
            return self.keys[entry], self.key_ends[entry]
        in_block = entry in self.children and self.text[start : start + 1] not in ("{", "[")
        return start, start + 1 if in_block else end

    def _find_span(self, entry: int, value: str, start: int, end: int) -> tuple[int, int]:
        if self._units[0] != entry:
            self._units = entry, find_units(self.text, self.starts[entry], self.ends[entry])
        units = self._units[1]
        first = count_units(value[:start])
        last = max(first, first + count_units(value[start:end]) - 1)
        if first >= len(units):  # after the last character
            stop = units[-1][1] if units else self.starts[entry]
            return stop, stop + 1
        return units[first][0], units[min(last, len(units) - 1)][1]


class _Walk:
    """The entry that is open while the events of a document pass by, and those around it."""

    __slots__ = ("anchors", "children", "entry", "key", "mapping", "marks", "stack")

    def __init__(self, marks: Marks) -> None:
        self.marks = marks
        self.anchors: dict[str, int] = {}
        self.children: dict[str | int, int] = {}
        self.entry = -1
        self.mapping = False
        self.key: tuple[str | int, int, int] | None = None  # of a mapping: the key read last, with its place
        self.stack: list[Any] = []

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        if kind in ("MappingEndEvent", "SequenceEndEvent"):
            self.marks.ends[self.entry] = event.end_mark.index
            self.children, self.entry, self.mapping, self.key = self.stack.pop()
        elif kind in ("ScalarEvent", "AliasEvent"):
            entry = self._mark(event, getattr(event, "value", None))
            if self.mapping and self.key is None:
                text = self.marks.values[self.marks.aliases.get(entry, entry)]
                self.key = (text or "", self.marks.starts[entry], self.marks.ends[entry])
            else:
                self._attach(entry)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            entry = self._mark(event, None)
            after = None
            if self.mapping and self.key is None:  # a collection as key: no path leads there
                after = (entry, event.start_mark.index, event.start_mark.index)
            else:
                self._attach(entry)
            self.stack.append((self.children, self.entry, self.mapping, after))
            self.children = self.marks.children[entry] = {}
            self.entry, self.mapping, self.key = entry, kind == "MappingStartEvent", None

    def _mark(self, event: Any, value: str | None) -> int:
        marks, entry = self.marks, len(self.marks.starts)
        start, end = event.start_mark.index, event.end_mark.index
        if type(event).__name__ == "AliasEvent":
            marks.aliases[entry] = self.anchors.get(event.anchor, entry)
        elif event.anchor is not None:
            self.anchors[event.anchor] = entry
        if value is not None and (event.anchor is not None or event.tag is not None):
            start = skip_properties(marks.text, start, end)
        marks.starts.append(start)
        marks.ends.append(end)
        marks.values.append(value)
        marks.keys.append(-1)
        marks.key_ends.append(-1)
        return entry

    def _attach(self, entry: int) -> None:
        if not self.mapping:
            self.children[len(self.children)] = entry
        elif self.key is not None:
            name, start, end = self.key
            self.marks.keys[entry], self.marks.key_ends[entry] = start, end
            if name in self.children:
                self.marks.repeats[start] = self.marks.keys[self.children[name]]
            else:
                self.children[name] = entry
            self.key = None


def decode(data: bytes, file: str) -> str:
    """The text that bytes stand for: UTF-8, with or without a byte order mark. Raises GraphError if they are not.

    >>> decode(b"\\xef\\xbb\\xbfdataflow: 1", "g.yaml")
    'dataflow: 1'
    """
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:4] == b"\0\0\xfe\xff"
    if wide or (len(data) > 3 and (data[0] == data[2] == 0 != data[3] or data[1] == data[3] == 0 != data[0])):
        message = "the file is UTF-16 or UTF-32, not UTF-8"
        raise GraphError(Diagnostic("DF0104", message, file=file, line=1, column=1, hint="save it as UTF-8"))
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        start = error.start
    offset = len(data[:start].decode("utf-8"))
    problem = Diagnostic(
        "DF0103",
        f"the file is not UTF-8: byte 0x{data[start]:02x} does not belong here",
        hint="save it as UTF-8; it may have been saved in a national encoding such as Latin-1 or GBK",
    )
    raise GraphError(Source(file, data[: start + 200].decode("utf-8", "replace")).point(problem, offset, offset + 1))


def refuse_characters(source: Source) -> None:
    """Raise GraphError if there is a character in a text that no text file has."""
    match = _REFUSED.search(source.text)
    if match is None:
        return
    offset, code = match.start(), ord(match.group())
    more = len(_REFUSED.findall(source.text)) - 1
    also = f", and {more:,} more such character{'s' if more > 1 else ''}" if more else ""
    problem = Diagnostic(
        "DF0105",
        f"a character that no text file has: U+{code:04X}{also}",
        hint="remove it, or write it as an escape in double quotes" if code < 0xD800 else "remove it",
    )
    raise GraphError(source.point(problem, offset, offset + 1))
