"""Kinds of array: what their functions give at the edges, and the helpers that rules call."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest

from dataflow import registry
from dataflow.arrays import floats, ieee, numpy_arrays
from dataflow.arrays.ieee import IeeeFloat
from dataflow.library import Library
from dataflow.operators import Operator, unary

inf, nan = math.inf, math.nan
OPERATORS = registry.standard()
EDGES = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e200, -1e200, 1000.0, -1000.0, inf, -inf, nan)
FLOAT_FUNCTIONS = sorted(name for name, item in OPERATORS.items() if item.broadcasts and not item.attributes)
NOT_FLOAT = {"where", *(name for name in FLOAT_FUNCTIONS if name.startswith(("logical_", "bitwise_")))}


@pytest.mark.parametrize("name", sorted(set(FLOAT_FUNCTIONS) - NOT_FLOAT))
def test_ieee_floats_give_what_numpy_gives(name: str) -> None:
    """At zeros of both signs, infinities, NaN, and where results overflow: the same value with the same sign."""
    careful, arrays = Library(OPERATORS, ieee), Library(OPERATORS, numpy_arrays)
    count = len(OPERATORS[name].inputs)
    for inputs in product(EDGES, repeat=count):
        found = getattr(careful, name)(*map(IeeeFloat, inputs))
        if name == "pow" and inputs == (-inf, 0.5):
            continue  # on arrays x ** 0.5 is sqrt(x), four times as fast and NaN here, where the C standard has inf
        with np.errstate(all="ignore"):
            expected = getattr(arrays, name)(*map(np.array, inputs))
        assert type(found) in (IeeeFloat, bool)
        np.testing.assert_allclose(float(found), float(expected), rtol=1e-12, err_msg=f"{name}{inputs}")


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "//", "%", "**"])
def test_arithmetic_of_ieee_floats(symbol: str) -> None:
    """Operators of Python with a float on either side: no exception, the type kept, NumPy's result."""
    for x in EDGES:
        for y in EDGES:
            with np.errstate(all="ignore"):
                expected = float(eval(f"x {symbol} y", {"x": np.float64(x), "y": np.float64(y)}))
            for left, right in ((IeeeFloat(x), y), (x, IeeeFloat(y)), (IeeeFloat(x), IeeeFloat(y))):
                found = eval(f"x {symbol} y", {"x": left, "y": right})
                assert type(found) is IeeeFloat
                np.testing.assert_allclose(found, expected, rtol=1e-15, err_msg=f"{x} {symbol} {y}")


def test_zeros_keep_their_signs() -> None:
    assert math.copysign(1, -IeeeFloat(0.0)) == -1
    xp = Library(OPERATORS, floats)
    assert [math.copysign(1, getattr(xp, name)(-0.3)) for name in ("ceil", "round", "trunc")] == [-1] * 3
    assert 1 / IeeeFloat(-0.0) == -inf
    assert abs(IeeeFloat(-2.0)) == 2.0
    assert type(+IeeeFloat(1.0)) is IeeeFloat


def test_powers_follow_the_c_standard() -> None:
    power = ieee.find("pow")
    assert power is not None
    rows = [(0.0, -1.0, inf), (-0.0, -1.0, -inf), (-0.0, -2.0, inf), (-8.0, 1 / 3, nan), (-10.0, 401.0, -inf),
            (10.0, 400.0, inf), (nan, 0.0, 1.0), (1.0, nan, 1.0), (-1.0, inf, 1.0), (0.5, -inf, inf)]  # fmt: skip
    np.testing.assert_array_equal([power(x, y) for x, y, _ in rows], [z for _, _, z in rows])


def test_a_strangers_kernel_for_floats_serves_ieee_floats_too() -> None:
    def reciprocal_root(x: float) -> Any:
        return (1 / x) ** 0.5

    table: dict[str, Operator] = {"f": unary("f", "", None, kernels={"floats": reciprocal_root, "numpy": "math:exp"})}
    careful = Library(table, ieee)
    assert math.isnan(careful.f(0.0))
    assert math.isnan(careful.f(-1.0))
    assert careful.f(IeeeFloat(4.0)) == 0.5
    assert Library(table, floats).f is reciprocal_root
    assert Library(table, numpy_arrays).f(0.0) == 1.0


