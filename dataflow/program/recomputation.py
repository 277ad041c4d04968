"""Programs in less memory: values of the forward sweep are dropped, and computed again when the way back needs them.

The forward sweep is cut into segments; what later segments use is kept, all else of a segment is computed again from
that just before its part of the reverse sweep (Chen, Xu, Zhang and Guestrin, Training Deep Nets with Sublinear Memory
Cost, 2016). With sqrt(n) segments of a chain of n layers some 2 * sqrt(n) values are held at once, for one more forward
sweep. Which number of segments is taken follows from sizes alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from dataflow.errors import Diagnostic, ResourceError
from dataflow.memory import show_bytes
from dataflow.program.lowering import Lowered
from dataflow.program.schedule import WIDTHS
from dataflow.sizes import substitute

if TYPE_CHECKING:
    from dataflow.graph import Node

AGAIN = "'"  # ends the name of what is computed again
SEGMENTS = (2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024)


class Plan(NamedTuple):
    """A program, the most bytes that its values take at once, and how many of its nodes are computed twice."""

    lowered: Lowered
    peak: int
    again: int


def limit_memory(lowered: Lowered, limit: int, target: str | None, rows: int = 1) -> Plan:
    """The program that holds at most `limit` bytes of values at once, with as little computed again as that takes.

    target: the name, in the program, of the value at which the reverse sweep begins.

    Raises `ResourceError` if there is none.
    """
    sizes = {
        name: WIDTHS.get(type.dtype, 1) * prod(int(substitute(size, {"rows": rows})) for size in type.shape)
        for name, type in lowered.types.items()
    }
    best = Plan(lowered, find_peak(lowered, sizes), 0)
    if best.peak <= limit:
        return best
    count = 0 if target is None or target not in lowered.nodes else list(lowered.nodes).index(target) + 1
    for segments in SEGMENTS:
        if segments > count:
            break
        made, again = recompute(lowered, sizes, count, segments)
        plan = Plan(made, find_peak(made, {**sizes, **_add_sizes(made, sizes)}), again)
        if plan.peak <= limit:
            return plan
        best = min(best, plan, key=lambda item: item.peak)
    message = f"the values take at least {show_bytes(best.peak)} at once, more than the limit of {show_bytes(limit)}"
    raise ResourceError(Diagnostic("DF0821", message, hint="raise the limit, or ask for less with --only"))


def _add_sizes(lowered: Lowered, sizes: Mapping[str, int]) -> dict[str, int]:
    return {name: sizes[name.rstrip(AGAIN)] for name in lowered.types if name.endswith(AGAIN)}


def find_peak(lowered: Lowered, sizes: Mapping[str, int]) -> int:
    """The most bytes of computed values that are alive at once; what is given is not counted."""
    last = _find_last_uses(lowered)
    kept = {item for item in lowered.outputs.values() if isinstance(item, str)}
    dying: dict[int, list[str]] = {}
    for name, index in last.items():
        if name not in kept:
            dying.setdefault(index, []).append(name)
    alive = peak = 0
    for index, (name, node) in enumerate(lowered.nodes.items()):
        alive += sum(sizes[out] for out in node.outputs or (name,))
        peak = max(peak, alive)
        alive -= sum(sizes[item] for item in dying.get(index, ()))
    return peak


def _find_last_uses(lowered: Lowered) -> dict[str, int]:
    """By computed value, the position of the node that uses it last."""
    last: dict[str, int] = {}
    for index, (name, node) in enumerate(lowered.nodes.items()):
        last |= dict.fromkeys(node.outputs or (name,), index)
        last |= {item: index for item in node.inputs if isinstance(item, str) and item in last}
    return last


def recompute(lowered: Lowered, sizes: Mapping[str, int], count: int, segments: int) -> tuple[Lowered, int]:
    """The program with its first `count` nodes, the forward sweep, in so many segments; and how many run again."""
    names = list(lowered.nodes)
    segment_of = _cut_segments(lowered, names[:count], sizes, segments)
    kept = _find_kept(lowered, names[:count], segment_of)
    copies = _Copies(lowered, segment_of, kept, segments - 1)
    nodes = {name: lowered.nodes[name] for name in names[:count]}
    for name in names[count:]:
        node = lowered.nodes[name]
        inputs = tuple([copies.find(item, nodes) if isinstance(item, str) else item for item in node.inputs])
        nodes[name] = node._replace(inputs=inputs)
    types = {**lowered.types, **{name: lowered.types[name.rstrip(AGAIN)] for name in copies.made}}
    return lowered._replace(nodes=nodes, types=types), len(copies.made)


def _cut_segments(lowered: Lowered, forward: Sequence[str], sizes: Mapping[str, int], segments: int) -> dict[str, int]:
    """By value of the forward sweep its segment: contiguous ones of about the same number of bytes."""
    widths = [sum(sizes[out] for out in lowered.nodes[name].outputs or (name,)) for name in forward]
    whole, done = max(sum(widths), 1), 0
    found: dict[str, int] = {}
    for name, width in zip(forward, widths, strict=True):
        segment = min(done * segments // whole, segments - 1)
        found |= dict.fromkeys(lowered.nodes[name].outputs or (name,), segment)
        done += width
    return found


def _find_kept(lowered: Lowered, forward: Sequence[str], segment_of: Mapping[str, int]) -> set[str]:
    """What later segments use, and what is asked for."""
    kept = {item for item in lowered.outputs.values() if isinstance(item, str)}
    for name in forward:
        segment = segment_of[(lowered.nodes[name].outputs or (name,))[0]]
        used = [item for item in lowered.nodes[name].inputs if isinstance(item, str)]
        kept.update(item for item in used if segment_of.get(item, segment) != segment)
    return kept


class _Copies:
    """Nodes of the forward sweep that are computed again on the way back, each once."""

    def __init__(self, lowered: Lowered, segment_of: Mapping[str, int], kept: set[str], last: int) -> None:
        self.lowered = lowered
        self.segment_of = segment_of
        self.kept = kept
        self.last = last
        self.made: dict[str, None] = {}
        self._makers = {out: name for name, node in lowered.nodes.items() for out in node.outputs or (name,)}

    def find(self, item: str, nodes: dict[str, Node]) -> str:
        """What the way back uses in place of a value: itself, or a copy, which is added to the nodes."""
        if self._stays(item):
            return item
        if item + AGAIN not in self.made:
            self._copy(item, nodes)
        return item + AGAIN

    def _stays(self, item: str) -> bool:
        segment = self.segment_of.get(item)
        return segment is None or segment == self.last or item in self.kept

    def _copy(self, item: str, nodes: dict[str, Node]) -> None:
        """Add what computes a value again, after whatever it needs that is not there."""
        for name in self._list_needed(self._makers[item]):
            node = self.lowered.nodes[name]
            inputs = tuple([
                part if not isinstance(part, str) or self._stays(part) else part + AGAIN for part in node.inputs
            ])  # fmt: skip
            outputs = tuple([out + AGAIN for out in node.outputs])
            nodes[name + AGAIN] = node._replace(inputs=inputs, outputs=outputs)
            self.made |= dict.fromkeys(outputs or (name + AGAIN,))

    def _list_needed(self, name: str) -> Iterable[str]:
        """The nodes to copy for one node, each after what it needs."""
        order: list[str] = []
        seen: set[str] = set()
        stack = [(name, False)]
        while stack:
            current, ready = stack.pop()
            if ready:
                order.append(current)
                continue
            if current in seen:
                continue
            seen.add(current)
            stack.append((current, True))
            for part in self.lowered.nodes[current].inputs:
                if isinstance(part, str) and not self._stays(part) and part + AGAIN not in self.made:
                    stack.append((self._makers[part], False))
        return order
