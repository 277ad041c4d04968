"""One run of a graph: bind values, sweep forward, sweep in reverse, look for what is not finite, make the result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.checks import check
from dataflow.checks.requirements import check_requirements
from dataflow.document import UNKNOWN, paused_collection
from dataflow.errors import DataflowError, Diagnostic, GraphError, ResourceError, StrictError, UsageError, propose
from dataflow.graph import EMPTY
from dataflow.library import MissingKernelError
from dataflow.provenance import Clock, describe_processor, label_hidden, list_unproved, list_versions
from dataflow.registry import Operators, standard
from dataflow.result import Result
from dataflow.sweeps.binding import Bound, bind_values
from dataflow.sweeps.finite import find_nonfinite
from dataflow.sweeps.plan import Plan, make_plan

if TYPE_CHECKING:
    from dataflow.graph import Graph
    from dataflow.sweeps.arrays import ArraySweeps

Values = list[Any]


class Asked(NamedTuple):
    """What is asked of a run, as `execute` explains."""

    inputs: Mapping[str, Any] = EMPTY
    target: str | None = None
    only: Sequence[str] | None = None
    cotangent: Any = None
    data_root: str | None = None
    hidden: bool = False
    strict: bool = False
    timings: bool = False


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

    Raises `GraphError`, `DataError`, `UsageError`, `OperatorError`, `ResourceError`, each with its diagnostics.

    >>> from dataflow.document import loads
    >>> result = execute(loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: x ** 2}, target: y}"))
    >>> result.values["y"], result.gradients["x"]
    (9.0, 6.0)
    """
    target = graph.target if target is None else target
    names = None if only is None else [only] if isinstance(only, str) else list(only)
    asked = Asked(inputs, target, names, cotangent, data_root, hidden, strict, timings)
    with _explained(graph):
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
    with _explained(graph):
        operators = _settle_operators(graph, operators)
        _check_asked(graph, asked)
        return _sweep(make_plan(graph, operators, target=asked.target), operators, asked, Clock(False))


@contextmanager
def _explained(graph: Graph) -> Iterator[None]:
    """Within it a problem gets its place in the graph's text, and the garbage collector is paused."""
    try:
        with paused_collection():
            yield
    except DataflowError as error:
        if graph.source is None:
            raise
        located = [graph.source.locate(item) if item.path else item for item in error.diagnostics]
        raise type(error)(located) from error.__cause__
    except MemoryError as error:
        hint = "reduce the rows, or use --only"
        raise ResourceError(Diagnostic("DF0810", f"no memory: {error}", hint=hint)) from error


def _run(graph: Graph, operators: Operators | None, asked: Asked) -> Result:
    clock = Clock(asked.timings)
    operators = _settle_operators(graph, operators)
    _check_asked(graph, asked)
    reported = list(graph.names(hidden=True)) if asked.hidden and asked.only is None else asked.only
    plan = make_plan(graph, operators, target=asked.target, only=reported)
    clock.note("plan")
    run = _sweep(plan, operators, asked, clock)
    findings = find_nonfinite(plan, run.values, run.cotangents, asked.target)
    if asked.strict:
        _check_strict(graph, findings)
    return _make_result(run, findings, clock)


def _sweep(plan: Plan, operators: Operators, asked: Asked, clock: Clock) -> Run:
    try:
        run = Run(plan, operators, asked)
        run.sweep(clock)
    except MissingKernelError:  # a rule asks for what there is on arrays only
        run = Run(plan._replace(scalar=False), operators, asked)
        run.sweep(clock)
    return run


def _settle_operators(graph: Graph, operators: Operators | None) -> Operators:
    """The table to use. Raises `GraphError` for a graph that is not sound under it."""
    if operators is None:
        operators = standard() if graph.operators is None else graph.operators
    found = check(graph, operators) or list(check_requirements(graph, operators))
    unknown = any(item.code in UNKNOWN for item in found)
    if unknown and not operators.scanned:
        return _settle_operators(graph, operators.with_entry_points())
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


