"""Python floats with the arithmetic of IEEE 754: nothing raises, nothing turns complex.

A node that fails on bare floats is run again on these: `1 / 0` is inf, `log(-1)` is NaN, `exp(1000)` is inf.
Powers follow Annex F of the C standard.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from dataflow.arrays import floats

kind: Final = "ieee"

inf, nan = math.inf, math.nan


class IeeeFloat(float):
    """A float whose arithmetic gives what IEEE 754 says where Python raises.

    >>> IeeeFloat(1.0) / 0, 1 / IeeeFloat(-0.0), IeeeFloat(-8.0) ** (1 / 3)
    (inf, -inf, nan)
    """

    __slots__ = ()

    def __add__(self, other: float) -> IeeeFloat:
        return IeeeFloat(float(self) + other)

    def __sub__(self, other: float) -> IeeeFloat:
        return IeeeFloat(float(self) - other)

    def __rsub__(self, other: float) -> IeeeFloat:
        return IeeeFloat(float(other) - float(self))

    def __mul__(self, other: float) -> IeeeFloat:
        return IeeeFloat(float(self) * other)

    __radd__ = __add__
    __rmul__ = __mul__

    def __truediv__(self, other: float) -> IeeeFloat:
        return IeeeFloat(_divide(float(self), float(other)))

    def __rtruediv__(self, other: float) -> IeeeFloat:
        return IeeeFloat(_divide(float(other), float(self)))

    def __floordiv__(self, other: float) -> IeeeFloat:
        return IeeeFloat(_floor_divide(float(self), float(other)))

    def __rfloordiv__(self, other: float) -> IeeeFloat:
        return IeeeFloat(_floor_divide(float(other), float(self)))

    def __mod__(self, other: float) -> IeeeFloat:
        return IeeeFloat(_remainder(float(self), float(other)))

    def __rmod__(self, other: float) -> IeeeFloat:
        return IeeeFloat(_remainder(float(other), float(self)))

    def __pow__(self, other: float, modulus: None = None) -> IeeeFloat:
        return IeeeFloat(_pow(float(self), float(other)))

    def __rpow__(self, other: float, modulus: None = None) -> IeeeFloat:
        return IeeeFloat(_pow(float(other), float(self)))

    def __neg__(self) -> IeeeFloat:
        return IeeeFloat(-float(self))

    def __pos__(self) -> IeeeFloat:
        return self

    def __abs__(self) -> IeeeFloat:
        return IeeeFloat(abs(float(self)))


def find(name: str) -> Callable[..., Any] | None:
    """The function of that name, or None. It takes numbers of any kind, and gives an `IeeeFloat` or a bool.

    >>> find("log")(0.0), find("sinh")(-1000.0), find("sqrt")(-1.0), find("less")(1.0, 2.0)
    (-inf, -inf, nan, True)
    """
    if name in EDGES:
        return guard(EDGES[name])
    function = floats.find(name)
    return function if function is None or name in UNGUARDED else guard(function)


def guard(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, called with bare floats: overflow becomes inf, a domain error or a complex result NaN.

    >>> import math
    >>> guard(math.gamma)(1000.0), guard(math.gamma)(-1.0)
    (inf, nan)
    """

    def guarded(*inputs: Any, **attributes: Any) -> Any:
        try:
            result = function(*[float(x) if type(x) is IeeeFloat else x for x in inputs], **attributes)
        except OverflowError:
            result = inf
        except (ArithmeticError, ValueError):
            result = nan
        if isinstance(result, complex):
            result = nan
        return IeeeFloat(result) if type(result) is float else result

    return guarded


def _divide(x: float, y: float) -> float:
    if y == 0:
        return nan if x == 0 or x != x else math.copysign(inf, x) * math.copysign(1.0, y)
    return x / y


def _floor_divide(x: float, y: float) -> float:
    return _divide(x, y) if y == 0 else x // y


def _remainder(x: float, y: float) -> float:
    return nan if y == 0 else x % y


def _pow(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except OverflowError:
        return -inf if x < 0 and y % 2 == 1 else inf
    except ValueError:  # a pole at zero, or a negative base with a fractional exponent
        if x != 0:
            return nan
        return math.copysign(inf, x) if y % 2 == 1 else inf


def _with_limit(function: Callable[[float], float], pole: float, limit: float) -> Callable[[float], float]:
    return lambda x: limit if x == pole else function(x)


def _signed_overflow(function: Callable[[float], float]) -> Callable[[float], float]:
    def odd(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.copysign(inf, x)

    return odd


def _finite_only(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: function(x) if math.isfinite(x) else x


EDGES: Final[Mapping[str, Callable[..., Any]]] = {
    "atanh": lambda x: math.copysign(inf, x) if abs(x) == 1 else math.atanh(x),
    "ceil": _finite_only(floats.NATIVE["ceil"]),
    "divide": _divide,
    "floor": _finite_only(floats.NATIVE["floor"]),
    "floor_divide": _floor_divide,
    "log": _with_limit(math.log, 0.0, -inf),
    "log10": _with_limit(math.log10, 0.0, -inf),
    "log1p": _with_limit(math.log1p, -1.0, -inf),
    "log2": _with_limit(math.log2, 0.0, -inf),
    "pow": _pow,
    "reciprocal": lambda x: _divide(1.0, x),
    "remainder": _remainder,
    "round": _finite_only(floats.NATIVE["round"]),
    "sinh": _signed_overflow(math.sinh),
    "trunc": _finite_only(floats.NATIVE["trunc"]),
}

# These hand on what they are given: they cannot fail, and their results are no numbers or numbers already.
UNGUARDED: Final = frozenset({"cast_like", "identity", "keep", "ndim", "shape", "size"})
