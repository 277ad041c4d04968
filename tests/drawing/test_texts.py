"""Texts in boxes: they fit, and nothing is lost but what is said to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.cli.reports import display_width
from dataflow.drawing.texts import shorten, wrap

LETTERS = st.text(st.sampled_from("ab(),+*-/ =[]图е\u0301\x07"), max_size=120)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("J = 3 * v", ["J = 3 * v"]),
        ("p = spot * ndtr(d1) - strike * worth * ndtr(d2)", ["p = spot * ndtr(d1)", "- strike * worth * ndtr(d2)"]),
        ("J = mean_squared_error(gelu(normal), wanted)", ["J = mean_squared_error(", "gelu(normal), wanted)"]),
        ("dX = [-0.128797, 0.158805, 0.056, ...] (4 x 2)", ["dX = [-0.128797, 0.158805,", "0.056, ...] (4 x 2)"]),
        ("", []),
    ],
)
def test_lines_break_where_people_break_them(text: str, lines: list[str]) -> None:
    assert wrap(text, 36, 4, len) == lines


@given(LETTERS, st.integers(6, 40), st.integers(1, 5))
def test_lines_fit_and_hold_the_text(text: str, width: int, count: int) -> None:
    lines = wrap(text, width, count, display_width)
    assert len(lines) <= count
    assert all(display_width(line) <= width and line.strip() for line in lines)
    whole = "".join(text.split()).replace("\x07", "\\x07")
    found = "".join("".join(lines).split())
    assert found == whole or (found.endswith("…") and whole.startswith(found[:-1]) and found[:-1] != whole)


@given(LETTERS, st.integers(6, 40))
def test_a_shortened_text_keeps_both_ends(text: str, width: int) -> None:
    short = shorten(text, width, display_width)
    whole = text.replace("\x07", "\\x07")
    assert display_width(short) <= width
    if short != whole:
        begin, _, end = short.partition("…")
        assert begin
        assert whole.startswith(begin)
        assert whole.endswith(end)
