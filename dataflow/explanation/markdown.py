"""An explanation as Markdown with LaTeX between dollar signs, as GitHub shows it.

In math a backslash stands before letters only: Markdown takes the one before a sign of punctuation for its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dataflow.explanation.expressions import KEPT, OUTPUT, Call
from dataflow.explanation.notation import Notation, is_number
from dataflow.explanation.page import Equation, Gap, Heading, Item, Sentence, Title, lay_out
from dataflow.explanation.spelling import (
    ATOM,
    COMPARE,
    INFIX,
    MULTIPLY,
    POWER,
    SIGN,
    Describe,
    Spelling,
    Written,
    enclose,
)
from dataflow.explanation.steps import Explanation
from dataflow.explanation.words import Words

SIGNS: Mapping[str, str] = {
    "<": r"\lt", "<=": r"\le", ">": r"\gt", ">=": r"\ge", "==": r"\overset{?}{=}", "!=": r"\ne",
    "+": "+", "-": "-", "*": r"\cdot", "@": r"\mathbin{@}",
}  # fmt: skip
SYMBOLS: Mapping[str, str] = {"NaN": r"\text{NaN}", "Infinity": r"\infty", "-Infinity": r"-\infty", "pi": r"\pi"}
PUNCTUATION = frozenset("\\`*_[]<>#~$&|")
SPECIAL = frozenset("\\`*_{}<>#~$%^&|")
WIDE = 0xFEE0  # from a sign to its wide form


def write_markdown(explanation: Explanation, words: Words, describe: Describe) -> Iterator[str]:
    r"""The lines of an explanation as Markdown; `describe` tells a value in few characters.

    >>> from dataflow.document import loads
    >>> from dataflow.explanation import explain
    >>> from dataflow.explanation.words import ENGLISH
    >>> found = explain(loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: 2 * x}, target: y}"))
    >>> print(list(write_markdown(found, ENGLISH, str))[-4])
      - $\mathit{dx} = \dfrac{\partial y}{\partial x} = \mathit{dy} \cdot 2 = 1.0 \cdot 2 = 2.0$
    """
    notation = LatexNotation(describe, explanation.numbers)
    listing = False
    for item in lay_out(explanation, notation, words):
        if isinstance(item, Gap):
            continue
        in_list = isinstance(item, Equation) or (isinstance(item, Sentence) and item.depth > 0)
        if listing and not in_list:
            yield ""
        for line in _write(item, words):
            yield line
            if not in_list:
                yield ""
        listing = in_list


def _write(item: Item, words: Words) -> Iterator[str]:
    if isinstance(item, Title):
        name, description = quote(item.name), quote(" ".join(item.description.split()))
        yield f"# {name or description}"
        if name and description:
            yield description
    elif isinstance(item, Heading):
        yield f"## {item.text}"
    elif isinstance(item, Sentence):
        yield f"{'  ' * (item.depth - 1)}- {item.text}" if item.depth else item.text
    elif isinstance(item, Equation):
        text = f"{'  ' * (item.depth - 1)}- {item.introduction}${' = '.join(item.sides)}$"
        remarks = words.brackets.format(remarks=words.semicolon.join(item.remarks))
        yield f"{text} {remarks}" if item.remarks else text


class LatexNotation(Notation):
    """The signs of calculus in LaTeX."""

    dots = r"\ldots"

    def __init__(self, describe: Describe, names: Mapping[str, Any]) -> None:
        super().__init__(describe, LatexSpelling(describe, names))

    def value(self, value: Any) -> str:
        """A value in math."""
        return self.spelling.number(value).text if is_number(value) else as_text(self.describe(value))

    def derivative(self, above: str, below: str) -> str:
        r"""The derivative of one value with respect to another.

        >>> LatexNotation(str, {}).derivative("J", "v")
        '\\dfrac{\\partial J}{\\partial v}'
        """
        return rf"\dfrac{{\partial {self.name(above)}}}{{\partial {self.name(below)}}}"

    def say(self, words: str) -> str:
        """Words in math."""
        return as_text(words)

    def show(self, math: str) -> str:
        """Math in words."""
        return f"${math}$"

    def quote(self, text: str) -> str:
        """The text of somebody else in words."""
        return quote(text)


class LatexSpelling(Spelling):
    """Expressions in LaTeX. Of names that would look alike the later ones are written letter by letter."""

    times = r"\cdot"

    def __init__(self, describe: Describe, names: Mapping[str, Any]) -> None:
        super().__init__(describe)
        self._plain = Spelling(describe)
        self._names: dict[str, str] = {}
        used: set[str] = set()
        for name in names:
            text = spell_name(name)
            self._names[name] = text if text not in used else as_text(name)
            used.add(text)

    def name(self, name: str) -> Written:
        """A name."""
        return Written(self._names.get(name) or spell_name(name), ATOM)

    def number(self, number: Any) -> Written:
        """A number, or None for an input that is not given."""
        return self._read(super().number(number))

    def _read(self, written: Written) -> Written:
        """A number as it is told, in LaTeX."""
        text, binding, _ = written
        if text in SYMBOLS:
            return Written(SYMBOLS[text], binding)
        digits, letter, exponent = text.partition("e")
        if letter and _is_number(digits) and _is_number(exponent):
            return Written(rf"{digits} \cdot 10^{{{int(exponent)}}}", MULTIPLY, "multiply")
        return written if _is_number(text) else Written(as_text(text), ATOM)

    def infix(self, call: Call, left: Written, right: Written) -> Written:
        """Two operands with a sign between them, a fraction, or a power."""
        if call.op == "divide":
            return Written(rf"\dfrac{{{left.text}}}{{{right.text}}}", MULTIPLY, "divide")
        if call.op == "pow":
            return Written(f"{_enclose(left, ATOM)}^{{{right.text}}}", POWER)
        sign, own = INFIX[call.op]
        loose = right.op in ("add", "subtract") if call.op == "add" else right.op in ("multiply", "divide")
        first = _enclose(left, own + (own == COMPARE))
        second = _enclose(right, own if loose and call.op in ("add", "multiply") else own + 1, signs=own != COMPARE)
        return Written(f"{first} {SIGNS[sign]} {second}", own, call.op)

    def negative(self, operand: Written) -> Written:
        """A sign before an operand."""
        loose = operand.op in ("multiply", "divide")
        text = _enclose(operand, MULTIPLY if loose else SIGN, signs=True)
        return Written(f"-{text}", MULTIPLY if loose else SIGN, operand.op if loose else "")

    def special(self, call: Call, operands: Sequence[Written]) -> Written | None:
        """What is written in a way of its own."""
        if call.op == KEPT:
            text = rf"{_enclose(operands[1], MULTIPLY)} \cdot \left[{operands[0].text}\right]"
            return Written(text, MULTIPLY, "multiply")
        if call.attributes or len(operands) != 1:
            return None
        if call.op == "zeros_like":
            return Written("0", ATOM)
        text, forms = operands[0].text, {"sqrt": r"\sqrt{%s}", "abs": r"\left|%s\right|", "exp": "e^{%s}"}
        if call.op in forms:
            return Written(forms[call.op] % text, POWER if call.op == "exp" else ATOM)
        if call.op == "square":
            return Written(f"{_enclose(operands[0], ATOM)}^{{2}}", POWER)
        if call.op == "matrix_transpose":
            return Written(rf"{_enclose(operands[0], ATOM)}^{{\mathsf{{T}}}}", POWER)
        return None

    def function(self, call: Call, operands: Sequence[Written]) -> Written:
        """A call, an index, or one of several results."""
        texts = [item.text for item in operands]
        if call.op in (OUTPUT, "getitem"):
            plain = super().function(call, [Written("", ATOM)]).text
            return Written(_enclose(operands[0], ATOM) + as_text(plain), ATOM)
        texts += [as_text(f"{key}={self.attribute(key, value)}") for key, value in call.attributes.items()]
        name = rf"\mathrm{{{call.op}}}" if call.op.isalpha() else as_text(call.op.replace("_", "-"))
        return Written(rf"{name}\left({', '.join(texts)}\right)", ATOM)

    def literal(self, value: Any) -> str:
        """A number, a text, or a list of these, in words."""
        return self._plain.literal(value)


def _enclose(written: Written, binding: int, *, signs: bool = False) -> str:
    text = enclose(written, binding, signs=signs)
    return text if text == written.text else rf"\left({written.text}\right)"


def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdecimal()


def spell_name(name: str) -> str:
    r"""A name in LaTeX: what stands behind an underscore, and digits at the end, as an index.

    >>> spell_name("b"), spell_name("x1"), spell_name("log_length"), spell_name("权重")
    ('b', 'x_{1}', '\\mathit{log}_{\\mathit{length}}', '\\text{权重}')
    """
    head, *rest = [part for part in name.split("_") if part] or [name.replace("_", "-")]
    letters = head.rstrip("0123456789")
    if letters and letters != head:
        rest.insert(0, head[len(letters) :])
        head = letters
    text = _spell_word(head)
    return f"{text}_{{{', '.join(map(_spell_word, rest))}}}" if rest else text


def _spell_word(word: str) -> str:
    if not word.isascii():
        return as_text(word)
    return word if len(word) == 1 or word.isdigit() else rf"\mathit{{{word}}}"


def as_text(text: str) -> str:
    r"""Words in math; signs that LaTeX or Markdown would take for their own are replaced by wide ones.

    >>> as_text("axis=0"), as_text("50%_a")
    ('\\text{axis=0}', '\\text{50％＿a}')
    """
    return rf"\text{{{''.join(chr(ord(letter) + WIDE) if letter in SPECIAL else letter for letter in text)}}}"


def quote(text: str) -> str:
    r"""The text of somebody else, of which Markdown makes nothing.

    >>> quote("a*b <b>"), quote("1. x"), quote("- x")
    ('a\\*b \\<b\\>', '1\\. x', '\\- x')
    """
    text = "".join(f"\\{letter}" if letter in PUNCTUATION else letter for letter in text)
    number = text[: len(text) - len(text.lstrip("0123456789"))]
    rest = text[len(number) :]
    return f"{number}\\{rest}" if rest[:1] in (tuple(".)") if number else tuple("+-=")) else text
