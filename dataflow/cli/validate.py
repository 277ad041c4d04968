"""Check graphs without running them: every problem of every file, each with file, line and column. Shapes and dtypes
are followed through the whole graph, symbolic sizes included; what is known only with the data is said.

dataflow validate graphs/*.yaml
dataflow validate model.yaml --shapes
dataflow validate model.yaml --format json
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from dataflow.cli.common import add_graph_arguments, load_operators
from dataflow.cli.reports import print_json, print_lines, print_problems, print_table
from dataflow.errors import DataflowError, Diagnostic, GraphError

if TYPE_CHECKING:
    import argparse

    from dataflow.graph import Graph
    from dataflow.registry import Operators
    from dataflow.typecheck import Inferred


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("graphs", nargs="+", metavar="graph", help="graphs as YAML or JSON; `-` reads standard input")
    parser.add_argument("--shapes", action="store_true", help="list the dtype and shape of every value")
    add_graph_arguments(parser)


class Checked(NamedTuple):
    """A sound graph, and what is known of it before it runs."""

    path: str
    graph: Graph
    inferred: Inferred


def run(arguments: argparse.Namespace) -> int:
    """Load every graph and follow its shapes; the exit code is that of the worst problem."""
    operators = load_operators(arguments)
    found: list[Diagnostic] = []
    sound: list[Checked] = []
    code = 0
    for path in arguments.graphs:
        try:
            checked = _check(path, operators)
        except DataflowError as error:
            found += [item if item.file else item._replace(file=path) for item in error.diagnostics]
            code = max(code, error.exit_code)
        else:
            sound.append(checked)
            operators = checked.graph.operators if checked.graph.operators.scanned else operators
    if arguments.format == "json":
        _print_data(sound, found, shapes=arguments.shapes)
        return code
    for item in sound:
        print_lines(f"{item.path}: sound", *(f"  note: {note}" for note in _list_notes(item)))
        if arguments.shapes:
            print_table([(f"  {name}", known) for name, known in _list_shapes(item).items()], align="<<")
    if found:
        print_problems(found, as_json=False)
    return code


def _check(path: str, operators: Operators) -> Checked:
    """A graph and its types. Raises `GraphError` for one that is not sound, or whose shapes do not fit."""
    from dataflow.document import load
    from dataflow.typecheck import check_types

    graph = load(path, operators)
    inferred = check_types(graph, graph.operators)
    if inferred.found:
        raise GraphError(graph.source.locate_all(inferred.found))
    return Checked(path, graph, inferred)


def _list_notes(item: Checked) -> Iterator[str]:
    """What was taken to be so, and what is not known yet."""
    from dataflow.typecheck import list_unknown

    for name, length, node in item.inferred.assumed:
        yield f"`{name}` has to be {length}: `{node}` needs it"
    for reason in list_unknown(item.inferred):
        yield f"known when the data is: {reason}"


def _list_shapes(item: Checked) -> dict[str, str]:
    types = item.inferred.types
    return {name: str(types[name]) if name in types else "?" for name in item.graph.names()}


def _print_data(sound: list[Checked], found: list[Diagnostic], *, shapes: bool) -> None:
    data: dict[str, object] = {
        "sound": [item.path for item in sound],
        "diagnostics": [item.as_data() for item in found],
    }
    if notes := {item.path: listed for item in sound if (listed := list(_list_notes(item)))}:
        data["notes"] = notes
    if shapes:
        data["shapes"] = {item.path: _list_shapes(item) for item in sound}
    print_json(data)
