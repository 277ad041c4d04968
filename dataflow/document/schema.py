"""Does a tree have the structure of a graph? The schema decides, and every problem is explained as a diagnostic."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from dataflow.document.reader import Tree
from dataflow.document.scalars import describe, shorten
from dataflow.errors import KEY, Diagnostic, Path, suggest

RESERVED = frozenset({"functions", "fit"})
SECTIONS = frozenset({"inputs", "parameters", "nodes", "derivatives", "requires"})  # whose entries users name

_KINDS = {
    "number": "a number",
    "integer": "a whole number",
    "string": "text",
    "boolean": "`true` or `false`",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def schema_path(name: str) -> str:
    """Where a schema file is: in the installed package, or else in the checkout that the package stands in.

    >>> os.path.basename(schema_path("graph"))
    'graph.schema.json'
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders = (os.path.join(package, "schemas"), os.path.join(os.path.dirname(package), "schemas"))
    return os.path.join(folders[not os.path.isdir(folders[0])], f"{name}.schema.json")


def check_structure(tree: Tree) -> list[Diagnostic]:
    """Every place where a tree is not what the schema of graphs asks for; empty if there is none.

    Each diagnostic has the path of the entry; one that ends with KEY means the key of the entry.

    >>> [problem.message for problem in check_structure({"dataflow": 1, "node": {"u": "a * b"}})]
    ['unknown key `node`']
    """
    import jsonschema_rs  # 20 ms

    with open(schema_path("graph"), "rb") as stream:
        schema = jsonschema_rs.validator_for(stream.read().decode())
    if schema.is_valid(tree):
        return []
    refused = [(tuple(error.instance_path), error.message) for error in schema.iter_errors(tree)]
    found = list(explain(tree, [path for path, _ in refused]))
    # The two validators ought to agree. If they do not, what one refuses is not let through.
    return found or [Diagnostic("DF0257", f"the structure is wrong: {message}", path) for path, message in refused]


def explain(tree: Tree, paths: Iterable[Path]) -> Iterator[Diagnostic]:
    """What is wrong with the entries in which the paths are, in full sentences."""
    import json

    import jsonschema  # 100 ms that only a wrong graph pays

    with open(schema_path("graph"), encoding="utf-8") as stream:
        validator = jsonschema.Draft202012Validator(json.load(stream))
    seen: set[tuple[str, Path]] = set()
    for error in validator.iter_errors(_keep_entries(tree, {path[:2] for path in paths})):
        for problem in _explain_error(error):
            if (problem.code, problem.path) not in seen:
                seen.add((problem.code, problem.path))
                yield problem


def _keep_entries(tree: Tree, wanted: set[Path]) -> Tree:
    """The tree without the entries that are in order: jsonschema takes 35 us for each."""
    return {
        key: {name: entry for name, entry in value.items() if (key, name) in wanted}
        if key in SECTIONS and isinstance(value, dict)
        else value
        for key, value in tree.items()
    }


def _explain_error(error: Any) -> Iterator[Diagnostic]:
    path: Path = tuple(error.absolute_path)
    instance, given = error.instance, error.validator_value
    node = str(path[1]) if path[:1] == ("nodes",) and len(path) > 1 else None
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        for key in instance:
            if key not in known:
                yield _explain_unknown(key, path, known)._replace(node=node)
    elif error.validator == "required":
        for key in given:
            if key not in instance:
                place = (*path, KEY) if path else ()
                hint = f"write `{key}: ...`, or an expression alone" if path else "begin the file with `dataflow: 1`"
                yield Diagnostic("DF0251", f"{_name(path)} has no `{key}`", place, node=node, hint=hint)
    elif error.validator == "type":
        yield _explain_type(instance, path, [given] if isinstance(given, str) else given)._replace(node=node)
    elif error.validator == "enum":
        yield _explain_choice(instance, path, given)
    elif error.validator == "minItems":
        yield Diagnostic("DF0256", f"{_name(path)} is empty", path, node=node, expected="at least one element")
    else:
        yield Diagnostic("DF0257", f"the structure is wrong: {error.message}", path, node=node)


def _explain_unknown(key: str, path: Path, known: list[str]) -> Diagnostic:
    place, shown = (*path, key, KEY), shorten(key)
    if not path and key in RESERVED:
        hint = "remove it: this version of dataflow does not read it"
        return Diagnostic("DF0255", f"`{key}` is a name kept for a later version of the format", place, hint=hint)
    meant = suggest(key, known)
    if meant is not None:
        hint = f"did you mean `{meant}`?"
    elif not path:
        hint = "values to compute stand under `nodes:`, values given from outside under `inputs:`"
    elif "(" in key or ")" in key:
        hint = "inside {...} an expression that contains a comma must be quoted"
    elif path[0] == "nodes":
        hint = "fixed arguments of the operator stand under `attributes:`"
    else:
        hint = "remove it, or put it into a comment"
    message = f"unknown key `{shown}`" + (f" in {_name(path)}" if path else "")
    return Diagnostic("DF0250", message, place, expected=f"one of {', '.join(known)}", hint=hint)


def _explain_type(instance: Any, path: Path, kinds: list[str]) -> Diagnostic:
    words = [_KINDS[kind] for kind in kinds]
    expected = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
    hint = _hint_type(instance, path, kinds)
    # An entry without a value has no place of its own: its key is what can be shown.
    place = (*path, KEY) if instance is None and path and isinstance(path[-1], str) else path
    return Diagnostic("DF0252", f"{_name(path)} is {describe(instance)}", place, expected=expected, hint=hint)


def _hint_type(instance: Any, path: Path, kinds: list[str]) -> str | None:
    section, collection = path[0] if path else None, isinstance(instance, list | dict)
    if instance is None and ")" in str(path[-1]):
        return "inside {...} an expression that contains a comma must be quoted"
    if kinds == ["object"] and len(path) == 1:
        return "leave it out if it is empty" if instance is None else "its entries are `name: value`, without dashes"
    if section == "nodes" and len(path) == 2:
        return "write an expression, or {op: ..., inputs: [...]}"
    if section == "derivatives" and len(path) == 2:
        return "write its kind and what is differentiated, such as {jacobian: [y, z], wrt: x}"
    if section == "nodes" and path[2:3] == ("inputs",) and collection:
        return "give it a node of its own, and write that node's name here"
    if "source" not in path and section in ("inputs", "parameters") and instance is None:
        return "write its value, or `source:` with a data file"
    if kinds == ["string"] and not collection and instance is not None:
        return f'in quotes it is text: "{str(instance).lower() if isinstance(instance, bool) else instance}"'
    return None


def _explain_choice(instance: Any, path: Path, choices: list[Any]) -> Diagnostic:
    if path == ("dataflow",):
        message = f"{describe(instance)} is no version of the format that this dataflow reads"
        return Diagnostic("DF0254", message, path, expected="1", hint="write `dataflow: 1`, or install a newer one")
    meant = suggest(instance, choices) if isinstance(instance, str) else None
    hint = f"did you mean `{meant}`?" if meant else None
    expected = f"one of {', '.join(map(str, choices))}"
    return Diagnostic("DF0253", f"{_name(path)} is {describe(instance)}", path, expected=expected, hint=hint)


def _name(path: Path) -> str:
    """An entry in words: ``the graph``, or its names with dots between.

    >>> _name(("nodes", "u", "inputs", 0))
    '`nodes.u.inputs[0]`'
    """
    steps = (f"[{step}]" if isinstance(step, int) else f".{shorten(step)}" for step in path)
    return f"`{''.join(steps).removeprefix('.')}`" if path else "the graph"
