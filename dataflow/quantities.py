"""Numbers that sizes make and that are no sizes: `1 / rows`, `(n - 1.0) ** -0.5`. They are known when data is."""

from __future__ import annotations

from typing import Any, NoReturn


class Quantity:
    """An operation on sizes and numbers, by the name of its operator, that waits for the sizes.

    >>> Quantity("divide", 1, "rows") * 2
    <Quantity multiply(<Quantity divide(1, 'rows')>, 2)>
    """

    __slots__ = ("op", "operands")

    def __init__(self, op: str, *operands: Any) -> None:
        self.op = op
        self.operands = operands

    def __repr__(self) -> str:
        return f"<Quantity {self.op}({', '.join(map(repr, self.operands))})>"

    def __add__(self, other: Any) -> Any:
        return combine("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return combine("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return combine("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return combine("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return combine("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return combine("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return combine("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return combine("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return combine("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return combine("pow", other, self)

    def __neg__(self) -> Quantity:
        return Quantity("negative", self)

    def __bool__(self) -> NoReturn:
        raise TypeError("a number made of sizes is known when the data is")

    __float__ = __int__ = __index__ = __bool__


def combine(op: str, *operands: Any) -> Any:
    """An operation on sizes, quantities and numbers; NotImplemented for what is none of these.

    >>> combine("divide", 1, "text")
    NotImplemented
    """
    known = all(type(item) in (int, float, Quantity) or hasattr(item, "terms") for item in operands)
    return Quantity(op, *operands) if known else NotImplemented
