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
    found: list[Diagnostic] = []
    whole: dict[str, Any] = {}
    owner = ""  # the entry whose brackets are open
    for name, entry in nodes.items():
        if entry is None and owner:
            whole[owner] += f", {name}"
        else:
            whole[name] = entry
            owner = name if isinstance(entry, str) else ""
            continue
        if not _open_brackets(whole[owner]):
            text = f'{owner}: "{whole[owner]}"'
            found.append(
                Diagnostic(
                    "DF0307",
                    f"the expression of `{owner}` is cut at its comma: inside {{...}} a comma ends an entry",
                    ("nodes", owner),
                    node=owner,
                    found=str(nodes[owner]),
                    hint=f"put it in quotes: {text}",
                )
            )
            owner = ""
    if found:
        tree["nodes"] = whole
    return found


def _open_brackets(text: str) -> int:
    return sum(text.count(bracket) for bracket in "([") - sum(text.count(bracket) for bracket in ")]")
