"""Cotangents as symbols, with where they were taken: what was not taken gets nothing, not 0 times infinity.

`xp.keep(condition, g)` leaves `g` as it is and remembers the condition. Through elementwise operators the condition
travels along; it becomes a `where` before a value is added to another, before a sum, and before what mixes elements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.order import find_needed
from dataflow.sizes import SymbolicSize, depends_on_values, product_of
from dataflow.tracing import Symbol

if TYPE_CHECKING:
    from dataflow.tracing import Recorder


class Cotangent(NamedTuple):
    """A cotangent; `mask` says where it was taken (None: everywhere), `settled` whether it is 0 elsewhere already."""

    value: Any
    mask: Any = None
    settled: bool = True


class Kept(NamedTuple):
    """What `keep` gives to a rule here."""

    value: Any
    condition: Any


class KeepingRecorder:
    """`xp` over symbols whose `keep` remembers its condition; all else is the recorder's."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._recorder, name)

    def keep(self, condition: Any, g: Any) -> Any:
        """The cotangent and its condition."""
        return Kept(g, condition)


def settle(xp: Recorder, cotangent: Cotangent) -> Any:
    """The cotangent itself, 0 where it was not taken."""
    value, mask, settled = cotangent
    if settled or mask is None:
        return value
    return xp.where(mask, value, 0)


def add(xp: Recorder, first: Cotangent | None, second: Cotangent) -> Cotangent:
    """Two cotangents of one value added up: an element is taken if either takes it. A zero adds nothing but that."""
    if first is None:
        return second
    mask = None if first.mask is None or second.mask is None else xp.logical_or(first.mask, second.mask)
    if _is_zero(xp, first) or _is_zero(xp, second):
        return Cotangent(settle(xp, second if _is_zero(xp, first) else first), mask)
    return Cotangent(settle(xp, first) + settle(xp, second), mask)


def _is_zero(xp: Recorder, cotangent: Cotangent) -> bool:
    """Whether a rule said that nothing comes back."""
    value = cotangent.value
    if not isinstance(value, Symbol):
        return bool(value == 0)
    node = xp.nodes.get(value.name)
    return node is not None and node.op == "zeros_like"


def fit(xp: Recorder, cotangent: Cotangent, value: Symbol, full: tuple[Any, ...]) -> Cotangent:
    """A cotangent with the shape and dtype of its value, summed back over the axes along which that was broadcast.

    `full` is the shape that the rule was to give. Raises `ValueError` for one that is neither.
    """
    shape = value.type.shape
    found, mask, settled = cotangent
    if xp.shape(found) != shape or not isinstance(found, Symbol):
        if full == shape:
            found = xp.broadcast_to(found, shape=shape) if shape and not may_be_same(xp.shape(found), shape) else found
        else:
            found = xp.broadcast_to(settle(xp, cotangent), shape=full)
            found = _sum_back(xp, found, shape)
            mask = None if mask is None else _any_back(xp, mask, full, shape)
            settled = True
    if isinstance(found, Symbol) and found.type.dtype != value.type.dtype:
        found = xp.astype(found, dtype=value.type.dtype)
    return Cotangent(found, mask, settled)


def may_be_same(found: tuple[Any, ...], shape: tuple[Any, ...]) -> bool:
    """Whether two shapes differ only in lengths that depend on data."""
    return len(found) == len(shape) and all(
        one == other or depends_on_values(one) or depends_on_values(other)
        for one, other in zip(found, shape, strict=True)
    )


def _stretched(found: tuple[Any, ...], shape: tuple[Any, ...]) -> tuple[int, ...]:
    lead = len(found) - len(shape)
    return tuple(axis for axis in range(len(found)) if axis < lead or (shape[axis - lead] == 1 and found[axis] != 1))


def _sum_back(xp: Recorder, value: Any, shape: tuple[Any, ...]) -> Any:
    found = xp.shape(value)
    if len(found) < len(shape):
        raise ValueError("the cotangent has too few axes")
    axes = _stretched(found, shape)
    return xp.reshape(xp.sum(value, axis=axes), shape=shape) if axes else value


def _any_back(xp: Recorder, mask: Any, full: tuple[Any, ...], shape: tuple[Any, ...]) -> Any:
    mask = xp.broadcast_to(mask, shape=full)
    return xp.reshape(xp.any(mask, axis=_stretched(full, shape)), shape=shape)


def join(xp: Recorder, first: Any, second: Any) -> Any:
    """The mask of what both take; None stands for everything."""
    if first is None or first is True:
        return None if second is True else second
    if second is None or second is True:
        return first
    return xp.logical_and(first, second)


TOTAL = frozenset({  # what moves elements and takes each of them: nothing is left out on the way back
    "broadcast_arrays", "broadcast_to", "concat", "cumulative_sum", "expand_dims", "flip", "matrix_transpose",
    "moveaxis", "permute_dims", "repeat", "reshape", "roll", "rot90", "split", "squeeze", "stack", "sum", "tile",
    "unstack",
})  # fmt: skip


MAX_FOLDED = 10**6  # elements of a mask that is looked at


def is_full(xp: Recorder, mask: Symbol) -> bool:
    """Whether a mask that rests on nothing but shapes takes every element. Where sizes are symbolic nobody knows."""
    needed = find_needed(xp.nodes, list(xp.nodes), {}, [mask.name])
    if any(name not in xp.nodes for name in needed):
        return False
    order = [name for name in xp.nodes if name in needed]
    if any(not _is_plain(xp, name) for name in order):
        return False
    return _evaluate(xp, order, mask.name)


def _is_plain(xp: Recorder, name: str) -> bool:
    """Whether a node has a known, moderate size, and one output."""
    node = xp.nodes[name]
    if node.outputs or any(isinstance(item, SymbolicSize) for item in node.inputs):
        return False
    elements = product_of(xp.types[name].shape)
    return isinstance(elements, int) and elements <= MAX_FOLDED


def _evaluate(xp: Recorder, order: list[str], name: str) -> bool:
    import numpy as np

    from dataflow.arrays import numpy_arrays
    from dataflow.library import Library
    from dataflow.sweeps.arrays import quiet

    library = Library(xp.operators, numpy_arrays)
    values: dict[Any, Any] = {}
    for item in order:
        node, operator = xp.nodes[item], xp.operators[xp.nodes[item].op]
        attributes = operator.fill_attributes(node.attributes)
        inputs = [values[each] if isinstance(each, str) else each for each in node.inputs]
        with quiet():
            values[item] = np.asarray(operator.forward(library, *inputs, **attributes))
    return bool(np.all(values[name]))
