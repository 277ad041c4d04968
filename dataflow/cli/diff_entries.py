"""The text of one entry of a graph, and of how two of them differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataflow.comparison import Change
    from dataflow.comparison.entries import Entry

MAX_ELEMENTS = 8  # of a value that is shown in full
MAX_LENGTH = 1_000  # characters of a text that is shown in full
MAX_SHARED = 120  # and of one beside another
AROUND = 40  # characters around what differs
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./#=<>~+-")


def show_entry(entry: Entry) -> str:
    """An entry on one line, as in a file; long values are cut.

    >>> from dataflow.comparison.entries import Entry
    >>> show_entry(Entry("inputs", "X", {"source": "a.npy", "shape": ("rows", 2)}))
    'X: {source: a.npy, shape: [rows, 2]}'
    """
    return f"{entry.name}: {_show_fields(entry, entry.fields)}"


def _show_fields(entry: Entry, fields: Mapping[str, Any]) -> str:
    """Some fields of an entry; of an input or parameter it is said that there are others."""
    if entry.section == "nodes":
        parts = [str(fields["equation"])] if "equation" in fields else []
        return ", ".join(
            [*parts, *(f"{key} {show(fields[key])}" for key in ("outputs", "description") if key in fields)]
        )
    if list(entry.fields) == ["value"]:
        return str(fields["value"]) if isinstance(fields["value"], str) else show(fields["value"])
    shown = [f"{key}: {show(value)}" for key, value in fields.items()]
    return "{" + ", ".join([*shown, *(["..."] if len(fields) < len(entry.fields) else [])]) + "}"


def show_pairs(change: Change) -> Iterator[tuple[str | None, str | None]]:
    """The lines that stand for an entry before and after: what differs of it, or all of it where its section does."""
    old, new = change.old, change.new
    if old is None or new is None:
        return
    groups: list[tuple[str, ...]] = [change.fields] if change.fields else []
    if old.section == new.section == "nodes":
        groups = [group for group in (("equation", "outputs"), ("description",)) if set(group) & set(change.fields)]
    elif not groups and change.kind == "changed":
        groups = [(*old.fields, *new.fields)]
    for group in groups:
        texts = [_show_group(entry, group) for entry in (old, new)]
        before, after = texts if None in texts else _cut_both(*map(str, texts))
        yield before and f"{old.name}: {before}", after and f"{new.name}: {after}"


def _show_group(entry: Entry, group: tuple[str, ...]) -> str | None:
    """What an entry has of some fields; all of an input or parameter that has none of them, beside what was added."""
    fields = {key: value for key, value in entry.fields.items() if key in group}
    if not fields and entry.section == "nodes":
        return None
    return _show_fields(entry, fields or entry.fields)


def _cut_both(old: str, new: str) -> tuple[str, str]:
    """Two texts without most of what they share at both ends, where they are long.

    >>> _cut_both("x + " * 100 + "y", "x + " * 100 + "z")[1]
    '...x + x + x + x + x + x + x + x + x + x + z'
    """
    if max(len(old), len(new)) <= MAX_SHARED:
        return old, new
    limit = min(len(old), len(new))
    start = next((index for index in range(limit) if old[index] != new[index]), limit)
    stop = next((index for index in range(limit - start) if old[-1 - index] != new[-1 - index]), limit - start)
    first, last = max(start - AROUND, 0), max(stop - AROUND, 0)
    cut = [shorten(text[first : len(text) - last]) for text in (old, new)]
    before, after = (("..." if first else "") + text + ("..." if last else "") for text in cut)
    return before, after


def shorten(text: str) -> str:
    """A text without its middle if it is very long.

    >>> len(shorten("x" * 5000)), shorten("short")
    (905, 'short')
    """
    return text if len(text) <= MAX_LENGTH else f"{text[:600]} ... {text[-300:]}"


def describe_element(old: Any, new: Any) -> str | None:
    """Where two values of one shape differ that are too long to be shown in full."""
    before, after = flatten(old), flatten(new)
    if before[1] != after[1] or len(before[0]) <= MAX_ELEMENTS:
        return None
    pairs = zip(before[0], after[0], strict=True)
    places = [
        index
        for index, (first, second) in enumerate(pairs)
        if (first != second or not first) and show(first) != show(second)
    ]
    if not places:
        return None
    element: list[int] = []
    index = places[0]
    for size in reversed(before[1]):
        index, position = divmod(index, size)
        element.insert(0, position)
    shown = f"{show(before[0][places[0]])} -> {show(after[0][places[0]])}"
    first = "" if len(places) == 1 else "the first "
    return f"{len(places):,} of {len(before[0]):,} elements: {first}at {element} {shown}"


def flatten(value: Any) -> tuple[list[Any], list[int]]:
    """The elements of nested tuples, and their shape.

    >>> flatten(((1, 2), (3, 4))), flatten(5)
    (([1, 2, 3, 4], [2, 2]), ([5], []))
    """
    level, shape = [value], []
    while level and isinstance(level[0], tuple | list):
        shape.append(len(level[0]))
        level = [item for part in level for item in part]
    return level, shape


def show(value: Any) -> str:
    """A value as a file may have it; a long one by its first elements and its shape.

    >>> show(5.0), show((0.1, -0.0)), show(float("nan")), show("a b"), show(True)
    ('5', '[0.1, -0.0]', '.nan', '"a b"', 'true')
    """
    if isinstance(value, str):
        from json import dumps

        return value if value and set(value) <= PLAIN else dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _show_float(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {show(item)}" for key, item in value.items()) + "}"
    if not isinstance(value, tuple | list):
        return str(value)
    elements, shape = flatten(value)
    if len(elements) > MAX_ELEMENTS and not isinstance(elements[0], str):
        return f"[{', '.join(map(show, elements[:4]))}, ...] ({' x '.join(map(str, shape))})"
    return f"[{', '.join(map(show, value))}]"


def _show_float(value: float) -> str:
    if value - value != 0:
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"
    whole = value.is_integer() and abs(value) < 1e15 and str(value) != "-0.0"
    return str(int(value)) if whole else repr(value)
