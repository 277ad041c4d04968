"""What operators state about an axis, proved: parts along it, computed one by one, make the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dataflow.axes import Maps, Reduces, Treatment
from dataflow.operators import Operator, treat
from dataflow.proof.axes import ask, check_axes, find_fault, list_choices
from dataflow.proof.cases import make_cases
from dataflow.proof.trial import Trial
from dataflow.registry import standard
from dataflow.sizes import SymbolicSize

OPERATORS = standard()
ROWS = SymbolicSize.named("rows")
STATED = sorted(name for name, item in OPERATORS.items() if item.axes is not None or item.broadcasts)


def list_trials(operator: Operator) -> list[Trial]:
    table = OPERATORS.replaced(operator)
    return [Trial(operator, table, case, 3) for case in make_cases(operator, seed=3)]


@pytest.mark.parametrize("name", STATED)
def test_parts_make_the_whole(name: str) -> None:
    """Of elementwise operators too, which state nothing; each states something of some case."""
    statements = 0
    for trial in list_trials(OPERATORS[name]):
        if trial.case.kind == "edge":
            continue
        for choice in list_choices(trial.case.inputs, trial.operator.fill_attributes(trial.case.attributes)):
            treatment = ask(trial, choice)
            if treatment is not None:
                statements += 1
                assert find_fault(trial, choice, treatment) is None, (choice, treatment)
    assert statements


@pytest.mark.parametrize(
    "wrong",
    [
        OPERATORS["cumulative_sum"].replaced(axes=lambda places, shapes, **_: Maps.at(places[0] or 0)),
        OPERATORS["max"].replaced(axes=lambda places, shapes, **_: Reduces("add")),
        OPERATORS["matrix_transpose"].replaced(axes=lambda places, shapes: Maps.at(0)),
        OPERATORS["softmax"].replaced(composition=lambda xp, x, *, axis: xp.exp(x)),
    ],
    ids=["maps", "reduces", "place", "composition"],
)
def test_a_wrong_statement_is_found(wrong: Operator) -> None:
    failures = [failure for trial in list_trials(wrong) for failure in check_axes(trial)]
    assert failures
    assert {failure.check for failure in failures} == {"axes"}


TABLE: list[tuple[str, tuple[Any, ...], list[tuple[Any, ...]], dict[str, Any], Treatment]] = [
    ("add", (0, None), [(ROWS, 3), (3,)], {}, Maps.at(0)),
    ("add", (1, 0), [(3, ROWS), (ROWS,)], {}, Maps.at(1)),
    ("add", (0, 0), [(ROWS, 3), (ROWS,)], {}, None),
    ("sum", (0,), [(ROWS, 3)], {"axis": 0}, Reduces("add")),
    ("sum", (1,), [(3, ROWS)], {"axis": 0}, Maps.at(0)),
    ("max", (0,), [(ROWS, 3)], {"axis": None}, Reduces("maximum")),
    ("matmul", (0, None), [(ROWS, 3), (3, 4)], {}, Maps.at(0)),
    ("matmul", (1, 0), [(3, ROWS), (ROWS,)], {}, Reduces("add")),
    ("matmul", (0, 1), [(ROWS, 3), (3, ROWS)], {}, None),
    ("matmul", (0, None), [(ROWS, 2, 3), (3, 4)], {}, Maps.at(0)),
    ("matrix_transpose", (0,), [(ROWS, 3)], {}, Maps.at(1)),
    ("reshape", (0,), [(ROWS, 6)], {"shape": (ROWS, 2, 3)}, Maps.at(0)),
    ("reshape", (0,), [(ROWS, 6)], {"shape": (6 * ROWS,)}, Maps.at(0)),
    ("reshape", (1,), [(6, ROWS)], {"shape": (6 * ROWS,)}, None),
    ("softmax", (0,), [(ROWS, 3)], {"axis": -1}, Maps.at(0)),
    ("softmax", (0,), [(ROWS, 3)], {"axis": 0}, None),
    ("take", (None, 0), [(7, 3), (ROWS,)], {"axis": 0}, Maps.at(0)),
    ("put_add", (0, 0), [(ROWS, 3), (ROWS,)], {"axis": 0, "shape": (7, 3)}, Reduces("add")),
    ("conv", (0, None, None), [(ROWS, 3, 8, 8), (4, 3, 3, 3), ()], {}, Maps.at(0)),
    ("conv_weight_gradient", (0, 0), [(ROWS, 4, 6, 6), (ROWS, 3, 8, 8)], {"shape": (4, 3, 3, 3)}, Reduces("add")),
    ("boolean_mask", (0, 0), [(ROWS,), (ROWS,)], {}, None),
    ("bernoulli_like", (0,), [(ROWS,)], {"probability": 0.5, "seed": 1}, None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "places", "shapes", "attributes", "expected"), TABLE)
def test_statements(name: str, places: Any, shapes: Any, attributes: Any, expected: Treatment) -> None:
    operator = OPERATORS[name]
    assert treat(operator, places, shapes, operator.fill_attributes(attributes)) == expected


@pytest.mark.parametrize("name", sorted(name for name, item in OPERATORS.items() if item.composition is not None))
def test_a_composition_gives_what_its_primitive_gives(name: str) -> None:
    for trial in list_trials(OPERATORS[name]):
        assert list(check_axes(trial)) == []
        assert np.ndim(trial.case.inputs[0]) >= 0