def test_a_kind_says_what_it_lacks() -> None:
    with pytest.raises(AttributeError, match="xp over floats has no `matmul`"):
        Library(OPERATORS, floats).matmul  # noqa: B018
    with pytest.raises(AttributeError, match="xp over numpy has no `no_such_thing`"):
        Library(OPERATORS, numpy_arrays).no_such_thing  # noqa: B018
    assert numpy_arrays.find("pi") is None


def test_a_condition_is_true_or_false() -> None:
    """As on arrays, where the engine refuses it: a number is no condition."""
    xp = Library(OPERATORS, floats)
    assert xp.where(1.0 < 2.0, 3.0, 4.0) == 3.0
    for call in (lambda: xp.where(1.0, 3.0, 4.0), lambda: xp.logical_not(1.0), lambda: xp.logical_and(1.0, True)):
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_helpers_keep_the_dtype(dtype: Any) -> None:
    g, indices = np.ones((2, 3), dtype), np.array([[0], [2]])
    assert numpy_arrays.keep(g > 2, g).dtype == dtype
    assert numpy_arrays.keep(np.True_, g[0, 0]).dtype == dtype
    assert numpy_arrays.cast_like(2, g).dtype == dtype
    assert numpy_arrays.cast_like(np.arange(3), g).dtype == dtype
    assert numpy_arrays.put_items(g, key=("1:3",), shape=(4, 3)).dtype == dtype
    assert numpy_arrays.put_add(g, np.array([1, 1]), axis=0, shape=(4, 3)).dtype == dtype
    assert numpy_arrays.put_add_along_axis(g[:, :1], indices, axis=1, shape=(2, 3)).dtype == dtype


@pytest.mark.parametrize("count", [5, 2000])
@pytest.mark.parametrize("width", [1, 64])
def test_rows_are_added_in_order(count: int, width: int) -> None:
    """The fast way gives the bits of `numpy.add.at`, negative indices included."""
    rng = np.random.default_rng(3)
    g, indices = rng.normal(size=(count, width)), rng.integers(-40, 40, count)
    expected = np.zeros((40, width))
    np.add.at(expected, indices, g)
    assert np.array_equal(numpy_arrays.put_add(g, indices, axis=0, shape=(40, width)), expected)


def test_empty_and_shaped_indices() -> None:
    assert numpy_arrays.put_add(np.ones((0, 3)), np.zeros(0, int), axis=0, shape=(2, 3)).tolist() == [[0.0] * 3] * 2
    twice = np.array([[0, 0], [1, -1]])
    assert numpy_arrays.put_add(np.ones((2, 2)), twice, axis=None, shape=(3,)).tolist() == [2, 1, 1]
    assert numpy_arrays.put_add(np.array(5.0), 1, axis=0, shape=(3,)).tolist() == [0, 5, 0]


@pytest.mark.parametrize("text", ["1", "a:b", "1:2:3:4", "", "1.5:"])
def test_what_is_no_slice(text: str) -> None:
    with pytest.raises(ValueError, match="is no slice"):
        numpy_arrays.read_key((text,))


def test_refusals_of_indexing_and_losses() -> None:
    xp = Library(OPERATORS, numpy_arrays)
    with pytest.raises(ValueError, match="axis may be left out for a vector only"):
        xp.take(np.ones((2, 2)), np.array([0]))
    with pytest.raises(IndexError, match="index -1 is outside 0 to 2"):
        xp.cross_entropy(np.ones((2, 3)), np.array([0, -1]))
    with pytest.raises(ValueError, match=r"predictions and targets differ in shape: \[3\] and \[3, 1\]"):
        xp.mean_squared_error(np.ones(3), np.ones((3, 1)))
    with pytest.raises(ValueError, match="there is no largest element"):
        xp.max(np.ones(0))


def test_a_bound_that_is_an_integer_gives_a_float() -> None:
    """An integer would make the sweep look again at every value of the graph."""
    xp = Library(OPERATORS, floats)
    found = [xp.clip(0.5, min=1), xp.clip(1.5, max=1), xp.clip(0.5, min=0, max=1)]
    assert [(type(x), x) for x in found] == [(float, 1.0), (float, 1.0), (float, 0.5)]


def test_variadic_operators_take_a_list() -> None:
    xp = Library(OPERATORS, numpy_arrays)
    assert xp.concat([np.ones(1), np.zeros(1)]).tolist() == [1, 0]
    assert [part.shape for part in xp.broadcast_arrays([np.ones(2), np.ones((3, 1))])] == [(3, 2), (3, 2)]
