"""An expression as text becomes nodes: each operation one node, the last of them the owner itself.

The text is parsed with Python's grammar, and a short list of its forms is allowed; nothing is ever evaluated.
What is refused is answered with the form that was meant.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.checks.names import fault_of
from dataflow.document.literals import RefusedForm, attribute_of, check_number, leaf_of, number_of
from dataflow.document.refusals import refuse_form
from dataflow.errors import KEY, Diagnostic, GraphError
from dataflow.graph import EMPTY, HIDDEN, Node

if TYPE_CHECKING:
    from dataflow.operators import Operator

MAX_OPERATIONS = 1_000  # a person cannot read more, and Python's parser gives up not far above
MAX_LENGTH = 100_000  # characters; what is longer is not parsed at all

BINARY: Mapping[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide", ast.Pow: "pow", ast.MatMult: "matmul",
}  # fmt: skip
UNARY: Mapping[type[ast.unaryop], str] = {ast.USub: "negative", ast.UAdd: "positive"}
COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "less", ast.LtE: "less_equal", ast.Gt: "greater", ast.GtE: "greater_equal",
    ast.Eq: "equal", ast.NotEq: "not_equal",
}  # fmt: skip

_SYMBOLS = re.compile(r"[-+*/@<>=,\[(]")
# Of text that does not end too: a pattern that fails at each quote would take quadratic time.
_STRING = r"""'(?:[^'\\]|\\[\s\S]?)*'?|"(?:[^"\\]|\\[\s\S]?)*"?"""
_BLANK = re.compile(r"\s")
_WORD = r"[^\s\x00-/:-@\[-^`{-\x7f]+"


class Operation(NamedTuple):
    """One operation of an expression: its node, its place in the text, and those of its operands and attributes."""

    node: Node
    form: ast.expr
    operands: tuple[ast.expr, ...]


def parse(text: str, owner: str, operators: Mapping[str, Operator]) -> list[tuple[str, Node]]:
    """The nodes of an expression, named, in the order of evaluation; the last one bears the owner's name.

    Raises `GraphError` with one diagnostic, whose span counts characters of `text`.

    >>> parse("3 * (a + u)", "J", {})  # doctest: +NORMALIZE_WHITESPACE
    [('J#1', Node(op='add', inputs=('a', 'u'), attributes=mappingproxy({}), outputs=(), description='')),
     ('J', Node(op='multiply', inputs=(3, 'J#1'), attributes=mappingproxy({}), outputs=(), description=''))]
    """
    operations = analyse(text, owner, operators)
    if len(operations) == 1:
        return [(owner, operations[0].node)]
    names = [f"{owner}{HIDDEN}{index}" for index in range(1, len(operations))]
    return list(zip([*names, owner], [operation.node for operation in operations], strict=True))


def analyse(text: str, owner: str, operators: Mapping[str, Operator]) -> list[Operation]:
    """The operations of an expression in the order of evaluation, with their forms. Raises as `parse`."""
    try:
        root = _parse_form(text)
        return _flatten(root, owner, operators)
    except RefusedForm as refused:
        start, end = _span_of(text, refused.form) if refused.form is not None else refused.span or (0, len(text))
        raise GraphError(
            Diagnostic(refused.code, refused.message, ("nodes", owner), (start, end), node=owner, hint=refused.hint)
        ) from None


def _parse_form(text: str) -> ast.expr:
    if len(text) > MAX_LENGTH or (len(text) > MAX_OPERATIONS and len(_SYMBOLS.findall(text)) > 4 * MAX_OPERATIONS):
        raise RefusedForm("DF0302", f"expression of more than {MAX_OPERATIONS} operations", _TOO_LONG)
    _refuse_silent(text)
    try:
        return compile(_one_line(text), "<expression>", "eval", ast.PyCF_ONLY_AST).body  # type: ignore[attr-defined,no-any-return]
    except SyntaxError as error:
        if "Exceeds the limit" in error.msg:  # of digits that Python reads
            raise RefusedForm("DF0120", "a number too large for a float", "write `inf` if infinity is meant") from None
        if "too many nested" in error.msg:
            raise RefusedForm("DF0302", "expression is nested too deeply", _TOO_LONG) from None
        lead = len(text) - len(text.lstrip())
        start = _characters(_one_line(text), max(0, (error.offset or len(text)) - 1), in_bytes=False) + lead
        start = min(start, max(0, len(text) - 1))
        raise RefusedForm(*refuse_form(text, error.msg), span=(start, start + 1)) from None
    except (MemoryError, RecursionError):
        raise RefusedForm("DF0302", "expression is nested too deeply", _TOO_LONG) from None


