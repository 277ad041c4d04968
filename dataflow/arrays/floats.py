"""Bare Python floats: the fastest lane for graphs in which every value is one number.

The functions are those of `math` and `operator` and behave like them: they may raise `ArithmeticError` or
`ValueError`, and a power may come out complex. Who sees that asks `dataflow.arrays.ieee` again.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

kind: Final = "floats"


def find(name: str) -> Callable[..., Any] | None:
    """The function of that name, or None.

    >>> find("hypot")(3.0, 4.0), find("matmul")
    (5.0, None)
    """
    return NATIVE.get(name)


def keep(condition: Any, g: Any) -> Any:
    """`g` where the condition holds, else None: nothing was taken there, so there is no cotangent."""
    return g if condition else None


def _where(condition: bool, x: Any, y: Any) -> Any:
    if condition is True:
        return x
    if condition is False:
        return y
    raise TypeError(f"the condition is {condition!r}, not true or false: compare first, as in `x > 0`")


def _sign(x: float) -> float:
    return 1.0 if x > 0 else -1.0 if x < 0 else x if x != x else 0.0


def _maximum(x: float, y: float) -> float:
    return x if x >= y or x != x else y


def _minimum(x: float, y: float) -> float:
    return x if x <= y or x != x else y


def _clip(x: float, *, min: float | None = None, max: float | None = None) -> float:
    if min is not None and x < min:
        x = float(min)
    return float(max) if max is not None and x > max else x


def _fmax(x: float, y: float) -> float:
    return x if x >= y or y != y else y


def _fmin(x: float, y: float) -> float:
    return x if x <= y or y != y else y


def _heaviside(x: float, y: float) -> float:
    return 1.0 if x > 0 else 0.0 if x < 0 else float(y) if x == 0 else x


def _nan_to_num(x: float, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> float:
    if x != x:
        return float(nan)
    if math.isfinite(x):
        return x
    chosen = posinf if x > 0 else neginf
    return math.copysign(sys.float_info.max, x) if chosen is None else float(chosen)


def _logaddexp(x: float, y: float) -> float:
    if x == y:  # also two equal infinities, whose difference is NaN
        return x + math.log(2.0)
    return (x if x > y else y) + math.log1p(math.exp(-abs(x - y)))


def _logaddexp2(x: float, y: float) -> float:
    if x == y:
        return x + 1.0
    return (x if x > y else y) + math.log1p(math.exp2(-abs(x - y))) / math.log(2.0)


# `math` rounds to integers, which have no negative zero: the sign of the argument is the sign of the result.
def _ceil(x: float) -> float:
    return math.copysign(math.ceil(x), x)


def _floor(x: float) -> float:
    return math.copysign(math.floor(x), x)


def _round(x: float) -> float:
    return math.copysign(round(x), x)


def _trunc(x: float) -> float:
    return math.copysign(math.trunc(x), x)


NATIVE: Final[Mapping[str, Callable[..., Any]]] = {
    "abs": abs,
    "acos": math.acos,
    "acosh": math.acosh,
    "add": operator.add,
    "asin": math.asin,
    "asinh": math.asinh,
    "atan": math.atan,
    "atan2": math.atan2,
    "atanh": math.atanh,
    "bitwise_and": operator.and_,
    "bitwise_invert": lambda x: not x if isinstance(x, bool) else ~x,
    "bitwise_left_shift": operator.lshift,
    "bitwise_or": operator.or_,
    "bitwise_right_shift": operator.rshift,
    "bitwise_xor": operator.xor,
    "cbrt": math.cbrt,
    "ceil": _ceil,
    "clip": _clip,
    "copysign": math.copysign,
    "cos": math.cos,
    "cosh": math.cosh,
    "divide": operator.truediv,
    "equal": operator.eq,
    "exp": math.exp,
    "exp2": math.exp2,
    "expm1": math.expm1,
    "floor": _floor,
    "floor_divide": operator.floordiv,
    "fmax": _fmax,
    "fmin": _fmin,
    "fmod": math.fmod,
    "full_like": lambda x, *, fill_value: float(fill_value),
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "heaviside": _heaviside,
    "hypot": math.hypot,
    "identity": lambda x: x,
    "isfinite": math.isfinite,
    "isinf": math.isinf,
    "isnan": math.isnan,
    "less": operator.lt,
    "less_equal": operator.le,
    "log": math.log,
    "log10": math.log10,
    "log1p": math.log1p,
    "log2": math.log2,
    "logaddexp": _logaddexp,
    "logaddexp2": _logaddexp2,
    "logical_and": operator.and_,
    "logical_not": lambda x: x ^ True,  # which refuses a float, as on arrays
    "logical_or": operator.or_,
    "logical_xor": operator.xor,
    "maximum": _maximum,
    "minimum": _minimum,
    "multiply": operator.mul,
    "nan_to_num": _nan_to_num,
    "negative": operator.neg,
    "nextafter": math.nextafter,
    "not_equal": operator.ne,
    "ones_like": lambda x: 1.0,
    "positive": operator.pos,
    "pow": operator.pow,
    "reciprocal": lambda x: 1.0 / x,
    "remainder": operator.mod,
    "round": _round,
    "sign": _sign,
    "signbit": lambda x: math.copysign(1.0, x) < 0,
    "sin": math.sin,
    "sinh": math.sinh,
    "sqrt": math.sqrt,
    "square": lambda x: x * x,
    "subtract": operator.sub,
    "tan": math.tan,
    "tanh": math.tanh,
    "trunc": _trunc,
    "where": _where,
    "zeros_like": lambda x: 0.0,
    # helpers of rules
    "keep": keep,
    "cast_like": lambda x, other: x,
    "ndim": lambda x: 0,
    "shape": lambda x: (),
    "size": lambda x, axis=None: 1,
}
