"""A graph's text in the one form that `dataflow fmt` writes: the same graph, the same comments, other blanks.

What has no rule stays as its author wrote it. What was written is read again and compared before it is given out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dataflow.document import loads, paused_collection
from dataflow.document.expressions import parse
from dataflow.document.json_layout import is_json, lay_out_json
from dataflow.document.page import Line, align
from dataflow.document.reader import Tree, read_tree
from dataflow.document.sections import lay_out
from dataflow.errors import DataflowError, Diagnostic, GraphError

if TYPE_CHECKING:
    from dataflow.graph import Graph
    from dataflow.operators import Operator
    from dataflow.registry import Operators


class FormatError(DataflowError):
    """A text came out as another graph: a bug in dataflow. Nothing is written then."""

    exit_code = 70


def format_text(
    text: str, *, file: str = "<text>", folder: str | None = None, operators: Operators | None = None
) -> str:
    r"""The text in its one form, with LF or CR LF at the end of all lines as at the end of its first.

    Raises `GraphError` with every problem of a text that is no sound graph, `FormatError` rather than give out
    another graph.

    >>> print(format_text("dataflow:   1\nnodes:\n    u : 3*v   # thrice\n    v: (4)\n"), end="")
    dataflow: 1
    <BLANKLINE>
    nodes:
      u: 3 * v   # thrice
      v: (4)
    """
    return format_graph(text, file=file, folder=folder, operators=operators)[1]


def format_graph(
    text: str, *, file: str = "<text>", folder: str | None = None, operators: Operators | None = None
) -> tuple[Graph, str]:
    """The graph of a text, and the text as `format_text` gives it."""
    graph = loads(text, file=file, folder=folder, operators=operators)
    with paused_collection():
        first = re.search(r"\r\n|\n", text)
        unix = re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff"))
        found = rewrite(unix, graph.operators)
        if found != unix:
            _check(unix, found, graph, file)
    return graph, found.replace("\n", "\r\n") if first is not None and first[0] == "\r\n" else found


def rewrite(text: str, operators: Mapping[str, Operator]) -> str:
    """The text in its one form, unchecked. It must be that of a sound graph, with LF at the end of its lines."""
    if not is_json(text):
        text = _join(lay_out(text, operators))
        if not is_json(text):  # it becomes JSON where only a comma at the end of a list kept it from that
            return text
    return _join(lay_out_json(text, operators))


def _join(lines: list[Line]) -> str:
    return "\n".join(align(lines)) + "\n"


def _check(before: str, after: str, graph: Graph, file: str) -> None:
    """Raise `FormatError` if the text of a graph has come out as another graph, or without one of its comments."""
    try:
        problem = _compare(read_tree(before), read_tree(after), graph)
    except GraphError as error:
        problem = error.diagnostics[0].message
    if problem is None and not is_json(before) and _find_comments(before) != _find_comments(after):
        problem = "its comments"
    if problem is not None:
        message = f"formatting would change the graph, and so the file was left as it is: {problem}"
        hint = "this is a bug in dataflow: please report it, with the graph"
        raise FormatError(Diagnostic("DF0920", message, file=file, hint=hint))


def _compare(before: Tree, after: Tree, graph: Graph) -> str | None:
    """Where two trees differ in more than the order of sections and the spelling of expressions; None: nowhere."""
    if before.keys() != after.keys():
        return "its sections"
    for key, value in before.items():
        if repr(value) != repr(after[key]) and not (key == "nodes" and _same_nodes(value, after[key], graph)):
            return f"`{key}`"
    return None


def _same_nodes(before: Tree, after: Tree, graph: Graph) -> bool:
    return list(before) == list(after) and all(_same_node(name, before[name], after[name], graph) for name in before)


def _same_node(name: str, before: Any, after: Any, graph: Graph) -> bool:
    """Whether an entry is the same, or an expression from which the same nodes come."""
    if type(before) is str and type(after) is str and before != after:
        parts = parse(after, name, graph.operators)
        return all(repr(graph.nodes.get(part)) == repr(node) for part, node in parts)
    return repr(before) == repr(after)


def _find_comments(text: str) -> list[str]:
    """What stands after each `#`, in whatever order, without blanks and what else a line may lose or win."""
    return sorted(_strip(match[0]) for match in re.finditer("#[^\n]*", text))


def _strip(text: str) -> str:
    return re.sub(r"[\s(),]", "", text)
