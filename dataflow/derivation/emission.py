"""From a tape to a graph that a person reads: what is needed, under names, single uses folded into expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.graph import EMPTY, HIDDEN, Node, owner_of
from dataflow.order import find_needed, sort_needs
from dataflow.sizes import SymbolicSize, read_size

if TYPE_CHECKING:
    from dataflow.derivation.tape import Tape

MAX_TEXT = 72  # of an expression that is folded into another
PASSING = "&"  # begins a name that stands for `t1`, `t2`, ... until their order is known
MAX_OPERATIONS = 400  # of an expression in all; the format allows 1,000


class UnwritableSizeError(ValueError):
    """A size has no name that a graph could use."""


def emit(
    tape: Tape, outputs: Mapping[str, Any], taken: set[str], labels: Mapping[str, str] = EMPTY
) -> tuple[dict[str, Node], set[str]]:
    """The nodes that give `outputs` (by name a symbol, a number or a size), and which given values they use.

    Nodes of the graph keep their names, and those in `labels` (by name on the tape) have names of their own; what is
    used once is folded into the expression that uses it; the rest is called `t1`, `t2`, ..., past the names that are
    `taken`.
    """
    return _Emission(tape, outputs, taken, labels).run()


class _Emission:
    def __init__(self, tape: Tape, outputs: Mapping[str, Any], taken: set[str], labels: Mapping[str, str]) -> None:
        self.nodes = tape.recorder.nodes
        self.given = tape.graph.given
        self.constants = tape.recorder.constants
        self.outputs = {name: tape.recorder.name_of(item) for name, item in outputs.items()}
        self.makers = {out: name for name, node in self.nodes.items() for out in node.outputs}
        self.labels = {item: label for label, item in reversed(self.outputs.items()) if isinstance(item, str)}
        self.labels.update(labels)
        self.taken = {*taken, *outputs, *labels.values()}
        self.names: dict[str, str] = {}  # by name on the tape: the name in the graph
        self.folded: set[str] = set()
        self.made: dict[str, Node] = {}
        self.used: set[str] = set()

    def run(self) -> tuple[dict[str, Node], set[str]]:
        """The nodes in the order in which they are written, and the given values that they use."""
        needed = self._find_needed()
        self._name(needed)
        for name in needed:
            if name not in self.folded:
                self._emit(name)
        several = {out for node in self.made.values() for out in node.outputs}
        for label, item in self.outputs.items():
            if label not in self.made and label not in several:
                self._write(label, Node("identity", (item,)))
        return self._sort(), self.used

    def _sort(self) -> dict[str, Node]:
        """First the graph's own nodes, then the outputs in their order, each after what it needs; `t1`, `t2` as met."""
        own = [name for name in self.made if owner_of(name) in self.nodes]
        parts: dict[str, list[str]] = {}
        for name in self.made:
            parts.setdefault(owner_of(name), []).append(name)
        asked = [part for label in self.outputs if label in self.made for part in parts[label]]
        listed = {name: self.made[name] for name in dict.fromkeys([*own, *asked, *self.made])}
        producers = {out: name for name, node in self.made.items() for out in node.outputs}
        order, _ = sort_needs(listed, producers)
        named = [name for name in order if HIDDEN not in name]
        final = self._number([name for name in named if name[0] == PASSING])
        made: dict[str, Node] = {}
        for owner in named:
            for name in parts[owner]:
                node = self.made[name]
                inputs = tuple([_rename(item, final) if isinstance(item, str) else item for item in node.inputs])
                outputs = tuple([final.get(out, out) for out in node.outputs])
                made[_rename(name, final)] = node._replace(inputs=inputs, outputs=outputs)
        return made

    def _number(self, names: Sequence[str]) -> dict[str, str]:
        """`t1`, `t2`, ... for names that were made up for the time being, and for the outputs of such nodes."""
        final: dict[str, str] = {}
        count = 0
        for name in names:
            count += 1
            while f"t{count}" in self.taken:
                count += 1
            final[name] = f"t{count}"
            for index, out in enumerate(self.made[name].outputs, 1):
                if out[0] == PASSING:
                    final[out] = f"t{count}_{index}"
        return final

    def _find_needed(self) -> list[str]:
        """The nodes on which the outputs rest, in their order."""
        roots = [item for item in self.outputs.values() if isinstance(item, str)]
        needed = find_needed(self.nodes, list(self.nodes), self.makers, roots)
        self.used = {name for name in (*self.given, *self.constants) if name in needed}
        return [name for name in self.nodes if name in needed]

    def _name(self, needed: Sequence[str]) -> None:
        """Decide which nodes get a name, and which are folded into the one node that uses them."""
        uses, owners = self._count_uses(needed)
        lengths: dict[Any, int] = {}
        operations: dict[Any, int] = {}
        count = 0
        for name in needed:
            node = self.nodes[name]
            length = len(node.op) + 4 + sum([lengths.get(item, len(str(item))) + 2 for item in node.inputs])
            length += sum([len(key) + len(str(value)) + 3 for key, value in node.attributes.items()])
            total = 1 + sum([operations.get(item, 0) for item in node.inputs])
            part = HIDDEN in name and owners.get(name) == {owner_of(name)}  # as its author wrote it
            short = length <= MAX_TEXT and total <= MAX_OPERATIONS
            if self._may_fold(name, node) and uses.get(name) == 1 and (part or short):
                self.folded.add(name)
                lengths[name], operations[name] = length, total
                continue
            label = name if self._is_own(name) else self.labels.get(name)
            if label is None:
                count += 1
                label = f"{PASSING}{count}"
            self.names[name] = label
            for index, out in enumerate(node.outputs, 1):
                self.names[out] = out if self._is_own(name) else self.labels.get(out, f"{label}_{index}")
            lengths[name] = len(label)

    def _is_own(self, name: str) -> bool:
        """Whether a node is one of the graph that has a name there."""
        return name[0] != "%" and HIDDEN not in name

    def _may_fold(self, name: str, node: Node) -> bool:
        return not (self._is_own(name) or name in self.labels or node.outputs)

    def _count_uses(self, needed: Sequence[str]) -> tuple[dict[str, int], dict[str, set[str]]]:
        """How often each value is used, and by which nodes of the graph."""
        uses: dict[str, int] = {}
        owners: dict[str, set[str]] = {}
        for name in needed:
            once = 2 if self.nodes[name].outputs else 1  # what has several outputs is spelled out, with names
            for item in self.nodes[name].inputs:
                if isinstance(item, str):
                    uses[item] = uses.get(item, 0) + once
                    owners.setdefault(item, set()).add(owner_of(name))
        return uses, owners

    def _emit(self, name: str) -> None:
        """A named node, with what is folded into it as hidden nodes in the order of evaluation."""
        node = self.nodes[name]
        label = self.names[name]
        if node.outputs:
            outputs = tuple([self.names[out] for out in node.outputs])
            self.made[label] = node._replace(
                inputs=tuple([self._spell_leaf(item) for item in node.inputs]), outputs=outputs,
                attributes=write_sizes(node.attributes), description="",
            )  # fmt: skip
            return
        self._write(label, node)

    def _spell_leaf(self, item: Any) -> Any:
        if isinstance(item, str):
            return self.names.get(item, item)
        if isinstance(item, SymbolicSize):
            text = str(item)
            if not text.isidentifier():
                raise UnwritableSizeError(f"the size `{item}` stands where a name has to")
            return text
        return item

    def _write(self, label: str, node: Node) -> None:
        hidden: list[Node] = []
        order = list(self._walk(node))
        written: dict[int, str] = {}
        for place, (key, part, operands) in enumerate(order):
            inputs = tuple([written[item] if isinstance(item, int) else self._spell_leaf(item[0]) for item in operands])
            made = Node(part.op, inputs, write_sizes(part.attributes))
            if place == len(order) - 1:
                for index, item in enumerate(hidden, 1):
                    self.made[f"{label}{HIDDEN}{index}"] = item
                self.made[label] = made
            else:
                hidden.append(made)
                written[key] = f"{label}{HIDDEN}{len(hidden)}"

    def _walk(self, root: Node) -> Iterator[tuple[int, Node, list[Any]]]:
        """A node and all that is folded into it, operands before what uses them; without recursion.

        Each comes with a number of its own and its operands: the number of a part, or a leaf in a tuple.
        """
        stack = [(0, root)]
        listed: list[tuple[int, Node, list[Any]]] = []
        count = 0
        while stack:
            key, node = stack.pop()
            operands: list[Any] = []
            for item in _trim(node.inputs):
                part = self._part(item)
                if part is None:
                    operands.append((item,))
                else:
                    count += 1
                    stack.append((count, part))
                    operands.append(count)
            listed.append((key, node, operands))
        yield from reversed(listed)

    def _part(self, item: Any) -> Node | None:
        """The node behind an operand that is written in place; None for a name or a number."""
        if isinstance(item, str):
            return self.nodes[item] if item in self.folded else None
        if isinstance(item, SymbolicSize):
            return _read_polynomial(item)
        if item is True or item is False:
            return Node("less", (0, 1) if item else (1, 0))
        return item if isinstance(item, Node) else None


