"""Integer polynomials in the names of sizes, and the names of quotients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dataflow.quantities import combine

Terms = Mapping[tuple[str, ...], int]  # by the sorted names of a product its coefficient; none is 0

MAX_TEXT = 1_000  # characters of a size: nobody reads longer ones
MAX_PRODUCTS = 10_000  # of terms in one multiplication


class UnknownSizeError(ValueError):
    """What was asked of a size is known only when data has arrived; `pair`: two sizes that would have to be equal."""

    def __init__(self, message: str, pair: tuple[Length, Length] | None = None) -> None:
        self.pair = pair
        super().__init__(message)


class Quotient(str):
    """The name of a quotient that does not come out even: what is computed, as text, with its two sizes."""

    parts: tuple[Length, Length]

    @classmethod
    def of(cls, size: Length, divisor: Length) -> Quotient:
        """The name of a quotient. Raises `UnknownSizeError` if it is too long."""
        made = cls(f"{_enclose(size)}//{_enclose(divisor)}")
        if len(made) > MAX_TEXT:
            raise UnknownSizeError("a size of so many computations is known when the data is")
        made.parts = size, divisor
        return made


class SymbolicSize:
    """A polynomial with integer coefficients in names of sizes.

    A quotient that does not come out even is a name of its own, spelled as what is computed: `(h - 3)//2`.

    >>> rows, k = SymbolicSize.named("rows"), SymbolicSize.named("k")
    >>> (rows + 1) * k, rows * 2 - rows - rows, 6 * rows // 3, rows // 2, (2 * rows + 1) // 2
    (k*rows + k, 0, 2*rows, rows//2, rows)
    >>> rows == rows + 0, rows == k, rows == 1
    (True, False, False)
    """

    __slots__ = ("_text", "terms")

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._text: str | None = None

    @classmethod
    def named(cls, name: str) -> SymbolicSize:
        """The size of a name."""
        return cls({(name,): 1})

    def __str__(self) -> str:
        if self._text is None:
            self._text = _spell(self.terms)
        return self._text

    __repr__ = __str__

    def __hash__(self) -> int:
        return hash(str(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SymbolicSize) and self.terms == other.terms

    def __add__(self, other: Any) -> Any:
        return combine("add", self, other) if (terms := _terms_of(other)) is None else _add(self.terms, terms)

    __radd__ = __add__

    def __neg__(self) -> Any:
        return self * -1

    def __sub__(self, other: Any) -> Any:
        return combine("subtract", self, other) if _terms_of(other) is None else self + other * -1

    def __rsub__(self, other: Any) -> Any:
        return combine("subtract", other, self) if _terms_of(other) is None else -self + other

    def __mul__(self, other: Any) -> Any:
        return combine("multiply", self, other) if (terms := _terms_of(other)) is None else _multiply(self.terms, terms)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        if _terms_of(other) is None:
            return NotImplemented
        if other == 0:
            raise ZeroDivisionError("a size divided by 0")
        left = self.terms.get((), 0) % other if isinstance(other, int) and other > 0 else 0  # changes no quotient
        exact = divide_exactly(self - left, other)
        return SymbolicSize.named(Quotient.of(self, other)) if exact is None else exact

    def __rfloordiv__(self, other: Any) -> Any:
        return NotImplemented if _terms_of(other) is None else SymbolicSize.named(Quotient.of(other, self))

    def __mod__(self, other: Any) -> Any:
        if divide_exactly(self, other) is not None:
            return 0
        raise UnknownSizeError(f"what is left of `{self}` divided by `{other}` is known when the data is")

    def __lt__(self, other: Any) -> bool:
        return _is_positive(other - self)

    def __gt__(self, other: Any) -> bool:
        return _is_positive(self - other)

    def __le__(self, other: Any) -> bool:
        return not _is_positive(self - other)

    def __ge__(self, other: Any) -> bool:
        return not _is_positive(other - self)

    def __index__(self) -> int:
        raise UnknownSizeError(f"the size `{self}` is known when the data is")

    __int__ = __float__ = __index__

    def __truediv__(self, other: Any) -> Any:
        return combine("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return combine("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return combine("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return combine("pow", other, self)


Length = int | SymbolicSize


def _is_positive(difference: Length) -> bool:
    """Whether a difference of sizes is above 0, if that is the same for all lengths of at least 1."""
    least = _least(difference)
    if least is not None and least > 0:
        return True
    opposite = _least(-difference)
    if opposite is not None and opposite >= 0:
        return False
    raise UnknownSizeError(f"whether `{difference}` is above 0 is known when the data is")


def _least(size: Length) -> int | None:
    """A number that a size is never below, whatever the lengths from 1 on; None if none is known."""
    if isinstance(size, int):
        return size
    total = 0
    for names, count in size.terms.items():
        if not names:
            total += count
            continue
        bounds = [_least_of_name(name) for name in names]
        if count < 0 or any(bound is None or bound < 0 for bound in bounds):
            return None
        for bound in bounds:
            count *= bound or 0
        total += count
    return total


def _least_of_name(name: str) -> int | None:
    if not isinstance(name, Quotient):
        return 1
    size, divisor = name.parts
    least, positive = _least(size), _least(divisor)
    if least is None or positive is None or positive < 1:
        return None
    return least // divisor if isinstance(divisor, int) else min(least, 0)


def _terms_of(item: Any) -> Terms | None:
    if isinstance(item, SymbolicSize):
        return item.terms
    return ({(): int(item)} if item else {}) if isinstance(item, int) else None


def _settle(terms: Terms) -> Any:
    kept = {names: count for names, count in terms.items() if count}
    if not kept:
        return 0
    return kept[()] if list(kept) == [()] else SymbolicSize(kept)


def _add(first: Terms, second: Terms) -> Any:
    total = dict(first)
    for names, count in second.items():
        total[names] = total.get(names, 0) + count
    return _settle(total)


def _multiply(first: Terms, second: Terms) -> Any:
    if len(first) * len(second) > MAX_PRODUCTS:
        raise UnknownSizeError("a size of so many terms is known when the data is")
    total: dict[tuple[str, ...], int] = {}
    for left, count in first.items():
        for right, times in second.items():
            names = tuple(sorted(left + right))
            total[names] = total.get(names, 0) + count * times
    return _settle(total)


def divide_exactly(size: Length, divisor: Length) -> Any:
    """The quotient of two sizes if it is one, whatever the lengths; else None.

    >>> rows = SymbolicSize.named("rows")
    >>> divide_exactly(rows * 6, 3), divide_exactly(rows * 6, rows), divide_exactly(rows, 4)
    (2*rows, 6, None)
    """
    if size == divisor:
        return 1
    whole, parts = _terms_of(size), _terms_of(divisor)
    if whole is None or parts is None or len(parts) != 1:
        return None
    (names, count), *_ = parts.items()
    quotient: dict[tuple[str, ...], int] = {}
    for product, times in whole.items():
        left = list(product)
        for name in names:
            if name not in left:
                return None
            left.remove(name)
        if times % count:
            return None
        quotient[tuple(left)] = times // count
    return _settle(quotient)


def _spell(terms: Terms) -> str:
    """A polynomial as text, products before the constant."""
    parts = []
    for names, count in sorted(terms.items(), key=lambda item: (-len(item[0]), item[0])):
        alone = len(names) == 1 and count == 1
        product = "*".join(name if alone or not isinstance(name, Quotient) else f"({name})" for name in names)
        factor = str(abs(count)) if not product else product if abs(count) == 1 else f"{abs(count)}*{product}"
        parts.append((" - " if count < 0 else " + ") + factor)
    text = "".join(parts)
    return text[3:] if text.startswith(" + ") else "-" + text[3:]


def _enclose(size: Length) -> str:
    text = str(size)
    return text if text.isidentifier() or text.isdigit() else f"({text})"


def product_of(sizes: Iterable[Length]) -> Length:
    """The product of sizes: how many elements a shape has.

    >>> product_of([2, SymbolicSize.named("rows"), 3]), product_of([])
    (6*rows, 1)
    """
    total: Length = 1
    for size in sizes:
        total = total * size
    return total
