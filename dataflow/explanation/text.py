"""An explanation as plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dataflow.explanation.notation import Notation
from dataflow.explanation.page import Equation, Gap, Heading, Item, Sentence, Title, lay_out
from dataflow.explanation.spelling import Describe, PlainSpelling, Spelling
from dataflow.explanation.steps import Explanation
from dataflow.explanation.words import Words

WIDTH = 100  # a longer equation goes on in further lines
SHORT = 12  # what does not stand alone on a line

Measure = Callable[[str], int]  # how many columns a text takes


def write_text(
    explanation: Explanation, words: Words, describe: Describe, measure: Measure = len, *, ascii_only: bool = False
) -> Iterator[str]:
    """The lines of an explanation; `describe` tells a value in few characters.

    >>> from dataflow.document import loads
    >>> from dataflow.explanation import explain
    >>> from dataflow.explanation.words import ENGLISH
    >>> found = explain(loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: 2 * x}, target: y}"))
    >>> print("\\n".join(write_text(found, ENGLISH, str)))
    Forward, left to right
      x = 3.0
      y = 2 · x = 2 · 3.0 = 6.0
    <BLANKLINE>
    In reverse, right to left: dx is short for dy/dx
      dy = dy/dy = 1.0
    <BLANKLINE>
      y = 2 · x
        dx = dy/dx = dy · 2 = 1.0 · 2 = 2.0
    <BLANKLINE>
    1 gradient in 1 step, each of them an upstream gradient times a local slope.
    """
    spelling = PlainSpelling(describe) if ascii_only else Spelling(describe)
    blank = True
    for item in lay_out(explanation, Notation(describe, spelling), words):
        if isinstance(item, Gap | Heading) and not blank:
            yield ""
        lines = list(_write(item, words, measure))
        yield from lines
        if isinstance(item, Title):
            yield ""
        blank = isinstance(item, Title | Gap)


def _write(item: Item, words: Words, measure: Measure) -> Iterator[str]:
    if isinstance(item, Title):
        yield from _wrap(words.colon.join(filter(None, (item.name, item.description))).split(), measure)
    elif isinstance(item, Heading):
        yield item.text
    elif isinstance(item, Sentence):
        yield "  " * item.depth + item.text
    elif isinstance(item, Equation):
        yield from _write_equation(item, words, measure)


def _wrap(words: list[str], measure: Measure) -> Iterator[str]:
    """Words in lines that are not too long."""
    line = ""
    for word in words:
        if line and measure(f"{line} {word}") > WIDTH:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
    yield line


def _write_equation(equation: Equation, words: Words, measure: Measure) -> Iterator[str]:
    """The sides of an equation, as many on a line as fit, and remarks in brackets."""
    deeper = "  " * equation.depth + "    "
    line = "  " * equation.depth + equation.introduction
    for index, side in enumerate(equation.sides):
        if index and measure(f"{line} = {side}") > WIDTH and measure(line.strip()) > SHORT:
            yield line
            line = f"{deeper}= {side}"
        else:
            line += f" = {side}" if index else side
    if equation.remarks:
        remarks = words.brackets.format(remarks=words.semicolon.join(equation.remarks))
        if measure(f"{line}   {remarks}") > WIDTH:
            yield line
            line = deeper + remarks
        else:
            line += f"   {remarks}"
    yield line
