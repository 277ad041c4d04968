"""Measure beside others: python -m tests.benchmarks.speed [NAME ...] [--threads N,...] [--json FILE] [--plot FILE]

Each workload runs in a process of its own, everybody with the same number of threads, in turn; numbers are ratios of
medians, our time to theirs. What is not installed is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.benchmarks.measure import ROOT
from tests.benchmarks.speed.plotting import draw_bars
from tests.benchmarks.speed.workloads import WORKLOADS

OTHERS = ("jax", "torch", "casadi", "numpy", "autograd")
SCALARS = ("lecture", "random_1000", "random_10000", "random_100000", "random_1000000", "chain_100000")
HEADER = ("workload", "threads", "ours, ms", "forward", "gradient / forward", *(f"/ {name}" for name in OTHERS))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the workloads that are named, or all but the largest. The exit code says whether everything ran."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.speed", description=__doc__)
    known = (*WORKLOADS, *SCALARS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}; all, if none is given")
    parser.add_argument("--threads", default="1,2", help="how many threads everybody has; 1,2 if not given")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured here too")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the ratios here, as SVG")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.names if name not in known]:
        parser.error(f"there is no workload `{unknown[0]}`; there are {', '.join(known)}")
    found = []
    for name in given.names or [name for name in known if name != "random_1000000"]:
        for threads in [1] if name in SCALARS else map(int, given.threads.split(",")):
            print(f"{name}, {threads} ...", file=sys.stderr, flush=True)
            found.append(run_child(name, threads))
    print("\n".join(format_rows([HEADER, *map(_row, found)])))
    print("\n".join(_list_limits(found)))
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if given.plot:
        given.plot.write_text(draw_bars(found), encoding="utf-8")
    return 0


def run_child(name: str, threads: int) -> dict[str, Any]:
    """What a process measures of one workload with so many threads."""
    count = str(threads)
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    settings = dict.fromkeys(names, count)
    settings["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}"
    settings |= {"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu", "OMP_WAIT_POLICY": "passive"}
    settings["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "plugins")])
    kind = "scalars" if name in SCALARS else "child"
    others = ",".join(other for other in OTHERS if other == "numpy" or find_spec(other) is not None)
    command = [sys.executable, "-m", f"tests.benchmarks.speed.{kind}", name, count, others]
    cores = set(sorted(os.sched_getaffinity(0))[:threads]) if hasattr(os, "sched_getaffinity") else None
    done = subprocess.run(
        command, env=os.environ | settings, stdout=subprocess.PIPE, text=True, check=True,
        preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _row(found: Mapping[str, Any]) -> tuple[str, ...]:
    times = found["median"]
    ours = times["dataflow"]
    forward = times.get("forward")
    ratios = [f"{ours / times[name]:.2f}" if name in times else "" for name in OTHERS]
    whole = ["", ""] if forward is None else [f"{forward * 1e3:.3g}", f"{ours / forward:.2f}"]
    return (found["workload"], str(found["threads"]), f"{ours * 1e3:.3g}", *whole, *ratios)


def _list_limits(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What was to be reached, and was not."""
    for item in found:
        limits = WORKLOADS[item["workload"]].limits if item["workload"] in WORKLOADS else item.get("limits", {})
        pairs = (
            limits.items() if item["workload"] in WORKLOADS else [((name, 0), limit) for name, limit in limits.items()]
        )
        for (name, threads), limit in pairs:
            if threads in (0, item["threads"]) and name in item["median"]:
                ratio = item["median"]["dataflow"] / item["median"][name]
                state = "reached" if ratio <= limit else "NOT reached"
                yield f"{item['workload']}, {item['threads']}: {ratio:.2f} of {name}, limit {limit:g}: {state}"


def format_rows(rows: Sequence[Sequence[str]]) -> list[str]:
    """A line a row, in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


if __name__ == "__main__":
    sys.exit(main())
