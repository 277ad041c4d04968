"""What need not be computed: a product with 1, a double negation, a reshape to the same shape.

Only what gives the same bits is left out. `x + 0` is not (it turns -0.0 into 0.0), nor is `0 * x` (x may be infinite),
and a sign stays in a sum (what cancels is 0.0, whatever the signs) and with integers (of which some have none). Nor is
the sum of one number that number: it is never -0.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import copysign
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dataflow.shapes import FLOATS, broadcast_shapes
from dataflow.sizes import UnknownSizeError
from dataflow.tracing.symbols import Symbol

if TYPE_CHECKING:
    from dataflow.graph import Node
    from dataflow.operators import Operator
    from dataflow.tracing.recorder import Recorder


def simplify(recorder: Recorder, operator: Operator, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    """The symbol or number that an operation amounts to, or None if it has to be computed.

    >>> from dataflow.registry import standard
    >>> from dataflow.shapes import ArrayType
    >>> from dataflow.tracing.recorder import Recorder
    >>> xp = Recorder(standard(), "float64")
    >>> x = xp.give("x", ArrayType("float64", (2, 3)))
    >>> 1 * x, -(-x), x ** 1, xp.reshape(x, shape=(2, 3))
    (<Symbol x>, <Symbol x>, <Symbol x>, <Symbol x>)

    A sign comes out of products, where it may turn a sum into a difference:

    >>> 5 - (-x * x)
    <Symbol %4>
    >>> [node.op for node in xp.nodes.values()]
    ['negative', 'multiply', 'negative', 'add']

    and into numbers:

    >>> xp.nodes[(-(2.5 * x)).name].inputs
    (-2.5, 'x')
    """
    rule = RULES.get(operator.name)
    found = None if rule is None else rule(recorder, operands, attributes)
    return _without_broadcasts(recorder, operator, operands, attributes) if found is None else found


def _without_broadcasts(
    recorder: Recorder, operator: Operator, operands: Sequence[Any], attributes: Mapping[str, Any]
) -> Any:
    """An elementwise operation on operands that need not be broadcast before: beside a whole one they are anyway."""
    if not operator.broadcasts or len(operands) < 2:
        return None
    short = list(operands)
    for index, item in enumerate(operands):
        node = _node_of(recorder, item)
        if node is not None and node.op == "broadcast_to":
            source = node.inputs[0]
            trial = [
                *short[:index],
                recorder.symbol(source) if isinstance(source, str) else source,
                *short[index + 1 :],
            ]
            types = [[each.type if isinstance(each, Symbol) else each for each in part] for part in (trial, operands)]
            if any(isinstance(each, Symbol) for each in trial):
                first, second = (recorder.infer(operator, part, attributes) for part in types)
                short = trial if first == second else short
    if any(one is not other for one, other in zip(short, operands, strict=True)):
        return recorder.note(operator, short, attributes)
    return _broadcast_after(recorder, operator, operands, attributes)


def _broadcast_after(
    recorder: Recorder, operator: Operator, operands: Sequence[Any], attributes: Mapping[str, Any]
) -> Any:
    """What is computed from one number and then repeated need not be computed of many."""
    sources, shape = [], None
    for item in operands:
        node = _node_of(recorder, item)
        if node is not None and node.op == "broadcast_to":
            shape = item.type.shape if shape is None else shape
            source = node.inputs[0]
            sources.append(recorder.symbol(source) if isinstance(source, str) else source)
        else:
            sources.append(item)
        if recorder.shape(sources[-1]):
            return None
    if shape is None:
        return None
    types = [recorder.infer(operator, [getattr(each, "type", each) for each in part], attributes)
             for part in (operands, sources)]  # fmt: skip
    if types[0][0].dtype != types[1][0].dtype or types[0][0].shape != shape:
        return None
    return recorder.broadcast_to(recorder.note(operator, sources, attributes), shape=shape)


def _node_of(recorder: Recorder, item: Any) -> Node | None:
    return recorder.nodes.get(item.name) if isinstance(item, Symbol) else None


def _is(item: Any, number: float) -> bool:
    return type(item) in (int, float) and item == number


def _is_zero(item: Any) -> bool:
    """Whether an operand is the number 0, and not -0.0."""
    return _is(item, 0) and copysign(1.0, item) > 0


def _is_float(item: Any) -> bool:
    return isinstance(item, Symbol) and item.type.dtype in FLOATS


def _multiply(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    for one, other in (operands, operands[::-1]):
        if _is_float(other):
            if _is(one, 1):
                return other
            if _is(one, -1):
                return -other
        if (item := _negated(recorder, one)) is not None:
            return -recorder.multiply(*([item, other] if one is operands[0] else [other, item]))
    return None


def _divide(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    if _is_float(operands[0]) and _is(operands[1], 1):
        return operands[0]
    item = _negated(recorder, operands[0])
    return None if item is None else -(item / operands[1])


def _pow(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return operands[0] if _is_float(operands[0]) and _is(operands[1], 1) else None


def _add(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    """The sum with what is negated is a difference."""
    for one, other in (operands[::-1], operands):
        if (item := _negated(recorder, one)) is not None and (isinstance(other, Symbol) or type(other) is float):
            return recorder.subtract(other, item)
    return None


def _subtract(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    item = _negated(recorder, operands[1])
    return None if item is None else recorder.add(operands[0], item)


def _negated(recorder: Recorder, item: Any) -> Any:
    """What is negated, of floats that were derived; what a graph's own nodes say stays as it was written."""
    node = _node_of(recorder, item)
    if node is None or node.op != "negative" or item.name[0] != "%" or not isinstance(node.inputs[0], str):
        return None
    if not _is_float(item):
        return None
    return recorder.symbol(node.inputs[0])


