"""The equation of `einsum`: one letter for each axis of each input, "..." for those that are left, and the output's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from string import ascii_letters
from typing import NamedTuple

from dataflow.shapes import Shape, match_sizes, show_shape
from dataflow.sizes import Length


class Equation(NamedTuple):
    """One letter for every axis: of each input, of the output; and how long the axes of a letter are."""

    terms: tuple[str, ...]
    output: str
    lengths: Mapping[str, Length]


@lru_cache(maxsize=1024)
def read_equation(text: str, shapes: tuple[Shape, ...]) -> Equation:
    """An equation for inputs of these shapes, "..." replaced by letters that are free.

    Raises `ValueError` if the two do not fit each other.

    >>> read_equation("ij,jk", ((2, 3), (3, 4))).output
    'ik'
    >>> read_equation("...ij->...ji", ((5, 2, 3),)).terms
    ('aij',)
    """
    left, arrow, right = text.replace(" ", "").partition("->")
    terms = left.split(",")
    for term in (*terms, right):
        _check_letters(text, term)
    if len(terms) != len(shapes):
        raise ValueError(f'"{text}" is of {_count(len(terms), "input")}, and there {_are(len(shapes))}')
    free = [letter for letter in ascii_letters if letter not in text]
    hidden = [_count_hidden(term, shape) for term, shape in zip(terms, shapes, strict=True)]
    if max(hidden) > len(free):
        raise ValueError(f'"{text}" stands for more axes than there are letters, {len(ascii_letters)}')
    rest = "".join(free[: max(hidden)])
    output = right if arrow else _imply(terms)
    if rest and "..." not in output:
        raise ValueError(f'"{text}": the output needs a "..." too, for the axes that it stands for in the inputs')
    full = [term.replace("...", rest[len(rest) - count :]) for term, count in zip(terms, hidden, strict=True)]
    lengths = _measure(full, shapes)
    output = output.replace("...", rest)
    for letter in output:
        if letter not in lengths:
            raise ValueError(f'"{text}": axis {letter} of the output is in no input')
        if output.count(letter) > 1:
            raise ValueError(f'"{text}": axis {letter} is named twice in the output')
    return Equation(tuple(full), output, lengths)


def _check_letters(text: str, term: str) -> None:
    letters = term.replace("...", "", 1)
    if stray := [character for character in letters if character not in ascii_letters]:
        raise ValueError(f'"{text}": "{stray[0]}" is no axis: write letters, and "..." once for the axes that are left')


def _count_hidden(term: str, shape: Shape) -> int:
    """How many axes "..." stands for."""
    named = len(term.replace("...", ""))
    if named > len(shape) or (named < len(shape) and "..." not in term):
        raise ValueError(f'"{term}" names {_count(named, "axis")} of an input of shape {show_shape(shape)}')
    return len(shape) - named


def _imply(terms: Sequence[str]) -> str:
    """The output that is meant if none is stated: "..." and the letters that occur once, in alphabetical order."""
    letters = "".join(terms).replace("...", "")
    rest = "..." if any("..." in term for term in terms) else ""
    return rest + "".join(sorted(letter for letter in letters if letters.count(letter) == 1))


def _measure(terms: Sequence[str], shapes: Sequence[Shape]) -> dict[str, Length]:
    """How long the axes of each letter are: all the same, but those of length 1 broadcast."""
    lengths: dict[str, Length] = {}
    for term, shape in zip(terms, shapes, strict=True):
        within: dict[str, Length] = {}
        for letter, length in zip(term, shape, strict=True):
            if (other := within.setdefault(letter, length)) != length:
                message = f'the diagonal of "{term}" needs axes of one length: {letter} has {other} and {length}'
                match_sizes(other, length, message)
        for letter, length in within.items():
            known = lengths.get(letter, 1)
            if 1 not in (known, length) and known != length:
                message = f"axis {letter} has {known} elements in one input and {length} in another"
                match_sizes(known, length, message)
            lengths[letter] = length if known == 1 else known
    return lengths


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {'axes' if noun == 'axis' else noun + 's'}"


def _are(number: int) -> str:
    return "is 1" if number == 1 else f"are {number}"
