"""Names: what they may be, and which of them look the same."""

from __future__ import annotations

import keyword
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.checks.names import RESERVED, fault_of, looks_of, spell_out


@given(st.text(max_size=8))
def test_a_name_without_fault_is_an_identifier_in_normal_form(name: str) -> None:
    fine = (
        name.isidentifier()
        and unicodedata.normalize("NFKC", name) == name
        and not (name.isascii() and (keyword.iskeyword(name) or name in RESERVED or name.startswith("__")))
    )
    assert (fault_of(name) is None) == fine


@given(st.text(min_size=1, max_size=100))
def test_what_is_proposed_is_a_name(name: str) -> None:
    fault = fault_of(name)
    if fault is not None and "digits and underscores: `" in fault[1]:
        proposed = fault[1].split("`")[1]
        assert proposed.isidentifier()


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("", "a name is empty", "give it one"),
        ("layer.w", "`layer.w` is no name", "`layer_w`"),
        ("1a", "`1a` is no name", "`x1a`"),
        ("...", "`...` is no name", "`x`"),
        ("class", "`class` is a word of the expression language", "call it `class_`"),
        ("pi", "`pi` is a word of the expression language", "call it `pi_`"),
        ("__init__", "`__init__` begins with two underscores", "meaning of their own"),
        ("axis=0)", "`axis=0)` is no name", "put it in quotes"),
        ("\N{LATIN SMALL LIGATURE FI}", "is not in normal form (NFKC)", "write `fi`"),
        ("a" * 100 + " ", "aaa...` is no name", "letters, digits and underscores"),
        ("a\u202eb", "`a?b` is no name", "`a_b`"),
    ],
)
def test_fault(name: str, message: str, hint: str) -> None:
    fault = fault_of(name)
    assert fault is not None
    assert message in fault[0]
    assert hint in fault[1]
    assert all(text.isprintable() for text in fault)


def test_looks() -> None:
    assert looks_of("\N{CYRILLIC SMALL LETTER A}\N{GREEK SMALL LETTER OMICRON}c") == "aoc"
    assert looks_of("plain_1") == "plain_1"
    assert spell_out("a\N{CYRILLIC SMALL LETTER A}\N{CYRILLIC SMALL LETTER A}") == "U+0430 CYRILLIC SMALL LETTER A"
    assert spell_out("abc") == ""


def test_every_look_alike_is_of_another_script() -> None:
    from dataflow.checks.names import _LOOKALIKES

    for letter, latin in _LOOKALIKES.items():
        assert not chr(letter).isascii()
        assert chr(latin).isascii()
        assert chr(letter).isidentifier()
