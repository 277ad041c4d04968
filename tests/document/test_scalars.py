"""Plain scalars mean what the core schema of YAML 1.2 says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.document.scalars import MAX_DIGITS, Scalar, describe, resolve, resolve_tagged
from dataflow.errors import GraphError

MEANINGS: list[tuple[str, Scalar]] = [
    *((text, None) for text in ("", "~", "null", "Null", "NULL")),
    *((text, True) for text in ("true", "True", "TRUE")),
    *((text, False) for text in ("false", "False", "FALSE")),
    ("0", 0), ("-0", 0), ("+7", 7), ("-12", -12), ("0o17", 15), ("0xfF", 255),
    ("9007199254740993", 2**53 + 1),
    ("1.0", 1.0), ("-.5", -0.5), ("5.", 5.0), ("1e5", 1e5), ("1E-3", 1e-3), ("+1.5e+3", 1500.0), ("0e0", 0.0),
    ("00.5", 0.5), ("1e-400", 0.0),
    *((text, "Infinity") for text in (".inf", ".Inf", ".INF", "+.inf")),
    *((text, "-Infinity") for text in ("-.inf", "-.Inf", "-.INF")),
    *((text, "NaN") for text in (".nan", ".NaN", ".NAN")),
]  # fmt: skip
TEXTS = [
    "yes", "no", "on", "off", "y", "n", "nULL", "tRUE",
    "1_000", "1:30", "12:30:45", "2026-11-23", "0b101", "0O17",
    "-0x1", "1e", "e5", ".", "-", "+", "..5", "1.2.3", "3 * v", "-x", "~x", "inf", "nan", "NaN", "Infinity",
    "+.nan", ".iNF",
    "١٢", "1e5f", "5 ", "1\n",
]  # fmt: skip


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_core_schema(text: str, meaning: Scalar) -> None:
    value = resolve(text)
    assert value == meaning
    assert type(value) is type(meaning)


@pytest.mark.parametrize("text", TEXTS)
def test_all_else_is_text(text: str) -> None:
    assert resolve(text) == text


@given(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_as_python_prints_them(integer: int, real: float) -> None:
    assert resolve(str(integer)) == integer
    assert repr(resolve(repr(real))) == repr(real)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1" * (MAX_DIGITS + 1), "DF0119"), ("0x" + "f" * MAX_DIGITS, "DF0119"), ("-" + "0" * 5000, "DF0119"),
        ("1e400", "DF0120"), ("-1e309", "DF0120"), ("1" * 400 + ".0", "DF0120"),
        ("0777", "DF0121"), ("-007", "DF0121"), ("08", "DF0121"), ("00", "DF0121"),
    ],
)  # fmt: skip
def test_numbers_that_are_refused(text: str, code: str) -> None:
    with pytest.raises(GraphError) as caught:
        resolve(text)
    assert [problem.code for problem in caught.value.diagnostics] == [code]


def test_leading_zeros_are_answered_with_both_spellings() -> None:
    with pytest.raises(GraphError, match=r"write `777` for the decimal number, `0o777` for the octal one"):
        resolve("0777")
    with pytest.raises(GraphError, match=r'write `-89` for the decimal number, `"..."` for text'):
        resolve("-089")


def test_longest_integer_can_be_printed() -> None:
    assert str(resolve("9" * MAX_DIGITS)) == "9" * MAX_DIGITS


@pytest.mark.parametrize(
    ("text", "tag", "meaning"),
    [
        ("3", "float", 3.0), (".inf", "float", "Infinity"), ("0o7", "int", 7),
        ("~", "null", None), ("True", "bool", True),
    ],
)  # fmt: skip
def test_tagged(text: str, tag: str, meaning: Scalar) -> None:
    value = resolve_tagged(text, tag)
    assert value == meaning
    assert type(value) is type(meaning)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("1.0", "int"), ("true", "int"), ("true", "float"), ("Infinity", "float"), ("yes", "bool"), ("1", "bool"),
        ("0", "null"),
    ],
)  # fmt: skip
def test_tagged_that_does_not_fit(text: str, tag: str) -> None:
    with pytest.raises(GraphError) as caught:
        resolve_tagged(text, tag)
    assert caught.value.diagnostics[0].code == "DF0113"


def test_descriptions_are_short() -> None:
    assert describe("x" * 1000) == f"the text `{'x' * 37}...`"
    values: list[object] = [None, False, 1.5, {}, []]
    assert list(map(describe, values)) == ["nothing", "`false`", "the number 1.5", "a mapping", "a list"]
