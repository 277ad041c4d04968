"""BLAS on one thread while a graph is swept: with more, the last bits of a product depend on how many."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any


@contextmanager
def single_threaded() -> Iterator[None]:
    """Within it BLAS uses one thread, whatever the environment says."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield


class BlasThreads:
    """BLAS on one thread, for what runs in loops: where the libraries are is found out once.

    >>> threads = BlasThreads()
    >>> with threads.limit():
    ...     pass
    """

    def __init__(self) -> None:
        self._controller: Any = None
        self._with_scipy = False

    def limit(self) -> AbstractContextManager[Any]:
        """A context in which BLAS uses one thread."""
        with_scipy = "scipy.linalg" in sys.modules  # which brings a BLAS of its own
        if self._controller is None or with_scipy != self._with_scipy:
            from threadpoolctl import ThreadpoolController

            self._controller, self._with_scipy = ThreadpoolController(), with_scipy
        limit: AbstractContextManager[Any] = self._controller.limit(limits=1, user_api="blas")
        return limit
