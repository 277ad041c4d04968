"""The forward mode on symbols: tangents carried along with the values, from the same rules.

The derivative of an elementwise operator is a diagonal matrix, so that its backward rule applied to a tangent is the
tangent of its output. For any other operator the backward rule, linear in the cotangent, is recorded and transposed:
swept back itself (Christianson 2012; Radul et al., You only linearize once, 2023, do it the other way round). An
operator may state its own `jvp`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.derivation.cotangents import Kept, may_be_same
from dataflow.derivation.reverse import ReverseSweep, list_passing
from dataflow.derivation.tape import Tape, blame_rule
from dataflow.shapes import FLOATS
from dataflow.tracing import Symbol

if TYPE_CHECKING:
    from dataflow.graph import Node
    from dataflow.operators import Operator

Tangents = dict[str, Any]


def sweep_forward(tape: Tape, tangents: Mapping[str, Any], targets: Iterable[str]) -> Tangents:
    """The tangents of the targets, by name; of all that they rest on too. What does not depend on any has none.

    `tangents` are symbols of the shapes of the values they belong to. Raises `UnderivableError` for a rule that cannot
    be written down.
    """
    return ForwardSweep(tape, tangents, targets).run()


class ForwardSweep:
    """One sweep over the nodes of a tape, from the first one on."""

    def __init__(self, tape: Tape, tangents: Mapping[str, Any], targets: Iterable[str]) -> None:
        self.tape = tape
        self.recorder = tape.recorder
        self.tangents: Tangents = {tape.aliases.get(name, name): item for name, item in tangents.items()}
        self.steps = list(self.recorder.nodes.items())
        self.needed = self._find_needed({tape.aliases.get(name, name) for name in targets})

    def _find_needed(self, targets: set[str]) -> set[str]:
        needed = set(targets)
        for name, node in reversed(self.steps):
            if any(out in needed for out in node.outputs or (name,)):
                needed.update(list_passing(self.tape.operators[node.op], node))
        return needed

    def run(self) -> Tangents:
        """Carry the tangents on, node by node."""
        for name, node in self.steps:
            operator = self.tape.operators[node.op]
            if not any(out in self.needed for out in node.outputs or (name,)):
                continue
            if any(item in self.tangents for item in list_passing(operator, node)):
                with blame_rule(name, operator, "backward"):
                    self._carry(name, node, operator)
        return self.tangents

    def _carry(self, name: str, node: Node, operator: Operator) -> None:
        outputs = node.outputs or (name,)
        if operator.jvp is not None:
            found = self._apply_own(name, node, operator)
        elif operator.broadcasts and not node.outputs:
            found = [self._apply_elementwise(name, node, operator)]
        else:
            found = self._transpose(name, node, operator)
        for out, tangent in zip(outputs, found, strict=True):
            type = self.recorder.types[out]
            if tangent is None or type.dtype not in FLOATS:
                continue
            if not may_be_same(self.recorder.shape(tangent), type.shape):
                tangent = self.recorder.broadcast_to(tangent, shape=type.shape)
            if isinstance(tangent, Symbol) and tangent.type.dtype != type.dtype:
                tangent = self.recorder.astype(tangent, dtype=type.dtype)
            self.tangents[out] = tangent

    def _apply_own(self, name: str, node: Node, operator: Operator) -> list[Any]:
        """What the operator's own `jvp` gives."""
        z, inputs, attributes = self.tape.list_arguments(name, node)
        moved = [self.tangents.get(item) if isinstance(item, str) else None for item in node.inputs]
        moved += [None] * (len(inputs) - len(moved))
        assert operator.jvp is not None
        found = operator.jvp(self.recorder, tuple(moved), z, *inputs, **attributes)
        return list(found) if node.outputs else [found]

    def _apply_elementwise(self, name: str, node: Node, operator: Operator) -> Any:
        """The backward rules of an elementwise operator applied to the tangents of its operands, and added up."""
        z, inputs, attributes = self.tape.list_arguments(name, node)
        total = None
        rules, names = operator.backward, [item.name for item in operator.inputs]
        for index, item in enumerate(node.inputs):
            if not isinstance(item, str) or item not in self.tangents:
                continue
            key = names[min(index, len(names) - 1)]
            if key not in operator.differentiable:
                continue
            t = self.tangents[item]
            if isinstance(inputs[index], Symbol) and isinstance(t, Symbol) and t.type.dtype != inputs[index].type.dtype:
                t = self.recorder.astype(t, dtype=inputs[index].type.dtype)
            if callable(rules):
                given = rules(self.recorder, t, z, *inputs, **attributes)
                part = given[key] if isinstance(given, dict) else given[index]
            else:
                assert rules is not None
                rule = rules[key]
                assert rule is not None
                part = rule(self.recorder, t, z, *inputs, **attributes)
                if operator.variadic and index >= len(names) - 1:
                    part = part[index - len(names) + 1]
            total = part if total is None else total + part
        return total

    def _transpose(self, name: str, node: Node, operator: Operator) -> list[Any]:
        """The tangents of the outputs: the backward rules, recorded for cotangents of any value, swept back themselves.

        With g the cotangents of the outputs and t the tangents of the operands, <t, rules(g)> is linear in g, and its
        gradient in g is what is looked for. Where a rule looks at the value of g it sees ones.
        """
        outputs = node.outputs or (name,)
        dummies = [self.recorder.copy(self.recorder.ones_like(self.recorder.symbol(out))) for out in outputs]
        before = len(self.recorder.nodes)
        reverse = ReverseSweep(self.tape, {}, [item for item in node.inputs if item in self.tangents])
        given = reverse.call(name, node, tuple(dummies) if node.outputs else dummies[0])
        seeds: dict[str, Any] = {}
        direct: dict[str, Any] = {}
        for index, item in given.items():
            part = self.recorder.keep(item.condition, item.value) if isinstance(item, Kept) else item
            if not isinstance(part, Symbol):
                continue  # a zero
            t = self.tangents[node.inputs[index]]  # type: ignore[index]
            value = self.recorder.symbol(str(node.inputs[index]))
            if not may_be_same(part.type.shape, value.type.shape):
                part = self.recorder.broadcast_to(part, shape=value.type.shape)
            where = direct if any(part.name == dummy.name for dummy in dummies) else seeds
            where[part.name] = t if part.name not in where else where[part.name] + t
        new = list(self.recorder.nodes.items())[before:]
        names = [dummy.name for dummy in dummies]
        sweep = ReverseSweep(self.tape, seeds | direct, names, steps=new).run()
        return [sweep.cotangents.get(dummy) for dummy in names]
