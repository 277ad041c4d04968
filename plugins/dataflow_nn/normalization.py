"""To be written."""

from __future__ import annotations

from dataflow.operators import Operator


def operators() -> list[Operator]:
    """Every operator of this module."""
    return []
