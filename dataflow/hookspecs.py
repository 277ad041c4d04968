"""The whole plugin surface: one hook.

A plugin is a module with a function of this name, marked with `dataflow.hookimpl`:

    from dataflow import Operator, hookimpl

    @hookimpl
    def dataflow_operators():
        return [Operator("square", "z = x * x", forward=lambda xp, x: x * x,
                         backward={"x": lambda xp, g, z, x: g * (2 * x)}, broadcasts=True)]

A plugin with many operators may say instead which of its modules gives which, `{"my_ops.curves": ["logistic", ...]}`:
such a module has a function `operators()` and is imported when one of its operators is first asked for.

A plugin is found through the entry point group ``dataflow``, or named on the command line with ``--plugin FILE``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from dataflow.operators import Operator

PROJECT = "dataflow"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def dataflow_operators() -> Iterable[Operator] | Mapping[str, Sequence[str]]:
    """The operators that this plugin offers, or their names by module. Called once, when the plugin is loaded."""
    raise AssertionError("a specification is never called")