def _matrix_transpose(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    node = _node_of(recorder, operands[0])
    if node is not None and node.op == "matrix_transpose" and isinstance(node.inputs[0], str):
        return recorder.symbol(node.inputs[0])
    return None


def _negative(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    """Of what is negated itself; of a number times something the number becomes negative."""
    node = _node_of(recorder, operands[0])
    if node is None:
        return None
    if node.op == "negative" and isinstance(node.inputs[0], str):
        return recorder.symbol(node.inputs[0])
    if node.op == "multiply" and operands[0].name[0] == "%" and _is_float(operands[0]):
        for factor, other in (node.inputs, node.inputs[::-1]):
            if isinstance(factor, int | float) and factor and not isinstance(factor, bool) and isinstance(other, str):
                return -factor * recorder.symbol(other)
    return None


def _identity(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return operands[0] if isinstance(operands[0], Symbol) else None


def _astype(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    x = operands[0]
    return x if isinstance(x, Symbol) and x.type.dtype == attributes["dtype"] else None


def _reshape(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    x, shape = operands[0], attributes["shape"]
    return x if isinstance(x, Symbol) and x.type.shape == shape else None


def _broadcast(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    """Of a number with axes of length 1 put in, the number itself is repeated."""
    node = _node_of(recorder, operands[0])
    if node is not None and node.op in ("expand_dims", "reshape", "broadcast_to"):
        source = recorder.symbol(node.inputs[0]) if isinstance(node.inputs[0], str) else node.inputs[0]
        if not recorder.shape(source):
            return recorder.broadcast_to(source, shape=attributes["shape"])
    return _reshape(recorder, operands, attributes)


def _reshape_again(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    node = _node_of(recorder, operands[0])
    if node is not None and node.op == "reshape" and isinstance(node.inputs[0], str) and -1 not in attributes["shape"]:
        return recorder.reshape(recorder.symbol(node.inputs[0]), shape=attributes["shape"])
    return _reshape(recorder, operands, attributes)


def _where(recorder: Recorder, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    condition, x, y = operands
    if not isinstance(condition, bool):
        node = _node_of(recorder, x)
        same = node is not None and node.op == "where" and node.inputs[0] == getattr(condition, "name", None)
        zeros = type(y) is int and y == 0 and same and node is not None and _is_zero(node.inputs[2])
        return x if zeros else None
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
        "add": _add, "subtract": _subtract, "matrix_transpose": _matrix_transpose,
        "positive": _identity, "astype": _astype, "reshape": _reshape_again, "broadcast_to": _broadcast,
        "where": _where, "logical_and": _logical_and, "logical_or": _logical_or,
    }
)  # fmt: skip
