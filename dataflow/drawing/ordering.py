"""The order of the points within each column of a picture: one in which few arrows cross.

Barycentre sweeps (Sugiyama, Tagawa and Toda 1981): each point goes to the mean place of those it is linked to in the
column before, then in the column after, and so on; the best order met is kept. In small pictures neighbours then
change places as long as that helps.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from dataflow.drawing.columns import Grid, Link

MAX_SWEEPS = 16
MAX_WORK = 200_000  # links looked at in all sweeps
MAX_SMALL = 600  # links of a picture in which neighbours change places
MAX_ROUNDS = 12

Order = list[list[int]]  # points by column


def order_points(grid: Grid, ports: Sequence[int]) -> Order:
    """The points of each column from top to bottom. `ports` says how many values each box has.

    >>> grid = Grid([0, 0, 1, 1], {}, [Link(0, 0, 3), Link(1, 0, 2)])
    >>> order_points(grid, [1, 1, 1, 1])
    [[0, 1], [3, 2]]
    """
    sides = Sides(grid, ports)
    order = grid.members
    best, fewest = [list(column) for column in order], sides.count_crossings(order)
    for sweep in range(min(MAX_SWEEPS, MAX_WORK // (len(grid.links) + 1) + 1)):
        if not fewest:
            break
        sides.sort(order, forward=sweep % 2 == 0)
        crossings = sides.count_crossings(order)
        if crossings < fewest:
            best, fewest = [list(column) for column in order], crossings
    if fewest and len(grid.links) <= MAX_SMALL:
        _exchange_neighbours(best, sides)
    return best


class Sides:
    """What each point is linked to in the column before and in the column after."""

    def __init__(self, grid: Grid, ports: Sequence[int]) -> None:
        self.before: Mapping[int, list[tuple[int, float]]] = defaultdict(list)
        self.after: Mapping[int, list[tuple[int, float]]] = defaultdict(list)
        for left, port, right in grid.links:
            share = (port + 0.5) / ports[left] if left < len(ports) else 0.5  # how far down its box the value stands
            self.before[right].append((left, share))
            self.after[left].append((right, share))
        self._links: list[list[Link]] = [[] for _ in range(max(grid.columns, default=0) + 1)]
        self._shares = {(left, port): (port + 0.5) / ports[left] for left, port, _ in grid.links if left < len(ports)}
        for link in grid.links:
            self._links[grid.columns[link.left]].append(link)

    def sort(self, order: Order, *, forward: bool) -> None:
        """Order every column by the mean place of what its points are linked to in the one looked at before."""
        indices = range(1, len(order)) if forward else range(len(order) - 2, -1, -1)
        sides = self.before if forward else self.after
        for index in indices:
            places = {point: place for place, point in enumerate(order[index - 1 if forward else index + 1])}
            means: dict[int, float] = {}
            for place, point in enumerate(order[index]):
                linked = [places[other] + (share if forward else 0.5) for other, share in sides[point]]
                means[point] = sum(linked) / len(linked) if linked else float(place)
            order[index].sort(key=means.__getitem__)

    def count_crossings(self, order: Order) -> int:
        """How often links cross."""
        return sum(self._count_between(order, index) for index in range(len(order) - 1))

    def _count_between(self, order: Order, index: int) -> int:
        lefts = {point: place for place, point in enumerate(order[index])}
        rights = {point: place for place, point in enumerate(order[index + 1])}
        links, shares = self._links[index], self._shares
        ends = sorted((lefts[left] + shares.get((left, port), 0.5), rights[right]) for left, port, right in links)
        seen: list[int] = []
        crossings = 0
        for _, place in ends:
            crossings += len(seen) - bisect_right(seen, place)
            insort(seen, place)
        return crossings


def _exchange_neighbours(order: Order, sides: Sides) -> None:
    """Let neighbours change places wherever fewer links cross then, until none do or it has gone on long enough."""
    for _ in range(MAX_ROUNDS):
        changed = False
        for index, column in enumerate(order):
            before = _places(order, index - 1)
            after = _places(order, index + 1)
            for place in range(len(column) - 1):
                upper, lower = column[place], column[place + 1]
                now = sum(_count_pair(*pair) for pair in _list_ends(upper, lower, sides, before, after))
                then = sum(_count_pair(*pair) for pair in _list_ends(lower, upper, sides, before, after))
                if then < now:
                    column[place], column[place + 1] = lower, upper
                    changed = True
        if not changed:
            return


def _places(order: Order, index: int) -> Mapping[int, int]:
    return {point: place for place, point in enumerate(order[index])} if 0 <= index < len(order) else {}


def _list_ends(
    upper: int, lower: int, sides: Sides, before: Mapping[int, int], after: Mapping[int, int]
) -> Iterator[tuple[list[float], list[float]]]:
    """For each side the places where the links of two neighbours end."""
    yield (
        [before[point] + share for point, share in sides.before[upper]],
        [before[point] + share for point, share in sides.before[lower]],
    )
    yield [after[point] for point, _ in sides.after[upper]], [after[point] for point, _ in sides.after[lower]]


def _count_pair(uppers: Sequence[float], lowers: Sequence[float]) -> int:
    """How many links of an upper point cross links of the lower one."""
    return sum(upper > lower for upper in uppers for lower in lowers)
