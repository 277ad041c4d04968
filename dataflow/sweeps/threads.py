"""BLAS on one thread while a graph is swept: with more, the last bits of a product depend on how many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def single_threaded() -> Iterator[None]:
    """Within it BLAS uses one thread, whatever the environment says."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
