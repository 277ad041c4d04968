"""What dtypes refuse: for NumPy's functions, and before anything runs."""

from __future__ import annotations

from dataflow.shapes import FLOATS


def check_held(number: float, dtype: str) -> None:
    """Raise `ValueError` for a number that is none of this dtype.

    >>> check_held(2.5, "float32")
    >>> check_held(300, "uint8")
    Traceback (most recent call last):
    ValueError: 300 is no uint8, which x holds
    """
    if dtype in FLOATS:
        return
    low, high = limit(dtype)
    if not low <= number <= high or number % 1:
        raise ValueError(f"{number} is no {dtype}, which x holds")


def limit(dtype: str) -> tuple[int, int]:
    """The least and the largest number of integers or of truth values.

    >>> limit("int8"), limit("uint8"), limit("bool")
    ((-128, 127), (0, 255), (0, 1))
    """
    if dtype == "bool":
        return 0, 1
    bits = int(dtype.lstrip("uint"))
    return (0, 2**bits - 1) if dtype.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def check_bits(*dtypes: str) -> None:
    """Raise `ValueError` for what is not made of bits that stand for themselves.

    >>> check_bits("int8", "bool")
    """
    for dtype in dtypes:
        if dtype.startswith("float"):
            found = "float64" if dtype == "float" else dtype
            raise ValueError(f"bits are of integers and truth values, not of {found}")
