"""Can the sizes that shapes declare be told from data, and from values? Are those that attributes name declared?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from dataflow.attributes import describe
from dataflow.checks.inline import fault_of_size, show_text
from dataflow.errors import Diagnostic, Path, propose, suggest
from dataflow.graph import Graph, Node, owner_of
from dataflow.sizes import Length, Quotient, SymbolicSize, names_in
from dataflow.sizing import computed_in, read_sizes, sizes_in

MAX_HINTS = 50  # distinct unknown words that are compared with all sizes: each costs a pass over them
Declared = list[tuple[str, Path, Length]]  # the input that declares a size, the place, the size


def check_sizes(graph: Graph, known: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Sizes with the name of a value (`known` says of what), and those that no data can tell.

    >>> from dataflow.graph import Input
    >>> graph = Graph(inputs={"n": 1, "x": Input(shape=("n",)), "y": Input(shape=("a*b",))})
    >>> [problem.message for problem in check_sizes(graph, {"n": "an input"})][0]
    '`n` is a size here and the name of an input elsewhere'
    """
    declared: Declared = [
        (name, (section, name, "shape", axis), size)
        for section in ("inputs", "parameters")
        for name, entry in getattr(graph, section).items()
        if entry.shape
        for axis, size in computed_in(entry)
        if fault_of_size(str(entry.shape[axis])) is None
    ]
    for owner, path, size in declared:
        for name in sorted(names_in(size) & known.keys()):
            message = f"`{name}` is a size here and the name of {known[name]} elsewhere"
            yield Diagnostic("DF0506", message, path, node=owner, hint="give the size another name")
    yield from _find_unknown(declared)


def _find_unknown(declared: Declared) -> Iterator[Diagnostic]:
    """Each name of a size that stands nowhere alone, and nowhere else where the data could tell it."""
    sizes = {size: names_in(size) for _, _, size in declared}
    found = {name for size, names in sizes.items() if str(size) in names for name in names}
    while told := {
        name
        for size, names in sizes.items()
        if len(names - found) == 1
        for name in names - found
        if _is_linear(size, name)
    }:
        found |= told
    tellable, hints = sorted(found), 0
    for owner, path, size in declared:
        for name in sorted(names_in(size) - found):
            found.add(name)  # said once
            meant = suggest(name, tellable) if hints < MAX_HINTS else None
            hints += 1
            hint = f"did you mean `{meant}`?" if meant else f"let a shape name `{show_text(name)}` alone"
            message = f"the size `{show_text(name)}` in `{show_text(str(size))}` cannot be told from data"
            yield Diagnostic("DF0518", message, path, node=owner, hint=hint)


def _is_linear(size: Length, name: str) -> bool:
    """Whether a size is a multiple of a name and something besides, so that its length tells the name's."""
    if isinstance(size, int):
        return False
    quotients = {part for product in size.terms for part in product if isinstance(part, Quotient)}
    if any(name in names_in(SymbolicSize.named(part)) for part in quotients):
        return False
    return all(product.count(name) <= 1 for product in size.terms)


class AttributeSizes:
    """Looks at the sizes that attributes name, given the names of all values of a graph and of its sizes."""

    def __init__(self, values: Set[str], sizes: Set[str]) -> None:
        self.values = values
        self.sizes = sizes
        self._hints: dict[str, str | None] = {}

    def check(self, name: str, node: Node, annotations: Mapping[str, Any]) -> Iterator[Diagnostic]:
        """Names in the sizes of a node's attributes that no shape declares.

        >>> node = Node("reshape", ("x",), {"shape": ("row", 2)})
        >>> [item.hint for item in AttributeSizes({"x"}, {"rows"}).check("y", node, {"shape": tuple[int, ...]})]
        ['did you mean `rows`?']
        """
        for key, value in node.attributes.items():
            annotation = annotations.get(key)
            for place, size in sizes_in(read_sizes(annotation, value)):
                for word in sorted(names_in(size) - self.sizes):
                    problem = self._refuse(word, key, node.op, annotation)
                    yield problem._replace(path=("nodes", name, "attributes", key, *place), node=owner_of(name))

    def _refuse(self, word: str, key: str, op: str, annotation: Any) -> Diagnostic:
        shown = show_text(word)
        if word in self.values:
            message = f"attribute `{key}` must be written out: `{shown}` is a value, not a size"
            hint = "an attribute is fixed: write numbers, or sizes that the shape of an input names"
            return Diagnostic("DF0306", message, hint=hint)
        if word not in self._hints:
            looked_up = len(self._hints) < MAX_HINTS
            self._hints[word] = (propose(word, sorted(self.sizes)) if looked_up else None) or (
                f"let the shape of an input name it: `shape: [{shown}]`"
            )
        message = f"the attribute `{key}` of `{op}` names a size `{shown}`, which no shape declares"
        return Diagnostic("DF0518", message, expected=describe(annotation), hint=self._hints[word])
