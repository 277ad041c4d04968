"""What is asked of a run, and with which resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.errors import Diagnostic, UsageError
from dataflow.graph import EMPTY

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
