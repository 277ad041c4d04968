"""Draw a graph: inputs on the left, the target on the right, with values and gradients if a result is given.

dataflow draw graphs/lecture.yaml                                      # lecture.svg
dataflow draw graphs/lecture.yaml --result lecture.result.json -o lesson.svg
dataflow draw graphs/lecture.yaml -o lesson.md                         # Mermaid, which GitHub draws
dataflow draw graphs/attention.yaml --only query,key --all -o part.dot
dataflow draw graphs/lecture.yaml --as dot -o - | dot -Tpdf -o lesson.pdf

The ending of FILE says what it becomes: .svg; .dot or .gv for Graphviz; .mmd, .mermaid or, within Markdown, .md.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from dataflow.cli.common import Once, add_graph_arguments, load_graph
from dataflow.errors import Diagnostic, UsageError, propose
from dataflow.graph import HIDDEN
from dataflow.places import is_standard_output

if TYPE_CHECKING:
    import argparse

    from dataflow.drawing import Picture
    from dataflow.graph import Graph
    from dataflow.result import Result

ENDINGS: Mapping[str, str] = MappingProxyType({
    ".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid", ".md": "mermaid",
})  # fmt: skip
DEFAULT: Mapping[str, str] = MappingProxyType({"svg": ".svg", "dot": ".dot", "mermaid": ".mmd"})
OTHERS = (".png", ".pdf", ".jpg", ".ps", ".eps", ".webp", ".gif")  # which Graphviz writes


class Form(NamedTuple):
    """What is to be written: SVG, DOT or Mermaid, the latter as a block of Markdown if `fenced`."""

    kind: str
    fenced: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("graph", help="a graph as YAML or JSON; `-` reads standard input")
    add_graph_arguments(parser)
    parser.add_argument(
        "--result", action=Once, metavar="FILE", help="draw the values and gradients of this result of `dataflow exec`"
    )
    parser.add_argument("--only", metavar="NAME,...", action="append", help="draw these values and what they need")
    parser.add_argument("--all", action="store_true", help="draw the parts of expressions as boxes of their own")
    parser.add_argument(
        "--as", action=Once, dest="kind", choices=tuple(DEFAULT), help="what to write, if no ending of FILE says it"
    )
    parser.add_argument(
        "-o",
        "--output",
        action=Once,
        metavar="FILE",
        help="where to write the drawing: NAME.svg, if not given; `-`: standard output",
    )


def run(arguments: argparse.Namespace) -> int:
    """Load, draw, write, and say where."""
    from dataflow.cli.drawings import find_drawing, write_drawing
    from dataflow.cli.execute import _name_of
    from dataflow.cli.reports import print_bytes, print_json, print_lines, print_problems
    from dataflow.cli.table import describe
    from dataflow.drawing import make_picture

    form = choose_form(arguments.output, arguments.kind)
    graph = load_graph(arguments.graph, arguments)
    given = arguments.output
    path = f"{_name_of(graph, arguments.graph)}{DEFAULT[form.kind]}" if given is None else given
    alone = is_standard_output(path)
    if not alone:
        find_drawing(path)  # what cannot be written is refused before anything is drawn
    only = _choose_names(graph, arguments)
    result, warnings = _load_result(arguments.result, graph)
    picture = make_picture(graph, result, describe=describe, only=only, parts=arguments.all)
    content = _draw(picture, form).encode()
    if alone:
        print_bytes(content)
    else:
        write_drawing(path, content)
    if arguments.format == "json" and not alone:
        counts = {"boxes": len(picture.boxes), "arrows": len(picture.arrows)}
        print_json({"drawing": path, "form": form.kind, **counts, "diagnostics": [item.as_data() for item in warnings]})
        return 0
    if warnings:
        print_problems(warnings, as_json=False)
    if not alone:
        print_lines(f"written to {path}")
    return 0


def choose_form(path: str | None, kind: str | None) -> Form:
    """What to write to a path: what its ending says, or what is asked for. Raises `UsageError` if they disagree.

    >>> choose_form("a.md", None), choose_form("-", "dot"), choose_form(None, None)
    (Form(kind='mermaid', fenced=True), Form(kind='dot', fenced=False), Form(kind='svg', fenced=False))
    """
    ending = os.path.splitext(path or "")[1].lower()
    meant = ENDINGS.get(ending)
    if meant is not None and kind in (None, meant):
        return Form(meant, ending == ".md")
    if meant is None and (kind is not None or path is None or is_standard_output(path)):
        return Form(kind or "svg")
    if meant is not None:
        message, hint = f"`{path}` is {meant} by its ending, and --as says {kind}", "leave one of them out"
    else:
        message = f"`{path}` does not say what to draw" + (f": nothing is known of `{ending}`" if ending else "")
        hint = "say it with --as"
        if ending in OTHERS:
            hint = f"Graphviz makes such files: dataflow draw ... --as dot -o - | dot -T{ending[1:]} -o {path}"
    raise UsageError(Diagnostic("DF0931", message, expected=f"one of {', '.join(ENDINGS)}", hint=hint))


def _choose_names(graph: Graph, arguments: argparse.Namespace) -> Sequence[str] | None:
    """The values of --only. Raises `UsageError` for what is no value of the graph."""
    from dataflow.cli.execute import _split_names

    if arguments.only is None:
        return None
    names = _split_names(arguments.only)
    known = set(graph.names(hidden=True))
    found = []
    for name in names:
        message = f"`{name}`, asked for alone, is not a value of this graph"
        if name not in known:
            found.append(Diagnostic("DF0905", message, hint=propose(name, graph.names())))
        elif HIDDEN in name and not arguments.all:
            found.append(Diagnostic("DF0905", message, hint="it is a part of an expression: add --all to draw these"))
    if found:
        raise UsageError(found)
    return names


def _load_result(path: str | None, graph: Graph) -> tuple[Result | None, list[Diagnostic]]:
    """The result in a file, and what is to be said if it is that of another graph."""
    if path is None:
        return None, []
    from dataflow.result import Result

    result = Result.load(path)
    if result.digest == graph.digest:
        return result, []
    return result, [
        Diagnostic(
            "DF0930", f"`{path}` is a result of another graph, or of another state of this one",
            found=result.digest, expected=graph.digest, severity="warning",
            hint="run `dataflow exec` again; until then values and gradients may belong to something else",
        )
    ]  # fmt: skip


def _draw(picture: Picture, form: Form) -> str:
    from dataflow.cli.reports import display_width
    from dataflow.drawing import draw_dot, draw_mermaid, draw_svg

    if form.kind == "mermaid":
        return draw_mermaid(picture, display_width, fenced=form.fenced)
    return (draw_svg if form.kind == "svg" else draw_dot)(picture, display_width)
