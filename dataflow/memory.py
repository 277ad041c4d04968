"""How much memory there is, and numbers of bytes in words."""

from __future__ import annotations

import os


def find_memory() -> int:
    """The bytes of memory that this machine has; a million million where it does not say.

    >>> find_memory() > 0
    True
    """
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 10**12


def show_bytes(count: float) -> str:
    """A number of bytes in words.

    >>> show_bytes(8e12), show_bytes(1500), show_bytes(10)
    ('8 TB', '1.5 kB', '10 bytes')
    """
    if count >= 1e18:
        return f"{count:.3g} bytes"
    for unit, size in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:g} bytes"


def read_bytes(text: str) -> int:
    """A number of bytes from words. Raises `ValueError` for what is none.

    >>> read_bytes("2 GB"), read_bytes("1.5MB"), read_bytes("100")
    (2000000000, 1500000, 100)
    """
    units = {"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 2**10, "mib": 2**20, "gib": 2**30, "b": 1, "bytes": 1}
    number = text.strip().lower().rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text.strip().lower()[len(number) :]
    if unit and unit not in units:
        raise ValueError(f"{unit} is no unit of memory")
    count = float(number) * units.get(unit, 1)
    if not 1 <= count < 1e18:
        raise ValueError("a number of bytes is at least 1")
    return int(count)
