"""The sweeps on NumPy arrays: against autograd, and what the engine does so that rules need not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import dataflow
from dataflow.sweeps.arrays import unbroadcast
from tests.sweeps.random_graphs import ArrayGraph, array_graphs


def run(text: str, inputs: dict[str, Any] | None = None, **options: Any) -> dataflow.Result:
    return dataflow.execute(dataflow.loads(f"{{dataflow: 1, {text}}}"), inputs or {}, **options)


def same(found: Any, expected: Any) -> None:
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))


@settings(max_examples=50)
@given(array_graphs())
def test_values_and_gradients_are_those_of_autograd(graph: ArrayGraph) -> None:
    result = dataflow.execute(graph.load())
    values, gradients = graph.twin()
    for name, value, gradient in zip(graph.names, values, gradients, strict=True):
        scale = np.max(np.abs(value), initial=1e-300)
        np.testing.assert_allclose(result.values[name], value, rtol=1e-12, atol=1e-13 * scale)
        assert np.shape(result.values[name]) == np.shape(value)
        found = result.gradients[name]
        if name in result.unreached:
            assert found == 0.0
            assert not np.any(gradient)
            continue
        assert np.shape(found) == np.shape(value)
        np.testing.assert_allclose(found, gradient, rtol=1e-10, atol=1e-11 * np.max(np.abs(gradient), initial=1e-300))


@settings(max_examples=20)
@given(array_graphs(8))
def test_a_run_leaves_no_trace_in_the_next(graph: ArrayGraph) -> None:
    loaded = graph.load()
    assert dataflow.execute(loaded).to_bytes() == dataflow.execute(loaded).to_bytes()


SHAPES = [(), (1,), (3,), (1, 3), (2, 1), (2, 3), (1, 1), (4, 1, 3), (4, 2, 1)]
PAIRS = [(a, b) for a in SHAPES for b in SHAPES if (a, b) != ((), ())]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_cotangents_are_summed_back_over_broadcast_axes(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    """d sum(x * y) / dx is y, repeated and summed to the shape of x: by hand, index by index."""
    rng = np.random.default_rng(7)
    x, y = rng.integers(-4, 5, first).astype(float), rng.integers(-4, 5, second).astype(float)
    inputs = f"{{x: {{shape: {list(first)}}}, y: {{shape: {list(second)}}}}}"
    result = run(f"inputs: {inputs}, nodes: {{z: x * y, J: sum(z)}}, target: J", {"x": x, "y": y})
    full = np.broadcast_shapes(first, second)
    expected = {"x": np.zeros(first), "y": np.zeros(second)}
    for index in np.ndindex(full):
        i, j = (tuple(0 if size == 1 else at for size, at in zip(shape, index[len(full) - len(shape) :], strict=True))
                for shape in (first, second))  # fmt: skip
        expected["x"][i] += y[j]
        expected["y"][j] += x[i]
    for name in "xy":
        same(result.gradients[name], expected[name])
        assert np.shape(result.gradients[name]) == expected[name].shape


def test_unbroadcast_of_nothing_to_do_is_the_same_array() -> None:
    g = np.ones((2, 3))
    assert unbroadcast(g, (2, 3)) is g
    same(unbroadcast(np.ones((0, 3)), (1, 3)), np.zeros((1, 3)))
    same(unbroadcast(np.ones((2, 0)), (2, 1)), np.zeros((2, 1)))
    same(unbroadcast(np.ones((4, 3)), ()), 12.0)


def test_nodes_that_do_not_reach_the_target_have_gradient_0_as_one_number() -> None:
    result = run("inputs: {x: [1, 2], y: [3, 4], n: {value: [1, 2], dtype: int64}}, "
                 "nodes: {J: sum(x), p: exp(y), q: x > 1, r: n + 1}, target: J")  # fmt: skip
    assert result.unreached == ("y", "p")
    assert result.gradients["y"] == 0.0
    assert type(result.gradients["p"]) is float
    assert [result.gradients[name] for name in ("n", "q", "r")] == [None, None, None]


def test_what_leads_only_through_rules_without_derivative_is_unreached() -> None:
    result = run("inputs: {x: [1, 2]}, nodes: {c: 'astype(x > 1, dtype=\"float64\")', J: sum(c * 2)}, target: J")
    assert result.gradients["x"] == 0.0
    assert result.gradients["c"] is None  # a float, but no differentiable value reaches it
    assert result.gradients["J"] is None
    assert result.unreached == ("x",)


def test_a_target_that_nothing_reaches() -> None:
    result = run("inputs: {x: 2, n: {value: 3, dtype: int64}}, nodes: {y: 2 * 3, z: x * x}, target: y")
    assert result.gradients == {"x": 0.0, "n": None, "y": None, "z": 0.0}
    assert result.unreached == ("x", "z")


def test_the_target_may_be_an_input() -> None:
    result = run("inputs: {x: [2], y: 1}, nodes: {z: x * y}, target: x")
    same(result.gradients["x"], [1.0])
    assert result.gradients["y"] == result.gradients["z"] == 0.0


@pytest.mark.parametrize("shape", ["[1]", "[1, 1]", "[]"])
def test_a_target_of_one_element_needs_no_cotangent(shape: str) -> None:
    value = {"[1]": "[3]", "[1, 1]": "[[3]]", "[]": "3"}[shape]
    result = run(f"inputs: {{x: {value}, a: [1, 2]}}, nodes: {{y: x * x, b: a * 1}}, target: y")
    assert np.shape(result.gradients["x"]) == np.shape(result.values["x"])
    same(np.ravel(result.gradients["x"]), [6.0])


def test_several_outputs_and_those_that_nothing_uses() -> None:
    graph = ("inputs: {x: [[1, 2], [3, 4], [5, 6]]}, "
             "nodes: {rows: {op: unstack, inputs: [x], outputs: [a, b, c]}, J: sum(a * c)}, target: J")  # fmt: skip
    result = run(graph)
    assert list(result.values) == ["x", "a", "b", "c", "J"]
    same(result.gradients["x"], [[5, 6], [0, 0], [1, 2]])
    same(result.gradients["a"], [5, 6])
    same(result.gradients["b"], 0.0)
    only = run(graph, only=["b"], target="b", cotangent=[1.0, 2.0])
    same(only.values["b"], [3, 4])
    assert list(only.values) == ["b"]
    same(run(graph, target="b", cotangent=[1.0, 2.0]).gradients["x"], [[0, 0], [1, 2], [0, 0]])


@pytest.mark.parametrize("count", [1, 2, 5])
def test_variadic_operators(count: int) -> None:
    names = [f"x{i}" for i in range(count)]
    inputs = ", ".join(f"{name}: [{i}, {i + 1}]" for i, name in enumerate(names))
    for join in ("concat", "stack"):
        result = run(f"inputs: {{{inputs}}}, nodes: {{z: '{join}([{', '.join(names)}], axis=0)', J: sum(z * z)}}, "
                     "target: J")  # fmt: skip
        for i, name in enumerate(names):
            same(result.gradients[name], [2 * i, 2 * i + 2])


def test_the_same_value_twice_in_a_variadic_operator() -> None:
    result = run("inputs: {x: [1, 2], y: {value: [3, 4], dtype: int64}, w: [[1], [10], [100]]}, "
                 "nodes: {z: 'stack([x, y, x], axis=0)', J: sum(z * w)}, target: J")  # fmt: skip
    same(result.gradients["x"], [101, 101])
    assert result.gradients["y"] is None


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_arrays_without_elements(shape: tuple[int, ...]) -> None:
    text = f"inputs: {{x: {{shape: {list(shape)}}}, w: 2}}, nodes: {{y: exp(x) * w, J: sum(y)}}, target: J"
    result = run(text, {"x": np.zeros(shape)})
    assert result.values["J"] == 0.0
    assert result.gradients["w"] == 0.0
    assert result.gradients["x"].shape == shape
    assert "w" not in result.unreached


def test_an_empty_target_needs_a_cotangent() -> None:
    with pytest.raises(dataflow.GraphError) as caught:
        run("inputs: {x: []}, nodes: {y: x * 2}, target: y")
    assert caught.value.diagnostics[0].code == "DF0233"
    assert run("inputs: {x: []}, nodes: {y: x * 2}, target: y", cotangent=[]).gradients["x"].shape == (0,)


def test_values_and_gradients_are_read_only() -> None:
    result = run("inputs: {x: [1, 2]}, nodes: {y: x * x, z: 'y[::-1]', r: 'reshape(y, shape=[2, 1])', "
                 "J: sum(z) + sum(r)}, target: J")  # fmt: skip
    for section in (result.values, result.gradients):
        for name, value in section.items():
            if np.ndim(value):
                with pytest.raises(ValueError, match="read-only"):
                    value[...] = 0
                assert not value.flags.writeable, name


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_arrays_from_outside_are_copied(dtype: Any) -> None:
    x = np.array([1, 2], dtype=dtype)
    graph = dataflow.loads("{dataflow: 1, inputs: {x: [3, 4]}, nodes: {y: x * x, J: sum(y)}, target: J}")
    result = dataflow.execute(graph, {"x": x})
    assert x.flags.writeable
    assert x.tolist() == [1, 2]
    x[:] = 9
    same(result.values["x"], [1, 2])
    same(result.gradients["x"], [2, 4])
    same(dataflow.execute(graph).values["x"], [3, 4])


def test_lists_from_outside_are_neither_kept_nor_changed() -> None:
    x = [1.0, 2.0]
    result = run("inputs: {x: [3, 4]}, nodes: {J: sum(x)}, target: J", {"x": x})
    x[0] = 9
    same(result.values["x"], [1, 2])


@pytest.mark.parametrize("text", ["x[0]", "x[:, 1]", "x[None]", "x[..., -1]", "x[::-1, ::2]"])
def test_views_are_values_of_their_own(text: str) -> None:
    result = run(f"inputs: {{x: [[1, 2, 3], [4, 5, 6]]}}, nodes: {{y: '{text}', J: sum(y * y)}}, target: J")
    expected = np.zeros((2, 3))
    x = np.arange(1.0, 7.0).reshape(2, 3)
    key: Any = {"x[0]": 0, "x[:, 1]": (slice(None), 1), "x[None]": None, "x[..., -1]": (..., -1)}.get(
        text, (slice(None, None, -1), slice(None, None, 2))
    )
    expected[key] = 2 * x[key]
    same(result.gradients["x"], expected)


def test_shapes_that_do_not_fit_are_the_graphs_fault() -> None:
    with pytest.raises(dataflow.GraphError) as caught:
        run("inputs: {x: [1, 2], y: [1, 2, 3]}, nodes: {z: x * y}")
    problem = caught.value.diagnostics[0]
    assert problem.code == "DF0515"
    assert problem.node == "z"
    assert "[2] and [3]" in problem.message
    with pytest.raises(dataflow.GraphError) as caught:
        run("inputs: {x: [1, 2], y: [1, 2, 3]}, nodes: {z: x @ y}")
    assert caught.value.diagnostics[0].code == "DF0516"
