"""Reading one entry of a graph that lies in a temporary folder, and the one problem that refuses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataflow.data import DataFiles, Loaded
from dataflow.errors import DataflowError, Diagnostic
from dataflow.graph import Input


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Loaded]:
    """read("x.npy", column="age", graph_dtype="float32", ...) -> Loaded"""

    def read_entry(source: str, *, root: str | None = None, graph_dtype: str = "float64", **entry: Any) -> Loaded:
        return DataFiles(str(tmp_path), root, graph_dtype).read(Input(source=source, **entry), ("inputs", "x"))

    return read_entry


@pytest.fixture
def refused(read: Callable[..., Loaded]) -> Callable[..., Diagnostic]:
    """The diagnostic that the same call ends in."""

    def refuse_entry(source: str, **entry: Any) -> Diagnostic:
        with pytest.raises(DataflowError) as caught:
            read(source, **entry)
        (problem,) = caught.value.diagnostics
        assert problem.path[:2] == ("inputs", "x")
        return problem

    return refuse_entry
