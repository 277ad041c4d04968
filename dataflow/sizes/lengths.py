"""The names of which sizes are made, and lengths put in their place or found from them."""

from __future__ import annotations

from collections.abc import Mapping

from dataflow.sizes.polynomials import Length, Quotient, SymbolicSize


def names_in(size: Length) -> set[str]:
    """The names of which a size is made.

    >>> from dataflow.sizes import parse_size
    >>> sorted(names_in(parse_size("2*h + w//2")))
    ['h', 'w']
    """
    if isinstance(size, int):
        return set()
    found: set[str] = set()
    for names in size.terms:
        for name in names:
            if isinstance(name, Quotient):
                left, right = name.parts
                found |= names_in(left) | names_in(right)
            else:
                found.add(name)
    return found


def substitute(size: Length, lengths: Mapping[str, Length]) -> Length:
    """A size with what is known of its names put in.

    >>> from dataflow.sizes import parse_size
    >>> substitute(parse_size("2*h + w//2"), {"w": 7}), substitute(parse_size("2*h + w//2"), {"w": 7, "h": 1})
    (2*h + 3, 5)
    """
    if isinstance(size, int) or not lengths:
        return size
    total: Length = 0
    for names, count in size.terms.items():
        term: Length = count
        for name in names:
            if name in lengths:
                term = term * lengths[name]
            elif isinstance(name, Quotient):
                left, right = name.parts
                term = term * (substitute(left, lengths) // substitute(right, lengths))
            else:
                term = term * SymbolicSize.named(name)
        total = total + term
    return total


def solve(first: Length, second: Length) -> tuple[str, Length] | None:
    """The name and the length that it must have for two sizes to be equal; None if no single name decides.

    Raises `ValueError` if they cannot be equal, whatever the lengths.

    >>> from dataflow.sizes import parse_size
    >>> solve(parse_size("rows"), 5), solve(parse_size("2*h + 1"), 7), solve(parse_size("n"), parse_size("k"))
    (('rows', 5), ('h', 3), ('n', k))
    """
    difference = first - second
    if isinstance(difference, int):
        if difference:
            raise ValueError(f"{first} and {second} are never equal")
        return None
    for size, other in ((first, second), (second, first)):
        if isinstance(size, SymbolicSize) and list(size.terms.values()) == [1] and len(next(iter(size.terms))) == 1:
            name = next(iter(size.terms))[0]
            if name not in names_in(other):
                return name, other
    names = names_in(difference)
    if len(names) != 1 or set(difference.terms) - {(), (name := next(iter(names)),)}:
        return None
    constant, factor = difference.terms.get((), 0), difference.terms.get((name,), 0)
    if not factor or constant % factor or -constant // factor < 0:
        raise ValueError(f"{first} and {second} are never equal")
    return name, -constant // factor


UNKNOWN = "size("  # begins the name of a length that depends on values


def depends_on_values(size: Length) -> bool:
    """Whether a length is known only when values are, such as how many elements a mask takes.

    >>> from dataflow.sizes import parse_size
    >>> depends_on_values(SymbolicSize.named("size(boolean_mask(m), 0)")), depends_on_values(parse_size("rows"))
    (True, False)
    """
    return isinstance(size, SymbolicSize) and any(UNKNOWN in name for names in size.terms for name in names)
