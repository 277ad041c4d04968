"""One run of a graph: bind values, sweep forward, sweep in reverse, look for what is not finite, make the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.checks import check
from dataflow.document import paused_collection
from dataflow.errors import DataflowError, Diagnostic, GraphError, ResourceError, StrictError, UsageError, propose
from dataflow.library import MissingKernelError
from dataflow.provenance import Clock, describe_processor, label_hidden, list_unproved, list_versions
from dataflow.registry import Operators, standard
from dataflow.result import Result
from dataflow.sweeps.binding import Bound, bind_values
from dataflow.sweeps.finite import find_nonfinite
from dataflow.sweeps.plan import Plan, make_plan

if TYPE_CHECKING:
    from dataflow.graph import Graph

Values = list[Any]


def execute(
    graph: Graph,
    inputs: Mapping[str, Any] = {},
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
    data_root: the folder below which data files may lie, in place of the graph's own.
    hidden:    report what expressions introduce as well.
    strict:    raise `StrictError` if the target or a gradient is not finite.

    Raises `GraphError`, `DataError`, `UsageError`, `OperatorError`, `ResourceError`, each with its diagnostics.

    >>> from dataflow.document import loads
    >>> result = execute(loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: x ** 2}, target: y}"))
    >>> result.values["y"], result.gradients["x"]
    (9.0, 6.0)
    """
    try:
        with paused_collection():
            return _run(graph, inputs, target, only, cotangent, operators, data_root, hidden, strict, timings)
    except DataflowError as error:
        if graph.source is None:
            raise
        located = [graph.source.locate(item) if item.path else item for item in error.diagnostics]
        raise type(error)(located) from error.__cause__
    except MemoryError as error:
        raise ResourceError(
            Diagnostic("DF0810", f"no memory: {error}", hint="reduce the rows, or use --only")
        ) from error


def _run(
    graph: Graph, inputs: Mapping[str, Any], target: str | None, only: Iterable[str] | None, cotangent: Any,
    operators: Operators | None, data_root: str | None, hidden: bool, strict: bool, timings: bool,
) -> Result:  # fmt: skip
    clock = Clock(timings)
    operators = _settle_operators(graph, operators)
    target = graph.target if target is None else target
    only = None if only is None else [only] if isinstance(only, str) else list(only)
    _check_asked(graph, target, only or ())
    if cotangent is not None and target is None:
        raise UsageError(Diagnostic("DF0901", "a cotangent weighs the elements of a target, and there is none",
                                    hint="name one with --target"))  # fmt: skip
    reported = only if only is not None or not hidden else list(graph.names(hidden=True))
    plan = make_plan(graph, operators, target=target, only=reported)
    clock.note("plan")
    try:
        run = Run(plan, operators, target, cotangent)
        run.sweep(inputs, data_root, clock)
    except MissingKernelError:
        run = Run(plan._replace(scalar=False), operators, target, cotangent)
        run.sweep(inputs, data_root, clock)
    findings = find_nonfinite(plan, run.values, run.cotangents, target)
    if strict:
        _check_strict(graph, findings)
    return _make_result(run, findings, clock)


def _settle_operators(graph: Graph, operators: Operators | None) -> Operators:
    """The table to use; a graph that was not checked against it is checked now."""
    operators = operators or graph.operators or standard()
    if graph.operators is not operators and (found := check(graph, operators)):
        if any(item.code == "DF0401" for item in found) and not operators.scanned:
            return _settle_operators(graph, operators.with_entry_points())
        raise GraphError(found)
    return operators


def _check_asked(graph: Graph, target: str | None, only: Iterable[str]) -> None:
    """Whether the target and the names in `only` are values of the graph."""
    known = set(graph.names(hidden=True))
    asked = [*((name, "asked for alone") for name in only), *([(target, "the target")] if target is not None else [])]
    found = [
        Diagnostic("DF0905", f"`{name}`, {what}, is not a value of this graph", hint=propose(str(name), graph.names()))
        for name, what in asked
        if name not in known
    ]
    if found:
        raise UsageError(found)


