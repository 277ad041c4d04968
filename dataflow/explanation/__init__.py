"""Why a gradient is what it is: the chain rule, step by step, in symbols and in numbers."""

from __future__ import annotations

from dataflow.explanation.builder import explain
from dataflow.explanation.steps import Explanation

__all__ = ["Explanation", "explain"]
