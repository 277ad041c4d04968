"""Symbolic sizes: integer polynomials in the names of sizes, so that shapes are known before data is.

A size is an int, or a `SymbolicSize` such as `rows` or `2*hidden + 1`. Arithmetic that gives a number gives an int.
A symbolic size equals only itself: it is never 0, 1 or any other number, even if the data that arrives has one row.
Sizes are compared as for lengths of at least 1.
"""

from __future__ import annotations

from dataflow.sizes.lengths import UNKNOWN, depends_on_values, names_in, solve, substitute
from dataflow.sizes.polynomials import Length, Quotient, SymbolicSize, UnknownSizeError, divide_exactly, product_of
from dataflow.sizes.texts import is_number, parse_size, read_size, spell_size

__all__ = [
    "UNKNOWN", "Length", "Quotient", "SymbolicSize", "UnknownSizeError", "depends_on_values", "divide_exactly",
    "is_number", "names_in", "parse_size", "product_of", "read_size", "solve", "spell_size", "substitute",
]  # fmt: skip
