"""The text of a graph in YAML, laid out anew from its events: what stands there stays, only its place changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.document.brackets import Shift, Token, write_brackets, write_lines
from dataflow.document.comments import Reader
from dataflow.document.page import STEP
from dataflow.document.scalars import open_events, resolve
from dataflow.document.spelling import respell

if TYPE_CHECKING:
    from dataflow.operators import Operator

# What a value is: an expression, a mapping of them, the whole graph, an item of a list.
PLAIN, EXPRESSION, EXPRESSIONS, GRAPH, ITEM = range(5)

_PROPERTY = re.compile(r"!<[^>\s]*>|[!&][^\s,\[\]{}]*")
_BLANKS = re.compile(r"\s*")
_HEADER = re.compile(r"([|>][-+0-9]*)[ \t]*(#[^\n]*)?")
OPENING = ("MappingStartEvent", "SequenceStartEvent")
CLOSING = ("MappingEndEvent", "SequenceEndEvent")


class Layout(Reader):
    """Reads the events of a text and writes its parts, each entry indented by two blanks more than what it is in.

    `indent` and `column` are everywhere where entries begin: now, and in the text.
    """

    def __init__(self, text: str, operators: Mapping[str, Operator]) -> None:
        super().__init__(text)
        self.operators = operators
        self.linked = False  # an anchor or alias was met
        self._get_event: Callable[[], Any] = open_events(text)

    def next(self) -> Any:
        """The next event."""
        event = self._get_event()
        self.linked = self.linked or getattr(event, "anchor", None) is not None
        return event

    def entry(self, key: Any, indent: int, column: int, role: int) -> None:
        """A key, which has been reached, and its value."""
        start, end = key.start_mark.index, key.end_mark.index
        if start > self.at:
            self._explicit_entry(key, indent, column, role)
            return
        alias = type(key).__name__ == "AliasEvent"
        self.page.write(f"{self.text[start:end]}{' ' if alias else ''}:", indent)
        self.at = self.text.index(":", end) + 1
        self.value(self.next(), indent, column, role)

    def _explicit_entry(self, key: Any, indent: int, column: int, role: int) -> None:
        """`? key` and `: value`, each in a line of its own."""
        self._introduce("?", indent)
        self.value(key, indent, column, PLAIN)
        self.pass_over()
        value = self.next()
        if self.text.startswith(":", self.at) and value.start_mark.index >= self.at:
            self.begin_entry(indent, column)
            self._introduce(":", indent)
            self.value(value, indent, column, role)

    def _introduce(self, mark: str, indent: int) -> None:
        self.page.write(mark, indent)
        self.at += 1

    def _mapping(self, indent: int, column: int, role: int) -> None:
        while type(event := self.next()).__name__ not in CLOSING:
            self.begin_entry(indent, column)
            self.entry(event, indent, column, role)

    def _sequence(self, indent: int, column: int) -> None:
        while type(event := self.next()).__name__ not in CLOSING:
            self.begin_entry(indent, column)
            self._introduce("-", indent)
            self.value(event, indent, column, ITEM)

    def value(self, event: Any, indent: int, column: int, role: int) -> None:
        """What stands after `key:` or `-`."""
        end, kind = event.end_mark.index, type(event).__name__
        block = kind in OPENING and not event.flow_style
        if event.start_mark.index == end and not block:
            return  # nothing stands there
        below = self.pass_over()
        if event.anchor is not None:
            role = PLAIN  # what is repeated elsewhere may be text there
        if event.anchor is not None or event.tag is not None:
            below = self.write_properties(end, indent)
            if self.at >= end and not block:
                return
        if block:
            self._block(kind, indent, column, role, below=below)
            return
        self.begin_value(indent + STEP)
        if kind == "ScalarEvent" and event.style in ("|", ">"):
            self._block_text(event, indent, column)
        else:
            self.inline(event, indent, column, role)

    def write_properties(self, end: int, indent: int) -> bool:
        """Write the tag and the anchor of a value; whether what follows them stands in another line."""
        below = False
        while self.at < end and (match := _PROPERTY.match(self.text, self.at)):
            self.begin_value(indent + STEP)
            self.page.value(match[0], indent + STEP)
            self.at = match.end()
            below = self.at < end and self.pass_over()
        return below

    def _block(self, kind: str, indent: int, column: int, role: int, *, below: bool) -> None:
        inner = self.column
        self.fresh = True
        if not below:
            self.page.write(" ")
            self.blank = False
        if kind == "MappingStartEvent":
            self._mapping(indent + STEP, inner, EXPRESSION if role == EXPRESSIONS else PLAIN)
        else:
            self._sequence(indent + STEP, inner)
        self.end_block(indent + STEP, inner, max(inner, column + 1))

    def inline(self, event: Any, indent: int, column: int, role: int) -> None:
        """A scalar, an alias or a collection in brackets, at the end of the line."""
        self.page.value("", indent + STEP)
        begin, end, kind = self.at, event.end_mark.index, type(event).__name__
        shift = Shift(self.column, len(self.page.line or ""), column, indent)
        if kind in OPENING:
            tokens, end = self._collect(kind, role)
            write_brackets(self.page, self.text, begin, end, tokens, shift, row=role == ITEM)
        else:
            text = self.text[begin:end]
            if role == EXPRESSION and kind == "ScalarEvent":
                text = self._spell(text, event)
            if "\n" in text:
                write_lines(self.page, text, shift, quoted=event.style == '"')
            else:
                self.page.write(text)
        self.at = end

    def _spell(self, text: str, event: Any) -> str:
        """An expression in its spelling, if the text is the expression itself, without escapes and line breaks."""
        quote = text[:1] if text[:1] in ("'", '"') else ""
        inner = text[len(quote) : len(text) - len(quote)]
        if inner != event.value or event.anchor is not None or event.tag is not None or "#" in inner:
            return text
        if not quote and type(resolve(inner)) is not str:
            return text
        spelled = respell(inner, self.operators)
        if not quote and type(resolve(spelled)) is not str:
            return text  # `(5)` is an expression, `5` a number
        return f"{quote}{spelled}{quote}"

    def _collect(self, kind: str, role: int) -> tuple[list[Token], int]:
        """What stands in a collection in brackets that has begun, and where it ends."""
        tokens: list[Token] = []
        mappings = [kind == "MappingStartEvent"]
        keys: list[str | None] = []  # under which those that are open stand, but for the first
        key: str | None = None
        end = self.at
        while mappings:
            event = self.next()
            name, start, end = type(event).__name__, event.start_mark.index, event.end_mark.index
            if name in CLOSING:
                mappings.pop()
                keys = keys[:-1]
                key = None
            elif name in OPENING:
                tokens += self._properties(start, end) if end - start > 1 else ()
                role = role if event.anchor is None else PLAIN
                mappings.append(name == "MappingStartEvent")
                keys.append(key)
                key = None
            else:
                text = self.text[start:end]
                if mappings[-1] and key is None:
                    key = getattr(event, "value", "")
                else:
                    at_nodes = (role == EXPRESSIONS and keys == []) or (role == GRAPH and keys == ["nodes"])
                    if at_nodes and mappings[-1] and name == "ScalarEvent":
                        text = self._spell(text, event)
                    key = None
                if end > start:
                    tokens.append(Token(start, end, text, name == "AliasEvent"))
        return tokens, end

    def _properties(self, start: int, end: int) -> list[Token]:
        """Tag and anchor of a collection in brackets."""
        found: list[Token] = []
        while match := _PROPERTY.match(self.text, start, end):
            found.append(Token(match.start(), match.end(), match[0]))
            start = _BLANKS.match(self.text, match.end(), end).end()  # type: ignore[union-attr]
        return found

    def _block_text(self, event: Any, indent: int, column: int) -> None:
        """A text after `|` or `>`: its lines as they are, indented like an entry."""
        match = _HEADER.match(self.text, self.at)
        assert match is not None
        header, comment = match.groups()
        *lines, unfinished = self.text[match.end() + 1 : event.end_mark.index].split("\n")
        digit = re.search(r"\d", header)
        old = column + int(digit[0]) if digit else _measure_indent([*lines, unfinished])
        new = indent + (int(digit[0]) if digit else STEP)
        if _is_filled(unfinished, old):  # the text ends in it: with a line end after it, it would mean one
            lines.append(unfinished)
            header = header if "-" in header else header.replace("+", "") + "-"
        self.after_text, self.open_end = True, "+" in header
        while lines and not self.open_end and not _is_filled(lines[-1], old):
            lines.pop()
        self.page.value(header, indent + STEP)
        column = self.measure_to(match.start(2)) if comment else 0
        self.page.end((comment or "").rstrip(), column, column - self.measure_to(match.end(1)))
        for line in lines:
            self.page.add(f"{' ' * new}{line[old:]}" if len(line) > old else "")
        self.at = match.end() + sum(len(line) + 1 for line in lines)


def _measure_indent(lines: list[str]) -> int:
    """By how much the first line is indented in which something stands; more than any line has if there is none."""
    filled = (line for line in lines if line.strip(" "))
    return next((len(line) - len(line.lstrip(" ")) for line in filled), max(map(len, lines)))


def _is_filled(line: str, indent: int) -> bool:
    return len(line) > indent or bool(line.strip(" "))
