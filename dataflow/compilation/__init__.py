"""A graph compiled for use in loops: everything that can be is decided once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dataflow.asked import check_arguments, list_names
from dataflow.derivation.questions import check_names, find_differentiable
from dataflow.errors import DataflowError, Diagnostic, UsageError
from dataflow.execution import explain_places, locate_error, settle_operators
from dataflow.graph import EMPTY, Graph
from dataflow.program.derived import Question
from dataflow.sizing import uses_sizes
from dataflow.sweeps.plan import make_plan

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from dataflow.registry import Operators


class Computed(NamedTuple):
    """What a compiled graph gives: values and gradients by name, as NumPy arrays and numbers."""

    values: Mapping[str, Any]
    gradients: Mapping[str, Any]


class Function(Protocol):
    """What answers a question for values of the inputs: values and gradients by name."""

    def __call__(self, inputs: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]: ...

    def explain(self, inputs: Mapping[str, Any]) -> list[str]: ...


def compile(
    graph: Graph,
    *,
    wrt: str | Iterable[str] | None = None,
    outputs: str | Iterable[str] | None = None,
    target: str | None = None,
    inputs: Mapping[str, Any] = EMPTY,
    workers: int | Executor | None = None,
    memory_limit: int | None = None,
    operators: Operators | None = None,
    data_root: str | None = None,
) -> Compiled:
    """A function of values of the inputs that gives values and gradients, for use in loops.

    wrt:       the inputs, parameters or nodes whose gradients are wanted; all inputs and parameters that have one, if
               not given; none: only values.
    outputs:   the values that are wanted; the target's, if not given, and without a target all that have a name.
    target:    the node whose gradient is computed, in place of the graph's.
    inputs:    values in place of those in the graph, for all calls that give no others: data that stays.
    workers:   how many cores to use; all, if not given; or an executor of `concurrent.futures`, which may be that of a
               Dask client. It changes no bit of what comes out.
    memory_limit: the most bytes that computed values of a graph of arrays may take at once: rather than keep what the
               way back needs, it is computed again.
    operators: the table of operators, in place of the one that the graph was read with.
    data_root: the folder that data files are read from, in place of the graph's own.

    Data that the graph names is read once. Raises `GraphError` and `UsageError`; the function raises what `execute`
    does.

    >>> from dataflow.document import loads
    >>> run = compile(loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: x ** 2}, target: y}"))
    >>> run({"x": 5.0})
    Computed(values={'y': 25.0}, gradients={'x': 10.0})
    """
    check_arguments(graph, inputs, operators, workers=workers, memory_limit=memory_limit)
    with explain_places(graph):
        operators = settle_operators(graph, operators)
        question = ask(graph, wrt, outputs, target)
        if not uses_sizes(graph, operators):
            roots = [*question.outputs, *question.wrt]
            plan = make_plan(graph, operators, target=question.target if question.wrt else None, only=roots)
            if plan.scalar:
                from dataflow.compilation.scalars import ScalarFunction

                return Compiled(graph, ScalarFunction(plan, operators, question, inputs, data_root))
        from dataflow.compilation.arrays import ArrayFunction

        return Compiled(graph, ArrayFunction(graph, operators, question, inputs, data_root, workers, memory_limit))


def ask(graph: Graph, wrt: Any, outputs: Any, target: str | None) -> Question:
    """What is wanted of a graph, with what was left out. Raises `UsageError` for names that are not there."""
    target = graph.target if target is None else target
    default = list(graph.names()) if target is None else [target]
    names = default if outputs is None else list_names(outputs)
    chosen = ([] if target is None else find_differentiable(graph)) if wrt is None else list_names(wrt)
    check_names(graph, [*names, *chosen, *([] if target is None else [target])])
    if chosen and target is None:
        hint = "name one: `target: J` in the graph, or compile(graph, target='J')"
        raise UsageError(Diagnostic("DF1003", "a gradient is that of a target, and there is none", hint=hint))
    return Question(tuple(dict.fromkeys(names)), target, tuple(dict.fromkeys(chosen)))


class Compiled:
    """A graph compiled for use in loops, by `compile`. Calling it gives `Computed` values and gradients.

    The function takes values in place of those in the graph, by name: numbers, nested lists or arrays. An array of the
    declared dtype is used as it is, without a copy.
    """

    def __init__(self, graph: Graph, function: Function) -> None:
        self.graph = graph
        self._function = function

    def __call__(self, inputs: Mapping[str, Any] = EMPTY) -> Computed:
        """The values and gradients for these values of the inputs.

        Raises `DataError`, `UsageError`, `GraphError` and `OperatorError`, as `execute` does.
        """
        if inputs.__class__ is not dict:
            check_arguments(self.graph, inputs)
        try:
            return Computed(*self._function(inputs))
        except DataflowError as error:
            raise locate_error(self.graph, error) from error.__cause__

    def explain(self, inputs: Mapping[str, Any] = EMPTY) -> list[str]:
        """How the graph is run for values of the types of these, in lines of text.

        >>> from dataflow.document import loads
        >>> compile(loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: x ** 2}, target: y}")).explain()
        ['every value is one number: 1 node, one after the other']
        """
        check_arguments(self.graph, inputs)
        try:
            return self._function.explain(inputs)
        except DataflowError as error:
            raise locate_error(self.graph, error) from error.__cause__

    def __repr__(self) -> str:
        return f"<Compiled {self.graph!r}>"
