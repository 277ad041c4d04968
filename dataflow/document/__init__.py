"""Text to graph and back: read, validate against the schema, build, check."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

from dataflow.checks import check
from dataflow.checks.requirements import check_requirements
from dataflow.document.builder import build
from dataflow.document.flow import join_cut_expressions
from dataflow.document.origin import Origin
from dataflow.document.reader import read_text, read_tree
from dataflow.document.schema import check_structure
from dataflow.document.writer import dump as dump
from dataflow.errors import GraphError
from dataflow.graph import Graph
from dataflow.registry import Operators, standard


def load(path: str | os.PathLike[str], operators: Operators | None = None) -> Graph:
    """Read and check the graph in a file (``-``: standard input).

    Raises `GraphError` with every problem of the file, `ResourceError` if it cannot be read.
    """
    file = os.fspath(path)
    folder = None if file == "-" else os.path.dirname(os.path.abspath(file))
    return loads(read_text(file), file="<stdin>" if file == "-" else file, folder=folder, operators=operators)


def loads(text: str, *, file: str = "<text>", folder: str | None = None, operators: Operators | None = None) -> Graph:
    """Read and check a graph from its text. `folder` is where its data files are.

    Raises `GraphError` with every problem of the text.

    >>> loads("{dataflow: 1, inputs: {a: 5}, nodes: {b: a + 1}}").nodes["b"].op
    'add'
    """
    with paused_collection():
        return _read(text, file, folder, operators or standard())


def _read(text: str, file: str, folder: str | None, operators: Operators) -> Graph:
    origin = Origin(file, text, folder, operators)
    try:
        tree = read_tree(text, file)
    except GraphError as error:
        raise GraphError(origin.locate_all(error.diagnostics)) from None
    cut = join_cut_expressions(tree)
    structure = [*cut, *check_structure(tree)]
    broken = [item.path for item in structure]
    graph, found = build(tree, operators, broken, origin)
    found += check(graph, operators)
    found += check_requirements(graph, operators)
    unknown = any(item.code in UNKNOWN for item in found)
    if unknown and not operators.scanned:
        return _read(text, file, folder, operators.with_entry_points())
    if structure or found:
        raise GraphError(origin.locate_all([*structure, *found, *(operators.failures if unknown else ())]))
    return graph


UNKNOWN = frozenset({"DF0401", "DF0707"})  # what an installed plugin that is not loaded yet may cure


@contextmanager
def paused_collection() -> Iterator[None]:
    """Without the garbage collector, which would walk over a growing tree again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
