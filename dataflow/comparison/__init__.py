"""Two graphs compared as equations, and two results as numbers; everything found is data.

Spelling is no difference, and neither is where an entry stands.

>>> from dataflow.document import loads
>>> old = loads("{dataflow: 1, inputs: {v: 1}, nodes: {J: 3 * v}}")
>>> new = loads("{dataflow: 1, inputs: {v: 1}, nodes: {J: {op: multiply, inputs: [4, v]}}}")
>>> [(change.kind, change.old.fields, change.new.fields) for change in compare_graphs(old, new).changes]
[('changed', {'equation': '3 * v'}, {'equation': '4 * v'})]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from dataflow.comparison.entries import GIVEN, Entries, Entry, describe_top, list_fields, list_top
from dataflow.comparison.renames import find_renames
from dataflow.document import paused_collection
from dataflow.graph import EMPTY

if TYPE_CHECKING:
    from dataflow.graph import Graph

T = TypeVar("T")


class Change(NamedTuple):
    """One entry that differs. `kind` is ``"added"``, ``"removed"``, ``"changed"`` or ``"renamed"``.

    `fields` names what differs of an entry that both graphs have; it is empty where only its section or name does.
    """

    kind: str
    old: Entry | None = None
    new: Entry | None = None
    fields: tuple[str, ...] = ()

    @property
    def section(self) -> str:
        """Where the entry stands, in the new graph if it is there."""
        entry = self.new or self.old
        return "" if entry is None else entry.section

    def as_data(self) -> dict[str, Any]:
        """What is known, as a mapping that JSON can hold."""
        sides = {"old": self.old, "new": self.new}
        data = {key: entry.as_data() for key, entry in sides.items() if entry is not None}
        return {"kind": self.kind, **data, **({"fields": list(self.fields)} if self.old and self.new else {})}


class GraphComparison(NamedTuple):
    """How two graphs differ: all changes in the order of the document, and new names by old ones.

    `reordered` says that nothing differs but the order of entries, which is part of a graph's digest.
    """

    changes: tuple[Change, ...]
    renames: Mapping[str, str] = EMPTY
    reordered: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """How many changes there are of each kind that there is.

        >>> GraphComparison((Change("added"), Change("added"))).counts
        {'added': 2}
        """
        kinds = [change.kind for change in self.changes]
        return {kind: kinds.count(kind) for kind in ("changed", "renamed", "added", "removed") if kind in kinds}


def compare_graphs(old: Graph, new: Graph, *, descriptions: bool = False) -> GraphComparison:
    """Which equations, values and declarations of two graphs differ. Descriptions are left out unless asked for.

    Raises `GraphError` for a graph whose nodes need each other in a circle.
    """
    with paused_collection():
        before, after = Entries(old), Entries(new)
        renames = find_renames(before, after)
        changes = (
            *_compare_top(old, new, descriptions=descriptions),
            *_compare_entries(before, after, renames, descriptions=descriptions),
            *_compare_derivatives(before, after, renames, descriptions=descriptions),
            *_compare_targets(old, new, renames),
        )
        return GraphComparison(changes, renames, reordered=not changes and old != new)


def _compare_top(old: Graph, new: Graph, *, descriptions: bool) -> Iterator[Change]:
    before, after = (list_top(graph, descriptions=descriptions) for graph in (old, new))
    shared = {key: key for key in after if key in before}
    for first, second in _merge(list(before), shared, list(after)):
        if (key := second or first) is not None:
            yield from _compare_known(old, new, key, before.get(key), after.get(key))


def _compare_derivatives(
    old: Entries, new: Entries, renames: Mapping[str, str], *, descriptions: bool
) -> Iterator[Change]:
    before, after = old.graph.derivatives, new.graph.derivatives
    for first, second in _merge(list(before), {name: name for name in before if name in after}, list(after)):
        entry = None if first is None else old.describe_derivative(first, descriptions=descriptions)
        other = None if second is None else new.describe_derivative(second, descriptions=descriptions)
        if first is None or second is None or entry is None or other is None:
            yield Change("removed" if second is None else "added", entry, other)
            continue
        keys = [key for key in {**entry.fields, **other.fields} if entry.fields.get(key) != other.fields.get(key)]
        if old.derivative_key(first, renames) != new.derivative_key(second) or "description" in keys:
            yield Change("changed", entry, other, tuple(keys))


def _compare_targets(old: Graph, new: Graph, renames: Mapping[str, str]) -> Iterator[Change]:
    if old.target is None or renames.get(old.target, old.target) != new.target:
        yield from _compare_known(old, new, ("", "target"), old.target, new.target)


def _compare_known(
    old: Graph, new: Graph, key: tuple[str, str], before: str | None, after: str | None
) -> Iterator[Change]:
    """The change of an entry that is one text in both graphs, if there is one."""
    if before == after:
        return
    first = None if before is None else describe_top(old, *key, before)
    second = None if after is None else describe_top(new, *key, after)
    if first is not None and second is not None:
        yield Change("changed", first, second, ("value",))
    else:
        yield Change("removed" if second is None else "added", first, second)


def _compare_entries(old: Entries, new: Entries, renames: Mapping[str, str], *, descriptions: bool) -> Iterator[Change]:
    """The changes of inputs, parameters and nodes, section by section, what was removed where it stood."""
    partners = {name: renames.get(name, name) for name in old.sections if renames.get(name, name) in new.sections}
    for section in (*GIVEN, "nodes"):
        gone = [name for name, place in old.sections.items() if place == section]
        here = [name for name, place in new.sections.items() if place == section]
        for first, second in _merge(gone, partners, here):
            if first is None and second is not None:
                yield Change("added", None, new.describe(second, descriptions=descriptions))
            elif second is None and first is not None:
                yield Change("removed", old.describe(first, descriptions=descriptions))
            elif first is not None and second is not None:
                yield from _compare_pair(old, new, first, second, renames, descriptions=descriptions)


def _merge(old: Sequence[T], partners: Mapping[T, T], new: Sequence[T]) -> Iterator[tuple[T | None, T | None]]:
    """Pairs of partners in the order of the new ones; what was removed stands where it was, before what was added.

    >>> list(_merge(["a", "b", "c"], {"a": "a", "c": "c"}, ["a", "d", "c"]))
    [('a', 'a'), ('b', None), (None, 'd'), ('c', 'c')]
    """
    removed = [item for item in old if item not in partners]
    position = {item: index for index, item in enumerate(old)}
    back = {second: first for first, second in partners.items()}
    waiting: list[tuple[T | None, T | None]] = []
    begun = 0
    for item in new:
        first = back.get(item)
        waiting.append((first, item))
        if first is None or first not in position:
            continue
        while begun < len(removed) and position[removed[begun]] < position[first]:
            yield removed[begun], None
            begun += 1
        yield from waiting
        waiting.clear()
    yield from ((item, None) for item in removed[begun:])
    yield from waiting


def _compare_pair(
    old: Entries, new: Entries, first: str, second: str, renames: Mapping[str, str], *, descriptions: bool
) -> Iterator[Change]:
    """The change of an entry that both graphs have, perhaps under two names, if there is one."""
    fields = () if first != second else tuple(_list_differing(old, new, first, renames))
    if descriptions and old.description(first) != new.description(second):
        fields += ("description",)
    if fields or first != second or old.sections[first] != new.sections[second]:
        before, after = (
            graph.describe(name, descriptions=descriptions) for graph, name in ((old, first), (new, second))
        )
        yield Change("changed" if first == second else "renamed", before, after, fields)


def _list_differing(old: Entries, new: Entries, name: str, renames: Mapping[str, str]) -> Iterator[str]:
    """The fields that differ of an entry; none of a node that was an input, since all do."""
    if name in old.given and name in new.given:
        before, after = list_fields(old.given[name]), list_fields(new.given[name])
        for key in {**before, **after}:
            first, second = before.get(key), after.get(key)
            retyped = key == "value" and before.get("dtype") != after.get("dtype") and first == second  # 1 and 1.0
            if not retyped and old.encode(first) != new.encode(second):
                yield key
    elif name in old.parts and name in new.parts and not old.has_same_parts(new, name):
        if old.key(name, renames) != new.key(name):
            yield "equation"
        if old.outputs(name) != new.outputs(name):
            yield "outputs"
