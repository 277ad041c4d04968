"""Every operator of the built-in plugins is proved by one test; `tests/proof` shows that it finds what is wrong."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from dataflow import registry
from dataflow.arrays import floats, ieee, numpy_arrays
from dataflow.library import Library
from dataflow.operators import Operator
from dataflow.proof import prove
from tests.plugins.calling import call_rule, differentiable, over_numpy, trials

OPERATORS = registry.standard()
SCALAR = sorted(name for name, operator in OPERATORS.items() if operator.broadcasts)
SPECIAL = [(name, row) for name, operator in sorted(OPERATORS.items()) for row in operator.special]
ON_FLOATS = [name for name in SCALAR if Library(OPERATORS, floats).resolve(name)]
IEEE_CASES = [(name, row) for name, row in SPECIAL if OPERATORS[name].broadcasts]


@pytest.fixture(autouse=True)
def quiet() -> Any:
    """The engine silences NumPy about zero divisions and overflows: their results are what IEEE 754 says."""
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_every_operator_is_proved(name: str) -> None:
    prove(OPERATORS[name], OPERATORS)


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_every_operator_has_an_example_to_check_by_hand(name: str) -> None:
    """A row whose value is finite: the rest may be edges."""
    assert any(np.all(np.isfinite(flatten(row[1]))) for row in OPERATORS[name].special)


def flatten(data: Any) -> list[float]:
    if isinstance(data, list | tuple):
        return [number for item in data for number in flatten(item)]
    return [] if data is None else [float(data)]


@pytest.mark.parametrize("name", [name for name in SCALAR if len(differentiable(OPERATORS[name])) > 1])
def test_numbers_among_float32_arrays_widen_nothing(name: str) -> None:
    operator = OPERATORS[name]
    for weak in range(len(operator.inputs)):
        if operator.inputs[weak].name in operator.kinds:
            continue
        rng = np.random.default_rng(5)
        inputs: list[Any] = [rng.uniform(0.5, 2.0, 4).astype(np.float32) for _ in operator.inputs]
        if operator.kinds:
            inputs[0] = np.array([True, False, True, False])
        inputs[weak] = 2.0
        xp = over_numpy(OPERATORS)
        z = operator.forward(xp, *inputs)
        assert z.dtype == np.float32
        for place in set(differentiable(operator)) - {weak}:
            given = call_rule(xp, operator, operator.inputs[place].name, np.ones_like(z), z, inputs, {})
            assert given.dtype == np.float32


@pytest.mark.parametrize("name", sorted(name for name, operator in OPERATORS.items() if operator.analytic))
def test_complex_steps_agree(name: str) -> None:
    """Im f(x + ih) / h has no cancellation: it gives all digits (Squire and Trapp, 1998)."""
    operator, xp = OPERATORS[name], over_numpy(OPERATORS)
    for trial in trials(operator):
        z = operator.forward(xp, *trial.inputs)
        for place in differentiable(operator):
            stepped = [x + 1e-30j if index == place else x for index, x in enumerate(trial.inputs)]
            slope = np.imag(operator.forward(xp, *stepped)) / 1e-30
            given = call_rule(xp, operator, operator.inputs[place].name, np.ones(np.shape(z)), z, trial.inputs, {})
            largest = np.max(np.abs(slope), initial=0.0)
            np.testing.assert_allclose(np.broadcast_to(given, np.shape(z)), slope, rtol=1e-12, atol=1e-12 * largest)


# --- values and gradients at the edges -----------------------------------------------------------


def same(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(expected, float), rtol=1e-14, atol=0)


def run_scalar(arrays: Any, operator: Operator, inputs: Any, attributes: Any) -> list[float]:
    """Value and gradients of one node of scalars; None, nothing taken, counts as 0 in a report."""
    xp = Library(OPERATORS, arrays)
    number: Any = {"ieee": ieee.IeeeFloat, "floats": float, "numpy": np.asarray}[arrays.kind]
    inputs = [number(x) if isinstance(x, float) else x for x in inputs]
    z = operator.forward(xp, *inputs, **attributes)
    names = [operator.inputs[place].name for place in differentiable(operator)]
    gradients = [call_rule(xp, operator, name, number(1.0), z, inputs, attributes) for name in names]
    if isinstance(z, complex) or any(isinstance(given, complex) for given in gradients):
        raise ArithmeticError("complex")
    return [float(z), *[0.0 if given is None else float(given) for given in gradients]]


@pytest.mark.parametrize(("name", "row"), IEEE_CASES, ids=[f"{name}{row[0]}" for name, row in IEEE_CASES])
def test_edges_on_floats(name: str, row: tuple[Any, ...]) -> None:
    """IEEE floats never raise; bare floats may, but where they do not they say the same."""
    operator = OPERATORS[name]
    attributes = row[3] if len(row) > 3 else {}
    expected = [row[1], *[row[2][place] for place in differentiable(operator)]]
    same(run_scalar(ieee, operator, row[0], attributes), expected)
    try:
        found = run_scalar(floats, operator, row[0], attributes)
    except (ArithmeticError, ValueError):
        return
    same(found, expected)


@pytest.mark.parametrize("name", ON_FLOATS)
def test_floats_agree_with_arrays(name: str) -> None:
    """`math` and NumPy differ in the last digits, no more; and an operator may lack bare floats, but says so."""
    operator = OPERATORS[name]
    for trial in [trial for trial in trials(operator) if all(map(np.size, trial.inputs))]:
        for inputs in zip(*[np.resize(x, 3).tolist() for x in trial.inputs], strict=True):
            expected = run_scalar(numpy_arrays, operator, inputs, trial.attributes)
            for kind in (floats, ieee):
                found = run_scalar(kind, operator, inputs, trial.attributes)
                np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_what_floats_cannot_compute() -> None:
    assert set(SCALAR) - set(ON_FLOATS) == set()
    assert not any(Library(OPERATORS, floats).resolve(name) for name in ("astype", "matmul", "sum", "getitem"))


def test_a_power_with_a_number_is_exact_and_needs_no_logarithm() -> None:
    """A constant exponent 0 has slope 0 everywhere, also where x ** -1 is infinite, and only x's rule is called."""
    xp = Library(OPERATORS, numpy_arrays)
    x = np.array([0.0, -2.0, 3.0, math.inf, math.nan])
    rule = OPERATORS["pow"]
    same(call_rule(xp, rule, "x", np.ones(5), np.ones(5), (x, 0), {}), np.zeros(5))
    same(call_rule(xp, rule, "x", np.ones(3), x[:3] ** 2, (x[:3], 2), {}), [0.0, -4.0, 6.0])
    assert np.array_equal(xp.pow(x[:3], 2), x[:3] * x[:3])
    assert np.array_equal(xp.pow(x[2:4], 0.5), np.sqrt(x[2:4]))


