"""What a graph asks of derivatives is checked before it runs; files of such problems stand in tests/bad."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow.checks import check
from dataflow.checks.derivatives import NEEDS, TAKES, check_derivatives
from dataflow.entries import KINDS
from dataflow.errors import DataflowError, Diagnostic
from dataflow.graph import Derivative, Graph, Input, Node
from dataflow.registry import standard

OPERATORS = standard()
GRAPH = Graph(
    inputs={"x": 3, "w": [1, 2], "k": Input(2, dtype="int64"), "X": Input(shape=("rows", 2))},
    nodes={
        "y": Node("multiply", ("x", "w")),
        "J": Node("sum", ("y",)),
        "s": Node("unstack", ("w",), outputs=("first", "second")),
    },
)
GIVEN: dict[str, dict[str, Any]] = {"along": {"along": {"w": [1, 0]}}, "cotangent": {"cotangent": 1}}


def find(derivative: Any) -> list[Diagnostic]:
    return check(GRAPH.replace(derivatives={"d": derivative}), OPERATORS)


def codes(derivative: Any) -> list[str]:
    return [problem.code for problem in find(derivative)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_with_what_it_needs(kind: str) -> None:
    fields = GIVEN.get(NEEDS.get(kind, ""), {})
    assert codes(Derivative(kind, ("J",), **fields)) == []
    assert codes(Derivative(kind, ("J",))) == (["DF0241"] if fields else [])
    assert list(check_derivatives(GRAPH, {"d": Derivative(kind, ("J",))}, whole=False)) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["wrt", "along", "cotangent", "sparse"])
def test_what_a_kind_does_not_take(kind: str, key: str) -> None:
    more: dict[str, dict[str, Any]] = {"wrt": {"wrt": ("x",)}, "sparse": {"sparse": False}, **GIVEN}
    fields = GIVEN.get(NEEDS.get(kind, ""), {}) | more[key]
    found = find(Derivative(kind, ("J",), **fields))
    assert [problem.code for problem in found] == ([] if key in TAKES[kind] else ["DF0241"])
    assert all(problem.path == ("derivatives", "d", key, "<key>") for problem in found)


@pytest.mark.parametrize(
    ("derivative", "code", "hint"),
    [
        (Derivative("hesian", ("J",)), "DF0240", "did you mean `hessian`?"),
        (Derivative("jacobian", ("j",)), "DF0203", "did you mean `J`?"),
        (Derivative("jacobian", ("s",)), "DF0231", "choose one of them: `first`, `second`"),
        (Derivative("jacobian", ("J",), wrt=("J",)), "DF0244",
         "gradient and vjp go back to nodes as well; or make `J` an input"),
        (Derivative("jacobian", ("J", "J")), "DF0242", "keep one of them"),
        (Derivative("jacobian", ()), "DF0242", "name what is differentiated"),
        (Derivative("gradient", ("J", "y")), "DF0242",
         "give each of them a derivative of its own; a jacobian takes several"),
        (Derivative("vjp", ("J", "y"), cotangent=1), "DF0242", "give each of them a derivative of its own"),
        (Derivative("gradient", ("J",), wrt=("k",)), "DF0245",
         "only floats have derivatives: leave it out, or declare it `dtype: float64`"),
        (Derivative("jvp", ("J",), along={"w": [1, 2, 3]}), "DF0243", None),
        (Derivative("jvp", ("J",), along={"X": [1, 2, 3]}), "DF0243", None),
        (Derivative("jvp", ("J",), along={"w": [1, "a"]}), "DF0502", "write a number, or a list of numbers"),
        (Derivative("jvp", ("J",), along={"w": [1, True]}), "DF0502", "write a number, or a list of numbers"),
        (Derivative("vjp", ("w",), cotangent=[1, [2]]), "DF0501", "every list of one level has the same length"),
        (Derivative("vjp", ("w",), cotangent=1), "DF0243", None),
        (Derivative("vjp", ("x",), cotangent=2**2000), "DF0512", None),
    ],
)  # fmt: skip
def test_problems(derivative: Derivative, code: str, hint: str | None) -> None:
    (problem,) = find(derivative)
    assert (problem.code, problem.hint) == (code, hint)


def test_a_gradient_is_taken_in_any_value() -> None:
    assert codes(Derivative("gradient", ("J",), wrt=("y", "first", "w"))) == []


def test_a_direction_along_rows_has_any_number_of_them() -> None:
    assert codes(Derivative("jvp", ("J",), along={"X": [[1, 2], [3, 4], [5, 6]]})) == []


def test_arrays_are_fitted_when_the_graph_runs() -> None:
    derivative = Derivative("jvp", ("J",), along={"w": np.ones(3)})
    assert list(check_derivatives(GRAPH, {"d": derivative})) == []


def test_a_derivative_and_a_value_may_have_one_name() -> None:
    assert check(GRAPH.replace(derivatives={"J": Derivative("gradient", ("J",))}), OPERATORS) == []


@pytest.mark.parametrize(
    "derivative",
    [
        None, "J", ("jacobian", ("J",)), Derivative(None, ("J",)), Derivative("jacobian", None),  # type: ignore[arg-type]
        Derivative("jacobian", (1,)), Derivative("jacobian", ("J",), wrt=3),  # type: ignore[arg-type]
        Derivative("jacobian", ("J",), wrt=(None,)), Derivative("jvp", ("J",), along=3),  # type: ignore[arg-type]
        Derivative("jvp", ("J",), along={1: 2}), Derivative("jacobian", ("J",), sparse=1),  # type: ignore[dict-item, arg-type]
        Derivative("jacobian", ("J",), description=1),  # type: ignore[arg-type]
    ],
    ids=str,
)  # fmt: skip
def test_what_is_made_by_hand(derivative: Any) -> None:
    assert codes(derivative) == ["DF0252"]
    with pytest.raises(DataflowError) as caught:
        dataflow.execute(GRAPH, {"X": [[1, 2]]}, derivatives={"d": derivative})
    assert [problem.code for problem in caught.value.diagnostics] == ["DF0252"]


def test_names_of_derivatives() -> None:
    graph = GRAPH.replace(derivatives={"lambda": Derivative("gradient", ("J",)), "a b": Derivative("gradient", ("J",))})
    assert [(problem.code, problem.path[1]) for problem in check(graph, OPERATORS)] == [
        ("DF0201", "lambda"), ("DF0201", "a b"),
    ]  # fmt: skip
    graph = GRAPH.replace(derivatives={1: Derivative("gradient", ("J",))})
    assert [problem.code for problem in check(graph, OPERATORS)] == ["DF0252"]
