"""A bar on a terminal that shows how far long work is; nothing elsewhere, and nothing for short work."""

from __future__ import annotations

import sys
from threading import Lock
from time import monotonic
from typing import Any

LONG = 1.0  # seconds


class Bar:
    """A bar for work that is called `what`; with a `unit` it also tells how many of them are done a second.

    >>> bar = Bar("running", "rows")
    >>> bar.show(1, 2)
    >>> bar.close()
    """

    def __init__(self, what: str, unit: str = "") -> None:
        self._what = what
        self._unit = unit
        self._begun = monotonic()
        self._progress: Any = None
        self._task: Any = None
        self._lock = Lock()
        self._wanted = sys.stderr is not None and sys.stderr.isatty()

    def show(self, done: int, count: int) -> None:
        """So much of so much is done. Any thread may say so."""
        if not self._wanted or (self._progress is None and monotonic() - self._begun < LONG):
            return
        with self._lock:
            if self._progress is None:
                self._start(count)
            speed = f" {done / max(monotonic() - self._begun, 1e-9):,.0f} {self._unit}/s" if self._unit else ""
            self._progress.update(self._task, completed=done, description=f"{self._what}{speed}")

    def _start(self, count: int) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._progress = Progress(console=Console(stderr=True), transient=True, redirect_stdout=False)
        self._task = self._progress.add_task(self._what, total=count)
        self._progress.start()

    def close(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()
