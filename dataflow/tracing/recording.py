"""A forward rule written down as a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.graph import Graph, Input
from dataflow.shapes import ArrayType
from dataflow.tracing.inference import convert_types
from dataflow.tracing.recorder import Recorder
from dataflow.tracing.symbols import Symbol

if TYPE_CHECKING:
    from dataflow.operators import Operator


class Recording(NamedTuple):
    """A forward rule written down: graph, types of values, arrays it brought along, names of inputs and outputs.

    An input that was not given has no name: None stands in its place; a number stands for itself.
    """

    graph: Graph
    types: Mapping[str, ArrayType]
    constants: Mapping[str, Any]
    inputs: tuple[Any, ...]
    outputs: tuple[str, ...]


def record(
    operator: Operator,
    operators: Mapping[str, Operator],
    operands: Sequence[Any],
    attributes: Mapping[str, Any],
    default: str = "float64",
) -> Recording:
    """What the forward rule of an operator does with operands of these types (`ArrayType`, numbers, None).

    Raises `UntraceableError` for a rule that leaves `xp`, and whatever the rule raises.

    >>> from dataflow.registry import standard
    >>> found = record(standard()["sigmoid"], standard(), [ArrayType("float64", (3,))], {})
    >>> [(name, node.op, node.inputs) for name, node in found.graph.nodes.items()]
    [('%1', 'negative', ('x0',)), ('%2', 'exp', ('%1',)), ('%3', 'add', (1, '%2')), ('%4', 'divide', (1, '%3'))]
    >>> found.outputs
    ('%4',)
    """
    recorder = Recorder(operators, default)
    seen = convert_types(operator, operands, default)
    symbols = [
        recorder.give(f"x{index}", item) if item.__class__ is ArrayType else item for index, item in enumerate(seen)
    ]
    found = operator.forward(recorder, *symbols, **attributes)
    parts = found if isinstance(found, tuple | list) else (found,)
    outputs = tuple([_name_output(recorder, item) for item in parts])
    given = {
        name: Input(dtype=type.dtype)
        for name, type in recorder.types.items()
        if name in recorder.constants or name[0] == "x"
    }
    names = tuple([item.name if isinstance(item, Symbol) else item for item in symbols])
    graph = Graph(inputs=given, nodes=recorder.nodes, dtype=default)
    return Recording(graph, recorder.types, recorder.constants, names, outputs)


def _name_output(recorder: Recorder, item: Any) -> str:
    """The name of what a rule gave; a number that it made without symbols becomes a node of its own."""
    operand = recorder.name_of(item)
    return operand if isinstance(operand, str) else recorder.copy(operand).name
