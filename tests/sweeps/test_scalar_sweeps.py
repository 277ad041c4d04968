"""The sweeps on Python floats, against a slow twin and against the sweeps on arrays."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dataflow
from dataflow.sweeps.plan import make_plan
from tests.sweeps.random_graphs import ScalarGraph, offer, run_on_arrays, scalar_graphs


def run(text: str, inputs: dict[str, Any] | None = None, **options: Any) -> dataflow.Result:
    return dataflow.execute(dataflow.loads(text), inputs or {}, **options)


def assert_near(found: list[Any], expected: list[Any], tolerance: float) -> None:
    """Equal to rounding, measured by the largest: what cancels has lost the digits that are not its own."""
    largest = max(map(abs, expected), default=0.0)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * largest)


@settings(max_examples=60)
@given(scalar_graphs())
def test_values_and_gradients_are_those_of_a_slow_twin(graph: ScalarGraph) -> None:
    loaded = graph.load()
    assert make_plan(loaded, loaded.operators, target=loaded.target).scalar
    result = dataflow.execute(loaded)
    names = [graph.names[place] for place in graph.named]
    values, gradients = graph.evaluate(), graph.gradients()
    assert list(result.values) == names
    assert_near([result.values[name] for name in names], [complex(values[place]).real for place in graph.named], 1e-13)
    reached = graph.reached()
    for place, name in zip(graph.named, names, strict=True):
        rests_on_input = any(item < len(graph.inputs) for item in _reach(graph, place))
        if not rests_on_input:
            assert result.gradients[name] is None  # made of numbers: no input reaches it
        elif place not in reached:
            assert result.gradients[name] == 0.0
            assert name in result.unreached
        else:
            assert result.gradients[name] is not None
            assert name not in result.unreached
    shown = [place for place in graph.named if result.gradients[graph.names[place]] is not None]
    assert_near([result.gradients[graph.names[place]] for place in shown], [gradients[place] for place in shown], 1e-10)


def _reach(graph: ScalarGraph, place: int) -> set[int]:
    return ScalarGraph(graph.inputs, graph.nodes, set(), place).reached()


@settings(max_examples=40)
@given(scalar_graphs())
def test_floats_and_arrays_agree(graph: ScalarGraph) -> None:
    loaded = graph.load()
    result = dataflow.execute(loaded)
    again = run_on_arrays(loaded)
    names = list(result.values)
    assert_near([again.values[again.plan.slots[name]] for name in names], list(result.values.values()), 1e-12)
    shown = [name for name in names if result.gradients[name]]
    found = [again.cotangents[again.plan.slots[name]] for name in shown]
    assert_near(found, [result.gradients[name] for name in shown], 1e-12)
    assert all(np.asarray(item).dtype == np.float64 and np.shape(item) == () for item in found)


@settings(max_examples=30)
@given(scalar_graphs(25), st.data())
def test_the_gradient_of_a_node_is_that_of_an_input_in_its_place(graph: ScalarGraph, data: st.DataObject) -> None:
    document = graph.document()
    result = run(json.dumps(document))
    varied = [name for name in document["nodes"] if result.gradients[name] is not None]
    name = data.draw(st.sampled_from(varied)) if varied else document["target"]
    del document["nodes"][name]
    document["inputs"][name] = result.values[name]
    replaced = run(json.dumps(document))
    assert replaced.values == result.values
    expected = result.gradients[name]
    assert replaced.gradients[name] == (1.0 if name == document["target"] else expected)


@settings(max_examples=30)
@given(scalar_graphs(25), st.floats(-1, 1))
def test_a_column_of_numbers_is_many_scalar_runs(graph: ScalarGraph, scale: float) -> None:
    """Elementwise graphs over arrays of length 2: each element has the value and gradient of its own run."""
    document = graph.document()
    names, target = graph.names[: len(graph.inputs)], document["target"]
    rows = [dict(zip(names, graph.inputs, strict=True)), dict.fromkeys(names, 0.3 * scale)]
    single = [run(json.dumps(document), row) for row in rows]
    document["inputs"] = {name: [row[name] for row in rows] for name in names}
    if single[0].gradients[target] is None:
        return
    both = run(json.dumps(document), cotangent=[1.0, 1.0])
    for name in [*names, *document["nodes"]]:
        for found, expected in ((both.values, "values"), (both.gradients, "gradients")):
            parts = [getattr(one, expected)[name] for one in single]
            if None not in parts and all(map(math.isfinite, parts)) and np.ndim(both.values[name]):
                np.testing.assert_allclose(found[name], parts, rtol=1e-9, atol=1e-12 * max(map(abs, parts)))


# --- by hand -------------------------------------------------------------------------------------------------


def test_the_same_input_twice() -> None:
    result = run("{dataflow: 1, inputs: {x: 3}, nodes: {y: x * x, z: y - y, w: x / x, J: y + z + w}, target: J}")
    assert result.gradients == {"x": 6, "y": 1, "z": 1, "w": 1, "J": 1}


def test_an_operand_used_a_thousand_times() -> None:
    text = " + ".join(["x"] * 900)
    assert run(f"{{dataflow: 1, inputs: {{x: 2}}, nodes: {{J: {text}}}, target: J}}").gradients["x"] == 900


def test_contributions_are_added_from_the_last_use_to_the_first() -> None:
    """Sums of floats depend on their order: it is that of the reverse sweep, on floats and on arrays alike."""
    text = "{dataflow: 1, inputs: {x: 1}, nodes: {p: 1e16 * x, q: -1e16 * x, r: 1 * x, J: p + q + r}, target: J}"
    graph = dataflow.loads(text)
    assert dataflow.execute(graph).gradients["x"] == 0.0  # (1 - 1e16) + 1e16
    again = run_on_arrays(graph)
    assert again.cotangents[again.plan.slots["x"]] == 0.0
    text = "{dataflow: 1, inputs: {x: 1}, nodes: {r: 1 * x, p: 1e16 * x, q: -1e16 * x, J: r + p + q}, target: J}"
    assert run(text).gradients["x"] == 1.0  # (-1e16 + 1e16) + 1


@pytest.mark.parametrize("length", [1, 20_000])
def test_a_chain_is_no_recursion(length: int) -> None:
    nodes = {"n0": "x * 1.0"} | {f"n{i}": f"n{i - 1} + 1" for i in range(1, length)}
    result = run(json.dumps({"dataflow": 1, "inputs": {"x": 2.0}, "nodes": nodes, "target": f"n{length - 1}"}))
    assert result.values[f"n{length - 1}"] == 1.0 + length
    assert result.gradients["x"] == 1.0


def test_nodes_need_not_stand_in_order() -> None:
    result = run("{dataflow: 1, inputs: {a: 5, b: 3, c: 2}, nodes: {J: 3*v, v: a + u, u: b*c}, target: J}")
    assert result.gradients == {"a": 3, "b": 6, "c": 9, "J": 1, "v": 3, "u": 3}
    assert list(result.values) == ["a", "b", "c", "J", "v", "u"]


IEEE = [
    ("1 / x", {"x": 0}, math.inf, -math.inf),
    ("1 / x", {"x": -0.0}, -math.inf, -math.inf),
    ("0 / x", {"x": 0}, math.nan, math.nan),
    ("log(x)", {"x": 0}, -math.inf, math.inf),
    ("log(x)", {"x": -1}, math.nan, math.nan),
    ("exp(x)", {"x": 1000}, math.inf, math.inf),
    ("x ** (1/3)", {"x": -8}, math.nan, math.nan),
    ("(-8) ** x", {"x": 1 / 3}, math.nan, math.nan),
    ("x - x", {"x": math.inf}, math.nan, 0.0),
    ("sqrt(x)", {"x": -1}, math.nan, math.nan),
    ("sqrt(x)", {"x": 0}, 0.0, math.inf),
    ("x ** 2", {"x": 1e200}, math.inf, 2e200),
    ("x * 1e300", {"x": 1e300}, math.inf, 1e300),
    ("sinh(x)", {"x": -1000}, -math.inf, math.inf),
    ("x ** -1", {"x": 0}, math.inf, -math.inf),
]


@pytest.mark.parametrize(("expression", "inputs", "value", "gradient"), IEEE, ids=[str(row[:2]) for row in IEEE])
def test_arithmetic_is_that_of_ieee_754(
    expression: str, inputs: dict[str, float], value: float, gradient: float
) -> None:
    """Nothing raises, nothing turns complex, and bare floats say what arrays say."""
    graph = dataflow.loads(f"{{dataflow: 1, inputs: {{x: 1}}, nodes: {{y: '{expression}'}}, target: y}}")
    result = dataflow.execute(graph, inputs)
    again = run_on_arrays(graph, inputs)
    slots = again.plan.slots
    for found in (result.values["y"], again.values[slots["y"]]):
        assert type(found) in (float, np.float64)
        np.testing.assert_equal(float(found), value)
    for found in (result.gradients["x"], again.cotangents[slots["x"]]):
        np.testing.assert_allclose(float(found), gradient, rtol=1e-15)


def test_a_power_in_the_middle_never_stays_complex() -> None:
    """(-8) ** (1/3) is complex in Python: what rests on it is computed again from NaN."""
    result = run(
        "{dataflow: 1, inputs: {x: -8, t: 2}, nodes: {y: x ** (1/3), z: y * y + 1, u: t * t, J: z + u}, target: J}"
    )
    assert {name: type(value) for name, value in result.values.items()} == dict.fromkeys(result.values, float)
    assert [math.isnan(result.values[name]) for name in ("y", "z", "u", "J")] == [True, True, False, True]
    assert result.gradients["t"] == 4.0


def test_a_power_of_a_power_that_would_be_complex() -> None:
    """Python would go on with it, or stop at it: ((-8) ** 0.5) ** 2 is -8, exp and `>` refuse complex numbers."""
    nodes = "{y: x ** 0.5, z: y ** 2, w: y > 0, e: exp(y), q: y / 0, v: log(x * 0), J: z + e}"
    result = run(f"{{dataflow: 1, inputs: {{x: -8}}, nodes: {nodes}, target: J}}")
    assert [name for name, value in result.values.items() if math.isnan(value)] == ["y", "z", "e", "q", "J"]
    assert result.values["w"] is False
    assert result.values["v"] == -math.inf


def test_within_a_rule_a_power_never_stays_complex() -> None:
    operator = dataflow.Operator(
        "bend", "z = ln(1 + x ** 1.5)",
        forward=lambda xp, x: xp.log(1 + x**1.5),
        backward={"x": lambda xp, g, z, x: g * (1.5 * xp.sqrt(x) / xp.exp(xp.log(1 + x**1.5)))},
        broadcasts=True,
    )  # fmt: skip
    graph = dataflow.loads("{dataflow: 1, inputs: {x: 4}, nodes: {J: bend(x)}, target: J}", operators=offer(operator))
    assert dataflow.execute(graph).gradients["x"] == pytest.approx(1 / 3, rel=1e-15)
    result = dataflow.execute(graph, {"x": -1})
    assert math.isnan(result.values["J"])
    assert math.isnan(result.gradients["x"])


def test_comparisons_and_selection_on_floats() -> None:
    result = run("{dataflow: 1, inputs: {x: 2, y: 3}, nodes: {c: x > y, J: 'where(c, x * 10, y ** 2)'}, target: J}")
    assert result.values["c"] is False
    assert result.values["J"] == 9.0
    assert result.gradients == {"x": 0.0, "y": 6.0, "c": None, "J": 1.0}
    assert result.types["c"] == ("bool", ())
    assert "x" not in result.unreached  # an edge leads there; it was not taken
