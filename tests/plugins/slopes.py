"""What tests of operators against other libraries share: values and slopes, and slopes taken from an oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dataflow import registry
from dataflow.sweeps.traced import TracedRule
from tests.plugins.calling import call_rule, complete, over_numpy

OPERATORS = registry.standard()
XP = over_numpy(OPERATORS)


def slope(name: str, inputs: tuple[Any, ...], g: Any, place: int = 0, **attributes: Any) -> Any:
    """The cotangent of one input for the cotangent `g` of the output."""
    operator = OPERATORS[name]
    z = operator.forward(XP, *inputs, **attributes)
    if operator.backward is None:
        wanted = tuple(index == place for index in range(len(inputs)))
        return TracedRule(operator, wanted)(XP, g, z, *inputs, **complete(operator, attributes))[place]
    given = (*inputs, *[None] * (len(operator.inputs) - len(inputs)))
    return call_rule(XP, operator, operator.inputs[place].name, g, z, given, attributes)


def close(found: Any, expected: Any) -> None:
    expected = np.asarray(expected)
    scale = np.max(np.abs(expected), initial=1e-300)
    assert np.shape(found) == expected.shape
    np.testing.assert_allclose(np.asarray(found), expected, rtol=0, atol=1e-10 * scale)


def by_steps(function: Callable[[Any], Any], x: Any, g: Any, step: complex) -> Any:
    """The cotangent from one step along every element: a real one if the function is linear nearby, else an imaginary
    one, whose result has no cancellation."""
    start, found = function(x.astype(type(step))), np.empty(x.shape)
    for place in np.ndindex(x.shape):
        moved = x.astype(type(step))
        moved[place] += step
        found[place] = np.sum(g * np.real((function(moved) - start) / step))
    return found


def check(name: str, oracle: Callable[[Any], Any], x: Any, step: complex, **attributes: Any) -> None:
    """Value and cotangent are the oracle's, on any strides, and float32 stays what it is."""
    z = OPERATORS[name].forward(XP, x, **attributes)
    close(z, oracle(x))
    g = np.random.default_rng(3).normal(size=np.shape(z))
    close(slope(name, (x,), g, **attributes), by_steps(oracle, x, g, step))
    narrow = x.astype(np.float32)
    small = OPERATORS[name].forward(XP, narrow, **attributes)
    assert small.dtype == np.float32
    found = slope(name, (narrow,), g.astype(np.float32), **attributes)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, slope(name, (x,), g, **attributes), rtol=1e-4, atol=1e-4)


def draw(*shape: int, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


LINEAR, ANALYTIC = 2.0**-12, 1e-30j
