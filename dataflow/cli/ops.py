"""List the operators, or say everything about some: inputs, attributes, conventions at edges, source, an example.

dataflow ops
dataflow ops softmax clip
dataflow ops --plugin my_ops.py --format json
dataflow ops --markdown > operators.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.cli.common import add_graph_arguments, load_operators
from dataflow.cli.reports import display_width, print_json, print_lines, warn
from dataflow.errors import Diagnostic, UsageError, suggest

if TYPE_CHECKING:
    import argparse

    from dataflow.registry import Operators

Data = Mapping[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="an operator to describe; all are listed if there is none"
    )
    parser.add_argument("--markdown", action="store_true", help="print all about them as one Markdown page")
    add_graph_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the list of operators, or all about those that are named."""
    from dataflow.cli.operator_data import data_of

    operators = load_operators(arguments)
    if not arguments.names or any(name not in operators for name in arguments.names):
        operators = operators.with_entry_points()
    failures = [item._replace(severity="warning") for item in operators.failures]
    if unknown := [name for name in arguments.names if name not in operators]:
        raise UsageError([*(describe_unknown(name, operators) for name in unknown), *failures])
    found = [data_of(name, operators) for name in arguments.names or operators]
    if arguments.format == "json":
        print_json({"operators": found, "diagnostics": [item.as_data() for item in failures]})
        return 0
    for item in failures:
        warn(str(item))
    if arguments.markdown:
        from dataflow.cli.ops_markdown import write_page

        print_lines(*write_page(found))
    elif arguments.names:
        for number, data in enumerate(found):
            print_lines(*[""] * (number > 0), *_describe(data))
    else:
        print_lines(*_list(found))
    return 0


def describe_unknown(name: str, operators: Operators) -> Diagnostic:
    """What to say of a name that no operator has."""
    from dataflow.checks.spellings import MEANT

    meant = MEANT.get(name) or suggest(name, operators)
    hint = (
        f"did you mean `{meant}`?" if meant else "`dataflow ops` lists those there are; `--plugin FILE` adds your own"
    )
    return Diagnostic("DF0906", f"there is no operator `{name}`", hint=hint)


def _list(found: Iterable[Data]) -> Iterator[str]:
    """A line for each operator, those of a plugin and a family together."""
    groups: dict[str, list[Data]] = {}
    for item in found:
        plugin = f"{item['plugin']['name']} {item['plugin']['version']}".rstrip()
        groups.setdefault(f"{plugin}: {item['family']}" if item["family"] else plugin, []).append(item)
    width = max((display_width(item["name"]) for group in groups.values() for item in group), default=0)
    for heading, group in groups.items():
        yield heading
        for item in group:
            yield f"  {item['name']}{' ' * (width - display_width(item['name']))}  {item['formula']}"
        yield ""
    yield "`dataflow ops NAME` says more about one of them."


def _describe(item: Data) -> Iterator[str]:
    """Everything about one operator."""
    yield item["signature"]
    yield f"  {item['formula']}"
    yield from (f"  {line}" for line in item["description"].splitlines())
    plugin = item["plugin"]
    owner = f"{plugin['name']} {plugin['version']}".rstrip() + (f" ({plugin['file']})" if plugin["file"] else "")
    parts = {
        "inputs": [_describe_input(part) for part in item["inputs"]],
        "attributes": [_describe_attribute(part) for part in item["attributes"]],
        "outputs": ["any number, to be named" if item["outputs"] == ["*"] else ", ".join(item["outputs"])]
        if item["outputs"]
        else [],
        "at edges": [item["conventions"]] if item["conventions"] else [],
        "values": list(map(_describe_edge, item["edges"])),
        "in a graph": [item["expression"]],
        "source": [item["source"]] if item["source"] else [],
        "plugin": [owner],
        "version": [str(item["version"])],
    }
    width = max(map(len, parts))
    for label, lines in parts.items():
        for line in lines:
            yield f"  {label:<{width}}  {line}"
            label = ""


def _describe_input(part: Data) -> str:
    number = "any number of inputs" if part["variadic"] else "may be left out" if part["optional"] else ""
    slope = "differentiable" if part["differentiable"] else "not differentiable"
    return f"{part['name']}: " + "; ".join(filter(None, [number, part["takes"], part["domain"], slope]))


def _describe_attribute(part: Data) -> str:
    from json import dumps

    default = "required" if part["required"] else f"{dumps(part['default'], ensure_ascii=False)} if left out"
    return f"{part['name']}: {part['accepts']}; {default}"


def _describe_edge(edge: Data) -> str:
    from json import dumps

    given = ", ".join(f"{name} = {dumps(value)}" for name, value in (edge["inputs"] | edge["attributes"]).items())
    slopes = ", ".join(
        f"slope in {name} {dumps(value)}" for name, value in edge["gradients"].items() if value is not None
    )
    return f"{given}: z = {dumps(edge['value'])}" + (f", {slopes}" if slopes else "")
