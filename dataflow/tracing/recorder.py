"""The recorder: `xp` over symbols. What it is asked to compute it computes, and notes as a node of a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.graph import Graph, Input, Node
from dataflow.tracing.symbols import Symbol, UntraceableError

if TYPE_CHECKING:
    from dataflow.library import Library
    from dataflow.operators import Operator

INQUIRIES = ("shape", "ndim", "size", "check_indices")  # what they give is no function of the values that has a slope


class Recording(NamedTuple):
    """A forward rule written down: its graph, the value of each name, and the names of inputs and outputs.

    An input that was not given has no name: None stands in its place.
    """

    graph: Graph
    values: Mapping[str, Any]
    inputs: tuple[str | None, ...]
    outputs: tuple[str, ...]


def record(operator: Operator, xp: Library, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Recording:
    """What the forward rule of an operator does with these inputs, over the arrays of `xp`.

    A composite that writes no backward rules of its own is followed into its forward rule; any other operator is one
    node. Raises `UntraceableError` for a rule that leaves `xp`, and whatever the rule raises.

    >>> from dataflow.arrays import floats
    >>> from dataflow.library import Library
    >>> from dataflow.registry import standard
    >>> found = record(standard()["sigmoid"], Library(standard(), floats), [0.0], {})
    >>> [(name, node.op, node.inputs) for name, node in found.graph.nodes.items()]
    [('n1', 'negative', ('x0',)), ('n2', 'exp', ('n1',)), ('n3', 'add', (1, 'n2')), ('n4', 'divide', (1, 'n3'))]
    >>> found.outputs, found.values["n4"]
    (('n4',), 0.5)
    """
    recorder = Recorder(xp)
    symbols = [None if item is None else recorder.give("x", index, item) for index, item in enumerate(inputs)]
    found = operator.forward(recorder, *symbols, **attributes)
    parts = found if isinstance(found, tuple | list) else (found,)
    outputs = tuple([recorder.name_of(item) for item in parts])
    given = {name: Input(dtype=_dtype_of(recorder.values[name])) for name in recorder.given}
    names = tuple([None if item is None else item.name for item in symbols])
    return Recording(Graph(inputs=given, nodes=recorder.nodes), recorder.values, names, outputs)


class Recorder:
    """`xp` over symbols: each function that is asked for computes on the values, and notes what it did."""

    def __init__(self, xp: Library) -> None:
        self._xp = xp
        self.given: list[str] = []
        self.nodes: dict[str, Node] = {}
        self.values: dict[str, Any] = {}

    def give(self, kind: str, number: int, value: Any) -> Symbol:
        """A symbol for a value from outside."""
        name = f"{kind}{number}"
        self.given.append(name)
        return self._make(name, value)

    def name_of(self, item: Any) -> str:
        """The name of what a rule gave; a value that it did not make from symbols is given, as any constant."""
        if isinstance(item, Symbol):
            return item.name
        return self.give("c", len(self.given), item).name

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        function = self._find(name)
        self.__dict__[name] = function
        return function

    def _find(self, name: str) -> Callable[..., Any]:
        operator = self._xp.operators.get(name)
        if operator is None:
            return self._cast_like if name == "cast_like" else partial(self._ask, name)
        if operator.kernels is None and operator.backward is None:
            if operator.variadic and len(operator.inputs) == 1:
                return lambda items, **attributes: operator.forward(self, *items, **attributes)
            return partial(operator.forward, self)
        return partial(self._call, operator)

    def _ask(self, name: str, *items: Any, **attributes: Any) -> Any:
        """What is no operator: a question about a value, or something made without one."""
        if name not in INQUIRIES and any(isinstance(item, Symbol) for item in (*items, *attributes.values())):
            raise UntraceableError(f"`xp.{name}` is no operator: what it does to a value has no backward rule")
        return getattr(self._xp, name)(*map(_value_of, items), **attributes)

    def _cast_like(self, x: Any, other: Any) -> Any:
        dtype = getattr(_value_of(other), "dtype", None)
        if dtype is None or not isinstance(x, Symbol):
            return self._xp.cast_like(_value_of(x), _value_of(other))
        return x if dtype == x.value.dtype else self.astype(x, dtype=dtype.name)

    def _call(self, operator: Operator, *items: Any, **attributes: Any) -> Any:
        """An operator called as in a rule: a list for any number of inputs, inputs by position or by name."""
        operands = list(items[0]) if operator.variadic and len(operator.inputs) == 1 else list(items)
        for item in operator.inputs[len(operands) :]:
            if not item.variadic:
                operands.append(attributes.pop(item.name, None))
        while operands and operands[-1] is None:
            operands.pop()
        if len(operands) > len(operator.inputs) and not operator.variadic:
            raise UntraceableError(f"`{operator.signature}` was called with {len(operands)} inputs")
        return self._note(operator, operands, attributes)

    def _apply(self, name: str, *operands: Any) -> Any:
        return self._note(self._xp.operators[name], operands, {})

    def _note(self, operator: Operator, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
        """Compute, and if a symbol had a part in it, note it as a node."""
        value = operator.forward(self._xp, *map(_value_of, operands), **attributes)
        if not any(isinstance(item, Symbol) for item in operands):
            return value
        inputs = tuple([item if type(item) in NUMBERS else self.name_of(item) for item in operands])
        name = f"n{len(self.nodes) + 1}"
        if not operator.outputs:
            self.nodes[name] = Node(operator.name, inputs, attributes)
            return self._make(name, value)
        outputs = tuple([f"{name}_{index}" for index in range(len(value))])
        self.nodes[name] = Node(operator.name, inputs, attributes, outputs)
        return tuple([self._make(*pair) for pair in zip(outputs, value, strict=True)])

    def _make(self, name: str, value: Any) -> Symbol:
        self.values[name] = value
        return Symbol(name, value, self._apply)


NUMBERS = (float, int, bool, type(None))


def _value_of(item: Any) -> Any:
    if isinstance(item, Symbol):
        return item.value
    if isinstance(item, tuple | list):
        return type(item)([_value_of(part) for part in item])
    return item


def _dtype_of(value: Any) -> str:
    if hasattr(value, "dtype"):
        return str(value.dtype.name)
    return "bool" if isinstance(value, bool) else "int64" if isinstance(value, int) else "float64"
