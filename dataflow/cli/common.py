"""What several commands share: options that are given once, plugins, and loading a graph."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from dataflow.errors import Diagnostic, UsageError

if TYPE_CHECKING:
    from dataflow.graph import Graph
    from dataflow.registry import Operators


class Once(argparse.Action):
    """An option that may be given once: a second would silently take the place of the first."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        """Store the value. Raises `UsageError` if there is one already."""
        given: frozenset[str] = getattr(namespace, "given", frozenset())
        if self.dest in given:
            raise UsageError(Diagnostic("DF0909", f"`{option}` is given twice", hint="keep one of them"))
        namespace.given = given | {self.dest}
        setattr(namespace, self.dest, values)


def add_graph_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every command that reads graphs."""
    parser.add_argument(
        "--plugin", action="append", default=[], metavar="FILE", help="a Python file with operators; may be repeated"
    )


def add_value_arguments(parser: argparse._ActionsContainer) -> None:
    """The options of every command that runs a graph: where its values come from."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="settings",
        help="give an input or parameter a value: a number, a list, or @FILE; may be repeated",
    )
    parser.add_argument(
        "--inputs", action=Once, metavar="FILE", help="values by name, as JSON or YAML, or an earlier result"
    )
    parser.add_argument(
        "--data-root",
        action=Once,
        metavar="FOLDER",
        help="the folder that data files are read from, in place of the graph's own",
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
