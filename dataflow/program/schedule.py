"""When the nodes of a program run: in which pass over the rows, or between two passes.

A reduction over the rows is known when a pass is over, and what rests on it runs in the next one: there are as many
passes as there are reductions one after the other. What a later pass needs of an earlier one is computed again, unless
that takes longer than to read it: it is kept where it is narrow beside what it is computed from, and where it is no
wider and comes of more than arithmetic.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from dataflow.axes import count_per_row
from dataflow.program.lowering import Lowered

if TYPE_CHECKING:
    from dataflow.graph import Node
    from dataflow.shapes import ArrayType

WIDTHS = {"float64": 8, "int64": 8, "uint64": 8, "float32": 4, "int32": 4, "uint32": 4, "int16": 2, "uint16": 2}
SHORTEST, LONGEST = 2048, 65_536  # rows of a block
# What takes no longer than to write a number and to read it again.
ARITHMETIC = frozenset({
    "add", "subtract", "multiply", "divide", "negative", "positive", "abs", "sign", "square", "reciprocal", "sqrt",
    "maximum", "minimum", "clip", "relu", "where", "equal", "not_equal", "less", "less_equal", "greater",
    "greater_equal", "logical_and", "logical_or", "logical_not", "isnan", "isfinite", "isinf", "astype",
    "broadcast_to", "expand_dims", "squeeze", "reshape", "matrix_transpose", "permute_dims", "stack", "concat",
})  # fmt: skip
COMPUTED, READ = 2**18, 2**21  # elements of a block of one value


class Pass(NamedTuple):
    """One pass over the rows.

    nodes:  what runs on every block, in order.
    sums:   by node, how the parts of the blocks are put together.
    stored: values whose rows are written in full.
    watched: values that are summarised.
    read:   values with rows that are there already: given, or stored before.
    """

    nodes: tuple[str, ...]
    sums: Mapping[str, str]
    stored: tuple[str, ...]
    watched: tuple[str, ...]
    read: tuple[str, ...]


class Schedule(NamedTuple):
    """`between[k]` are the nodes that run on whole values before pass k; the last of them after all passes."""

    between: tuple[tuple[str, ...], ...]
    passes: tuple[Pass, ...]


def make_schedule(
    lowered: Lowered, *, keep: bool = True, watched: Collection[str] = (), written: Collection[str] = ()
) -> Schedule:
    """The passes of a program.

    With `keep` false nothing with rows is kept between passes but what is asked for. Of `watched` outputs a summary is
    made, and their rows only if they are among the `written` ones.
    """
    return _Scheduler(lowered, keep, watched, frozenset(written)).run()


class _Scheduler:
    def __init__(self, lowered: Lowered, keep: bool, watched: Collection[str], written: frozenset[str]) -> None:
        self.lowered = lowered
        self.keep = keep
        self.written = written
        self.watched = [item for item in watched if item in lowered.places]
        self.makers = {out: name for name, node in lowered.nodes.items() for out in node.outputs or (name,)}
        self.mixing = set(lowered.mixing)
        self.stages: dict[str, int] = dict.fromkeys((*lowered.given, *lowered.constants), 0)
        self.stored: dict[str, int] = {}  # by value: the pass that writes it

    def run(self) -> Schedule:
        lowered = self.lowered
        between: dict[int, list[str]] = {}
        sums: dict[int, list[str]] = {}
        for name, node in lowered.nodes.items():
            operands = [item for item in node.inputs if isinstance(item, str)]
            stage = max((self.stages[item] for item in operands), default=0)
            if name in lowered.reductions:
                sums.setdefault(stage, []).append(name)
                stage += 1
            elif name in self.mixing:
                wide = [item for item in operands if item in lowered.places]
                self.stored |= {item: self.stages[item] for item in wide if item in self.makers}
                stage += bool(wide)
                between.setdefault(stage, []).append(name)
            elif not self._is_blocked(name, node):
                between.setdefault(stage, []).append(name)
            for out in node.outputs or (name,):
                self.stages[out] = stage
        for item in lowered.outputs.values():
            rows = isinstance(item, str) and item in lowered.places and self._is_in_pass(item)
            if rows and (item not in self.watched or item in self.written):
                self.stored[item] = self.stages[item]
        count = max([-1, *sums, *self.stored.values(), *(self.stages[item] for item in self.watched)]) + 1
        passes = [self._plan_pass(stage, sums.get(stage, ())) for stage in reversed(range(count))]
        last = max([count, *between])
        return Schedule(tuple(tuple(between.get(stage, ())) for stage in range(last + 1)), tuple(reversed(passes)))

    def _is_blocked(self, name: str, node: Node) -> bool:
        return any(out in self.lowered.places for out in node.outputs or (name,))

    def _is_in_pass(self, item: str) -> bool:
        """Whether a value with rows is made block by block."""
        return item in self.makers and self.makers[item] not in self.mixing

    def _plan_pass(self, stage: int, sums: Sequence[str]) -> Pass:
        """The nodes on which what this pass has to give rests; later passes were planned before."""
        lowered = self.lowered
        stored = [item for item, made in self.stored.items() if made == stage and self._is_in_pass(item)]
        watched = [item for item in self.watched if self.stages[item] == stage]
        wanted: set[str] = set(sums)
        read = [item for item in watched if not self._is_in_pass(item)]
        stack = [self.makers[item] for item in (*stored, *watched) if self._is_in_pass(item)] + list(sums)
        seen: set[str] = set()
        while stack:
            name = stack.pop()
            if name in seen:
                continue
            seen.add(name)
            wanted.add(name)
            for item in lowered.nodes[name].inputs:
                if not isinstance(item, str) or item not in lowered.places:
                    continue
                if self._is_there(item, stage):
                    read.append(item)
                else:
                    stack.append(self.makers[item])
        order = tuple([name for name in lowered.nodes if name in wanted])
        by = {name: lowered.reductions[name] for name in sums}
        return Pass(order, by, tuple(stored), tuple(watched), tuple(dict.fromkeys(read)))

    def _is_there(self, item: str, stage: int) -> bool:
        """Whether a value with rows is there before a pass: it is given, whole, or written by an earlier pass."""
        if not self._is_in_pass(item) or self.stored.get(item, stage) < stage:
            return True
        if self.keep and self.stages[item] < stage and self._is_worth_keeping(item):
            self.stored[item] = self.stages[item]
            return True
        return False

    def _is_worth_keeping(self, item: str) -> bool:
        """Whether to read a value takes less time than to compute it again from the rows that are there."""
        sources, stack, seen = 0, [item], set[str]()
        while stack:
            name = stack.pop()
            if name in seen or name not in self.lowered.places:
                continue
            seen.add(name)
            if self._is_in_pass(name):
                stack += [part for part in self.lowered.nodes[self.makers[name]].inputs if isinstance(part, str)]
            else:
                sources += width_of(self.lowered.types[name], self.lowered.places[name])
        width = width_of(self.lowered.types[item], self.lowered.places[item])
        long = self.lowered.nodes[self.makers[item]].op not in ARITHMETIC
        return width * (1 if long else 2) <= sources


def width_of(type: ArrayType, place: int) -> int:
    """The bytes of one row of a value.

    >>> from dataflow.program.lowering import ROWS
    >>> from dataflow.shapes import ArrayType
    >>> width_of(ArrayType("float32", (ROWS, 3)), 0)
    12
    """
    return count_row(type, place) * WIDTHS.get(type.dtype, 1)


def count_row(type: ArrayType, place: int) -> int:
    """How many elements one row of a value has."""
    others = prod(int(length) for axis, length in enumerate(type.shape) if axis != place)
    return others * (count_per_row(type.shape[place]) or 1)


def find_block_length(computed: int, read: int = 1) -> int:
    """How many rows a block has, a power of 2 from 2,048 to 65,536.

    computed, read: the most elements that a row of a value has that is computed, and of one that is read. A block has
    some 2**18 of the first, so that what is made of it stays in the cache, and some 2**21 of the second.

    >>> find_block_length(1), find_block_length(100), find_block_length(1, 100)
    (65536, 2048, 16384)
    """
    length = LONGEST
    while length > SHORTEST and (length * computed > COMPUTED or length * read > READ):
        length //= 2
    return length


def find_widest(lowered: Lowered, plan: Pass, moving: Container[str]) -> tuple[int, int]:
    """The most elements that a row of a value in a pass has: of computed ones, and of others.

    What operators do that only move elements (`moving`, by name) is not computed: often it is a view.
    """
    widths = {True: 1, False: 1}
    for name in plan.nodes:
        node = lowered.nodes[name]
        for out in node.outputs or (name,):
            if out in lowered.places:
                computed = node.op not in moving
                widths[computed] = max(widths[computed], count_row(lowered.types[out], lowered.places[out]))
    read = [count_row(lowered.types[item], lowered.places[item]) for item in plan.read]
    return widths[True], max([widths[False], *read])
