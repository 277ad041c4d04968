"""Sizes from their texts, and from forms of Python."""

from __future__ import annotations

import ast
from keyword import iskeyword

from dataflow.sizes.polynomials import MAX_TEXT, Length, SymbolicSize


def parse_size(text: str) -> Length:
    """A size from its text. Raises `ValueError` for what is none.

    >>> parse_size("2*hidden + 1"), parse_size("(h - 3)//2 + 1"), parse_size("7")
    (2*hidden + 1, (h - 3)//2 + 1, 7)
    """
    if text.isidentifier() and not iskeyword(text):
        return SymbolicSize.named(text)
    if len(text) > MAX_TEXT:
        raise ValueError("it is too long")
    if not text.isascii():
        from unicodedata import normalize

        if normalize("NFKC", text) != text:  # Python's parser would replace letters without a word
            raise ValueError(f"`{text}` is not in normal form (NFKC)")
    try:
        form = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, MemoryError, RecursionError):
        raise ValueError(f"`{text}` is no size") from None
    return read_size(form)


def spell_size(text: str) -> int | str:
    """The one spelling of a size: an int if it comes out as one; text that is no size stays as it is.

    >>> spell_size("k * 2 + 1"), spell_size("2 + 1"), spell_size("k +"), spell_size("3")
    ('2*k + 1', 3, 'k +', '3')
    """
    try:
        size = parse_size(text)
    except ValueError:
        return text
    return str(size) if isinstance(size, SymbolicSize) else text if is_number(text) else size


def is_number(text: str) -> bool:
    """Whether a text is an integer in quotes, with nothing computed: that is converted nowhere.

    >>> is_number("-3"), is_number("3 - 5"), is_number("rows")
    (True, False, False)
    """
    return text.strip().lstrip("-").replace("_", "").isdigit()


def read_size(form: ast.expr) -> Length:
    """A size from a form of Python: names and integers with `+ - * //`. Raises `ValueError` for any other."""
    try:
        size = _read_form(form)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if len(str(size)) > MAX_TEXT:
        raise ValueError("multiplied out it is too long")
    return size


def _read_form(form: ast.expr) -> Length:
    if isinstance(form, ast.Constant) and type(form.value) is int:
        return form.value
    if isinstance(form, ast.Name):
        return SymbolicSize.named(form.id)
    if isinstance(form, ast.UnaryOp) and isinstance(form.op, ast.USub):
        return -_read_form(form.operand)
    if isinstance(form, ast.BinOp):
        left, right = _read_form(form.left), _read_form(form.right)
        if isinstance(form.op, ast.Add):
            return left + right
        if isinstance(form.op, ast.Sub):
            return left - right
        if isinstance(form.op, ast.Mult):
            return left * right
        if isinstance(form.op, ast.FloorDiv) and right != 0:
            return left // right
    raise ValueError("a size is made of integers and names of sizes with + - * //")
