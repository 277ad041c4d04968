"""What need not be computed: a product with 1, a double negation, a reshape to the same shape.

Only what gives the same bits is left out. `x + 0` is not (it turns -0.0 into 0.0), nor is `0 * x` (x may be infinite).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dataflow.shapes import FLOATS, broadcast_shapes
from dataflow.sizes import UnknownSizeError
from dataflow.tracing.symbols import Symbol

if TYPE_CHECKING:
    from dataflow.operators import Operator
    from dataflow.tracing.recorder import Recorder


def simplify(recorder: Recorder, operator: Operator, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    """The symbol or number that an operation amounts to, or None if it has to be computed.

    >>> from dataflow.registry import standard
    >>> from dataflow.shapes import ArrayType
    >>> from dataflow.tracing.recorder import Recorder
    >>> xp = Recorder(standard(), "float64")
    >>> x = xp.give("x", ArrayType("float64", (2, 3)))
    >>> 1 * x, -(-x), x ** 1, xp.reshape(x, shape=(2, 3)), xp.sum(x, axis=())
    (<Symbol x>, <Symbol x>, <Symbol x>, <Symbol x>, <Symbol x>)
    """
    rule = RULES.get(operator.name)
    return None if rule is None else rule(recorder, operands, attributes)


def _is(item: Any, number: float) -> bool:
    return type(item) in (int, float) and item == number


def _is_float(item: Any) -> bool:
    return isinstance(item, Symbol) and item.type.dtype in FLOATS


def _multiply(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    for one, other in (operands, operands[::-1]):
        if _is_float(other):
            if _is(one, 1):
                return other
            if _is(one, -1):
                return -other
    return None


def _divide(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return operands[0] if _is_float(operands[0]) and _is(operands[1], 1) else None


def _pow(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return operands[0] if _is_float(operands[0]) and _is(operands[1], 1) else None


def _negative(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    node = recorder.nodes.get(operands[0].name) if isinstance(operands[0], Symbol) else None
    if node is not None and node.op == "negative" and isinstance(node.inputs[0], str):
        return recorder.symbol(node.inputs[0])
    return None


def _identity(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return operands[0] if isinstance(operands[0], Symbol) else None


def _astype(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    x = operands[0]
    return x if isinstance(x, Symbol) and x.type.dtype == attributes["dtype"] else None


def _reshape(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    x, shape = operands[0], attributes["shape"]
    return x if isinstance(x, Symbol) and x.type.shape == shape else None


def _sum(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    x = operands[0]
    nothing = attributes["axis"] == () or (isinstance(x, Symbol) and not x.type.shape and attributes["axis"] is None)
    return x if nothing and _is_float(x) else None


def _where(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    condition, x, y = operands
    if not isinstance(condition, bool):
        return None
    taken, other = (x, y) if condition else (y, x)
    if not isinstance(other, Symbol):
        return taken
    try:
        whole = broadcast_shapes(recorder.shape(x), recorder.shape(y))
    except UnknownSizeError:
        return None
    same = isinstance(taken, Symbol) and taken.type.shape == whole and taken.type.dtype == other.type.dtype
    return taken if same else None


def _logical_and(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    """With true the other one, with false false; of two booleans what Python says."""
    return _settle_logical(operands, neutral=True)


def _logical_or(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return _settle_logical(operands, neutral=False)


def _settle_logical(operands: Sequence[Any], *, neutral: bool) -> Any:
    for one, other in (operands, operands[::-1]):
        if one is neutral:
            return other
        if one is (not neutral) and isinstance(other, Symbol) and not other.type.shape:
            return one
    return None


Rule = Callable[["Recorder", Sequence[Any], Mapping[str, Any]], Any]

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "multiply": _multiply, "divide": _divide, "pow": _pow, "negative": _negative, "identity": _identity,
        "positive": _identity, "astype": _astype, "reshape": _reshape, "broadcast_to": _reshape, "sum": _sum,
        "where": _where, "logical_and": _logical_and, "logical_or": _logical_or,
    }
)  # fmt: skip
