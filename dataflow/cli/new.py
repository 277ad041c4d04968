"""Write a graph or a plugin to start from: commented, and running as it is. No file is ever overwritten.

dataflow new graph model            # model.yaml
dataflow new plugin my_ops          # my_ops.py, and my_ops_graph.yaml that uses it
dataflow new graph models/first     # in a folder that exists
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from dataflow.cli.reports import print_json, print_lines
from dataflow.errors import Diagnostic, UsageError

if TYPE_CHECKING:
    import argparse

TEMPLATES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "templates")
MARK = "@NAME@"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("kind", choices=("graph", "plugin"), help="what to write")
    parser.add_argument(
        "name", metavar="NAME", help="its name, a folder before it if need be: letters, digits and underscores"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the files and say how to run them."""
    from dataflow.cli.files import write_new

    suffixes = (".yaml", ".yml") if arguments.kind == "graph" else (".py",)
    path = next((arguments.name.removesuffix(end) for end in suffixes if arguments.name.endswith(end)), arguments.name)
    name = os.path.basename(path)
    _check_name(name, arguments.kind)
    if arguments.kind == "graph":
        files, command = {f"{path}.yaml": _fill("graph.yaml", name)}, f"dataflow exec {path}.yaml"
    else:
        graph = f"{path}_graph.yaml"
        files = {f"{path}.py": _fill("plugin.py.txt", name), graph: _fill("plugin_graph.yaml", name)}
        command = f"dataflow exec {graph} --plugin {path}.py"
    write_new(files)
    if arguments.format == "json":
        print_json({"written": list(files), "command": command})
        return 0
    print_lines(f"written: {', '.join(files)}", f"run it:  {command}")
    return 0


def _fill(template: str, name: str) -> str:
    with open(os.path.join(TEMPLATES, template), encoding="utf-8") as stream:
        return stream.read().replace(MARK, name)


def _check_name(name: str, kind: str) -> None:
    """Raise `UsageError` for what can be the name of neither a value nor a module."""
    from dataflow.checks.names import fault_of

    fault = fault_of(name)
    if fault is None and kind == "plugin" and name in {*sys.stdlib_module_names, "dataflow", "numpy", "scipy", "yaml"}:
        fault = f"`{name}` is the name of a module that Python programs import", f"call it `my_{name}`"
    if fault is not None:
        raise UsageError(Diagnostic("DF0907", f"this cannot be the name of a {kind}: {fault[0]}", hint=fault[1]))
