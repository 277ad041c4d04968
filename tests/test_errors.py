"""Problems as text: one line for each part, and nothing that a terminal would obey."""

from __future__ import annotations

import pytest

from dataflow.errors import Diagnostic, escape

STRANGE = "\x1b]0;pwned\x07x\nerror[DF9999]: \u202egnp\u2028\x9b2J\x7f\udcff"
SHOWN = r"\x1b]0;pwned\x07x\nerror[DF9999]: \u202egnp\u2028\x9b2J\x7f\udcff"


def test_what_a_stranger_wrote_is_shown_and_not_obeyed() -> None:
    problem = Diagnostic("DF0401", STRANGE, file=STRANGE, line=1, column=2, found=STRANGE, expected=STRANGE,
                         hint=STRANGE)  # fmt: skip
    assert str(problem) == (
        f"error[DF0401]: {SHOWN}\n  --> {SHOWN}:1:2\n  = found: {SHOWN}\n  = expected: {SHOWN}\n  = help: {SHOWN}"
    )
    assert str(Diagnostic("DF0401", "m", node=STRANGE)) == f"error[DF0401]: m\n  in node `{SHOWN}`"
    assert problem.as_data()["message"] == STRANGE  # as data it is what it was


def test_the_caret_stands_below_its_character() -> None:
    source = "a: \x1b[1m\u202e\tbad"
    problem = Diagnostic("DF0203", "m", line=1, column=source.index("bad") + 1, length=3, source=source)
    shown, carets = str(problem).splitlines()[-2:]
    assert shown.index("bad") == carets.index("^^^")
    assert shown.isprintable()


@pytest.mark.parametrize("text", ["", "plain", "naïve 图 — `x`", "e\u0301", "back\\slash"])
def test_letters_of_all_languages_stay(text: str) -> None:
    assert escape(text) == text
