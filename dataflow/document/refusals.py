"""What to answer when an expression uses a form of Python that graphs do not have: the form that was meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from keyword import iskeyword

Answer = tuple[str, str, str | None]  # code, message, hint

_OPERATORS: Mapping[type[ast.AST], tuple[str, str]] = {
    ast.BitXor: ("^", "for a power write `**`"),
    ast.FloorDiv: ("//", "write floor_divide(a, b)"),
    ast.Mod: ("%", "write remainder(a, b)"),
    ast.BitAnd: ("&", "write logical_and(a, b)"),
    ast.BitOr: ("|", "write logical_or(a, b)"),
    ast.LShift: ("<<", "write bitwise_left_shift(a, b)"),
    ast.RShift: (">>", "write bitwise_right_shift(a, b)"),
    ast.Invert: ("~", "write logical_not(a)"),
    ast.Not: ("not", "write logical_not(a)"),
    ast.And: ("and", "write logical_and(a, b)"),
    ast.Or: ("or", "write logical_or(a, b)"),
    ast.Is: ("is", "write a == b"),
    ast.IsNot: ("is not", "write a != b"),
    ast.In: ("in", "compare with `==`"),
    ast.NotIn: ("not in", "compare with `!=`"),
}

_LETTERS: Mapping[str, str] = {
    "\u00d7": "*", "\u22c5": "*", "\u00f7": "/", "\u2212": "-", "\u2013": "-", "\u00b2": "** 2", "\u00b3": "** 3",
    "\u221a": "sqrt(x)", "\u2264": "<=", "\u2265": ">=", "\u2260": "!=", "<>": "!=",
}  # fmt: skip


_WORDS = re.compile(r"(?<![\w.])(\d+(?:\.\d*)?|[^\W\d]\w*)(?:(?<=\d)|\s)\s*([^\W\d]\w*)")


def refuse_form(form: ast.AST | str, reason: str = "") -> Answer:
    """Code, message and hint for a form that is not allowed, or for a text that does not parse at all.

    >>> import ast
    >>> refuse_form(ast.parse("a ^ 2", mode="eval").body)
    ('DF0303', 'expressions have no `^`', 'for a power write `**`')
    """
    if isinstance(form, str):
        return _refuse_text(form, reason)
    if isinstance(form, ast.BinOp | ast.UnaryOp | ast.BoolOp):
        symbol, hint = _OPERATORS[type(form.op)]
        return "DF0303", f"expressions have no `{symbol}`", hint
    if isinstance(form, ast.Compare):
        if len(form.ops) > 1:
            return "DF0303", "comparisons cannot be chained", "write logical_and(a < b, b < c)"
        symbol, hint = _OPERATORS[type(form.ops[0])]
        return "DF0303", f"expressions have no `{symbol}`", hint
    if isinstance(form, ast.IfExp):
        return "DF0303", "expressions have no `if ... else`", "for `a if c else b` write where(c, a, b)"
    if isinstance(form, ast.Call | ast.Attribute):
        attribute = form.func if isinstance(form, ast.Call) else form
        if isinstance(attribute, ast.Attribute):
            owner = attribute.value.id if isinstance(attribute.value, ast.Name) else "x"
            hint = f"write {attribute.attr}({owner})"
            if owner in ("np", "numpy", "jnp", "torch", "math", "F", "xp"):
                hint = f"write {attribute.attr}(...)"
            elif attribute.attr == "T":
                hint = f"write matrix_transpose({owner})"
            elif attribute.attr.startswith("_"):
                hint = "an operand is a name or a number"
            return (
                "DF0303",
                f"`.{attribute.attr}` cannot be looked up: graphs have operators, no attributes of objects",
                hint,
            )
        answer = "DF0303", "only an operator can be called, by its name"
        if isinstance(attribute, ast.Constant | ast.BinOp):
            return *answer, "for a product write `*`"
        return *answer, "write softmax(z, axis=-1)"
    if isinstance(form, ast.Constant):
        what = {str: "text", bytes: "bytes", bool: f"`{form.value!r}`", complex: "an imaginary number"}
        hint = (
            "graphs compute with real numbers"
            if isinstance(form.value, complex)
            else "an operand is a name or a number"
        )
        return "DF0303", f"{what.get(type(form.value), repr(form.value))} is no operand", hint
    if isinstance(form, ast.List | ast.Tuple):
        return (
            "DF0303",
            "a list can only be given to an operator that takes any number of inputs",
            ("write numbers as an input: `x: [1, 2]`; or stack([a, b], axis=0)"),
        )
    if isinstance(form, ast.Starred):
        return "DF0303", "`*` cannot spread a value", "name each operand"
    if isinstance(form, ast.Slice):
        return "DF0303", "a slice stands only in brackets", "write x[1:3]"
    name = {"Lambda": "lambda", "NamedExpr": "`:=`", "Dict": "{...}", "Set": "{...}", "JoinedStr": "f-strings"}
    name |= dict.fromkeys(("ListComp", "SetComp", "DictComp", "GeneratorExp"), "`for`")
    kind = type(form).__name__
    return (
        "DF0303",
        f"expressions have no {name.get(kind, kind)}",
        "allowed are numbers, names, + - * / ** @, comparisons, x[...] and calls",
    )


def _refuse_text(text: str, reason: str) -> Answer:
    opened = sum(text.count(bracket) for bracket in "([")
    closed = sum(text.count(bracket) for bracket in ")]")
    if not text.strip():
        return "DF0301", "the expression is empty", "write what the node is, such as `b * c`"
    if opened != closed:
        return (
            "DF0301",
            f"`{_shorten(text)}` is no whole expression: its brackets do not match",
            ("within {...} or [...] YAML ends it at a comma: put it in quotes, or on a line of its own"),
        )
    meant = next((meant for letter, meant in _LETTERS.items() if letter in text), None)
    if meant is not None:
        return "DF0301", f"`{_shorten(text)}` is no expression: {reason}", f"write `{meant}`"
    adjacent = _WORDS.search(text)
    if adjacent is not None and not any(map(iskeyword, adjacent.groups())):
        first, second = adjacent.groups()
        call = "" if first[0].isdigit() else f", a call {first}({second})"
        return (
            "DF0301",
            f"`{_shorten(text)}` is no expression: {reason}",
            f"a product is written {first} * {second}{call}",
        )
    if "=" in text.replace("==", "").replace("<=", "").replace(">=", "").replace("!=", "") and "(" not in text:
        return "DF0301", "an expression has no `=`", "the name stands before the colon: `u: b * c`; compare with `==`"
    if "#" in text:
        return "DF0301", "an expression has no comment", "in quotes a `#` is part of the text: put the comment outside"
    if "!" in text.replace("!=", ""):
        return "DF0301", f"`{_shorten(text)}` is no expression", "there is no factorial; write logical_not(a) for `!a`"
    return (
        "DF0301",
        f"`{_shorten(text)}` is no expression: {reason}",
        "allowed are numbers, names, + - * / ** @, comparisons, x[...] and calls",
    )


def _shorten(text: str, length: int = 60) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."
