"""What backward rules give: whether it fits what was asked for, and to which slot each part belongs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataflow.sweeps.plan import Backward


class GroupError(Exception):
    """A rule cannot be called with vectors of numbers: the graph has to be swept node by node."""


def find_misfit(backward: Backward, given: Any) -> str | None:
    """What is wrong with what a rule gave, as far as that is seen without a look at the cotangents themselves.

    >>> from dataflow.sweeps.plan import Backward
    >>> both = Backward(lambda *_: None, (0, 1), ("x", "y"), single=False)
    >>> find_misfit(both, {"x": 1.0, "y": 2.0}), find_misfit(both, {"x": 1.0})
    (None, 'gave no cotangent for `y`')
    """
    if backward.single:
        return None
    if isinstance(given, dict):
        if stray := sorted(map(str, given.keys() - set(backward.names))):
            return f"gave a cotangent for `{stray[0]}`, which is not an input"
        asked = {name for slot, name in zip(backward.slots, backward.names, strict=False) if slot is not None}
        lacking = sorted(asked - given.keys())
        return f"gave no cotangent for `{lacking[0]}`" if lacking else None
    if not isinstance(given, tuple | list) or len(given) != len(backward.slots):
        return f"must give one cotangent for each of {len(backward.slots)} inputs"
    return None


def pair_cotangents(backward: Backward, given: Any) -> Iterator[tuple[int | None, Any]]:
    """What a rule gave, without misfit, by the slot that it belongs to; None is the slot of what nobody asked for.

    >>> from dataflow.sweeps.plan import Backward
    >>> list(pair_cotangents(Backward(lambda *_: None, (4, None), (), single=False), (1.0, 2.0)))
    [(4, 1.0), (None, 2.0)]
    """
    if backward.single:
        yield backward.slots[0], given
    elif isinstance(given, dict):
        yield from ((slot, given.get(name)) for slot, name in zip(backward.slots, backward.names, strict=True))
    else:
        yield from zip(backward.slots, given, strict=True)
