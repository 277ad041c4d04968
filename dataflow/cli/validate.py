"""Check graphs without running them: every problem of every file, each with file, line and column.

dataflow validate graphs/*.yaml
dataflow validate model.yaml --format json
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataflow.cli.common import add_graph_arguments, load_operators
from dataflow.cli.reports import print_json, print_lines, print_problems
from dataflow.errors import DataflowError, Diagnostic

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("graphs", nargs="+", metavar="graph", help="graphs as YAML or JSON; `-` reads standard input")
    add_graph_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Load every graph; the exit code is that of the worst problem."""
    from dataflow.document import load

    operators = load_operators(arguments)
    found: list[Diagnostic] = []
    sound: list[str] = []
    code = 0
    for path in arguments.graphs:
        try:
            graph = load(path, operators)
        except DataflowError as error:
            found += [item if item.file else item._replace(file=path) for item in error.diagnostics]
            code = max(code, error.exit_code)
        else:
            sound.append(path)
            operators = graph.operators if graph.operators.scanned else operators
    if arguments.format == "json":
        print_json({"sound": sound, "diagnostics": [item.as_data() for item in found]})
        return code
    for path in sound:
        print_lines(f"{path}: sound")
    if found:
        print_problems(found, as_json=False)
    return code