def _refuse_silent(text: str) -> None:
    """Raise for what Python's grammar would take without a word: comments, and letters that it replaces by others."""
    place = text.find("\0")
    if place >= 0:
        raise RefusedForm("DF0301", "an expression has no character U+0000", span=(place, place + 1))
    if "#" in text and (place := re.sub(_STRING, lambda match: " " * len(match.group()), text).find("#")) >= 0:
        raise RefusedForm(*refuse_form(text[place:], ""), span=(place, len(text)))
    if text.isascii():
        return
    for match in re.finditer(_WORD, text):
        fault = None if match.group().isascii() else fault_of(match.group())
        if fault is not None and "normal form" in fault[0]:
            raise RefusedForm("DF0201", *fault, span=match.span())


_TOO_LONG = "give parts of it names of their own, as nodes"


def _one_line(text: str) -> str:
    """The text as one line of the same length from its first character on: line breaks are only spaces here."""
    return (text if text.isprintable() else _BLANK.sub(" ", text)).strip()


def _flatten(root: ast.expr, owner: str, operators: Mapping[str, Operator]) -> list[Operation]:
    """Operations in post-order, without recursion: a preorder that takes the right side first, read backwards."""
    stack, order = [root], []
    while stack:
        form = stack.pop()
        parts = _read(form, operators)
        if parts is not None:
            order.append((form, *parts))
            stack += [part for part in parts[1] if type(part) is not ast.Name]
    if len(order) > MAX_OPERATIONS:
        raise RefusedForm("DF0302", f"expression of {len(order)} operations; at most {MAX_OPERATIONS}", _TOO_LONG)
    values: dict[ast.expr, str] = {}
    operations = []
    for index, (form, op, operands, attributes) in enumerate(reversed(order), 1):
        values[form] = f"{owner}{HIDDEN}{index}"
        inputs = tuple([values[item] if item in values else leaf_of(item) for item in operands])
        operations.append(Operation(Node(op, inputs, attributes), form, operands))
    if operations:
        return operations
    leaf = leaf_of(root)
    if leaf is None:
        raise RefusedForm("DF0303", "`None` is no operand", "an operand is a name or a number", root)
    return [Operation(Node("identity", (leaf,)), root, (root,))]


Parts = tuple[str, tuple[ast.expr, ...], Mapping[str, Any]]


def _read(form: ast.expr, operators: Mapping[str, Operator]) -> Parts | None:
    """Operator, operands and attributes of one form; None for a leaf. Raises `RefusedForm` for any other."""
    kind = type(form)
    if kind is ast.Name:
        return None
    if kind is ast.Constant:
        check_number(form)
        return None
    if isinstance(form, ast.BinOp):
        if (op := BINARY.get(type(form.op))) is not None:
            return op, (form.left, form.right), EMPTY
    elif isinstance(form, ast.UnaryOp):
        if type(form.op) is ast.USub and type(form.operand) is not ast.UnaryOp and number_of(form.operand) is not None:
            return None
        if (op := UNARY.get(type(form.op))) is not None:
            return op, (form.operand,), EMPTY
    elif isinstance(form, ast.Compare):
        if len(form.ops) == 1 and (op := COMPARISONS.get(type(form.ops[0]))) is not None:
            return op, (form.left, form.comparators[0]), EMPTY
    elif isinstance(form, ast.Call):
        return _read_call(form, operators)
    elif isinstance(form, ast.Subscript):
        return _read_index(form)
    code, message, hint = refuse_form(form)
    raise RefusedForm(code, message, hint, form)


def _read_call(form: ast.Call, operators: Mapping[str, Operator]) -> Parts:
    if not isinstance(form.func, ast.Name):
        code, message, hint = refuse_form(form)
        raise RefusedForm(code, message, hint, form.func)
    operator = operators.get(form.func.id)
    names = [item.name for item in operator.inputs] if operator else []
    operands: list[ast.expr] = []
    for argument in form.args:
        operands += _spread(argument, operator)
    attributes: dict[str, Any] = {}
    named: dict[str, ast.expr] = {}
    for keyword in form.keywords:
        _check_keyword(keyword, {*named, *attributes}, operator)
        if keyword.arg in names:
            named[str(keyword.arg)] = keyword.value
        else:
            attributes[str(keyword.arg)] = attribute_of(keyword.value, str(keyword.arg), operator)
    for value in _place_named(named, names[len(operands) :], form):
        operands += _spread(value, operator)
    return form.func.id, tuple(operands), dict(sorted(attributes.items())) if attributes else EMPTY


def _spread(argument: ast.expr, operator: Operator | None) -> list[ast.expr]:
    """What is written `[a, b]` is several operands, for an operator that takes any number of them."""
    spread = isinstance(argument, ast.List | ast.Tuple) and (operator is None or operator.variadic)
    return argument.elts if spread else [argument]  # type: ignore[attr-defined]


