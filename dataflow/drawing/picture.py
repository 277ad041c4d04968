"""What a picture of a graph shows, as plain data: boxes with their texts, and arrows between them."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dataflow.drawing.texts import Describe, Equations, describe_given, describe_value
from dataflow.graph import HIDDEN, Input, Node, owner_of
from dataflow.sizing import list_sizes

if TYPE_CHECKING:
    from dataflow.graph import Graph
    from dataflow.result import Result

INPUT, PARAMETER, NODE, PART = "input", "parameter", "node", "part"


class Value(NamedTuple):
    """One value that a box stands for: its name, and the texts of its value and gradient where they are known."""

    name: str
    value: str | None = None
    gradient: str | None = None


class Box(NamedTuple):
    """A node, an input, a parameter, or a part of an expression, which has no name to be shown.

    `values` has one value, unless the operator has several outputs; `aside` says that there is a target and the box
    does not lead to it.
    """

    name: str
    kind: str
    equation: str
    values: tuple[Value, ...]
    target: bool = False
    aside: bool = False
    description: str = ""

    @property
    def label(self) -> str:
        """The name to show: nothing for a part, the outputs of an operator that has several."""
        return "" if self.kind == PART else ", ".join(value.name for value in self.values)


class Arrow(NamedTuple):
    """From a value of one box, by its position there, into another. `back`: a gradient flows the other way."""

    source: int
    port: int
    target: int
    back: bool = False


class Picture(NamedTuple):
    """Boxes, each after those that lead to it, and arrows in the order of the boxes that they lead to."""

    name: str
    description: str
    boxes: Sequence[Box]
    arrows: Sequence[Arrow]
    target: str | None = None

    @property
    def valued(self) -> bool:
        """Whether any value is known."""
        return any(value.value is not None for box in self.boxes for value in box.values)


def make_picture(
    graph: Graph,
    result: Result | None = None,
    *,
    describe: Describe,
    only: Iterable[str] | None = None,
    parts: bool = False,
) -> Picture:
    """The picture of a checked graph, with the values and gradients of a result if one is given.

    describe: gives a value in few characters.
    only:     draw these values and what they need; names of the graph.
    parts:    draw the parts of expressions as boxes of their own.

    >>> from dataflow.document import loads
    >>> graph = loads("{dataflow: 1, inputs: {b: 3, c: 2}, nodes: {u: b * c}, target: u}")
    >>> picture = make_picture(graph, describe=str)
    >>> [(box.kind, box.label, box.equation) for box in picture.boxes]
    [('input', 'b', '3.0'), ('input', 'c', '2.0'), ('node', 'u', 'b * c')]
    >>> picture.arrows
    [Arrow(source=0, port=0, target=2, back=False), Arrow(source=1, port=0, target=2, back=False)]
    """
    names = [*graph.given, *(name for name in graph.order if parts or HIDDEN not in name)]
    values = frozenset(graph.names(hidden=True))
    uses = {name: _list_uses(graph, name, values, parts=parts) for name in names}
    makers = graph.producers()
    swept = _find_swept(result, values if parts else set(graph.names()))
    target = swept or graph.target
    leading = set(names) if target is None else _find_needed(names, uses, makers, [target])
    if only is not None:
        kept = _find_needed(names, uses, makers, only)
        names = [name for name in names if name in kept]
    painter = _Painter(graph, result, target, leading, describe, parts=parts)
    boxes = [painter.paint(name) for name in names]
    shown = target if any(box.target for box in boxes) else None
    arrows = _join(boxes, uses, _find_back(graph, swept, parts=parts))
    return Picture(graph.name, graph.description, boxes, list(arrows), shown)


def _find_swept(result: Result | None, known: Collection[str]) -> str | None:
    """The target of a result, if it is a value of the graph and not of another."""
    named = result is not None and isinstance(result.target, str) and result.target in known
    return result.target if result is not None and named else None


def _list_uses(graph: Graph, name: str, values: Collection[str], *, parts: bool) -> Sequence[str]:
    """The values that a box uses, each once, in the order of its expression. Sizes are none: they are numbers."""
    node = graph.nodes.get(name)
    if node is None:
        return ()
    found: dict[str, None] = {}
    entered: set[str] = set()
    waiting = list(reversed(node.inputs))
    while waiting:
        item = waiting.pop()
        if not isinstance(item, str) or item not in values:
            continue
        if parts or HIDDEN not in item:
            found[item] = None
        elif item not in entered:
            entered.add(item)
            waiting += reversed(graph.nodes[item].inputs)
    return list(found)


def _find_needed(
    names: Sequence[str], uses: Mapping[str, Sequence[str]], makers: Mapping[str, str], roots: Iterable[str]
) -> set[str]:
    """The boxes that lead to some values, those of the values included."""
    needed = {makers.get(name, name) for name in roots}
    for name in reversed(names):
        if name in needed:
            needed.update(makers.get(item, item) for item in uses[name])
    return needed


def _join(
    boxes: Sequence[Box], uses: Mapping[str, Sequence[str]], back: Collection[tuple[str, str]]
) -> Iterable[Arrow]:
    places = {value.name: (index, port) for index, box in enumerate(boxes) for port, value in enumerate(box.values)}
    for index, box in enumerate(boxes):
        for item in uses[box.name]:
            source, port = places[item]
            known = boxes[source].kind == PART or boxes[source].values[port].gradient is not None
            yield Arrow(source, port, index, known and (item, box.name) in back)


class _Painter:
    """Makes the boxes of one graph."""

    def __init__(
        self, graph: Graph, result: Result | None, target: str | None, leading: set[str], describe: Describe, *,
        parts: bool,
    ) -> None:  # fmt: skip
        self._graph = graph
        self._result = result
        self._target = target
        self._leading = leading
        self._describe = describe
        self._equations = Equations(graph, parts=parts)
        self._given = graph.given

    def paint(self, name: str) -> Box:
        """The box of a node or of a given value."""
        graph = self._graph
        entry: Input | Node = graph.nodes[name] if name in graph.nodes else self._given[name]
        if isinstance(entry, Node):
            kind = PART if HIDDEN in name else NODE
            equation = self._equations.write(name)
            values = tuple(map(self._value, entry.outputs or (name,)))
        else:
            kind = PARAMETER if name in graph.parameters else INPUT
            values = (self._value(name),)
            equation = self._describe_given(entry) if values[0].value is None else self._name_source(entry)
        target = any(value.name == self._target for value in values)
        return Box(name, kind, equation, values, target, name not in self._leading, entry.description)

    def _describe_given(self, entry: Input) -> str:
        return describe_given(entry, self._graph.dtype, self._describe)

    def _name_source(self, entry: Input) -> str:
        """The file from which the value of a result is; it may have been given another than the document says."""
        assert self._result is not None
        if entry.source is None or entry.source.partition("#")[0] not in self._result.data:
            return ""
        return self._describe_given(entry._replace(value=None, shape=None))

    def _value(self, name: str) -> Value:
        if self._result is None or name not in self._result.values:
            return Value(name)
        gradient = self._result.gradients.get(name)
        return Value(
            name,
            describe_value(self._result.values[name], self._describe),
            None if gradient is None else describe_value(gradient, self._describe),
        )


def _without_sizes(graph: Graph) -> Graph:
    """The graph with a number in place of each size among the operands, which is one that no gradient reaches."""
    sizes = list_sizes(graph)
    if not sizes:
        return graph
    nodes = {
        name: node._replace(inputs=tuple([1 if item in sizes else item for item in node.inputs]))
        for name, node in graph.nodes.items()
    }
    return graph.replace(nodes=nodes)


def _find_back(graph: Graph, target: str | None, *, parts: bool) -> set[tuple[str, str]]:
    """The pairs of a value and a box that uses it between which a gradient flows back: what the sweep does."""
    if target is None:
        return set()
    from dataflow.registry import standard
    from dataflow.sweeps.plan import make_plan

    plan = make_plan(_without_sizes(graph), graph.operators or standard(), target=target)
    found: set[tuple[str, str]] = set()
    for step in plan.steps:
        box = step.name if parts else owner_of(step.name)
        passing = step.operator.differentiable
        for rule in step.backward:
            for slot, name in zip(rule.slots, rule.names or itertools.repeat(""), strict=False):
                if slot is not None and (not name or name in passing):
                    found.add((plan.names[slot], box))
    return found
