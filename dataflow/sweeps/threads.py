"""BLAS on one thread while a graph is swept: with more, the last bits of a product depend on how many."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any


def single_threaded() -> AbstractContextManager[None]:
    """Within it BLAS uses one thread, whatever the environment says."""
    return BlasThreads().limit()


class BlasThreads:
    """BLAS on one thread, for what runs in loops: where the libraries are is found out once.

    >>> threads = BlasThreads()
    >>> with threads.limit():
    ...     pass
    """

    def __init__(self) -> None:
        self._libraries: list[Any] | None = None
        self._with_scipy = False

    @contextmanager
    def limit(self) -> Iterator[None]:
        """A context in which BLAS uses one thread."""
        before = [(library, library.get_num_threads()) for library in self._find_libraries()]
        changed = [pair for pair in before if pair[1] != 1]
        try:
            for library, _ in changed:
                library.set_num_threads(1)
            yield
        finally:
            for library, count in changed:
                library.set_num_threads(count)

    def _find_libraries(self) -> list[Any]:
        with_scipy = "scipy.linalg" in sys.modules  # which brings a BLAS of its own
        if self._libraries is None or with_scipy != self._with_scipy:
            from threadpoolctl import ThreadpoolController

            self._libraries = ThreadpoolController().select(user_api="blas").lib_controllers
            self._with_scipy = with_scipy
        return self._libraries
