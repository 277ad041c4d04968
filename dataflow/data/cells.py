"""The cells of a table as text: numbers, truth values, and what is wrong with a cell that is neither."""

from __future__ import annotations

import math

from dataflow.data.columns import column_path
from dataflow.data.files import Want, refuse
from dataflow.errors import DataError

MISSING = "write `nan` where a float is missing, or remove the line"
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def parse_cell(cell: str, kind: str) -> float | int | bool:
    """The value of a cell; ValueError if it is none of that kind, OverflowError if it is too large for it.

    >>> parse_cell(" 1e3 ", "float64"), parse_cell("inf", "float64"), parse_cell("TRUE", "bool")
    (1000.0, inf, True)
    """
    text = cell.strip()
    if kind == "bool":
        if text.lower() not in _TRUTH:
            raise ValueError(cell)
        return _TRUTH[text.lower()]
    if not text.isascii() or "_" in text:  # float() would take more than a table may hold
        raise ValueError(cell)
    if kind == "float64":
        number = float(text)
        if math.isinf(number) and "n" not in text.lower():
            raise OverflowError(cell)
        return number
    return _parse_integer(text, kind)


def _parse_integer(text: str, kind: str) -> int:
    low, high = (0, 2**64 - 1) if kind == "uint64" else (-(2**63), 2**63 - 1)
    try:
        number = int(text)
    except ValueError:
        if not text.lstrip("+-").isdigit():  # else it has more digits than int() reads
            raise
        raise OverflowError(text) from None
    if not low <= number <= high:
        raise OverflowError(text)
    return number


def is_number(cell: str) -> bool:
    """Whether a cell is a number, if one that is too large for a float."""
    try:
        parse_cell(cell, "float64")
    except OverflowError:
        return True
    except ValueError:
        return False
    return True


def refuse_cell(cell: str, error: Exception, want: Want, place: int, where: str) -> DataError:
    """What a cell is answered with for which `parse_cell` raised `error`."""
    path = column_path(want, place)
    if not cell.strip():
        return refuse("DF0540", f"{where}: the cell is empty", *path, hint=MISSING)
    shown = cell if len(cell) <= 40 else cell[:40] + "..."
    if isinstance(error, OverflowError):
        return refuse("DF0546", f"{where}: `{shown}` is out of the range of {want.kind}", *path)
    if want.kind == "bool":
        return refuse("DF0541", f"{where}: `{shown}` is no truth value", *path, expected="true, false, 1 or 0")
    if is_number(cell):
        return refuse("DF0541", f"{where}: `{shown}` is not an integer", *path, hint="declare a float dtype")
    return refuse("DF0541", f"{where}: `{shown}` is not a number", *path, hint=_explain_commas(cell))


def _explain_commas(cell: str) -> str | None:
    """What to write in place of a number with commas, which separate thousands, decimals, or either.

    >>> _explain_commas("60,5"), _explain_commas("1,000,000")
    ('decimals are written with a point: 60.5', 'thousands are not separated: write 1000000')
    """
    import re

    whole, pointed = cell.replace(",", ""), cell.replace(",", ".", 1)
    if not re.fullmatch(r"\s*[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?\s*", cell, re.ASCII):
        return f"decimals are written with a point: {pointed}" if pointed != cell and is_number(pointed) else None
    if not is_number(pointed):
        return f"thousands are not separated: write {whole}"
    return f"the comma may separate thousands: write {whole}, or {pointed} if it was a decimal comma"
