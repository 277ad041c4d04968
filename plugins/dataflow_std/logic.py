"""Comparisons, questions, logic and bits, element by element. Their results have no gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow.operators import Operator, binary, unary


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_comparisons(), *_questions(), *_logic(), *_bits()]


def _comparisons() -> list[Operator]:
    about: dict[str, Any] = {"conventions": "false if either is NaN"}
    return [
        binary("equal", "z = x == y", None, None, takes="any", **about),
        binary("not_equal", "z = x != y", None, None, takes="any", conventions="true if either is NaN"),
        binary("less", "z = x < y", None, None, takes="numeric", **about),
        binary("less_equal", "z = x <= y", None, None, takes="numeric", **about),
        binary("greater", "z = x > y", None, None, takes="numeric", **about),
        binary("greater_equal", "z = x >= y", None, None, takes="numeric", **about),
    ]


def _questions() -> list[Operator]:
    return [
        unary("isfinite", "z = x is neither infinite nor NaN", None, takes="numeric"),
        unary("isinf", "z = x is inf or -inf", None, takes="numeric"),
        unary("isnan", "z = x is NaN", None, takes="numeric"),
        unary("signbit", "z = x is negative, -0.0 included", None),
    ]


def _logic() -> list[Operator]:
    examples: dict[str, Any] = {"takes": "bool", "examples": _pairs_of_bools}
    return [
        binary("logical_and", "z = x and y", None, None, **examples),
        binary("logical_or", "z = x or y", None, None, **examples),
        binary("logical_xor", "z = x or y, not both", None, None, **examples),
        unary("logical_not", "z = not x", None, takes="bool", examples=lambda rng: [((rng.random(5) < 0.5,), {})]),
    ]


def _bits() -> list[Operator]:
    # "any" lets integers and booleans through as they are; floats are refused by the function itself.
    bits: dict[str, Any] = {"takes": "any", "examples": _pairs_of_integers}
    shift: dict[str, Any] = {"takes": "integer", "examples": _pairs_of_integers}
    return [
        binary("bitwise_and", "z = x AND y, bit by bit", None, None, **bits),
        binary("bitwise_or", "z = x OR y, bit by bit", None, None, **bits),
        binary("bitwise_xor", "z = x XOR y, bit by bit", None, None, **bits),
        binary("bitwise_left_shift", "z = x * 2 ** y", None, None, **shift),
        binary("bitwise_right_shift", "z = floor(x / 2 ** y)", None, None, **shift),
        unary("bitwise_invert", "z = NOT x, bit by bit", None, takes="any",
              examples=lambda rng: [((rng.integers(-9, 9, 5),), {})]),
    ]  # fmt: skip


def _pairs_of_bools(rng: Any) -> Sequence[Any]:
    return [((rng.random(5) < 0.5, rng.random(5) < 0.5), {}), ((rng.random((3, 1)) < 0.5, rng.random(4) < 0.5), {})]


def _pairs_of_integers(rng: Any) -> Sequence[Any]:
    shapes: list[tuple[Any, Any]] = [(5, 5), ((3, 1), 4)]
    return [((rng.integers(0, 9, first), rng.integers(0, 9, second)), {}) for first, second in shapes]
