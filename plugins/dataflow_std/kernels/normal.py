"""The normal distribution function and the error functions on float64 and float32 arrays, a few operations an element.

erfc(t) = e ** (-t ** 2) * R(t) for t >= 0, with one rational R for all t; the square is split into a part that is
exact and a rest, so that no digits are lost in its power. ndtr(x) is erfc(-x / 2 ** (1/2)) / 2. Near 0 erf(x) is a
polynomial in x ** 2 times x. Every element is computed alike, wherever it stands in whatever array.

R is the rational with the least largest relative error on [0, 28] (float64) and [0, 11] (float32), and the polynomial
the one on [0, 0.75]: least squares at 160 Chebyshev points of 1 / (t + 1) and of (t - 1.3) / (t + 1.3), weighted anew
with the errors until these are level (Lawson 1961), in 50 digits. Errors: 5.287e-17 and 6.7e-9; of the polynomials
8.4e-21 and 1.4e-9. `far` was moved by one unit in the last place, so that 0 gives exactly 0.5 and 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from dataflow.arrays.aligned import make_aligned

Array = np.ndarray[Any, Any]
CHUNK = 131_072  # bytes: what is made of so many stays in the cache
FOUND = np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", ())  # what is empty is left out
WIDE = "X86_V4" in FOUND or "AVX512_SKX" in FOUND  # eight float64 at once, as NumPy calls it since 2.4 and before
NEAR = 0.75


class Coefficients(NamedTuple):
    """Of one dtype, from the highest power down.

    R(t) is numerator / denominator, of t. Where there is a `shift` it is s * (far + s * numerator / denominator), of
    s = 1 / (t + shift): fewer roundings count then. `limit` is where erfc is 0. As integers: `mask` keeps the bits of a
    number whose square is exact, `sign` is its sign, `last` how far that has to be shifted to fill a number.
    """

    numerator: tuple[Any, ...]
    denominator: tuple[Any, ...]
    near: tuple[Any, ...]
    shift: float | None
    far: float
    limit: float
    bits: Any
    mask: Any
    sign: Any
    last: Any


def _read(dtype: Any, texts: str) -> tuple[Any, ...]:
    return tuple(np.asarray(float(text), dtype) for text in reversed(texts.split()))


COEFFICIENTS: Mapping[Any, Coefficients] = MappingProxyType({
    np.dtype(np.float64): Coefficients(
        _read(np.float64, """0.56418958380907793230 5.3571728474851715348 31.166183529148572018 122.35005481839875856
              350.35040024326210587 736.87713388772520109 1113.4717687145584809 1109.8390008371442244
              550.73038154391961246 -118.45860409113568579"""),
        _read(np.float64, """1.0 8.9953416741947240259 51.242949876745558542 196.98605851736061288
              559.60179396939969011 1188.2115663787419145 1888.7011190759892622 2193.2763899571637921
              1768.0887854800646539 887.93636936556961897 209.96240899481277017"""),
        _read(np.float64, """1.1283791670955125739 -0.37612638903183751981 0.11283791670955085281
              -0.026866170645117918166 0.0052239776252147567669 -0.00085483270005229508188
              0.00012055331513763060335 -0.000014925588341607327426 1.6460361069498612329e-6
              -1.6332937169179927871e-7 1.4411699627494657179e-8 -9.4958169737273962446e-10"""),
        1.0, 0.564189583546178, 28.0, np.int64, np.int64(-1 << 27), np.int64(-1 << 63), np.int64(63)),
    np.dtype(np.float32): Coefficients(
        _read(np.float32, """1.0000000067087734138 1.245360722486322677 0.73890591006601079056
              0.23270744378337853754 0.033531640769270897534"""),
        _read(np.float32, """1.0 2.3737405587863799754 2.417374623591049563 1.3390016876014477865
              0.41248635114063952534 0.059432699114555210337"""),
        _read(np.float32, """1.1283791654959581028 -0.37612618752481131542 0.11283376515026207025
              -0.026834621653451884201 0.0051143398308820302775 -0.00067494718167706568388"""),
        None, 0.0, 11.0, np.int32, np.int32(-1 << 12), np.int32(-1 << 31), np.int32(31)),
})  # fmt: skip


def ndtr(x: Any) -> Any:
    """The probability that a normal variable is at most x.

    >>> ndtr(np.array([0.0, -40.0, np.inf])).tolist()
    [0.5, 0.0, 1.0]
    """
    return _apply(_Normal, special.ndtr, x)


def erfc(x: Any) -> Any:
    """1 - erf(x), with all digits where that is small.

    >>> erfc(np.array([0.0, 30.0, -np.inf])).tolist()
    [1.0, 0.0, 2.0]
    """
    return _apply(_Complement, special.erfc, x)


def erf(x: Any) -> Any:
    """2 / pi ** (1/2) * the integral of e ** (-t ** 2) from 0 to x.

    >>> erf(np.array([-0.0, np.inf])).tolist()
    [-0.0, 1.0]
    """
    narrow = not WIDE and getattr(x, "dtype", None) == np.float64  # SciPy's is as exact, and faster there
    return special.erf(x) if narrow else _apply(_Error, special.erf, x)


def _apply(kind: type[_Work], otherwise: Any, x: Any) -> Any:
    """A function of every element, chunk by chunk; of other dtypes by SciPy."""
    dtype = getattr(x, "dtype", None)
    if dtype not in COEFFICIENTS:
        return otherwise(x)
    flat = np.ascontiguousarray(x).reshape(-1)
    result = make_aligned(flat.size, dtype)
    length = CHUNK // flat.itemsize
    work = WORKS[kind, dtype]
    rooms = [make_aligned(min(length, flat.size), dtype) for _ in range(5)]
    rooms[0].fill(work.limit)
    for start in range(0, flat.size, length):
        chunk = flat[start : start + length]
        work.run(chunk, result[start : start + length], [room[: chunk.size] for room in rooms])
    return result.reshape(np.shape(x))[()]


class _Work:
    """How a chunk is computed, with the constants of one dtype."""

    half = 1.0  # what is taken of the square in the exponent
    below = 2.0  # what the result and its tail make together where x is negative ...
    above = 0.0  # ... and where it is not

    def __init__(self, dtype: Any) -> None:
        self.coefficients = coefficients = COEFFICIENTS[dtype]
        root = self.half**0.5
        self.limit = coefficients.limit / root
        share = 0.5 if self.half == 0.5 else 1.0
        scale = root if coefficients.shift is None else 1 / root
        self.shift = None if coefficients.shift is None else np.asarray(coefficients.shift / root, dtype)
        self.far = np.asarray(coefficients.far * share * scale, dtype)
        self.numerator = _scale(coefficients.numerator, scale, share if self.shift is None else share * scale**2)
        self.denominator = _scale(coefficients.denominator, scale, 1.0)
        self.one, self.minus = np.asarray(1.0, dtype), np.asarray(-self.half, dtype)
        parts = np.asarray([self.below, self.above], dtype).view(coefficients.bits)
        self.switch, self.base = np.asarray(parts[0] ^ parts[1]), np.asarray(parts[1])

    def run(self, x: Array, result: Array, rooms: Sequence[Array]) -> None:
        """Compute a chunk. The first room holds the limit for every element, the others are used on the way."""
        self.find_tail(x, *rooms)
        _, _, tail, first, _ = rooms
        about = self.coefficients
        bits = first.view(about.bits)
        np.right_shift(x.view(about.bits), about.last, bits)
        np.bitwise_and(bits, self.switch, bits)
        np.bitwise_xor(bits, self.base, bits)
        np.subtract(first, tail, first)
        np.abs(first, result)

    def find_tail(self, x: Array, limits: Array, size: Array, tail: Array, first: Array, second: Array) -> None:
        """|x| to `size`, and e ** (-half * |x| ** 2) * R to `tail`; the other two are used on the way."""
        about = self.coefficients
        np.abs(x, size)
        np.minimum(size, limits, out=size)
        variable = size
        if self.shift is not None:
            np.add(size, self.shift, first)
            variable = np.divide(self.one, first, first)
        _run_horner(self.numerator, variable, tail)
        _run_horner(self.denominator, variable, second)
        np.divide(tail, second, tail)
        if self.shift is not None:
            np.multiply(tail, first, tail)
            np.add(tail, self.far, tail)
            np.multiply(tail, first, tail)
        np.bitwise_and(size.view(about.bits), about.mask, first.view(about.bits))
        np.multiply(first, self.minus, second)
        np.multiply(second, first, second)
        np.exp(second, second)
        np.multiply(tail, second, tail)
        np.subtract(size, first, second)
        np.add(size, first, first)
        np.multiply(first, self.minus, first)
        np.multiply(second, first, second)
        np.exp(second, second)
        np.multiply(tail, second, tail)


class _Normal(_Work):
    half = 0.5
    below = 0.0
    above = 1.0


class _Complement(_Work):
    pass


class _Error(_Work):
    def run(self, x: Array, result: Array, rooms: Sequence[Array]) -> None:
        self.find_tail(x, *rooms)
        _, size, tail, first, second = rooms
        about = self.coefficients
        np.subtract(self.one, tail, result)
        np.bitwise_and(x.view(about.bits), about.sign, first.view(about.bits))
        np.bitwise_or(result.view(about.bits), first.view(about.bits), result.view(about.bits))
        near = size < NEAR
        if near.any():
            np.multiply(size, size, first)
            _run_horner(about.near, first, second)
            np.multiply(second, x, second)
            _choose(near, second, result, first)


def _scale(coefficients: tuple[Any, ...], root: float, factor: float) -> tuple[Any, ...]:
    """The polynomial in x that is `factor` times that in `root * x`."""
    highest = len(coefficients) - 1
    return tuple(
        np.asarray(float(item) * root ** (highest - index) * factor, item.dtype)
        for index, item in enumerate(coefficients)
    )


def _choose(condition: Array, x: Array, y: Array, room: Array) -> None:
    """Write `x` over `y` where the condition holds: by bits, which is faster than by choices."""
    bits = np.int64 if y.itemsize == 8 else np.int32
    mask, chosen, kept = room.view(bits), x.view(bits), y.view(bits)
    np.multiply(condition, -1, mask, dtype=bits)
    np.bitwise_xor(chosen, kept, chosen)
    np.bitwise_and(chosen, mask, chosen)
    np.bitwise_xor(kept, chosen, kept)


def _run_horner(coefficients: tuple[Any, ...], t: Array, result: Array) -> None:
    """A polynomial at every t."""
    np.multiply(t, coefficients[0], result)
    for coefficient in coefficients[1:-1]:
        np.add(result, coefficient, result)
        np.multiply(result, t, result)
    np.add(result, coefficients[-1], result)


WORKS: Mapping[Any, _Work] = MappingProxyType(
    {(kind, dtype): kind(dtype) for kind in (_Normal, _Complement, _Error) for dtype in COEFFICIENTS}
)
