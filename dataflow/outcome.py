"""What the sweeps of a run left, as a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.errors import Diagnostic, StrictError, UsageError
from dataflow.provenance import Clock, describe_processor, label_hidden, list_unproved, list_versions
from dataflow.result import Result

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from dataflow.derivatives import Product
    from dataflow.execution import Run
    from dataflow.graph import Graph
    from dataflow.row_runs import RowRun


class AlongRows(NamedTuple):
    """How a graph is run that has many rows: what has rows is summarised, unless it is asked for alone.

    rows_to:  a file, `.parquet` or `.npy`, that the rows of what is asked for alone are written to as they come.
    workers:  how many cores to use; all, if not given; or an executor, such as that of a Dask client.
    progress: told how many rows of how many are done.
    """

    rows_to: str | None = None
    workers: int | Executor | None = None
    progress: Callable[[int, int], None] | None = None


def check_resources(workers: Any, memory_limit: Any) -> None:
    """Raise `UsageError` for what is no number of cores, and no executor either, and what is no amount of memory.

    >>> check_resources(2, 10**9)
    >>> check_resources(0, None)
    Traceback (most recent call last):
    dataflow.errors.UsageError: error[DF0901]: `workers` is a number of cores or an executor, and this is 0
    """
    found = []
    if not (workers is None or _is_count(workers) or _is_executor(workers)):
        found.append(f"`workers` is a number of cores or an executor, and this is {workers!r}")
    if not (memory_limit is None or _is_count(memory_limit)):
        found.append(f"`memory_limit` is a number of bytes, and this is {memory_limit!r}")
    if found:
        raise UsageError(Diagnostic("DF0901", message) for message in found)


def _is_count(item: Any) -> bool:
    from numbers import Integral

    return isinstance(item, Integral) and not isinstance(item, bool) and int(item) >= 1


def _is_executor(item: Any) -> bool:
    from concurrent.futures import Executor

    return isinstance(item, Executor)


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
