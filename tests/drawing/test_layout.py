"""Columns, order and heights, compared with brute force and with SciPy."""

from __future__ import annotations

from itertools import combinations, pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from dataflow.drawing.columns import Link, choose_columns, make_grid
from dataflow.drawing.layout import Size, keep_apart, lay_out
from dataflow.drawing.ordering import Sides, order_points

Arrows = list[tuple[int, int]]


@st.composite
def dags(draw: st.DrawFn, most: int = 14) -> tuple[int, Arrows]:
    count = draw(st.integers(1, most))
    pairs = list(combinations(range(count), 2))
    return count, draw(st.lists(st.sampled_from(pairs), unique=True, max_size=2 * count)) if pairs else []


def longest_way(box: int, arrows: Arrows) -> int:
    return max((longest_way(source, arrows) + 1 for source, target in arrows if target == box), default=0)


@given(dags(9))
def test_columns_are_the_longest_ways(dag: tuple[int, Arrows]) -> None:
    count, arrows = dag
    assert choose_columns(count, arrows) == [longest_way(box, arrows) for box in range(count)]


@given(dags())
def test_late_boxes_stand_before_what_uses_them_first_and_the_last_one_on_the_right(dag: tuple[int, Arrows]) -> None:
    count, arrows = dag
    late = [box for box in range(count) if all(target != box for _, target in arrows)]
    last = count - 1
    columns = choose_columns(count, arrows, late=late, last=last)
    assert all(columns[source] < columns[target] for source, target in arrows)
    for box in late:
        users = [columns[target] for source, target in arrows if source == box]
        if users:
            assert columns[box] == min(users) - 1
    assert columns[last] == max(columns)


@given(dags())
def test_wires_bend_once_in_each_column_that_they_cross(dag: tuple[int, Arrows]) -> None:
    count, pairs = dag
    columns = choose_columns(count, pairs)
    grid = make_grid(columns, [(source, 0, target) for source, target in pairs])
    assert all(grid.columns[link.right] - grid.columns[link.left] == 1 for link in grid.links)
    before = {link.right: link.left for link in grid.links if link.right >= count}
    found = set()
    for left, _, right in grid.links:
        if right < count:
            while left >= count:
                left = before[left]
            found.add((left, right))
    assert found == set(pairs)
    assert sorted(point for column in grid.members for point in column) == list(range(len(grid.columns)))


def cross_by_brute_force(links: list[Link], order: list[list[int]]) -> int:
    place = {point: number for column in order for number, point in enumerate(column)}
    column = {point: number for number, members in enumerate(order) for point in members}
    return sum(
        column[a.left] == column[b.left] and (place[a.left] - place[b.left]) * (place[a.right] - place[b.right]) < 0
        for a, b in combinations(links, 2)
    )


@settings(max_examples=60)
@given(dags(10))
def test_crossings_are_counted_rightly_and_become_no_more(dag: tuple[int, Arrows]) -> None:
    count, pairs = dag
    grid = make_grid(choose_columns(count, pairs), [(source, 0, target) for source, target in pairs])
    ports = [1] * count
    links = list(grid.links)
    first = grid.members
    assert Sides(grid, ports).count_crossings(first) == cross_by_brute_force(links, first)
    order = order_points(grid, ports)
    assert [sorted(column) for column in order] == first
    assert cross_by_brute_force(links, order) <= cross_by_brute_force(links, first)


def test_two_columns_are_ordered_as_well_as_can_be() -> None:
    """What sweeps and exchanges reach in small pictures, against all orders of the second column."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        pairs = [(int(a), 6 + int(b)) for a, b in {tuple(pair) for pair in rng.integers(0, 5, (7, 2)).tolist()}]
        grid = make_grid([0] * 6 + [1] * 6, [(source, 0, target) for source, target in pairs])
        links = list(grid.links)
        found = cross_by_brute_force(links, order_points(grid, [1] * 12))
        best = min(cross_by_brute_force(links, [list(range(6)), list(order)]) for order in permutations(range(6, 11)))
        assert found <= best


def test_the_rows_of_a_box_count_as_places() -> None:
    grid = make_grid([0, 1, 1], [(0, 0, 2), (0, 1, 1)])
    assert order_points(grid, [2, 1, 1]) == [[0], [2, 1]]


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(1, 50), st.floats(0.5, 4)), min_size=1, max_size=20))
def test_points_are_kept_apart_by_least_squares(points: list[tuple[float, float, float]]) -> None:
    wished, gaps, weights = (list(column) for column in zip(*points, strict=True))
    found = keep_apart(wished, gaps[1:], weights)
    assert all(lower - upper >= gap - 1e-9 for (upper, lower), gap in zip(pairwise(found), gaps[1:], strict=True))
    shifts = np.cumsum([0.0, *gaps[1:]])
    expected = isotonic_regression(np.array(wished) - shifts, weights=np.array(weights)).x + shifts
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_chain_is_one_level_line() -> None:
    sizes = [Size(40, 20), Size(60, 50), Size(40, 20)]
    layout = lay_out(sizes, [0, 1, 2], [(0, 0, 1), (1, 0, 2)])
    assert {y for _, y in layout.boxes} == {25.0}
    assert [x for x, _ in layout.boxes] == sorted(x for x, _ in layout.boxes)


def test_a_long_arrow_is_straight_where_there_is_room() -> None:
    arrows = [(0, 0, 4), (1, 0, 2), (2, 0, 3), (3, 0, 4)]
    layout = lay_out([Size(40, 20)] * 5, choose_columns(5, [(a, b) for a, _, b in arrows]), arrows)
    bends = layout.grid.bends[0, 0]
    assert len(bends) == 2
    assert [layout.levels[bend] for bend in bends] == pytest.approx([layout.boxes[0][1]] * 2)


def test_nothing_to_lay_out() -> None:
    layout = lay_out([], [], [])
    assert (layout.width, layout.height, list(layout.boxes)) == (0.0, 0.0, [])
