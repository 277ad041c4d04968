"""What several commands share: plugins, and loading a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from dataflow.graph import Graph
    from dataflow.registry import Operators


def add_graph_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every command that reads graphs."""
    parser.add_argument(
        "--plugin", action="append", default=[], metavar="FILE", help="a Python file with operators; may be repeated"
    )


def load_operators(arguments: argparse.Namespace, *, everything: bool = False) -> Operators:
    """The standard operators and those of --plugin; with `everything` those of installed plugins too."""
    from dataflow.registry import standard

    operators = standard()
    if arguments.plugin:
        operators = operators.with_files(arguments.plugin)
    return operators.with_entry_points() if everything else operators


def load_graph(path: str, arguments: argparse.Namespace) -> Graph:
    """The graph in a file, checked."""
    from dataflow.document import load

    return load(path, load_operators(arguments))
