"""Whole processes, run in turn (A B A B ...), and the ratios between those that ran next to each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
UNITS_PER_KIB = 1024 if sys.platform == "darwin" else 1  # ru_maxrss counts bytes there, elsewhere KiB


class Cost(NamedTuple):
    """What one process took: seconds on the clock, seconds of the processor in user mode, peak memory in KiB."""

    wall: float
    user: float
    memory: float


Formula = Callable[[Mapping[str, float]], float]


class Claim(NamedTuple):
    """A ratio between the costs of commands, by their names, and the most that it may be (None: only reported)."""

    what: str
    formula: Formula
    limit: float | None
    of_memory: bool = False


class Workload(NamedTuple):
    """Commands to run in turn, by name, and what is claimed of their costs; `pairs` is how often each runs."""

    commands: Mapping[str, Sequence[str]]
    claims: Sequence[Claim]
    pairs: int


class Ratio(NamedTuple):
    """A claim as measured: the median of the ratios, the least and the greatest."""

    workload: str
    what: str
    measure: str
    ratio: float
    low: float
    high: float
    limit: float | None


class FailedError(Exception):
    """A command that was to be measured did not succeed."""


def run_process(command: Sequence[str], folder: Path) -> Cost:
    """Run a command in a folder and wait for it. Raises `FailedError`, with what it said, if its exit code is not 0."""
    watch = [sys.executable, "-S", str(Path(__file__).with_name("watch.py")), *command]
    process = subprocess.run(watch, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    if process.returncode != 0:
        raise FailedError(process.stderr)
    code, wall, user, memory = json.loads(process.stdout)
    if code != 0:
        raise FailedError(f"{' '.join(command)}: exit code {code}\n{process.stderr}")
    return Cost(wall, user, memory / UNITS_PER_KIB)


def environment() -> dict[str, str]:
    """The same for all commands: the package of this checkout, compiled once and kept, and nobody else's settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return kept | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "plugins")])}


def measure(name: str, workload: Workload, folder: Path, pairs: int | None = None) -> list[Ratio]:
    """Run the commands of a workload in turn and work out its claims."""
    rounds = [
        {key: run_process(command, folder) for key, command in workload.commands.items()}
        for _ in range(pairs or workload.pairs)
    ]
    return [
        _settle(name, claim, field, rounds)
        for claim in workload.claims
        for field in (("memory",) if claim.of_memory else ("wall", "user"))
    ]


def _settle(name: str, claim: Claim, field: str, rounds: Sequence[Mapping[str, Cost]]) -> Ratio:
    ratios = [claim.formula({key: getattr(cost, field) for key, cost in costs.items()}) for costs in rounds]
    return Ratio(name, claim.what, field, median(ratios), min(ratios), max(ratios), claim.limit)
