"""A Python function over `xp` written down as a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.derivation.emission import UnwritableSizeError, emit
from dataflow.derivation.tape import Tape
from dataflow.errors import Diagnostic, GraphError
from dataflow.graph import EMPTY, Graph, Input
from dataflow.registry import standard
from dataflow.sizing import list_sizes
from dataflow.typecheck import infer_types

if TYPE_CHECKING:
    from dataflow.registry import Operators

MAX_VALUES = 1000  # elements of an example that is written into the graph


def trace(
    function: Callable[..., Any],
    inputs: Mapping[str, Any] = EMPTY,
    *,
    parameters: Mapping[str, Any] = EMPTY,
    output: str = "y",
    target: str | None = None,
    name: str = "",
    dtype: str = "float64",
    operators: Operators | None = None,
) -> Graph:
    """The graph of a function, from what it does with symbols in place of its arguments.

    function:   is called with `xp`, the operators, and an argument for each input and parameter, by name. It gives one
                value, or a mapping of names to values.
    inputs, parameters: examples by name: numbers, nested lists, arrays, or an `Input` with a shape, whose sizes may be
                symbolic. Examples of at most 1,000 elements are the values of the graph.
    output:     what the one value is called.
    target:     of the graph.

    Raises `GraphError` for a function that does what cannot be recorded: branches on a value, or leaves `xp`.

    >>> def lecture(xp, a, b, c):
    ...     u = b * c
    ...     return {"u": u, "J": 3 * (a + u)}
    >>> graph = trace(lecture, {"a": 5, "b": 3, "c": 2}, target="J")
    >>> print(graph.dump().partition("nodes:")[2])
    <BLANKLINE>
      u: b * c
      J: 3 * (a + u)
    <BLANKLINE>
    target: J
    <BLANKLINE>
    """
    operators = standard() if operators is None else operators
    given = {key: _make_entry(value) for key, value in {**inputs, **parameters}.items()}
    graph = Graph(
        inputs={key: given[key] for key in inputs}, parameters={key: given[key] for key in parameters}, dtype=dtype
    )
    tape = Tape(graph, operators, infer_types(graph, operators), (), set())
    try:
        found = function(tape.recorder, **{key: tape.symbol(key) for key in given})
        outputs = dict(found) if isinstance(found, Mapping) else {output: found}
        if lacking := [key for key, value in outputs.items() if value is None]:
            raise TypeError(f"it gives nothing for `{lacking[0]}`")
        nodes, _ = emit(tape, outputs, {*given, *list_sizes(graph)})
    except (TypeError, ValueError, IndexError, UnwritableSizeError) as error:
        label = getattr(function, "__name__", "the function")
        hint = "use the functions of `xp` alone, and xp.where in place of `if`"
        raise GraphError(Diagnostic("DF1005", f"`{label}` cannot be written down: {error}", hint=hint)) from error
    if tape.recorder.constants:
        hint = "give arrays as inputs"
        raise GraphError(Diagnostic("DF1005", "the function uses an array that is no argument", hint=hint))
    return graph.replace(nodes=nodes, target=target, name=name, operators=operators)


def _make_entry(example: Any) -> Input:
    """An input with an example as its value, or, for a large one, with its shape."""
    if isinstance(example, Input):
        return example
    shape, dtype = getattr(example, "shape", None), getattr(example, "dtype", None)
    if shape is None or dtype is None:
        return Input(example)
    stated = None if dtype.name == "float64" else dtype.name
    if getattr(example, "size", 1) <= MAX_VALUES:
        return Input(example, dtype=stated)
    return Input(shape=tuple(shape), dtype=stated)