def _check_keyword(keyword: ast.keyword, before: set[str], operator: Operator | None) -> None:
    name = keyword.arg
    if name is None:
        raise RefusedForm("DF0303", "`**` cannot be used in a call", "write the attributes out", keyword)
    if name in before:
        raise RefusedForm("DF0304", f"`{name}` is given twice", "keep one of them", keyword)
    if operator is None or name in {
        *(item.name for item in operator.inputs),
        *(item.name for item in operator.attributes),
    }:
        return
    if isinstance(keyword.value, ast.Name) and keyword.value.id not in ("true", "false", "null"):
        hint = f"{operator.signature}: {operator.formula}"
        raise RefusedForm("DF0206", f"`{operator.name}` has no input `{name}`", hint, keyword)


def _place_named(named: dict[str, ast.expr], open_names: Sequence[str], form: ast.Call) -> Iterator[ast.expr]:
    """Operands given by the name of their input, in the operator's order."""
    for name in open_names:
        if name in named:
            yield named.pop(name)
        elif named:
            yield ast.copy_location(ast.Constant(None), form)
    if named:
        name, value = next(iter(named.items()))
        raise RefusedForm("DF0304", f"input `{name}` is given twice: by its position and by its name", None, value)


def _read_index(form: ast.Subscript) -> Parts:
    """`x[1:3, 0]` is ``getitem`` with the key as attribute; `x[i]` with a name is ``take`` along the first axis."""
    items = form.slice.elts if isinstance(form.slice, ast.Tuple) else [form.slice]
    if (
        len(items) == 1
        and isinstance(items[0], ast.Name | ast.BinOp | ast.Call | ast.Subscript)
        and number_of(items[0]) is None
    ):
        return "take", (form.value, items[0]), {"axis": 0}
    return "getitem", (form.value,), {"key": tuple(map(_index_item, items))}


def _index_item(item: ast.expr) -> int | str | None:
    if isinstance(item, ast.Slice):
        parts = [item.lower, item.upper] + ([item.step] if item.step else [])
        return ":".join("" if part is None else str(_index_number(part)) for part in parts)
    if isinstance(item, ast.Constant) and item.value is None:
        return None
    if isinstance(item, ast.Constant) and item.value is Ellipsis:
        return "..."
    return _index_number(item)


def _index_number(item: ast.expr) -> int:
    value = number_of(item)
    if not isinstance(value, int):
        raise RefusedForm(
            "DF0305",
            "an index is an integer, a slice, `...`, `None`, or one name alone",
            "name the part first, then index that: `row: x[i]`, `v: row[0]`",
            item,
        )
    return value


def _characters(text: str, offset: int, *, in_bytes: bool = True) -> int:
    """An offset in UTF-8 bytes, as ast counts, in characters."""
    return offset if not in_bytes or text.isascii() else len(text.encode()[:offset].decode(errors="ignore"))


def _span_of(text: str, form: ast.AST) -> tuple[int, int]:
    """Where a form stands in the text that it was parsed from, in characters."""
    line, lead = _one_line(text), len(text) - len(text.lstrip())
    start, end = getattr(form, "col_offset", 0), getattr(form, "end_col_offset", None)
    return _characters(line, start) + lead, _characters(line, len(line) if end is None else end) + lead


def _find_value(keyword: ast.keyword, place: Sequence[str | int]) -> ast.AST:
    """The element of a list that an attribute is, or its size alone; else the whole of it."""
    form: ast.AST = keyword
    for index in place:
        inner = form.value if isinstance(form, ast.keyword) else form
        if isinstance(inner, ast.List | ast.Tuple) and isinstance(index, int) and index < len(inner.elts):
            form = inner.elts[index]
    alone = form is keyword and KEY not in place and isinstance(keyword.value, ast.Name | ast.BinOp)
    return keyword.value if alone else form


def locate_part(text: str, operations: Sequence[Operation], name: str, part: Sequence[str | int]) -> tuple[int, int]:
    """Where a part of a node (operator, operand, attribute, or all of it) stands in the expression that made it.

    >>> text = "3 * (a + u)"
    >>> locate_part(text, analyse(text, "J", {}), "J#1", ("inputs", 1))
    (9, 10)
    """
    index = int(name.partition(HIDDEN)[2] or 0) - 1
    operation = operations[index]
    form: ast.AST = operation.form
    if part[:1] == ("inputs",) and len(part) > 1 and int(part[1]) < len(operation.operands):
        form = operation.operands[int(part[1])]
    elif part[:1] == ("op",) and isinstance(form, ast.Call):
        form = form.func
    elif part[:1] == ("attributes",) and isinstance(form, ast.Call):
        form = next((_find_value(keyword, part[2:]) for keyword in form.keywords if keyword.arg in part), form)
    return _span_of(text, form)
