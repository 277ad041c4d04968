"""What the sweeps of a run left, as a result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.errors import Diagnostic, StrictError
from dataflow.provenance import Clock, describe_processor, label_hidden, list_unproved, list_versions
from dataflow.result import Result

if TYPE_CHECKING:
    from dataflow.derivatives import Product
    from dataflow.graph import Graph
    from dataflow.row_runs import RowRun
    from dataflow.whole_runs import Run


Type = tuple[str, tuple[int, ...]]


def make_result(
    run: Run | RowRun,
    findings: tuple[Mapping[str, Any], ...],
    products: Mapping[str, Product],
    clock: Clock,
    types: Mapping[str, Type] | None = None,
) -> Result:
    """The result of a run: what it reports of its values and cotangents, and what took part.

    `types` are those of the values, where summaries stand in their places.
    """
    plan, graph, target = run.plan, run.plan.graph, run.target
    values = {name: run.values[plan.slots[name]] for name in plan.reported}
    if types is None:
        types = {name: _type_of(value) for name, value in values.items()}
    gradients, unreached = ({}, []) if target is None else _list_gradients(run, values, types)
    seed = None if target is None or run.asked.cotangent is None else run.cotangents[plan.slots[target]]
    versions = list_versions(plan._replace(scalar=False) if products else plan, run.operators)
    return Result(
        name=graph.name, digest=graph.digest, target=target, values=values, gradients=gradients, types=types,
        unreached=unreached, findings=findings, unproved=list_unproved(plan, run.operators), data=run.bound.data,
        versions=versions, processor=describe_processor(),
        rows=run.bound.sizes.get("rows"), timings=clock.noted, labels=label_hidden(graph, plan.reported),
        cotangent=seed, derivatives=products,
    )  # fmt: skip


def _list_gradients(
    run: Run | RowRun, values: Mapping[str, Any], types: Mapping[str, Type]
) -> tuple[dict[str, Any], list[str]]:
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


def check_strict(graph: Graph, findings: Iterable[Mapping[str, Any]]) -> None:
    """Raise `StrictError` for what is not finite and not harmless."""
    faults = [item for item in findings if item["code"] != "DF0613"]
    if faults:
        raise StrictError(
            Diagnostic(item["code"], item["message"], graph.path_of(node), node=node, found=item.get("found"))
            for item in faults
            for node in (item["node"],)
        )
