"""What may go wrong in a run of a program that is no diagnostic: then whole values are swept, rule by rule."""

from __future__ import annotations

import signal
from traceback import walk_tb


class ProgramError(Exception):
    """A value did not come out as its type says: an operator states a type, or how it treats an axis, wrongly."""


class KernelError(Exception):
    """A kernel raised what is no diagnostic: the sweeps raise it again, and say at which node."""


class OutsideError(Exception):
    """`error` was raised by what a caller brought along, and is for the caller to see."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def came_from_outside(error: Exception) -> bool:
    """Whether a handler of a signal raised it, in the middle of a call, and no kernel."""
    handlers = {getattr(signal.getsignal(number), "__code__", None) for number in signal.valid_signals()}
    return any(frame.f_code in handlers for frame, _ in walk_tb(error.__traceback__))