NOT_TAKEN: dict[str, tuple[tuple[Any, ...], dict[str, Any], int]] = {
    "maximum": ((1.0, 2.0), {}, 0),
    "minimum": ((1.0, 2.0), {}, 1),
    "relu": ((-1.0,), {}, 0),
    "clip": ((5.0,), {"min": 0.0, "max": 1.0}, 0),
    "where": ((False, 1.0, 2.0), {}, 1),
}


@pytest.mark.parametrize("name", sorted(NOT_TAKEN))
def test_what_is_not_taken_gets_nothing(name: str) -> None:
    """On bare floats the rule gives None; on arrays exactly 0, even for an infinite cotangent."""
    inputs, attributes, place = NOT_TAKEN[name]
    operator = OPERATORS[name]
    for arrays, nothing in ((floats, None), (numpy_arrays, 0.0)):
        xp = Library(OPERATORS, arrays)
        z = operator.forward(xp, *inputs, **attributes)
        assert call_rule(xp, operator, operator.inputs[place].name, math.inf, z, inputs, attributes) == nothing


def test_elements_below_the_largest_get_nothing() -> None:
    xp, x = over_numpy(OPERATORS), np.array([1.0, 2.0, 1.0])
    for name, expected in (("max", [0.0, math.inf, 0.0]), ("min", [math.inf, 0.0, math.inf])):
        z = OPERATORS[name].forward(xp, x)
        assert call_rule(xp, OPERATORS[name], "x", np.asarray(math.inf), z, (x,), {}).tolist() == expected
