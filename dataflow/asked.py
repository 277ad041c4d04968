"""What is asked of a run, and with which resources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.errors import Diagnostic, UsageError
from dataflow.graph import EMPTY, Graph
from dataflow.registry import Operators

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from dataflow.graph import Derivative


class AlongRows(NamedTuple):
    """How a graph is run that has many rows: what has rows is summarised, unless it is asked for alone.

    rows_to:  a file, `.parquet` or `.npy`, that the rows of what is asked for alone are written to as they come.
    workers:  how many cores to use; all, if not given; or an executor, such as that of a Dask client.
    progress: told how many rows of how many are done.
    """

    rows_to: str | None = None
    workers: int | Executor | None = None
    progress: Callable[[int, int], None] | None = None


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
    derivatives: Mapping[str, Derivative] = EMPTY
    along_rows: AlongRows | None = None
    memory_limit: int | None = None

    @property
    def workers(self) -> int | Executor | None:
        """How many cores a run along rows may use, or an executor; None for all cores."""
        return None if self.along_rows is None else self.along_rows.workers

    @property
    def rows_to(self) -> str | None:
        """The file that rows go to, if they go to one."""
        return None if self.along_rows is None else self.along_rows.rows_to


def check_arguments(
    graph: Any, inputs: Any = EMPTY, operators: Any = None, *, along_rows: Any = None, derivatives: Any = EMPTY,
    workers: Any = None, memory_limit: Any = None,
) -> None:  # fmt: skip
    """Raise `UsageError` for arguments that are not what they are to be.

    >>> from dataflow.graph import Graph
    >>> check_arguments(Graph(), {"x": 3}, workers=2, memory_limit=10**9)
    >>> check_arguments(Graph(), [3])
    Traceback (most recent call last):
    dataflow.errors.UsageError: error[DF0901]: `inputs` is a mapping of values by name, and this is [3]
    """
    rows = along_rows if isinstance(along_rows, AlongRows) else None
    workers = workers if rows is None else rows.workers
    right = (
        ("graph", graph, isinstance(graph, Graph), "a graph, such as `dataflow.load` reads"),
        ("inputs", inputs, isinstance(inputs, Mapping), "a mapping of values by name"),
        ("operators", operators, operators is None or isinstance(operators, Operators),
         "a table of operators, such as `dataflow.standard()`"),
        ("along_rows", along_rows, along_rows is rows, "an `AlongRows`"),
        ("derivatives", derivatives, isinstance(derivatives, Mapping), "a mapping of derivatives by name"),
        ("workers", workers, workers is None or _is_count(workers) or _is_executor(workers),
         "a number of cores or an executor"),
        ("memory_limit", memory_limit, memory_limit is None or _is_count(memory_limit), "a number of bytes"),
    )  # fmt: skip
    found = [f"`{name}` is {what}, and this is {item!r}" for name, item, holds, what in right if not holds]
    if found:
        raise UsageError(Diagnostic("DF0901", message) for message in found)


def list_names(names: Any) -> list[Any]:
    """What was given for names, as a list: one alone, or some.

    >>> list_names("x"), list_names(("x", "y"))
    (['x'], ['x', 'y'])
    """
    return [names] if isinstance(names, str) or not isinstance(names, Iterable) else list(names)


def _is_count(item: Any) -> bool:
    from numbers import Integral

    return isinstance(item, Integral) and not isinstance(item, bool) and int(item) >= 1


def _is_executor(item: Any) -> bool:
    from concurrent.futures import Executor

    return isinstance(item, Executor)
