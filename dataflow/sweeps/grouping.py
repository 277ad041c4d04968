"""Which nodes of a graph of numbers are computed by one call: as many as are ready, of one kind, again and again."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from dataflow.sweeps.layout import ABSENT

if TYPE_CHECKING:
    from dataflow.sweeps.layout import Layout
    from dataflow.sweeps.plan import Plan

Array = np.ndarray[Any, Any]
FEW = 8  # different numbers at one operand of an operator, up to which each makes a kind of its own
OTHER = -2  # in place of the slot of a number that is one of many


class Columns:
    """The nodes of a layout as arrays: `out` has their slots, `operands[k]` those of their operands k, or ABSENT."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.out = np.fromiter((out[0] for out in layout.out), np.intp, len(layout.out))
        self.operands = [np.array(column, np.intp) for column in zip_longest(*layout.operands, fillvalue=ABSENT)]
        self.arity = np.fromiter(map(len, layout.operands), np.intp, len(layout.operands))


def group_nodes(plan: Plan, columns: Columns, most: float) -> list[Array] | None:
    """The nodes of each group, groups in the order in which they run; None if these are more than `most`.

    Of all nodes whose operands are known those of the kind that has the most make the next group (of two kinds that
    have as many the one that came first in the graph).
    """
    kinds = _find_kinds(plan, columns)
    users, starts, waiting = _link_users(plan, columns)
    ready: list[list[Array]] = [[] for _ in range(int(kinds.max()) + 1)]
    counts = np.zeros(len(ready), np.intp)

    def note(nodes: Array) -> None:
        order = np.argsort(kinds[nodes], kind="stable")
        nodes = nodes[order]
        edges = np.flatnonzero(np.diff(kinds[nodes])) + 1
        for part in np.split(nodes, edges):
            ready[kinds[part[0]]].append(part)
            counts[kinds[part[0]]] += len(part)

    groups = []
    note(np.flatnonzero(waiting == 0))
    while counts.any():
        kind = int(counts.argmax())
        members = np.sort(np.concatenate(ready[kind]))
        ready[kind], counts[kind] = [], 0
        groups.append(members)
        if len(groups) > most:
            return None
        reached = users[_expand(starts[members], starts[members + 1])]
        np.subtract.at(waiting, reached, 1)
        reached = np.unique(reached[waiting[reached] == 0])
        if len(reached):
            note(reached)
    return groups


def _expand(first: Array, last: Array) -> Array:
    """All numbers from each first to before its last, one range after the other."""
    lengths = last - first
    ends = np.cumsum(lengths)
    return np.repeat(first - (ends - lengths), lengths) + np.arange(int(ends[-1]) if len(ends) else 0)


def _link_users(plan: Plan, columns: Columns) -> tuple[Array, Array, Array]:
    """The nodes that use each node's value, those of node k from `starts[k]` on; how many operands each waits for."""
    count = len(columns.out)
    makers = np.full(len(plan.names) + 1, -1, np.intp)  # the last one is that of ABSENT
    makers[columns.out] = np.arange(count)
    used = [makers[column] for column in columns.operands]
    sources = np.concatenate([item[item >= 0] for item in used]) if used else np.zeros(0, np.intp)
    users = np.concatenate([np.flatnonzero(item >= 0) for item in used]) if used else sources
    order = np.argsort(sources, kind="stable")
    starts = np.searchsorted(sources[order], np.arange(count + 1))
    return users[order], starts, np.bincount(users, minlength=count)


def _find_kinds(plan: Plan, columns: Columns) -> Array:
    """By node a number for its kind: its operator with its attributes, which operands are numbers or absent, and of
    which cotangents are wanted.

    Numbers are told apart where an operator has few different ones in that place: `x ** 2` and `x ** 3` are of two
    kinds, while a thousand weights are a vector.
    """
    layout = columns.layout
    codes: dict[Any, int] = {}
    names = [
        codes.setdefault((node.op, repr(node.attributes) if node.attributes else ""), len(codes))
        for node in layout.nodes
    ]
    key = np.array(names, np.int64)
    told = _tell_numbers(plan.constants, columns, key, len(plan.names))
    wanted = np.frombuffer(plan.wanted, np.uint8)
    asked = wanted[columns.out].astype(np.int64)
    for column, numbers in zip(columns.operands, told, strict=True):
        asked = 2 * asked + (wanted[column] & wanted[columns.out])
        key = _join(key, numbers)
    key = _join(_join(key, asked), columns.arity)
    _, first, kinds = np.unique(key, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.intp)
    rank[np.argsort(first)] = np.arange(len(first))  # as they come in the graph
    return rank[kinds]


def _join(first: Array, second: Array) -> Array:
    """Numbers that are equal where both are."""
    _, second = np.unique(second, return_inverse=True)
    _, joined = np.unique(first * (int(second.max(initial=0)) + 1) + second, return_inverse=True)
    return joined.astype(np.int64)


def _tell_numbers(constants: Mapping[int, Any], columns: Columns, codes: Array, count: int) -> list[Array]:
    """By position of an operand: 0 for a value, its slot and 2 for a number, OTHER for a number that is one of many."""
    numbers = np.zeros(count + 1, np.intp)
    numbers[list(constants)] = np.array(list(constants), np.intp) + 2
    numbers[ABSENT] = 1
    told = []
    for column in columns.operands:
        found = numbers[column]
        places = np.flatnonzero(found)
        if len(places):
            pairs = np.unique(np.stack([codes[places], found[places]]), axis=1)
            many = np.flatnonzero(np.bincount(pairs[0]) > FEW)
            found[places[np.isin(codes[places], many) & (found[places] > 1)]] = OTHER
        told.append(found)
    return told
