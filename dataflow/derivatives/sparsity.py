"""Which elements of a Jacobian may differ from 0, read off the graph: no element that does is missing.

For every value on the way a boolean matrix says on which elements of the inputs each of its elements may depend.
Elementwise operators pass rows on, what only moves elements moves them, reductions unite them along their axes, and
matrix products along the axis that they sum over; of any other operator every output may depend on every input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from dataflow.arrays import numpy_arrays
from dataflow.derivation.reverse import list_passing
from dataflow.library import Library
from dataflow.shapes import FLOATS, ArrayType, list_axes
from dataflow.sweeps.arrays import quiet
from dataflow.tracing import record

if TYPE_CHECKING:
    from dataflow.graph import Node
    from dataflow.operators import Operator


Array = np.ndarray[Any, Any]
Pattern = Any  # a scipy.sparse.csr_array of booleans; rows: the elements of a value, columns: those of the inputs
MAX_ENTRIES = 20_000_000  # of a pattern: beyond it a matrix is not called sparse


class DenseError(Exception):
    """A pattern has so many entries that the matrix is dense for all purposes."""


ALONG_AXIS = frozenset({  # each output along `axis` may depend on each input along it, and on no other
    "softmax", "log_softmax", "cumulative_sum", "cumulative_prod", "cumulative_max", "cumulative_min",
    "log_cumulative_sum_exp", "sort",
})  # fmt: skip


class Patterns:
    """The patterns of the values of a tape, in the elements of some of its given values one after another.

    nodes, types: of a tape, by name, each node after those it needs.
    patterns:     of the given values, as `mark_inputs` makes them; `total` is how many columns they have.
    values:       what operators ask for besides shapes, such as indices: a function that gives a value by its name.
    """

    def __init__(
        self, nodes: dict[str, Node], types: Mapping[str, ArrayType], operators: Mapping[str, Operator],
        patterns: Mapping[str, Pattern], total: int, values: Callable[[str], Any],
    ) -> None:  # fmt: skip
        self.nodes = nodes
        self.types = types
        self.operators = operators
        self.patterns = dict(patterns)
        self.total = total
        self.values = values
        self._xp = Library(operators, numpy_arrays)

    def find(self, names: Sequence[str]) -> list[Pattern]:
        """The patterns of some values. Raises `DenseError` for one that is not sparse."""
        makers = {out: name for name, node in self.nodes.items() for out in node.outputs}
        needed = {makers.get(name, name) for name in names}
        for name in reversed(self.nodes):
            if name in needed:
                node = self.nodes[name]
                needed.update(makers.get(item, item) for item in list_passing(self.operators[node.op], node))
        for name, node in self.nodes.items():
            if name in needed and not all(out in self.patterns for out in node.outputs or (name,)):
                self._pass_on(name, node)
        return [self.patterns[name] if name in self.patterns else self._empty(name) for name in names]

    def _empty(self, name: str) -> Pattern:
        return _make_empty(count_elements(self.types[name].shape), self.total)

    def _pass_on(self, name: str, node: Node) -> None:
        operator = self.operators[node.op]
        known = {
            index: self.patterns[item] for index, item in enumerate(node.inputs)
            if isinstance(item, str) and item in self.patterns and item in list_passing(operator, node)
        }  # fmt: skip
        if not known:
            return
        outputs = node.outputs or (name,)
        shapes = [_shape(self.types[out].shape) for out in outputs]
        for out, pattern in zip(outputs, self._infer(node, operator, known, shapes), strict=True):
            if self.types[out].dtype in FLOATS:
                _limit(pattern.nnz)
                self.patterns[out] = pattern

    def _infer(
        self, node: Node, operator: Operator, known: Mapping[int, Pattern], shapes: list[tuple[int, ...]]
    ) -> Sequence[Pattern]:
        if operator.broadcasts and not node.outputs:
            return [_unite([_spread(part, self.shape_of(node, index), shapes[0]) for index, part in known.items()])]
        if operator.name in RULES and len(known) >= 1:
            found = RULES[operator.name](self, node, known, shapes[0])
            if found is not None:
                return [found]
        if operator.name in ALONG_AXIS or operator.shape == "dataflow.shapes:shape_reduction":
            return [self._reduce(node, operator, known, shapes[0])]
        if operator.moves and len(shapes) == 1 and (found := self._move(node, operator, known, shapes[0])) is not None:
            return [found]
        if operator.kernels is None:
            return self._follow(node, operator, known)
        return [self._mix(known, shape) for shape in shapes]

    def shape_of(self, node: Node, index: int) -> tuple[int, ...]:
        """The shape of an operand."""
        return _shape(self.types[str(node.inputs[index])].shape)

    def _reduce(self, node: Node, operator: Operator, known: Mapping[int, Pattern], shape: tuple[int, ...]) -> Pattern:
        """Elements united along axes; along an axis that is kept each of its elements gets what all of them have."""
        (index, pattern), *_ = known.items()
        before = self.shape_of(node, index)
        attributes = operator.fill_attributes(node.attributes)
        axes = list_axes(attributes.get("axis"), len(before))
        united = unite_axes(pattern, before, axes)
        if operator.name not in ALONG_AXIS:
            return united
        kept = tuple(1 if place in axes else length for place, length in enumerate(before))
        return _spread(united, kept, shape)

    def _move(
        self, node: Node, operator: Operator, known: Mapping[int, Pattern], shape: tuple[int, ...]
    ) -> Pattern | None:
        """What an operator that only moves elements does to marks: twice with other marks, to tell them from sums."""
        rng = np.random.default_rng(5)
        found = []
        for _ in range(2):
            marks = {index: rng.integers(1, 2**40, size=self.shape_of(node, index)).astype(float) for index in known}
            inputs = [
                marks[index] if index in marks else np.zeros(self.shape_of(node, index)) if self._is_moved(node, index)
                else self.values(item) if isinstance(item, str) else item
                for index, item in enumerate(node.inputs)
            ]  # fmt: skip
            attributes = operator.fill_attributes(node.attributes)
            with quiet():
                moved = np.asarray(operator.forward(self._xp, *inputs, **attributes), float)
            found.append((marks, moved))
        return _read_marks(found, known)

    def _is_moved(self, node: Node, index: int) -> bool:
        """Whether an operand is one whose elements move, and not a mask or an index."""
        item = node.inputs[index]
        return isinstance(item, str) and self.types[item].dtype in FLOATS

    def _follow(self, node: Node, operator: Operator, known: Mapping[int, Pattern]) -> list[Pattern]:
        """Through the forward rule of a composite."""
        operands = [self.types[item] if isinstance(item, str) else item for item in node.inputs]
        operands += [None] * (len(operator.inputs) - len(operands) if not operator.variadic else 0)
        attributes = operator.fill_attributes(node.attributes)
        made = record(operator, self.operators, operands, attributes)
        given = {name: node.inputs[index] for index, name in enumerate(made.inputs) if isinstance(name, str)}
        marked = {name: known[index] for index, name in enumerate(made.inputs) if index in known}
        inner = Patterns(
            dict(made.graph.nodes), made.types, self.operators, marked, self.total,
            lambda name: self._value_within(name, given, made.constants),
        )  # fmt: skip
        return inner.find(made.outputs)

    def _value_within(self, name: str, given: Mapping[str, Any], constants: Mapping[str, Any]) -> Any:
        if name in constants:
            return constants[name]
        if name in given:
            return self.values(given[name])
        raise DenseError  # an index that is computed within

    def _mix(self, known: Mapping[int, Pattern], shape: tuple[int, ...]) -> Pattern:
        from scipy.sparse import csr_array

        columns = np.unique(np.concatenate([part.indices for part in known.values()]))
        size = count_elements(shape)
        _limit(size * len(columns))
        indptr = np.arange(size + 1) * len(columns)
        return csr_array((np.ones(size * len(columns), bool), np.tile(columns, size), indptr), shape=(size, self.total))


def count_elements(shape: Sequence[Any]) -> int:
    """How many elements a shape of known sizes has.

    >>> count_elements((2, 3))
    6
    """
    return prod(map(int, shape))


def mark_inputs(sizes: Mapping[str, int]) -> dict[str, Pattern]:
    """The patterns of given values, each element of which is a column of its own, one value after the other.

    >>> mark_inputs({"a": 1, "b": 2})["b"].toarray().astype(int)
    array([[0, 1, 0],
           [0, 0, 1]])
    """
    from scipy.sparse import csr_array

    found, start, total = {}, 0, sum(sizes.values())
    for name, size in sizes.items():
        places = np.arange(size)
        found[name] = csr_array((np.ones(size, bool), (places, places + start)), shape=(size, total))
        start += size
    return found


def _make_empty(size: int, total: int) -> Pattern:
    from scipy.sparse import csr_array

    return csr_array((size, total), dtype=bool)


def _shape(shape: Sequence[Any]) -> tuple[int, ...]:
    return tuple(map(int, shape))


def _spread(pattern: Pattern, before: tuple[int, ...], after: tuple[int, ...]) -> Pattern:
    """The pattern of a value that is broadcast."""
    if before == after:
        return pattern
    places = np.broadcast_to(np.arange(count_elements(before)).reshape(before), after).reshape(-1)
    _limit(int(np.diff(pattern.indptr)[places].sum()))
    return pattern[places]


def _limit(entries: int) -> None:
    """Raise `DenseError` for a pattern of so many entries."""
    if entries > MAX_ENTRIES:
        raise DenseError


def _unite(patterns: Sequence[Pattern]) -> Pattern:
    total = patterns[0]
    for part in patterns[1:]:
        total = total + part
    return total


def unite_axes(pattern: Pattern, shape: tuple[int, ...], axes: Sequence[int]) -> Pattern:
    """The pattern of a value that is summed over axes."""
    from scipy.sparse import csr_array

    kept = tuple(1 if place in axes else length for place, length in enumerate(shape))
    size = count_elements(kept)
    places = np.broadcast_to(np.arange(size).reshape(kept), shape).reshape(-1)
    count = len(places)
    gather = csr_array((np.ones(count, bool), (places, np.arange(count))), shape=(size, count))
    return gather @ pattern


def _read_marks(found: Sequence[tuple[Mapping[int, Array], Array]], known: Mapping[int, Pattern]) -> Pattern | None:
    """The pattern of what came out: each element one of the marks, or 0; None if some are neither."""
    from scipy.sparse import vstack

    stacked = vstack([*known.values()], format="csr")
    (marks, moved), (other_marks, other_moved) = found
    flat = np.concatenate([marks[index].reshape(-1) for index in known])
    other = np.concatenate([other_marks[index].reshape(-1) for index in known])
    if not flat.size:
        return _make_empty(moved.size, stacked.shape[1])
    order = np.argsort(flat)
    result = moved.reshape(-1)
    places = order[np.minimum(np.searchsorted(flat[order], result), flat.size - 1)]
    matched = (flat[places] == result) & (other[places] == other_moved.reshape(-1))
    if not np.all(matched | ((result == 0) & (other_moved.reshape(-1) == 0))):
        return None
    from scipy.sparse import csr_array

    kept = np.flatnonzero(matched)
    _limit(int(np.diff(stacked.indptr)[places[kept]].sum()))
    select = csr_array((np.ones(len(kept), bool), (kept, places[kept])), shape=(len(result), flat.size))
    return select @ stacked


def _matmul(patterns: Patterns, node: Node, known: Mapping[int, Any], shape: tuple[int, ...]) -> Any:
    """Row i of the result depends on row i of the first factor, column j on column j of the second."""
    parts = []
    for index, pattern in known.items():
        before = patterns.shape_of(node, index)
        last = len(before) - 1
        axis = last if index == 0 or last == 0 else last - 1
        united = unite_axes(pattern, before, (axis,))
        kept = list(before)
        kept[axis] = 1
        if last == 0:  # a vector: its axis is gone in the result
            kept = []
        elif len(patterns.shape_of(node, 1 - index)) == 1:
            del kept[axis]
        parts.append(_spread(united, tuple(kept), shape))
    return _unite(parts)


def _linear(patterns: Patterns, node: Node, known: Mapping[int, Any], shape: tuple[int, ...]) -> Any:
    """x @ weight.T + bias: the features of x are united, weight and bias go to the columns of the result."""
    parts = []
    for index, pattern in known.items():
        before = patterns.shape_of(node, index)
        if index == 2:
            parts.append(_spread(pattern, before, shape))
            continue
        united = unite_axes(pattern, before, (len(before) - 1,))
        parts.append(_spread(united, (*before[:-1], 1) if index == 0 else before[:1], shape))
    return _unite(parts)


RULES: Mapping[str, Callable[[Patterns, Any, Mapping[int, Any], tuple[int, ...]], Any]] = MappingProxyType(
    {"matmul": _matmul, "linear": _linear}
)
