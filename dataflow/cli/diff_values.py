"""How what moved is printed: values, then gradients, old and new, each with its difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.cli.reports import print_lines, print_table

if TYPE_CHECKING:
    from dataflow.comparison.numbers import Movement
    from dataflow.comparison.results import Moved, ResultComparison
    from dataflow.result import Result

    Pair = tuple[Moved, Movement]

MAX_ROWS = 40
MAX_NAMES = 10


def print_movements(moved: ResultComparison, results: tuple[Result, Result], *, everything: bool) -> None:
    """The values and gradients that moved, or all of them; what is no longer finite; and how many there are."""
    values, gradients = _pair(moved)
    _print_section("values", values, moved, tuple(result.values for result in results), everything=everything)
    old, new = (f"d{target}/d.." for target in moved.targets)
    title = old if old == new else f"{old} -> {new}"
    _print_section(title, gradients, moved, tuple(result.gradients for result in results), everything=everything)
    for (before, after), names in moved.retyped.items():
        print_lines("", f"{before} -> {after}: {list_names(names)}")
    if moved.lost:
        print_lines("", f"no longer finite: {list_names(moved.lost)}")
    for finding in moved.findings:
        severity = "note" if finding["code"] == "DF0613" else "warning"
        print_lines("", f"{severity}[{finding['code']}]: {finding['message']}")
    print_lines("", *moved.notes, *([""] if moved.notes else []), _summarise(moved))


def _pair(moved: ResultComparison) -> tuple[list[Pair], list[Pair]]:
    values = [(item, item.value) for item in moved.moved]
    return values, [(item, item.gradient) for item in moved.moved if item.gradient is not None]


def _print_section(
    title: str, pairs: list[Pair], moved: ResultComparison, sides: Sequence[Mapping[str, Any]], *, everything: bool
) -> None:
    """A table with a row for each name, in the order of the file."""
    changed = [pair for pair in pairs if pair[1].changed]
    chosen = pairs if everything else _choose(changed, moved)
    if not chosen:
        return
    print_lines("", title)
    rows = []
    for item, movement in chosen:
        name = item.label or (item.name if item.name == item.old_name else f"{item.old_name} -> {item.name}")
        values = sides[0].get(item.old_name), sides[1].get(item.name)
        rows.append((f"  {name}", _show_move(movement, *values), _show_difference(movement)))
    print_table(rows, align="<><")
    if (more := len(changed) - len(chosen)) > 0:
        print_lines(f"  ... and {more:,} more; --all shows all")


def _choose(changed: list[Pair], moved: ResultComparison) -> list[Pair]:
    """What moved, in the order of the file; of too much first the target and what is no longer finite."""
    if len(changed) <= MAX_ROWS:
        return changed
    order = sorted(changed, key=lambda pair: (pair[0].name != moved.targets[1], not pair[1].lost_count))
    kept = {pair[0].name for pair in order[:MAX_ROWS]}
    return [pair for pair in changed if pair[0].name in kept]


def _show_move(movement: Movement, old: Any, new: Any) -> str:
    """A value before and after; of an array the element that moved most."""
    spot = movement.spot
    if not movement.changed:
        return _show(new)
    if spot is None:
        return f"{_show(old)} -> {_show(new)}"
    before, after = _show(spot.old), _show(spot.new)
    if before == after and spot.old != spot.new:  # in six digits, not in all
        before, after = repr(spot.old), repr(spot.new)
    what = "mean " if movement.summarised else ""
    shape = str(movement.types[1]).partition("[")[2].rstrip("]").replace(",", " x ")
    return f"{what}{before} -> {after}" + (f" at {list(spot.at)} of ({shape})" if spot.at else "")


def _show(value: Any) -> str:
    from dataflow.cli.table import describe

    if isinstance(value, Mapping):
        return f"mean {describe(value['mean'])}" if isinstance(value.get("mean"), float) else "a summary"
    return "-" if value is None else describe(value)


def _show_difference(movement: Movement) -> str:
    """By how much a value moved, over the old one in percent; how many elements of an array did."""
    spot = movement.spot
    if not movement.changed or spot is None:
        return ""
    parts = []
    if spot.difference is not None:
        text = f"{spot.difference:+.6g}"
        if movement.relative is not None:
            most = "up to " if spot.at else ""
            where = f" at {list(movement.relative_at)}" if movement.relative_at not in ((), spot.at) else ""
            text += f" ({most}{_show_ratio(movement.relative)}{where})"
        parts.append(text)
    many = bool(spot.at) or movement.summarised
    for count, what in ((movement.lost_count, "no longer finite"), (movement.regained, "finite again")):
        if count:
            parts.append(f"{count:,} {what}" if many else what)
    if spot.at:
        parts.append(f"{movement.differing:,} of {movement.size:,} differ")
    return ", ".join(parts)


def _show_ratio(ratio: float) -> str:
    """A ratio in percent; as it is where that has no few digits.

    >>> _show_ratio(0.5), _show_ratio(10.0), _show_ratio(2e-16)
    ('50%', '1,000%', '2e-14%')
    """
    percent = 100 * ratio
    if 999.5 <= percent < 1e6:
        return f"{percent:,.0f}%"
    return f"{percent:.3g}%"


def list_names(names: Sequence[str]) -> str:
    """Names in one line, at most some.

    >>> list_names(["a", "b"]), list_names("abcdefghijklm")
    ('a, b', 'a, b, c, d, e, f, g, h, i, j and 3 more')
    """
    return ", ".join(names[:MAX_NAMES]) + (f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else "")


def _summarise(moved: ResultComparison) -> str:
    """How many values and gradients were compared, how many of them moved, and by how much the target did."""
    parts = []
    for what, pairs in zip(("value", "gradient"), _pair(moved), strict=True):
        if pairs:
            count = sum(movement.changed for _, movement in pairs)
            parts.append(
                f"{len(pairs):,} {what}{'' if len(pairs) == 1 else 's'}, {f'{count:,}' if count else 'none'} moved"
            )
    for item in moved.changed:
        if item.name == moved.targets[1] and item.value.relative is not None:
            down = item.value.spot is not None and (item.value.spot.difference or 0.0) < 0
            parts.append(f"{item.name} by {'-' if down else '+'}{_show_ratio(item.value.relative)}")
    return "; ".join(parts) or "no name stands in both"
