"""A symbol: the name of a node, its dtype and shape, with the operators of Python, which record what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataflow.shapes import ArrayType, Shape


class UntraceableError(TypeError):
    """A forward rule did with a symbol what cannot be recorded."""


class Symbol:
    """A value of which name, dtype and shape are known; `apply(name, *operands)` records an operator.

    Raises `UntraceableError` where a rule asks for its truth, its length or its number.

    >>> from dataflow.shapes import ArrayType
    >>> note = lambda op, *operands: (op, [getattr(item, "name", item) for item in operands])
    >>> a = Symbol("a", ArrayType("float64", ()), note)
    >>> a * 3, 1 - a, a > 0
    (('multiply', ['a', 3]), ('subtract', [1, 'a']), ('greater', ['a', 0]))
    """

    __slots__ = ("_apply", "name", "type")
    __array_ufunc__ = None  # an array on the left leaves the operator to the symbol on its right

    def __init__(self, name: str, type: ArrayType, apply: Callable[..., Any]) -> None:
        self.name = name
        self.type = type
        self._apply = apply

    @property
    def shape(self) -> Shape:
        """Its sizes, as far as they are known symbolic ones among them."""
        return self.type.shape

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.type.shape)

    def __repr__(self) -> str:
        return f"<Symbol {self.name}>"

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        raise UntraceableError("a rule cannot branch on a value: use xp.where")

    def __float__(self) -> float:
        raise UntraceableError("a rule asked for the number that a symbol stands for")

    __int__ = __index__ = __float__

    def __iter__(self) -> Any:
        raise UntraceableError("a rule cannot iterate over a value: use xp.unstack")

    def __getitem__(self, key: Any) -> Any:
        raise UntraceableError("a rule cannot index a value: use xp.getitem or xp.take")

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise UntraceableError("a rule passed a symbol to NumPy: use the functions of xp")

    def __add__(self, other: Any) -> Any:
        return self._apply("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._apply("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return self._apply("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._apply("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._apply("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._apply("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._apply("divide", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self._apply("floor_divide", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._apply("floor_divide", other, self)

    def __mod__(self, other: Any) -> Any:
        return self._apply("remainder", self, other)

    def __rmod__(self, other: Any) -> Any:
        return self._apply("remainder", other, self)

    def __pow__(self, other: Any) -> Any:
        return self._apply("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._apply("pow", other, self)

    def __matmul__(self, other: Any) -> Any:
        return self._apply("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self._apply("matmul", other, self)

    def __neg__(self) -> Any:
        return self._apply("negative", self)

    def __pos__(self) -> Any:
        return self._apply("positive", self)

    def __abs__(self) -> Any:
        return self._apply("abs", self)

    def __invert__(self) -> Any:
        return self._apply("bitwise_invert", self)

    def __and__(self, other: Any) -> Any:
        return self._apply("bitwise_and", self, other)

    def __or__(self, other: Any) -> Any:
        return self._apply("bitwise_or", self, other)

    def __xor__(self, other: Any) -> Any:
        return self._apply("bitwise_xor", self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __lt__(self, other: Any) -> Any:
        return self._apply("less", self, other)

    def __le__(self, other: Any) -> Any:
        return self._apply("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return self._apply("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return self._apply("greater_equal", self, other)

    def __eq__(self, other: object) -> Any:
        return self._apply("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return self._apply("not_equal", self, other)
