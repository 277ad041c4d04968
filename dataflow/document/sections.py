"""A graph in YAML as sections, each with the comments that belong to it, and their order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.document.layout import CLOSING, EXPRESSIONS, GRAPH, OPENING, PLAIN, Layout
from dataflow.document.page import STEP, Line, Page

if TYPE_CHECKING:
    from dataflow.operators import Operator

HEAD = ("dataflow", "name", "description", "dtype", "requires")  # stand together; all others stand apart
KNOWN = (*HEAD, "inputs", "parameters", "nodes")
LAST = "target"

# What programs look for in the first line.
_FIRST = re.compile(r"#!|#[ \t]*(?:yaml-language-server\b|-\*-|vim?:)")


class Section(NamedTuple):
    """A key of the graph with all that stands under it.

    `number` is its place in the text; `blank`: a blank line stood above it; `open_end`: the blank lines at its end
    belong to its last text; `linked`: it has an anchor or an alias.
    """

    name: str
    number: int
    lines: list[Line]
    blank: bool
    open_end: bool
    linked: bool


def rank(name: str) -> int:
    """The place of a section: as in the documentation, what is not known there before the target."""
    return KNOWN.index(name) if name in KNOWN else len(KNOWN) + (name == LAST)


def lay_out(text: str, operators: Mapping[str, Operator]) -> list[Line]:
    """The lines of a graph. Its text must be one that loads, with LF at the end of its lines."""
    layout = Layout(text, operators)
    layout.next()
    _begin_document(layout, layout.next())
    root = layout.next()
    layout.pass_over()
    if root.flow_style:
        layout.begin_entry(0, 0)
        layout.value(root, -STEP, -STEP, GRAPH)
        lines, sections = layout.page.lines, list[Section]()
    else:
        apart = _write_header(layout, root)
        lines, sections = layout.page.lines, _order(_read_sections(layout))
        _join(lines, sections, apart)
    _end_document(layout, lines, bool(sections) and sections[-1].open_end)
    return lines


def _begin_document(layout: Layout, start: Any) -> None:
    """What stands before the graph: directives, `---`."""
    if start.explicit:
        layout.at = start.end_mark.index
        for line in layout.text[: layout.at].split("\n"):
            layout.page.end()
            if line.strip():
                layout.page.write(line.rstrip())
            else:
                layout.page.skip()


def _write_header(layout: Layout, root: Any) -> bool:
    """Write the comments at the beginning that belong to no key; whether a blank line follows them."""
    layout.write_properties(root.end_mark.index, -STEP)
    comments = layout.pending
    blank = [*(comment.blank for comment in comments[1:]), layout.blank]  # below each of them
    number = max((index for index, _ in enumerate(comments, 1) if blank[index - 1]), default=0)
    if number == 0 and comments and _FIRST.match(comments[0].text):
        number = 1
    layout.put_comments(0, number)
    return number > 0 and blank[number - 1]


def _read_sections(layout: Layout) -> list[Section]:
    sections: list[Section] = []
    column = layout.column  # of all keys: a graph may be indented as a whole
    while type(key := layout.next()).__name__ != "MappingEndEvent":
        layout.pass_over()
        blank = layout.pending[0].blank if layout.pending else layout.blank
        layout.page, layout.fresh, layout.linked = Page(), True, key.anchor is not None
        layout.begin_entry(0, column)
        name = getattr(key, "value", "")
        if name == LAST or name in KNOWN:
            layout.entry(key, 0, column, EXPRESSIONS if name == "nodes" else PLAIN)
        else:
            _copy(layout, key, column)
        layout.pass_over()
        layout.put_deeper(0, column)
        layout.put_comments(0, _count_attached(layout))
        layout.page.end()
        sections.append(Section(name, len(sections), layout.page.lines, blank, layout.open_end, layout.linked))
    return sections


def _count_attached(layout: Layout) -> int:
    """How many comments belong to what stands above, since a blank line divides them from what stands below."""
    number = layout.count(lambda comment: not comment.blank)
    apart = number < len(layout.pending) or layout.blank or layout.at == len(layout.text)
    return number if apart else 0


def _copy(layout: Layout, key: Any, column: int) -> None:
    """A section that is not known here stays to the letter."""
    begin, depth, last = layout.at, 0, key
    end = layout.text.index(":", key.end_mark.index) + 1
    while True:
        event = layout.next()
        name = type(event).__name__
        depth += (name in OPENING) - (name in CLOSING)
        if event.end_mark.index > event.start_mark.index:
            last, end = event, event.end_mark.index
        if depth == 0:
            break
    copied = layout.text[begin:end]
    layout.open_end = False
    if getattr(last, "style", None) in ("|", ">"):
        layout.open_end = "+" in layout.text[last.start_mark.index : end].partition("\n")[0].partition("#")[0]
        copied = copied.removesuffix("\n") if layout.open_end else copied.rstrip("\n")
    layout.at = begin + len(copied)
    for line in copied.split("\n"):
        layout.page.end()
        layout.page.write(line)
    layout.pass_over()
    layout.put_comments(None, layout.count(lambda comment: comment.column > column))


def _order(sections: list[Section]) -> list[Section]:
    """The sections in their order; as they are if an alias would come before its anchor otherwise."""
    ordered = sorted(sections, key=lambda section: rank(section.name))
    linked = [section.number for section in ordered if section.linked]
    return ordered if linked == sorted(linked) else sections


def _join(lines: list[Line], sections: Sequence[Section], apart: bool) -> None:
    """Add the sections, with a blank line between them."""
    for previous, section in zip([None, *sections], sections, strict=False):
        if previous is not None:
            together = previous.name in HEAD and section.name in HEAD
            apart = not together or (section.blank and section.number == previous.number + 1)
            apart = apart and not previous.open_end
        if apart and lines:
            lines.append("")
        lines += section.lines


def _end_document(layout: Layout, lines: list[Line], open_end: bool) -> None:
    """What stands after the graph: comments, `...`."""
    event = layout.next()
    layout.pass_over()
    apart = bool(layout.pending) and layout.pending[0].blank and not open_end
    layout.page.end()
    layout.page, layout.fresh = Page(), True
    layout.put_comments(0)
    if event.explicit:
        layout.page.write("...")
        layout.at += len("...")
        layout.fresh = False
        layout.pass_over()
        layout.put_comments(0)
    layout.page.end()
    if apart:
        lines.append("")
    lines += layout.page.lines
