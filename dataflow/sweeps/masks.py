"""The reverse sweep with masks: an element that was not taken has no cotangent, rather than a zero one.

``where(x > 0, log(x), 0)`` at x = 0 must not become 0 * inf. On arrays `xp.keep(condition, g)` puts zeros, and
only where a cotangent turns out NaN is the sweep repeated here. A mask travels back through elementwise
operators as it is, through those that only move or add elements by their own backward rule; where a value
is used more than once an element is taken if any use takes it; elsewhere "not taken" becomes zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from dataflow.sweeps.arrays import Array, ArraySweeps, Values, quiet, read_only, unbroadcast
from dataflow.sweeps.scalars import pair_cotangents

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


def reverse_with_masks(sweeps: ArraySweeps, values: Values, cotangents: Values) -> None:
    """Repeat the reverse sweep of `sweeps` from the seeds in `cotangents`, masks carried along."""
    masks: list[Array | None] = [None] * len(cotangents)
    xp = Library(sweeps.operators, MaskedArrays())
    with quiet():
        for step in reversed(sweeps.plan.steps):
            if not step.backward or all(cotangents[slot] is None for slot in step.out):
                continue
            inputs = sweeps.inputs_of(step, values)
            g, z = sweeps.gather(step, values, cotangents)
            taken = None if step.operator.outputs else masks[step.out[0]]
            for backward in step.backward:
                given = sweeps.call_rule(step, backward, xp, g, z, inputs)
                moved = None
                if step.operator.moves:
                    ones = _ones_where_taken(step, values, cotangents, masks)
                    moved = sweeps.call_rule(step, backward, xp, ones, z, inputs)
                pairs = pair_cotangents(backward, given)
                movers = pair_cotangents(backward, moved if moved is not None else given)
                for (slot, item), (_, mover) in zip(pairs, movers, strict=True):
                    if slot is not None and values[slot].dtype.kind == "f":
                        mask = _carry(step, item, taken, mover if moved is not None else None)
                        _add(sweeps, step, backward, slot, item, mask, z, values, cotangents, masks)


def _ones_where_taken(step: Step, values: Values, cotangents: Values, masks: list[Array | None]) -> Any:
    """A cotangent of ones where the outputs were taken: what moves it back says which inputs were."""
    ones = []
    for slot in step.out:
        value = np.asarray(values[slot])
        mask, absent = masks[slot], cotangents[slot] is None
        ones.append(
            np.zeros_like(value) if absent else np.ones_like(value) if mask is None else mask.astype(value.dtype)
        )
    return tuple(ones) if step.operator.outputs else ones[0]


def _carry(step: Step, item: Any, taken: Array | None, mover: Any) -> Array | None:
    """Where the cotangent that a rule gave was taken, before it is summed back; None: everywhere."""
    condition = np.asarray(item.taken, dtype=bool) if isinstance(item, Kept) else None
    if step.operator.broadcasts and taken is not None:
        return taken if condition is None else np.logical_and(taken, condition)
    if mover is not None:
        moved = np.asarray(mover.cotangent if isinstance(mover, Kept) else mover)
        return moved.astype(bool)
    return condition


def _add(
    sweeps: ArraySweeps, step: Step, backward: Backward, slot: int, item: Any, mask: Array | None, z: Any,
    values: Values, cotangents: Values, masks: list[Array | None],
) -> None:  # fmt: skip
    cotangent = item.cotangent if isinstance(item, Kept) else item
    shape = np.shape(values[slot])
    if mask is not None:
        cotangent = np.where(mask, cotangent, np.zeros((), np.asarray(cotangent).dtype))
        whole = np.shape(z[0] if isinstance(z, tuple) else z) if step.operator.broadcasts else shape
        full = np.broadcast_to(mask, np.broadcast_shapes(mask.shape, whole))
        mask = np.asarray(unbroadcast(full.astype(np.int64), shape) != 0) if full.shape != shape else full
    cotangent = sweeps.fit(step, backward, cotangent, z, values[slot])
    if cotangents[slot] is None:
        cotangents[slot], masks[slot] = cotangent, mask
        return
    cotangents[slot] = read_only(cotangents[slot] + cotangent)
    before = masks[slot]
    masks[slot] = None if mask is None or before is None else before | mask
