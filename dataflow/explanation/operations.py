"""The operations that the rules of one node recorded, each kept once, and what they amount to in numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.explanation.expressions import CONSTANT, OUTPUT, Expression, Name
from dataflow.tracing import Symbol

if TYPE_CHECKING:
    from dataflow.tracing import Recorder

Compute = Callable[[str, list[Any], Mapping[str, Any]], Any]  # an operator applied to values


class Item(NamedTuple):
    """A reference to an entry of `Operations`."""

    number: int


class Entry(NamedTuple):
    """An operation; operands are references, names and numbers."""

    op: str
    operands: tuple[Any, ...]
    attributes: Mapping[str, Any]


class Operations:
    """Operations as they were recorded, operands before what uses them.

    leaves:  by name on the tape what stands there: names that people know.
    values:  the values of these leaves, by their names on the tape.
    choices: by index of a `where` that one number decides, its condition and whether that holds.
    """

    def __init__(self, leaves: Mapping[str, Expression], values: Mapping[str, Any], compute: Compute) -> None:
        self.entries: list[Entry] = []
        self.choices: dict[int, tuple[Any, bool]] = {}
        self._leaves = leaves
        self._values = {leaf: values[name] for name, leaf in leaves.items()}
        self._compute = compute
        self._known: dict[Any, Item] = {}
        self._computed: dict[int, Any] = {}

    def enter(self, recorder: Recorder, root: Any, aliases: Mapping[str, str]) -> Any:
        """What a symbol, or a number, amounts to; `aliases` are what leaves are called on this tape besides."""
        if not isinstance(root, Symbol):
            return root
        made: dict[str, Any] = {**self._leaves, **{alias: self._leaves[name] for alias, name in aliases.items()}}
        makers = {out: name for name, node in recorder.nodes.items() for out in node.outputs}
        stack = [root.name]
        while stack:
            name = stack.pop()
            if name in made:
                continue
            if name in recorder.constants:
                made[name] = self._enter_constant(recorder.constants[name])
                continue
            node = recorder.nodes[makers.get(name, name)]
            if waiting := [item for item in node.inputs if isinstance(item, str) and item not in made]:
                stack += [name, *waiting]
                continue
            operands = tuple([made[item] if isinstance(item, str) else item for item in node.inputs])
            call = made[name] = self._intern(Entry(node.op, operands, node.attributes))
            for index, out in enumerate(node.outputs):
                made[out] = self._intern(Entry(OUTPUT, (call,), {"index": index}))
        return made[root.name]

    def _enter_constant(self, value: Any) -> Any:
        if not value.shape:
            return value.item()
        item = self._intern(Entry(CONSTANT, (), {"array": id(value)}))
        self._computed[item.number] = value
        return item

    def _intern(self, entry: Entry) -> Item:
        key = (entry.op, tuple(map(_key_of, entry.operands)), repr(entry.attributes))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Item(len(self.entries))
            self.entries.append(entry)
            if entry.op == "where":
                value = self.value_of(entry.operands[0])
                if value is not None and not getattr(value, "shape", ()):
                    self.choices[found.number] = entry.operands[0], bool(value)
        return found

    def settle(self, item: Any, conditions: list[Any] | None = None) -> Any:
        """What an operand is, past every `where` that is decided; their conditions are added to a list."""
        while isinstance(item, Item) and item.number in self.choices:
            condition, holds = self.choices[item.number]
            if conditions is not None:
                conditions.append(condition)
            item = self.entries[item.number].operands[1 if holds else 2]
        return item

    def operands_of(self, index: int) -> Iterator[Any]:
        """The operands of an entry, settled."""
        return map(self.settle, self.entries[index].operands)

    def tell(self, item: Item) -> Any:
        """The value of an entry, to be shown; None if it cannot be told, or is several."""
        value = self.value_of(item)
        return None if isinstance(value, tuple | list) else value

    def value_of(self, item: Any) -> Any:
        """The value of a leaf or an entry; None if it cannot be told."""
        if not isinstance(item, Item):
            return self._values.get(item) if isinstance(item, Name) else item
        wanted = {item.number}
        for index in range(item.number, -1, -1):
            if index in wanted and index not in self._computed:
                wanted.update(part.number for part in self.entries[index].operands if isinstance(part, Item))
        for index in sorted(wanted):
            if index not in self._computed:
                self._computed[index] = self._compute_one(self.entries[index])
        return self._computed[item.number]

    def _compute_one(self, entry: Entry) -> Any:
        operands = [
            self._computed[item.number] if isinstance(item, Item) else self.value_of(item) for item in entry.operands
        ]
        try:
            if entry.op == OUTPUT:
                return operands[0][entry.attributes["index"]]
            return self._compute(entry.op, operands, entry.attributes)
        except Exception:  # the rule itself ran: this is a number that only a remark would need
            return None


def _key_of(item: Any) -> Any:
    """1, 1.0 and True are three operands."""
    return item if isinstance(item, Item | Name) else (type(item), repr(item))
