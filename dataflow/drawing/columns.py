"""Which column every box of a picture stands in, and where long arrows bend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

MAX_BENDS = 20_000  # of all arrows together; what would need more goes straight
Wire = tuple[int, int]  # a box and the position of one of its values: where arrows begin


class Link(NamedTuple):
    """A piece of arrows between two neighbouring columns, from point to point. The first points are the boxes."""

    left: int
    port: int  # of a box on the left
    right: int


class Grid(NamedTuple):
    """Points in columns: the boxes first, then the bends of the wires, each of which has one in each column it crosses.

    A wire that is not in `bends` goes straight to all that it leads to.
    """

    columns: Sequence[int]  # by point
    bends: Mapping[Wire, Sequence[int]]
    links: Sequence[Link]

    @property
    def members(self) -> list[list[int]]:
        """The points of each column."""
        found: list[list[int]] = [[] for _ in range(max(self.columns, default=-1) + 1)]
        for point, column in enumerate(self.columns):
            found[column].append(point)
        return found


def choose_columns(
    count: int, arrows: Sequence[tuple[int, int]], *, late: Collection[int] = (), last: int | None = None
) -> list[int]:
    """The column of each of `count` boxes: one more than that of all that lead to it, as the longest way says.

    Every arrow leads from a box to a later one. `late` boxes, to which nothing leads, stand beside the first that uses
    them instead of on the left; `last` on the right, if nothing uses it.

    >>> choose_columns(4, [(0, 2), (1, 3), (2, 3)]), choose_columns(4, [(0, 2), (1, 3), (2, 3)], late=[1])
    ([0, 0, 1, 2], [0, 1, 1, 2])
    """
    columns = [0] * count
    for source, target in sorted(arrows, key=lambda arrow: arrow[1]):
        columns[target] = max(columns[target], columns[source] + 1)
    if last is not None and all(source != last for source, _ in arrows):
        columns[last] = max(columns)
    first: dict[int, int] = {}
    for source, target in arrows:
        first[source] = min(first.get(source, columns[target]), columns[target])
    for box in late:
        columns[box] = first.get(box, columns[box] + 1) - 1
    return columns


def make_grid(columns: Sequence[int], arrows: Sequence[tuple[int, int, int]]) -> Grid:
    """The points and links for arrows (box, position of its value, box). The shortest wires bend first.

    >>> grid = make_grid([0, 1, 2], [(0, 0, 1), (0, 0, 2), (1, 0, 2)])
    >>> grid.columns, grid.bends
    ([0, 1, 2, 1], {(1, 0): [], (0, 0): [3]})
    """
    wires: dict[Wire, list[int]] = defaultdict(list)
    for source, port, target in arrows:
        wires[source, port].append(target)
    lengths = {wire: max(columns[box] for box in boxes) - columns[wire[0]] - 1 for wire, boxes in wires.items()}
    all_columns, left = list(columns), MAX_BENDS
    bends: dict[Wire, list[int]] = {}
    for wire in sorted(wires, key=lambda wire: (lengths[wire], wire)):
        left -= lengths[wire]
        if left < 0:
            break
        begin = columns[wire[0]] + 1
        bends[wire] = list(range(len(all_columns), len(all_columns) + lengths[wire]))
        all_columns += range(begin, begin + lengths[wire])
    links = [link for wire in bends for link in _link(wire, wires[wire], columns, bends[wire])]
    return Grid(all_columns, bends, links)


def _link(wire: Wire, targets: Sequence[int], columns: Sequence[int], bends: Sequence[int]) -> Iterator[Link]:
    box, port = wire
    way = [box, *bends]
    for left, right in zip(way, bends, strict=False):
        yield Link(left, port if left == box else 0, right)
    for target in targets:
        left = way[columns[target] - columns[box] - 1]
        yield Link(left, port if left == box else 0, target)
