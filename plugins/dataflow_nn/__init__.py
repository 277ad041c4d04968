"""Operators of neural networks and classification: activations and losses, exact where exponentials overflow."""

from __future__ import annotations

from dataflow.hookspecs import hookimpl
from dataflow.operators import Operator
from dataflow_nn import activations, losses

__version__ = "0.1.0"


@hookimpl
def dataflow_operators() -> list[Operator]:
    """The operators of this plugin."""
    return [*activations.operators(), *losses.operators()]
