"""Symbols: values of which only dtype and shape are known. What a rule does with them is recorded as a graph.

A symbol stands for a node; operators between symbols, and functions of `xp`, become nodes, each with its type.
"""

from __future__ import annotations

from dataflow.tracing.recorder import Recorder
from dataflow.tracing.recording import Recording, record
from dataflow.tracing.symbols import Symbol, UntraceableError

__all__ = ["Recorder", "Recording", "Symbol", "UntraceableError", "record"]
