"""The dtype and shape of what an operator gives, from those of its inputs: nothing is computed.

Elementwise operators broadcast; other primitives state a shape rule; a composite's forward rule is run on symbols.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.library import load_kernel
from dataflow.shapes import FLOATS, INTEGERS, ArrayType, broadcast_shapes, have_no_integer, promote
from dataflow.sizes import SymbolicSize

if TYPE_CHECKING:
    from dataflow.operators import Operator

Operand = Any  # an ArrayType; a number or a SymbolicSize, which take the type of what they meet; None: not given


class UnstatedShapeError(TypeError):
    """An operator is opaque: it states no shape rule, and has no forward rule that could be followed."""


class WrongTypeError(ValueError):
    """An operand is of a type that the operator does not take."""

    def __init__(self, index: int, found: str, expected: str) -> None:
        self.index = index
        self.found = found
        self.expected = expected
        super().__init__(f"an input cannot be {found}: expected {expected}")


def convert_types(operator: Operator, operands: Sequence[Operand], default: str) -> list[Operand]:
    """The operands with the dtypes in which the rules of an operator see them (`Operator.takes`, `Operator.kinds`).

    Raises `WrongTypeError` for one that the operator refuses. The same as `dataflow.sweeps.conversion` does with
    arrays.

    >>> from dataflow.registry import standard
    >>> convert_types(standard()["divide"], [ArrayType("int8", (3,)), ArrayType("float32", ())], "float64")
    [float32[3], float32]
    >>> convert_types(standard()["divide"], [1, 2], "float32")
    [float32, float32]
    """
    takes, kinds = operator.takes, operator.kinds
    if not kinds and takes != "bool" and takes != "integer":
        words: Sequence[str] = (takes,) * len(operands)
    else:
        names = [item.name for item in operator.inputs]
        words = [kinds.get(names[min(index, len(names) - 1)], takes) for index in range(len(operands))]
    together = [item for item, kind in zip(operands, words, strict=True) if kind == takes and item is not None]
    typed = [item.dtype for item in together if item.__class__ is ArrayType]
    floating = _common_float(operator, together, typed, default) if takes in ("float", "numeric", "any") else None
    if takes == "float" and floating is None:
        floating = default
    return [
        _convert_one(index, item, kind, floating, None if typed else default)
        for index, (item, kind) in enumerate(zip(operands, words, strict=True))
    ]


def _common_float(operator: Operator, together: Sequence[Operand], typed: Sequence[str], default: str) -> str | None:
    floats = [dtype for dtype in typed if dtype in FLOATS]
    if floats:
        return promote(*floats)
    if operator.dtype is None and have_no_integer(typed):
        return default
    return default if typed and any(type(item) is float for item in together) else None


def _convert_one(index: int, item: Operand, kind: str, floating: str | None, alone: str | None) -> Operand:
    if item is None:
        return None
    typed = item.__class__ is ArrayType
    dtype = item.dtype if typed else type(item).__name__
    if kind == "bool":
        if dtype != "bool":
            raise WrongTypeError(index, dtype if typed else repr(item), "a truth value")
        return item
    if kind == "integer":
        if dtype not in INTEGERS if typed else type(item) not in (int, SymbolicSize):
            raise WrongTypeError(index, dtype if typed else repr(item), "integers")
        return item
    if not typed:
        return ArrayType(alone, ()) if alone is not None and type(item) is not bool else item
    if dtype in FLOATS:
        return item
    if floating is not None:
        return ArrayType(floating, item.shape)
    return ArrayType("int64", item.shape) if kind == "numeric" and dtype == "bool" else item


def infer_primitive(
    operator: Operator, operands: Sequence[Operand], attributes: Mapping[str, Any], default: str
) -> tuple[ArrayType, ...]:
    """The types of the outputs of an elementwise operator or a primitive.

    Raises `ValueError` for operands that do not fit, `UnknownSizeError`, which is one, where that is known only with
    the data, and `UnstatedShapeError` for an operator without a shape rule. An axis whose length depends on values
    is None.

    >>> from dataflow.registry import standard
    >>> X, w = ArrayType("float64", (SymbolicSize.named("rows"), 3)), ArrayType("float64", (3,))
    >>> infer_primitive(standard()["add"], [X, w], {}, "float64")
    (float64[rows, 3],)
    """
    found: Any = _infer_plain(operator, operands) if operator.broadcasts else None
    if found is not None:
        return found  # type: ignore[no-any-return]
    seen = convert_types(operator, operands, default)
    shapes = [None if item is None else getattr(item, "shape", ()) for item in seen]
    if operator.shape is not None:
        found = load_kernel(operator.shape)(*shapes, **attributes)
    elif operator.broadcasts:
        found = broadcast_shapes(*[shape for shape in shapes if shape is not None])
    else:
        raise UnstatedShapeError(f"`{operator.name}` states no shape rule")
    several = bool(operator.outputs)
    listed = [tuple(shape) for shape in found] if several else [tuple(found)]
    dtypes = _infer_dtypes(operator, seen, attributes, default, len(listed))
    return tuple([ArrayType(dtype, shape) for dtype, shape in zip(dtypes, listed, strict=True)])


def _infer_plain(operator: Operator, operands: Sequence[Operand]) -> Any:
    """The type of the common case: an elementwise operator of values of one float type, and numbers; else None."""
    if operator.dtype is not None or operator.shape is not None or operator.kinds or operator.attributes:
        return None
    dtype, shapes = None, []
    for item in operands:
        if item.__class__ is ArrayType:
            if dtype is None:
                dtype = item.dtype
            elif dtype != item.dtype:
                return None
            shapes.append(item.shape)
        elif item.__class__ is not int and item.__class__ is not float:
            return None
    if dtype not in FLOATS or operator.takes not in ("float", "numeric", "any"):
        return None
    return (ArrayType(str(dtype), shapes[0] if len(shapes) == 1 else broadcast_shapes(*shapes)),)


def _infer_dtypes(
    operator: Operator, seen: Sequence[Operand], attributes: Mapping[str, Any], default: str, count: int
) -> list[str]:
    stated = operator.dtype
    if stated is None and "dtype" in attributes:
        return [attributes["dtype"]] * count
    if isinstance(stated, str) and ":" not in stated:
        return [stated] * count
    if callable(stated) or isinstance(stated, str):
        stated = load_kernel(stated)(*map(_dtype_of, seen), **attributes)
        if isinstance(stated, str):
            return [stated] * count
    together = promote_operands(operator, seen, default)
    return [together] * count if stated is None else [item or together for item in stated]


def _dtype_of(item: Operand) -> str | None:
    return None if item is None else item.dtype if item.__class__ is ArrayType else type(item).__name__


def promote_operands(operator: Operator, seen: Sequence[Operand], default: str) -> str:
    """The dtype that the converted operands make together, those apart (`Operator.kinds`) left out if others are."""
    names = [item.name for item in operator.inputs]
    own = [item for index, item in enumerate(seen) if names[min(index, len(names) - 1)] not in operator.kinds]
    found = [item for item in (own or seen) if item is not None]
    typed = [item.dtype for item in found if item.__class__ is ArrayType]
    numbers = {type(item) for item in found if item.__class__ is not ArrayType}
    if not typed:
        return "bool" if numbers == {bool} else default
    dtype = promote(*typed)
    if float in numbers and dtype not in FLOATS:
        return default
    return "int64" if dtype == "bool" and numbers - {bool} else dtype
