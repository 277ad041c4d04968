"""Sizes compute as Python's integers do, whatever lengths their names turn out to have."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dataflow.sizes import (
    Length,
    SymbolicSize,
    UnknownSizeError,
    divide_exactly,
    names_in,
    parse_size,
    product_of,
    substitute,
)

NAMES = ("h", "k", "rows")
OPERATIONS: Mapping[str, Callable[[int, int], int]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv,
}  # fmt: skip
Tree = int | str | tuple[str, Any, Any]


def trees(names: tuple[str, ...] = NAMES) -> st.SearchStrategy[Tree]:
    """Numbers and names, and what is computed with them."""
    leaves = st.one_of(st.integers(0, 9), st.sampled_from(names))
    return st.recursive(
        leaves, lambda inner: st.tuples(st.sampled_from(sorted(OPERATIONS)), inner, inner), max_leaves=8
    )


def write(tree: Tree) -> str:
    if isinstance(tree, tuple):
        return f"({write(tree[1])} {tree[0]} {write(tree[2])})"
    return str(tree)


def compute(tree: Tree, lengths: Mapping[str, int]) -> int:
    """What Python's integers give. Raises ZeroDivisionError."""
    if isinstance(tree, tuple):
        return OPERATIONS[tree[0]](compute(tree[1], lengths), compute(tree[2], lengths))
    return lengths[tree] if isinstance(tree, str) else tree


def parse(tree: Tree) -> Length:
    try:
        return parse_size(write(tree))
    except ValueError:  # divided by 0
        with pytest.raises(ZeroDivisionError):
            compute(tree, {"h": 5, "k": 7, "rows": 11})
        assume(False)
        raise


def known(tree: Tree, lengths: Mapping[str, int]) -> int:
    try:
        return compute(tree, lengths)
    except ZeroDivisionError:
        assume(False)
        raise


LENGTHS = st.fixed_dictionaries(dict.fromkeys(NAMES, st.integers(1, 12)))


@given(trees(), LENGTHS)
@settings(max_examples=150)
def test_a_size_is_what_integers_give(tree: Tree, lengths: dict[str, int]) -> None:
    expected = known(tree, lengths)
    assert substitute(parse(tree), lengths) == expected


@given(trees(), LENGTHS, st.sets(st.sampled_from(NAMES)))
@settings(max_examples=200)
def test_lengths_may_come_one_after_the_other(tree: Tree, lengths: dict[str, int], first: set[str]) -> None:
    expected = known(tree, lengths)
    try:
        halfway = substitute(parse(tree), {name: lengths[name] for name in first})
    except ZeroDivisionError:  # of a part that another one cancels
        return
    assert names_in(halfway) <= set(NAMES) - first
    assert substitute(halfway, lengths) == expected


@given(trees())
@settings(max_examples=150)
def test_the_text_of_a_size_is_read_as_the_same_size(tree: Tree) -> None:
    size = parse(tree)
    again = parse_size(str(size))
    assert again == size
    assert str(again) == str(size)
    assert hash(again) == hash(size)
    assert names_in(size) <= {part for part in NAMES if part in write(tree)}


COMPARISONS: tuple[Callable[[Any, Any], bool], ...] = (operator.lt, operator.le, operator.gt, operator.ge)


@given(trees(), trees(), st.lists(LENGTHS, min_size=1, max_size=8), st.sampled_from(COMPARISONS))
@settings(max_examples=200)
def test_a_comparison_that_answers_is_right(
    first: Tree, second: Tree, several: list[dict[str, int]], compare: Callable[[Any, Any], bool]
) -> None:
    left, right = parse(first), parse(second)
    try:
        answer = compare(left, right)
    except UnknownSizeError:
        return
    for lengths in several:
        assert answer == compare(known(first, lengths), known(second, lengths)), lengths


@given(trees(), trees(), LENGTHS)
@settings(max_examples=150)
def test_equal_sizes_have_equal_lengths(first: Tree, second: Tree, lengths: dict[str, int]) -> None:
    if parse(first) == parse(second):
        assert known(first, lengths) == known(second, lengths)


