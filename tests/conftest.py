"""What all tests share."""

from __future__ import annotations

import sys

from hypothesis import settings

# Same examples on every run: what fails, fails for everybody; a busy machine makes no test fail.
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")

# Python keeps the bytecode of a plugin beside it, where tests count what a command left behind.
sys.dont_write_bytecode = True
