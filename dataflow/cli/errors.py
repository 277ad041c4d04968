"""Explain an error code: what it means, a graph or command that gives it, and the cure. Without a code, list all.

dataflow errors DF0203
dataflow errors --format json
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.cli.reports import print_json, print_lines
from dataflow.errors import Diagnostic, UsageError, suggest

if TYPE_CHECKING:
    import argparse

CATALOGUE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "catalogue.yaml")
WIDTH = 100

_RANGES: Mapping[str, str] = {
    "DF01": "Reading the text",
    "DF02": "Structure, names, cycles, targets",
    "DF03": "Expressions",
    "DF04": "Operators: their inputs, attributes and outputs",
    "DF05": "Values, shapes and data files",
    "DF06": "Running",
    "DF07": "Plugins",
    "DF08": "Files and the environment",
    "DF09": "The command line",
    "DF10": "Derivations",
}


def read_catalogue() -> dict[str, dict[str, Any]]:
    """What each code means: title, meaning, example, cure, and the files that the example needs.

    >>> read_catalogue()["DF0203"]["title"]
    'unknown name'
    """
    from dataflow.document.reader import read_text, read_tree

    return read_tree(read_text(CATALOGUE), CATALOGUE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("codes", nargs="*", metavar="CODE", help="such as DF0203; all are listed if there is none")


def run(arguments: argparse.Namespace) -> int:
    """Print the list of codes, or all about those that are named."""
    catalogue = read_catalogue()
    codes = [_complete(code) for code in arguments.codes]
    if unknown := [code for code in codes if code not in catalogue]:
        raise UsageError(_describe_unknown(code, catalogue) for code in unknown)
    if arguments.format == "json":
        print_json({"errors": [{"code": code, **catalogue[code]} for code in codes or catalogue]})
    elif codes:
        for number, code in enumerate(codes):
            print_lines(*[""] * (number > 0), *_describe(code, catalogue[code]))
    else:
        print_lines(*_list(catalogue))
    return 0


def _complete(code: str) -> str:
    """A code in full: `df203`, `0203` and `error[DF0203]` are DF0203 too.

    >>> _complete("203"), _complete("error[DF0203]")
    ('DF0203', 'DF0203')
    """
    digits = code.upper().removeprefix("ERROR").removeprefix("WARNING").strip("[]: ").removeprefix("DF")
    return f"DF{digits.zfill(4)}" if digits.isdecimal() and digits.isascii() and len(digits) <= 4 else code


def _describe_unknown(code: str, catalogue: Mapping[str, Any]) -> Diagnostic:
    meant = suggest(code, catalogue)
    hint = f"did you mean `{meant}`?" if meant else "`dataflow errors` lists all codes"
    return Diagnostic("DF0908", f"there is no code `{code}`", hint=hint)


def _list(catalogue: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    heading = ""
    for code, entry in sorted(catalogue.items()):
        if code[:4] != heading:
            if heading:
                yield ""
            heading = code[:4]
            yield _RANGES[heading]
        yield f"  {code}  {entry['title']}"
    yield ""
    yield "`dataflow errors CODE` explains one of them."


def _describe(code: str, entry: Mapping[str, Any]) -> Iterator[str]:
    from textwrap import wrap

    yield f"{code}: {entry['title']}"
    yield ""
    yield from wrap(entry["meaning"], WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield from _show("example", entry["example"])
    for name, text in entry.get("files", {}).items():
        yield from _show(f"with {name}", text)
    if "make" in entry:
        yield from _show("with what this Python makes", entry["make"])
    yield from _show("cure", entry["cure"])


def _show(label: str, text: str) -> Iterator[str]:
    yield ""
    yield f"{label}:"
    yield from (f"  {line}".rstrip() for line in text.splitlines())
