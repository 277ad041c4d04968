"""Write graphs in one form: order of sections, indentation, blanks, the spelling of expressions. Comments are kept,
and what has no rule stays as it was written. The graph stays the same, to the last bit, or the file is left alone.

dataflow fmt graphs/*.yaml            rewrite files in place; says which
dataflow fmt --check graphs/*.yaml    change nothing; exit code 1 if there is something to change
dataflow fmt --diff model.yaml        change nothing; show what would change
dataflow fmt - < model.yaml           from standard input to standard output
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from dataflow.cli.common import add_graph_arguments, load_operators
from dataflow.cli.reports import print_bytes, print_json, print_lines, print_problems
from dataflow.errors import DataflowError, Diagnostic, ResourceError, UsageError, escape

if TYPE_CHECKING:
    import argparse

    from dataflow.registry import Operators

BOM = b"\xef\xbb\xbf"

_HINTS: Mapping[str, str] = {
    "DF0806": "change its permissions, or format a copy: `dataflow fmt - < GRAPH > COPY`",
    "DF0807": "free some space",
}


class Formatted(NamedTuple):
    """A graph's text before and after."""

    path: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Whether there is anything to change."""
        return self.before != self.after

    @property
    def shown(self) -> str:
        """The path as people know it."""
        return "<stdin>" if self.path == "-" else self.path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "graphs",
        nargs="+",
        metavar="graph",
        help="graphs as YAML or JSON; `-`: standard input, to standard output",
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; say what would change, and exit with 1 if anything would"
    )
    parser.add_argument("--diff", action="store_true", help="change nothing; show what would change as a unified diff")
    add_graph_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Format every graph; the exit code is that of the worst problem."""
    looking = arguments.check or arguments.diff
    if "-" in arguments.graphs and len(arguments.graphs) > 1 and not looking:
        hint = "format standard input alone, or with --check or --diff"
        raise UsageError(Diagnostic("DF0921", "`-` stands beside other graphs", hint=hint))
    as_text = arguments.format == "text"
    operators = load_operators(arguments)
    done: list[Formatted] = []
    found: list[Diagnostic] = []
    code = 0
    for path in arguments.graphs:
        try:
            item, operators = _format(path, operators, in_place=not looking)
            if item.changed and not looking and path != "-":
                _rewrite(item)
        except DataflowError as error:
            found += [problem if problem.file else problem._replace(file=path) for problem in error.diagnostics]
            code = max(code, error.exit_code)
        else:
            done.append(item if item.changed or path == "-" else item._replace(before="", after=""))
            if as_text:
                _tell(item, arguments)
    if arguments.check and any(item.changed for item in done):
        code = max(code, 1)
    if not as_text:
        _tell_data(done, found, arguments)
        return code
    if len(done) > 1 and not arguments.diff:
        print_lines(_sum_up(done, checking=arguments.check))
    if found:
        print_problems(found, as_json=False)
    return code


def _format(path: str, operators: Operators, *, in_place: bool) -> tuple[Formatted, Operators]:
    """A graph formatted, and the operators with which it was loaded, which serve the next one."""
    from dataflow.document.formatter import format_graph
    from dataflow.document.reader import read_text

    if in_place and path != "-" and os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
        hint = "name a file, or let `-` read standard input and write standard output"
        raise ResourceError(Diagnostic("DF0922", f"`{path}` cannot be rewritten: it is no file", hint=hint))
    text = read_text(path)
    folder = None if path == "-" else os.path.dirname(os.path.abspath(path))
    graph, after = format_graph(text, file="<stdin>" if path == "-" else path, folder=folder, operators=operators)
    return Formatted(path, text, after), graph.operators if graph.operators.scanned else operators


def _rewrite(item: Formatted) -> None:
    """Put the new text in the place of the old one, whole or not at all. Raises `ResourceError`."""
    from dataflow.output import TEMPORARY
    from dataflow.places import explain

    try:
        place = os.path.realpath(item.path)
        about = os.stat(place)
        if not os.access(place, os.W_OK):
            raise PermissionError(errno.EACCES, "it is write-protected")
        temporary = os.path.join(os.path.dirname(place), f"{TEMPORARY}{os.getpid()}-{os.urandom(8).hex()}.tmp")
        try:
            _write_beside(temporary, place, about, item)
            os.replace(temporary, place)
        finally:
            with suppress(OSError):
                os.unlink(temporary)
    except OSError as error:
        found = explain(error, item.path).diagnostics
        raise ResourceError([problem._replace(hint=_HINTS.get(problem.code)) for problem in found]) from error


def _write_beside(temporary: str, place: str, about: os.stat_result, item: Formatted) -> None:
    from dataflow.document.reader import read_text

    with open(place, "rb") as stream:
        mark = BOM if stream.read(len(BOM)) == BOM else b""
    with open(temporary, "xb") as stream:
        stream.write(mark + item.after.encode())
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(OSError, AttributeError):  # a file of somebody else stays theirs, where that is allowed
        os.chown(temporary, about.st_uid, about.st_gid)
    os.chmod(temporary, stat.S_IMODE(about.st_mode))
    if read_text(item.path) != item.before:
        message = f"`{item.path}` changed while it was being formatted, and was left as it is"
        raise ResourceError(Diagnostic("DF0923", message, hint="format it again"))


def _tell(item: Formatted, arguments: argparse.Namespace) -> None:
    if arguments.diff:
        print_bytes(_diff(item).encode())
    elif item.path == "-" and not arguments.check:
        print_bytes(item.after.encode())
    elif item.changed:
        print_lines(f"{item.shown}: {'would be rewritten' if arguments.check else 'rewritten'}")
    elif len(arguments.graphs) == 1:
        print_lines(f"{item.shown}: nothing to change")


def _sum_up(done: list[Formatted], *, checking: bool) -> str:
    changed = sum(item.changed for item in done)
    if not changed:
        return f"{len(done)} graphs: nothing to change"
    return f"{changed} of {len(done)} graphs {'would be ' if checking else ''}rewritten"


def _diff(item: Formatted) -> str:
    from dataflow.cli.hunks import unified

    name = escape(item.shown)
    return "".join(unified(item.before, item.after, name, name)) if item.changed else ""


def _tell_data(done: list[Formatted], found: list[Diagnostic], arguments: argparse.Namespace) -> None:
    data: dict[str, object] = {
        "changed": [item.shown for item in done if item.changed],
        "unchanged": [item.shown for item in done if not item.changed],
        "diagnostics": [problem.as_data() for problem in found],
    }
    if arguments.diff:
        data["diffs"] = {item.shown: _diff(item) for item in done if item.changed}
    elif "-" in arguments.graphs and not arguments.check:
        data["text"] = next((item.after for item in done), None)
    print_json(data)