@given(trees(), trees(), LENGTHS)
@settings(max_examples=150)
def test_what_divides_exactly_leaves_nothing(first: Tree, second: Tree, lengths: dict[str, int]) -> None:
    size, divisor = parse(first), parse(second)
    whole, part = known(first, lengths), known(second, lengths)
    quotient = divide_exactly(size, divisor)
    if quotient is not None and part:
        assert substitute(quotient, lengths) * part == whole


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("rows", "rows"),
        (" rows ", "rows"),
        ("rows*2", "2*rows"),
        ("1 + rows", "rows + 1"),
        ("rows - rows", "0"),
        ("3 - rows", "-rows + 3"),
        ("(rows + 1)*(rows - 1)", "rows*rows - 1"),
        ("k*rows*h", "h*k*rows"),
        ("6*rows//3", "2*rows"),
        ("rows//2*2", "2*(rows//2)"),
        ("-(rows//2)", "-(rows//2)"),
        ("(h - 3)//2 + 1", "(h - 3)//2 + 1"),
        ("h//2//2", "(h//2)//2"),
        ("h//(2*k)", "h//(2*k)"),
        ("-5//h", "(-5)//h"),
        ("7//2", "3"),
        ("-3", "-3"),
        ("höhe + 1", "höhe + 1"),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    assert str(parse_size(text)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "rows +", "2 rows", "rows/2", "rows**2", "rows % 2", "1.5", "1.5*rows", "f(rows)", "rows[0]", "'rows'",
        "True", "None*rows", "rows if k else h", "rows//0", "rows//(k - k)", "rows; k", "rows\0", "(" * 300 + ")" * 300,
        "-" * 990 + "1", "+".join(["rows"] * 400), "*".join(f"({a}+{a}{a})" for a in "abcdefghijklmnopqrstuvwxyz"),
    ],
)  # fmt: skip
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"size|too "):
        parse_size(text)


rows, k = SymbolicSize.named("rows"), SymbolicSize.named("k")


@pytest.mark.parametrize(
    ("left", "right", "less", "at_most"),
    [
        (rows, 1, False, None),
        (rows, 0, False, False),
        (rows, 2, None, None),
        (1, rows, None, True),
        (0, rows, True, True),
        (rows, rows, False, True),
        (rows, rows + 1, True, True),
        (rows, rows * k, None, None),
        (rows // 2, 0, False, None),
        (0, rows // 2, None, True),
        ((rows - 3) // 2, 0, None, None),
        (-1 - (rows - 1) // 2, 0, True, True),
        (rows // k, 0, False, None),
        (rows // (k - 1), 0, None, None),
    ],
)
def test_comparisons(left: Length, right: Length, less: bool | None, at_most: bool | None) -> None:
    for compare, expected in ((operator.lt, less), (operator.le, at_most)):
        if expected is None:
            with pytest.raises(UnknownSizeError):
                compare(left, right)
        else:
            assert compare(left, right) is expected


def test_a_size_is_no_number() -> None:
    for use in (int, float, range, operator.index):
        with pytest.raises(UnknownSizeError, match="`rows` is known when the data is"):
            use(rows)
    assert rows != 1
    assert rows != "rows"
    assert len({rows, rows + 0, rows + 1}) == 2
    with pytest.raises(TypeError):
        rows + "rows"


def test_a_quotient_of_sizes_that_no_file_can_name() -> None:
    half = SymbolicSize.named("rows(a//b.csv)") // 2
    assert names_in(half) == {"rows(a//b.csv)"}
    assert substitute(half, {"rows(a//b.csv)": 7}) == 3


def test_growth_has_a_limit() -> None:
    assert len(parse_size("*".join(["(a + b)"] * 20)).terms) == 21  # type: ignore[union-attr]
    sums = [SymbolicSize.named(f"a{index}") + SymbolicSize.named(f"b{index}") for index in range(100)]
    with pytest.raises(UnknownSizeError):
        product_of(sums)
    with pytest.raises(UnknownSizeError):
        reduce(lambda size, _: (size + 1) // 2, range(1000), rows)


def test_a_product_of_many() -> None:
    assert product_of([rows] * 50 + [2]) == parse_size("2*" + "*".join(["rows"] * 50))