class Run:
    """The values and cotangents of one run, by slot; `masks` says where cotangents were taken, if that was carried."""

    def __init__(self, plan: Plan, operators: Operators, asked: Asked) -> None:
        self.plan = plan
        self.operators = operators
        self.asked = asked
        self.target = asked.target
        count = len(plan.names) + 1  # one more, the last, for operands that are absent: values[-1] is None
        self.values: Values = [None] * count
        self.cotangents: Values = [None] * count
        self.masks: Values | None = None
        self.bound = Bound()

    def sweep(self, clock: Clock) -> None:
        """Bind the values, then both sweeps."""
        plan, asked = self.plan, self.asked
        needed = _list_needed(plan, self.target)
        self.bound = bind_values(plan.graph, asked.inputs, needed, scalar=plan.scalar, root=asked.data_root)
        clock.note("data")
        for name, value in self.bound.values.items():
            self.values[plan.slots[name]] = value
        if plan.scalar:
            self._sweep_scalars(clock)
        else:
            self._sweep_arrays(clock)

    def _sweep_scalars(self, clock: Clock) -> None:
        from dataflow.sweeps.scalars import ScalarSweeps
        from dataflow.sweeps.seeds import seed_scalar

        for slot, value in self.plan.constants.items():
            self.values[slot] = value if isinstance(value, bool) else float(value)
        sweeps = ScalarSweeps(self.plan, self.operators)
        sweeps.forward(self.values)
        clock.note("forward")
        if self.target is None:
            return
        slot, path = self.plan.slots[self.target], self.plan.graph.path_of(self.target)
        self.cotangents[slot] = seed_scalar(self.target, path, self.values[slot], self.asked.cotangent)
        sweeps.reverse(self.values, self.cotangents)
        clock.note("reverse")

    def _sweep_arrays(self, clock: Clock) -> None:
        import numpy as np

        from dataflow.sweeps.arrays import ArraySweeps
        from dataflow.sweeps.threads import single_threaded

        for slot, value in self.plan.constants.items():
            typed = self.plan.names[slot] and isinstance(value, float)
            self.values[slot] = np.dtype(self.plan.graph.dtype).type(value) if typed else value
        sweeps = ArraySweeps(self.plan, self.operators)
        with single_threaded():
            sweeps.forward(self.values)
            clock.note("forward")
            if self.target is not None:
                self._reverse_arrays(sweeps, self.target)
                clock.note("reverse")

    def _reverse_arrays(self, sweeps: ArraySweeps, target: str) -> None:
        """The reverse sweep; once more, with masks, if a cotangent turns out NaN."""
        import numpy as np

        from dataflow.sweeps.masks import reverse_with_masks
        from dataflow.sweeps.seeds import seed_array

        slot, path = self.plan.slots[target], self.plan.graph.path_of(target)
        seed = seed_array(target, path, self.values[slot], self.asked.cotangent)
        self.cotangents[slot] = seed
        sweeps.reverse(self.values, self.cotangents)
        if any(item is not None and np.isnan(item).any() for item in self.cotangents):
            self.cotangents[:] = [None] * len(self.cotangents)
            self.cotangents[slot] = seed
            self.masks = [None] * len(self.cotangents)
            reverse_with_masks(sweeps, self.values, self.cotangents, self.masks)


def _list_needed(plan: Plan, target: str | None) -> list[str]:
    """The inputs and parameters that the steps use or the result shows."""
    used = {slot for step in plan.steps for slot in step.operands}
    shown = {*plan.reported, target}
    return [name for name in plan.graph.given if name in shown or plan.slots[name] in used]


def _make_result(run: Run, findings: tuple[Mapping[str, Any], ...], clock: Clock) -> Result:
    plan, graph, target = run.plan, run.plan.graph, run.target
    values = {name: run.values[plan.slots[name]] for name in plan.reported}
    types = {name: _type_of(value) for name, value in values.items()}
    gradients, unreached = ({}, []) if target is None else _list_gradients(run, values, types)
    seed = None if target is None or run.asked.cotangent is None else run.cotangents[plan.slots[target]]
    return Result(
        name=graph.name, digest=graph.digest, target=target, values=values, gradients=gradients, types=types,
        unreached=unreached, findings=findings, unproved=list_unproved(plan, run.operators), data=run.bound.data,
        versions=list_versions(plan, run.operators), processor=describe_processor(),
        rows=run.bound.sizes.get("rows"), timings=clock.noted, labels=label_hidden(graph, plan.reported),
        cotangent=seed,
    )  # fmt: skip


def _list_gradients(run: Run, values: Mapping[str, Any], types: Mapping[str, Type]) -> tuple[dict[str, Any], list[str]]:
    """The gradients of all that is reported, None where there is none; and the names that do not reach the target."""
    plan = run.plan
    gradients: dict[str, Any] = {}
    unreached: list[str] = []
    for name in plan.reported:
        slot = plan.slots[name]
        found = run.cotangents[slot]
        if not plan.varied[slot] or not types[name][0].startswith("float"):
            gradients[name] = None
        elif not plan.wanted[slot]:
            gradients[name] = 0.0
            unreached.append(name)
        else:
            gradients[name] = _zeros_like(values[name]) if found is None else found
    return gradients, unreached


Type = tuple[str, tuple[int, ...]]
FLOAT: Type = ("float64", ())
BOOL: Type = ("bool", ())


def _type_of(value: Any) -> Type:
    """dtype and shape of a value: an array, a NumPy number, or a Python float or bool."""
    if type(value) is float:
        return FLOAT
    return (value.dtype.name, value.shape) if hasattr(value, "dtype") else BOOL


def _zeros_like(value: Any) -> Any:
    if not getattr(value, "shape", ()):
        return value.dtype.type(0) if hasattr(value, "dtype") else 0.0
    import numpy as np

    return np.zeros_like(value)


def _check_strict(graph: Graph, findings: Iterable[Mapping[str, Any]]) -> None:
    """Raise `StrictError` for what is not finite and not harmless."""
    faults = [item for item in findings if item["code"] != "DF0613"]
    if faults:
        raise StrictError(
            Diagnostic(item["code"], item["message"], graph.path_of(node), node=node, found=item.get("found"))
            for item in faults
            for node in (item["node"],)
        )
