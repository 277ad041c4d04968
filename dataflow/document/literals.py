"""The leaves of an expression: its numbers and constants, and the literals that attributes are."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dataflow.attributes import accepts, annotations_of
from dataflow.document.refusals import refuse_form
from dataflow.graph import Operand
from dataflow.sizes import names_in, read_size
from dataflow.sizing import sizes_in, spell_sizes, takes_sizes

if TYPE_CHECKING:
    from dataflow.operators import Operator

CONSTANTS = {"pi": math.pi, "inf": math.inf, "nan": math.nan}
WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None}


class RefusedForm(Exception):  # noqa: N818  (an internal signal that `analyse` turns into a GraphError)
    """A form that expressions do not have."""

    def __init__(
        self, code: str, message: str, hint: str | None = None,
        form: ast.AST | None = None, span: tuple[int, int] | None = None,
    ) -> None:  # fmt: skip
        self.code, self.message, self.hint, self.form, self.span = code, message, hint, form, span
        super().__init__(message)


def check_number(form: ast.expr) -> None:
    """Raise for a constant that is no number; `None` stands for an optional input."""
    value = form.value if isinstance(form, ast.Constant) else None
    if value is not None and type(value) not in (int, float):
        code, message, hint = refuse_form(form)
        raise RefusedForm(code, message, hint, form)


def number_of(form: ast.expr) -> int | float | None:
    """The number that a leaf stands for, its sign included; None if it is no number."""
    sign = 1
    if isinstance(form, ast.UnaryOp) and type(form.op) is ast.USub:
        sign, form = -1, form.operand
    if isinstance(form, ast.Name) and form.id in CONSTANTS:
        return sign * CONSTANTS[form.id]
    if isinstance(form, ast.Constant) and type(form.value) in (int, float):
        if form.value == math.inf:
            raise _refuse_large(form)
        return sign * form.value  # type: ignore[operator,return-value]
    return None


def _refuse_large(form: ast.expr) -> RefusedForm:
    return RefusedForm("DF0120", "a number too large for a float", "write `inf` if infinity is meant", form)


def shorten_integer(value: float) -> int | float:
    """Integers beyond 64 bits as floats: no dtype holds them. Raises OverflowError if a float does not either."""
    return value if type(value) is float or abs(value) < 2**63 else float(value)


def leaf_of(form: ast.expr) -> Operand:
    """The operand that a name, a number or `None` is."""
    if type(form) is ast.Name:
        return CONSTANTS.get(form.id, form.id)
    number = number_of(form)
    if number is not None:
        try:
            return shorten_integer(number)
        except OverflowError:
            raise _refuse_large(form) from None
    return None


def attribute_of(form: ast.expr, name: str, operator: Operator | None) -> Any:
    """The value of an attribute, sizes as text; a size stands only where an integer may, and text may not."""
    value = _literal_of(form, name)
    if not any(sizes_in(value)):
        return value
    spelled = spell_sizes(value)
    annotation = None if operator is None else annotations_of(operator).get(name)
    if annotation is not None and (accepts(annotation, spelled) or not takes_sizes(annotation)):
        raise _refuse_computed(next(item for item in ast.walk(form) if _is_computed(item)), name)
    return spelled


def _literal_of(form: ast.expr, name: str) -> Any:
    """A number, text, true, false, none, a size, or a list of them. Depth is bounded by the parser."""
    if isinstance(form, ast.List | ast.Tuple):
        return tuple(_literal_of(item, name) for item in form.elts)
    if isinstance(form, ast.Constant) and (form.value is None or type(form.value) in (bool, str)):
        return form.value
    if isinstance(form, ast.Name) and form.id in WORDS:
        return WORDS[form.id]
    number = number_of(form)
    if number is not None:
        return number
    try:
        size = read_size(form)
    except ValueError:
        raise _refuse_computed(form, name) from None
    if not names_in(size).isdisjoint(CONSTANTS):
        raise _refuse_computed(form, name)
    return size


def _is_computed(form: ast.AST) -> bool:
    if isinstance(form, ast.Name):
        return form.id not in WORDS and form.id not in CONSTANTS
    return isinstance(form, ast.BinOp | ast.UnaryOp) and number_of(form) is None


def _refuse_computed(form: ast.AST, name: str) -> RefusedForm:
    message = f"attribute `{name}` must be written out, as a number, text, True, False, None or a list of them"
    hint = "an attribute is fixed: write its value itself, nothing that has to be computed"
    return RefusedForm("DF0306", message, hint, form)
