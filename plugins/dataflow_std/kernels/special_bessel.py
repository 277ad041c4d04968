"""Bessel functions on arrays: SciPy's, made exact for large arguments, right at infinity, and fast for order 2."""

from __future__ import annotations

from math import factorial, inf
from typing import Any

import numpy as np
from scipy import special

from dataflow_std.shapes.special import check_order

FAR = 1e4  # from here on the general function is more exact than j0 and j1, which round the phase
# Of (x / 2) ** 2 / 2 times a series in (x / 2) ** 2, with alternating signs for J and positive ones for I.
SECOND_ORDER = [2 / (factorial(k) * factorial(k + 2)) for k in range(12)]


def j0(x: Any) -> Any:
    """J of order 0."""
    return _beyond(x, special.j0(x), 0)


def j1(x: Any) -> Any:
    """J of order 1."""
    return _beyond(x, special.j1(x), 1)


def _beyond(x: Any, z: Any, v: int) -> Any:
    far = np.abs(x) > FAR
    return np.where(far, _vanish(x, special.jv(v, np.where(far, x, 0.0))), z)[()] if np.any(far) else z


def _vanish(x: Any, z: Any) -> Any:
    return np.where(np.isinf(x), 0.0, z)[()]


def i0(x: Any) -> Any:
    """I of order 0."""
    return _grow(x, special.i0(x), 0)


def i1(x: Any) -> Any:
    """I of order 1."""
    return _grow(x, special.i1(x), 1)


def _grow(x: Any, z: Any, v: int) -> Any:
    return np.where(np.isinf(x), x if v % 2 else inf, z)[()]


def jv(x: Any, *, v: int) -> Any:
    """J of order v. Raises `ValueError` for a negative order."""
    check_order("v", "jv", v)
    if v < 2:
        return j1(x) if v else j0(x)
    if v > 2:
        return _vanish(x, special.jv(v, x))
    above = 2 * (j1(x) / _nonzero(x)) - j0(x)
    return np.where(np.abs(x) < 2, _second_order(x, -1), above)[()]


def iv(x: Any, *, v: int) -> Any:
    """I of order v. Raises `ValueError` for a negative order."""
    check_order("v", "iv", v)
    if v < 2:
        return i1(x) if v else i0(x)
    if v > 2:
        return _grow(x, special.iv(v, x), v)
    z = i0(x)
    above = np.where(np.isinf(z), z, z - 2 * (i1(x) / _nonzero(x)))
    return np.where(np.abs(x) < 2, _second_order(x, 1), above)[()]


def _nonzero(x: Any) -> Any:
    return np.where(x == 0, 1.0, x)


def _second_order(x: Any, sign: int) -> Any:
    t = 0.25 * np.clip(x, -2, 2) ** 2
    total: Any = 0.0
    for coefficient in reversed(SECOND_ORDER):
        total = total * (sign * t) + coefficient
    return 0.5 * t * total