class Run:
    """The values and cotangents of one run, by slot."""

    def __init__(self, plan: Plan, operators: Operators, target: str | None, cotangent: Any) -> None:
        self.plan = plan
        self.operators = operators
        self.target = target
        self.cotangent = cotangent
        count = len(plan.names) + 1  # one more, the last, for operands that are absent: values[-1] is None
        self.values: Values = [None] * count
        self.cotangents: Values = [None] * count
        self.bound = Bound()

    def sweep(self, inputs: Mapping[str, Any], data_root: str | None, clock: Clock) -> None:
        """Bind the values, then both sweeps."""
        plan, graph = self.plan, self.plan.graph
        needed = _given_needed(plan, self.target)
        self.bound = bind_values(graph, inputs, needed, scalar=plan.scalar, root=data_root)
        clock.note("data")
        for name, value in self.bound.values.items():
            self.values[plan.slots[name]] = value
        if plan.scalar:
            self._sweep_scalars(clock)
        else:
            self._sweep_arrays(clock)

    def _sweep_scalars(self, clock: Clock) -> None:
        from dataflow.sweeps.scalars import ScalarSweeps

        for slot, value in self.plan.constants.items():
            self.values[slot] = value if isinstance(value, bool) else float(value)
        sweeps = ScalarSweeps(self.plan, self.operators)
        sweeps.forward(self.values)
        clock.note("forward")
        if self.target is not None:
            from dataflow.sweeps.seeds import seed_scalar

            self.cotangents[self.plan.slots[self.target]] = seed_scalar(
                self.target,
                self.plan.graph.path_of(self.target),
                self.values[self.plan.slots[self.target]],
                self.cotangent,
            )
            sweeps.reverse(self.values, self.cotangents)
            clock.note("reverse")

    def _sweep_arrays(self, clock: Clock) -> None:
        import numpy as np

        from dataflow.sweeps.arrays import ArraySweeps
        from dataflow.sweeps.masks import reverse_with_masks
        from dataflow.sweeps.seeds import seed_array
        from dataflow.sweeps.threads import single_threaded

        for slot, value in self.plan.constants.items():
            typed = self.plan.names[slot] and isinstance(value, float)
            self.values[slot] = np.dtype(self.plan.graph.dtype).type(value) if typed else value
        sweeps = ArraySweeps(self.plan, self.operators)
        with single_threaded():
            sweeps.forward(self.values)
            clock.note("forward")
            if self.target is not None:
                slot = self.plan.slots[self.target]
                seed = seed_array(self.target, self.plan.graph.path_of(self.target), self.values[slot], self.cotangent)
                self.cotangents[slot] = seed
                sweeps.reverse(self.values, self.cotangents)
                if any(item is not None and np.isnan(item).any() for item in self.cotangents):
                    self.cotangents[:] = [None] * len(self.cotangents)
                    self.cotangents[slot] = seed
                    reverse_with_masks(sweeps, self.values, self.cotangents)
                clock.note("reverse")


def _given_needed(plan: Plan, target: str | None) -> list[str]:
    """The inputs and parameters that the steps use or the result shows."""
    used = {slot for step in plan.steps for slot in step.operands}
    shown = {*plan.reported, target}
    return [name for name in plan.graph.given if name in shown or plan.slots[name] in used]


def _make_result(run: Run, findings: tuple[Mapping[str, Any], ...], clock: Clock) -> Result:
    plan, graph, target = run.plan, run.plan.graph, run.target
    values = {name: run.values[plan.slots[name]] for name in plan.reported}
    types = _types_of(values, scalar=plan.scalar, dtype=graph.dtype)
    gradients: dict[str, Any] = {}
    unreached: list[str] = []
    if target is not None:
        for name in plan.reported:
            slot = plan.slots[name]
            if not plan.varied[slot] or not types[name][0].startswith("float"):
                gradients[name] = None
            elif not plan.wanted[slot]:
                gradients[name] = 0.0
                unreached.append(name)
            else:
                found = run.cotangents[slot]
                gradients[name] = _zeros(values[name]) if found is None else found
    return Result(
        name=graph.name, digest=graph.digest, target=target, values=values, gradients=gradients, types=types,
        unreached=unreached, findings=findings, unproved=list_unproved(plan, run.operators), data=run.bound.data,
        versions=list_versions(plan, run.operators), processor=describe_processor(),
        rows=run.bound.sizes.get("rows"), timings=clock.noted, labels=label_hidden(graph, plan.reported),
        cotangent=None if run.cotangent is None else run.cotangents[plan.slots[str(target)]],
    )  # fmt: skip


Type = tuple[str, tuple[int, ...]]
FLOAT: Type = ("float64", ())
BOOL: Type = ("bool", ())


def _types_of(values: Mapping[str, Any], *, scalar: bool, dtype: str) -> dict[str, Type]:
    if scalar:
        return {name: FLOAT if type(value) is float else BOOL for name, value in values.items()}
    types = {}
    for name, value in values.items():
        types[name] = (
            (value.dtype.name, value.shape) if hasattr(value, "dtype") else FLOAT if isinstance(value, float) else BOOL
        )
    return types


def _zeros(value: Any) -> Any:
    if not getattr(value, "shape", ()):
        return value.dtype.type(0) if hasattr(value, "dtype") else 0.0
    import numpy as np

    return np.zeros_like(value)


def _check_strict(graph: Graph, findings: Iterable[Mapping[str, Any]]) -> None:
    if faults := [item for item in findings if item["code"] != "DF0613"]:
        raise StrictError(
            Diagnostic(
                item["code"], item["message"], graph.path_of(item["node"]), node=item["node"], found=item.get("found")
            )
            for item in faults
        )
