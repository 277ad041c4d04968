"""Which names of one graph another graph has under new names, as far as that is certain.

A renaming is certain if both entries say the same, all earlier renamings applied, and nothing else could be meant:
either an equation that both graphs have uses the one name where the other was used, or of the names that are gone and
of those that are new only these two have that equation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from dataflow.comparison.entries import Entries, list_operands
from dataflow.graph import HIDDEN, Node


def find_renames(old: Entries, new: Entries) -> dict[str, str]:
    """New names by old ones, of entries and of results of nodes that have several.

    >>> from dataflow.document import loads
    >>> old = loads("{dataflow: 1, inputs: {a: 5}, nodes: {u: 2 * a, J: u + 1}}")
    >>> new = loads("{dataflow: 1, inputs: {x: 5}, nodes: {y: 2 * x, J: y + 1}}")
    >>> find_renames(Entries(old), Entries(new))
    {'a': 'x', 'u': 'y'}
    """
    if old.names <= new.names or new.names <= old.names:
        return {}
    candidates = _Uses(old, new).collect()
    twins = _Twins(old, new)
    renames: dict[str, str] = {}
    for name in old.sort_names():
        if name in new.names:
            renames |= _pair_outputs(old, new, name, renames)
            continue
        key = old.key(name, renames)
        partner = candidates.get(name)
        if partner is None or not _agree(old, new, name, partner, key):
            partner = twins.find(name, key)
        if partner is not None:  # no other name's: that would have the same key
            renames[name] = partner
    return renames


def _agree(old: Entries, new: Entries, name: str, partner: str, key: str) -> bool:
    """Whether two entries say the same; `key` is the old one in the new names."""
    return partner in new.sections and key == new.key(partner) and old.outputs(name) == new.outputs(partner)


def _pair_outputs(old: Entries, new: Entries, name: str, renames: Mapping[str, str]) -> dict[str, str]:
    """New names of the results of a node that is the same but for these."""
    before, after = old.outputs(name), new.outputs(name)
    if before == after or len(before) != len(after) or old.key(name, renames) != new.key(name):
        return {}
    return {
        first: second
        for first, second in zip(before, after, strict=True)
        if first not in new.names and second not in old.names
    }


class _Uses:
    """Pairs of a name that is gone and a new one, of which the one is used where the other was."""

    def __init__(self, old: Entries, new: Entries) -> None:
        self.old, self.new = old, new
        self.after: dict[str, str | None] = {}  # None: several could be meant
        self.before: dict[str, str | None] = {}

    def collect(self) -> dict[str, str]:
        """The pairs in which each name has one partner alone. Users come before what they use."""
        old, new = self.old, self.new
        if old.graph.target is not None and new.graph.target is not None:
            self._note(old.graph.target, new.graph.target)
        shapes: dict[str, str] | None = None
        for name in reversed(old.sort_names()):
            if name not in new.names and name not in self.after:  # nothing that both graphs have uses it
                shapes = self._pair_shapes() if shapes is None else shapes
                if name in shapes:
                    self._note(name, shapes[name])
            partner = name if name in new.names else self.after.get(name)
            if partner in new.parts and name in old.parts:
                for first, second in _match(old.list_parts(name), new.list_parts(partner), name, partner):
                    self._note(first, second)
        return {name: other for name, other in self.after.items() if other is not None and self.before[other] == name}

    def _pair_shapes(self) -> dict[str, str]:
        """Pairs of nodes that alone have their equation, whatever the names that are gone or new in it."""
        found: list[dict[str, list[str]]] = []
        for graph, other in ((self.old, self.new), (self.new, self.old)):
            apart = dict.fromkeys(graph.names - other.names, "?")
            shapes: dict[str, list[str]] = {}
            for name in graph.parts:
                if name in apart and _uses_names(graph, name):
                    shapes.setdefault(graph.key(name, apart), []).append(name)
            found.append(shapes)
        gone, added = found
        return {
            names[0]: added[shape][0] for shape, names in gone.items() if len(names) == len(added.get(shape, ())) == 1
        }

    def _note(self, first: str, second: str) -> None:
        if first in self.new.names or second in self.old.names:
            return
        for pairs, key, value in ((self.after, first, second), (self.before, second, first)):
            pairs[key] = value if pairs.get(key, value) == value else None


def _match(
    before: Sequence[tuple[str, Node]], after: Sequence[tuple[str, Node]], name: str, partner: str
) -> Iterable[tuple[str, str]]:
    """The names that stand in the same places of two expressions, where these are the same but for names."""
    shapes = [[(own, node.op, len(node.inputs), node.attributes) for own, node in parts] for parts in (before, after)]
    if shapes[0] != shapes[1]:
        return ()
    pairs = zip(list_operands(before, name), list_operands(after, partner), strict=True)
    differing = [(first, second) for first, second in pairs if first != second]
    named = all(type(item) is str and HIDDEN not in item for pair in differing for item in pair)
    return dict.fromkeys(differing) if named else ()


class _Twins:
    """Of the names that are gone and of those that are new: which have an equation that no other of them has."""

    def __init__(self, old: Entries, new: Entries) -> None:
        self.old, self.new = old, new
        self.counts: Counter[str] | None = None  # of the equations that are gone, in the old names
        self.found: dict[str, list[str]] = {}  # new names by equation

    def find(self, name: str, key: str) -> str | None:
        """The one partner of a node that is made of others; `key` is its equation in the new names."""
        if name not in self.old.parts:
            return None
        if self.counts is None:
            self.counts = self._read()
        partners = self.found.get(key, [])
        if len(partners) != 1 or self.counts[self.old.key(name)] > 1:
            return None
        same = _uses_names(self.old, name) and self.old.outputs(name) == self.new.outputs(partners[0])
        return partners[0] if same else None

    def _read(self) -> Counter[str]:
        for name in self.new.parts:
            if name not in self.old.names:
                self.found.setdefault(self.new.key(name), []).append(name)
        return Counter(self.old.key(name) for name in self.old.parts if name not in self.new.names)


def _uses_names(graph: Entries, name: str) -> bool:
    """Whether a node is made of others: two that are the same number may have nothing to do with each other."""
    operands = list_operands(graph.list_parts(name), name)
    return any(type(item) is str and item in graph.names for item in operands)
