"""What to compute, in which order, and which cotangents are wanted: decided once, from the graph alone.

Every value has a slot, a position in one list: first the given values, then the numbers that stand in
nodes, then what the nodes make. A step says how one node makes its slots from others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.arrays import floats, ieee
from dataflow.graph import EMPTY, Graph, sort_nodes
from dataflow.library import Library

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
    graph: Graph, operators: Mapping[str, Operator], *, target: str | None, only: Iterable[str] | None = None
) -> Plan:
    """Plan the sweeps of a checked graph. `only` restricts what is reported, and then nothing else is computed."""
    operators = {node.op: operators[node.op] for node in graph.nodes.values()}
    order = sort_nodes(graph)
    asked = None if only is None else set(only)
    reported = list(graph.names()) if asked is None else [name for name in graph.names(hidden=True) if name in asked]
    roots = reported if target is None else [*reported, target]
    order = _keep_needed(graph, order, None if only is None else roots)
    names, slots, constants = _assign_slots(graph, order)
    folded = _fold_numbers(graph, order, operators, slots, constants)
    varied = _find_varied(graph, order, operators, slots)
    wanted = _find_wanted(graph, order, operators, slots, varied, target, reported if only is not None else None)
    steps = [_make_step(graph, name, operators, slots, wanted) for name in order if name not in folded]
    scalar = _is_scalar(graph, steps, operators)
    return Plan(graph, names, slots, constants, steps, varied, wanted, reported, scalar)


def _keep_needed(graph: Graph, order: list[str], roots: Iterable[str] | None) -> list[str]:
    """The part of the order on which the roots rest; all of it if there are none."""
    if roots is None:
        return order
    producers = graph.producers()
    needed = {producers.get(name, name) for name in roots}
    for name in reversed(order):
        if name in needed:
            needed.update(producers.get(item, item) for item in graph.nodes[name].inputs if isinstance(item, str))
    return [name for name in order if name in needed]


Constants = dict[int, Any]


def _assign_slots(graph: Graph, order: list[str]) -> tuple[list[str], dict[Any, int], Constants]:
    """A slot for every name, and for every distinct number (1, 1.0 and -0.0 are three)."""
    names = [*graph.inputs, *graph.parameters]
    for name in order:
        outputs = graph.nodes[name].outputs
        if outputs:
            names += outputs
        else:
            names.append(name)
    slots: dict[Any, int] = {name: slot for slot, name in enumerate(names)}
    constants: Constants = {}
    for name in order:
        for item in graph.nodes[name].inputs:
            if item.__class__ is not str:
                key = (item.__class__, repr(item))
                if key not in slots:
                    slots[key] = len(names) if item is not None else ABSENT
                    if item is not None:
                        constants[len(names)] = item
                        names.append("")
    return names, slots, constants


def _slot_of(slots: Mapping[Any, int], item: Any) -> int:
    return slots[item] if item.__class__ is str else slots[item.__class__, repr(item)]


def _fold_numbers(
    graph: Graph, order: list[str], operators: Mapping[str, Operator], slots: Mapping[Any, int], constants: Constants
) -> set[str]:
    """Nodes made of numbers only: computed here, on Python floats, so that they take the type of what they meet."""
    xp = Library(operators, ieee)
    folded: set[str] = set()
    for name in order:
        node = graph.nodes[name]
        if (
            node.outputs
            or not node.inputs
            or not all(item.__class__ is not str or item in folded for item in node.inputs)
        ):
            continue
        operator = operators[node.op]
        function = xp.resolve(node.op) if operator.broadcasts and not node.attributes else None
        if function is None or None in node.inputs:
            continue
        values = [constants[_slot_of(slots, item)] for item in node.inputs]
        try:
            value = function(*[item if item.__class__ is bool else ieee.IeeeFloat(item) for item in values])
        except (AttributeError, TypeError, ArithmeticError, ValueError):
            continue  # not for floats: it runs as any other node
        constants[slots[name]] = float(value) if isinstance(value, float) else value
        folded.add(name)
    return folded


def _find_varied(
    graph: Graph, order: list[str], operators: Mapping[str, Operator], slots: Mapping[Any, int]
) -> bytearray:
    """Whether a differentiable input or parameter reaches a slot through rules that have a derivative."""
    varied = bytearray(max(slots.values(), default=0) + 1)
    for name, entry in graph.inputs.items():
        floating = (entry.dtype or graph.dtype).startswith("float")
        varied[slots[name]] = floating and (
            entry.source is None if entry.differentiable is None else entry.differentiable
        )
    for name in graph.parameters:
        varied[slots[name]] = 1
    for name in order:
        node = graph.nodes[name]
        for index, item in enumerate(node.inputs):
            if item.__class__ is str and varied[slots[item]] and _is_differentiable(operators[node.op], index):
                for out in node.outputs or (name,):
                    varied[slots[out]] = 1
                break
    return varied


def _is_differentiable(operator: Operator, index: int) -> bool:
    if callable(operator.backward):
        return True
    inputs = operator.inputs
    return operator.backward[inputs[min(index, len(inputs) - 1)].name] is not None


def _find_wanted(
    graph: Graph, order: list[str], operators: Mapping[str, Operator], slots: Mapping[Any, int], varied: bytearray,
    target: str | None, only: Iterable[str] | None,
) -> bytearray:  # fmt: skip
    """Which cotangents the reverse sweep needs: what is asked for and reaches the target, and the way there."""
    wanted = bytearray(len(varied))
    if target is None or not varied[slots[target]]:
        return wanted
    below = bytearray(varied)
    if only is not None:  # what is asked for, and all that rests on it
        below = bytearray(len(varied))
        for name in only:
            below[slots[name]] = varied[slots[name]]
        for name in order:
            node = graph.nodes[name]
            if any(
                item.__class__ is str and below[slots[item]] and _is_differentiable(operators[node.op], index)
                for index, item in enumerate(node.inputs)
            ):
                for out in node.outputs or (name,):
                    below[slots[out]] = 1
    wanted[slots[target]] = below[slots[target]]
    for name in reversed(order):
        node = graph.nodes[name]
        if any(wanted[slots[out]] for out in node.outputs or (name,)):
            for index, item in enumerate(node.inputs):
                if item.__class__ is str and below[slots[item]] and _is_differentiable(operators[node.op], index):
                    wanted[slots[item]] = 1
    return wanted


def _make_step(
    graph: Graph, name: str, operators: Mapping[str, Operator], slots: Mapping[Any, int], wanted: bytearray
) -> Step:
    node = graph.nodes[name]
    operator = operators[node.op]
    operands = tuple(
        [slots[item] if item.__class__ is str else slots[item.__class__, repr(item)] for item in node.inputs]
    )
    out = tuple([slots[item] for item in node.outputs]) if node.outputs else (slots[name],)
    if len(operands) < len(operator.inputs) and not operator.variadic:
        operands += (ABSENT,) * (len(operator.inputs) - len(operands))
    backward: tuple[Backward, ...] = ()
    if any(map(wanted.__getitem__, out)):
        backward = _choose_backward(operator, operands, wanted)
    attributes = {item.name: node.attributes.get(item.name, item.default) for item in operator.attributes} or EMPTY
    return Step(name, operator, operands, out, attributes, backward)


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


def _choose_backward(operator: Operator, operands: tuple[int, ...], wanted: bytearray) -> tuple[Backward, ...]:
    """The rules to call for the operands whose cotangents are wanted."""
    asked = [slot if slot != ABSENT and wanted[slot] else None for slot in operands]
    names = [item.name for item in operator.inputs]
    fixed = len(names) - operator.variadic
    if callable(operator.backward):
        spread = names[:fixed] + names[fixed:] * (len(operands) - fixed)
        return (
            (Backward(operator.backward, tuple(asked), tuple(spread), single=False),)
            if any(slot is not None for slot in asked)
            else ()
        )
    chosen = []
    for index, key in enumerate(names):
        rule = operator.backward[key]
        if rule is None:
            continue
        if index == fixed:  # the variadic input: one call gives the cotangents of all of them
            if any(slot is not None for slot in asked[fixed:]):
                chosen.append(Backward(rule, tuple(asked[fixed:]), (), single=False))
        elif asked[index] is not None:
            chosen.append(Backward(rule, (asked[index],), (key,), single=True))
    return tuple(chosen)


def _is_scalar(graph: Graph, steps: Sequence[Step], operators: Mapping[str, Operator]) -> bool:
    """Whether the graph runs on Python floats: every given value is a float64 number, every operator can."""
    if graph.dtype != "float64":
        return False
    for entry in graph.given.values():
        if (
            entry.source is not None
            or entry.shape
            or isinstance(entry.value, tuple)
            or entry.dtype not in (None, "float64")
        ):
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
