"""Nodes in topological order, and the cycles that stand in its way. A chain of a million nodes takes no recursion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataflow.graph import Node

MAX_CYCLES = 100  # that are told; each takes a walk along it


def sort_needs(nodes: Mapping[str, Node], producers: Mapping[str, str]) -> tuple[list[str], list[list[str]]]:
    """The names of the nodes, each after those it needs, else as they come; and the cycles, up to `MAX_CYCLES`.

    `producers` says which node makes a value that does not bear its node's name. A cycle is told from any of its
    members on; its nodes have no right place in the order.

    >>> from dataflow.graph import Node
    >>> sort_needs({"z": Node("exp", ("y",)), "y": Node("exp", ("a",))}, {})
    (['y', 'z'], [])
    >>> sort_needs({"u": Node("exp", ("v",)), "v": Node("exp", ("u",))}, {})[1]
    [['u', 'v']]
    """
    done: dict[str, bool] = {}  # False: on the way down from a root, True: placed
    order: list[str] = []
    cycles: list[list[str]] = []
    for root, node in nodes.items():
        if root in done:
            continue
        if producers or any(item in nodes and item not in done for item in node.inputs):
            _place_needed(root, nodes, producers, done, order, cycles)
        else:  # written after all that it needs, as most are
            done[root] = True
            order.append(root)
    return order, cycles


def find_needed(
    nodes: Mapping[str, Node], order: Sequence[str], producers: Mapping[str, str], roots: Iterable[str]
) -> set[str]:
    """The names of the nodes on which some values rest, and of the given values that these use.

    `order` has each node after those it needs; `producers` says which node makes a value that does not bear its name.

    >>> from dataflow.graph import Node
    >>> nodes = {"y": Node("exp", ("a",)), "u": Node("exp", ("b",)), "z": Node("exp", ("y",))}
    >>> sorted(find_needed(nodes, list(nodes), {}, ["z"]))
    ['a', 'y', 'z']
    """
    needed = {producers.get(name, name) for name in roots}
    for name in reversed(order):
        if name in needed:
            needed.update([producers.get(item, item) for item in nodes[name].inputs if isinstance(item, str)])
    return needed


def _place_needed(
    root: str, nodes: Mapping[str, Node], producers: Mapping[str, str], done: dict[str, bool], order: list[str],
    cycles: list[list[str]],
) -> None:  # fmt: skip
    """Append a node to `order`, after all that it needs and that is not there yet; note the cycles on the way."""
    stack = [root]
    while stack:
        name = stack[-1]
        waiting: list[str] = []
        if name not in done:
            done[name] = False
            for operand in nodes[name].inputs:
                needed: Any = producers.get(str(operand), operand) if producers else operand
                if needed not in nodes or done.get(needed):
                    continue
                if needed not in done:
                    waiting.append(needed)
                elif len(cycles) < MAX_CYCLES:
                    cycles.append(_trace_cycle(stack, done, needed))
        if waiting:
            stack.extend(reversed(waiting))
            continue
        stack.pop()
        if not done[name]:
            done[name] = True
            order.append(name)


def _trace_cycle(stack: list[str], done: Mapping[str, bool], start: str) -> list[str]:
    path = [name for name in stack if done.get(name) is False]
    return path[path.index(start) :]
