"""The standard operators: the Python Array API standard for real numbers, and special functions named as in SciPy."""

from __future__ import annotations

from dataflow.hookspecs import hookimpl
from dataflow.operators import Operator
from dataflow_std import elementwise, functions, indexing, linalg, logic, reductions, shaping, special

__version__ = "0.1.0"


@hookimpl
def dataflow_operators() -> list[Operator]:
    """The operators of this plugin."""
    return [
        *elementwise.operators(), *functions.operators(), *logic.operators(), *reductions.operators(),
        *linalg.operators(), *shaping.operators(), *indexing.operators(), *special.operators(),
    ]  # fmt: skip
