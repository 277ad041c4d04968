"""What is not taken has no cotangent, rather than a zero one (conventions, last section)."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import dataflow
from dataflow.registry import standard
from dataflow.sweeps.arrays import ArraySweeps
from dataflow.sweeps.masks import reverse_with_masks
from dataflow.whole_runs import Run
from tests.sweeps.random_graphs import ArrayGraph, array_graphs, offer, run_on_arrays


def gradient_of(nodes: dict[str, str], x: Any, name: str = "x", **more: Any) -> Any:
    nodes = nodes if "J" in nodes else {**nodes, "J": "sum(y)"}
    document = {"dataflow": 1, "inputs": {"x": x} | more, "nodes": nodes, "target": "J"}
    return np.asarray(dataflow.execute(dataflow.loads(json.dumps(document))).gradients[name])


ELEMENTWISE = [  # y, gradient of y at 0, 1 and 4: the element at 0 is not taken where it would be 0 * inf
    ("where(x > 0, log(x), 0)", [0, 1, 0.25]),
    ("where(x > 0, sqrt(x), 0)", [0, 0.5, 0.25]),
    ("where(x > 0, 1 / x, 0)", [0, -1, -1 / 16]),
    ("where(x <= 0, 0, log(x))", [0, 1, 0.25]),
    ("where(x > 0, where(x > 2, log(x), x), 0)", [0, 1, 0.25]),
    ("where(x > 0, exp(2 * log(x)), 0)", [0, 2, 8]),
    ("clip(log(x), min=-5)", [0, 1, 0.25]),
    ("maximum(log(x), -5)", [0, 1, 0.25]),
    ("minimum(1 / x, 10)", [0, -1, -1 / 16]),
    ("relu(log(x + 0))", [0, 0, 0.25]),
    ("where(x > 0, x * log(x), 0)", [0, 1, math.log(4) + 1]),
    ("where(x > 0, x ** 0.5, 0) + x", [1, 1.5, 1.25]),
]


@pytest.mark.parametrize(("text", "expected"), ELEMENTWISE, ids=[row[0] for row in ELEMENTWISE])
def test_what_is_not_taken_gets_nothing(text: str, expected: list[float]) -> None:
    found = gradient_of({"y": text}, [0.0, 1.0, 4.0])
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    for x, gradient in zip([0.0, 1.0, 4.0], expected, strict=True):
        for one in (gradient_of({"J": text}, x), gradient_of({"J": text}, x, aux={"value": 1, "dtype": "int64"})):
            np.testing.assert_allclose(one, gradient, rtol=1e-15)


def test_reference_cases_of_relu_at_a_kink() -> None:
    """relu(log(1)) is at its kink: slope 0, and nothing of 1 / x is asked for."""
    assert gradient_of({"J": "relu(log(x))"}, 1.0) == 0.0


ARRAYS = [
    ({"y": "log(x)[1:]"}, [0.0, 1.0, 4.0], [0, 1, 0.25]),
    ({"y": "(1 / x)[1]"}, [0.0, 2.0], [0, -0.25]),
    ({"i": 'astype(x > -1, dtype="int64")', "y": "take(log(x), i)"}, [0.0, 4.0], [0, 0.5]),
    ({"y": "where(stack([x > 0, x > 0], axis=0), log(x), 0)"}, [0.0, 2.0], [0, 1.0]),
    ({"y": "concat([log(x), x], axis=0)[1:3]"}, [0.0, 2.0], [1.0, 0.5]),
    ({"y": "reshape(log(x), shape=[2, 2])[1]"}, [0.0, 0.0, 1.0, 2.0], [0, 0, 1, 0.5]),
    ({"y": "flip(log(x))[:-1]"}, [0.0, 1.0, 2.0], [0, 1, 0.5]),
    ({"y": "broadcast_to(log(x), shape=[2, 2])[:, 1]"}, [0.0, 2.0], [0, 1.0]),
    ({"y": "where(x[:, 0] > 0, sum(log(x), axis=1), 0)"}, [[0.0, 1.0], [1.0, 2.0]], [[0, 0], [1, 0.5]]),
    ({"y": "where(x[:, 0] > 0, log(sum(1 / x, axis=1)), 0)"}, [[0.0, 1.0], [2.0, 2.0]], [[0, 0], [-0.25, -0.25]]),
    ({"y": "log(sum(1 / x, axis=1))[1:]"}, [[0.0, 0.0], [1.0, 1.0]], [[0, 0], [-0.5, -0.5]]),
    ({"y": "max(log(x))"}, [0.0, 1.0, 4.0], [0, 0, 0.25]),
    ({"y": "permute_dims(log(x), axes=[1, 0])[1]"}, [[0.0, 2.0], [0.0, 4.0]], [[0, 0.5], [0, 0.25]]),
    ({"y": "squeeze(expand_dims(log(x), axis=0), axis=0)[1:]"}, [0.0, 2.0], [0, 0.5]),
    ({"y": "roll(log(x), shift=1)[:1]"}, [0.0, 2.0], [0, 0.5]),
]


@pytest.mark.parametrize(("nodes", "x", "expected"), ARRAYS, ids=[row[0]["y"] for row in ARRAYS])
def test_masks_travel_back_through_what_moves_or_adds_elements(nodes: Any, x: Any, expected: Any) -> None:
    np.testing.assert_allclose(gradient_of(nodes, x), expected, rtol=1e-15)


def test_masks_travel_through_several_outputs() -> None:
    document = {"dataflow": 1, "inputs": {"x": [0.0, 2.0]}, "target": "J",
                "nodes": {"y": "log(x)", "parts": {"op": "unstack", "inputs": ["y"], "outputs": ["a", "b"]},
                          "J": "b * 1"}}  # fmt: skip
    result = dataflow.execute(dataflow.loads(json.dumps(document)))
    np.testing.assert_array_equal(result.gradients["x"], [0, 0.5])


def test_an_element_is_taken_if_any_use_takes_it() -> None:
    nodes = {"l": "log(x)", "y": "where(x > 0, l, 0)", "z": "l[1:]", "J": "sum(y) + sum(z)"}
    np.testing.assert_array_equal(gradient_of(nodes, [0.0, 2.0]), [0, 1.0])
    nodes["z"] = "exp(l)"  # a use that takes all of it: the computed zero stays what it is
    found = gradient_of(nodes, [0.0, 2.0])
    assert math.isnan(found[0])
    assert found[1] == 1.5
    for x in (0.0, [0.0]):
        assert math.isnan(np.ravel(gradient_of({"l": "log(x)", "J": "where(x > 0, l, 0) + exp(l)"}, x))[0])
        assert math.isnan(np.ravel(gradient_of({"l": "log(x)", "J": "exp(l) + where(x > 0, l, 0)"}, x))[0])


@pytest.mark.parametrize("x", [0.0, [0.0, 1.0], [[0.0]]])
def test_a_zero_that_was_computed_stays_what_it_is(x: Any) -> None:
    """exp(log(x)) at 0: 0 would be silently wrong, since the true slope is 1."""
    assert math.isnan(np.ravel(gradient_of({"y": "exp(log(x))", "J": "sum(y)" if x else "y"}, x))[0])


def test_what_was_not_taken_becomes_zero_elsewhere() -> None:
    """Through an operator that mixes elements a mask does not go: matmul sees zeros."""
    x = [[0.0, 1.0], [2.0, 3.0]]
    found = gradient_of({"m": "x @ x", "y": "where(m > 5, log(m - 6), 0)"}, x)
    m = np.array(x) @ np.array(x)
    g = np.where(m > 5, 1 / np.where(m == 6, 1, m - 6), 0)
    g[m == 6] = np.inf
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(found, g @ np.array(x).T + np.array(x).T @ g)


def test_the_smaller_operand_is_broadcast() -> None:
    """x is one number for all; it is taken in one place, and that decides."""
    nodes = {"l": "log(x)", "y": "where(c, l, 0)"}
    c = {"value": [False, True], "dtype": "bool"}
    assert gradient_of(nodes, [4.0], c=c) == [0.25]
    none = {"value": [False, False], "dtype": "bool"}
    assert gradient_of(nodes, [0.0], c=none) == [0.0]
    assert gradient_of(nodes, 0.0, c=none) == 0.0
    assert gradient_of({**nodes, "k": "l * [1, 1]".replace("[1, 1]", "w"), "y": "where(c, k, 0)"},
                       [0.0], c=none, w=[1.0, 1.0]) == [0.0]  # fmt: skip


def test_nothing_taken_on_floats_leaves_no_edge() -> None:
    result = dataflow.execute(dataflow.loads(
        "{dataflow: 1, inputs: {x: 0}, nodes: {l: log(x), J: 'where(x > 0, l, 3)'}, target: J}"))  # fmt: skip
    assert result.gradients == {"x": 0.0, "l": 0.0, "J": 1.0}
    assert [item["code"] for item in result.findings] == ["DF0613"]


def both_ways(run: Run) -> tuple[list[Any], list[Any]]:
    """The cotangents of the plain reverse sweep and of the one with masks."""
    sweeps = ArraySweeps(run.plan, run.operators)
    slot = run.plan.slots[str(run.target)]
    found = []
    for reverse in (sweeps.reverse, lambda values, cotangents: reverse_with_masks(sweeps, values, cotangents)):
        cotangents: list[Any] = [None] * len(run.cotangents)
        cotangents[slot] = run.cotangents[slot]
        reverse(run.values, cotangents)
        found.append(cotangents)
    return found[0], found[1]


@settings(max_examples=40)
@given(array_graphs())
def test_masks_change_nothing_where_nothing_is_nan(graph: ArrayGraph) -> None:
    plain, masked = both_ways(run_on_arrays(graph.load()))
    for first, second in zip(plain, masked, strict=True):
        assert (first is None) == (second is None)
        if first is not None:
            np.testing.assert_array_equal(first, second)
            assert np.asarray(first).dtype == np.asarray(second).dtype
            assert not isinstance(second, np.ndarray) or not second.flags.writeable


@settings(max_examples=30)
@given(array_graphs(8))
def test_a_term_that_is_not_taken_changes_no_gradient(graph: ArrayGraph) -> None:
    """J + sum(where(false, 1 / (y - y), 0)) has the gradients of J, though every y - y is a division by zero."""
    loaded = graph.load()
    name = graph.names[-1]
    text = json.loads(json.dumps({"dataflow": 1, "inputs": {}, "nodes": {}, "target": "K"}))
    text["inputs"] = {key: np.asarray(entry.value).tolist() for key, entry in loaded.inputs.items()}
    text["nodes"] = {graph.names[len(graph.inputs) + i]: node.text for i, node in enumerate(graph.nodes)}
    terms = zip(graph.names, graph.weights, strict=True)
    text["nodes"]["J"] = " + ".join(f"({weight!r}) * sum({key})" for key, weight in terms if weight)
    text["nodes"]["K"] = f"J + sum(where({name} != {name}, 1 / ({name} - {name}), 0))"
    result, expected = dataflow.execute(dataflow.loads(json.dumps(text))), dataflow.execute(loaded)
    for key in graph.names:
        np.testing.assert_array_equal(result.gradients[key], expected.gradients[key])


def test_masks_with_a_rule_for_all_inputs_at_once() -> None:
    """A backward rule that is one function says of each input what it took."""
    pick = dataflow.Operator(
        "pick", "z = x where x > y, else y",
        forward=lambda xp, x, y: xp.where(x > y, x, y),
        backward=lambda xp, g, z, x, y: {"x": xp.keep(x > y, g), "y": xp.keep(xp.logical_not(x > y), g)},
        broadcasts=True,
    )  # fmt: skip
    table = offer(pick)
    for x in ("0", "[0, 4]"):
        total = "y" if x == "0" else "sum(y)"
        text = f"{{dataflow: 1, inputs: {{x: {x}}}, nodes: {{y: 'pick(log(x), -1)', J: {total}}}, target: J}}"
        result = dataflow.execute(dataflow.loads(text, operators=table))
        np.testing.assert_array_equal(result.gradients["x"], [0, 0.25] if x != "0" else 0)


def test_standard_operators_are_used() -> None:
    assert offer().keys() == standard().keys()
