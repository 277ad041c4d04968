"""How one value moved: the elements that differ, where they differ most, and what stopped being finite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.graph import NONFINITE, without_nonfinite
from dataflow.result.encoding import format_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataflow.result import Type


class Spot(NamedTuple):
    """One element of a value before and after; `at` is where it stands in an array."""

    old: Any
    new: Any
    difference: float | None = None
    at: tuple[int, ...] = ()


class Movement(NamedTuple):
    """How a value moved. `types` are dtype and shape on both sides, None where there is no value.

    Of `size` elements `differing` differ, `spot` the most; of summaries in place of arrays it has the means.
    `relative` is the greatest difference over an old number that is not 0, and stands at `relative_at`. `lost` is the
    first of the `lost_count` elements that were finite and are not; `regained` counts the opposite.
    """

    changed: bool = False
    types: tuple[str | None, str | None] = (None, None)
    differing: int = 0
    size: int = 1
    spot: Spot | None = None
    relative: float | None = None
    relative_at: tuple[int, ...] = ()
    lost: Spot | None = None
    lost_count: int = 0
    regained: int = 0
    summarised: bool = False

    @property
    def dtypes(self) -> tuple[str, str] | None:
        """Both dtypes where these differ.

        >>> Movement(types=("float64[3]", "float32[3]")).dtypes
        ('float64', 'float32')
        """
        if None in self.types:
            return None
        old, new = (str(text).partition("[")[0] for text in self.types)
        return None if old == new else (old, new)

    def as_data(self) -> dict[str, Any]:
        """What is known, as a mapping that JSON can hold."""
        if not self.changed:
            return {"changed": False} | ({} if self.dtypes is None else {"types": list(self.types)})
        spots = {"spot": self.spot, "lost": self.lost}
        data = {**self._asdict(), **{key: spot and spot._asdict() for key, spot in spots.items()}}
        return without_nonfinite(data)  # type: ignore[no-any-return]


SAME = Movement()


def compare_values(old: Any, new: Any, types: tuple[Type, Type]) -> Movement:
    """How a value of one result moved to that of another; None: there is none. A NaN is equal to a NaN.

    >>> moved = compare_values(33.0, 44.0, (("float64", ()), ("float64", ())))
    >>> moved.spot.difference, round(moved.relative, 3)
    (11.0, 0.333)
    """
    if type(old) is float and type(new) is float and old == new and types[0] == types[1]:
        return SAME
    if old is None and new is None:
        return SAME
    names = (None if old is None else format_type(*types[0]), None if new is None else format_type(*types[1]))
    if old is None or new is None:
        return Movement(True, names)
    if isinstance(old, Mapping) or isinstance(new, Mapping):
        return _compare_summaries(_summarise(old, types[0]), _summarise(new, types[1]), names)
    if types[0][1] != types[1][1]:
        return Movement(True, names)
    if types[0][1]:
        return _compare_arrays(old, new, types[0][1], names)
    return _compare_numbers(_plain(old), _plain(new), names)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _compare_numbers(old: Any, new: Any, names: tuple[str | None, str | None]) -> Movement:
    if old == new or (old != old and new != new):
        return Movement(False, names)
    finite = [value - value == 0 for value in (old, new)]
    difference = float(new - old) if all(finite) else None
    spot = Spot(old, new, difference)
    relative = abs(difference) / abs(float(old)) if difference is not None and old else None
    return Movement(
        True, names, 1, spot=spot, relative=relative, lost=spot if finite == [True, False] else None,
        lost_count=finite == [True, False], regained=finite == [False, True],
    )  # fmt: skip


def _compare_arrays(old: Any, new: Any, shape: tuple[int, ...], names: tuple[str | None, str | None]) -> Movement:
    """How an array moved; a number in place of one, as the gradient of what is unreached, stands for all elements."""
    import numpy as np

    old, new = np.broadcast_to(old, shape), np.broadcast_to(new, shape)
    with np.errstate(all="ignore"):
        different = old != new
        if old.dtype.kind == new.dtype.kind == "f":
            different &= ~(np.isnan(old) & np.isnan(new))
        places = np.flatnonzero(different)
        if not len(places):
            return Movement(False, names, size=old.size)
        before, after = old[different], new[different]  # in the order of `places`
        gap = _subtract(after, before)
        was, is_now = np.isfinite(before), np.isfinite(after)
        size, base = np.abs(gap), np.abs(before.astype(np.float64))
        known = was & is_now
        ratio = np.where(known & (base != 0), size / base, -1.0)
        worst = int(np.argmax(np.where(known, size, -1.0)))
    lost = np.flatnonzero(was & ~is_now)
    spots = [
        Spot(before[index].item(), after[index].item(), gap[index].item() if known[index] else None,
             _unravel(places[index], shape))
        for index in (worst, *lost[:1])
    ]  # fmt: skip
    most = int(np.argmax(ratio))
    related = ratio[most] >= 0
    return Movement(
        True, names, len(places), old.size, spots[0], ratio[most].item() if related else None,
        _unravel(places[most], shape) if related else (), spots[1] if len(lost) else None, len(lost),
        int(np.count_nonzero(~was & is_now)),
    )  # fmt: skip


def _subtract(after: NDArray[Any], before: NDArray[Any]) -> Any:
    """Differences as floats; those of integers are exact first, since neighbours may be one and the same float."""
    import numpy as np

    if before.dtype.kind in "iub" and after.dtype.kind in "iub":
        return (after.astype(object) - before.astype(object)).astype(np.float64)
    return after.astype(np.float64) - before.astype(np.float64)


def _unravel(place: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    import numpy as np

    return tuple(int(index) for index in np.unravel_index(int(place), shape))


def _summarise(value: Any, kind: Type) -> Mapping[str, Any]:
    """What a result says in place of a long array."""
    if isinstance(value, Mapping):
        return value
    import numpy as np

    from dataflow.result.encoding import summary

    return summary(np.broadcast_to(value, kind[1]))


def _compare_summaries(
    old: Mapping[str, Any], new: Mapping[str, Any], names: tuple[str | None, str | None]
) -> Movement:
    if without_nonfinite(dict(old)) == without_nonfinite(dict(new)):
        return Movement(False, names, summarised=True)
    before, after = _read_mean(old), _read_mean(new)
    difference = None if before is None or after is None else after - before
    missing = _read_count(new, "non_finite") - _read_count(old, "non_finite")
    return Movement(
        True, names, size=_read_count(new, "count"), spot=Spot(before, after, difference),
        relative=abs(difference / before) if difference is not None and before else None,
        lost_count=max(0, missing), regained=max(0, -missing), summarised=True,
    )  # fmt: skip


def _read_mean(summary: Mapping[str, Any]) -> float | None:
    """The mean in a summary, which comes from a file that anybody may have changed."""
    value = summary.get("mean")
    try:
        return NONFINITE.get(value) if isinstance(value, str) else None if value is None else float(value)
    except (TypeError, OverflowError):
        return None


def _read_count(summary: Mapping[str, Any], key: str) -> int:
    value = summary.get(key)
    return value if type(value) is int else 0
