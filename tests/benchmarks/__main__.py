"""Measure and print a table: python -m tests.benchmarks [NAME ...] [--pairs N] [--json FILE]

Every number is a ratio between whole processes that ran in turn in this run. Other work on the machine disturbs the
time on the clock more than that of the processor: both are shown.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.measure import FailedError, Ratio, measure, run_process
from tests.benchmarks.workloads import GRAPHS, execute, workloads

HEADER = ("workload", "what", "of", "ratio", "limit", "spread", "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the workloads that are named, or all. The exit code says whether everything ran, not how fast."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(workloads())}; all, if none is given"
    )
    parser.add_argument("--pairs", type=int, help="how often each command runs, in place of each workload's own number")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the ratios here too")
    given = parser.parse_args(arguments)
    known = workloads()
    if unknown := [name for name in given.names if name not in known]:
        parser.error(f"there is no workload `{unknown[0]}`; there are {', '.join(known)}")
    ratios: list[Ratio] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        try:
            warm_up(folder)
            for name in given.names or known:
                print(f"{name} ...", file=sys.stderr, flush=True)
                ratios += measure(name, known[name](folder), folder, given.pairs)
        except FailedError as error:
            print(error, file=sys.stderr)
            return 1
    print("\n".join(format_table(ratios)))
    if given.json:
        given.json.write_text(json.dumps([ratio._asdict() for ratio in ratios], indent=2) + "\n", encoding="utf-8")
    return 0


def warm_up(folder: Path) -> None:
    """Let everything be compiled and read from disk once, by a graph of each kind."""
    for graph in ("lecture", "logistic_regression"):
        run_process(execute(GRAPHS / f"{graph}.yaml", folder), folder)


def format_table(ratios: Iterable[Ratio]) -> list[str]:
    """A line a ratio, in columns."""
    rows = [HEADER, *map(_row, ratios)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(item: Ratio) -> tuple[str, ...]:
    limit = "" if item.limit is None else f"{item.limit:g}"
    over = "over" if item.limit is not None and item.ratio > item.limit else ""
    spread = f"{item.low:.3f}-{item.high:.3f}"
    return (item.workload, item.what, item.measure, f"{item.ratio:.3f}", limit, spread, over)


if __name__ == "__main__":
    sys.exit(main())
