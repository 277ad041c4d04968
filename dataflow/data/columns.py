"""Which columns of a table an entry wants, by the names that the table gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dataflow.data.files import Want, listing, meant, refuse


def index_columns(names: Iterable[str]) -> dict[str, list[int]]:
    """The positions of each name among those of all columns.

    >>> index_columns(["age", "weight", "age"])
    {'age': [0, 2], 'weight': [1]}
    """
    positions: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        positions.setdefault(name, []).append(position)
    return positions


def _list_names(positions: Mapping[str, Sequence[int]]) -> str:
    """The names of all columns, in order, for a message."""
    return listing(name for _, name in sorted((place, name) for name, places in positions.items() for place in places))


def choose_columns(positions: Mapping[str, Sequence[int]], want: Want, name: str, hint: str | None = None) -> list[int]:
    """The positions of the columns that are wanted; `hint` says why a column may be missing.

    >>> choose_columns({"age": [0], "weight": [1]}, Want(None, ("weight", "age"), "float64"), "p.csv")
    [1, 0]
    """
    columns = (want.columns,) if isinstance(want.columns, str) else want.columns
    if not columns:
        count = sum(map(len, positions.values()))
        if columns is None and count == 1:
            return [0]
        first = next(iter(positions), "name")
        hint = f"add `column: {first}` (on the command line `{name}#{first}`)"
        raise refuse("DF0536", f"`{name}` has {count} columns, and none is named", "source",
                     found=_list_names(positions), hint=hint)  # fmt: skip
    chosen = []
    for place, column in enumerate(columns):
        found = positions.get(column, ())
        path = column_path(want, place)
        if not found:
            raise refuse("DF0537", f"there is no column `{column}` in `{name}`", *path, found=_list_names(positions),
                         hint=meant(column, positions, hint))  # fmt: skip
        if len(found) > 1:
            message = f"`{name}` has {len(found)} columns `{column}`"
            raise refuse("DF0538", message, *path, hint="rename one in the file")
        chosen.append(found[0])
    return chosen


def column_path(want: Want, place: int) -> tuple[str | int, ...]:
    """Where the entry of the graph names the column at that place."""
    if want.columns is None:
        return ("source",)
    return ("column",) if isinstance(want.columns, str) else ("columns", place)
