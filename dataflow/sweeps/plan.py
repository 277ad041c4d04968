"""What to compute, in which order, and which cotangents are wanted: decided once, from the graph alone.

Every value has a slot, a position in one list: first the given values, then the numbers that stand in
nodes, then what the nodes make. A step says how one node makes its slots from others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.arrays import floats, ieee
from dataflow.graph import EMPTY, Graph, Input, Node
from dataflow.library import Library
from dataflow.order import find_needed
from dataflow.sweeps.traced import TracedRule

if TYPE_CHECKING:
    from dataflow.operators import Operator, Rule

ABSENT = -1  # the slot of an optional input that is not given; values[ABSENT] is None


class Backward(NamedTuple):
    """One call of a backward rule: `slots` get its cotangent, or its cotangents if `single` is False.

    `names` are the inputs that they belong to, for a rule that returns a mapping; None in `slots`: not wanted.
    """

    rule: Rule
    slots: tuple[int | None, ...]
    names: tuple[str, ...]
    single: bool

    @property
    def role(self) -> str:
        """Which rule it is, for messages."""
        return f"backward (`{self.names[0]}`)" if len(self.names) == 1 else "backward"


class Step(NamedTuple):
    """One node: `out` are its slots (one, unless the operator has several outputs)."""

    name: str
    operator: Operator
    operands: tuple[int, ...]
    out: tuple[int, ...]
    attributes: Mapping[str, Any]
    backward: tuple[Backward, ...]


class Plan(NamedTuple):
    """The steps of a graph and what is known of its slots."""

    graph: Graph
    names: Sequence[str]  # by slot; "" for a number
    slots: Mapping[str, int]
    constants: Mapping[int, Any]  # slots that are known before anything runs: numbers, and nodes made of numbers
    steps: Sequence[Step]
    varied: bytearray  # by slot: whether a differentiable value reaches it
    wanted: bytearray  # by slot: whether its cotangent is to be computed
    reported: Sequence[str]
    scalar: bool  # whether all of it is Python floats


def make_plan(
    graph: Graph,
    operators: Mapping[str, Operator],
    *,
    target: str | Sequence[str] | None,
    only: Iterable[str] | None = None,
) -> Plan:
    """Plan the sweeps of a checked graph. `only` restricts what is reported, and then nothing else is computed.

    The reverse sweep may begin at several targets at once, each with a cotangent of its own.

    >>> from dataflow.registry import standard
    >>> graph = Graph(inputs={"a": 2}, nodes={"y": Node("multiply", (3, "a"))})
    >>> plan = make_plan(graph, standard(), target="y")
    >>> list(plan.names), [step.operands for step in plan.steps], plan.constants, plan.scalar
    (['a', 'y', ''], [(2, 0)], {2: 3}, True)
    """
    operators = {node.op: operators[node.op] for node in graph.nodes.values()}
    targets = (target,) if isinstance(target, str) else tuple(target or ())
    asked = None if only is None else set(only)
    reported = list(graph.names()) if asked is None else [name for name in graph.names(hidden=True) if name in asked]
    order = graph.order if asked is None else keep_needed(graph, {*asked, *targets})
    names, slots, constants = _assign_slots(graph, order)
    folded = _fold_numbers(graph, order, operators, slots, constants)
    steps = [_make_step(name, graph.nodes[name], operators, slots) for name in order if name not in folded]
    blocked = {name: rules for name, operator in operators.items() if (rules := _list_blocked(operator))}
    varied = _find_varied(graph, steps, slots, blocked)
    wanted = bytearray(len(varied))
    if targets:
        below = varied if asked is None else _find_below(steps, (slots[name] for name in asked), varied, blocked)
        wanted = _find_wanted(steps, [slots[name] for name in targets], below, blocked)
        traced: TracedRules = {}
        steps = [_add_backward(step, wanted, traced) for step in steps]
    return Plan(graph, names, slots, constants, steps, varied, wanted, reported, _is_scalar(graph, steps, operators))


def keep_needed(graph: Graph, roots: Iterable[str]) -> list[str]:
    """The part of the order on which some values rest."""
    needed = find_needed(graph.nodes, graph.order, graph.producers(), roots)
    return [name for name in graph.order if name in needed]


Constants = dict[int, Any]
Slots = dict[Any, int]  # by name, and by (type, repr) of a number: 1, 1.0 and -0.0 are three


def _assign_slots(graph: Graph, order: Sequence[str]) -> tuple[list[str], Slots, Constants]:
    """A slot for every name, and for every distinct number."""
    names = [*graph.inputs, *graph.parameters]
    for name in order:
        names += graph.nodes[name].outputs or (name,)
    slots: Slots = {name: slot for slot, name in enumerate(names)}
    constants: Constants = {}
    for name in order:
        for item in graph.nodes[name].inputs:
            if item.__class__ is not str and (key := (item.__class__, repr(item))) not in slots:
                slots[key] = ABSENT if item is None else len(names)
                if item is not None:
                    constants[len(names)] = item
                    names.append("")
    return names, slots, constants


def _fold_numbers(
    graph: Graph, order: Sequence[str], operators: Mapping[str, Operator], slots: Slots, constants: Constants
) -> set[str]:
    """Nodes made of numbers only: computed here, on Python floats, so that they take the type of what they meet."""
    xp = Library(operators, ieee)
    folded: set[str] = set()
    for name in order:
        node = graph.nodes[name]
        for item in node.inputs:
            if item is None or (item.__class__ is str and item not in folded):
                break
        else:
            value = _fold(node, operators[node.op], xp, [constants[_slot_of(slots, item)] for item in node.inputs])
            if value is not None:
                constants[slots[name]] = value
                folded.add(name)
    return folded


def _fold(node: Node, operator: Operator, xp: Library, values: Sequence[Any]) -> Any:
    """The value of a node from numbers, or None if it is not for floats: then it runs as any other."""
    function = xp.resolve(node.op) if operator.broadcasts and not node.attributes and values else None
    if function is None:
        return None
    try:
        value = function(*[item if item.__class__ is bool else ieee.IeeeFloat(item) for item in values])
    except (AttributeError, TypeError, ArithmeticError, ValueError):
        return None
    return float(value) if isinstance(value, float) else value


def _slot_of(slots: Slots, item: Any) -> int:
    return slots[item] if item.__class__ is str else slots[item.__class__, repr(item)]


def _make_step(name: str, node: Node, operators: Mapping[str, Operator], slots: Slots) -> Step:
    operator = operators[node.op]
    operands = tuple([slots[item] if item.__class__ is str else _slot_of(slots, item) for item in node.inputs])
    if (absent := len(operator.inputs) - len(operands)) > 0 and not operator.variadic:
        operands += (ABSENT,) * absent
    out = tuple([slots[item] for item in node.outputs]) if node.outputs else (slots[name],)
    attributes = EMPTY
    if operator.attributes:
        attributes = operator.fill_attributes(node.attributes)
    return Step(name, operator, operands, out, attributes, ())


def _list_blocked(operator: Operator) -> frozenset[int]:
    """The positions of the inputs that are not differentiable; the last one stands for all that follow."""
    passing = operator.differentiable
    return frozenset(index for index, item in enumerate(operator.inputs) if item.name not in passing)


def _passes(step: Step, blocked: Mapping[str, frozenset[int]]) -> Sequence[int]:
    """The operands of a step through which its rules carry a derivative."""
    stops = blocked.get(step.operator.name)
    if stops is None:
        return step.operands
    last = len(step.operator.inputs) - 1
    return [slot for index, slot in enumerate(step.operands) if min(index, last) not in stops]


def _find_varied(graph: Graph, steps: Sequence[Step], slots: Slots, blocked: Mapping[str, frozenset[int]]) -> bytearray:
    """Whether a differentiable input or parameter reaches a slot through rules that have a derivative."""
    start = [slots[name] for name in graph.parameters]
    for name, entry in graph.inputs.items():
        given = entry.source is None if entry.differentiable is None else entry.differentiable
        if given and (entry.dtype or graph.dtype).startswith("float"):
            start.append(slots[name])
    everything = bytearray(b"\1") * (max(slots.values(), default=0) + 2)
    return _find_below(steps, start, everything, blocked)


def _find_below(
    steps: Sequence[Step], start: Iterable[int], among: bytearray, blocked: Mapping[str, frozenset[int]]
) -> bytearray:
    """By slot: whether it is in `among` and is, or rests on, one of `start`. The last slot is that of ABSENT: never."""
    below = bytearray(len(among))
    for slot in start:
        below[slot] = among[slot]
    for step in steps:
        for slot in step.operands if step.operator.name not in blocked else _passes(step, blocked):
            if below[slot]:
                for out in step.out:
                    below[out] = among[out]
                break
    return below


def _find_wanted(
    steps: Sequence[Step], targets: Sequence[int], below: bytearray, blocked: Mapping[str, frozenset[int]]
) -> bytearray:
    """By slot: whether the reverse sweep needs its cotangent. What is in `below` and reaches a target does."""
    wanted = bytearray(len(below))
    for target in targets:
        wanted[target] = below[target]
    for step in reversed(steps):
        if wanted[step.out[0]] or (len(step.out) > 1 and any(wanted[out] for out in step.out)):
            for slot in step.operands if step.operator.name not in blocked else _passes(step, blocked):
                wanted[slot] = below[slot]
    return wanted


TracedRules = dict[tuple[str, tuple[bool, ...]], TracedRule]  # by operator and by what is asked of it


def _add_backward(step: Step, wanted: bytearray, traced: TracedRules) -> Step:
    name, operator, operands, out, attributes, _ = step
    if not (wanted[out[0]] or (len(out) > 1 and any(wanted[slot] for slot in out))):
        return step
    return Step(name, operator, operands, out, attributes, _choose_backward(operator, operands, wanted, traced))


def bind_forward(step: Step, xp: Library) -> Callable[..., Any]:
    """The function that computes a step on one kind of array, called with the operands alone."""
    operator, attributes = step.operator, step.attributes
    if operator.kernels is not None and not attributes and not operator.variadic:
        kernel = xp.resolve(operator.name)
        if kernel is not None:
            return kernel
    if attributes:
        return lambda *inputs: operator.forward(xp, *inputs, **attributes)
    return partial(operator.forward, xp)


def _choose_backward(
    operator: Operator, operands: tuple[int, ...], wanted: bytearray, traced: TracedRules
) -> tuple[Backward, ...]:
    """The rules to call for the operands whose cotangents are wanted."""
    asked = [slot if wanted[slot] else None for slot in operands]
    names = [item.name for item in operator.inputs]
    fixed = len(names) - operator.variadic
    rules = operator.backward
    if rules is None:
        wanting = tuple([slot is not None for slot in asked])
        rules = traced.setdefault((operator.name, wanting), TracedRule(operator, wanting))
    if callable(rules):
        spread = names[:fixed] + names[fixed:] * (len(operands) - fixed)
        needed = any(slot is not None for slot in asked)
        return (Backward(rules, tuple(asked), tuple(spread), single=False),) if needed else ()
    chosen = []
    for index, key in enumerate(names):
        rule = rules[key]
        if rule is None:
            continue
        if index == fixed:  # the variadic input: one call gives the cotangents of all of them
            if any(slot is not None for slot in asked[fixed:]):
                chosen.append(Backward(rule, tuple(asked[fixed:]), (), single=False))
        elif asked[index] is not None:
            chosen.append(Backward(rule, (asked[index],), (key,), single=True))
    return tuple(chosen)


def _is_number(entry: Input) -> bool:
    """Whether an entry is one number, whatever its value. Of which nothing is said may be given as an array."""
    if entry.value is not None:
        return not isinstance(entry.value, tuple)
    return entry.source is None and entry.shape == ()


def _is_scalar(graph: Graph, steps: Sequence[Step], operators: Mapping[str, Operator]) -> bool:
    """Whether the graph runs on Python floats: every given value is a float64 number, every operator can."""
    if graph.dtype != "float64":
        return False
    if any(entry.dtype not in (None, "float64") or not _is_number(entry) for entry in graph.given.values()):
        return False
    xp = Library(operators, floats)
    able: dict[str, bool] = {}
    for step in steps:
        name = step.operator.name
        if name not in able:
            able[name] = step.operator.broadcasts and not step.operator.outputs and xp.resolve(name) is not None
        if not able[name]:
            return False
    return True
