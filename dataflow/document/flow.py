"""In flow style YAML ends a plain text at a comma: ``{y: max(a, 1)}`` holds `max(a` and an entry `1)` of nothing."""

from __future__ import annotations

from typing import Any

from dataflow.errors import Diagnostic


def join_cut_expressions(tree: dict[str, Any]) -> list[Diagnostic]:
    """A problem for every expression under `nodes` that was cut at its commas; its scattered parts are taken out.

    >>> tree = {"nodes": {"y": "where(a > 0", "a": None, "1)": None}}
    >>> [problem.hint for problem in join_cut_expressions(tree)], tree
    (['put it in quotes: y: "where(a > 0, a, 1)"'], {'nodes': {'y': 'where(a > 0, a, 1)'}})
    """
    nodes = tree.get("nodes")
    if not isinstance(nodes, dict) or None not in nodes.values():
        return []
    whole: dict[str, Any] = {}
    found: list[Diagnostic] = []
    parts: list[Any] = []  # the text with open brackets, and the names that follow it
    depth = 0
    for name, entry in nodes.items():
        if depth > 0 and entry is None:
            parts.append(name)
            depth += _open_brackets(name)
        else:
            owner, depth = name, _open_brackets(entry) if isinstance(entry, str) else 0
            whole[name], parts = entry, [entry]
        if len(parts) > 1 and depth <= 0:
            whole[owner] = ", ".join(parts)
            found.append(_explain_cut(owner, parts[0], whole[owner]))
            parts = []
    if found:
        tree["nodes"] = whole
    return found


def _explain_cut(owner: str, found: str, text: str) -> Diagnostic:
    message = f"the expression of `{owner}` is cut at its comma: inside {{...}} a comma ends an entry"
    hint = f'put it in quotes: {owner}: "{text}"'
    return Diagnostic("DF0307", message, ("nodes", owner), node=owner, found=found, hint=hint)


def _open_brackets(text: str) -> int:
    return sum(map(text.count, "([")) - sum(map(text.count, ")]"))
