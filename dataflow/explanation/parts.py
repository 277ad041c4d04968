"""What the rules of one node made, as expressions that are not too long: long and repeated parts get names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import MappingProxyType
from typing import Any

from dataflow.explanation.expressions import CONSTANT, KEPT, Call, Expression, Name
from dataflow.explanation.operations import Item, Operations
from dataflow.explanation.spelling import INFIX
from dataflow.explanation.steps import Case, Part
from dataflow.graph import EMPTY

MAX_LENGTH = 60  # characters of an expression, about
TURNED = MappingProxyType({"equal": "not_equal", "not_equal": "equal"})  # the others are not, where a number is NaN
SHORT = frozenset({*INFIX, "negative", "matrix_transpose"})  # operators that are written as a sign


class Parts:
    """The expressions of some roots, in which parts stand by the names `t1`, `t2`, ... that are not `taken`."""

    def __init__(self, operations: Operations, roots: Sequence[Any], taken: Collection[str]) -> None:
        self._operations = operations
        self._names: dict[int, str] = {}
        self._name(roots, taken)

    def _name(self, roots: Sequence[Any], taken: Collection[str]) -> None:
        """Name what is long, and what is used more than once and is more than one operation."""
        operations = self._operations
        settled = [operations.settle(root) for root in roots]
        needed = sorted({index for root in roots for index in self._walk(root, conditions=True)})
        uses: dict[int, int] = {}
        for operands in [*(operations.operands_of(index) for index in needed), settled]:
            for item in operands:
                if isinstance(item, Item):
                    uses[item.number] = uses.get(item.number, 0) + 1
        ends = {root.number for root in settled if isinstance(root, Item)}
        lengths: dict[int, int] = {}
        counts: dict[int, int] = {}
        number = 0
        for index in needed:
            length, count = self._measure(index, lengths, counts)
            long = length > MAX_LENGTH or operations.entries[index].op == CONSTANT
            if (long and index not in ends) or (uses.get(index, 0) > 1 and count > 1):
                number += 1
                while (name := f"t{number}") in taken:
                    number += 1
                self._names[index], length, count = name, len(name), 0
            lengths[index], counts[index] = length, count

    def _measure(self, index: int, lengths: dict[int, int], counts: dict[int, int]) -> tuple[int, int]:
        """About how long the text of an entry is, and how many operations it holds."""
        entry = self._operations.entries[index]
        length, count = 0 if entry.op in SHORT else len(entry.op), 1
        for item in self._operations.operands_of(index):
            length += 3 + (lengths[item.number] if isinstance(item, Item) else len(getattr(item, "text", "0.5")))
            count += counts[item.number] if isinstance(item, Item) else 0
        return length, count

    def _walk(self, root: Any, *, conditions: bool = False, above: bool = False) -> list[int]:
        """The entries that a root is made of, each before what uses it.

        Those of `conditions` that decide about it too, if they are wanted; none below what has a name, if only those
        `above` are.
        """
        operations, found = self._operations, set[int]()
        stack = [root]
        while stack:
            item = operations.settle(stack.pop(), stack if conditions else None)
            if isinstance(item, Item) and item.number not in found:
                found.add(item.number)
                if not above or item == root or item.number not in self._names:
                    stack += operations.entries[item.number].operands
        return sorted(found)

    def express(self, root: Any) -> Expression:
        """A root as an expression."""
        root = self._operations.settle(root)
        named = isinstance(root, Item) and root.number in self._names
        return Name(self._names[root.number]) if named else self._write_out(root)

    def _write_out(self, root: Any) -> Expression:
        """A root, settled, as an expression, though it has a name."""
        operations, made = self._operations, dict[int, Expression]()
        for index in self._walk(root, above=True):
            if index in self._names and index != root.number:
                made[index] = Name(self._names[index])
                continue
            operands = [made[item.number] if isinstance(item, Item) else item for item in operations.operands_of(index)]
            entry = operations.entries[index]
            op = KEPT if entry.op == "where" and _is_nothing(entry.operands[2]) else entry.op
            made[index] = Call(op, tuple(operands), entry.attributes or EMPTY)
        return made[root.number] if isinstance(root, Item) else root

    def list_parts(self, root: Any) -> tuple[Part, ...]:
        """The parts with names that a root needs, in their order."""
        needed = [index for index in self._walk(root, conditions=True) if index in self._names]
        return tuple([
            Part(self._names[index], self._write_out(Item(index)), self._operations.tell(Item(index)))
            for index in needed
        ])  # fmt: skip

    def list_cases(self, root: Any) -> tuple[Case, ...]:
        """What was decided on the way to what a root is made of."""
        operations, conditions = self._operations, list[Any]()
        operations.settle(root, conditions)
        for index in self._walk(root):
            for item in operations.entries[index].operands:
                operations.settle(item, conditions)
        holds = dict(operations.choices.values())
        cases = [_turn(self.express(condition), holds[condition]) for condition in dict.fromkeys(conditions)]
        return tuple([case for case in {repr(case): case for case in cases}.values() if not _is_plain(case)])

    def count_missing(self, root: Any) -> tuple[int, int]:
        """How many elements nothing comes back to, of how many: those for which a `where` gives 0."""
        item = root
        while isinstance(item, Item):
            op, operands, _ = self._operations.entries[item.number]
            if item.number in self._operations.choices:
                _, holds = self._operations.choices[item.number]
                if not holds and _is_nothing(operands[2]):
                    return 1, 1
                item = operands[1 if holds else 2]
                continue
            if op == "where" and _is_nothing(operands[2]):
                value = self._operations.value_of(operands[0])
                return (0, 1) if value is None else (int(value.size - value.sum()), int(value.size))
            if op not in ("sum", "reshape"):  # it is summed back over broadcast axes
                break
            item = operands[0]
        return 0, 1


def _is_nothing(item: Any) -> bool:
    return type(item) in (int, float) and item == 0


def _turn(condition: Expression, holds: bool) -> Case:
    """A decision in the way that is easiest to read."""
    while isinstance(condition, Call) and condition.op == "logical_not":
        condition, holds = condition.operands[0], not holds
    if isinstance(condition, Call) and condition.op in TURNED and not holds:
        return Case(condition._replace(op=TURNED[condition.op]), True)
    return Case(condition, holds)


def _is_plain(case: Case) -> bool:
    """Whether a decision is that a number is one, and not NaN."""
    condition = case.condition
    if not case.holds or not isinstance(condition, Call) or condition.op != "equal":
        return False
    return isinstance(condition.operands[0], Name) and condition.operands[0] == condition.operands[1]
