"""Run a graph: sweep it forward, then in reverse, print a table and write the result as JSON.

dataflow exec graphs/lecture.yaml
dataflow exec graphs/lecture.yaml --set a=7 -o - | jq .gradients.b
dataflow exec model.yaml --set w=@w.npy --only loss,w
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

from dataflow.cli.common import Once, add_graph_arguments, add_value_arguments, load_graph, read_value
from dataflow.cli.derivative_options import add_derivative_arguments, read_derivatives
from dataflow.cli.progress import Bar
from dataflow.cli.reports import print_bytes, warn
from dataflow.errors import DataError, Diagnostic, GraphError, ResourceError, UsageError, escape

if TYPE_CHECKING:
    import argparse
    from concurrent.futures import Executor

    from dataflow.asked import AlongRows
    from dataflow.graph import Graph
    from dataflow.result import Result

CONNECT = 10.0  # seconds that a cluster has to answer in
NO_MAPPING = frozenset({"DF0107", "DF0109"})  # an empty file, a file with something else


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("graph", help="a graph as YAML or JSON; `-` reads standard input")
    add_graph_arguments(parser)
    add_value_arguments(parser)
    parser.add_argument("--target", action=Once, metavar="NAME", help="compute the gradient of this node")
    parser.add_argument(
        "--cotangent",
        action=Once,
        metavar="VALUE",
        help="of the target: a number, a list, or @FILE; for a target of several elements",
    )
    parser.add_argument(
        "--only", metavar="NAME,...", action="append", help="report these nodes alone, and compute nothing else"
    )
    parser.add_argument("--all", action="store_true", help="report the parts of expressions too")
    parser.add_argument(
        "--strict", action="store_true", help="fail (exit code 3) if the target or a gradient is not finite"
    )
    parser.add_argument(
        "--arrays",
        action=Once,
        choices=("auto", "inline", "file"),
        default="auto",
        help="where arrays go: those of over 1,000 elements beside the result (auto), none, or all",
    )
    parser.add_argument(
        "--workers",
        action=Once,
        type=int,
        metavar="N",
        help="how many cores a graph of many rows may use; all, if not given",
    )
    parser.add_argument(
        "--memory-limit", action=Once, metavar="SIZE",
        help="2GB, 500MB: compute values again for the way back rather than keep them; with --only",
    )  # fmt: skip
    parser.add_argument(
        "--cluster", action=Once, metavar="ADDRESS", help="run the blocks of a graph of many rows on a Dask cluster"
    )
    parser.add_argument(
        "--rows-to",
        action=Once,
        metavar="FILE",
        help="write the rows of what --only names, and of its gradients, to this .parquet or .npy file",
    )
    parser.add_argument("--explain-plan", action="store_true", help="say how the graph would be run, and do not run it")
    parser.add_argument("--timings", action="store_true", help="add how long each part took")
    parser.add_argument(
        "-o",
        "--output",
        action=Once,
        metavar="FILE",
        help="where to write the result: NAME.result.json, if not given; `-`: standard output",
    )
    add_derivative_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Load, execute, write, and print the table."""
    from dataflow.asked import AlongRows
    from dataflow.execution import execute
    from dataflow.places import find_place, is_standard_output

    graph = load_graph(arguments.graph, arguments)
    given = arguments.output
    path = f"{_name_of(graph, arguments.graph)}.result.json" if given is None else given
    alone = is_standard_output(path)
    if not alone:
        find_place(path)  # what cannot be written is refused before anything runs
    only = None if arguments.only is None else _split_names(arguments.only)
    cotangent = None if arguments.cotangent is None else read_value("--cotangent", arguments.cotangent, graph.dtype)
    values = read_values(graph, arguments)
    derivatives = read_derivatives(arguments, graph)
    if arguments.workers is not None and arguments.workers < 1:
        raise UsageError(Diagnostic("DF0903", f"--workers is a number of cores, not {arguments.workers}"))
    asked = {
        "target": arguments.target, "only": only, "cotangent": cotangent, "data_root": arguments.data_root,
        "hidden": arguments.all, "derivatives": derivatives, "memory_limit": _read_limit(arguments.memory_limit),
    }  # fmt: skip
    if arguments.explain_plan:
        with open_workers(arguments) as workers:
            return _explain_plan(graph, values, asked, AlongRows(arguments.rows_to, workers), arguments.format)
    bar = Bar("running", "rows")
    with (
        closing(bar),
        open_workers(arguments) as workers,
        redirect_stdout(sys.stderr),
    ):  # what a rule prints is no result
        along = AlongRows(arguments.rows_to, workers, bar.show)
        result = execute(
            graph, values, strict=arguments.strict, timings=arguments.timings, along_rows=along, **asked
        )  # fmt: skip
    full = frozenset(only or ())
    if alone:
        print_bytes(result.to_bytes(full=full))
        _print_findings(result)
        return 0
    result.write(path, arrays=arguments.arrays, full=full)
    if arguments.format == "json":
        from dataflow.cli.reports import print_json

        print_json({"result": path, "findings": list(result.findings)})
        return 0
    from dataflow.cli.table import print_result

    print_result(graph, result, path)
    return 0


