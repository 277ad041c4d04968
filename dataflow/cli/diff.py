"""Compare two graphs as equations: which are new, gone, renamed or changed, and how values and gradients moved.

dataflow diff old.yaml new.yaml
dataflow diff old.yaml new.yaml --values --set a=7
dataflow diff before.result.json after.result.json
git show HEAD:model.yaml | dataflow diff - model.yaml --exit-code

Spelling, comments and the order of entries are no differences. The exit code is 0 whatever is found; with
--exit-code it is 1 if anything differs.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from dataflow.cli.common import Once, add_graph_arguments, add_value_arguments, load_operators
from dataflow.cli.diff_inputs import STANDARD_INPUT, load_compared, run_both
from dataflow.cli.diff_report import print_changes
from dataflow.cli.reports import print_json, print_lines
from dataflow.comparison import compare_graphs
from dataflow.errors import Diagnostic, UsageError
from dataflow.graph import EMPTY, Graph

if TYPE_CHECKING:
    from dataflow.cli.diff_inputs import Compared
    from dataflow.comparison import GraphComparison
    from dataflow.comparison.results import ResultComparison
    from dataflow.result import Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("old", help="a graph as YAML or JSON, or a result; `-` reads standard input")
    parser.add_argument("new", help="the same, to compare with it")
    add_graph_arguments(parser)
    parser.add_argument("--descriptions", action="store_true", help="compare descriptions too")
    parser.add_argument("--exit-code", action="store_true", help="end with exit code 1 if anything differs")
    parser.add_argument("--values", action="store_true", help="run both, and show what moved; implied by results")
    values = parser.add_argument_group("with --values")
    add_value_arguments(values)
    values.add_argument("--target", action=Once, metavar="NAME", help="compare the gradients of this node")
    values.add_argument("--all", action="store_true", help="show what did not move too")


def run(arguments: argparse.Namespace) -> int:
    """Load both, compare, and print what differs. What cannot be run is refused before anything is printed."""
    _check_input_once(arguments)
    operators = load_operators(arguments)
    old, new = load_compared(arguments.old, operators), load_compared(arguments.new, operators)
    _check_options(arguments, old, new)
    changes, moved, results = None, None, None
    if isinstance(old, Graph) and isinstance(new, Graph):
        changes = compare_graphs(old, new, descriptions=arguments.descriptions)
    renames = EMPTY if changes is None else changes.renames
    if arguments.values or changes is None:
        from dataflow.comparison.results import compare_results

        results = run_both(old, new, arguments, renames)
        moved = compare_results(*results, renames)
    if arguments.format == "json":
        print_json(_as_data(arguments, old, new, changes, moved))
    else:
        _print(arguments, changes, moved, results, same=old.digest == new.digest)
    return int(arguments.exit_code and _differs(changes, moved))


def _print(
    arguments: argparse.Namespace,
    changes: GraphComparison | None,
    moved: ResultComparison | None,
    results: tuple[Result, Result] | None,
    *,
    same: bool,
) -> None:
    files = arguments.old, arguments.new
    if changes is not None:
        print_changes(changes, files)
    if moved is None or results is None:
        return
    from dataflow.cli.diff_values import list_names, print_movements

    if changes is None:
        what = f"results of {'the same graph' if same else 'two graphs'}"
        print_lines(f"--- {files[0]}", f"+++ {files[1]}", "", what)
        for file, names in zip(files, (moved.removed, moved.added), strict=True):
            if names:
                print_lines(f"only in {file}: {list_names(names)}")
    print_movements(moved, results, everything=arguments.all)


def _differs(changes: GraphComparison | None, moved: ResultComparison | None) -> bool:
    if changes is not None and changes.changes:
        return True
    if moved is None:
        return False
    return bool(moved.changed or moved.retyped or (changes is None and (moved.added or moved.removed)))


def _as_data(
    arguments: argparse.Namespace, old: Compared, new: Compared,
    changes: GraphComparison | None, moved: ResultComparison | None,
) -> dict[str, Any]:  # fmt: skip
    data: dict[str, Any] = {
        key: {"file": path, "kind": "graph" if isinstance(item, Graph) else "result", "digest": item.digest}
        for key, path, item in (("old", arguments.old, old), ("new", arguments.new, new))
    }
    data["differs"] = _differs(changes, moved)
    if changes is not None:
        data |= {"reordered": changes.reordered, "renames": dict(changes.renames)}
        data["changes"] = [change.as_data() for change in changes.changes]
    if moved is not None:
        data["values"] = moved.as_data(everything=arguments.all)
    return data


def _check_input_once(arguments: argparse.Namespace) -> None:
    """Raise `UsageError` if standard input is to be two things."""
    if [arguments.old, arguments.new, arguments.inputs].count(STANDARD_INPUT) > 1:
        hint = "write one of them to a file first"
        raise UsageError(Diagnostic("DF0926", "standard input can be read once, and `-` stands twice", hint=hint))


def _check_options(arguments: argparse.Namespace, old: Compared, new: Compared) -> None:
    """Raise `UsageError` for an option that would do nothing."""
    asked = {
        "--set": bool(arguments.settings), "--inputs": arguments.inputs is not None,
        "--data-root": arguments.data_root is not None, "--target": arguments.target is not None,
    }  # fmt: skip
    graphs = [isinstance(item, Graph) for item in (old, new)]
    message, hint = "only equations are compared, nothing is run", "add --values"
    if not any(graphs):
        message, hint = "results are compared as they are, nothing is run", "compare the graphs, with --values"
    elif arguments.values or not all(graphs):
        asked = {}
    else:
        asked["--all"] = arguments.all
    found = [option for option, given in asked.items() if given]
    if arguments.descriptions and not all(graphs):
        found = ["--descriptions"]
        message, hint = "a result has no descriptions", "compare two graphs"
    if found:
        raise UsageError(Diagnostic("DF0925", f"`{found[0]}` would do nothing: {message}", hint=hint))
