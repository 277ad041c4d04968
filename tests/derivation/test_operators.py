"""Every operator's rules written down as graphs: reverse, forward, and the reverse of the reverse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow import Derivative, standard
from dataflow.derivatives.knowledge import type_of
from tests.derivation.one_node import OneNode, make_graphs

TABLE = standard()
NAMES = [name for name in TABLE if TABLE[name].differentiable]
DEPENDS_ON_VALUES = {"boolean_mask"}  # how long its result is: a gradient graph cannot know


def close(found: Any, expected: Any, scale: float) -> bool:
    return np.allclose(found, expected, rtol=1e-12, atol=1e-14 * scale, equal_nan=True)


def size_of(values: Any) -> float:
    finite = np.abs(np.asarray(values, float))
    return float(np.max(finite[np.isfinite(finite)], initial=0.0))


@pytest.mark.parametrize("name", NAMES)
def test_gradient_graphs_and_tangents_agree_with_the_sweep(name: str) -> None:
    """On cases of the proof, kinks and edges included: the same gradients, NaN where they are NaN."""
    assert compare(name, most=8) or name in DEPENDS_ON_VALUES


def compare(name: str, most: int | None = None) -> int:
    """How many cases of an operator were compared; at most so many. Raises AssertionError."""
    if name in DEPENDS_ON_VALUES:
        return 0
    graphs = [one for one in make_graphs(TABLE[name], TABLE, 5, ("example", "drawn", "row")) if one.wrt]
    step = 1 if most is None else max(1, -(-len(graphs) // most))
    for one in graphs[::step]:
        swept = dataflow.execute(one.graph, one.values)
        _compare_gradients(one, swept)
        if one.case.kind != "row":
            _compare_tangents(one, swept)
    return len(graphs[::step])


def _compare_gradients(one: OneNode, swept: Any) -> None:
    types = {key: type_of(value) for key, value in one.values.items()}
    from dataflow.derivation.gradient import write_gradient

    derived = write_gradient(one.graph, TABLE, wrt=one.wrt, types=types)
    given = {key: value for key, value in one.values.items() if key in derived.given}
    found = dataflow.execute(derived, given, operators=TABLE).values
    for key in one.wrt:
        expected = np.broadcast_to(np.asarray(swept.gradients[key]), one.values[key].shape)
        assert np.shape(found[f"d{key}"]) == expected.shape
        assert close(found[f"d{key}"], expected, size_of(expected)), (one.case, found[f"d{key}"], expected)


def _compare_tangents(one: OneNode, swept: Any) -> None:
    rng = np.random.default_rng(8)
    along = {key: rng.normal(size=one.values[key].shape) for key in one.wrt}
    result = dataflow.execute(one.graph, one.values, only=(), derivatives={"t": Derivative("jvp", ("J",), along=along)})
    parts = np.concatenate([np.ravel(along[key] * swept.gradients[key]) for key in one.wrt])
    if np.all(np.isfinite(parts)):
        found = float(np.asarray(result.derivatives["t"].blocks["J", ""]))
        assert abs(found - parts.sum()) <= 1e-11 * np.abs(parts).sum() + 1e-300, one.case


SMOOTH = [name for name in NAMES if name not in DEPENDS_ON_VALUES]
STEP = 2.0**-12


@pytest.mark.parametrize("name", SMOOTH)
def test_second_derivatives_agree_with_differences_of_the_gradient(name: str) -> None:
    """A Hessian times a direction, on cases drawn from the domain, against central differences along it."""
    rng = np.random.default_rng(6)
    for one in [*make_graphs(TABLE[name], TABLE, 6, ("example", "drawn"))][:3]:
        if not one.wrt:
            continue
        along = {key: rng.normal(size=one.values[key].shape) for key in one.wrt}
        asked = {"h": Derivative("hvp", ("J",), along=along)}
        result = dataflow.execute(one.graph, one.values, only=(), derivatives=asked)
        with np.errstate(all="ignore"):
            slopes = [_differ(one, along, step) for step in (STEP, STEP / 2)]
            for key in one.wrt:
                found, coarse, fine = (
                    np.asarray(result.derivatives["h"].blocks["", key]),
                    slopes[0][key],
                    slopes[1][key],
                )
                better = (4 * fine - coarse) / 3
                trusted = np.abs(fine - coarse) <= 1e-3 * (1 + np.abs(fine))  # away from kinks, and not too steep
                allowed = 2e-5 * (1 + np.abs(better)) * max(1.0, size_of(better))
                wrong = trusted & np.isfinite(better) & ~(np.abs(found - better) <= allowed)
                assert not np.any(wrong), (one.case, key, found, better)


def _differ(one: OneNode, along: Any, step: float) -> dict[str, Any]:
    """Central differences of the gradients along a direction."""
    gradients: list[dict[str, Any]] = []
    for sign in (1, -1):
        moved = {key: value + sign * step * along[key] if key in along else value for key, value in one.values.items()}
        found = dataflow.execute(one.graph, moved).gradients
        gradients.append({key: np.broadcast_to(found[key], one.values[key].shape) for key in one.wrt})
    return {key: (gradients[0][key] - gradients[1][key]) / (2 * step) for key in one.wrt}


if __name__ == "__main__":  # all cases of all operators: minutes
    print(sum(compare(name) for name in NAMES), "cases of", len(NAMES), "operators agree")
