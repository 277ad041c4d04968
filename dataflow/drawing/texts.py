"""What stands in the boxes of a picture: equations, values, and lines that are not too long."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.document.writer import unparse
from dataflow.errors import escape
from dataflow.graph import HIDDEN, NONFINITE, Node

if TYPE_CHECKING:
    from dataflow.graph import Graph, Input

Describe = Callable[[Any], str]  # a value in few characters
Measure = Callable[[str], int]  # how many columns a text takes

MAX_LABEL = 36  # columns of a name
MAX_OPERATIONS = 6  # of a part of an expression that is written out where it is used, if parts are drawn
MORE = "…"


class Equations:
    """The right-hand sides of a graph's nodes: in full, or (`parts`) with other parts' longer texts left out."""

    def __init__(self, graph: Graph, *, parts: bool) -> None:
        self._nodes = graph.nodes
        self._parts = parts
        self._sizes: dict[str, int] = {}

    def write(self, name: str) -> str:
        """The expression of a node, or of a part of one. Parts come before what is made of them.

        >>> from dataflow.document import loads
        >>> Equations(loads("{dataflow: 1, inputs: {a: 1}, nodes: {y: 2 * exp(a)}}"), parts=False).write("y")
        '2 * exp(a)'
        """
        node = self._nodes[name]
        hidden: dict[str, Node] = {}
        waiting = [node]
        while waiting:
            for item in waiting.pop().inputs:
                if isinstance(item, str) and HIDDEN in item and item not in hidden:
                    hidden[item] = self._nodes[item]
                    if not self._is_left_out(item):
                        waiting.append(hidden[item])
        if HIDDEN in name:
            self._sizes[name] = 1 + sum(self._sizes.get(str(item), 0) for item in node.inputs)
        left_out = frozenset(filter(self._is_left_out, hidden))
        if left_out:
            node = _leave_out(node, left_out)
            hidden = {part: _leave_out(its, left_out) for part, its in hidden.items() if part not in left_out}
        return unparse(node, hidden)

    def _is_left_out(self, part: str) -> bool:
        return self._parts and self._sizes[part] > MAX_OPERATIONS


def _leave_out(node: Node, parts: frozenset[str]) -> Node:
    return node._replace(inputs=tuple([MORE if item in parts else item for item in node.inputs]))


def describe_given(entry: Input, dtype: str, describe: Describe) -> str:
    """What the document says of a value given from outside: the value, the file it comes from, the shape.

    >>> from dataflow.graph import Input
    >>> describe_given(Input(source="patients.csv", shape=("rows",), columns="age"), "float64", str)
    'patients.csv: age (rows)'
    """
    if isinstance(entry.value, tuple):
        import numpy as np

        return describe(np.asarray(entry.value, dtype=entry.dtype or dtype))
    if entry.value is not None:
        return describe(entry.value)
    words = [] if entry.source is None else [entry.source]
    if words and isinstance(entry.columns, str):
        words = [f"{entry.source}: {entry.columns}"]
    if entry.shape:
        words.append(f"({' x '.join(map(str, entry.shape))})")
    return " ".join(words)


def describe_value(value: Any, describe: Describe) -> str:
    """A value of a result. Of many rows it may have a summary alone.

    >>> describe_value({"count": 7, "non_finite": 0, "min": 0.0, "mean": 1.0, "max": 2.0}, str)
    '0.0 to 2.0, mean 1.0 (7)'
    """
    if not isinstance(value, Mapping):
        return describe(value)
    count, bad, *numbers = (value.get(key) for key in ("count", "non_finite", "min", "mean", "max"))
    if not isinstance(count, int) or not isinstance(bad, int):  # somebody else wrote it
        return MORE
    size = f"({count}{f', {bad} not finite' if bad else ''})"
    if not all(isinstance(number, int | float) or number in NONFINITE for number in numbers):
        return size
    low, mean, high = map(describe, numbers)
    return f"{low} to {high}, mean {mean} {size}"


def escape_xml(text: str) -> str:
    """A text as XML and HTML have it, in quotes too; what is invisible becomes an escape.

    >>> escape_xml('a < "b" & c')
    'a &lt; &quot;b&quot; &amp; c'
    """
    text = escape(text).replace("&", "&amp;").replace("<", "&lt;")
    return text.replace(">", "&gt;").replace('"', "&quot;")


def shorten(text: str, width: int, measure: Measure) -> str:
    """A text of at most so many columns: the middle of a longer one is left out.

    >>> shorten("a_name_without_end", 9, len)
    'a_na…_end'
    """
    text = escape(text[: width + 1] + text[-width:] if len(text) > 2 * width + 1 else text)
    if measure(text) <= width:
        return text
    room = (width - measure(MORE)) // 2
    return _fit(text, room, measure) + MORE + _fit(text[::-1], room, measure)[::-1]


def wrap(text: str, width: int, count: int, measure: Measure) -> list[str]:
    """A text in at most `count` lines of at most so many columns, all about as long; what is too much is left out.

    It breaks before an operator, after the name of a function, and at other blanks.

    >>> wrap("log(spot / strike) + rate * time", 20, 2, len), wrap("a b c d e f", 3, 2, len)
    (['log(spot / strike)', '+ rate * time'], ['a b', 'c…'])
    >>> wrap("a b c d e f g", 11, 3, len)
    ['a b c d', 'e f g']
    """
    text = escape(text[: 4 * width * count]).strip()
    if measure(text) <= width:
        return [text] if text else []
    pieces = list(_split(text, width, measure))
    lines = _fill(pieces, width)
    if len(lines) > count:
        last = _fit(lines[count - 1], width - measure(MORE), measure).rstrip()
        return [*lines[: count - 1], last + MORE]
    low, high = max(columns for _, _, columns in pieces), width
    while low < high:
        middle = (low + high) // 2
        if len(_fill(pieces, middle)) > len(lines):
            low = middle + 1
        else:
            high = middle
    return _fill(pieces, high)


Piece = tuple[str, str, int]  # the blank before it, if there is one; what a line holds together; its columns


def _split(text: str, width: int, measure: Measure) -> Iterator[Piece]:
    for blank, word in _WORD.findall(text):
        parts = [word] if measure(word) <= width // 2 else _CALL.findall(word)
        for number, part in enumerate(parts):
            before = " " if blank and number == 0 else ""
            while measure(part) > width:
                piece = _fit(part, width, measure)
                yield before, piece, measure(piece)
                before, part = "", part[len(piece) :]
            yield before, part, measure(part)


def _fill(pieces: Iterable[Piece], width: int) -> list[str]:
    """Pieces in lines, each as full as it can be."""
    lines: list[str] = []
    room = -1
    for blank, piece, columns in pieces:
        if lines and len(blank) + columns <= room:
            lines[-1] += blank + piece
            room -= len(blank) + columns
        else:
            lines.append(piece)
            room = width - columns
    return lines


_WORD = re.compile(r"( *)(\(\d+(?: x \d+)*\)|(?:(?:[-+*/@<>=!]{1,2}) )?\S+|\S)")  # a shape, an operator and its operand
_CALL = re.compile(r".+?[(\[](?=.{6})|.+")


def _fit(text: str, width: int, measure: Measure) -> str:
    """As much of the beginning of a text as so many columns hold; a letter at least."""
    used = 0
    for index, letter in enumerate(text):
        used += measure(letter)
        if used > width and index:
            return text[:index]
    return text
