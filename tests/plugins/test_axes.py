"""What operators state about an axis, proved: parts along it, computed one by one, make the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from dataflow.arrays import numpy_arrays
from dataflow.axes import Maps, Reduces, Treatment
from dataflow.library import Library
from dataflow.operators import Operator, treat
from dataflow.program.blocks import COMBINE
from dataflow.proof.cases import make_cases
from dataflow.registry import standard
from dataflow.sizes import SymbolicSize, substitute
from dataflow.sweeps.arrays import quiet
from dataflow.sweeps.conversion import convert
from dataflow.sweeps.plan import Step

OPERATORS = standard()
XP = Library(OPERATORS, numpy_arrays)
ROWS = SymbolicSize.named("rows")
STATED = sorted(name for name, item in OPERATORS.items() if item.axes is not None or item.broadcasts)
MIXING = {"arange"}  # what states a rule that says no more than that it mixes is not in need of a case


def run(operator: Operator, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> list[Any]:
    """The outputs of an operator, as the engine computes them."""
    step = Step(operator.name, operator, (), (), attributes, ())
    with quiet():
        found = operator.forward(XP, *convert(step, list(inputs), np.dtype("float64")), **attributes)
    return [np.asarray(part) for part in (found if operator.outputs else [found])]


def list_cases(operator: Operator) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    for case in make_cases(operator, seed=3):
        yield list(case.inputs), operator.fill_attributes(case.attributes)


def list_choices(inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Iterator[tuple[int, tuple[Any, ...], Any]]:
    """A length, the axes of that length that may be the rows' in each input, and attributes that mention it."""
    shapes = [np.shape(item) if item is not None else () for item in inputs]
    shape: Any = attributes.get("shape")
    lengths = {length for item in shapes for length in item} | set(shape if isinstance(shape, tuple) else ())
    for length in sorted(item for item in lengths if type(item) is int and item > 1):
        axes = [[None, *(axis for axis, found in enumerate(item) if found == length)] for item in shapes]
        for places in list(product(*axes))[:40]:
            yield length, places, attributes
            for index, found in enumerate(shape if isinstance(shape, tuple) else ()):
                if found > 0 and found % length == 0:
                    changed = (*shape[:index], found // length * ROWS, *shape[index + 1 :])
                    yield length, places, {**attributes, "shape": changed}


def put_rows(shapes: Sequence[tuple[int, ...]], places: Sequence[int | None]) -> list[tuple[Any, ...]]:
    return [
        tuple(ROWS if axis == place else length for axis, length in enumerate(shape))
        for shape, place in zip(shapes, places, strict=True)
    ]


def cut_attributes(attributes: Mapping[str, Any], length: int) -> dict[str, Any]:
    def put(item: Any) -> Any:
        if isinstance(item, tuple):
            return tuple(map(put, item))
        return substitute(item, {"rows": length}) if isinstance(item, SymbolicSize) else item

    return {key: put(value) for key, value in attributes.items()}


def find_fault(
    operator: Operator, inputs: Sequence[Any], places: Sequence[int | None], attributes: Mapping[str, Any],
    length: int, treatment: Treatment,
) -> str | None:  # fmt: skip
    """How what parts along the rows give differs from the whole; None if it does not."""
    whole = run(operator, inputs, cut_attributes(attributes, length))
    edges = sorted({0, 1, length - 1, length})
    parts = []
    for start, stop in pairwise(edges):
        block = [
            item if place is None else np.take(item, range(start, stop), axis=place)
            for item, place in zip(inputs, places, strict=True)
        ]
        parts.append(run(operator, block, cut_attributes(attributes, stop - start)))
    for index, expected in enumerate(whole):
        if isinstance(treatment, Maps):
            found = np.concatenate([part[index] for part in parts], axis=treatment.places[index])
        else:
            assert isinstance(treatment, Reduces)
            found = parts[0][index]
            for part in parts[1:]:
                found = COMBINE[treatment.by](found, part[index])
        same = found.shape == expected.shape and np.allclose(found, expected, 1e-12, 1e-12, equal_nan=True)
        if not same:
            return f"output {index}: {found} in place of {expected}"
    return None


def states_something(operator: Operator) -> int:
    """Prove what an operator states of all its cases; how many statements there were."""
    count = 0
    for inputs, attributes in list_cases(operator):
        for length, places, mentioned in list_choices(inputs, attributes):
            asked = any(place is not None for place in places) or mentioned is not attributes
            if not asked:
                continue
            shapes = put_rows([np.shape(item) if item is not None else () for item in inputs], places)
            treatment = treat(operator, places, shapes, mentioned)
            if treatment is not None:
                count += 1
                fault = find_fault(operator, inputs, places, mentioned, length, treatment)
                assert fault is None, (operator.name, places, mentioned, treatment, fault)
    return count


@pytest.mark.parametrize("name", STATED)
def test_parts_make_the_whole(name: str) -> None:
    assert states_something(OPERATORS[name]) or name in MIXING


@pytest.mark.parametrize(
    "wrong",
    [
        OPERATORS["cumulative_sum"].replaced(axes=lambda places, shapes, **_: Maps.at(places[0] or 0)),
        OPERATORS["max"].replaced(axes=lambda places, shapes, **_: Reduces("add")),
        OPERATORS["matrix_transpose"].replaced(axes=lambda places, shapes: Maps.at(0)),
    ],
    ids=["maps", "reduces", "place"],
)
def test_a_wrong_statement_is_found(wrong: Operator) -> None:
    with pytest.raises((AssertionError, ValueError)):
        states_something(wrong)


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
    operator = OPERATORS[name]
    composed = operator.replaced(forward=operator.composition)
    for inputs, attributes in list_cases(operator):
        if 0 in np.shape(inputs[0]):  # there are rows where compositions are used
            continue
        inputs += [None] * (len(operator.inputs) - len(inputs))
        for found, expected in zip(run(composed, inputs, attributes), run(operator, inputs, attributes), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=f"{inputs} {attributes}")
