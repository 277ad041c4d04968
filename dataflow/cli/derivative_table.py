"""The derivatives of a result as text: small matrices whole, of larger ones their shape and a glimpse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.cli.reports import print_lines, print_table
from dataflow.cli.table import MAX_ELEMENTS, MAX_ROWS, describe

if TYPE_CHECKING:
    from dataflow.derivatives import Product
    from dataflow.graph import Graph
    from dataflow.result import Result

MATRICES = ("jacobian", "hessian")
WIDTH, HEIGHT = 8, 12  # columns and rows of a matrix that is shown whole

Rows = list[tuple[str, ...]]
Shape = tuple[int, ...]


def print_products(graph: Graph, result: Result, path: str) -> None:
    """Print each under a line that says what it is."""
    for name, product in result.derivatives.items():
        title = product.kind if name == product.kind else f"{name}: {product.kind}"
        of = ", ".join(product.of)
        sweeps = f"{product.sweeps} sweep{'s' * (product.sweeps != 1)}"
        print_lines("", f"{title} of {of} ({product.mode}, {sweeps})")
        rows = _lay_out(product, graph, result)
        print_table(rows[:MAX_ROWS], align="<" + ">" * (len(rows[0]) - 1))
        if len(rows) > MAX_ROWS:
            print_lines(f"... and {len(rows) - MAX_ROWS} more in {path}")
        if product.unreached:
            listed = ", ".join(product.unreached[:10]) + (", ..." if len(product.unreached) > 10 else "")
            verb = "does" if len(product.of) == 1 else "do"
            print_lines(f"{of} {verb} not depend on {listed}: the derivatives are 0")


def _lay_out(product: Product, graph: Graph, result: Result) -> Rows:
    if product.kind not in MATRICES:
        return [(first or second, describe(block)) for (first, second), block in product.blocks.items()]
    return _lay_out_matrix(product, graph, result) or [
        (f"{first}, {second}", *_glimpse(block)) for (first, second), block in product.blocks.items()
    ]


def _lay_out_matrix(product: Product, graph: Graph, result: Result) -> Rows | None:
    """A row for each element that is differentiated, a column for each in which it is; None if they are many."""
    above = product.of if product.kind == "jacobian" else product.wrt
    if any(hasattr(block, "columns") for block in product.blocks.values()):
        return None
    shapes = _find_shapes(product, graph, result)
    outputs, inputs = _label(above, shapes, HEIGHT), _label(product.wrt, shapes, WIDTH)
    if outputs is None or inputs is None:
        return None
    rows: Rows = [("", *(label for name in product.wrt for label in inputs[name]))]
    for output in above:
        cells = [list(_split(product.blocks[output, name], len(outputs[output]))) for name in product.wrt]
        for index, label in enumerate(outputs[output]):
            rows.append((label, *(cell for column in cells for cell in column[index])))
    return rows


def _find_shapes(product: Product, graph: Graph, result: Result) -> dict[str, Shape]:
    """The shapes of what is differentiated and of that in which, as far as the shapes of blocks tell them."""
    shapes: dict[str, Shape] = {}
    for (first, second), block in product.blocks.items():
        shape: Shape = getattr(block, "shape", ())
        if product.kind == "hessian":
            if first == second:
                shapes[first] = shape[: len(shape) // 2]
            continue
        above, below = (_find_rank(name, graph, result) for name in (first, second))
        split = len(shape) - below if below is not None else above if shape else 0
        if split is not None:
            shapes |= {first: shape[:split], second: shape[split:]}
    return shapes


def _find_rank(name: str, graph: Graph, result: Result) -> int | None:
    """How many axes a value has, if it is reported or the graph says it."""
    if name in result.types:
        return len(result.types[name][1])
    entry = graph.given.get(name)
    if entry is None or (entry.shape is None and entry.value is None):
        return None
    from dataflow.checks.inline import shape_of

    return len(shape_of(entry.value) if entry.shape is None else entry.shape)


def _label(names: Sequence[str], shapes: Mapping[str, Shape], most: int) -> dict[str, list[str]] | None:
    """Labels of all elements of some values, by name; None if they are too many, or a shape is not known.

    >>> _label(["w"], {"w": (2,)}, 8), _label(["w"], {"w": (2,)}, 1)
    ({'w': ['w[0]', 'w[1]']}, None)
    """
    from itertools import product
    from math import prod

    if any(name not in shapes for name in names) or sum(prod(shapes[name]) for name in names) > most:
        return None
    labels: dict[str, list[str]] = {}
    for name in names:
        places = product(*map(range, shapes[name]))
        labels[name] = [f"{name}[{', '.join(map(str, place))}]" for place in places] if shapes[name] else [name]
    return labels


def _split(block: Any, height: int) -> Iterator[list[str]]:
    """The elements of a block, described, row by row."""
    flat = block.reshape(-1).tolist() if hasattr(block, "reshape") else [block]
    width = len(flat) // max(height, 1)
    yield from ([describe(item) for item in flat[row * width : (row + 1) * width]] for row in range(height))


def _glimpse(block: Any) -> tuple[str, str]:
    """The first elements and the shape; and how many elements are not 0."""
    if not hasattr(block, "columns"):
        if not getattr(block, "shape", ()):
            return describe(block), ""
        return describe(block), f"{int((block != 0).sum())} of {block.size} not 0"
    height, width = block.shape
    found = zip(block.rows[:MAX_ELEMENTS], block.columns[:MAX_ELEMENTS], block.values[:MAX_ELEMENTS], strict=True)
    shown = ", ".join(f"[{row}, {column}] {describe(value.item())}" for row, column, value in found)
    more = ", ..." if len(block.values) > MAX_ELEMENTS else ""
    return f"{shown}{more} ({height} x {width}, sparse)", f"{len(block.values)} of {height * width} held"
