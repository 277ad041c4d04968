"""Which columns of a table an entry wants, by the names that the table gives them."""

from __future__ import annotations

from collections.abc import Sequence

from dataflow.data.files import Want, listing, meant, refuse


def choose_columns(names: Sequence[str], want: Want, name: str, hint: str | None = None) -> list[int]:
    """The positions of the columns that are wanted; `hint` says why a column may be missing.

    >>> choose_columns(["age", "weight"], Want(None, ("weight", "age"), "float64"), "p.csv")
    [1, 0]
    """
    columns = (want.columns,) if isinstance(want.columns, str) else want.columns
    if columns is None and len(names) == 1:
        return [0]
    if not columns:
        first = names[0] if names else "name"
        raise refuse("DF0536", f"`{name}` has {len(names)} columns, and none is named", "source", found=listing(names),
                     hint=f"add `column: {first}` (on the command line `{name}#{first}`)")  # fmt: skip
    for place, column in enumerate(columns):
        path = column_path(want, place)
        count = names.count(column)
        if count == 0:
            raise refuse("DF0537", f"there is no column `{column}` in `{name}`", *path, found=listing(names),
                         hint=meant(column, names, hint))  # fmt: skip
        if count > 1:
            raise refuse("DF0538", f"`{name}` has {count} columns `{column}`", *path, hint="rename one in the file")
    return [names.index(column) for column in columns]


def column_path(want: Want, place: int) -> tuple[str | int, ...]:
    """Where the entry of the graph names the column at that place."""
    if want.columns is None:
        return ("source",)
    return ("column",) if isinstance(want.columns, str) else ("columns", place)
