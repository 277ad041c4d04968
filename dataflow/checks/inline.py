"""Values that stand in the graph itself: their shape, their type, and whether they fit what is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dataflow.checks.names import fault_of
from dataflow.errors import Diagnostic, Path, suggest
from dataflow.graph import DTYPES, Input

Indexed = tuple[tuple[int, ...], Any]

MAX_ELEMENTS = 2**40  # of a declared shape: no machine holds more, and products stay exact


class RaggedError(Exception):
    """A nested list is no array. `index` leads to the list that does not fit."""

    def __init__(self, index: tuple[int, ...], message: str) -> None:
        self.index = index
        super().__init__(message)


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of a number or nested tuples of numbers. Raises `RaggedError`.

    >>> shape_of(1.5), shape_of(((1, 2, 3), (4, 5, 6))), shape_of(())
    ((), (2, 3), (0,))
    """
    shape: list[int] = []
    level: list[Indexed] = [((), value)]
    while level and isinstance(level[0][1], tuple | list):
        length = len(level[0][1])
        following: list[Indexed] = []
        for index, part in level:
            if not isinstance(part, tuple | list):
                raise RaggedError(index, "a number stands where a list of numbers is expected")
            if len(part) != length:
                raise RaggedError(index, f"a list of {len(part)} stands beside a list of {length}")
            if part and isinstance(part[0], tuple | list):
                following += [((*index, position), item) for position, item in enumerate(part)]
            else:
                for position, item in enumerate(part):
                    if isinstance(item, tuple | list):
                        raise RaggedError((*index, position), "a list stands where a number is expected")
        shape.append(length)
        level = following
    return tuple(shape)


