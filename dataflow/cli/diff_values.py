"""How what moved is printed: values, then gradients, old and new, each with its difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.cli.reports import print_lines, print_table
from dataflow.comparison.results import show_block
from dataflow.result.products import is_sparse

if TYPE_CHECKING:
    from dataflow.comparison.numbers import Movement
    from dataflow.comparison.results import Moved, ResultComparison
    from dataflow.result import Result

    Row = tuple[Moved, Movement]

MAX_ROWS = 40
MAX_NAMES = 10


def print_movements(moved: ResultComparison, results: tuple[Result, Result], *, everything: bool) -> None:
    """The values and gradients that moved, or all of them; what is no longer finite; and how many there are."""
    sections = _list_sections(moved, results)
    for section in sections:
        _print_section(section, moved.targets[1], everything=everything)
    for (before, after), names in moved.retyped.items():
        print_lines("", f"{before} -> {after}: {list_names(names)}")
    if moved.lost:
        print_lines("", f"no longer finite: {list_names(moved.lost)}")
    for finding in moved.findings:
        severity = "note" if finding["code"] == "DF0613" else "warning"
        print_lines("", f"{severity}[{finding['code']}]: {finding['message']}")
    print_lines("", *moved.notes, *([""] if moved.notes else []), _summarise(sections, moved))


class Section(NamedTuple):
    """What is printed under one title: each name with how it moved, and where its old and new values are."""

    title: str
    noun: str
    rows: list[Row]
    sides: Sequence[Mapping[str, Any]]


def _list_sections(moved: ResultComparison, results: tuple[Result, Result]) -> list[Section]:
    old, new = (f"d{target}/d.." for target in moved.targets)
    blocks = [
        {
            show_block(name, key): block
            for name, item in result.derivatives.items()
            for key, block in item.blocks.items()
        }
        for result in results
    ]
    return [
        Section("values", "value", [(item, item.value) for item in moved.moved], [item.values for item in results]),
        Section(
            old if old == new else f"{old} -> {new}", "gradient",
            [(item, item.gradient) for item in moved.moved if item.gradient is not None],
            [item.gradients for item in results],
        ),
        Section("derivatives", "derivative", [(item, item.value) for item in moved.products], blocks),
    ]  # fmt: skip


def _print_section(section: Section, target: str | None, *, everything: bool) -> None:
    """A table with a row for each name, in the order of the file."""
    changed = [row for row in section.rows if row[1].changed]
    chosen = section.rows if everything else _choose(changed, target)
    if not chosen:
        return
    print_lines("", section.title)
    rows = []
    for item, movement in chosen:
        name = item.label or (item.name if item.name == item.old_name else f"{item.old_name} -> {item.name}")
        values = section.sides[0].get(item.old_name), section.sides[1].get(item.name)
        rows.append((f"  {name}", _show_move(movement, *values), _show_difference(movement)))
    print_table(rows, align="<><")
    if (more := len(changed) - len(chosen)) > 0:
        print_lines(f"  ... and {more:,} more; --all shows all")


def _choose(changed: list[Row], target: str | None) -> list[Row]:
    """What moved, in the order of the file; of too much first the target and what is no longer finite."""
    if len(changed) <= MAX_ROWS:
        return changed
    order = sorted(changed, key=lambda row: (row[0].name != target, not row[1].lost_count))
    kept = {row[0].name for row in order[:MAX_ROWS]}
    return [row for row in changed if row[0].name in kept]


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
    if value is None:
        return "-"
    return f"sparse ({value.shape[0]} x {value.shape[1]})" if is_sparse(value) else describe(value)


def _show_difference(movement: Movement) -> str:
    """By how much a value moved, over the old one in percent; how many elements of an array did."""
    spot = movement.spot
    if not movement.changed or spot is None:
        return ""
    parts = []
    if spot.difference is not None:
        text = f"{spot.difference:+.6g}"
        if movement.relative is not None:
            most, ratio = "up to " if spot.at else "", _show_ratio(movement.relative)
            same = bool(spot.old) and ratio == _show_ratio(abs(spot.difference) / abs(float(spot.old)))
            where = "" if same else f" at {list(movement.relative_at)}"
            text += f" ({most}{ratio}{where})"
        parts.append(text)
    many = bool(spot.at) or movement.summarised
    for count, what in ((movement.lost_count, "no longer finite"), (movement.regained, "finite again")):
        if count:
            parts.append(f"{count:,} {what}" if many else what)
    if spot.at:
        parts.append(f"{movement.differing:,} of {movement.size:,} differ")
    return ", ".join(parts)


def _show_ratio(ratio: float) -> str:
    """A ratio in percent, in at most three digits unless it is whole and not too large.

    >>> _show_ratio(0.5), _show_ratio(10.0), _show_ratio(2e-16), _show_ratio(1e308)
    ('50%', '1,000%', '2e-14%', 'over 1e308%')
    """
    percent = 100 * ratio
    if percent > 1e308:
        return "over 1e308%"
    return f"{percent:,.0f}%" if 999.5 <= percent < 1e6 else f"{percent:.3g}%"


def list_names(names: Sequence[str]) -> str:
    """Names in one line, at most some.

    >>> list_names(["a", "b"]), list_names("abcdefghijklm")
    ('a, b', 'a, b, c, d, e, f, g, h, i, j and 3 more')
    """
    return ", ".join(names[:MAX_NAMES]) + (f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else "")


def _summarise(sections: list[Section], moved: ResultComparison) -> str:
    """How many values and gradients were compared, how many of them moved, and by how much the target did."""
    parts = []
    for section in sections:
        if section.rows:
            count = sum(movement.changed for _, movement in section.rows)
            plural = "" if len(section.rows) == 1 else "s"
            parts.append(f"{len(section.rows):,} {section.noun}{plural}, {f'{count:,}' if count else 'none'} moved")
    for item in moved.moved:
        if item.name == moved.targets[1] and item.value.relative is not None:
            down = item.value.spot is not None and (item.value.spot.difference or 0.0) < 0
            parts.append(f"{item.name} by {'-' if down else '+'}{_show_ratio(item.value.relative)}")
    return "; ".join(parts) or "no name stands in both"
