"""The reverse sweep of a graph written down as another graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.derivation.assembly import assemble
from dataflow.derivation.questions import (
    check_floats,
    check_names,
    check_target,
    find_differentiable,
    find_followed,
    seed_of,
    zero_of,
)
from dataflow.derivation.reverse import sweep_back
from dataflow.derivation.tape import Tape, UnderivableError
from dataflow.errors import Diagnostic, GraphError, UsageError
from dataflow.graph import Graph, Input
from dataflow.shapes import ArrayType
from dataflow.sizes import product_of
from dataflow.sizing import list_sizes
from dataflow.sweeps.plan import keep_needed
from dataflow.tracing import Symbol
from dataflow.typecheck import Inferred, infer_types

if TYPE_CHECKING:
    from dataflow.registry import Operators

MAX_NODES = 1_000_000  # of a derivative graph before what it does not need is left out
MAX_ONES = 1000  # elements of a direction that is written out


def write_gradient(
    graph: Graph,
    operators: Operators,
    *,
    target: str | None = None,
    wrt: Sequence[str] | None = None,
    order: int = 1,
    types: Mapping[str, ArrayType] | None = None,
) -> Graph:
    """The graph of the gradients of a target: for every value `v` on the way a node `dv`.

    target: the node that is differentiated, in place of the graph's; a float of one element.
    wrt:    the values whose gradients are wanted; all that has one, if not given.
    order:  2 adds the gradients of these gradients, `ddb_dc` for d(db)/dc, and so on. The gradient of an array is
            weighed by a direction, `direction_dw`, an input of its shape, ones if not given: what comes out is the
            Hessian times that direction. Derivatives that are 0 whatever the values are left out.
    types:  of given values, where they are known better than from the graph, as from data.

    Raises `UnderivableError` for a rule that cannot be written down, or a shape that is not known; `GraphError` for a
    graph that is not sound and for a target without a gradient; `UsageError` for names that are not in the graph.

    >>> from dataflow.document import loads
    >>> from dataflow.registry import standard
    >>> graph = loads("{dataflow: 1, inputs: {a: 5, b: 3, c: 2}, nodes: {u: b*c, v: a + u, J: 3*v}, target: J}")
    >>> found = write_gradient(graph, standard())
    >>> {name: (node.op, node.inputs) for name, node in found.nodes.items() if name in ("dv", "db")}
    {'dv': ('identity', (3,)), 'db': ('multiply', ('du', 'c'))}
    """
    target = graph.target if target is None else target
    check_names(graph, [] if wrt is None else wrt)
    if target is None:
        hint = "name one: `target: J` in the graph, or --target J"
        raise UsageError(Diagnostic("DF1003", "a gradient is that of a target, and there is none", hint=hint))
    check_names(graph, [target])
    inferred = infer_types(graph, operators, types)
    if inferred.found:
        raise GraphError(inferred.found)
    check_target(graph, inferred, target)
    check_floats(graph, inferred, [] if wrt is None else wrt)
    if wrt is None and not find_differentiable(graph):
        message = f"the gradient of `{target}` is taken in nothing: no input or parameter is differentiable"
        hint = "name values with --wrt; data from a file is differentiated only with `differentiable: true`"
        raise UsageError(Diagnostic("DF1003", message, hint=hint))
    return _Gradient(graph, operators, inferred, target, wrt).write(order)


class _Gradient:
    """The gradients of one target, and the gradients of these."""

    def __init__(
        self,
        graph: Graph,
        operators: Operators,
        inferred: Inferred,
        target: str,
        wrt: Sequence[str] | None,
    ) -> None:
        self.graph = graph
        self.target = target
        self.wrt = wrt
        self.roots = find_differentiable(graph) if wrt is None else list(wrt)
        needed = keep_needed(graph, [target, *self.roots])
        self.tape = Tape(graph, operators, inferred, needed, find_followed(graph, operators, [target], self.roots))
        self.taken = {*graph.names(hidden=True), *graph.nodes, *list_sizes(graph)}
        self.outputs: dict[str, Any] = {}
        self.given: dict[str, Input] = {}

    def write(self, order: int) -> Graph:
        """The graph of the derivatives up to an order."""
        names = {name: self._make_label(name) for name in self.graph.names()}
        named = {name: label for name, label in names.items() if name not in self.graph.given}
        cotangents, labels = sweep_back(self.tape, {self.target: seed_of(self.tape, self.target)}, self.roots, named)
        for name in self._list_shown():
            found = cotangents.get(self.tape.aliases.get(name, name))
            if found is not None:
                self.outputs[names[name]] = found
            elif self.wrt is not None:
                self.outputs[names[name]] = zero_of(self.tape, name)
        latest = {names[name]: name for name in self.roots if names[name] in self.outputs}
        for _ in range(order - 1):
            latest = self._differentiate(latest)
        what = "The gradients" if order == 1 else f"The derivatives up to order {order}"
        return assemble(
            self.tape, self.outputs, labels, name="gradient" if order == 1 else f"derivatives_{order}",
            description=f"{what} of {self.target}", given=self.given,
        )  # fmt: skip

    def _list_shown(self) -> list[str]:
        """The values whose gradients are shown: from the target back, then what is given."""
        if self.wrt is not None:
            return list(self.wrt)
        order: dict[Any, int] = {name: place for place, name in enumerate(self.graph.order)}
        producers, given = self.graph.producers(), self.graph.given
        computed = [name for name in self.graph.names() if name not in given]
        return [*sorted(computed, key=lambda name: -order[producers.get(name, name)]), *given]

    def _make_label(self, name: str, of: str = "") -> str:
        """`dv`; `dJ_dv` where the graph has a `dv` of its own; `ddb_dc` for the gradient of a gradient."""
        label = f"d{of}_d{name}" if of else f"d{name}"
        if label in self.taken and not of:
            label = f"d{self.target}_d{name}"
        while label in self.taken:
            label += "_"
        self.taken.add(label)
        return label

    def _differentiate(self, latest: Mapping[str, str]) -> dict[str, str]:
        """The gradients of what was derived last, each by the name of what it is a gradient in."""
        found: dict[str, str] = {}
        expected = len(latest) * len(self.tape.recorder.nodes)
        if expected > MAX_NODES:
            message = f"the derivatives take about {expected} nodes, more than {MAX_NODES}"
            hint = "ask for fewer with --wrt, for a lower order, or for products: `dataflow exec --hvp`"
            raise UnderivableError(Diagnostic("DF1004", message, hint=hint))
        for label, name in latest.items():
            item = self.outputs[label]
            if not isinstance(item, Symbol):
                continue
            seed = 1 if item.type == ArrayType(self.graph.dtype, ()) else self._give_direction(label, name, item)
            cotangents, _ = sweep_back(self.tape, {item.name: seed}, self.roots)
            for root in self.roots:
                value = cotangents.get(self.tape.aliases.get(root, root))
                if value is not None:
                    again = self._make_label(root, label)
                    self.outputs[again] = value
                    found[again] = root
        return found

    def _give_direction(self, label: str, name: str, item: Symbol) -> Symbol:
        """An input with which a gradient that is an array is weighed."""
        direction = f"direction_{label}"
        while direction in self.taken:
            direction += "_"
        self.taken.add(direction)
        dtype, shape = item.type
        count = product_of(shape)
        value: Any = None
        if isinstance(count, int) and count <= MAX_ONES:
            value = 1.0
            for length in reversed(shape):
                value = (value,) * int(length)
        declared = None if value is not None else tuple(
            length if isinstance(length, int) else str(length) for length in shape
        )  # fmt: skip
        self.given[direction] = Input(
            value, shape=declared, dtype=None if dtype == self.graph.dtype else dtype,
            description=f"the direction in which {label} is differentiated",
        )  # fmt: skip
        return self.tape.recorder.give(direction, item.type)
