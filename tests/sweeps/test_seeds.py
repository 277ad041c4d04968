"""The cotangent with which the reverse sweep begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow.errors import DataflowError
from tests.sweeps.random_graphs import offer

FLOATS = "inputs: {x: 3}, nodes: {y: x * x, c: x > 1}, target: y"
ARRAY = "inputs: {x: [1, 2, 3]}, nodes: {y: x * x, J: sum(y), n: 'astype(x, dtype=\"int64\")'}"


def run(text: str, **options: Any) -> dataflow.Result:
    return dataflow.execute(dataflow.loads(f"{{dataflow: 1, {text}}}"), **options)


@pytest.mark.parametrize("cotangent", [2, 2.0, np.float64(2), np.array(2), np.float32(2)])
def test_a_cotangent_for_one_number(cotangent: Any) -> None:
    result = run(FLOATS, cotangent=cotangent)
    assert result.gradients["x"] == 12.0
    assert result.gradients["y"] == 2.0
    assert result.cotangent == 2.0
    assert run(ARRAY, target="J", cotangent=cotangent).gradients["x"].tolist() == [4, 8, 12]


@pytest.mark.parametrize("cotangent", [[1, 10, 100], (1, 10, 100), np.array([1, 10, 100]), np.array([1.0, 10, 100])])
def test_a_cotangent_weighs_the_elements_of_the_target(cotangent: Any) -> None:
    result = run(ARRAY, target="y", cotangent=cotangent)
    assert result.gradients["x"].tolist() == [2, 40, 600]
    assert result.gradients["y"].tolist() == [1, 10, 100]
    assert np.asarray(result.cotangent).tolist() == [1, 10, 100]


def test_a_cotangent_is_copied_and_has_the_type_of_the_target() -> None:
    cotangent = np.array([1.0, 10.0, 100.0])
    result = run("dtype: float32, " + ARRAY, target="y", cotangent=cotangent)
    assert cotangent.flags.writeable
    cotangent[:] = 0
    assert result.gradients["y"].tolist() == [1, 10, 100]
    assert result.gradients["y"].dtype == np.float32
    assert np.asarray(result.cotangent).tolist() == [1, 10, 100]


WRONG: list[tuple[str, str, Any]] = [
    (FLOATS, "y", [1]), (FLOATS, "y", "text"), (FLOATS, "y", True), (FLOATS, "y", np.ones(1)), (FLOATS, "y", 1j),
    (FLOATS, "y", []), (FLOATS, "y", {}), (FLOATS, "y", 10**400), (FLOATS, "y", np.array("a")),
    (FLOATS, "y", np.array(1j)),
    (ARRAY, "y", 1), (ARRAY, "y", [1, 2]), (ARRAY, "y", [1, [2], 3]), (ARRAY, "y", [[1, 2, 3]]), (ARRAY, "y", "text"),
    (ARRAY, "y", ["a", "b", "c"]), (ARRAY, "y", np.ones((3, 1))), (ARRAY, "y", np.array(["a", "b", "c"])),
    (ARRAY, "y", np.array([1, 2, 3j])), (ARRAY, "y", [1, 2, None]), (ARRAY, "y", [True, False, True]),
    (ARRAY, "J", [1]), (ARRAY, "J", np.ones(1)), (ARRAY, "y", [1, 2, 10**400]), (ARRAY, "y", {"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "target", "cotangent"), WRONG, ids=[f"{row[1]} {row[2]!r:.30}" for row in WRONG])
def test_a_cotangent_that_does_not_fit(text: str, target: str, cotangent: Any) -> None:
    with pytest.raises(dataflow.DataError) as caught:
        run(text, target=target, cotangent=cotangent)
    (problem,) = caught.value.diagnostics
    assert problem.code == "DF0234"
    assert f"`{target}`" in problem.message
    assert problem.expected == f"numbers of shape {'[3]' if target == 'y' and text is ARRAY else '[]'}"


def test_a_target_of_several_elements_needs_one() -> None:
    with pytest.raises(dataflow.GraphError) as caught:
        run(ARRAY, target="y")
    (problem,) = caught.value.diagnostics
    assert problem.code == "DF0233"
    assert problem.found == "[3]"
    assert problem.hint == "reduce it (`sum(y)`, `mean(y)`), or weigh its elements with --cotangent"
    assert (problem.node, problem.line) == ("y", 1)


@pytest.mark.parametrize(("text", "target", "found"), [(FLOATS, "c", "bool"), (ARRAY, "n", "int64"),
                         ("inputs: {n: {value: 3, dtype: int8}}, nodes: {y: n * 2}", "n", "int8")])  # fmt: skip
def test_a_target_that_is_no_float(text: str, target: str, found: str) -> None:
    with pytest.raises(DataflowError) as caught:
        run(text, target=target)
    (problem,) = caught.value.diagnostics
    assert problem.code == "DF0232"
    assert f"of type {found}" in problem.message
    assert problem.node == target


def test_a_cotangent_without_a_target_is_a_mistake() -> None:
    with pytest.raises(dataflow.UsageError):
        run(ARRAY, cotangent=1)


def test_a_rule_cannot_write_into_the_seed() -> None:
    def dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
        g[...] = 7
        return g

    odd = dataflow.Operator("odd", "z = x", forward=lambda xp, x: x * 1, backward={"x": dx}, broadcasts=True)
    graph = dataflow.loads("{dataflow: 1, inputs: {x: [1, 2]}, nodes: {y: odd(x)}, target: y}", operators=offer(odd))
    with pytest.raises(dataflow.OperatorError, match="read-only"):
        dataflow.execute(graph, cotangent=[1, 2])
    graph = dataflow.loads("{dataflow: 1, inputs: {x: [1]}, nodes: {y: odd(x)}, target: y}", operators=offer(odd))
    with pytest.raises(dataflow.OperatorError, match="read-only"):
        dataflow.execute(graph)


def test_a_zero_cotangent_gives_zeros_that_were_computed() -> None:
    result = run(FLOATS, cotangent=0)
    assert result.gradients["x"] == 0.0
    assert result.unreached == ()


@pytest.mark.parametrize("cotangent", [[1e300, 1, 1], np.array([1e300, 1, 1])])
def test_a_cotangent_that_the_type_of_the_target_cannot_hold(cotangent: Any) -> None:
    with pytest.raises(DataflowError) as caught:
        run("dtype: float32, " + ARRAY, target="y", cotangent=cotangent)
    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.expected) == ("DF0234", "numbers of shape [3] that float32 holds")


def test_a_cotangent_that_is_nested_without_an_end() -> None:
    deep: list[Any] = [1.0]
    for _ in range(100_000):
        deep = [deep]
    for text, target in ((FLOATS, "y"), (ARRAY, "y")):
        with pytest.raises(DataflowError) as caught:
            run(text, target=target, cotangent=deep)
        assert [item.code for item in caught.value.diagnostics] == ["DF0234"]
