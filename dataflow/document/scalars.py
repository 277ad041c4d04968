"""What the YAML parser gives: its events, what a scalar means, and where each of its characters stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isinf
from typing import Any

from dataflow.errors import Diagnostic, GraphError

Scalar = str | int | float | bool | None

# Python refuses to print integers of more than 4,300 digits; one that can be read can then be shown.
MAX_DIGITS = 4_000

# What does not begin with one of these is text; the empty scalar is null. Tested before anything else.
SUSPECT = frozenset(["", *"0123456789+-.~nNtTfF"])

WORDS: dict[str, Scalar] = {"": None, "~": None}
WORDS |= dict.fromkeys(("null", "Null", "NULL"), None)
WORDS |= dict.fromkeys(("true", "True", "TRUE"), True)
WORDS |= dict.fromkeys(("false", "False", "FALSE"), False)
# A tree is JSON data, and so non-finite numbers are the strings that result files use.
WORDS |= dict.fromkeys((sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")), "Infinity")
WORDS |= dict.fromkeys(("-.inf", "-.Inf", "-.INF"), "-Infinity")
WORDS |= dict.fromkeys((".nan", ".NaN", ".NAN"), "NaN")

_NUMBER = re.compile(
    r"(?P<integer>[-+]?[0-9]+)"
    r"|0o(?P<octal>[0-7]+)"
    r"|0x(?P<hexadecimal>[0-9a-fA-F]+)"
    r"|(?P<real>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
)
_AMBIGUOUS = re.compile(r"[-+]?0[0-9]")

TAGGED: dict[str, tuple[type, ...]] = {"int": (int,), "float": (float, int), "bool": (bool,), "null": (type(None),)}

LONE_SURROGATE = "found half of a surrogate pair"
# An escape such as \ud83d is half of a character in JSON and nothing in YAML: libyaml stops at it.
# Patterns that only positions and problems need are compiled then: `re` keeps them, and a start does not pay.
_SURROGATE_ESCAPE = r"\\(?:u|U0000)[dD][89a-fA-F][0-9a-fA-F]{2}"
_FOREIGN_BREAKS = "\x85\u2028\u2029"

BLANKS = " \t\r\n"
_PLAIN = r"[^ \t\r\n]"
_SINGLE = r"''|[^ \t\r\n]"
_DOUBLE = (
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\(?:\r\n|[\s\S])|[^ \t\r\n]"
)
_SILENT = r"\\(?:[ \t\r\ntnr]|\r\n|(?:x|u00|U000000)(?:09|0[aA]|0[dD]|20))"


def resolve(text: str) -> Scalar:
    """What a plain scalar means by the core schema of YAML 1.2.

    A non-finite number becomes the text that result files use for it. Raises GraphError, without a
    place, for what no number can hold and for what YAML 1.1 and 1.2 read as different numbers.

    >>> [resolve(text) for text in ("1e-3", "0x1F", "no", "12:30", "~", "True", "-.inf")]
    [0.001, 31, 'no', '12:30', None, True, '-Infinity']
    """
    if text[:1] not in SUSPECT:
        return text
    if text in WORDS:
        return WORDS[text]
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    kind = match.lastgroup
    if kind == "real":
        return _read_real(text)
    if len(text) > MAX_DIGITS:
        raise GraphError(
            Diagnostic(
                "DF0119",
                "an integer with too many digits",
                found=f"{len(text):,} characters",
                expected=f"at most {MAX_DIGITS:,}",
                hint="write it as a real number, such as 1e300",
            )
        )
    if kind == "octal":
        return int(text[2:], 8)
    if kind == "hexadecimal":
        return int(text[2:], 16)
    if _AMBIGUOUS.match(text):
        raise _explain_leading_zero(text)
    return int(text)


def _read_real(text: str) -> float:
    number = float(text)
    if isinf(number):
        raise GraphError(
            Diagnostic(
                "DF0120",
                "a number too large for a float",
                found=text if len(text) < 40 else f"{text[:30]}...",
                expected="at most 1.7976931348623157e308 in absolute value",
                hint="write `.inf` if infinity is meant",
            )
        )
    return number


def _explain_leading_zero(text: str) -> GraphError:
    digits = text.lstrip("+-")
    sign = text[: len(text) - len(digits)]
    octal = digits.lstrip("0") or "0"
    hint = f"write `{sign}{octal}` for the decimal number"
    if not set(digits) & {"8", "9"} and not sign:
        hint += f", `0o{octal}` for the octal one"
    return GraphError(
        Diagnostic(
            "DF0121",
            f"a number with leading zeros: `{text if len(text) < 40 else text[:30] + '...'}`",
            found="a number that YAML 1.1 reads as octal or text, YAML 1.2 as decimal",
            hint=f'{hint}, `"..."` for text',
        )
    )


def resolve_tagged(text: str, tag: str) -> Scalar:
    """What a scalar means that is tagged ``int``, ``float``, ``bool`` or ``null``; GraphError if it does not fit.

    >>> resolve_tagged("3", "float")
    3.0
    """
    value = resolve(text)
    if tag == "float" and type(value) is str and value != text:  # .inf and its like
        return value
    if type(value) not in TAGGED[tag]:
        message = f"`{shorten(text)}` is not what the tag `!!{tag}` says"
        raise GraphError(Diagnostic("DF0113", message, hint="remove the tag, or write what it says"))
    return float(value) if tag == "float" and isinstance(value, int) else value


def describe(value: Any) -> str:
    """What kind of value stands in a tree, in words.

    >>> describe([1, 2]), describe(True), describe("a text")
    ('a list', '`true`', 'the text `a text`')
    """
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "`true`", False: "`false`"}[value]
    if isinstance(value, int | float):
        return f"the number {shorten(str(value))}"
    if isinstance(value, str):
        return f"the text `{shorten(value)}`"
    return "a list" if isinstance(value, list) else "a mapping"


def shorten(text: str) -> str:
    """A text that fits into a message."""
    return text if len(text) <= 40 else f"{text[:37]}..."


def find_units(text: str, start: int, end: int) -> list[tuple[int, int]]:
    r"""Where the characters of a scalar's value stand that are not blank: one (start, end) for each, in order.

    `start` and `end` enclose the scalar in the text, quotes or the header of a block included. Styles, folding,
    indentation and escapes change the blanks of a value and how a character is spelled, never the order of the
    others, and so the k-th of them in the value is the k-th unit of the text.

    >>> find_units(r'x: "a\x2A b"', 3, 12)
    [(4, 5), (5, 9), (10, 11)]
    """
    style = text[start : start + 1]
    if style == '"':
        units = (match.span() for match in re.compile(_DOUBLE).finditer(text, start + 1, max(start + 1, end - 1)))
        silent = re.compile(_SILENT)
        return [unit for unit in units if not silent.fullmatch(text, *unit)]
    pattern = _PLAIN
    if style == "'":
        pattern, start, end = _SINGLE, start + 1, max(start + 1, end - 1)
    elif style in ("|", ">"):
        header = re.compile(r"[^\r\n]*").match(text, start, end)
        start = header.end() if header else end
    return [match.span() for match in re.compile(pattern).finditer(text, start, end)]


def count_units(value: str) -> int:
    """How many characters of a value are not blank.

    >>> count_units("a * b")
    3
    """
    return len(value) - sum(map(value.count, BLANKS))


def open_events(text: str) -> Callable[[], Any]:
    """A function that gives the next parser event of a text each time, and None after the last.

    The parser is libyaml's where there is one and what it reads is plain YAML 1.2. What it reads as YAML 1.1
    would is mended: NEL, LS and PS are characters as others are, and a pair of surrogate escapes is one character.
    """
    table = {}
    if not text.isascii() and any(character in text for character in _FOREIGN_BREAKS):
        unused = (code for code in range(0xE000, 0x110000) if chr(code) not in text)
        table = {next(unused): character for character in _FOREIGN_BREAKS}
        text = text.translate({ord(character): code for code, character in table.items()})
    surrogates = "\\" in text and re.search(_SURROGATE_ESCAPE, text) is not None
    get_event = _open_pure(text) if surrogates else _open_fast(text)
    return _mend(get_event, text, table) if table or surrogates else get_event


def _open_fast(text: str) -> Callable[[], Any]:
    try:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]
    except ImportError:
        return _open_pure(text)
    get_event: Callable[[], Any] = CParser(text).get_event
    return get_event


def _open_pure(text: str) -> Callable[[], Any]:
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner, ScannerError

    class PureParser(Reader, Scanner, Parser):
        """PyYAML's own parser, taught to take tabs and to refuse escapes as libyaml does."""

        def __init__(self) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)

        def get_event(self) -> Any:
            try:
                return super().get_event()  # type: ignore[no-untyped-call]
            except (ValueError, OverflowError):  # "\U00110000"
                mark = self.get_mark()
                raise ScannerError(None, None, "found invalid Unicode character escape code", mark) from None

        def scan_to_next_token(self) -> None:
            Scanner.scan_to_next_token(self)
            while self.peek() == "\t" and (self.flow_level or not self.allow_simple_key):
                self.forward()
                Scanner.scan_to_next_token(self)

        def scan_plain_spaces(self, indent: Any, start_mark: Any) -> Any:
            length = 0
            while self.peek(length) in " \t":
                length += 1
            spaces = self.prefix(length)
            self.forward(length)
            return [spaces] if spaces and self.peek() not in "\r\n\0" else super().scan_plain_spaces(indent, start_mark)

    return PureParser().get_event


def _mend(get_event: Callable[[], Any], text: str, table: dict[int, str]) -> Callable[[], Any]:
    from yaml.scanner import ScannerError

    def get_mended() -> Any:
        event = get_event()
        value = getattr(event, "value", "")
        if value and not value.isascii():
            value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
            if any("\ud800" <= character <= "\udfff" for character in value):
                units = find_units(text, event.start_mark.index, event.end_mark.index)
                halves = (start for start, end in units if re.fullmatch(_SURROGATE_ESCAPE, text[start:end]))
                event.start_mark.index = next(halves, event.start_mark.index)
                raise ScannerError(None, None, LONE_SURROGATE, event.start_mark)
            event.value = value.translate(table)
        return event

    return get_mended
