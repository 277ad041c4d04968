"""Write the reverse sweep of a graph down as another graph: for every value v on the way a node dv, in equations that
a person reads, that run alone, and that can be differentiated again.

dataflow grad graphs/lecture.yaml
dataflow grad model.yaml --wrt w,b -o model_gradient.yaml
dataflow grad model.yaml --order 2
dataflow grad model.yaml --bind --set x=@x.npy        with the shapes of the data in place of symbolic sizes
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dataflow.cli.common import Once, add_graph_arguments, add_value_arguments, load_graph
from dataflow.cli.reports import encode, print_bytes, print_json, print_lines
from dataflow.errors import Diagnostic, UsageError, escape

if TYPE_CHECKING:
    import argparse

    from dataflow.graph import Graph

HEAD = "# Written by `dataflow grad"
MAX_ORDER = 9


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("graph", help="a graph as YAML or JSON; `-` reads standard input")
    parser.add_argument("--target", action=Once, metavar="NAME", help="differentiate this node")
    parser.add_argument(
        "--wrt", action="append", metavar="NAME,...", help="the values whose gradients are wanted: all that has one"
    )
    parser.add_argument(
        "--order", action=Once, metavar="N", default="1", help="2 adds the gradients of the gradients, and so on"
    )
    parser.add_argument(
        "--bind", action="store_true", help="take shapes and sizes from the data, where they are not declared"
    )
    parser.add_argument(
        "-o", "--output", action=Once, metavar="FILE", help="where to write it, in place of standard output"
    )
    add_graph_arguments(parser)
    add_value_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Load, differentiate, write."""
    from dataflow.gradients import move_sources, write_gradient
    from dataflow.places import is_standard_output

    order = _read_order(arguments.order)
    graph = load_graph(arguments.graph, arguments)
    bind = arguments.bind or bool(arguments.settings or arguments.inputs)
    values = _read_values(graph, arguments) if bind else {}
    found = write_gradient(
        graph, target=arguments.target, wrt=_read_names(arguments.wrt), order=order, bind=bind, inputs=values,
        data_root=arguments.data_root,
    )  # fmt: skip
    alone = arguments.output is None or is_standard_output(arguments.output)
    folder = os.getcwd() if alone else os.path.dirname(os.path.abspath(arguments.output))
    folder_before = (
        os.path.abspath(arguments.data_root) if arguments.data_root else getattr(graph.source, "folder", None)
    )
    found = move_sources(found, folder_before, folder)
    text = f"{HEAD} {escape(os.path.basename(arguments.graph))}`.\n{found.dump()}"
    if alone:
        print_bytes(encode(text))
        return 0
    from dataflow.cli.files import write_over

    write_over(arguments.output, text, head=HEAD.encode(), what="derived graph")
    if arguments.format == "json":
        print_json({"written": arguments.output, "nodes": [name for name in found.names() if name in found.nodes]})
    else:
        print_lines(f"written to {arguments.output}", f"run it:  dataflow exec {arguments.output}")
    return 0


def _read_order(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= MAX_ORDER:
        return int(text)
    raise UsageError(Diagnostic("DF0903", f"`--order {text}` is no order", hint=f"1 to {MAX_ORDER}"))


def _read_names(given: list[str] | None) -> list[str] | None:
    if given is None:
        return None
    names = [name.strip() for part in given for name in part.split(",") if name.strip()]
    if not names:
        raise UsageError(Diagnostic("DF0903", "`--wrt` names no value", hint="write it as --wrt w,b"))
    return list(dict.fromkeys(names))


def _read_values(graph: Graph, arguments: argparse.Namespace) -> dict[str, object]:
    from dataflow.cli.execute import read_values

    return read_values(graph, arguments)
