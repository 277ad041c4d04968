"""What a wrong cotangent looks like: the likely mistake, told from what was found and what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

CLOSE = 1e-5
RATIOS: Mapping[float, str] = {
    2.0: "twice too large",
    0.5: "half of what it should be",
    -1.0: "the sign is wrong",
    -2.0: "the sign is wrong, and it is twice too large",
    -0.5: "the sign is wrong, and it is half of what it should be",
}


def suggest_mistake(found: Array, expected: Array, *, seed: Any, known: Mapping[str, Any]) -> str | None:
    """The mistake that explains all of a wrong cotangent, in a few words; None if none does.

    `seed` is the cotangent of the output, `known` what a forgotten or surplus factor may be, and the cotangents of
    other inputs, by name.

    >>> x, g = np.array([2.0, 3.0]), np.array([0.5, -1.0])
    >>> suggest_mistake(2 * g * x, g * x, seed=g, known={"x": x})
    'twice too large'
    >>> suggest_mistake(g, g * x, seed=g, known={"x": x})
    'a factor of `x` is missing'
    """
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    if found.shape != expected.shape:
        return _compare_shapes(found, expected)
    if not np.any(found):
        return "it is zero"
    if not np.all(np.isfinite(found)):
        return "it is not finite where the slope is"
    ratio = _ratio_of(found, expected)
    if ratio is not None:
        for value, text in RATIOS.items():
            if abs(ratio / value - 1) < CLOSE:
                return text
    for name, value in known.items():
        if name.startswith("d") and np.shape(value) == found.shape and _same(found, value):
            return f"it is the cotangent of `{name[1:]}`: are two inputs swapped?"
    return _find_factor(found, expected, seed, known) or (None if ratio else _find_order(found, expected))


def _compare_shapes(found: Array, expected: Array) -> str | None:
    if found.ndim >= expected.ndim and found.size > expected.size:
        return "not summed over the broadcast axis"
    return "transposed" if found.shape == expected.T.shape else None


def _ratio_of(found: Array, expected: Array) -> float | None:
    """The one number by which two arrays differ, if there is one."""
    size = np.vdot(expected, expected)
    if found.size < 2 or not size:
        return float(found.flat[0] / expected.flat[0]) if found.size == 1 and expected.flat[0] else None
    ratio = float(np.vdot(expected, found) / size)
    return ratio if ratio and _same(found, ratio * expected) else None


def _same(a: Any, b: Any) -> bool:
    return bool(np.allclose(a, b, rtol=CLOSE, atol=CLOSE * float(np.max(np.abs(a), initial=0.0))))


def _find_factor(found: Array, expected: Array, seed: Any, known: Mapping[str, Any]) -> str | None:
    """Whether one of the known values, or the cotangent of the output, is a factor too few or too many."""
    factors = {"g": seed, **{name: value for name, value in known.items() if not name.startswith("d")}}
    for name, value in factors.items():
        try:
            factor = np.broadcast_to(np.asarray(value, float), found.shape)
        except (ValueError, TypeError):
            continue
        if np.all(factor == 1):
            continue
        if _same(found * factor, expected):
            return "it is not multiplied by `g`" if name == "g" else f"a factor of `{name}` is missing"
        if _same(found, expected * factor):
            return f"a factor of `{name}` is too many"
    return None


def _find_order(found: Array, expected: Array) -> str | None:
    if found.ndim > 1 and found.shape[-1] == found.shape[-2] and _same(found, np.swapaxes(expected, -1, -2)):
        return "transposed"
    for axis in range(found.ndim):
        if found.shape[axis] > 1 and _same(found, np.flip(expected, axis)):
            return f"reversed along axis {axis}"
        if found.shape[axis] > 2:
            for shift in (1, -1):
                if _same(found, np.roll(expected, shift, axis)):
                    return f"shifted by one along axis {axis}"
    return None
