"""Jacobians and Hessians from sweeps: a column or a row for each, or, where columns share no row, many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.derivatives.colouring import colour_columns
from dataflow.derivatives.sparsity import count_elements

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
    return whole, int(colours.max(initial=-1)) + 1


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
    for colour in range(int(colours.max(initial=-1)) + 1):
        found = _sweep(sweeper, (colours == colour).astype(float))
        chosen = np.flatnonzero(of == colour)
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
