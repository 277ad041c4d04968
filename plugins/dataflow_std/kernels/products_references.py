"""Slow twins of products and diagonals."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np

from dataflow_std.subscripts import read_equation


def put_diagonal(x: Any, *, offset: int = 0, shape: tuple[int, ...]) -> Any:
    """Element by element."""
    result = np.zeros(shape, x.dtype)
    for place in np.ndindex(x.shape):
        row = place[-1] + max(-offset, 0)
        result[(*place[:-1], row, row + offset)] = x[place]
    return result


def einsum(*xs: Any, equation: str) -> Any:
    """Every product of the definition, added in its place."""
    terms, output, lengths = read_equation(equation, tuple(x.shape for x in xs))
    result = np.zeros([lengths[letter] for letter in output], np.result_type(*xs))
    for indices in product(*map(range, lengths.values())):
        at = dict(zip(lengths, indices, strict=True))
        factors = [
            x[tuple(at[letter] if length > 1 else 0 for letter, length in zip(term, x.shape, strict=True))]
            for term, x in zip(terms, xs, strict=True)
        ]
        result[tuple(at[letter] for letter in output)] += prod(factors)
    return result
