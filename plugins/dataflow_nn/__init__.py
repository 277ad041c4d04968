"""Operators of neural networks and classification: activations, losses, layers, exact where exponentials overflow."""

from __future__ import annotations

from importlib import import_module

from dataflow.hookspecs import hookimpl
from dataflow.operators import Operator

__version__ = "0.1.0"

MODULES = (
    "activations", "rectifiers", "softmaxes", "losses", "divergences", "linear", "convolution", "pooling",
    "normalization", "attention", "recurrent",
)  # fmt: skip


@hookimpl
def dataflow_operators() -> list[Operator]:
    """The operators of this plugin."""
    return [item for name in MODULES for item in import_module(f"{__name__}.{name}").operators()]
