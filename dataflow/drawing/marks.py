"""How a drawing of an earlier run is known again, so that it and nothing else is replaced."""

from __future__ import annotations

MARK = "drawn by dataflow"
FENCE = "```"


def is_drawing(content: bytes) -> bool:
    r"""Whether a file with this content was drawn by dataflow, and nobody wrote anything around it.

    >>> is_drawing(b"// drawn by dataflow\ndigraph {"), is_drawing(b"digraph {"), is_drawing(b"")
    (True, False, False)
    >>> block = b"```mermaid\n%% drawn by dataflow\nflowchart LR\n```\n"
    >>> is_drawing(block), is_drawing(block + b"Notes on it\n"), is_drawing(b"# Notes\n" + block)
    (True, False, False)
    """
    lines = content[:4096].decode("utf-8", "replace").split("\n", 2)
    if lines[0] == f"{FENCE}mermaid":
        return lines[1:2] == [f"%% {MARK}"] and content.endswith(f"\n{FENCE}\n".encode()) and content.count(b"```") == 2
    if lines[0].startswith("<svg "):
        return lines[1:2] == [f"<!-- {MARK} -->"]
    return lines[0] in (f"// {MARK}", f"%% {MARK}")
