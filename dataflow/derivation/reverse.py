"""The reverse sweep on symbols: what it computes becomes nodes of a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.derivation.cotangents import TOTAL, Cotangent, KeepingRecorder, Kept, add, fit, is_full, join, settle
from dataflow.derivation.tape import Tape, blame_rule
from dataflow.graph import EMPTY
from dataflow.shapes import FLOATS
from dataflow.tracing import Symbol

if TYPE_CHECKING:
    from dataflow.graph import Node
    from dataflow.operators import Operator

Cotangents = dict[str, Cotangent]


def sweep_back(
    tape: Tape, seeds: Mapping[str, Any], wrt: Iterable[str], named: Mapping[str, str] = EMPTY, *, masked: bool = True
) -> Sweep:
    """The cotangents of all that lies between `wrt` and the targets, by name on the tape, as symbols or numbers.

    `seeds` are the cotangents with which the targets begin; `named` says by node what its cotangent is called: it then
    is a node of its own, even if it is the cotangent of another node as well. If not `masked`, what `keep` leaves out
    becomes a zero at once: faster, and right where all cotangents are finite. What does not reach a target is not in
    the result. Raises `UnderivableError` for a rule that cannot be written down.
    """
    return ReverseSweep(tape, seeds, wrt, named, masked=masked).run()


class Sweep(NamedTuple):
    """What a reverse sweep gave: cotangents by name on the tape, and how those that have a name are called."""

    cotangents: dict[str, Any]
    labels: dict[str, str]


class Call(NamedTuple):
    """A node on the way back: what its rules are called with."""

    name: str
    node: Node
    operator: Operator
    g: Any
    z: Any
    inputs: list[Any]
    attributes: Mapping[str, Any]


class ReverseSweep:
    """One sweep over the nodes of a tape, from the last one back."""

    def __init__(
        self, tape: Tape, seeds: Mapping[str, Any], wrt: Iterable[str], named: Mapping[str, str] = EMPTY,
        steps: Sequence[tuple[str, Node]] | None = None, masked: bool = True,
    ) -> None:  # fmt: skip
        self.tape = tape
        self.recorder = tape.recorder
        self.masked = masked
        self.xp: Any = KeepingRecorder(tape.recorder) if masked else tape.recorder
        self.named = {tape.aliases.get(name, name): label for name, label in named.items()}
        self.labels: dict[str, str] = {}
        self.cotangents: Cotangents = {tape.aliases.get(name, name): Cotangent(seed) for name, seed in seeds.items()}
        self.steps = list(self.recorder.nodes.items()) if steps is None else steps
        self.passing: dict[str, list[str]] = {}
        self.below = self._find_below({tape.aliases.get(name, name) for name in wrt})

    def _find_below(self, wrt: set[str]) -> set[str]:
        """What is, or rests on, one of `wrt`, through inputs that are differentiable."""
        types = self.recorder.types
        below = {name for name in wrt if types[name].dtype in FLOATS}
        for name, node in self.steps:
            passing = self.passing[name] = list_passing(self.tape.operators[node.op], node)
            for item in passing:
                if item in below:
                    below.update([out for out in node.outputs or (name,) if types[out].dtype in FLOATS])
                    break
        return below

    def run(self) -> Sweep:
        """Carry the cotangents back, and settle them."""
        for name in [name for name in self.cotangents if name not in self.below]:
            del self.cotangents[name]
        for name, node in reversed(self.steps):
            outputs = node.outputs or (name,)
            reached = [out for out in outputs if out in self.cotangents]
            if reached and any(item in self.below for item in self.passing[name]):
                for out in outputs:
                    self._label(out)
                self._carry(name, node)
        return Sweep({name: settle(self.recorder, item) for name, item in self.cotangents.items()}, self.labels)

    def _label(self, name: str) -> None:
        """Give the cotangent of a node its name; a number or a name that it shares becomes a node of its own."""
        found, label = self.cotangents.get(name), self.named.get(name)
        if found is None or label is None:
            return
        value = settle(self.recorder, found)
        own = isinstance(value, Symbol) and value.name[0] == "%" and value.name not in self.labels
        if not own:
            if not isinstance(value, Symbol) and value in (0, 1, -1):
                return
            value = self.recorder.copy(value)
        self.labels[value.name] = label
        self.cotangents[name] = Cotangent(value, found.mask)

    def call(self, name: str, node: Node, g: Any) -> dict[int, Any]:
        """What the backward rules of a node give for a cotangent, by the position of the operand."""
        return self._apply_rules(self._make_call(name, node, g))

    def _make_call(self, name: str, node: Node, g: Any) -> Call:
        operator = self.tape.operators[node.op]
        z, inputs, attributes = self.tape.list_arguments(name, node)
        return Call(name, node, operator, g, z, inputs, attributes)

    def _carry(self, name: str, node: Node) -> None:
        operator = self.tape.operators[node.op]
        above = [self.cotangents.get(out) for out in node.outputs or (name,)]
        through = operator.broadcasts and not node.outputs
        call = self._make_call(name, node, self._gather(node, above, settled=not through))
        given = self._apply_rules(call)
        mask = None if node.outputs else above[0].mask  # type: ignore[union-attr]
        movers = self._move_masks(call, above) if operator.moves and self.masked else None
        for index, item in given.items():
            self._note(call, index, item, above, mask, movers)

    def _note(self, call: Call, index: int, item: Any, above: Sequence[Any], mask: Any, movers: Any) -> None:
        target = call.node.inputs[index]
        assert isinstance(target, str)
        value, condition = (item.value, item.condition) if isinstance(item, Kept) else (item, None)
        if condition is False:
            return
        through = call.operator.broadcasts and not call.node.outputs
        if through:
            same = above[0].settled and condition is None and _is_same(value, call.g)
            found = Cotangent(value, join(self.recorder, mask, condition), settled=same)
        elif movers is not None:
            found = Cotangent(value, movers.get(index))
        else:
            found = Cotangent(value, None if condition is True else condition, settled=condition is None)
        symbol = self._symbol(target)
        full = self.recorder.shape(call.z) if through else symbol.type.shape
        with blame_rule(call.name, call.operator, "backward"):
            if value is None:
                raise TypeError("it gave None")
            fitted = fit(self.recorder, found, symbol, full)
        self.cotangents[target] = add(self.recorder, self.cotangents.get(target), fitted)

    def _symbol(self, item: Any) -> Any:
        return self.recorder.symbol(item) if isinstance(item, str) else item

    def _gather(self, node: Node, above: Sequence[Cotangent | None], *, settled: bool) -> Any:
        """The cotangent of the output, or of all outputs: zeros where nothing came."""
        if not node.outputs:
            assert above[0] is not None
            return settle(self.recorder, above[0]) if settled else above[0].value
        return tuple([
            self.recorder.zeros_like(self._symbol(out)) if item is None else settle(self.recorder, item)
            for out, item in zip(node.outputs, above, strict=True)
        ])  # fmt: skip

    def _apply_rules(self, call: Call) -> dict[int, Any]:
        """What the rules give for the operands whose cotangents are wanted, by position."""
        operator, names = call.operator, [item.name for item in call.operator.inputs]
        passing = set(list_passing(operator, call.node)) & self.below
        wanted = {index for index, item in enumerate(call.node.inputs) if item in passing}
        if len(passing) != len(wanted) or operator.variadic:  # an operand that is given twice, once where it is fixed
            differentiable, last = operator.differentiable, len(names) - 1
            wanted = {index for index in wanted if names[min(index, last)] in differentiable}
        with blame_rule(call.name, operator, "backward"):
            return self._call_rules(call, wanted, names)

    def _call_rules(self, call: Call, wanted: set[int], names: list[str]) -> dict[int, Any]:
        rules, fixed = call.operator.backward, len(names) - call.operator.variadic
        arguments = (self.xp, call.g, call.z, *call.inputs)
        if callable(rules):
            given = rules(*arguments, **call.attributes)
            if isinstance(given, dict):
                return {index: given[names[index]] for index in wanted}
            return {index: given[index] for index in wanted}
        assert rules is not None
        found: dict[int, Any] = {}
        for index in sorted(wanted):
            rule = rules[names[min(index, len(names) - 1)]]
            assert rule is not None
            if index < fixed:
                found[index] = rule(*arguments, **call.attributes)
            elif index not in found:
                parts = rule(*arguments, **call.attributes)
                found |= {place: parts[place - fixed] for place in wanted if place >= fixed}
        return found

    def _move_masks(self, call: Call, above: Sequence[Cotangent | None]) -> dict[int, Any]:
        """Where the operands of what only moves elements were taken: what its rules make of its outputs' masks."""
        masked = [item is None or item.mask is not None for item in above]
        if call.operator.name in TOTAL and not any(masked):
            return {}
        ones = tuple([
            self._fill(out, 0) if item is None else self._fill(out, 1) if item.mask is None
            else self._fill_mask(out, item.mask)
            for out, item in zip(call.node.outputs or (call.name,), above, strict=True)
        ])  # fmt: skip
        moved = self._apply_rules(call._replace(g=ones if call.node.outputs else ones[0]))
        return {index: self._read_mask(item) for index, item in moved.items()}

    def _fill(self, name: str, number: int) -> Symbol:
        """Zeros or ones of the type of a value."""
        type = self.recorder.types[name]
        function = self.recorder.ones if number else self.recorder.zeros
        return function(shape=type.shape, dtype=type.dtype)  # type: ignore[no-any-return]

    def _fill_mask(self, name: str, mask: Symbol) -> Symbol:
        """A mask as numbers, of the type of the value that it belongs to: it may have been one truth for all of it."""
        type = self.recorder.types[name]
        found = self.recorder.astype(mask, dtype=type.dtype)
        same = self.recorder.shape(found) == type.shape
        return found if same else self.recorder.broadcast_to(found, shape=type.shape)  # type: ignore[no-any-return]

    def _read_mask(self, item: Any) -> Any:
        """Where what a rule made of ones is not 0; None if that is everywhere."""
        value = item.value if isinstance(item, Kept) else item
        if not isinstance(value, Symbol):
            return None
        mask = value != 0
        return None if is_full(self.recorder, mask) else mask


def _is_same(first: Any, second: Any) -> bool:
    if isinstance(first, Symbol) and isinstance(second, Symbol):
        return first.name == second.name
    return first is second


def list_passing(operator: Operator, node: Node) -> list[str]:
    """The operands of a node through which its rules carry a derivative."""
    passing = operator.differentiable
    if len(passing) == len(operator.inputs):
        return [item for item in node.inputs if item.__class__ is str]
    names = [item.name for item in operator.inputs]
    last = len(names) - 1
    return [
        item for index, item in enumerate(node.inputs) if isinstance(item, str) and names[min(index, last)] in passing
    ]
