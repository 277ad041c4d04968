"""Values that stand in the graph itself: their shape, their type, and whether they fit what is declared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from dataflow.checks.names import fault_of
from dataflow.errors import Diagnostic, Path, suggest
from dataflow.graph import DTYPES, MAX_NESTING, Input, Size
from dataflow.sizes import UnknownSizeError, is_number, parse_size

Indexed = tuple[tuple[int, ...], Any]

MAX_ELEMENTS = 2**40  # of a declared shape: no machine holds more, and products stay exact
SIZES = "a size is a number, a name such as `rows`, or made of these with + - * //"
ENDLESS = 10**100  # elements are not counted further: larger integers do not print


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
        if len(shape) == MAX_NESTING:
            raise RaggedError((), f"they are nested more than {MAX_NESTING} deep")
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
    """Every number of a nested value, with its index; in order, unless numbers stand beside lists.

    >>> list(leaves_of(((1, 2), (3, 4))))
    [((0, 0), 1), ((0, 1), 2), ((1, 0), 3), ((1, 1), 4)]
    """
    if not isinstance(value, tuple | list):
        yield (), value
        return
    stack: list[Indexed] = [((), value)]
    while stack:
        index, part = stack.pop()
        inner: list[Indexed] = []
        for position, item in enumerate(part):
            if isinstance(item, tuple | list):
                inner.append(((*index, position), item))
            else:
                yield (*index, position), item
        stack += reversed(inner)


def check_input(entry: Input, path: Path, default: str, *, parameter: bool) -> Iterator[Diagnostic]:
    """Every problem of one input or parameter that can be seen without opening a file.

    `default` is the dtype where the entry names none.

    >>> [problem.code for problem in check_input(Input("x", shape=(-1,)), ("inputs", "a"), "float64", parameter=False)]
    ['DF0510', 'DF0502', 'DF0503']
    """
    dtype = entry.dtype or default
    if dtype not in DTYPES:
        meant = suggest(dtype, DTYPES)
        hint = f"did you mean `{meant}`?" if meant else None
        if dtype.startswith("complex"):
            hint = "complex numbers are not supported"
        yield Diagnostic("DF0505", f"unknown dtype `{dtype}`", (*path, "dtype"), expected=", ".join(DTYPES), hint=hint)
        return
    yield from _check_differentiable(entry, path, dtype, parameter=parameter)
    if entry.columns is not None and entry.source is None:
        key = "column" if isinstance(entry.columns, str) else "columns"
        hint = "name the table: `source: patients.csv`"
        yield Diagnostic("DF0509", f"`{key}` belongs to a `source`", (*path, key), hint=hint)
    if entry.value is not None and entry.source is not None:
        yield Diagnostic("DF0508", "both `value` and `source` are given", (*path, "source"), hint="keep one of them")
    yield from _check_shape(entry, path)
    if entry.value is not None:
        yield from _check_value(entry, path, dtype)


def _check_differentiable(entry: Input, path: Path, dtype: str, *, parameter: bool) -> Iterator[Diagnostic]:
    floating = dtype.startswith("float")
    if parameter and not floating:
        message = f"a parameter is differentiated, and `{dtype}` cannot be"
        yield Diagnostic("DF0507", message, (*path, "dtype"), hint="make it an input")
    if parameter and entry.differentiable is False:
        hint = "make it an input, or leave `differentiable` out"
        yield Diagnostic("DF0507", "a parameter is always differentiated", (*path, "differentiable"), hint=hint)
    if entry.differentiable and not floating:
        hint = "integers and booleans have no gradient"
        yield Diagnostic("DF0507", f"`{dtype}` cannot be differentiated", (*path, "differentiable"), hint=hint)


def _check_shape(entry: Input, path: Path) -> Iterator[Diagnostic]:
    elements = 1
    for index, size in enumerate(entry.shape or ()):
        place = (*path, "shape", index)
        if isinstance(size, str):
            if (fault := fault_of_size(size)) is not None:
                yield Diagnostic("DF0510", fault[0], place, hint=fault[1])
        elif type(size) is not int or size < 0:
            expected = "an integer from 0, or a name such as `rows`"
            yield Diagnostic("DF0510", f"a size cannot be {show_number(size)}", place, expected=expected)
        else:
            elements = min(elements * size, ENDLESS)
    if elements > MAX_ELEMENTS:
        count = f"{elements:.3g}" if elements < ENDLESS else f"{ENDLESS:.0e} or more"
        expected = f"at most {MAX_ELEMENTS}"
        yield Diagnostic("DF0511", f"a shape of {count} elements", (*path, "shape"), expected=expected)


def fault_of_size(text: str) -> tuple[str, str] | None:
    """Why a text is no size of an axis, and the likely cure; None if it is one.

    >>> fault_of_size("2*rows - 1"), fault_of_size("rows +")[0], fault_of_size("-rows")[0]
    (None, '`rows +` is no size', 'the size `-rows` is below 0')
    """
    if is_number(text):
        return f"`{show_text(text)}` is text", "write the number without quotes"
    words = [text] if text.isidentifier() else re.findall(r"(?<![\w.])[^\W\d]\w*", text)
    for word in words:
        if (fault := fault_of(word)) is not None:
            return f"`{show_text(word)}` is no name of a size", fault[1]
    try:
        size = parse_size(text)
    except ValueError:
        hint = "for a quotient rounded down write `//`" if "/" in text.replace("//", "") else SIZES
        return f"`{show_text(text)}` is no size", hint
    try:
        return (f"the size `{show_text(text)}` is below 0", "a size is 0 or more") if size < 0 else None
    except UnknownSizeError:
        return None


def show_text(text: str) -> str:
    """Text for a message: not too long, and nothing in it that does not print."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= 60 else text[:57] + "..."