def leaves_of(value: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Every number of a nested value, with its index."""
    stack: list[Indexed] = [((), value)] if isinstance(value, tuple | list) else []
    if not stack:
        yield (), value
    while stack:
        index, part = stack.pop()
        for position, item in enumerate(part):
            if isinstance(item, tuple | list):
                stack.append(((*index, position), item))
            else:
                yield (*index, position), item


def check_input(entry: Input, path: Path, default: str, *, parameter: bool) -> Iterator[Diagnostic]:
    """Every problem of one input or parameter that can be seen without opening a file."""
    dtype = entry.dtype or default
    if dtype not in DTYPES:
        meant = suggest(dtype, DTYPES)
        hint = (
            "complex numbers are not supported"
            if dtype.startswith("complex")
            else f"did you mean `{meant}`?"
            if meant
            else None
        )
        yield Diagnostic("DF0505", f"unknown dtype `{dtype}`", (*path, "dtype"), expected=", ".join(DTYPES), hint=hint)
        return
    if parameter and not dtype.startswith("float"):
        yield Diagnostic(
            "DF0507",
            f"a parameter is differentiated, and `{dtype}` cannot be",
            (*path, "dtype"),
            hint="make it an input",
        )
    if parameter and entry.differentiable is False:
        yield Diagnostic(
            "DF0507",
            "a parameter is always differentiated",
            (*path, "differentiable"),
            hint="make it an input, or leave `differentiable` out",
        )
    if entry.differentiable and not dtype.startswith("float"):
        yield Diagnostic(
            "DF0507",
            f"`{dtype}` cannot be differentiated",
            (*path, "differentiable"),
            hint="integers and booleans have no gradient",
        )
    if entry.columns is not None and entry.source is None:
        key = "column" if isinstance(entry.columns, str) else "columns"
        yield Diagnostic(
            "DF0509", f"`{key}` belongs to a `source`", (*path, key), hint="name the table: `source: patients.csv`"
        )
    if entry.value is not None and entry.source is not None:
        yield Diagnostic("DF0508", "both `value` and `source` are given", (*path, "source"), hint="keep one of them")
    yield from _check_shape(entry, path)
    if entry.value is not None:
        yield from _check_value(entry, path, dtype)


def _check_shape(entry: Input, path: Path) -> Iterator[Diagnostic]:
    elements = 1
    for index, size in enumerate(entry.shape or ()):
        place = (*path, "shape", index)
        if isinstance(size, str):
            if fault_of(size) is not None:
                yield Diagnostic(
                    "DF0510",
                    f"`{size}` is no name of a size",
                    place,
                    hint="a size is a number or a name such as `rows`",
                )
        elif type(size) is not int or size < 0:
            yield Diagnostic(
                "DF0510", f"a size cannot be {size}", place, expected="an integer from 0, or a name such as `rows`"
            )
        else:
            elements *= size
    if elements > MAX_ELEMENTS:
        yield Diagnostic(
            "DF0511", f"a shape of {elements:.3g} elements", (*path, "shape"), expected=f"at most {MAX_ELEMENTS}"
        )


def _check_value(entry: Input, path: Path, dtype: str) -> Iterator[Diagnostic]:
    try:
        shape = shape_of(entry.value)
    except RaggedError as ragged:
        yield Diagnostic(
            "DF0501",
            f"the lists do not make an array: {ragged}",
            (*path, "value", *ragged.index),
            hint="every list of one level has the same length",
        )
        return
    for index, item in leaves_of(entry.value):
        if (problem := _check_number(item, dtype)) is not None:
            yield problem._replace(path=(*path, "value", *index))
            break
    if entry.shape is not None and not _fits(shape, entry.shape):
        yield Diagnostic(
            "DF0503",
            "the value does not have the declared shape",
            (*path, "shape"),
            found=str(list(shape)),
            expected=str(list(entry.shape)).replace("'", ""),
        )


def _fits(shape: tuple[int, ...], declared: tuple[int | str, ...]) -> bool:
    return len(shape) == len(declared) and all(
        isinstance(want, str) or want == size for size, want in zip(shape, declared, strict=True)
    )


def _check_number(item: Any, dtype: str) -> Diagnostic | None:
    kind = type(item)
    if kind is bool:
        if dtype == "bool":
            return None
        return Diagnostic(
            "DF0502", f"`{str(item).lower()}` is no number", hint="say `{value: true, dtype: bool}`, or write 1 or 0"
        )
    if kind not in (int, float):
        return Diagnostic("DF0502", f"{_describe(item)} is no number", hint=_reading_of(item))
    if dtype == "bool":
        return Diagnostic("DF0502", f"{item} is no truth value", expected="true or false")
    if dtype.startswith("float") and kind is int:  # `Input` made floats of all that a float can hold
        return Diagnostic(
            "DF0512", f"an integer of {len(hex(item)) * 4 - 8} bits does not fit {dtype}", expected="at most 1.8e308"
        )
    if not dtype.startswith("float"):
        if kind is float:
            return Diagnostic("DF0502", f"{item} is no integer", hint=f"the entry's dtype is {dtype}")
        bits, signed = int(dtype.lstrip("uint") or 0), dtype[0] == "i"
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        if not low <= item <= high:
            return Diagnostic("DF0512", f"{item} does not fit {dtype}", expected=f"{low} to {high}")
    return None


def _describe(item: Any) -> str:
    return "null" if item is None else f'the text "{item}"' if isinstance(item, str) and len(item) < 60 else "this"


def _reading_of(item: Any) -> str | None:
    if not isinstance(item, str):
        return "give a number, or leave the entry out"
    if item.replace("_", "").replace(",", "").replace(".", "", 1).isdigit():
        return f"write {item.replace('_', '').replace(',', '')}"
    if item.lower() in ("yes", "no", "on", "off", "y", "n"):
        return "in YAML 1.2 this is text; a truth value is `{value: true, dtype: bool}`"
    if item[:1].isdigit() and all(letter.isdigit() or letter in "-:TZ." for letter in item):
        return "a date or a time is text: write a number, such as the days or seconds since a start"
    return (
        "what is computed belongs under `nodes`; a file is `{source: FILE}`"
        if any(mark in item for mark in "+-*/(.")
        else "an input is a number, a list of numbers, or a file"
    )
