"""Symbols: values that remember how they were made. What a forward rule does with them is recorded as a graph.

`record` runs a forward rule on symbols in place of its inputs. A symbol carries its value and stands for a node;
operators between symbols, and functions of `xp`, become nodes, with the values that they have here.
"""

from __future__ import annotations

from dataflow.tracing.recorder import Recording, record
from dataflow.tracing.symbols import UntraceableError

__all__ = ["Recording", "UntraceableError", "record"]
