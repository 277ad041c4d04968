"""Softplus and the logarithm of the sigmoid on NumPy arrays.

ln(1 + e ** x) is max(x, 0) + ln(1 + p) with p = e ** -|x|, which overflows nowhere. In float32 ln(1 + p) is a
polynomial: it is 2 * artanh(s) with s = p / (2 + p), at most 1/3, and 2 * artanh(s) / s has few terms in s ** 2. NumPy's
log1p takes several times as long on most machines.

The coefficients give the least largest relative error, 4e-9, on [0, 1/9]: least squares at 80 Chebyshev points,
weighted anew with the errors until these are level (Lawson 1961), in 40 digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

COEFFICIENTS = tuple(
    np.asarray(item, np.float32)
    for item in (0.28178312622582475, 0.27960607511247594, 0.40024909970222917, 0.66666314683123166, 2.0000000079208564)
)


def softplus(x: Any) -> Any:
    """ln(1 + e ** x) at every element.

    >>> softplus(np.array([0.0, -1000.0, 1000.0])).tolist()
    [0.6931471805599453, 0.0, 1000.0]
    """
    return np.maximum(x, 0) + _find_rest(x)


def log_sigmoid(x: Any) -> Any:
    """-ln(1 + e ** -x) at every element.

    >>> log_sigmoid(np.array([1000.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """
    return np.minimum(x, 0) - _find_rest(x)


def _find_rest(x: Any) -> Any:
    """ln(1 + e ** -|x|)."""
    p = np.exp(-np.abs(x))
    if getattr(p, "dtype", None) != np.float32 or not p.ndim:
        return np.log1p(p)
    room = p + np.float32(2)
    s = np.divide(p, room, out=p)
    t = np.multiply(s, s, out=room)
    first, *others, last = COEFFICIENTS
    found = t * first
    for coefficient in others:
        found += coefficient
        found *= t
    found += last
    found *= s
    return found
