"""The proof finds wrong rules: thousands of them, derived by machine from the right ones."""

from __future__ import annotations

from zlib import crc32

import pytest

from dataflow import standard
from tests.proof.equivalent import EQUIVALENT
from tests.proof.mutants import derive_all, is_found

TABLE = standard()
MUTANTS = list(derive_all(TABLE))
PARTS = 96  # of which the suite tries some: `python -m tests.proof.mutants` tries all


@pytest.mark.parametrize("part", range(24))
def test_mutants_are_found_but_for_those_that_compute_the_same(part: int) -> None:
    """Which part a mutant is in depends on its name alone."""
    chosen = [mutant for mutant in MUTANTS if crc32(mutant.name.encode()) % PARTS == part]
    assert len(chosen) > 14
    missed = {mutant.name for mutant in chosen if not is_found(mutant, TABLE)}
    assert missed == {mutant.name for mutant in chosen if mutant.name in EQUIVALENT}


def test_there_are_enough_and_few_are_equivalent() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names) > 2000
    assert set(names) >= EQUIVALENT.keys()
    assert len(EQUIVALENT) < 0.05 * len(names)
    assert {mutant.operator.name for mutant in MUTANTS} >= {
        name for name, operator in TABLE.items() if operator.backward and operator.differentiable
    }
