"""Where a graph came from: turns the path of a diagnostic into file, line and column, when one is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.document.expressions import Operation, analyse, locate_part
from dataflow.document.reader import read_tree
from dataflow.document.source import Source
from dataflow.errors import KEY, Diagnostic, GraphError
from dataflow.graph import owner_of

if TYPE_CHECKING:
    from dataflow.operators import Operator


class Origin:
    """A text with the operators that it was read with.

    The text is read a second time, with positions, when the first diagnostic asks for them.
    """

    __slots__ = ("_operations", "_source", "_tree", "file", "folder", "operators", "text")

    def __init__(self, file: str, text: str, folder: str | None, operators: Mapping[str, Operator]) -> None:
        self.file = file
        self.folder = folder
        self.text = text
        self.operators = operators
        self._source: Source | None = None
        self._tree: Mapping[str, Any] | None = None
        self._operations: tuple[str, Sequence[Operation]] = ("", ())  # of the expression asked for last

    def locate(self, diagnostic: Diagnostic) -> Diagnostic:
        """The same diagnostic with file, line, column and the line's text."""
        if diagnostic.line is not None or (diagnostic.file is not None and diagnostic.file != self.file):
            return diagnostic
        if self._source is None:
            self._source = Source(self.file, self.text, self.folder)
        return self._source.locate(self._enter_document(diagnostic))

    def locate_all(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """Every diagnostic located, in the order of the text, each once."""
        located = dict.fromkeys(map(self.locate, diagnostics))
        return sorted(located, key=lambda item: (item.line or 0, item.column or 0))

    def place_of(self, name: str) -> tuple[int, int] | None:
        """Line and column of a node, hidden ones included; None where the text does not show it."""
        found = self.locate(Diagnostic("DF0000", "", ("nodes", name)))
        return None if found.line is None or found.column is None else (found.line, found.column)

    def _enter_document(self, diagnostic: Diagnostic) -> Diagnostic:
        """From the names of the graph to the entries of the document: a hidden node is a span of its owner's text."""
        path = diagnostic.path
        if len(path) > 2 and path[0] in ("inputs", "parameters") and path[2] == "value":
            bare = not isinstance(self._entry(str(path[0]), str(path[1])), dict)  # `a: 5` is `a: {value: 5}`
            return diagnostic._replace(path=(*path[:2], *path[3:])) if bare else diagnostic
        if len(path) == 4 and path[0] == "derivatives" and isinstance(path[3], int):
            entry = self._entry("derivatives", str(path[1]))
            alone = isinstance(entry, dict) and isinstance(entry.get(path[2]), str)  # `wrt: x` is `wrt: [x]`
            return diagnostic._replace(path=path[:3]) if alone else diagnostic
        if len(path) < 2 or path[0] != "nodes" or path[2:] == (KEY,) or diagnostic.span is not None:
            return diagnostic
        name = str(path[1])
        owner = owner_of(name)
        entry = self._entry("nodes", owner)
        if isinstance(entry, str) and (len(path) > 2 or owner != name):
            part = path[2:]
            if part[:1] == ("inputs",) and len(part) == 1:
                part = ()
            try:
                span = locate_part(entry, self._analyse(owner, entry), name, part)
            except (GraphError, IndexError):
                return diagnostic._replace(path=("nodes", owner))
            return diagnostic._replace(path=("nodes", owner), span=span)
        if (
            isinstance(entry, dict)
            and path[2:3] == ("inputs",)
            and len(path) == 4
            and isinstance(entry.get("inputs"), dict)
        ):
            return diagnostic._replace(path=("nodes", owner, "inputs", *self._named_operand(entry, path[3])))
        return diagnostic

    def _analyse(self, owner: str, text: str) -> Sequence[Operation]:
        """The operations of an expression. A thousand problems of one expression parse it once."""
        if self._operations[0] != owner:
            self._operations = owner, analyse(text, owner, self.operators)
        return self._operations[1]

    def _entry(self, section: str, name: str) -> Any:
        if self._tree is None:
            try:
                self._tree = read_tree(self.text)
            except GraphError:
                self._tree = {}
        entries = self._tree.get(section) if isinstance(self._tree, Mapping) else None
        return entries.get(name) if isinstance(entries, Mapping) else None

    def _named_operand(self, entry: Mapping[str, Any], index: str | int) -> tuple[str | int, ...]:
        """The key under which the operand of an index stands."""
        operator, given = self.operators.get(entry.get("op", "")), entry["inputs"]
        if operator is None or not isinstance(index, int):
            return ()
        for item in operator.inputs:
            value = given.get(item.name)
            count = len(value) if isinstance(value, list) else 1
            if index < count:
                return (item.name, index) if isinstance(value, list) else (item.name,)
            index -= count
        return ()
