"""The reverse sweep with masks: an element that was not taken has no cotangent, rather than a zero one.

``where(x > 0, log(x), 0)`` at x = 0 must not become 0 * inf. On arrays `xp.keep(condition, g)` puts zeros, and
only where a cotangent turns out NaN is the sweep repeated here. A mask travels back through elementwise
operators as it is, through those that only move or add elements by their own backward rule; where a value
is used more than once an element is taken if any use takes it; elsewhere "not taken" becomes zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from dataflow.sweeps.arrays import Array, ArraySweeps, Values, full_shape, quiet, read_only, unbroadcast
from dataflow.sweeps.traced import TracedRule

if TYPE_CHECKING:
    from dataflow.sweeps.plan import Backward, Step


class Kept(NamedTuple):
    """What `keep` gives here: the cotangent, zero where nothing was taken, and where it was."""

    cotangent: Any
    taken: Any


class MaskedArrays:
    """NumPy arrays whose `keep` remembers its condition."""

    kind = "numpy"

    def find(self, name: str) -> Callable[..., Any] | None:
        """The function of that name; `keep` is the one that remembers."""
        return _keep if name == "keep" else numpy_arrays.find(name)


def _keep(condition: Any, g: Any) -> Kept:
    return Kept(numpy_arrays.keep(condition, g), condition)


Masks = list[Array | None]  # by slot: where the cotangent was taken; None: everywhere


def reverse_with_masks(sweeps: ArraySweeps, values: Values, cotangents: Values, masks: Masks | None = None) -> None:
    """Repeat the reverse sweep of `sweeps` from the seeds in `cotangents`, masks carried along.

    `masks` may say where the seeds were taken, and is filled in.
    """
    masks = [None] * len(cotangents) if masks is None else masks
    xp = Library(sweeps.operators, MaskedArrays())
    with quiet():
        for step, g, z, inputs in sweeps.walk_back(values, cotangents):
            taken = None if step.operator.outputs else masks[step.out[0]]
            ones = _ones_where_taken(step, values, cotangents, masks) if step.operator.moves else None
            for backward in step.backward:
                if isinstance(backward.rule, TracedRule):
                    above = [_nowhere(values[out]) if cotangents[out] is None else masks[out] for out in step.out]
                    for slot, cotangent, mask in _trace_back(step, backward, backward.rule, xp, (g, above), inputs):
                        _add(slot, sweeps.fit(step, backward, cotangent, z, values[slot]), mask, cotangents, masks)
                    continue
                given = sweeps.call_rule(step, backward, xp, g, z, inputs)
                moved = given if ones is None else sweeps.call_rule(step, backward, xp, ones, z, inputs)
                pairs = zip(sweeps.pair(backward, given, values), sweeps.pair(backward, moved, values), strict=True)
                for (slot, item), (_, mover) in pairs:
                    cotangent, condition = item if isinstance(item, Kept) else (item, None)
                    mask = _carry(step, condition, taken, None if ones is None else mover)
                    if mask is not None:
                        cotangent = np.where(mask, cotangent, np.zeros((), np.asarray(cotangent).dtype))
                        mask = _fit_mask(mask, full_shape(step, z, values[slot].shape), values[slot].shape)
                    _add(slot, sweeps.fit(step, backward, cotangent, z, values[slot]), mask, cotangents, masks)


def _trace_back(
    step: Step, backward: Backward, rule: TracedRule, xp: Library, above: tuple[Any, Masks], inputs: list[Any]
) -> Iterator[tuple[int, Any, Array | None]]:
    """The cotangents and masks of the operands of a step whose rule is traced: masks are carried through it too."""
    g, masks = above
    trace = rule.trace(xp, g, inputs, step.attributes)
    assert isinstance(trace.sweeps, ArraySweeps)
    inner: Masks = [None] * len(trace.cotangents)
    for index, mask in zip(trace.outputs, masks, strict=True):
        inner[index] = mask if trace.outputs.count(index) == 1 else None
    reverse_with_masks(trace.sweeps, trace.values, trace.cotangents, inner)
    for slot, place in zip(backward.slots, trace.inputs, strict=True):
        if slot is not None and place is not None:
            value, found = trace.values[place], trace.cotangents[place]
            if found is None:
                yield slot, np.zeros_like(value), _nowhere(value)
            else:
                yield slot, found, inner[place]


def _nowhere(value: Any) -> Array:
    """The mask of a value of which nothing was taken."""
    return np.zeros(np.shape(value), bool)


def _ones_where_taken(step: Step, values: Values, cotangents: Values, masks: Masks) -> Any:
    """A cotangent of ones where the outputs were taken: what moves it back says which inputs were."""
    ones = []
    for slot in step.out:
        value, mask = np.asarray(values[slot]), masks[slot]
        if cotangents[slot] is None:
            ones.append(np.zeros_like(value))
        else:
            ones.append(np.ones_like(value) if mask is None else mask.astype(value.dtype))
    return tuple(ones) if step.operator.outputs else ones[0]


def _carry(step: Step, condition: Any, taken: Array | None, mover: Any) -> Array | None:
    """Where the cotangent that a rule gave was taken, before it is summed back; None: everywhere.

    `condition` is what the rule kept by, `taken` the mask of the output, `mover` what the rule made of its ones.
    """
    if condition is not None:
        condition = np.asarray(condition, dtype=bool)
    if step.operator.broadcasts and taken is not None:
        return taken if condition is None else np.logical_and(taken, condition)
    if mover is not None:
        return np.asarray(mover.cotangent if isinstance(mover, Kept) else mover).astype(bool)
    return condition  # type: ignore[no-any-return]


def _fit_mask(mask: Array, full: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """A mask with the shape of its value: an element that was broadcast is taken if any of its copies is."""
    whole = np.broadcast_to(mask, np.broadcast_shapes(mask.shape, full))
    return whole if whole.shape == shape else np.asarray(unbroadcast(whole.astype(np.int64), shape) != 0)


def _add(slot: int, cotangent: Any, mask: Array | None, cotangents: Values, masks: Masks) -> None:
    """Add up at fan-out: an element is taken if any use takes it."""
    if cotangents[slot] is None:
        cotangents[slot], masks[slot] = cotangent, mask
        return
    before = masks[slot]
    cotangents[slot] = read_only(cotangents[slot] + cotangent)
    masks[slot] = None if mask is None or before is None else before | mask
