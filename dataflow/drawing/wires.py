"""The course of arrows in a picture: level across columns, smooth curves between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dataflow.drawing.layout import Layout, Size, find_way
from dataflow.drawing.picture import Arrow

HEAD = 8.0  # length of an arrow's head
SHIFT = 3.0  # of values up and of gradients down, where both flow


class Course(NamedTuple):
    """The line of an arrow, which begins where it parts from a longer one of the same value, and where it points.

    `head` is None for a gradient that joins others on their way to the same value.
    """

    arrow: Arrow
    back: bool
    path: str
    head: tuple[float, float] | None


def trace_arrows(arrows: Sequence[Arrow], sizes: Sequence[Size], layout: Layout) -> Iterator[Course]:
    """The courses of all arrows, those of one value together, the longest first."""
    wires: dict[tuple[int, int], list[Arrow]] = defaultdict(list)
    for arrow in arrows:
        wires[arrow.source, arrow.port].append(arrow)
    for wire in wires.values():
        wire.sort(key=lambda arrow: -layout.grid.columns[arrow.target])
        back = [arrow for arrow in wire if arrow.back]
        shift = SHIFT if back else 0.0
        for number, arrow in enumerate(wire):
            yield _trace(arrow, sizes, layout, -shift, back=False, first=number == 0)
        for number, arrow in enumerate(back):
            yield _trace(arrow, sizes, layout, shift, back=True, first=number == 0)


def _trace(arrow: Arrow, sizes: Sequence[Size], layout: Layout, shift: float, *, back: bool, first: bool) -> Course:
    source, port, target, _ = arrow
    columns, levels = layout.columns, layout.levels
    way = find_way(layout.grid, (source, port), target)
    x = layout.boxes[source][0] + sizes[source].width / 2
    y = levels[source] + sizes[source].ports[port] + shift
    column = layout.grid.columns[source]
    head = (x, y) if back and (first or not way) else None
    if not first and way:  # it parts from the longer one where that bends last before it
        column, y = layout.grid.columns[way[-1]], levels[way[-1]] + shift
        x, way = columns[column][1], ()
    pen = _Pen(x + (HEAD - 1 if head else 0.0), y)
    for bend in way:
        pen.curve(columns[column][1], columns[column + 1][0], levels[bend] + shift)
        column += 1
    end = layout.boxes[target][0] - sizes[target].width / 2, levels[target] + layout.ends[source, port, target] + shift
    stop = end[0] - (0.0 if back else HEAD - 1)
    pen.curve(columns[column][1], min(columns[layout.grid.columns[target]][0], stop), end[1])
    pen.level(stop)
    return Course(arrow, back, "".join(pen.strokes), head if back else end)


class _Pen:
    """Writes the path of an arrow from left to right."""

    def __init__(self, x: float, y: float) -> None:
        self.x, self.y = x, y
        self.strokes = [f"M{spell(x)} {spell(y)}"]

    def level(self, x: float) -> None:
        """Go on at this height."""
        if x != self.x:
            self.strokes.append(f"H{spell(x)}")
            self.x = x

    def curve(self, begin: float, end: float, y: float) -> None:
        """Go on to where a column ends, and change height on the way to the next."""
        if abs(y - self.y) < 0.05:
            return
        self.level(max(begin, self.x))
        middle = (self.x + end) / 2
        points = (middle, self.y, middle, y, end, y)
        self.strokes.append(f"C{' '.join(map(spell, points))}")
        self.x, self.y = end, y


def spell(number: float) -> str:
    """A coordinate with one digit behind the point, if it needs one.

    >>> spell(12.0), spell(-0.04), spell(7.25)
    ('12', '0', '7.2')
    """
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
