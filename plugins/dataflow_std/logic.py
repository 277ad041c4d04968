"""Comparisons, questions, logic and bits, element by element. Their results have no gradient."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan
from typing import Any

from dataflow.operators import Operator, binary, unary


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_comparisons(), *_questions(), *_logic(), *_bits()]


NEITHER = (None, None)
COMBINED = "dataflow_std.shapes.elementwise:combine_bits"


def _comparisons() -> list[Operator]:
    edge = "false if either is NaN"
    equal = [((2.0, 2.0), True, NEITHER), ((2.0, 3.0), False, NEITHER)]
    of_nan = [((nan, nan), False, NEITHER)]
    return [
        binary("equal", "z = x == y", None, None, takes="any", dtype="bool", conventions=edge,
               special=[*equal, ((0.0, -0.0), True, NEITHER), *of_nan]),
        binary("not_equal", "z = x != y", None, None, takes="any", dtype="bool", conventions="true if either is NaN",
               special=[((2.0, 3.0), True, NEITHER), ((2.0, 2.0), False, NEITHER), ((nan, nan), True, NEITHER)]),
        binary("less", "z = x < y", None, None, takes="numeric", dtype="bool", conventions=edge,
               special=[((2.0, 3.0), True, NEITHER), ((2.0, 2.0), False, NEITHER), *of_nan]),
        binary("less_equal", "z = x <= y", None, None, takes="numeric", dtype="bool", conventions=edge,
               special=[((2.0, 3.0), True, NEITHER), ((2.0, 2.0), True, NEITHER), *of_nan]),
        binary("greater", "z = x > y", None, None, takes="numeric", dtype="bool", conventions=edge,
               special=[((3.0, 2.0), True, NEITHER), ((2.0, 2.0), False, NEITHER), *of_nan]),
        binary("greater_equal", "z = x >= y", None, None, takes="numeric", dtype="bool", conventions=edge,
               special=[((3.0, 2.0), True, NEITHER), ((2.0, 2.0), True, NEITHER), *of_nan]),
    ]  # fmt: skip


def _questions() -> list[Operator]:
    def answers(*pairs: tuple[float, bool]) -> list[Any]:
        return [((x,), answer, (None,)) for x, answer in pairs]

    return [
        unary("isfinite", "z = x is neither infinite nor NaN", None, dtype="bool", takes="numeric",
              special=answers((2.0, True), (inf, False), (-inf, False), (nan, False))),
        unary("isinf", "z = x is inf or -inf", None, dtype="bool", takes="numeric",
              special=answers((2.0, False), (inf, True), (-inf, True), (nan, False))),
        unary("isnan", "z = x is NaN", None, dtype="bool", takes="numeric",
              special=answers((2.0, False), (inf, False), (nan, True))),
        unary("signbit", "z = x is negative, -0.0 included", None, dtype="bool",
              special=answers((-2.0, True), (2.0, False), (0.0, False), (-0.0, True), (-inf, True))),
    ]  # fmt: skip


def _logic() -> list[Operator]:
    about: dict[str, Any] = {"takes": "bool", "examples": _pairs_of_bools}
    return [
        binary("logical_and", "z = x and y", None, None, special=_truths(False, False, True), **about),
        binary("logical_or", "z = x or y", None, None, special=_truths(False, True, True), **about),
        binary("logical_xor", "z = x or y, not both", None, None, special=_truths(False, True, False), **about),
        unary("logical_not", "z = not x", None, takes="bool", examples=lambda rng: [((rng.random(5) < 0.5,), {})],
              special=[((True,), False, (None,)), ((False,), True, (None,))]),
    ]  # fmt: skip


def _truths(none: bool, one: bool, both: bool) -> list[Any]:
    """The table of a connective that is symmetric."""
    rows = [(False, False, none), (True, False, one), (False, True, one), (True, True, both)]
    return [((x, y), z, NEITHER) for x, y, z in rows]


def _bits() -> list[Operator]:
    # "any" lets integers and booleans through as they are; floats are refused by the function itself.
    bits: dict[str, Any] = {"dtype": COMBINED, "takes": "any", "examples": _pairs_of_integers}
    shift: dict[str, Any] = {"takes": "integer", "examples": _pairs_of_integers}
    return [
        binary("bitwise_and", "z = x AND y, bit by bit", None, None,
               special=[((12, 10), 8, NEITHER), ((True, False), False, NEITHER)], **bits),
        binary("bitwise_or", "z = x OR y, bit by bit", None, None,
               special=[((12, 10), 14, NEITHER), ((True, False), True, NEITHER)], **bits),
        binary("bitwise_xor", "z = x XOR y, bit by bit", None, None,
               special=[((12, 10), 6, NEITHER), ((True, True), False, NEITHER)], **bits),
        binary("bitwise_left_shift", "z = x * 2 ** y", None, None,
               special=[((3, 2), 12, NEITHER), ((-3, 2), -12, NEITHER)], **shift),
        binary("bitwise_right_shift", "z = floor(x / 2 ** y)", None, None,
               special=[((13, 2), 3, NEITHER), ((-13, 2), -4, NEITHER)], **shift),
        unary("bitwise_invert", "z = NOT x, bit by bit", None, dtype=COMBINED, takes="any",
              examples=lambda rng: [((rng.integers(-9, 9, 5),), {})],
              special=[((5,), -6, (None,)), ((True,), False, (None,))]),
    ]  # fmt: skip


def _pairs_of_bools(rng: Any) -> Sequence[Any]:
    return [((rng.random(5) < 0.5, rng.random(5) < 0.5), {}), ((rng.random((3, 1)) < 0.5, rng.random(4) < 0.5), {})]


def _pairs_of_integers(rng: Any) -> Sequence[Any]:
    shapes: list[tuple[Any, Any]] = [(5, 5), ((3, 1), 4)]
    return [((rng.integers(0, 9, first), rng.integers(0, 9, second)), {}) for first, second in shapes]
