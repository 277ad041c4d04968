"""A logistic regression over rows that are streamed: python -m tests.benchmarks.speed.streaming [--rows N] [--pairs N]

The whole command `dataflow exec` beside a Python that only reads the same file, in turn; and its peak memory for a
tenth of the rows and for all of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from tests.benchmarks.measure import run_process

COLUMNS = 20
GROUP = 2**20  # rows that are made at a time
GRAPH = """
dataflow: 1
name: {name}
inputs:
  X: {{{X}, shape: [rows, 20]}}
  y: {{{y}, shape: [rows]}}
parameters:
  w: {w}
  b: 0.1
nodes:
  z: X @ w + b
  J: mean(softplus(z) - y * z)
target: J
"""
READERS = {
    "npy": "import numpy; numpy.load('X{rows}.npy'); numpy.load('y{rows}.npy')",
    "parquet": "from pyarrow import parquet; parquet.read_table('t{rows}.parquet')",
}


def write_data(folder: Path, rows: int) -> None:
    """The same rows as arrays and as a table, and graphs that name them."""
    import pyarrow
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    w = rng.normal(size=COLUMNS)
    X = np.lib.format.open_memmap(folder / f"X{rows}.npy", "w+", np.float64, (rows, COLUMNS))
    y = np.lib.format.open_memmap(folder / f"y{rows}.npy", "w+", np.float64, (rows,))
    names = [f"c{index}" for index in range(COLUMNS)]
    schema = pyarrow.schema([(name, pyarrow.float64()) for name in [*names, "y"]])
    with parquet.ParquetWriter(folder / f"t{rows}.parquet", schema) as writer:
        for start in range(0, rows, GROUP):
            block = rng.normal(size=(min(GROUP, rows - start), COLUMNS))
            label = (block @ w + rng.normal(size=len(block)) > 0).astype(float)
            X[start : start + GROUP], y[start : start + GROUP] = block, label
            columns = [np.ascontiguousarray(block[:, index]) for index in range(COLUMNS)]
            writer.write_table(pyarrow.table([*columns, label], schema=schema), row_group_size=GROUP)
    table = f"source: t{rows}.parquet, "
    sources = {
        "npy": (f"source: X{rows}.npy", f"source: y{rows}.npy"),
        "parquet": (f"{table}columns: [{', '.join(names)}]", f"{table}column: y"),
    }
    for kind, (first, second) in sources.items():
        text = GRAPH.format(name=f"{kind}{rows}", X=first, y=second, w=[0.1] * COLUMNS)
        (folder / f"{kind}{rows}.yaml").write_text(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the data, run the commands in turn, print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.speed.streaming", description=__doc__)
    parser.add_argument("--rows", type=int, default=10**7)
    parser.add_argument("--pairs", type=int, default=3)
    given = parser.parse_args(arguments)
    with TemporaryDirectory() as name:
        folder, rows = Path(name), given.rows
        for count in (rows // 10, rows):
            write_data(folder, count)
        for kind, reader in READERS.items():
            execute = [sys.executable, "-m", "dataflow", "exec", f"{kind}{rows}.yaml"]
            read = [sys.executable, "-c", reader.format(rows=rows)]
            run_process(read, folder)
            costs = [(run_process(execute, folder), run_process(read, folder)) for _ in range(given.pairs)]
            small = run_process([*execute[:-1], f"{kind}{rows // 10}.yaml"], folder)
            ratio = median(ours.wall / theirs.wall for ours, theirs in costs)
            memory = median(ours.memory for ours, _ in costs)
            print(f"{kind}: {rows:,} rows, exec / reading {ratio:.2f}; peak memory {memory / 1e3:.0f} MB, "
                  f"{small.memory / 1e3:.0f} MB for {rows // 10:,} rows")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
