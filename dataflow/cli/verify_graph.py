"""``dataflow verify graph.yaml``: every gradient of a graph compared with differences, the worst first."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from dataflow.cli.common import Once, add_graph_arguments, add_value_arguments, load_graph
from dataflow.cli.progress import Bar
from dataflow.cli.reports import print_json, print_lines, print_table
from dataflow.errors import Diagnostic, UsageError

if TYPE_CHECKING:
    from dataflow.graph import Graph
    from dataflow.proof.findings import Blame, Checked, GraphReport

MAX_ROWS = 40
MAX_NAMES = 10


def add_graph_options(parser: argparse.ArgumentParser) -> None:
    """The options that a graph is verified with; `--plugin` and `--seed` are those of operators too."""
    add_graph_arguments(parser)
    parser.add_argument(
        "--seed", action=Once, type=int, metavar="N", help="of random numbers; the same seed tries the same"
    )
    graphs = parser.add_argument_group("for a graph")
    add_value_arguments(graphs)
    graphs.add_argument("--target", action=Once, metavar="NAME", help="verify the gradient of this node")
    graphs.add_argument("--all", action="store_true", help="verify the parts of expressions too")
    graphs.add_argument(
        "--budget",
        action=Once,
        type=int,
        metavar="SWEEPS",
        help="how many forward sweeps it may cost; what is too much for that is sampled",
    )


def run_graph(path: str, arguments: argparse.Namespace) -> int:
    """Verify, and print what came of it. The exit code is 1 if a gradient is wrong or none could be compared."""
    from dataflow.cli.execute import read_values
    from dataflow.proof.graphs import verify_graph

    if arguments.budget is not None and arguments.budget < 1:
        message = f"--budget is a number of forward sweeps, not {arguments.budget}"
        raise UsageError(Diagnostic("DF0901", message))
    if arguments.seed is not None and arguments.seed < 0:
        raise UsageError(Diagnostic("DF0901", f"--seed is a number from 0 on, not {arguments.seed}"))
    graph = load_graph(path, arguments)
    values = read_values(graph, arguments)
    bar = Bar("verifying")
    try:
        with redirect_stdout(sys.stderr):  # what a rule prints is no report
            report = verify_graph(
                graph,
                values,
                target=arguments.target,
                data_root=arguments.data_root,
                hidden=arguments.all,
                seed=arguments.seed or 0,
                budget=arguments.budget,
                progress=bar.show,
            )
    finally:
        bar.close()
    if arguments.format == "json":
        print_json(report.as_data())
    else:
        print_report(graph, report)
    return int(report.verdict != "agrees")


def print_report(graph: Graph, report: GraphReport) -> None:
    """The gradients that were compared, the worst first; what is wrong and why; what else is to be said."""
    ranked = sorted(report.compared, key=lambda item: (item.status != "wrong", -item.disagreement))
    if ranked:
        rows = [("", "element", "found", "expected", "ratio", "off by", "")]
        print_table([*rows, *(_describe_row(graph, item) for item in ranked[:MAX_ROWS])], align="<<>>>><")
    if (more := len(ranked) - MAX_ROWS) > 0:
        print_lines(f"... and {more} more, which {'differ by less' if report.wrong else 'agree better'}")
    for item in report.wrong:
        if item.blame is not None:
            print_lines("", *_explain(graph, item, item.blame))
        elif item.note is not None:
            print_lines("", f"the gradient of `{_name(item)}` is {item.note}")
    said = [*_list_said(report), *report.notes]
    print_lines("", *said, *([""] if said else []), report.summary)


def _describe_row(graph: Graph, item: Checked) -> tuple[str, ...]:
    found, expected = _show_pair(item)
    ratio = "" if item.status != "wrong" or item.ratio is None else f"{item.ratio:.6g}"
    element = str(list(item.element)) if item.element else "direction" if item.directions else ""
    state = {"agrees": "", "kink": "at a kink"}.get(item.status, item.status)
    place = _place(graph, item.line, item.column)
    off = f"{item.disagreement:.0e}" if item.disagreement else "0"
    return _name(item), element, found, expected, ratio, off, "  ".join(filter(None, (place, state)))


def _show_pair(item: Checked) -> tuple[str, str]:
    """Both numbers in six digits; in more where they would look the same and are not."""
    from dataflow.cli.table import describe

    found, expected = float(item.found or 0.0), float(item.expected or 0.0)
    shown = describe(found), describe(expected)
    return (f"{found:.12g}", f"{expected:.12g}") if item.status == "wrong" and shown[0] == shown[1] else shown


def _name(item: Checked) -> str:
    from dataflow.graph import owner_of

    return item.name if item.text is None else f"{owner_of(item.name)}: `{item.text}`"


def _place(graph: Graph, line: int | None, column: int | None) -> str:
    return "" if graph.source is None or line is None else f"{graph.source.file}:{line}:{column}"


def _explain(graph: Graph, item: Checked, blame: Blame) -> Iterator[str]:
    """Which rule made a gradient wrong: what came to it was right."""
    place = _place(graph, blame.line, blame.column)
    yield f"the gradient of `{_name(item)}` is wrong, and that of what is made of it is right:"
    what = f"`{blame.text}` in `{blame.node}`" if blame.text is not None else f"`{blame.node}`"
    where = f" at {place}" if place else ""
    yield f"  look at the backward rule of `{blame.operator}` (plugin `{blame.plugin}`) for it, used by {what}{where}"
    yield f"  = help: dataflow verify {blame.operator}"


def _list_said(report: GraphReport) -> Iterator[str]:
    """What is neither right nor wrong, and why."""
    from dataflow.proof.findings import SAID

    for status, meaning in SAID.items():
        names = [_name(item) for item in report.checks if item.status == status]
        if names:
            listed = ", ".join(names[:MAX_NAMES]) + (", ..." if len(names) > MAX_NAMES else "")
            yield f"{listed}: {meaning}"
