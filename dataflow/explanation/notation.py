"""The signs of calculus around expressions: derivatives, products, sums, and words among them; here as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dataflow.explanation.expressions import Expression
from dataflow.explanation.spelling import ADD, MULTIPLY, SIGN, Describe, Spelling, Written, enclose


class Notation:
    """How a derivation is written down: `math` in the one hand, words in the other."""

    equals = " = "
    dots = "..."

    def __init__(self, describe: Describe, spelling: Spelling | None = None) -> None:
        self.describe = describe
        self.spelling = Spelling(describe) if spelling is None else spelling

    def name(self, name: str) -> str:
        """A name in math."""
        return self.spelling.name(name).text

    def expression(self, expression: Expression, put: Mapping[str, Any] | None = None) -> str:
        """An expression in math."""
        return self.spelling.write(expression, put)

    def value(self, value: Any) -> str:
        """A value in math."""
        return self.spelling.number(value).text if is_number(value) else self.describe(value)

    def derivative(self, above: str, below: str) -> str:
        """The derivative of one value with respect to another.

        >>> Notation(str).derivative("J", "v")
        'dJ/dv'
        """
        return f"d{above}/d{below}"

    def product(self, factors: Sequence[str]) -> str:
        """A product of derivatives."""
        return f" {self.spelling.times} ".join(factors)

    def total(self, terms: Sequence[str]) -> str:
        """A sum; what begins with a minus is put in brackets.

        >>> Notation(str).total(["6", "-4"])
        '6 + (-4)'
        """
        shown = [enclose(Written(term, SIGN if term[:1] == "-" else MULTIPLY), ADD, signs=True) for term in terms[1:]]
        return " + ".join([*terms[:1], *shown])

    def say(self, words: str) -> str:
        """Words in math."""
        return words

    def show(self, math: str) -> str:
        """Math in words."""
        return math

    def quote(self, text: str) -> str:
        """The text of somebody else in words."""
        return text


def is_number(value: Any) -> bool:
    """Whether a value is one number.

    >>> is_number(1.5), is_number(None)
    (True, False)
    """
    return value is not None and not getattr(value, "shape", ())
