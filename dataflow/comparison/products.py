"""How derivatives beside the gradient moved: each block of each product that both results have."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.comparison.numbers import Movement, Spot, compare_values
from dataflow.result.encoding import format_type, type_of
from dataflow.result.products import is_sparse

if TYPE_CHECKING:
    from dataflow.derivatives import Product

Key = tuple[str, str]


def pair_blocks(
    old: Mapping[str, Product], new: Mapping[str, Product], back: Mapping[str, str]
) -> Iterator[tuple[str, Key, Key]]:
    """The blocks that both results have: the name of the product, and the keys. `back` gives old names by new ones.

    >>> list(pair_blocks({}, {}, {}))
    []
    """
    for name, product in new.items():
        other = old.get(name)
        if other is None or other.kind != product.kind:
            continue
        for key in product.blocks:
            first, second = (back.get(part, part) for part in key)
            if (first, second) in other.blocks:
                yield name, (first, second), key


def compare_blocks(old: Any, new: Any) -> Movement:
    """How a block moved; a sparse one, which is a matrix, is compared where either may differ from 0."""
    sparse = [item for item in (old, new) if is_sparse(item)]
    if not sparse:
        return compare_values(old, new, (type_of(old), type_of(new)))
    shape = tuple(sparse[0].shape)
    kinds = [type_of(item.values if is_sparse(item) else item) for item in (old, new)]
    names = (format_type(kinds[0][0], shape), format_type(kinds[1][0], shape))
    if any(math.prod(item.shape) != math.prod(shape) for item in (old, new)):
        return Movement(True, names)
    return _compare_sparse(old, new, shape, names)


def _compare_sparse(old: Any, new: Any, shape: tuple[int, ...], names: tuple[str, str]) -> Movement:
    import numpy as np

    places, values = zip(*(_flatten(item, shape) for item in (old, new)), strict=True)
    union = np.union1d(*places)
    columns = []
    for place, value in zip(places, values, strict=True):
        column = np.zeros(len(union), value.dtype)
        column[np.searchsorted(union, place)] = value
        columns.append(column)
    found = compare_values(columns[0], columns[1], (type_of(columns[0]), type_of(columns[1])))

    def unravel(at: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(int(index) for index in np.unravel_index(int(union[at[0]]), shape)) if at else ()

    def move(spot: Spot | None) -> Spot | None:
        return None if spot is None else spot._replace(at=unravel(spot.at))

    return found._replace(
        types=names, size=math.prod(shape), spot=move(found.spot), lost=move(found.lost),
        relative_at=unravel(found.relative_at),
    )  # fmt: skip


def _flatten(block: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Where a block may differ from 0, as offsets, and what stands there."""
    import numpy as np

    if is_sparse(block):
        return np.ravel_multi_index((block.rows, block.columns), shape), block.values
    flat = np.asarray(block).reshape(-1)
    places = np.flatnonzero(flat)
    return places, flat[places]
