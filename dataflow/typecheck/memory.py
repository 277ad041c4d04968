"""How much memory the values of a graph take at least, so that one that fits nowhere is refused before it runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from dataflow.errors import Diagnostic
from dataflow.graph import Graph, owner_of
from dataflow.memory import find_memory, show_bytes
from dataflow.shapes import ArrayType
from dataflow.sizes import product_of

if TYPE_CHECKING:
    from dataflow.operators import Operator

BYTES = {"float64": 8, "int64": 8, "uint64": 8, "float32": 4, "int32": 4, "uint32": 4, "int16": 2, "uint16": 2}


def count_bytes(type: ArrayType) -> int | None:
    """The bytes of a value of this type; None where a size is symbolic.

    >>> count_bytes(ArrayType("float32", (1000, 10)))
    40000
    """
    elements = product_of(type.shape)
    return elements * BYTES.get(type.dtype, 1) if isinstance(elements, int) else None


def check_memory(
    graph: Graph,
    operators: Mapping[str, Operator],
    types: Mapping[str, ArrayType],
    among: Collection[str] | None = None,
) -> Diagnostic | None:
    """The problem of a graph whose values need more memory than there is; None if they may fit.

    What an operator only moves is not counted: it may be another view of the same memory. `among`: the nodes that are
    computed, if these are not all.

    >>> from dataflow.graph import Node
    >>> from dataflow.registry import standard
    >>> graph = Graph(inputs={"x": 1}, nodes={"y": Node("exp", ("x",))})
    >>> check_memory(graph, standard(), {"y": ArrayType("float64", (10**15,))}).message.partition(",")[0]
    '`y` (float64[1000000000000000]) needs 8 PB'
    """
    total, largest, owner = 0, 0, ""
    for name, node in graph.nodes.items():
        if operators[node.op].moves or (among is not None and name not in among):
            continue
        for output in node.outputs or (name,):
            size = count_bytes(types[output]) if output in types else None
            if size:
                total += size
                if size > largest:
                    largest, owner = size, output
    available = find_memory()
    if total <= available:
        return None
    message = f"`{owner_of(owner)}` ({types[owner]}) needs {show_bytes(largest)}"
    if total > 1.1 * largest:
        message += f", all values together at least {show_bytes(total)}"
    message += f", and this machine has {show_bytes(available)} of memory"
    hint = "reduce a size, or compute less with --only"
    return Diagnostic("DF0607", message, graph.path_of(owner), node=owner_of(owner), hint=hint)
