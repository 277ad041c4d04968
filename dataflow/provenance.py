"""What took part in a run: versions, the kind of processor, hidden nodes and where they stand, and the time it took."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dataflow.graph import HIDDEN, owner_of
from dataflow.registry import BUILT_IN, Operators
from dataflow.sweeps.plan import Plan

if TYPE_CHECKING:
    from dataflow.graph import Graph


def list_unproved(plan: Plan, table: Operators) -> tuple[str, ...]:
    """Operators that took part and are not of the standard packages, whose rules the project's own tests prove."""
    operators = {step.operator.name for step in plan.steps}
    return tuple(sorted(name for name in operators if table.owner(name).name not in BUILT_IN))


def list_versions(plan: Plan, operators: Operators) -> dict[str, str]:
    """The versions of everything that took part in the values: dataflow, Python, plugins, and NumPy and SciPy."""
    from dataflow import __version__

    versions = {"dataflow": __version__, "python": ".".join(map(str, sys.version_info[:3]))}
    owners = {operators.owner(step.operator.name) for step in plan.steps}
    versions |= {plugin.name: plugin.version for plugin in sorted(owners)}
    if not plan.scalar:
        import numpy as np

        versions["numpy"] = np.__version__
        versions["scipy"] = _find_version_of_scipy()
    return versions


def _find_version_of_scipy() -> str:
    """SciPy's version, read without its import of 10 ms: kernels of plugins may use it, and do not say so."""
    from importlib.util import find_spec, module_from_spec, spec_from_file_location
    from os.path import dirname, join

    package = find_spec("scipy")
    assert package is not None
    assert package.origin is not None
    spec = spec_from_file_location("scipy_version", join(dirname(package.origin), "version.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.version)


def describe_processor() -> str:
    """The kind of processor: its architecture, and the widest vector instructions that NumPy and libm choose by."""
    import os

    machine = os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
            flags = next((set(line.split()) for line in lines if line.startswith(("flags", "Features"))), set())
    except OSError:
        flags = set()
    return " ".join([machine, *(flag for flag in ("avx512f", "avx2", "fma", "sve", "asimd") if flag in flags)])


def label_hidden(graph: Graph, reported: Iterable[str]) -> dict[str, dict[str, Any]] | None:
    """What hidden nodes are: their owner, their text, their place. None if none is reported.

    >>> from dataflow.document import loads
    >>> label_hidden(loads("{dataflow: 1, inputs: {a: 1}, nodes: {y: 2 * exp(a)}}"), ["y#1"])
    {'y#1': {'owner': 'y', 'text': 'exp(a)', 'line': 1, 'column': 46}}
    """
    hidden = [name for name in reported if HIDDEN in name]
    if not hidden:
        return None
    from dataflow.document.writer import unparse_part

    labels: dict[str, dict[str, Any]] = {}
    for name in hidden:
        labels[name] = {"owner": owner_of(name), "text": unparse_part(graph, name)}
        place = graph.source.place_of(name) if graph.source is not None else None
        if place is not None:
            labels[name] |= {"line": place[0], "column": place[1]}
    return labels


class Clock:
    """How long each part of a run took, in seconds; notes nothing unless asked to.

    >>> clock = Clock(True)
    >>> clock.note("plan")
    >>> list(clock.noted), Clock(False).noted
    (['plan'], None)
    """

    def __init__(self, running: bool) -> None:
        self.noted: dict[str, float] | None = {} if running else None
        self._last = self._now() if running else 0.0

    def note(self, part: str) -> None:
        """Ascribe the time since the last note to a part."""
        if self.noted is not None:
            now = self._now()
            self.noted[part] = now - self._last
            self._last = now

    @staticmethod
    def _now() -> float:
        from time import perf_counter

        return perf_counter()
