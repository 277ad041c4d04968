"""One spelling for an expression: blanks around operators and after commas, no needless parentheses.

Names, numbers and texts stay as they were written. So do parentheses that are needless to the grammar and welcome
to readers: around a sign after an operator (`a * (-b)`), a power under a sign (`-(x ** 2)`) or in an exponent, and
where `@` meets `*` or `/`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dataflow.document.expressions import Operation, analyse
from dataflow.errors import GraphError

if TYPE_CHECKING:
    from dataflow.operators import Operator

_COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 7)  # larger binds tighter
_BINARY: Mapping[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", _SUM), ast.Sub: ("-", _SUM), ast.Mult: ("*", _PRODUCT), ast.Div: ("/", _PRODUCT),
    ast.MatMult: ("@", _PRODUCT), ast.Pow: ("**", _POWER),
}  # fmt: skip
_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip

# Most expressions are as they should be: what this matches has no parentheses but those of calls without calls in
# them. Each atom ends at a character that cannot belong to it, so that matching takes linear time.
_NUMBER_OR_NAME = r"-?(?:\d[\d.]*[eE]-\d+|\w[\w.]*)"
_FLAT = rf"{_NUMBER_OR_NAME}(?: (?:[-+*/@<>]|\*\*|[<>=!]=) {_NUMBER_OR_NAME})*"
_CALL_OR_ATOM = rf"{_NUMBER_OR_NAME}(?:\({_FLAT}(?:, (?:\w+=)?{_FLAT})*\))?"
_CANONICAL = rf"{_CALL_OR_ATOM}(?: (?:[-+*/@<>]|\*\*|[<>=!]=) {_CALL_OR_ATOM})*"


class _Written(NamedTuple):
    """The text of a part and how tightly it binds; `kind` is what it does: an operator of `ast`, or a form."""

    text: str
    precedence: int
    kind: type[ast.AST]


class _UnknownFormError(Exception):
    """A form that is left as it stands."""


def respell(text: str, operators: Mapping[str, Operator]) -> str:
    """The expression in its one spelling; the text itself if there is any doubt that it would mean the same.

    >>> respell("3*v+(f( x,axis = -1 ))**2", {})
    '3 * v + f(x, axis=-1) ** 2'
    >>> respell("((a+1e-3))*(b*c)", {})
    '(a + 1e-3) * (b * c)'
    """
    if re.fullmatch(_CANONICAL, text):
        return text
    line = text.strip()
    if not line.isprintable():  # a tab, a blank of another alphabet
        if "'" in line or '"' in line:
            return text
        line = re.sub(r"\s", " ", line)
    try:
        before = analyse(line, "", operators)
        written = _write(before[-1].form, line.encode())
        if written == text:
            return text
        after = analyse(written, "", operators)
    except (GraphError, _UnknownFormError):
        return text
    return written if _describe(before) == _describe(after) else text


def _describe(operations: Sequence[Operation]) -> list[str]:
    """What is computed. As text, since a NaN is not equal to itself."""
    return [repr(operation.node) for operation in operations]


def _write(root: ast.expr, source: bytes) -> str:
    """Without recursion: a preorder of the forms, read backwards, so that parts come before the whole."""
    stack: list[ast.expr] = [root]
    order = []
    while stack:
        form = stack.pop()
        order.append(form)
        stack += _parts_of(form)
    written: dict[ast.expr, _Written] = {}
    for form in reversed(order):
        written[form] = _write_form(form, written, source)
    return written[root].text


def _parts_of(form: ast.expr) -> list[ast.expr]:
    match form:
        case ast.Name() | ast.Constant():
            return []
        case ast.UnaryOp():
            return [form.operand]
        case ast.BinOp():
            return [form.left, form.right]
        case ast.Compare(ops=[_]):
            return [form.left, *form.comparators]
        case ast.Call(func=ast.Name()):
            return [*form.args, *(keyword.value for keyword in form.keywords)]
        case ast.Subscript():
            return [form.value, form.slice]
        case ast.Slice():
            return [part for part in (form.lower, form.upper, form.step) if part is not None]
        case ast.List() | ast.Tuple():
            return form.elts
    raise _UnknownFormError


def _write_form(form: ast.expr, written: Mapping[ast.expr, _Written], source: bytes) -> _Written:
    kind = type(form)
    if isinstance(form, ast.UnaryOp):
        return _write_sign(form, written, source)
    if isinstance(form, ast.BinOp | ast.Compare):
        return _write_binary(form, written, source)
    parts = [written[part].text for part in _parts_of(form)]
    if isinstance(form, ast.Call):
        names = [""] * len(form.args) + [f"{keyword.arg}=" for keyword in form.keywords]
        arguments = ", ".join(name + part for name, part in zip(names, parts, strict=True))
        return _Written(f"{_slice(form.func, source)}({arguments})", _ATOM, kind)
    if isinstance(form, ast.Subscript):
        value = _enclose(written[form.value], _ATOM)
        index = parts[1]
        if isinstance(form.slice, ast.Tuple) and form.slice.elts:
            index = index[1:-1]
        return _Written(f"{value}[{index}]", _ATOM, kind)
    if isinstance(form, ast.Slice):
        lower, upper, step = (
            "" if part is None else written[part].text for part in (form.lower, form.upper, form.step)
        )
        return _Written(f"{lower}:{upper}" + (f":{step}" if step else ""), _ATOM, kind)
    if isinstance(form, ast.List):
        return _Written(f"[{', '.join(parts)}]", _ATOM, kind)
    if isinstance(form, ast.Tuple):
        return _Written(f"({', '.join(parts)}{',' if len(parts) == 1 else ''})", _ATOM, kind)
    return _Written(_slice(form, source), _ATOM, kind)


def _write_sign(form: ast.UnaryOp, written: Mapping[ast.expr, _Written], source: bytes) -> _Written:
    symbols: Mapping[type[ast.unaryop], str] = {ast.USub: "-", ast.UAdd: "+"}
    symbol = symbols.get(type(form.op))
    if symbol is None:
        raise _UnknownFormError
    part = written[form.operand]
    wanted = part.kind is ast.UnaryOp  # `--x` would be overlooked
    if part.kind is ast.Pow:
        wanted = b"(" in source[form.col_offset : form.operand.col_offset]
    return _Written(symbol + _enclose(part, _SIGN, wanted), _SIGN, ast.UnaryOp)


def _write_binary(form: ast.BinOp | ast.Compare, written: Mapping[ast.expr, _Written], source: bytes) -> _Written:
    if isinstance(form, ast.Compare):
        kind: type[ast.AST] = type(form.ops[0])
        symbol, own = _COMPARISONS.get(type(form.ops[0]), ""), _COMPARE
        left, right = form.left, form.comparators[0]
    else:
        kind = type(form.op)
        symbol, own = _BINARY.get(type(form.op), ("", _ATOM))
        left, right = form.left, form.right
    if not symbol:
        raise _UnknownFormError
    between = source[left.end_col_offset : right.col_offset]  # the operator, and parentheses that end or begin
    first, second = written[left], written[right]
    before = _enclose(first, own + (own in (_COMPARE, _POWER)), b")" in between and _is_welcome(first, kind))
    after = _enclose(second, _SIGN if own == _POWER else own + 1, b"(" in between and _is_welcome(second, kind))
    return _Written(f"{before} {symbol} {after}", own, kind)


def _is_welcome(part: _Written, around: type[ast.AST]) -> bool:
    """Whether parentheses that an author put around an operand stay, though the grammar does not ask for them."""
    products = {ast.Mult: False, ast.Div: False, ast.MatMult: True}
    mixed = part.kind in products and around in products and products[part.kind] != products[around]
    return mixed or part.kind is ast.UnaryOp or (part.kind is ast.Pow and around is ast.Pow)


def _enclose(part: _Written, least: int, wanted: bool = False) -> str:
    return f"({part.text})" if wanted or part.precedence < least else part.text


def _slice(form: ast.expr, source: bytes) -> str:
    return source[form.col_offset : form.end_col_offset].decode()
