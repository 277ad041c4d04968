"""Graphs executed: what is asked is checked, the way to run is chosen, what is not finite is found, the result made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dataflow.asked import AlongRows, Asked, check_arguments, list_names
from dataflow.checks import check
from dataflow.checks.requirements import check_requirements
from dataflow.document import UNKNOWN, paused_collection
from dataflow.errors import DataflowError, Diagnostic, GraphError, ResourceError, UsageError, propose
from dataflow.graph import EMPTY
from dataflow.outcome import check_strict, make_result
from dataflow.provenance import Clock
from dataflow.registry import Operators, standard
from dataflow.sweeps.finite import find_nonfinite
from dataflow.sweeps.plan import make_plan
from dataflow.sweeps.sized import bind_sizes
from dataflow.whole_runs import Run, sweep_whole

if TYPE_CHECKING:
    from dataflow.derivatives import Product
    from dataflow.graph import Derivative, Graph
    from dataflow.result import Result


def execute(
    graph: Graph,
    inputs: Mapping[str, Any] = EMPTY,
    *,
    target: str | None = None,
    only: Iterable[str] | None = None,
    cotangent: Any = None,
    operators: Operators | None = None,
    data_root: str | None = None,
    hidden: bool = False,
    strict: bool = False,
    timings: bool = False,
    derivatives: Mapping[str, Derivative] = EMPTY,
    along_rows: AlongRows | None = None,
    memory_limit: int | None = None,
) -> Result:
    """Run a graph: the value of every node, and its gradient if there is a target.

    inputs:    values in place of those in the graph, by name: numbers, nested lists or arrays.
    target:    the node whose gradient is computed, in place of the graph's.
    only:      report these values alone, and compute nothing that they do not need.
    cotangent: of the target, of its shape; needed if the target has more than one element.
    operators: the table of operators, in place of the one that the graph was read with.
    data_root: the folder that data files are read from, in place of the graph's own.
    hidden:    report what expressions introduce as well.
    strict:    raise `StrictError` if the target or a gradient is not finite.
    timings:   note in the result how long each part of the run took, in seconds.
    derivatives: what to compute beside the derivatives that the graph itself asks for, by name.
    along_rows: run a graph of more than 100,000 rows block by block, in memory that does not grow with them: data files
               are read as they are needed, and what has rows is summarised in the result unless `only` names it.
    memory_limit: the most bytes that computed values of a graph of arrays may take at once: what the way back needs and
               the result does not (`only`) is computed again rather than kept.

    Raises `GraphError`, `DataError`, `UsageError`, `OperatorError`, `ResourceError`, each with its diagnostics.

    >>> from dataflow.document import loads
    >>> result = execute(loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: x ** 2}, target: y}"))
    >>> result.values["y"], result.gradients["x"]
    (9.0, 6.0)
    """
    check_arguments(graph, inputs, operators, along_rows=along_rows, derivatives=derivatives, memory_limit=memory_limit)
    target = graph.target if target is None else target
    names = None if only is None else list_names(only)
    asked = Asked(
        inputs, target, names, cotangent, data_root, hidden, strict, timings, derivatives, along_rows, memory_limit
    )
    with explain_places(graph):
        return _run(graph, operators, asked)


def sweep(
    graph: Graph,
    inputs: Mapping[str, Any] = EMPTY,
    *,
    target: str | None = None,
    cotangent: Any = None,
    operators: Operators | None = None,
    data_root: str | None = None,
) -> Run:
    """Both sweeps as `execute` makes them, with every value and cotangent by slot in place of a result.

    >>> from dataflow.document import loads
    >>> run = sweep(loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: exp(0 * x) + x}, target: y}"))
    >>> [(name, run.values[slot], run.cotangents[slot]) for slot, name in enumerate(run.plan.names) if name[:1] == "y"]
    [('y#1', 0.0, 1.0), ('y#2', 1.0, 1.0), ('y', 4.0, 1.0)]
    """
    asked = Asked(inputs, graph.target if target is None else target, None, cotangent, data_root)
    with explain_places(graph):
        operators = settle_operators(graph, operators)
        _check_asked(graph, asked)
        sized, bound = bind_sizes(graph, operators, asked.inputs, None, root=data_root)
        plan = make_plan(sized, operators, target=asked.target)._replace(graph=graph)
        return sweep_whole(plan, operators, asked, Clock(False), bound=bound)


def explain_plan(
    graph: Graph, inputs: Mapping[str, Any] = EMPTY, *, target: str | None = None, only: Sequence[str] | None = None,
    cotangent: Any = None, data_root: str | None = None, hidden: bool = False,
    derivatives: Mapping[str, Derivative] = EMPTY, along_rows: AlongRows | None = None, memory_limit: int | None = None,
) -> tuple[list[str], bool]:  # fmt: skip
    """How `execute` would run a graph, in lines of text, and whether that is a program along rows or in limited memory.

    The arguments are those of `execute`.
    """
    check_arguments(graph, inputs, along_rows=along_rows, derivatives=derivatives, memory_limit=memory_limit)
    target = graph.target if target is None else target
    asked = Asked(
        inputs, target, only, cotangent, data_root, hidden, derivatives=derivatives, along_rows=along_rows,
        memory_limit=memory_limit,
    )  # fmt: skip
    with explain_places(graph):
        operators = settle_operators(graph, None)
        _check_asked(graph, asked)
        reason = _find_obstacle(graph, asked)
        if reason is None:
            from dataflow.row_runs import describe_run

            lines = describe_run(graph, operators, asked)
            if isinstance(lines, list):
                return lines, True
            reason = lines
        return [f"whole values, rule by rule: {reason}"], False


@contextmanager
def explain_places(graph: Graph) -> Iterator[None]:
    """Within it a problem gets its place in the graph's text, and the garbage collector is paused."""
    try:
        with paused_collection():
            yield
    except DataflowError as error:
        raise locate_error(graph, error) from error.__cause__
    except MemoryError as error:
        hint = "reduce the rows, or use --only"
        raise ResourceError(Diagnostic("DF0810", f"no memory: {error}", hint=hint)) from error


