"""What a box of a picture looks like before it has a place: its lines of text, and the size that these take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dataflow.drawing.layout import Size
from dataflow.drawing.picture import PART, Box, Value
from dataflow.drawing.texts import MORE, Measure, shorten, wrap

COLUMNS = 36  # of text in a line, at most
LINES = 4  # of an equation, of a value, of a gradient
MAX_ROWS = 12  # values of a box that have a row of their own
NAME, EQUATION, VALUE, GRADIENT = "name", "equation", "value", "gradient"


class Span(NamedTuple):
    """A text of one style."""

    text: str
    style: str


Line = Sequence[Span]


class Card(NamedTuple):
    """The lines of a box, and after how many of them each of its values stands."""

    lines: Sequence[Line]
    ports: Sequence[float]


def make_card(box: Box, measure: Measure, *, columns: int = COLUMNS) -> Card:
    """The lines of a box: name and equation, then value and gradient, of every value if it has several.

    >>> card = make_card(Box("u", "node", "b * c", (Value("u", "6", "3"),)), len)
    >>> ["".join(span.text for span in line) for line in card.lines]
    ['u = b * c', '6', 'du = 3']
    """
    writer = _Writer(measure, columns)
    lines = list(writer.list_title(box))
    if len(box.values) == 1:
        (value,) = box.values
        lines += writer.list_value(value, value.value or "", named=box.kind != PART)
        return Card(lines, (len(lines) / 2,))
    ports = []
    for value in box.values[:MAX_ROWS]:
        name = shorten(value.name, columns // 2, measure)
        rows = list(writer.list_value(value, name if value.value is None else f"{name} = {value.value}"))
        ports.append(len(lines) + len(rows) / 2)
        lines += rows
    if (more := len(box.values) - MAX_ROWS) > 0:
        lines.append([Span(f"{MORE} and {more} more", EQUATION)])
        ports += [len(lines) - 0.5] * more
    return Card(lines, ports)


def measure_card(card: Card, measure: Measure, *, letter: float, line: float, padding: tuple[float, float]) -> Size:
    """The size of a card in a font of one width."""
    columns = max(sum(measure(span.text) for span in row) for row in card.lines)
    height = len(card.lines) * line + 2 * padding[1]
    ports = tuple((port - len(card.lines) / 2) * line for port in card.ports)
    return Size(columns * letter + 2 * padding[0], height, ports)


class _Writer:
    """Writes texts in lines of at most so many columns."""

    def __init__(self, measure: Measure, columns: int) -> None:
        self._measure = measure
        self._columns = columns

    def list_title(self, box: Box) -> Iterator[Line]:
        """The lines of name and equation; outputs, if there are several, on a line of their own."""
        name = shorten(box.label, self._columns, self._measure)
        if len(box.values) > 1:
            yield [Span(name, NAME)]
            yield from self._list_lines(f"= {box.equation}", EQUATION)
            return
        text = f"{name} = {box.equation}" if name and box.equation else name or box.equation
        for number, (span,) in enumerate(self._list_lines(text, EQUATION)):
            rest = span.text[len(name) :]
            yield [Span(name, NAME), *([Span(rest, EQUATION)] if rest else [])] if name and not number else [span]

    def list_value(self, value: Value, shown: str, *, named: bool = True) -> Iterator[Line]:
        """The lines of a value, then those of its gradient."""
        yield from self._list_lines(shown, EQUATION if value.value is None else VALUE)
        if value.gradient is not None:
            name = shorten(value.name, self._columns // 2, self._measure) if named else ""
            yield from self._list_lines(f"d{name} = {value.gradient}", GRADIENT)

    def _list_lines(self, text: str, style: str) -> Iterator[list[Span]]:
        for line in wrap(text, self._columns, LINES, self._measure):
            yield [Span(line, style)]
