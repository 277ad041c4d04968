"""Are the gradients of a graph right? Every one against differences of the graph itself: ``dataflow verify``.

The gradients are those that `execute` reports. The differences move one value, also in the middle of the graph, and
sweep forward from there; nobody picks a step. What is too much for the budget is sampled, and the report says so.

>>> from dataflow.document import loads
>>> graph = loads("{dataflow: 1, name: lecture, inputs: {a: 5, b: 3, c: 2}, nodes: {J: 3 * (a + b * c)}, target: J}")
>>> report = verify_graph(graph)
>>> [(item.name, item.found, item.status) for item in report.checks]
[('a', 3.0, 'agrees'), ('b', 6.0, 'agrees'), ('c', 9.0, 'agrees'), ('J', 1.0, 'agrees')]
>>> report.verdict
'agrees'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

from dataflow.document import paused_collection
from dataflow.errors import Diagnostic, GraphError, UsageError
from dataflow.execution import execute
from dataflow.graph import EMPTY
from dataflow.proof.examination import Examiner
from dataflow.proof.findings import Checked, GraphReport
from dataflow.proof.replay import NARROW, Replay, widen
from dataflow.proof.sampling import Task, choose_tasks, default_budget
from dataflow.registry import standard

if TYPE_CHECKING:
    from dataflow.graph import Graph
    from dataflow.registry import Operators
    from dataflow.result import Result

Progress = Callable[[int, int], None]  # of gradients that are done, and of all
CLOSE = 1e-6  # how near a gradient in float64 must be to excuse that in float32
LOST = 0.1  # the share of a gradient that rounding may take before it is called wrong
SEVERAL = "DF0233"  # the target has several elements


def verify_graph(
    graph: Graph,
    inputs: Mapping[str, Any] | None = None,
    *,
    target: str | None = None,
    operators: Operators | None = None,
    data_root: str | None = None,
    hidden: bool = False,
    seed: int = 0,
    budget: int | None = None,
    progress: Progress | None = None,
) -> GraphReport:
    """Compare every gradient of a graph with differences.

    inputs, target, operators, data_root: as `execute` takes them. A target of several elements is weighed by a random
    cotangent.

    hidden:   look at the parts of expressions too.
    seed:     of the random directions and of what is sampled.
    budget:   how many forward sweeps it may cost; by default what takes some seconds.
    progress: called with the number of gradients that are done and of all.

    Raises what `execute` raises, and `UsageError` for a graph without a target.
    """
    target = graph.target if target is None else target
    if target is None:
        hint = "name one with --target"
        raise UsageError(Diagnostic("DF0901", "there are no gradients to verify: the graph has no target", hint=hint))
    operators = _settle(graph, operators)
    asked = {"target": target, "operators": operators, "data_root": data_root, "hidden": True}
    result, weights = _run(graph, inputs or EMPTY, asked, seed)
    given = {name: result.values[name] for name in graph.given}
    with ExitStack() as stack:
        stack.enter_context(paused_collection())
        replay = Replay(graph, operators, given, target)
        for context in _contexts(replay):
            stack.enter_context(context)
        replay.weigh(weights)
        limit = (default_budget(replay) if budget is None else budget) * len(replay.plan.steps)
        examiner = Examiner(graph, operators, result, replay, seed=seed, limit=limit)
        names = list(graph.names(hidden=hidden))
        chosen = choose_tasks(examiner, names, limit)
        checks = _examine_all(examiner, names, chosen.tasks, progress)
    if any(dtype == NARROW for dtype, _ in result.types.values()):
        if any(item.status == "wrong" for item in checks):
            wide = execute(widen(graph), given, **{**asked, "cotangent": weights})
            checks = tuple([_excuse(item, wide) for item in checks])
        chosen.notes.append("in float32: compared with differences in float64, to what float32 can hold")
    sweeps = -(-replay.spent // max(1, len(replay.plan.steps)))
    return GraphReport(graph.name, target, seed, sweeps, checks, tuple(chosen.notes))


def _settle(graph: Graph, operators: Operators | None) -> Operators:
    """The table that `execute` will use."""
    table = operators or graph.operators or standard()
    unknown = any(node.op not in table for node in graph.nodes.values())
    found: Operators = table.with_entry_points() if unknown else table
    return found


def _run(graph: Graph, inputs: Mapping[str, Any], asked: Mapping[str, Any], seed: int) -> tuple[Result, Any]:
    """The gradients to verify; and how the elements of the target are weighed, if it has several."""
    try:
        return execute(graph, inputs, **asked), None
    except GraphError as error:
        if [item.code for item in error.diagnostics] != [SEVERAL]:
            raise
    import numpy as np

    value = execute(graph.replace(target=None), inputs, **{**asked, "target": None}).values[asked["target"]]
    rng = np.random.default_rng(seed)
    weights = rng.choice([-1.0, 1.0], value.shape) * rng.integers(4, 12, value.shape) / 8
    return execute(graph, inputs, **asked, cotangent=weights), weights


def _contexts(replay: Replay) -> list[AbstractContextManager[None]]:
    """On arrays: one thread, and no warnings of what is not finite."""
    if replay.plan.scalar:
        return []
    from dataflow.sweeps.arrays import quiet
    from dataflow.sweeps.threads import single_threaded

    return [single_threaded(), quiet()]


def _examine_all(
    examiner: Examiner, names: list[str], tasks: Mapping[str, Task], progress: Progress | None
) -> tuple[Checked, ...]:
    done = 0
    for name in names:
        if name in tasks:
            examiner.examine(name, tasks[name].directions)
            done += 1
            if progress is not None:
                progress(done, len(tasks))
    sampled = len(tasks) < sum(map(examiner.has_gradient, names))
    joint = examiner.examine_together() if sampled else None
    examiner.settle()
    checks = [examiner.find(name) for name in names if name in tasks]
    return tuple([item for item in [*checks, joint] if item is not None])


def _excuse(item: Checked, wide: Result) -> Checked:
    """What is wrong in float32 and right in float64 was lost to rounding; of what is not lost nothing is said."""
    found = wide.gradients.get(item.name)
    if item.status != "wrong" or item.directions or found is None or item.expected is None:
        return item
    right = float(found[item.element]) if item.element is not None else float(found)
    if abs(right - item.expected) > CLOSE * max(abs(right), abs(item.expected)):
        return item
    status = "rounding" if item.disagreement <= LOST else "wrong"
    return item._replace(status=status, blame=None, note="right in float64: lost to rounding in float32")
