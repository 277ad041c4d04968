"""No right rule is accused: python -m tests.proof.seeds [--seeds N] [--from SEED] [OPERATOR ...]

Every operator is proved under many seeds, on all processors; outside the time of the test suite.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from dataflow import standard
from dataflow.proof import describe_failure, verify_operator


def try_operator(name: str, seeds: range) -> tuple[int, int, list[str]]:
    """Cases and comparisons of all seeds, and what was said of failures."""
    table = standard()
    proofs = [verify_operator(table[name], table, seed=seed) for seed in seeds]
    said = [line for proof in proofs for failure in proof.failures for line in describe_failure(failure)]
    return sum(proof.cases for proof in proofs), sum(proof.comparisons for proof in proofs), said


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the counts, and what was accused."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.seeds", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="OPERATOR")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--from", type=int, default=100, dest="first")
    given = parser.parse_args(arguments)
    names = given.names or sorted(standard())
    seeds = range(given.first, given.first + given.seeds)
    cases = comparisons = accused = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for count, told, said in pool.map(partial(try_operator, seeds=seeds), names):
            cases, comparisons, accused = cases + count, comparisons + told, accused + bool(said)
            if said:
                print("\n".join(said))
    print(f"{len(names)} operators, {len(seeds)} seeds, {cases:,} cases, {comparisons:,} slopes: {accused} accused")
    return int(accused > 0)


if __name__ == "__main__":
    sys.exit(main())
