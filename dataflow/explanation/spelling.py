"""Expressions as text: as people write them (`du · c`), or as a graph has them (`du * c`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from dataflow.document.literals import CONSTANTS
from dataflow.explanation.expressions import CONSTANT, KEPT, OUTPUT, Call, Expression, Name, fold

Describe = Callable[[Any], str]  # a value in few characters

COMPARE, ADD, MULTIPLY, SIGN, POWER, ATOM = range(1, 7)  # how tightly an operation binds
COMPARISONS = {
    "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!=",
}  # fmt: skip
INFIX: Mapping[str, tuple[str, int]] = {
    **{op: (sign, COMPARE) for op, sign in COMPARISONS.items()},
    "add": ("+", ADD), "subtract": ("-", ADD), "multiply": ("*", MULTIPLY), "divide": ("/", MULTIPLY),
    "matmul": ("@", MULTIPLY), "pow": ("**", POWER),
}  # fmt: skip
LOOSE = {"add": ("add", "subtract"), "multiply": ("multiply", "divide")}  # a + (b - c) is a + b - c
POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹"


class Written(NamedTuple):
    """A text, how tightly it holds together, and the operator that it is of."""

    text: str
    binding: int
    op: str = ""


class Spelling:
    """How expressions are written. `put` is what stands in the place of names: None for the names themselves."""

    times = "·"

    def __init__(self, describe: Describe) -> None:
        self.describe = describe

    def write(self, expression: Expression, put: Mapping[str, Any] | None = None) -> str:
        """The text of an expression.

        >>> product = Call("multiply", (Name("du"), Call("subtract", (Name("p"), -2))))
        >>> spelling = Spelling(str)
        >>> spelling.write(product), spelling.write(product, {"du": 3.0, "p": 0.5}), GraphSpelling(str).write(product)
        ('du · (p - (-2))', '3.0 · (0.5 - (-2))', 'du * (p - -2)')
        """
        written: Written = fold(expression, lambda item: self.leaf(item, put), self.call)
        return written.text

    def leaf(self, item: Any, put: Mapping[str, Any] | None) -> Written:
        """A name, or what is put in its place; a number."""
        if isinstance(item, Name):
            return self.name(item.text) if put is None else self.number(put[item.text])
        return self.number(item)

    def name(self, name: str) -> Written:
        """A name."""
        return Written(name, ATOM)

    def number(self, number: Any) -> Written:
        """A number, or None for an input that is not given."""
        if number is None:
            return Written("None", ATOM)
        number = number.item() if hasattr(number, "dtype") else number
        text = name_constant(number) or self.describe(number)
        return Written(text, SIGN if text.startswith("-") or "e" in text else ATOM)

    def call(self, call: Call, operands: Sequence[Written]) -> Written:
        """An operation on what is written already."""
        op, plain = call.op, not call.attributes
        if op in INFIX and plain and len(operands) == 2:
            return self.infix(call, *operands)
        if op == "negative" and plain:
            return self.negative(operands[0])
        if op in ("identity", "positive") and plain:
            return operands[0]
        return self.special(call, operands) or self.function(call, operands)

    def infix(self, call: Call, left: Written, right: Written) -> Written:
        """Two operands with a sign between them."""
        if call.op == "pow" and (raised := self.power(call, left)):
            return raised
        sign, own = INFIX[call.op]
        sign = self.times if sign == "*" else sign
        first = enclose(left, own + (own in (COMPARE, POWER)))
        loose = right.op in LOOSE.get(call.op, ())
        second = enclose(right, own if loose or own == POWER else own + 1, signs=own != COMPARE)
        return Written(f"{first} {sign} {second}", own, call.op)

    def power(self, call: Call, base: Written) -> Written | None:
        """A power that is a small whole number, set above."""
        exponent = call.operands[1]
        if type(exponent) not in (int, float) or exponent not in range(2, 10):
            return None
        return Written(enclose(base, ATOM) + POWERS[int(exponent)], POWER)  # type: ignore[arg-type]

    def negative(self, operand: Written) -> Written:
        """A sign before an operand; `-(a · b)` is `-a · b`."""
        loose = operand.op in LOOSE["multiply"]
        text = enclose(operand, MULTIPLY if loose else SIGN, signs=True)
        return Written(f"-{text}", MULTIPLY if loose else SIGN, operand.op if loose else "")

    def special(self, call: Call, operands: Sequence[Written]) -> Written | None:
        """What is written in a way of its own."""
        if call.op == "zeros_like" and not call.attributes:
            return Written("0", ATOM)
        if call.op == "matrix_transpose":
            return Written(f"{enclose(operands[0], ATOM)}ᵀ", ATOM)
        if call.op == KEPT:
            return Written(f"{enclose(operands[1], MULTIPLY)} {self.times} [{operands[0].text}]", MULTIPLY, "multiply")
        return None

    def function(self, call: Call, operands: Sequence[Written]) -> Written:
        """A call, an index, or one of several results."""
        texts = [item.text for item in operands]
        if call.op == OUTPUT:
            return Written(f"{enclose(operands[0], ATOM)}[{call.attributes['index']}]", ATOM)
        if call.op == CONSTANT:
            return Written("...", ATOM)
        if call.op == "getitem" and list(call.attributes) == ["key"]:
            parts = ["None" if item is None else str(item) for item in call.attributes["key"]]
            return Written(f"{enclose(operands[0], ATOM)}[{', '.join(parts)}]", ATOM)
        texts += [f"{key}={self.attribute(key, value)}" for key, value in call.attributes.items()]
        return Written(f"{call.op}({', '.join(texts)})", ATOM)

    def attribute(self, key: str, value: Any) -> str:
        """The value of an attribute; one axis alone is a number."""
        alone = key == "axis" and isinstance(value, tuple) and len(value) == 1
        return self.literal(value[0] if alone else value)

    def literal(self, value: Any) -> str:
        """A number, a text, or a list of these."""
        if isinstance(value, tuple | list):
            return f"[{', '.join(map(self.literal, value))}]"
        return self.number(value).text if isinstance(value, float) else repr(value)


class PlainSpelling(Spelling):
    """Expressions for terminals that show no more than ASCII.

    >>> PlainSpelling(str).write(Call("multiply", (Name("dy"), Call("pow", (Name("x"), 2)))))
    'dy * x ** 2'
    """

    times = "*"

    def power(self, call: Call, base: Written) -> Written | None:
        """No power is set above."""
        return None

    def special(self, call: Call, operands: Sequence[Written]) -> Written | None:
        """What is written in a way of its own."""
        return None if call.op == "matrix_transpose" else super().special(call, operands)


class GraphSpelling(Spelling):
    """Expressions as a graph may have them: every bracket that the order of evaluation needs."""

    times = "*"

    def infix(self, call: Call, left: Written, right: Written) -> Written:
        """Two operands with a sign between them."""
        sign, own = INFIX[call.op]
        first = enclose(left, own + (own in (COMPARE, POWER)))
        return Written(f"{first} {sign} {enclose(right, own + (own != POWER))}", own)

    def negative(self, operand: Written) -> Written:
        """A sign before an operand."""
        return Written(f"-{enclose(operand, SIGN)}", SIGN)

    def special(self, call: Call, operands: Sequence[Written]) -> Written | None:
        """What is not in a graph as it is here."""
        return self.function(call._replace(op="where"), operands) if call.op == KEPT else None


def enclose(written: Written, binding: int, *, signs: bool = False) -> str:
    """A text in brackets where it holds together less tightly than it must; `signs`: also one that begins with a minus.

    >>> enclose(Written("a + b", ADD), MULTIPLY), enclose(Written("-2", SIGN), MULTIPLY, signs=True)
    ('(a + b)', '(-2)')
    """
    if written.binding < binding or (signs and written.text.startswith("-")):
        return f"({written.text})"
    return written.text


def name_constant(number: Any) -> str | None:
    """The name of pi; other numbers have none.

    >>> name_constant(3.141592653589793), name_constant(3)
    ('pi', None)
    """
    return "pi" if number == CONSTANTS["pi"] else None
