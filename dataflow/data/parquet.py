"""Tables in ``.parquet`` files, through pyarrow: only the columns that are wanted are read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dataflow.data.columns import choose_columns, column_path, index_columns
from dataflow.data.files import DataFile, Want, missing_library, refuse, refuse_bomb, refuse_damaged
from dataflow.data.fitting import convert
from dataflow.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_parquet_file(file: DataFile, wants: Sequence[Want]) -> dict[Want, NDArray[Any] | DataError]:
    """The columns of a ``.parquet`` file that are wanted: shape [rows] for a name, [rows, n] for n names."""
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise missing_library(file.name, "pyarrow", "parquet") from error

    try:
        # pyarrow closes what it is given
        with os.fdopen(os.dup(file.stream.fileno()), "rb") as stream, parquet.ParquetFile(stream) as opened:
            return _read_wants(opened, wants, file)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # pyarrow raises a dozen kinds about broken files
        raise refuse_damaged(file.name, str(error).partition("\n")[0][:120]) from error


def _read_wants(opened: Any, wants: Sequence[Want], file: DataFile) -> dict[Want, NDArray[Any] | DataError]:
    found: dict[Want, NDArray[Any] | DataError] = {}
    chosen: dict[Want, list[int]] = {}
    schema = opened.schema_arrow
    names, positions = schema.names, index_columns(schema.names)
    for want in wants:
        try:
            chosen[want] = choose_columns(positions, want, file.name)
            check_types(schema, chosen[want], want, file.name)
        except DataError as error:
            chosen.pop(want, None)
            found[want] = error
    union = sorted({index for indexes in chosen.values() for index in indexes})
    refuse_bomb(file.name, opened.metadata.num_rows * len(union) * 8, file.size)
    # Without threads, which a process that is forked later would miss
    table = opened.read(columns=[names[index] for index in union], use_threads=False)
    for want, indexes in chosen.items():
        try:
            found[want] = _take_columns(table, [names[index] for index in indexes], want, file.name)
        except DataError as error:
            found[want] = error
    return found


def check_types(schema: Any, indexes: Sequence[int], want: Want, name: str) -> None:
    """Refuse columns of other than floats, integers and truth values."""
    from pyarrow import types

    for place, index in enumerate(indexes):
        field = schema.field(index)
        if not (types.is_floating(field.type) or types.is_integer(field.type) or types.is_boolean(field.type)):
            raise refuse("DF0528", f"`{name}`, column `{field.name}` holds {str(field.type)[:60]}",
                         *column_path(want, place), expected="floats, integers or truth values")  # fmt: skip


def _take_columns(table: Any, names: Sequence[str], want: Want, name: str) -> NDArray[Any]:
    """A column, or several side by side, as the kind that is wanted."""
    import numpy as np

    columns = []
    for place, column in enumerate(names):
        values = table.column(table.schema.get_field_index(column))
        refuse_null(values, f"`{name}`, column `{column}`", *column_path(want, place))
        columns.append(convert(values.to_numpy(), want.kind, f"{name}#{column}"))
    return np.column_stack(columns) if isinstance(want.columns, tuple) else columns[0]


def refuse_null(values: Any, where: str, *path: str | int, first: int = 0) -> None:
    """Raise `DataError` for a column with missing values, whose first is that of row `first` of the file."""
    if values.null_count:
        row = first + values.is_null().index(True).as_py()
        raise refuse("DF0540", f"{where}: there is no value in row {row}, counted from 0", *path,
                     found=f"{values.null_count:,} missing of {len(values):,}",
                     hint="fill or drop the missing values, or store them as NaN")  # fmt: skip
