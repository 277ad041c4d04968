"""Print the JSON Schema of graphs for editors, with all installed operators and their attributes.

dataflow schema -o graph.schema.json
dataflow schema --plugin my_ops.py -o graph.schema.json

An editor that knows YAML then completes and explains keys, operators and attributes in every graph that begins with

# yaml-language-server: $schema=graph.schema.json
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dataflow.cli.common import Once, add_graph_arguments, load_operators
from dataflow.cli.reports import encode, print_bytes, warn

if TYPE_CHECKING:
    import argparse

    from dataflow.operators import Operator
    from dataflow.registry import Operators

Schema = dict[str, Any]

HEAD = b'{\n  "$schema": "https://json-schema.org/'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_graph_arguments(parser)
    parser.add_argument(
        "-o",
        "--output",
        action=Once,
        metavar="FILE",
        help="where to write it, in place of an older schema; standard output, if not given",
    )


def run(arguments: argparse.Namespace) -> int:
    """Make the schema and print or write it; what could not be loaded is said on standard error."""
    from json import dumps

    from dataflow.places import is_standard_output

    operators = load_operators(arguments, everything=True)
    text = dumps(make_schema(operators), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    for item in operators.failures:
        warn(str(item._replace(severity="warning")))
    if arguments.output is None or is_standard_output(arguments.output):
        print_bytes(encode(text))
        return 0
    from dataflow.cli.files import write_over

    write_over(arguments.output, text, head=HEAD, what="schema")
    return 0


def make_schema(operators: Operators) -> Schema:
    """The schema of graphs in which `op` is one of these operators, each with its own inputs and attributes.

    One `if ... then` per operator is slow to validate with and good to edit with; dataflow itself reads graphs with the
    plain schema and checks each node against its operator.

    >>> from dataflow.registry import standard
    >>> node = make_schema(standard())["$defs"]["node"]
    >>> "softmax" in node["properties"]["op"]["enum"], len(node["allOf"]) == len(standard())
    (True, True)
    """
    import json

    from dataflow.document.schema import schema_path

    with open(schema_path("graph"), encoding="utf-8") as stream:
        schema: Schema = json.load(stream)
    del schema["$id"]  # it is another schema, and editors keep them by this name
    node = schema["$defs"]["node"]
    names = sorted(operators)
    node["properties"]["op"] |= {
        "enum": names,
        "enumDescriptions": [f"{operators[name].signature}: {operators[name].formula}" for name in names],
        "markdownEnumDescriptions": [_explain(operators[name]) for name in names],
    }
    node["allOf"] = [_describe_node(operators[name]) for name in names]
    return schema


def _explain(operator: Operator) -> str:
    parts = [f"`{operator.signature}`", f"`{operator.formula}`", operator.description, operator.conventions]
    return "\n\n".join(filter(None, parts))


def _describe_node(operator: Operator) -> Schema:
    """What a spelled-out node of this operator must look like."""
    attributes = _describe_attributes(operator)
    properties: Schema = {"inputs": _describe_inputs(operator), "attributes": attributes}
    if not operator.outputs:
        properties["outputs"] = False
    elif operator.outputs != ("*",):
        properties["outputs"] = {"minItems": len(operator.outputs), "maxItems": len(operator.outputs)}
    needed = any(not item.optional for item in operator.inputs)
    wanted = {"inputs": needed, "attributes": "required" in attributes, "outputs": bool(operator.outputs)}
    required = [key for key, is_wanted in wanted.items() if is_wanted]
    then: Schema = {"properties": properties} | ({"required": required} if required else {})
    return {"if": {"type": "object", "properties": {"op": {"const": operator.name}}, "required": ["op"]}, "then": then}


def _describe_inputs(operator: Operator) -> Schema:
    names = [item.name for item in operator.inputs]
    least = sum(not (item.optional or item.variadic) for item in operator.inputs)
    schema: Schema = {
        "description": f"{operator.signature}: {operator.formula}",
        "minItems": max(least, int(operator.variadic)),
    }
    if not operator.variadic:
        schema["maxItems"] = len(names)
    return schema | {"properties": dict.fromkeys(names, True), "propertyNames": {"enum": names}}


def _describe_attributes(operator: Operator) -> Schema:
    from dataflow.attributes import schema_of
    from dataflow.cli.operator_data import plain

    schema = schema_of(operator)
    schema["description"] = _explain(operator)
    for name, entry in schema["properties"].items():
        if name not in ("axis", "axes"):  # which nobody computes from lengths
            _allow_sizes(entry)
        if "default" in entry:
            entry["default"] = plain(entry["default"])
    return schema


def _allow_sizes(schema: Schema) -> None:
    """Let text stand where a number may: it may be the name of a size, or what is computed of such."""
    if schema.get("type") in ("integer", "number"):
        schema["type"] = [schema["type"], "string"]
    for inner in (*schema.get("anyOf", ()), *schema.get("prefixItems", ()), schema.get("items")):
        if isinstance(inner, dict):
            _allow_sizes(inner)
