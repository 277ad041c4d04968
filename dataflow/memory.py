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
