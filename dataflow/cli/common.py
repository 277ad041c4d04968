"""What several commands share: options that are given once, plugins, and loading a graph."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from dataflow.errors import Diagnostic, GraphError, UsageError
from dataflow.graph import NONFINITE

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


def read_value(option: str, text: str, dtype: str) -> Any:
    """A number, a list, or the array in a file."""
    if text.startswith("@"):
        from dataflow.data import load_array_file

        return load_array_file(text[1:], dtype=dtype).array
    from dataflow.document.reader import read_tree

    try:
        tree = read_tree(f"value: {text}")
    except GraphError as error:
        problem = error.diagnostics[0]
        raise UsageError(Diagnostic("DF0903", f"{option}: {problem.message}", found=text, hint=problem.hint)) from None
    value = tree["value"]
    if len(tree) > 1 or value is None or (isinstance(value, str) and value not in NONFINITE):
        raise UsageError(
            Diagnostic(
                "DF0903", f"{option}: `{text}` is no value", expected="a number, a list such as [1, 2], or @FILE"
            )
        )
    return value
