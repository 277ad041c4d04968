"""Jacobians and Hessians from sweeps: a column or a row for each, or, where columns share no row, many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.derivatives.colouring import colour_columns
from dataflow.derivatives.sparsity import count_elements
from dataflow.errors import Diagnostic, ResourceError
from dataflow.memory import find_memory, show_bytes

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Array = np.ndarray[Any, Any]
Shapes = Mapping[str, tuple[int, ...]]  # by name, one value after the other


class SparseBlock(NamedTuple):
    """A matrix of which only the elements that may differ from 0 are held, sorted by row, then by column."""

    shape: tuple[int, int]
    rows: Array
    columns: Array
    values: Array

    def to_dense(self) -> Array:
        """The whole matrix.

        >>> SparseBlock((1, 2), np.array([0]), np.array([1]), np.array([5.0])).to_dense()
        array([[0., 5.]])
        """
        whole = np.zeros(self.shape, self.values.dtype)
        whole[self.rows, self.columns] = self.values
        return whole


class Sweeper(NamedTuple):
    """How a matrix is swept: `run` gives, for seeds by name, the results by name (None: all zeros).

    seeds, results: their shapes; a sweep from the columns (forward) has the inputs as seeds and the outputs as
    results, one from the rows (reverse) the other way round.
    """

    run: Callable[[dict[str, Array]], Sequence[Any]]
    seeds: Shapes
    results: Shapes
    dtypes: Mapping[str, str]


def _offsets(shapes: Shapes) -> dict[str, int]:
    found, start = {}, 0
    for name, shape in shapes.items():
        found[name] = start
        start += count_elements(shape)
    return found


def _sweep(sweeper: Sweeper, seed: Array) -> Array:
    """All results one after another, for all seeds one after another."""
    parts, start = {}, 0
    for name, shape in sweeper.seeds.items():
        size = count_elements(shape)
        parts[name] = seed[start : start + size].astype(sweeper.dtypes[name]).reshape(shape)
        start += size
    found = sweeper.run(parts)
    flat = [
        np.zeros(count_elements(shape)) if item is None else np.broadcast_to(item, shape).reshape(-1)
        for item, shape in zip(found, sweeper.results.values(), strict=True)
    ]
    return np.concatenate(flat) if flat else np.zeros(0)


def sweep_dense(sweeper: Sweeper, colours: Array | None = None, pattern: csr_array | None = None) -> tuple[Array, int]:
    """The whole matrix, a row for each seed element and a column for each result element; and how many sweeps it took.

    With `colours` (of seed elements) and the pattern (rows: results, columns: seeds) seeds of a colour go together.
    """
    size = sum(map(count_elements, sweeper.seeds.values()))
    if colours is None or pattern is None:
        whole = np.zeros((size, sum(map(count_elements, sweeper.results.values()))), _widest(sweeper))
        for place in range(size):
            seed = np.zeros(size)
            seed[place] = 1
            whole[place] = _sweep(sweeper, seed)
        return whole, size
    rows, columns, values = sweep_sparse(sweeper, colours, pattern)
    whole = np.zeros((size, pattern.shape[0]), _widest(sweeper))
    whole[columns, rows] = values
    return whole, count_colours(colours)


def _widest(sweeper: Sweeper) -> str:
    return (
        "float64" if "float64" in {sweeper.dtypes[name] for name in (*sweeper.seeds, *sweeper.results)} else "float32"
    )


def sweep_sparse(sweeper: Sweeper, colours: Array, pattern: csr_array) -> tuple[Array, Array, Array]:
    """Rows (results), columns (seeds) and values of the elements of a pattern, a sweep for each colour of columns."""
    rows = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    columns = pattern.indices
    values = np.zeros(len(columns), _widest(sweeper))
    of = colours[columns]
    for shade in range(count_colours(colours)):
        found = _sweep(sweeper, (colours == shade).astype(float))
        chosen = np.flatnonzero(of == shade)
        values[chosen] = found[rows[chosen]]
    return rows, columns, values


def colour(pattern: csr_array) -> tuple[Array, Array, csr_array]:
    """Colours of the columns and of the rows of a pattern, and the pattern turned over."""
    turned = pattern.T.tocsr()
    return (
        colour_columns(pattern.indptr, pattern.indices, pattern.shape[1]),
        colour_columns(turned.indptr, turned.indices, pattern.shape[0]),
        turned,
    )


def cut_dense(whole: Array, outputs: Shapes, inputs: Shapes) -> Iterator[tuple[tuple[str, str], Array]]:
    """The blocks of a matrix, each of the shape of the output followed by that of the input."""
    rows, columns = _offsets(outputs), _offsets(inputs)
    for out, height in outputs.items():
        for name, width in inputs.items():
            part = whole[
                rows[out] : rows[out] + count_elements(height), columns[name] : columns[name] + count_elements(width)
            ]
            yield (out, name), np.ascontiguousarray(part).reshape(height + width)


def cut_sparse(
    rows: Array, columns: Array, values: Array, outputs: Shapes, inputs: Shapes
) -> Iterator[tuple[tuple[str, str], SparseBlock]]:
    """The blocks of a sparse matrix, each a matrix of the elements of the output and those of the input."""
    order = np.lexsort((columns, rows))
    rows, columns, values = rows[order], columns[order], values[order]
    tops, lefts = _offsets(outputs), _offsets(inputs)
    for out, height in outputs.items():
        for name, width in inputs.items():
            tall, wide = count_elements(height), count_elements(width)
            inside = (
                (rows >= tops[out])
                & (rows < tops[out] + tall)
                & (columns >= lefts[name])
                & (columns < lefts[name] + wide)
            )
            yield (
                (out, name),
                SparseBlock((tall, wide), rows[inside] - tops[out], columns[inside] - lefts[name], values[inside]),
            )


LARGE = 1_000_000  # elements of a matrix that is given as a sparse one, if it is sparse
SPARSE = 10  # times as many elements as may differ from 0


class Structure(NamedTuple):
    """How a matrix is swept and given.

    pattern: which elements may differ from 0, rows: results, columns: seeds of a sweep; None: all.
    colours: of the seeds; those of a colour go together.
    turned:  whether the rows of the matrix are the seeds, as in a reverse sweep.
    sparse:  whether the matrix is given as a sparse one.
    """

    pattern: csr_array | None = None
    colours: Array | None = None
    turned: bool = False
    sparse: bool = False

    @classmethod
    def choose(
        cls, pattern: csr_array | None, outputs: Shapes, inputs: Shapes,
        *, sparse: bool | None, both: bool, name: str, kind: str,
    ) -> Structure:  # fmt: skip
        """The cheaper side, if there are `both`, and the form that was asked for, or that the size asks for.

        Raises `ResourceError` for a matrix that fits into no memory in that form.
        """
        height, width = (sum(map(count_elements, shapes.values())) for shapes in (outputs, inputs))
        elements = height * width
        entries = elements if pattern is None else int(pattern.nnz)
        chosen = (elements > LARGE and entries * SPARSE <= elements) if sparse is None else sparse
        chosen = chosen and pattern is not None
        if (needed := 24 * entries if chosen else 16 * elements) > find_memory():
            raise ResourceError(_describe_size(name, kind, (height, width, entries), needed))
        if pattern is None:
            return cls(turned=both and height < width)
        columns, rows, other = colour(pattern)
        if both and count_colours(rows) < count_colours(columns):
            return cls(other, rows, turned=True, sparse=chosen)
        return cls(pattern, columns, sparse=chosen)


def count_colours(colours: Array) -> int:
    """How many colours there are.

    >>> count_colours(np.array([0, 1, 0]))
    2
    """
    return int(colours.max(initial=-1)) + 1


def _describe_size(name: str, kind: str, counts: tuple[int, int, int], needed: int) -> Diagnostic:
    height, width, entries = counts
    message = (
        f"`{name}`, a {kind} of {height} x {width} elements, {entries} of which may differ from 0, needs "
        f"{show_bytes(needed)}, and this machine has {show_bytes(find_memory())}"
    )
    products = "hvp" if kind == "hessian" else "jvp, vjp"
    hint = f"ask for products with it in place of it ({products}), or for fewer `wrt`"
    if entries * SPARSE <= height * width:
        hint = "ask for it as a sparse matrix: `sparse: true`, `--sparse`"
    return Diagnostic("DF0607", message, hint=hint)


def make_matrix(
    sweeper: Sweeper, structure: Structure, outputs: Shapes, inputs: Shapes
) -> tuple[int, dict[tuple[str, str], Array | SparseBlock]]:
    """How many sweeps it took, and the blocks of a matrix."""
    pattern, colours, turned, sparse = structure
    if sparse and colours is not None and pattern is not None:
        rows, columns, found = sweep_sparse(sweeper, colours, pattern)
        rows, columns = (columns, rows) if turned else (rows, columns)
        return count_colours(colours), dict(cut_sparse(rows, columns, found, outputs, inputs))
    count = sum(map(count_elements, sweeper.seeds.values()))
    worth = colours is not None and count_colours(colours) < count
    whole, sweeps = sweep_dense(sweeper, colours if worth else None, pattern if worth else None)
    return sweeps, dict(cut_dense(whole if turned else whole.T, outputs, inputs))