def locate_error(graph: Graph, error: DataflowError) -> DataflowError:
    """The error with its places in the graph's text."""
    if graph.source is None:
        return error
    return type(error)([graph.source.locate(item) if item.path else item for item in error.diagnostics])


def _run(graph: Graph, operators: Operators | None, asked: Asked) -> Result:
    clock = Clock(asked.timings)
    operators = settle_operators(graph, operators)
    _check_asked(graph, asked)
    reported = list(graph.names(hidden=True)) if asked.hidden and asked.only is None else asked.only
    derivatives, roots = _list_derivatives(graph, asked)
    if (found := _run_program(graph, operators, asked, clock)) is not None:
        return found
    only = None if reported is None else [*reported, *roots]
    sized, bound = bind_sizes(graph, operators, asked.inputs, only and [*only, asked.target], root=asked.data_root)
    if bound is not None:
        clock.note("data")
    plan = make_plan(sized, operators, target=asked.target, only=only)._replace(graph=graph)
    if reported is not None and roots:
        plan = plan._replace(reported=[name for name in plan.reported if name in set(reported)])
    clock.note("plan")
    run = sweep_whole(plan, operators, asked, clock, roots, bound)
    if asked.rows_to is not None:
        raise UsageError(_describe_no_rows("--explain-plan says what stands in the way"))
    findings = find_nonfinite(plan, run.values, run.cotangents, asked.target)
    products: Mapping[str, Product] = EMPTY
    if derivatives:
        from dataflow.differentiation import differentiate, find_nonfinite_products

        values = {name: run.values[plan.slots[name]] for name in roots}
        products = differentiate(sized, operators, derivatives, values, run.bound.values)
        findings += tuple(find_nonfinite_products(products))
        clock.note("derivatives")
    if asked.strict:
        check_strict(graph, findings)
    return make_result(run, findings, products, clock)


def _run_program(graph: Graph, operators: Operators, asked: Asked, clock: Clock) -> Result | None:
    """The result of a run along rows, or in little memory; None where that is not needed, or not possible."""
    if asked.along_rows is None and asked.memory_limit is None:
        return None
    reason = _find_obstacle(graph, asked)
    if reason is None:
        from dataflow.row_runs import run_along_rows

        return run_along_rows(graph, operators, asked, clock)
    if asked.rows_to is not None:
        raise UsageError(_describe_no_rows(reason))
    return None


def _find_obstacle(graph: Graph, asked: Asked) -> str | None:
    """Why a graph cannot be run along rows, nor in limited memory, as far as what is asked tells; None if it may be."""
    if graph.derivatives or asked.derivatives:
        return "derivatives beside the gradient are those of whole values"
    if asked.hidden:
        return "the parts of expressions are reported too"
    if asked.cotangent is not None:
        return "a cotangent weighs a whole value"
    if asked.memory_limit is not None:
        return None if asked.rows_to is None else "with a limit of memory values are whole"
    if not any("rows" in (entry.shape or ()) for entry in graph.given.values()):
        return "no input has the axis `rows`: give inputs shapes such as [rows, 3]"
    return None


def _describe_no_rows(hint: str) -> Diagnostic:
    return Diagnostic("DF0933", "`--rows-to`: this run is not one along rows", hint=hint)


def _list_derivatives(graph: Graph, asked: Asked) -> tuple[Mapping[str, Derivative], Sequence[str]]:
    """The derivatives to compute, and the values that have to be known for them."""
    if not graph.derivatives and not asked.derivatives:
        return EMPTY, ()
    from dataflow.differentiation import list_derivatives, list_roots

    derivatives = list_derivatives(graph, asked.derivatives)
    return derivatives, list_roots(derivatives)


def settle_operators(graph: Graph, operators: Operators | None) -> Operators:
    """The table to use. Raises `GraphError` for a graph that is not sound under it."""
    if operators is None:
        operators = standard() if graph.operators is None else graph.operators
    found = check(graph, operators) or list(check_requirements(graph, operators))
    unknown = any(item.code in UNKNOWN for item in found)
    if unknown and not operators.scanned:
        return settle_operators(graph, operators.with_entry_points())
    if found:
        raise GraphError([*found, *(operators.failures if unknown else ())])
    return operators


def _check_asked(graph: Graph, asked: Asked) -> None:
    """Whether the target and the names in `only` are values of the graph, and a cotangent has a target to weigh."""
    known = set(graph.names(hidden=True))
    names: list[tuple[Any, str]] = [(name, "asked for alone") for name in asked.only or ()]
    if asked.target is not None:
        names.append((asked.target, "the target"))
    found = [
        Diagnostic("DF0905", f"`{name}`, {what}, is not a value of this graph", hint=propose(str(name), graph.names()))
        for name, what in names
        if not isinstance(name, str) or name not in known
    ]
    if asked.cotangent is not None and asked.target is None:
        message = "a cotangent weighs the elements of a target, and there is none"
        found.append(Diagnostic("DF0901", message, hint="name one with --target"))
    if found:
        raise UsageError(found)
