"""The standard operators: the Python Array API standard for real numbers, and special functions named as in SciPy."""

from __future__ import annotations

from importlib import import_module

from dataflow.hookspecs import hookimpl
from dataflow.operators import Operator

__version__ = "0.1.0"

MODULES = (
    "elementwise", "functions", "logic", "selection", "reductions", "scans", "differences",
    "statistics", "sorting", "linalg", "solvers", "determinants", "products", "einsum", "norms", "decompositions", "shaping", "windows",
    "creation", "indexing", "scatter", "interpolation", "special", "gamma", "bessel",
)  # fmt: skip


@hookimpl
def dataflow_operators() -> list[Operator]:
    """The operators of this plugin."""
    return [item for name in MODULES for item in import_module(f"{__name__}.{name}").operators()]
