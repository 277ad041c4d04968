"""Bytes to text to a tree of plain data, straight from the events of PyYAML's C parser.

The tree is JSON data: mappings with text as keys, lists, text, numbers, booleans and None. What a file must
not contain is refused here, with every problem that one pass can see.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Any

from dataflow.document.scalars import (
    LONE_SURROGATE,
    SUSPECT,
    TAGGED,
    Scalar,
    describe,
    open_events,
    resolve,
    resolve_tagged,
    shorten,
)
from dataflow.document.source import Source, decode, refuse_characters, skip_properties
from dataflow.errors import Diagnostic, GraphError, ResourceError, suggest

Tree = dict[str, Any]

MAX_BYTES = 1_000_000_000  # a larger text is data: it belongs into a data file
MAX_DEPTH = 64  # far more than a graph has; what follows may recurse this deep on any stack
TOO_DEEP = Diagnostic("DF0115", "nested too deep", expected=f"at most {MAX_DEPTH} levels")
MAX_ALIASED_VALUES = 1_000_000  # a kilobyte of nested aliases can stand for more values than any memory holds

_TAGS = "tag:yaml.org,2002:"
_SYNTAX_HINTS = {
    "mapping values are not allowed": "text that contains `: ` must be quoted; a new entry begins in a line of its own",
    "cannot start any token": "text that begins with this character must be quoted",
    "expected ',' or": "inside [...] and {...} an expression that contains , [ ] { } must be quoted",
    "could not find expected ':'": "an entry is `name: value`, with a blank after the colon",
    "expected key": "entries of one mapping begin in the same column",
    "expected <block end>": "entries of one mapping begin in the same column",
    "unexpected end of stream": "a quote is not closed",
    "<document start>": "the document has ended before this: check brackets and `...`",
    "alphabetic or numeric": "text that begins with `*` or `&` must be quoted",
    "unknown escape character": "in double quotes a backslash is written twice; in single quotes it stands for itself",
}


def read_text(path: str) -> str:
    """The text of a file, or of standard input where the path is ``-``.

    Raises ResourceError if it cannot be read or is larger than MAX_BYTES, GraphError if it is not UTF-8.
    """
    file = "<stdin>" if path == "-" else path
    data = None
    try:
        if path == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        elif os.stat(path).st_size <= MAX_BYTES:
            with open(path, "rb") as stream:
                data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError, AttributeError) as error:
        raise ResourceError(_explain_unreadable(path, file, error)) from None
    if data is None or len(data) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES:,} bytes"
        raise ResourceError(Diagnostic("DF0820", message, file=file, hint="keep the data in data files"))
    return decode(data, file)


def _explain_unreadable(path: str, file: str, error: Exception) -> Diagnostic:
    reason = getattr(error, "strerror", None) or ("standard input is closed" if path == "-" else str(error))
    folder, name = os.path.split(path)
    hint = f"there is no folder `{folder}`" if folder and not os.path.isdir(folder) else None
    if isinstance(error, FileNotFoundError) and hint is None and (meant := suggest(name, os.listdir(folder or "."))):
        hint = f"did you mean `{os.path.join(folder, meant)}`?"
    return Diagnostic("DF0801", f"cannot read `{file}`: {reason}", file=file, hint=hint)


def read_tree(text: str, file: str = "<text>") -> Tree:
    """The data that a text stands for. Raises GraphError with every problem found, each in its place.

    >>> read_tree("dataflow: 1\\nnodes: {u: b * c, v: 1e-3, w: no}")
    {'dataflow': 1, 'nodes': {'u': 'b * c', 'v': 0.001, 'w': 'no'}}
    """
    source = Source(file, text)
    text = source.text
    refuse_characters(source)
    collecting = gc.isenabled()
    gc.disable()  # it would look again and again through what is only growing
    try:
        tree = _read_json(text) if text.lstrip().startswith("{") else None
        return tree if tree is not None else _Builder(source).read()
    finally:
        if collecting:
            gc.enable()


def _read_json(text: str) -> Tree | None:
    """The data of a JSON document that is in order. None for all else, which the events then read or explain."""
    import json

    def take(pairs: list[tuple[str, Any]]) -> Tree:
        mapping = dict(pairs)
        if len(mapping) < len(pairs):
            raise ValueError("a key twice")
        return mapping

    try:
        tree = json.loads(text, object_pairs_hook=take, parse_int=resolve, parse_float=resolve, parse_constant=str)
        if "\\ud" in text.lower():
            json.dumps(tree, ensure_ascii=False).encode()  # refuses half a surrogate pair
    except (ValueError, RecursionError, GraphError):
        return None
    level = [tree]
    for _ in range(MAX_DEPTH):
        children = (parent.values() if type(parent) is dict else parent for parent in level)
        level = [child for values in children for child in values if type(child) in (dict, list)]
    return None if level else tree


class _LimitError(Exception):
    """A limit is passed: there is no use in reading on."""


class _Builder:
    """Makes the tree from the events of a source, and keeps the problems met on the way."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Diagnostic] = []
        self.anchors: dict[str, tuple[Any, int]] = {}  # value and size; the size is 0 while it is open
        self.opened: dict[int, tuple[str, int]] = {}  # identity of a collection -> its anchor, values before it
        self.aliased = 0

    def read(self) -> Tree:
        from yaml import YAMLError

        root: list[Any] = []
        try:
            self.build(open_events(self.source.text), root)
            self.check_root(root)
        except YAMLError as error:
            self.report_syntax(error)
        except _LimitError:
            pass  # reported
        if self.problems:
            raise GraphError(sorted(self.problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
        return root[0]  # type: ignore[no-any-return]

    def build(self, get_event: Callable[[], Any], container: Any) -> None:
        from yaml import events

        # The parser takes most of the time, this loop the rest: what is rare is left to methods.
        scalar, mapping, sequence = events.ScalarEvent, events.MappingStartEvent, events.SequenceStartEvent
        ends = (events.MappingEndEvent, events.SequenceEndEvent)
        in_mapping, key, count, stack = False, None, 0, list[tuple[Any, bool, str | None]]()
        while (event := get_event()) is not None:
            kind, size = type(event), 1
            if kind is scalar:
                value = event.value
                if (value[:1] in SUSPECT and not event.style) or event.tag is not None or event.anchor is not None:
                    value = self.read_scalar(event)
            elif kind in ends:
                if self.opened:
                    self.close_anchor(container, count)
                container, in_mapping, key = stack.pop()
                continue
            elif kind is mapping or kind is sequence:
                value = {} if kind is mapping else []
                if event.anchor is not None or event.tag is not None or len(stack) >= MAX_DEPTH:
                    self.open_collection(event, value, count, len(stack))
            elif kind is events.AliasEvent:
                value, size = self.read_alias(event)
            else:
                self.check_document(event, kind is events.DocumentStartEvent and len(container) > 0)
                continue
            if not in_mapping:
                container.append(value)
            elif key is not None:
                container[key], key = value, None
            else:
                fine = type(value) is str and value not in container and value != "<<"
                key = value if fine else self.check_key(event, value, container)
                if kind is scalar:
                    continue
            count += size
            if kind is mapping or kind is sequence:
                stack.append((container, in_mapping, key))
                container, in_mapping, key = value, kind is mapping, None

    def report(self, event: Any, problem: Diagnostic) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        if problem.code != "DF0112":
            start = skip_properties(self.source.text, start, end)
        self.problems.append(self.source.point(problem, start, end))

    def read_scalar(self, event: Any) -> Scalar:
        value: Scalar = event.value
        tag = event.tag and event.tag.removeprefix(_TAGS)
        try:
            if tag in TAGGED:
                value = resolve_tagged(event.value, tag)
            elif tag is not None and tag != "str":
                self.refuse_tag(event)
            elif tag is None and not event.style:
                value = resolve(event.value)
        except GraphError as error:
            self.report(event, error.diagnostics[0])
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1)
        return value

    def refuse_tag(self, event: Any) -> None:
        message = f"the tag `{event.tag.replace(_TAGS, '!!')}` is not allowed"
        hint = "remove it: a graph is plain data, and only !!str, !!int, !!float, !!bool and !!null are known"
        self.report(event, Diagnostic("DF0112", message, hint=hint))

    def read_alias(self, event: Any) -> tuple[Any, int]:
        name = event.anchor
        value, size = self.anchors.get(name, (None, -1))
        if size > 0:
            self.aliased += size
            if self.aliased > MAX_ALIASED_VALUES:
                message = f"the aliases up to here stand for more than {MAX_ALIASED_VALUES:,} values"
                self.report(event, Diagnostic("DF0116", message, hint="keep large data in data files"))
                raise _LimitError
            return value, size
        if size == 0:
            self.report(event, Diagnostic("DF0117", f"the alias `*{name}` stands inside its own anchor `&{name}`"))
        else:
            meant = suggest(name, self.anchors)
            hint = f"did you mean `*{meant}`?" if meant else "text that begins with `*` must be quoted"
            self.report(event, Diagnostic("DF0118", f"no anchor `&{name}` stands before this alias", hint=hint))
        return None, 1

    def open_collection(self, event: Any, value: Any, count: int, depth: int) -> None:
        if depth >= MAX_DEPTH:
            self.report(event, TOO_DEEP)
            raise _LimitError
        if event.tag is not None:
            self.refuse_tag(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 0)
            self.opened[id(value)] = (event.anchor, count)

    def close_anchor(self, value: Any, count: int) -> None:
        name, before = self.opened.pop(id(value), ("", 0))
        if name and self.anchors[name][0] is value:
            self.anchors[name] = (value, count - before)

    def check_document(self, event: Any, again: bool) -> None:
        if again:
            self.report(event, Diagnostic("DF0108", "a second document begins here", hint="keep each in its own file"))
            raise _LimitError

    def check_key(self, event: Any, value: Any, mapping: Tree) -> str:
        """A key for what is not a good one: it is new to the mapping, so that reading can go on."""
        text = getattr(event, "value", None)
        if type(value) is not str:
            shown = f"the key `{shorten(text)}` is not text" if text else "a key that is not text"
            hint = f'write "{text}" in quotes, or a name' if text else "a key is a name"
            self.report(event, Diagnostic("DF0114", shown, found=describe(value), expected="text", hint=hint))
        elif value == "<<" and not getattr(event, "style", None):
            hint = "write the entries out, or give the whole value an anchor `&name` and repeat it with `*name`"
            self.report(event, Diagnostic("DF0111", "merge keys `<<` are not allowed", hint=hint))
        elif value in mapping:
            start = skip_properties(self.source.text, event.start_mark.index, event.end_mark.index)
            line = self.source.line_of(self.source.marks.repeats.get(start, 0))
            message = f"the key `{shorten(value)}` stands here again; the first is in line {line}"
            self.report(event, Diagnostic("DF0110", message, hint="rename or remove one of them"))
        else:
            return value
        return f"{text or ''}\0{len(self.problems)}" if (text or "") in mapping else text or ""

    def check_root(self, root: list[Any]) -> None:
        if not root or root[0] is None:
            problem = Diagnostic("DF0107", "there is no graph in this file", hint="begin with `dataflow: 1`")
            self.problems.append(self.source.point(problem, 0, 0))
        elif type(root[0]) is not dict:
            message = f"a graph is a mapping of names to values, and this file is {describe(root[0])}"
            self.problems.append(self.source.locate(Diagnostic("DF0109", message, hint="begin with `dataflow: 1`")))

    def report_syntax(self, error: Any) -> None:
        text, mark = self.source.text, error.problem_mark or error.context_mark
        if mark.index >= len(text.rstrip()) and error.context_mark is not None and "tab" not in error.problem:
            mark = error.context_mark  # what is not closed, rather than the end of the file
        in_escape = "escape" in error.problem and "character" in error.problem  # not those of a tag
        index = text.rfind("\\", 0, mark.index + 1) if in_escape else mark.index
        before = text[max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1 : index]
        if error.problem == LONE_SURROGATE:
            problem = Diagnostic("DF0106", "an escape for half of a character", hint="write the character itself")
        elif "nesting depth" in error.problem:  # libyaml's own limit, which it meets reading ahead
            problem = TOO_DEEP
        elif not before.strip() and "\t" in text[index - len(before) : index + 1]:
            problem = Diagnostic("DF0102", "a tab in the indentation", hint="indent with blanks")
        else:
            context = f" {error.context}" if error.context else ""
            hints = (hint for part, hint in _SYNTAX_HINTS.items() if part in error.problem)
            problem = Diagnostic("DF0101", f"this is not YAML: {error.problem}{context}", hint=next(hints, None))
        self.problems.append(self.source.point(problem, index, index + 1))
