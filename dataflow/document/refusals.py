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

_FORMS: Mapping[str, str] = {
    "Lambda": "lambda", "NamedExpr": "`:=`", "Dict": "{...}", "Set": "{...}", "JoinedStr": "f-strings",
    **dict.fromkeys(("ListComp", "SetComp", "DictComp", "GeneratorExp"), "`for`"),
}  # fmt: skip
_MODULES = ("np", "numpy", "jnp", "torch", "math", "F", "xp")
_ALLOWED = "allowed are numbers, names, + - * / ** @, comparisons, x[...] and calls"
_WORDS = r"(?<![\w.])(\d+(?:\.\d*)?|[^\W\d]\w*)(?:(?<=\d)|\s)\s*([^\W\d]\w*)"


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
    if isinstance(form, ast.Call):
        return _refuse_attribute(form.func) if isinstance(form.func, ast.Attribute) else _refuse_call(form.func)
    if isinstance(form, ast.Attribute):
        return _refuse_attribute(form)
    if isinstance(form, ast.Constant):
        return _refuse_constant(form.value)
    return _refuse_other(form)


def _refuse_attribute(form: ast.Attribute) -> Answer:
    owner = form.value.id if isinstance(form.value, ast.Name) else "x"
    hint = f"write {form.attr}({owner})"
    if owner in _MODULES:
        hint = f"write {form.attr}(...)"
    elif form.attr == "T":
        hint = f"write matrix_transpose({owner})"
    elif form.attr.startswith("_"):
        hint = "an operand is a name or a number"
    return "DF0303", f"`.{form.attr}` cannot be looked up: graphs have operators, no attributes of objects", hint


def _refuse_call(called: ast.expr) -> Answer:
    product = isinstance(called, ast.Constant | ast.BinOp)
    hint = "for a product write `*`" if product else "write softmax(z, axis=-1)"
    return "DF0303", "only an operator can be called, by its name", hint


def _refuse_constant(value: object) -> Answer:
    words = {str: "text", bytes: "bytes", complex: "an imaginary number"}
    what = words.get(type(value), f"`{value!r}`" if isinstance(value, bool) else repr(value))
    real = not isinstance(value, complex)
    hint = "an operand is a name or a number" if real else "graphs compute with real numbers"
    return "DF0303", f"{what} is no operand", hint


def _refuse_other(form: ast.AST) -> Answer:
    if isinstance(form, ast.List | ast.Tuple):
        message = "a list can only be given to an operator that takes any number of inputs"
        return "DF0303", message, "write numbers as an input: `x: [1, 2]`; or stack([a, b], axis=0)"
    if isinstance(form, ast.Starred):
        return "DF0303", "`*` cannot spread a value", "name each operand"
    if isinstance(form, ast.Slice):
        return "DF0303", "a slice stands only in brackets", "write x[1:3]"
    kind = type(form).__name__
    return "DF0303", f"expressions have no {_FORMS.get(kind, kind)}", _ALLOWED


def _refuse_text(text: str, reason: str) -> Answer:
    opened = sum(text.count(bracket) for bracket in "([")
    closed = sum(text.count(bracket) for bracket in ")]")
    if not text.strip():
        return "DF0301", "the expression is empty", "write what the node is, such as `b * c`"
    if opened != closed:
        message = f"`{_shorten(text)}` is no whole expression: its brackets do not match"
        hint = "within {...} or [...] YAML ends it at a comma: put it in quotes, or on a line of its own"
        return "DF0301", message, hint
    refused = f"`{_shorten(text)}` is no expression"
    meant = next((meant for letter, meant in _LETTERS.items() if letter in text), None)
    if meant is not None:
        return "DF0301", f"{refused}: {reason}", f"write `{meant}`"
    adjacent = re.search(_WORDS, text)
    if adjacent is not None and not any(map(iskeyword, adjacent.groups())):
        first, second = adjacent.groups()
        call = "" if first[0].isdigit() else f", a call {first}({second})"
        return "DF0301", f"{refused}: {reason}", f"a product is written {first} * {second}{call}"
    if "=" in text.replace("==", "").replace("<=", "").replace(">=", "").replace("!=", "") and "(" not in text:
        return "DF0301", "an expression has no `=`", "the name stands before the colon: `u: b * c`; compare with `==`"
    if "#" in text:
        return "DF0301", "an expression has no comment", "in quotes a `#` is part of the text: put the comment outside"
    if "!" in text.replace("!=", ""):
        return "DF0301", refused, "there is no factorial; write logical_not(a) for `!a`"
    return "DF0301", f"{refused}: {reason}", _ALLOWED


def _shorten(text: str, length: int = 60) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."
