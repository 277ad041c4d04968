"""What to compute, in which order, and which cotangents are wanted: decided once, from the graph alone.

Every value has a slot, a position in one list: first the given values, then the numbers that stand in
nodes, then what the nodes make. A step says how one node makes its slots from others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.arrays import floats
from dataflow.graph import EMPTY, Graph, Input
from dataflow.library import Library
from dataflow.order import find_needed
from dataflow.sweeps.layout import (
    Layout,
    find_below,
    find_varied,
    find_wanted,
    fold_numbers,
    keep_layout,
    lay_out,
    list_blocked,
)  # fmt: skip
from dataflow.sweeps.traced import TracedRule

if TYPE_CHECKING:
    from dataflow.operators import Operator, Rule


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
    layout: Layout


def make_plan(
    graph: Graph,
    operators: Mapping[str, Operator],
    *,
    target: str | Sequence[str] | None,
    only: Iterable[str] | None = None,
) -> Plan:
    """Plan the sweeps of a checked graph. `only` restricts what is reported, and then nothing else is computed.

    The reverse sweep may begin at several targets at once, each with a cotangent of its own.

    >>> from dataflow.graph import Node
    >>> from dataflow.registry import standard
    >>> graph = Graph(inputs={"a": 2}, nodes={"y": Node("multiply", (3, "a"))})
    >>> plan = make_plan(graph, standard(), target="y")
    >>> list(plan.names), [step.operands for step in plan.steps], plan.constants, plan.scalar
    (['a', 'y', ''], [(2, 0)], {2: 3}, True)
    """
    operators = {op: operators[op] for op in {node.op for node in graph.nodes.values()}}
    targets = (target,) if isinstance(target, str) else tuple(target or ())
    asked = None if only is None else set(only)
    reported = list(graph.names()) if asked is None else [name for name in graph.names(hidden=True) if name in asked]
    names, slots, constants, layout = lay_out(graph, operators)
    if asked is not None:
        layout = keep_layout(layout, [slots[name] for name in {*asked, *targets}], len(names))
    layout = fold_numbers(layout, slots, constants)
    blocked = {name: rules for name, operator in operators.items() if (rules := list_blocked(operator))}
    varied = find_varied(graph, layout, slots, blocked)
    wanted = bytearray(len(varied))
    if targets:
        below = varied if asked is None else find_below(layout, (slots[name] for name in asked), varied, blocked)
        wanted = find_wanted(layout, [slots[name] for name in targets], below, blocked)
    steps = Steps(layout, wanted)
    scalar = _is_scalar(graph, layout, operators)
    return Plan(graph, names, slots, constants, steps, varied, wanted, reported, scalar, layout)


class Steps(Sequence[Step]):
    """The steps of a layout, made when they are first looked at: a graph that is swept in groups needs none."""

    def __init__(self, layout: Layout, wanted: bytearray) -> None:
        self.layout = layout
        self.wanted = wanted
        self._made: list[Step] | None = None

    def _make(self) -> list[Step]:
        if self._made is None:
            self._made = _make_steps(self.layout, self.wanted)
        return self._made

    def __getitem__(self, index: Any) -> Any:
        return self._make()[index]

    def __len__(self) -> int:
        return len(self.layout.names)

    def __iter__(self) -> Iterator[Step]:
        return iter(self._make())

    def __reversed__(self) -> Iterator[Step]:
        return iter(self._make()[::-1])


def keep_needed(graph: Graph, roots: Iterable[str]) -> list[str]:
    """The part of the order on which some values rest."""
    needed = find_needed(graph.nodes, graph.order, graph.producers(), roots)
    return [name for name in graph.order if name in needed]


def _make_steps(layout: Layout, wanted: bytearray) -> list[Step]:
    traced: TracedRules = {}
    steps = []
    for name, node, operands, out in zip(*layout[:4], strict=True):
        operator = layout.operators[node.op]
        attributes = operator.fill_attributes(node.attributes) if operator.attributes else EMPTY
        backward: tuple[Backward, ...] = ()
        if wanted[out[0]] or (len(out) > 1 and any(wanted[slot] for slot in out)):
            backward = choose_backward(operator, operands, wanted, traced)
        steps.append(Step(name, operator, operands, out, attributes, backward))
    return steps


TracedRules = dict[tuple[str, tuple[bool, ...]], TracedRule]  # by operator and by what is asked of it


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


def choose_backward(
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


def _is_scalar(graph: Graph, layout: Layout, operators: Mapping[str, Operator]) -> bool:
    """Whether the graph runs on Python floats: every given value is a float64 number, every operator can."""
    if graph.dtype != "float64":
        return False
    if any(entry.dtype not in (None, "float64") or not _is_number(entry) for entry in graph.given.values()):
        return False
    xp = Library(operators, floats)
    used = {node.op for node in layout.nodes}
    return all(operators[op].broadcasts and not operators[op].outputs and xp.resolve(op) is not None for op in used)