def _read_limit(text: str | None) -> int | None:
    """A number of bytes. Raises `UsageError` for what is none."""
    from dataflow.memory import read_bytes

    try:
        return None if text is None else read_bytes(text)
    except ValueError as error:
        message = f"--memory-limit: `{text}` is no amount of memory"
        raise UsageError(Diagnostic("DF0903", message, hint="write it as 2GB, 500MB or a number of bytes")) from error


@contextmanager
def open_workers(arguments: argparse.Namespace) -> Iterator[int | Executor | None]:
    """How many cores to use, or the executor of a cluster. Raises `ResourceError` if that is not there."""
    if arguments.cluster is None:
        yield arguments.workers
        return
    try:
        from distributed import Client
    except ImportError as error:
        hint = 'pip install "dataflow-autodiff[dask]"'
        raise ResourceError(Diagnostic("DF0564", "a cluster needs the package `distributed`", hint=hint)) from error
    try:
        client: Any = Client(arguments.cluster, timeout=CONNECT)  # type: ignore[no-untyped-call]
    except Exception as error:  # of a dozen kinds
        message = f"there is no cluster at `{arguments.cluster}`"
        raise ResourceError(Diagnostic("DF0565", message, hint="write its address as tcp://HOST:PORT")) from error
    with client:
        yield client.get_executor(pure=False)


def _explain_plan(
    graph: Graph, values: Mapping[str, Any], asked: Mapping[str, Any], along: AlongRows, format: str
) -> int:
    """Print how the graph would be run, and how a compiled one is, if that is another way."""
    from dataflow.cli.reports import print_json, print_lines
    from dataflow.compilation import compile
    from dataflow.execution import explain_plan

    lines, as_program = explain_plan(graph, values, along_rows=along, **asked)
    if not as_program and asked["cotangent"] is None:
        target = asked["target"] or graph.target
        compiled = compile(
            graph, outputs=asked["only"] or list(graph.names()), target=target, wrt=None if target else (),
            workers=along.workers, data_root=asked["data_root"],
        ).explain(values)  # fmt: skip
        lines += ["compiled, for use in loops:", *[f"  {line}" for line in compiled]]
    if format == "json":
        print_json({"plan": lines})
    else:
        print_lines(*lines)
    return 0


def _split_names(given: list[str]) -> list[str]:
    names = [name.strip() for part in given for name in part.split(",") if name.strip()]
    if not names:
        raise UsageError(Diagnostic("DF0903", "`--only` names no value", hint="write it as --only J,w"))
    return names


def _name_of(graph: Graph, path: str) -> str:
    """What the result is called: the graph's name, if a file should have it, else its file's."""
    import os

    name, file = graph.name, os.path.basename(path)
    usable = name.strip() and name.isprintable() and name[0] not in ".-" and not set(name) & set('/\\:*?"<>|')
    if usable and len(name.encode()) < 200:
        return name
    return "graph" if path == "-" else file.rpartition(".")[0] or file


def read_values(graph: Graph, arguments: argparse.Namespace) -> dict[str, Any]:
    """Values from --inputs, then those from --set, which win."""
    values: dict[str, Any] = {} if arguments.inputs is None else dict(_read_values_file(arguments.inputs, graph))
    seen: set[str] = set()
    for setting in arguments.settings:
        name, equals, text = setting.partition("=")
        name = name.strip()
        if not equals or not name or not text.strip():
            raise UsageError(Diagnostic("DF0903", f"`--set {setting}` gives no value", hint="write it as --set a=7"))
        if name in seen:
            raise UsageError(Diagnostic("DF0903", f"`{name}` is set twice", hint="keep one of them"))
        seen.add(name)
        entry = graph.given.get(name)
        values[name] = read_value(f"--set {name}", text.strip(), (entry.dtype if entry else None) or graph.dtype)
    return values


def _read_values_file(path: str, graph: Graph) -> Mapping[str, Any]:
    """Values by name from a file: a mapping, or what an earlier result has for the graph's inputs and parameters."""
    from dataflow.document.reader import read_text, read_tree

    try:
        tree = read_tree(read_text(path), path)
    except GraphError as error:
        if {item.code for item in error.diagnostics} <= NO_MAPPING:
            raise DataError(_describe_no_mapping(path)) from None
        raise
    if "dataflow_result" not in tree:
        return tree
    from dataflow.result import Result

    values = Result.load(path).values
    return {name: values[name] for name in graph.given if name in values}


def _describe_no_mapping(path: str) -> Diagnostic:
    return Diagnostic(
        "DF0903",
        f"--inputs: there are no values by name in `{path}`",
        expected="a mapping of names to values, as JSON or YAML, or an earlier result",
        hint="write it as {a: 7, b: 1}",
    )


def _print_findings(result: Result) -> None:
    for finding in result.findings:
        warn(f"warning[{finding['code']}]: {escape(finding['message'])}")
