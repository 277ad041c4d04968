"""Show the chain rule behind the gradients of a graph, step by step, in symbols and in numbers.

dataflow explain graphs/lecture.yaml
dataflow explain graphs/lecture.yaml b                       # why is db 6?
dataflow explain graphs/lecture.yaml b --set c=7 --language zh
dataflow explain graphs/perceptron.yaml --format markdown > perceptron.md
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from dataflow.cli.common import Once, add_graph_arguments, add_value_arguments, load_graph, read_value

if TYPE_CHECKING:
    import argparse

    from dataflow.explanation import Explanation

FORMATS = ("text", "markdown", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("graph", help="a graph as YAML or JSON; `-` reads standard input")
    parser.add_argument("node", nargs="?", metavar="NODE", help="explain the gradient of this value alone")
    add_graph_arguments(parser)
    add_value_arguments(parser)
    parser.add_argument("--target", action=Once, metavar="NAME", help="explain the gradient of this node")
    parser.add_argument(
        "--cotangent",
        action=Once,
        metavar="VALUE",
        help="of the target: a number, a list, or @FILE; for a target of several elements",
    )
    parser.add_argument("--all", action="store_true", help="leave out no steps of a large graph")
    parser.add_argument("--language", action=Once, choices=("en", "zh"), default="en", help="English or Chinese")


def run(arguments: argparse.Namespace) -> int:
    """Load, sweep, follow the rules, and print."""
    from dataflow.cli.execute import read_values
    from dataflow.explanation import explain

    graph = load_graph(arguments.graph, arguments)
    given = arguments.cotangent
    cotangent = None if given is None else read_value("--cotangent", given, graph.dtype)
    values = read_values(graph, arguments)
    with redirect_stdout(sys.stderr):  # what a rule prints is no explanation
        found = explain(
            graph, values, node=arguments.node, target=arguments.target, cotangent=cotangent,
            data_root=arguments.data_root, everything=arguments.all,
        )  # fmt: skip
    _print(found, arguments.format, arguments.language)
    return 0


def _print(found: Explanation, form: str, language: str) -> None:
    from dataflow.cli.reports import display_width, print_json, print_lines
    from dataflow.cli.table import describe
    from dataflow.explanation.words import LANGUAGES

    if form == "json":
        from dataflow.explanation.data import as_data

        print_json(as_data(found))
    elif form == "markdown":
        from dataflow.explanation.markdown import write_markdown

        print_lines(*write_markdown(found, LANGUAGES[language], describe))
    else:
        from dataflow.explanation.text import write_text

        words = LANGUAGES[language]
        print_lines(*write_text(found, words, describe, display_width, ascii_only=not _shows("·ᵀ²")))


def _shows(text: str) -> bool:
    """Whether standard output can show some characters."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
