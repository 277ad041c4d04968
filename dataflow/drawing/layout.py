"""Where everything in a picture stands: columns from left to right, arrows that run into no box.

Arrows cross a column at the heights of their bends, where no box is, and change height only between columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import inf
from typing import NamedTuple

from dataflow.drawing.columns import Grid, Wire, make_grid
from dataflow.drawing.ordering import order_points

BOX_GAP = 24.0  # between boxes, from top to bottom
BEND_GAP = 16.0  # between arrows, and between an arrow and a box
COLUMN_GAP = 52.0
STEEPNESS = 0.22  # how much wider a gap is, of the height that an arrow climbs in it
MAX_GAP = 190.0
END_GAP = 15.0  # between arrows that end at one box
STRAIGHTENINGS = 2
ROUNDS = 14  # of putting points level with those they are linked to, in a small picture
MIN_ROUNDS = 4
MAX_WORK = 150_000  # points looked at in all rounds
BEND_WEIGHT = 3.0  # of a bend against a box, where both would stand in one place
BEND_PULL = 0.02  # of a bend on what it is linked to: boxes are level with boxes first


class Size(NamedTuple):
    """What a box takes: width, height, and how far below its middle each of its values stands."""

    width: float
    height: float
    ports: tuple[float, ...] = (0.0,)


class Layout(NamedTuple):
    """The middle of every box, the left and right side of every column, and the heights at which arrows run and end."""

    width: float
    height: float
    boxes: Sequence[tuple[float, float]]
    columns: Sequence[tuple[float, float]]
    grid: Grid
    levels: Sequence[float]  # of points: boxes and bends
    ends: Mapping[tuple[int, int, int], float]  # by arrow, how far below the middle of a box it ends


def lay_out(sizes: Sequence[Size], columns: Sequence[int], arrows: Sequence[tuple[int, int, int]]) -> Layout:
    """Places for boxes in columns, and for arrows (box, position of its value, box).

    >>> layout = lay_out([Size(40, 20), Size(40, 20)], [0, 1], [(0, 0, 1)])
    >>> layout.boxes, layout.columns, layout.width
    ([(20.0, 10.0), (112.0, 10.0)], [(0.0, 40.0), (92.0, 132.0)], 132.0)
    """
    grid = make_grid(columns, arrows)
    order = order_points(grid, [len(size.ports) for size in sizes])
    ends = _spread_ends(sizes, arrows, grid, order)
    levels = _Leveller(sizes, grid, order, ends).level()
    tops = [levels[index] - size.height / 2 for index, size in enumerate(sizes)]
    top = min([*tops, *levels[len(sizes) :]], default=0.0)
    levels = [level - top for level in levels]
    spans = _place_columns(sizes, grid, levels, ends)
    boxes = [(sum(spans[columns[index]]) / 2, levels[index]) for index in range(len(sizes))]
    bottoms = [levels[index] + size.height / 2 for index, size in enumerate(sizes)]
    height = max([*bottoms, *levels[len(sizes) :]], default=0.0)
    return Layout(spans[-1][1] if spans else 0.0, height, boxes, spans, grid, levels, ends)


def find_way(grid: Grid, wire: Wire, target: int) -> Sequence[int]:
    """The bends of an arrow that bends."""
    return grid.bends[wire][: grid.columns[target] - grid.columns[wire[0]] - 1] if wire in grid.bends else ()


def _spread_ends(
    sizes: Sequence[Size], arrows: Sequence[tuple[int, int, int]], grid: Grid, order: Sequence[Sequence[int]]
) -> dict[tuple[int, int, int], float]:
    """How far below the middle of its box each arrow ends: they come in the order of the points before the box."""
    place = {point: number for column in order for number, point in enumerate(column)}
    coming: dict[int, list[tuple[int, int, tuple[int, int, int]]]] = defaultdict(list)
    for source, port, target in arrows:
        way = find_way(grid, (source, port), target)
        coming[target].append((place[way[-1] if way else source], port, (source, port, target)))
    ends = {}
    for target, found in coming.items():
        gap = min(END_GAP, (sizes[target].height - 14) / len(found))
        for number, (_, _, arrow) in enumerate(sorted(found)):
            ends[arrow] = (number - (len(found) - 1) / 2) * gap
    return ends


class _Leveller:
    """Finds heights for all points: in their order, far enough apart, and as level as can be with what they link to."""

    def __init__(
        self, sizes: Sequence[Size], grid: Grid, order: Sequence[Sequence[int]],
        ends: Mapping[tuple[int, int, int], float],
    ) -> None:  # fmt: skip
        self._order = order
        self._gaps = [_list_gaps(column, sizes) for column in order]
        self._before: dict[int, list[tuple[int, float, float]]] = defaultdict(list)  # point, drop to it, pull
        self._after: dict[int, list[tuple[int, float, float]]] = defaultdict(list)
        self._bends = len(sizes)
        self._wires = grid.bends
        self._ports = [size.ports for size in sizes]
        self._places = {
            point: (index, place) for index, column in enumerate(order) for place, point in enumerate(column)
        }
        for (source, port), bends in grid.bends.items():
            for left, right in zip([source, *bends], bends, strict=False):
                self._link(left, right, sizes[source].ports[port] if left == source else 0.0)
        for (source, port, target), end in ends.items():
            if (source, port) in grid.bends:
                way = find_way(grid, (source, port), target)
                self._link(way[-1] if way else source, target, (0.0 if way else sizes[source].ports[port]) - end)

    def _link(self, left: int, right: int, drop: float) -> None:
        self._before[right].append((left, drop, BEND_PULL if left >= self._bends else 1.0))
        self._after[left].append((right, -drop, BEND_PULL if right >= self._bends else 1.0))

    def level(self) -> list[float]:
        """Heights, by point."""
        levels = [0.0] * sum(map(len, self._order))
        for index, column in enumerate(self._order):
            self._settle(index, [0.0] * len(column), levels)
        for number in range(min(ROUNDS, max(MIN_ROUNDS, MAX_WORK // (len(levels) + 1) // 2 * 2))):
            forward = number % 2 == 1  # the last time too
            for index in range(len(self._order)) if forward else range(len(self._order) - 1, -1, -1):
                column = self._order[index]
                wished = [self._wish(point, levels, forward=forward) for point in column]
                self._settle(index, wished, levels)
        for _ in range(STRAIGHTENINGS):
            for (source, port), bends in self._wires.items():
                self._straighten(bends, levels[source] + self._ports[source][port], levels)
        return levels

    def _straighten(self, bends: Sequence[int], level: float, levels: list[float]) -> None:
        """Let a wire go on at one level as long as the room between its neighbours allows it."""
        begin = 0
        while begin < len(bends):
            low, high = self._find_room(bends[begin], levels)
            end = begin + 1
            while end < len(bends):
                room = self._find_room(bends[end], levels)
                if max(low, room[0]) > min(high, room[1]):
                    break
                low, high = max(low, room[0]), min(high, room[1])
                end += 1
            level = min(max(level, low), high)
            for bend in bends[begin:end]:
                levels[bend] = level
            begin = end

    def _find_room(self, point: int, levels: Sequence[float]) -> tuple[float, float]:
        """Between which heights a point may stand."""
        index, place = self._places[point]
        column, gaps = self._order[index], self._gaps[index]
        low = levels[column[place - 1]] + gaps[place - 1] if place else -inf
        high = levels[column[place + 1]] - gaps[place] if place + 1 < len(column) else inf
        return low, max(low, high)

    def _wish(self, point: int, levels: Sequence[float], *, forward: bool) -> float:
        """The mean of the heights that would make its links level."""
        before, after = self._before[point], self._after[point]
        total = mass = 0.0
        for other, drop, pull in (before or after) if forward else (after or before):
            total += pull * (levels[other] + drop)
            mass += pull
        return total / mass if mass else levels[point]

    def _settle(self, index: int, wished: Sequence[float], levels: list[float]) -> None:
        column = self._order[index]
        weights = [BEND_WEIGHT if point >= self._bends else 1.0 for point in column]
        for point, level in zip(column, keep_apart(wished, self._gaps[index], weights), strict=True):
            levels[point] = level


def _list_gaps(column: Sequence[int], sizes: Sequence[Size]) -> list[float]:
    """How far apart the middles of neighbours must be at least."""
    gaps = []
    for upper, lower in pairwise(column):
        halves = [sizes[point].height / 2 for point in (upper, lower) if point < len(sizes)]
        gaps.append(sum(halves) + (BOX_GAP if len(halves) == 2 else BEND_GAP))
    return gaps


def keep_apart(wished: Sequence[float], gaps: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The heights nearest to those wished (least squares) of which each is a gap at least below the one before.

    What overlaps is pooled, and the pool stands at the mean of its wishes (pool adjacent violators).

    >>> keep_apart([0.0, 0.0, 50.0], [20.0, 20.0], [1.0, 1.0, 1.0])
    [-10.0, 10.0, 50.0]
    """
    shifts = [0.0]
    for gap in gaps:
        shifts.append(shifts[-1] + gap)
    pools: list[tuple[float, float, int]] = []  # mean of what is wished, weight, members
    for wish, shift, weight in zip(wished, shifts, weights, strict=False):
        pool = (wish - shift, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            mean, mass, count = pools.pop()
            total = mass + pool[1]
            pool = ((mean * mass + pool[0] * pool[1]) / total, total, count + pool[2])
        pools.append(pool)
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + shift for mean, shift in zip(means, shifts, strict=False)]


def _place_columns(
    sizes: Sequence[Size], grid: Grid, levels: Sequence[float], ends: Mapping[tuple[int, int, int], float]
) -> list[tuple[float, float]]:
    """Left and right side of each column: as wide as its widest box, further from the next the steeper arrows are."""
    count = max(grid.columns, default=-1) + 1
    widths, climbs = [0.0] * count, [0.0] * count
    for size, column in zip(sizes, grid.columns, strict=False):
        widths[column] = max(widths[column], size.width)
    for link in grid.links:
        climb = abs(levels[link.left] - levels[link.right])
        climbs[grid.columns[link.left]] = max(climbs[grid.columns[link.left]], climb)
    spans, left = [], 0.0
    for width, climb in zip(widths, climbs, strict=True):
        spans.append((left, left + width))
        left += width + min(COLUMN_GAP + STEEPNESS * climb, MAX_GAP)
    return spans
