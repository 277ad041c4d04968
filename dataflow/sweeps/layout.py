"""The nodes of a graph as slots, positions in one list: first the given values, then what nodes make, then numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from dataflow.arrays import ieee
from dataflow.graph import Graph, Node
from dataflow.library import Library
from dataflow.operators import Operator

ABSENT = -1  # the slot of an optional input that is not given; values[ABSENT] is None

Constants = dict[int, Any]
Slots = dict[Any, int]  # by name, and by (type, repr) of a number: 1, 1.0 and -0.0 are three


class Layout(NamedTuple):
    """The nodes of a plan in their order, as slots: what steps, and groups of nodes, are made of."""

    names: list[str]
    nodes: list[Node]
    operands: list[tuple[int, ...]]
    out: list[tuple[int, ...]]
    operators: Mapping[str, Operator]


def lay_out(graph: Graph, operators: Mapping[str, Operator]) -> tuple[list[str], Slots, Constants, Layout]:
    """A slot for every name, and for every distinct number; and the nodes in these terms."""
    nodes, order = graph.nodes, list(graph.order)
    names = [*graph.inputs, *graph.parameters]
    listed = [nodes[name] for name in order]
    first = len(names)
    if any(node.outputs for node in listed):
        out = []
        for name, node in zip(order, listed, strict=True):
            made = node.outputs or (name,)
            out.append(tuple(range(len(names), len(names) + len(made))))
            names += made
    else:
        names += order
        out = [(slot,) for slot in range(first, len(names))]
    slots: Slots = dict(zip(names, range(len(names)), strict=True))
    constants: Constants = {}
    operands = []
    for node in listed:
        row = []
        for item in node.inputs:
            if item.__class__ is not str:
                row.append(_place_number(item, slots, constants, names))
            else:  # a size that nobody told stands in a node that is not needed
                row.append(slots.get(item, ABSENT))
        if (absent := len(operators[node.op].inputs) - len(row)) > 0 and not operators[node.op].variadic:
            row += [ABSENT] * absent
        operands.append(tuple(row))
    return names, slots, constants, Layout(order, listed, operands, out, operators)


def _place_number(item: Any, slots: Slots, constants: Constants, names: list[str]) -> int:
    """The slot of a number."""
    key = (item.__class__, repr(item))
    if key not in slots:
        slots[key] = ABSENT if item is None else len(names)
        if item is not None:
            constants[len(names)] = item
            names.append("")
    return slots[key]


def choose_nodes(layout: Layout, indices: Sequence[int]) -> Layout:
    """Some nodes of a layout."""
    names, nodes, operands, out = ([column[index] for index in indices] for column in layout[:4])
    return Layout(names, nodes, operands, out, layout.operators)  # type: ignore[arg-type]


def keep_layout(layout: Layout, roots: Iterable[int], count: int) -> Layout:
    """The nodes on which some slots rest."""
    needed = bytearray(count + 1)
    for slot in roots:
        needed[slot] = 1
    kept = []
    for index in range(len(layout.names) - 1, -1, -1):
        for slot in layout.out[index]:
            if needed[slot]:
                kept.append(index)
                for operand in layout.operands[index]:
                    needed[operand] = 1
                break
    return layout if len(kept) == len(layout.names) else choose_nodes(layout, kept[::-1])


def fold_numbers(layout: Layout, slots: Slots, constants: Constants) -> Layout:
    """Without nodes made of numbers only: these are computed here, on Python floats, so that they take the type of
    what they meet.
    """
    if not constants:
        return layout
    xp = Library(layout.operators, ieee)
    folded: set[int] = set()
    for index, operands in enumerate(layout.operands):
        for slot in operands:
            if slot not in constants and slot != ABSENT:
                break
        else:
            node = layout.nodes[index]
            values = [constants[slot] for slot in operands if slot != ABSENT]
            value = None if None in node.inputs else _fold(node, layout.operators[node.op], xp, values)
            if value is not None:
                constants[layout.out[index][0]] = value
                folded.add(index)
    return (
        choose_nodes(layout, [index for index in range(len(layout.names)) if index not in folded]) if folded else layout
    )


def _fold(node: Node, operator: Operator, xp: Library, values: Sequence[Any]) -> Any:
    """The value of a node from numbers, or None if it is not for floats: then it runs as any other."""
    function = xp.resolve(node.op) if operator.broadcasts and not node.attributes and values else None
    if function is None:
        return None
    try:
        value = function(*[item if item.__class__ is bool else ieee.IeeeFloat(item) for item in values])
    except (AttributeError, TypeError, ArithmeticError, ValueError):
        return None
    return float(value) if isinstance(value, float) else value


def list_blocked(operator: Operator) -> frozenset[int]:
    """The positions of the inputs that are not differentiable; the last one stands for all that follow."""
    passing = operator.differentiable
    return frozenset(index for index, item in enumerate(operator.inputs) if item.name not in passing)


Blocked = Mapping[str, frozenset[int]]


def _list_passing(layout: Layout, blocked: Blocked) -> Sequence[Sequence[int]]:
    """By node, the operands through which its rules carry a derivative."""
    if not blocked:
        return layout.operands
    found: list[Sequence[int]] = []
    for node, operands in zip(layout.nodes, layout.operands, strict=True):
        stops = blocked.get(node.op)
        if stops is not None:
            last = len(layout.operators[node.op].inputs) - 1
            operands = tuple([slot for index, slot in enumerate(operands) if min(index, last) not in stops])
        found.append(operands)
    return found


def find_varied(graph: Graph, layout: Layout, slots: Slots, blocked: Blocked) -> bytearray:
    """Whether a differentiable input or parameter reaches a slot through rules that have a derivative."""
    start = [slots[name] for name in graph.parameters]
    for name, entry in graph.inputs.items():
        given = entry.source is None if entry.differentiable is None else entry.differentiable
        if given and (entry.dtype or graph.dtype).startswith("float"):
            start.append(slots[name])
    everything = bytearray(b"\1") * (max(slots.values(), default=0) + 2)
    return find_below(layout, start, everything, blocked)


def find_below(layout: Layout, start: Iterable[int], among: bytearray, blocked: Blocked) -> bytearray:
    """By slot: whether it is in `among` and is, or rests on, one of `start`. The last slot is that of ABSENT: never."""
    below = bytearray(len(among))
    for slot in start:
        below[slot] = among[slot]
    for operands, made in zip(_list_passing(layout, blocked), layout.out, strict=True):
        for slot in operands:
            if below[slot]:
                for out in made:
                    below[out] = among[out]
                break
    return below


def find_wanted(layout: Layout, targets: Sequence[int], below: bytearray, blocked: Blocked) -> bytearray:
    """By slot: whether the reverse sweep needs its cotangent. What is in `below` and reaches a target does."""
    wanted = bytearray(len(below))
    for target in targets:
        wanted[target] = below[target]
    for operands, out in zip(reversed(_list_passing(layout, blocked)), reversed(layout.out), strict=True):
        if wanted[out[0]] or (len(out) > 1 and any(wanted[slot] for slot in out)):
            for slot in operands:
                wanted[slot] = below[slot]
    return wanted
