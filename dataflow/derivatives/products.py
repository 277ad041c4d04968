"""What is asked of derivatives, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    from dataflow.graph import Derivative, Graph
    from dataflow.registry import Operators

    Array = np.ndarray[Any, Any]


class SparseBlock(NamedTuple):
    """A matrix of which only the elements that may differ from 0 are held, sorted by row, then by column."""

    shape: tuple[int, int]
    rows: Array
    columns: Array
    values: Array


class Product(NamedTuple):
    """One derivative product.

    kind:   gradient, vjp, jvp, jacobian, hvp or hessian.
    of, wrt: the values that were differentiated, and those with respect to which.
    mode:   how it was computed, ``"forward"`` or ``"reverse"`` (for a Hessian or hvp: forward over reverse).
    sweeps: how many sweeps it took.
    blocks: arrays, or `SparseBlock`; by (output, input) for a Jacobian, (input, input) for a Hessian, ("", input) for
            gradient, vjp and hvp, (output, "") for jvp. A block of a Jacobian has the shape of the output followed by
            that of the input.
    """

    kind: str
    of: tuple[str, ...]
    wrt: tuple[str, ...]
    mode: str
    sweeps: int
    blocks: Mapping[tuple[str, str], Array | SparseBlock]


def compute_derivatives(
    graph: Graph, operators: Operators, values: Mapping[str, Any], asked: Mapping[str, Derivative]
) -> dict[str, Product]:
    """Every derivative that is asked for, by name, at the given values (arrays or numbers, by name)."""
    return {}
