"""What is decided before anything runs: the lane, the order, what is folded, which cotangents are wanted."""

from __future__ import annotations

import math
from typing import Any

import pytest

import dataflow
from dataflow.registry import standard
from dataflow.sweeps.plan import Plan, make_plan


def plan_of(text: str, only: list[str] | None = None, **changes: Any) -> Plan:
    graph = dataflow.loads(f"{{dataflow: 1, {text}}}").replace(**changes)
    return make_plan(graph, standard(), target=graph.target, only=only)


LANES = [  # graph, whether it runs on Python floats
    ("inputs: {x: 1}, parameters: {w: 2}, nodes: {y: x * w}", True),
    ("inputs: {x: {value: 1, dtype: float64}}, nodes: {y: x * 2}", True),
    ("inputs: {x: {value: 1, shape: []}}, nodes: {y: 'clip(x, max=2)', c: x > 1, z: 'where(c, x, 0)'}", True),
    ("inputs: {x: {shape: []}}, nodes: {y: sigmoid(x)}", True),
    ("dtype: float32, inputs: {x: 1}, nodes: {y: x * 2}", False),
    ("inputs: {x: {value: 1, dtype: int64}}, nodes: {y: x * 2}", False),
    ("inputs: {x: {value: true, dtype: bool}}, nodes: {y: logical_not(x)}", False),
    ("inputs: {x: [1]}, nodes: {y: x * 2}", False),
    ("inputs: {x: {shape: [rows]}}, nodes: {y: x * 2}", False),
    ("inputs: {x: {source: x.npy, shape: []}}, nodes: {y: x * 2}", False),
    ("inputs: {x: 1}, nodes: {y: sum(x)}", False),
    ("inputs: {x: 1}, nodes: {y: 'astype(x, dtype=\"float32\")'}", False),
    ("inputs: {x: 1}, nodes: {y: 'stack([x, x])'}", False),
]


@pytest.mark.parametrize(("text", "scalar"), LANES, ids=[row[0] for row in LANES])
def test_the_lane_is_chosen_by_the_graph_alone(text: str, scalar: bool) -> None:
    assert plan_of(text).scalar is scalar


def test_every_distinct_number_has_a_slot() -> None:
    plan = plan_of("inputs: {x: 1}, nodes: {a: x + 1, b: x + 1.0, c: x * 1, d: x * 0.0, e: x * -0.0, f: x * 0}")
    found = sorted(map(repr, plan.constants.values()))
    assert found == sorted(["1", "1.0", "0.0", "-0.0", "0"])
    assert all(plan.names[slot] == "" for slot in plan.constants)


@pytest.mark.parametrize(("text", "value"), [
    ("2 * 3 + 1", 7.0), ("sqrt(2)", 2**0.5), ("1 / 0", math.inf), ("log(0)", -math.inf), ("(-8) ** (1 / 3)", math.nan),
    ("2 > 1", True), ("5", 5.0), ("-pi", -math.pi), ("1e200 * 1e200", math.inf), ("2 ** 3 ** 2", 512.0),
])  # fmt: skip
def test_nodes_made_of_numbers_are_folded(text: str, value: Any) -> None:
    plan = plan_of(f"inputs: {{x: 1}}, nodes: {{k: {text}, y: x * 2}}")
    found = plan.constants[plan.slots["k"]]
    assert type(found) is type(value)
    assert found == value or (math.isnan(found) and math.isnan(value))
    assert [step.name for step in plan.steps] == ["y"]
    assert not plan.varied[plan.slots["k"]]


def test_only_what_is_needed_is_planned() -> None:
    text = "inputs: {x: 1, w: 2}, nodes: {a: x * 2, b: a + 1, c: w * 2, d: exp(b)}"
    assert [step.name for step in plan_of(text).steps] == ["a", "b", "c", "d"]
    assert [step.name for step in plan_of(text, only=["b"]).steps] == ["a", "b"]
    assert [step.name for step in plan_of(text, only=["x"]).steps] == []
    assert [step.name for step in plan_of(text, only=["b"], target="c").steps] == ["a", "b", "c"]
    assert list(plan_of(text, only=["d", "x", "b"]).reported) == ["x", "b", "d"]


def wanted(plan: Plan) -> list[str]:
    return [name for name, slot in plan.slots.items() if isinstance(name, str) and plan.wanted[slot]]


def test_which_cotangents_are_wanted() -> None:
    text = (
        "inputs: {x: 1, n: {value: 1, dtype: int64}}, nodes: {a: x * 2, b: a + n, c: x > 1, d: a * 3, k: 2}, target: b"
    )
    assert wanted(plan_of(text)) == ["x", "a", "b"]
    assert wanted(plan_of(text, only=["b"])) == ["b"]
    assert wanted(plan_of(text, only=["a"])) == ["a", "b"]
    assert wanted(plan_of(text, only=["d"])) == []
    assert wanted(plan_of(text, target=None)) == []
    assert wanted(plan_of(text, target="k")) == []


def test_no_rule_is_called_for_what_nobody_wants() -> None:
    plan = plan_of("inputs: {x: 1, n: {value: 1, dtype: int64}}, nodes: {a: x * n, b: a * 2, c: b + b}, target: c")
    calls = {step.name: [backward.names for backward in step.backward] for step in plan.steps}
    assert calls == {"a": [("x",)], "b": [("x",)], "c": [("x",), ("y",)]}
