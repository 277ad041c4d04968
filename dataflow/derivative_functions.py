"""Derivatives of a graph as functions of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.differentiation import find_asked_problems
from dataflow.entries import Derivative
from dataflow.errors import UsageError
from dataflow.execution import execute
from dataflow.graph import EMPTY

if TYPE_CHECKING:
    from dataflow.derivatives import Product
    from dataflow.graph import Graph
    from dataflow.registry import Operators


def derive(
    graph: Graph,
    kind: str,
    of: str | Iterable[str],
    *,
    wrt: str | Iterable[str] = (),
    along: Mapping[str, Any] = EMPTY,
    cotangent: Any = None,
    sparse: bool | None = None,
    operators: Operators | None = None,
    data_root: str | None = None,
) -> Callable[..., Product]:
    """A function of values of the inputs (a mapping by name, as `execute` takes them) that gives a derivative there.

    kind:      "gradient", "vjp", "jvp", "jacobian", "hvp" or "hessian".
    of, wrt:   names of what is differentiated, and in what; everything differentiable, if not given.
    along:     of jvp and hvp: the direction, by name; the function takes another as `along=...`.
    cotangent: of vjp: the weights; the function takes others as `cotangent=...`.
    sparse:    whether a matrix holds only what may differ from 0; chosen by size, if not given.

    Raises `UsageError` for what cannot be derived; the function raises what `execute` does.

    >>> from dataflow.document import loads
    >>> graph = loads("{dataflow: 1, inputs: {x: 3, y: 2}, nodes: {z: x ** 2 * y}}")
    >>> slope = derive(graph, "jacobian", "z", wrt="x")
    >>> slope().blocks["z", "x"], slope({"x": 5}).blocks["z", "x"]
    (12.0, 20.0)
    """
    request = Derivative(kind, _list(of), _list(wrt), along, cotangent, sparse)
    if found := find_asked_problems(graph, {kind: request}, whole=False):
        raise UsageError(found)
    bare = graph.replace(target=None, derivatives=EMPTY)

    def differentiate(
        inputs: Mapping[str, Any] = EMPTY, *, along: Mapping[str, Any] | None = None, cotangent: Any = None
    ) -> Product:
        """The derivative at these values, along this direction, with this cotangent."""
        asked = request._replace(
            along=request.along if along is None else along,
            cotangent=request.cotangent if cotangent is None else cotangent,
        )
        result = execute(bare, inputs, only=(), derivatives={kind: asked}, operators=operators, data_root=data_root)
        return result.derivatives[kind]

    return differentiate


def _list(names: Any) -> Any:
    return tuple(names) if isinstance(names, Iterable) and not isinstance(names, str) else names