def _check_value(entry: Input, path: Path, dtype: str) -> Iterator[Diagnostic]:
    try:
        shape = shape_of(entry.value)
    except RaggedError as ragged:
        message, hint = f"the lists do not make an array: {ragged}", "every list of one level has the same length"
        yield Diagnostic("DF0501", message, (*path, "value", *ragged.index), hint=hint)
        return
    for index, item in leaves_of(entry.value):
        if (problem := _check_number(item, dtype)) is not None:
            yield problem._replace(path=(*path, "value", *index))
            break
    if entry.shape is not None and not fits_shape(shape, entry.shape):
        message, expected = "the value does not have the declared shape", show_shape(entry.shape)
        yield Diagnostic("DF0503", message, (*path, "shape"), found=show_shape(shape), expected=expected)


def fits_shape(shape: Sequence[int], declared: Sequence[Size]) -> bool:
    """Whether a shape is one that is declared; a symbolic size stands for any length.

    >>> fits_shape((2, 3), ("rows", 3)), fits_shape((2,), ("rows", 3))
    (True, False)
    """
    return len(shape) == len(declared) and all(
        isinstance(want, str) or want == size for size, want in zip(shape, declared, strict=True)
    )


def show_shape(shape: Sequence[Size]) -> str:
    """A shape as it is written in a graph.

    >>> show_shape(("rows", 3))
    '[rows, 3]'
    """
    return f"[{', '.join(map(str, shape))}]"


def _check_number(item: Any, dtype: str) -> Diagnostic | None:
    kind, floating = type(item), dtype.startswith("float")
    if kind is bool:
        hint = "say `{value: true, dtype: bool}`, or write 1 or 0"
        return None if dtype == "bool" else Diagnostic("DF0502", f"`{str(item).lower()}` is no number", hint=hint)
    if kind not in (int, float):
        return Diagnostic("DF0502", f"{_describe(item)} is no number", hint=_reading_of(item))
    if dtype == "bool":
        return Diagnostic("DF0502", f"{item} is no truth value", expected="true or false")
    if floating and kind is int:  # `freeze_input` made floats of all that a float can hold
        return Diagnostic("DF0512", f"{show_number(item)} does not fit {dtype}", expected="at most 1.8e308")
    if floating:
        return None
    if kind is float:
        return Diagnostic("DF0502", f"{item} is no integer", hint=f"the entry's dtype is {dtype}")
    bits, signed = int(dtype.lstrip("uint")), dtype[0] == "i"
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    if low <= item <= high:
        return None
    return Diagnostic("DF0512", f"{show_number(item)} does not fit {dtype}", expected=f"{low} to {high}")


def show_number(item: Any) -> str:
    """A number as text; of an enormous integer, which Python refuses to print, how long it is.

    >>> show_number(-3), show_number(2**20_000)
    ('-3', 'an integer of 20001 bits')
    """
    return f"an integer of {item.bit_length()} bits" if type(item) is int and abs(item) >= ENDLESS else str(item)


def _describe(item: Any) -> str:
    if item is None:
        return "null"
    if isinstance(item, str):
        return f'the text "{item}"' if len(item) < 60 else "this"
    return f"a value of type {type(item).__name__}"


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