def _rename(name: str, names: Mapping[str, str]) -> str:
    """A name, or that of a part, with the owner's new name."""
    owner, mark, part = name.partition(HIDDEN)
    return f"{names.get(owner, owner)}{mark}{part}"


def _trim(inputs: Sequence[Any]) -> list[Any]:
    operands = list(inputs)
    while operands and operands[-1] is None:
        operands.pop()
    return operands


def _read_polynomial(size: SymbolicSize) -> Node | None:
    """A computed size as nodes over names of sizes and integers; None for a bare name."""
    import ast

    text = str(size)
    if text.isidentifier():
        return None
    operators = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.FloorDiv: "floor_divide"}

    def read(form: ast.expr) -> Any:  # as deep as a size is long: at most a few levels
        if isinstance(form, ast.BinOp):
            return Node(operators[type(form.op)], (read(form.left), read(form.right)))
        if isinstance(form, ast.UnaryOp):
            return Node("negative", (read(form.operand),))
        return read_size(form)

    try:
        found = read(ast.parse(text, mode="eval").body)
    except (ValueError, KeyError, SyntaxError):
        raise UnwritableSizeError(f"the size `{size}` has no name") from None
    return found if isinstance(found, Node) else None


def write_sizes(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Attributes with sizes as text. Raises `UnwritableSizeError` for one that has no name.

    >>> write_sizes({"shape": (SymbolicSize.named("rows") * 2, 3)})
    {'shape': ('2*rows', 3)}
    """
    return {key: _write_size(value) for key, value in attributes.items()} if attributes else EMPTY


def _write_size(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_write_size, value))
    if isinstance(value, SymbolicSize):
        if "size(" in (text := str(value)) or "rows(" in text:
            raise UnwritableSizeError(f"the length `{value}` depends on the data")
        return text
    return value
