"""Fan-out, kinks, what is not taken, several results, plugins, opaque rules, names."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Any

import pytest

from dataflow import standard
from dataflow.document import loads
from dataflow.execution import execute
from dataflow.explanation import explain
from dataflow.operators import Operator
from dataflow.registry import Operators
from tests.explanation.showing import show, show_text
from tests.sweeps.random_graphs import offer


def test_every_path_at_fan_out_and_their_sum() -> None:
    """J = 2x · x^2 + x at 3: 6 x^2 + 1 = 55."""
    lines = show_text("{dataflow: 1, inputs: {x: 3}, nodes: {v: 2 * x, w: x * x, s: v * w, J: s + x}, target: J}")
    start = lines.index("x is used 4 times: what comes back along each use adds up")
    assert lines[start + 1 : start + 6] == [
        "through J = s + x: dJ · 1 = 1 · 1 = 1",
        "through w = x · x, operand 1: dJ/dw · dw/dx = dw · x = 6 · 3 = 18",
        "through w = x · x, operand 2: dJ/dw · dw/dx = dw · x = 6 · 3 = 18",
        "through v = 2 · x: dJ/dv · dv/dx = dv · 2 = 9 · 2 = 18",
        "dx = dJ/dx = 1 + 18 + 18 + 18 = 55",
    ]


def test_a_negative_share_stands_in_brackets() -> None:
    lines = show_text("{dataflow: 1, inputs: {x: 3}, nodes: {v: 2 * x, J: v - x ** 2}, target: J}")
    assert "dx = dJ/dx = -6 + 2 = -4" in lines or "dx = dJ/dx = 2 + (-6) = -4" in lines


def test_parts_of_expressions_come_before_what_is_made_of_them() -> None:
    lines = show_text("{dataflow: 1, inputs: {p: 0.5, y: 1}, nodes: {J: (p - y) ** 2}, target: J}")
    start = lines.index("J = (p - y)²")
    assert lines[start + 1 : start + 3] == ["s1 = p - y = 0.5 - 1 = -0.5", "J = s1² = (-0.5)² = 0.25"]
    assert "ds1 = dJ/ds1 = dJ · 2 · s1 = 1 · 2 · (-0.5) = -1" in lines
    assert "dy = dJ/dy = dJ/ds1 · ds1/dy = -ds1 = -(-1) = 1" in lines


KINKS = [
    ("relu(x)", -2.0, ["dx = dJ/dx = 0   (since J == 0; it is not taken, so nothing comes back)"]),
    ("relu(x)", 2.0, ["dx = dJ/dx = dJ · sign(J) = 1 · sign(2) = 1   (since J != 0)"]),
    ("where(x > 0, x, 3)", -2.0, ["dx = dJ/dx = 0   (since s1 does not hold; it is not taken, so nothing comes back)"]),
    ("log(x)", 2.0, ["dx = dJ/dx = dJ / abs(x) = 1 / abs(2) = 0.5   (since x >= 0)"]),
    ("sqrt(x)", 0.0, ["dx = dJ/dx = dJ / (2 · abs(J)) = 1 / (2 · abs(0)) = Infinity"]),
    ("floor(x)", 2.5, ["dx = dJ/dx = 0"]),
]


@pytest.mark.parametrize(("expression", "x", "expected"), KINKS)
def test_what_the_numbers_decide(expression: str, x: float, expected: Sequence[str]) -> None:
    lines = show_text(f'{{dataflow: 1, inputs: {{x: {x}}}, nodes: {{J: "{expression}"}}, target: J}}')
    assert [line for line in lines if line in expected] == expected


SAFE = '{dataflow: 1, inputs: {x: [0, 1, 2]}, nodes: {logs: log(x), J: "sum(where(x > 0, logs, 0))"}, target: J}'


def test_what_is_not_taken_gets_nothing() -> None:
    """Not 0 · inf: the gradient is that of the sweep with masks."""
    found = explain(loads(SAFE))
    gradients = {item.name: item for item in found.reverse}
    assert gradients["x"].value.tolist() == [0, 1, 0.5]
    assert gradients["x"].uses[0].value.tolist() == [0, 1, 0.5]
    assert gradients["x"].uses[0].missing == (1, 3)
    lines = show(found)
    assert "(nothing comes back to 1 of 3 elements, which are not taken)" in lines
    assert lines[-1] == "note[DF0613]: not finite, and nothing takes it: `logs`"


def test_a_bracket_is_explained_once() -> None:
    lines = show_text("{dataflow: 1, inputs: {x: [-1, 2]}, nodes: {r: relu(x), J: sum(relu(r))}, target: J}")
    told = [line for line in lines if "is 1 where that holds, else 0" in line]
    assert len(told) == 1
    assert told[0].startswith("([s1 != 0] is 1 where that holds, else 0; ")


def with_plugin(*operators: Operator) -> Operators:
    table = standard()
    for operator in operators:
        table = table.replaced(operator)
    return table


SPRING = Operator(
    "spring", "z = k x^2 / 2", forward=lambda xp, k, x: k * x * x / 2,
    backward={"k": lambda xp, g, z, k, x: g * x * x / 2, "x": lambda xp, g, z, k, x: g * k * x}, broadcasts=True,
)  # fmt: skip
TRACED = Operator("traced", "z = x^3", forward=lambda xp, x: x * x * x, broadcasts=True)
OPAQUE = Operator(
    "opaque", "z = x^2", forward=lambda xp, x: x * x,
    backward={"x": lambda xp, g, z, x: g * 2 * float(x)}, broadcasts=True,
)  # fmt: skip
TOGETHER = Operator(
    "together", "z = x y + x", forward=lambda xp, x, y: x * y + x,
    backward=lambda xp, g, z, x, y: {"x": g * y + g, "y": g * x}, broadcasts=True,
)  # fmt: skip


def show_plugin(expression: str, **given: Any) -> list[str]:
    table = with_plugin(SPRING, TRACED, OPAQUE, TOGETHER)
    values = ", ".join(f"{name}: {value}" for name, value in given.items())
    text = f'{{dataflow: 1, inputs: {{{values}}}, nodes: {{J: "{expression}"}}, target: J}}'
    return show(explain(loads(text, operators=table)))


def test_the_rules_of_a_plugin_are_told_as_they_are() -> None:
    lines = show_plugin("spring(k, x)", k=4, x=3)
    assert "dk = dJ/dk = dJ · x · x / 2 = 1 · 3 · 3 / 2 = 4.5" in lines
    assert "dx = dJ/dx = dJ · k · x = 1 · 4 · 3 = 12" in lines


def test_what_nobody_has_proved_is_said() -> None:
    spring = offer(SPRING)
    text = "{dataflow: 1, inputs: {k: 4, x: 3}, nodes: {J: 'spring(k, x)'}, target: J}"
    assert show(explain(loads(text, operators=spring)))[-1] == "not proved: spring"


def test_rules_that_come_together() -> None:
    lines = show_plugin("together(x, y)", x=3, y=4)
    assert "dx = dJ/dx = dJ · y + dJ = 1 · 4 + 1 = 5" in lines
    assert "dy = dJ/dy = dJ · x = 1 · 3 = 3" in lines


def test_an_operator_without_rules_is_followed_through_its_forward_rule() -> None:
    lines = show_plugin("traced(x)", x=2)
    assert next(line for line in lines if line.startswith("dx")).endswith("= 12")


def test_an_opaque_rule_has_its_number_alone() -> None:
    lines = show_plugin("opaque(x)", x=3)
    place = lines.index("dx = dJ/dx = 6")
    assert lines[place + 1].startswith("(the backward rule of `opaque` cannot be followed, so that its number alone is")


def test_one_opaque_rule_leaves_the_others_as_they_are() -> None:
    half = Operator(
        "half", "z = x y", forward=lambda xp, x, y: x * y, broadcasts=True,
        backward={"x": lambda xp, g, z, x, y: g * y, "y": lambda xp, g, z, x, y: g * float(x)},
    )  # fmt: skip
    text = '{dataflow: 1, inputs: {x: 3, y: 4}, nodes: {J: "half(x, y)"}, target: J}'
    found = explain(loads(text, operators=with_plugin(half)))
    told = {item.name: item.uses[0] for item in found.reverse[1:]}
    assert (told["x"].opaque, told["x"].value) == (None, 4)
    assert (told["y"].opaque is None, told["y"].value) == (False, 3)


def test_a_rule_that_raises_on_symbols_is_opaque_too() -> None:
    def rule(xp: Any, g: Any, z: Any, x: Any) -> Any:
        if not isinstance(x, float):
            raise SyntaxError("no\nsymbols")
        return g * 2

    strange = Operator("strange", "z = 2 x", forward=lambda xp, x: 2 * x, backward={"x": rule}, broadcasts=True)
    text = "{dataflow: 1, inputs: {x: 3}, nodes: {J: strange(x)}, target: J}"
    use = explain(loads(text, operators=with_plugin(strange))).reverse[1].uses[0]
    assert (use.opaque, use.value) == ("no", 2)


def test_several_results() -> None:
    text = """
dataflow: 1
inputs: {x: [3, 4]}
nodes:
  both: {op: unstack, inputs: [x], outputs: [first, second]}
  J: first * second
target: J
"""
    lines = show_text(text)
    assert "first = unstack(x)[0] = 3" in lines
    assert "first, second = unstack(x)" in "\n".join(lines)
    assert explain(loads(text)).reverse[-1].value.tolist() == [4, 3]


def test_names_of_any_script() -> None:
    lines = show_text("{dataflow: 1, inputs: {权重: 3, Δ: 2}, nodes: {ŷ: 权重 * Δ}, target: ŷ}")
    assert "d权重 = dŷ/d权重 = dŷ · Δ = 1 · 2 = 2" in lines


def test_a_graph_that_has_such_names_itself() -> None:
    found = explain(loads("{dataflow: 1, inputs: {x: 3, dx: 2, s1: 4}, nodes: {J: x * dx + s1}, target: J}"))
    assert {item.node: (item.name, item.label) for item in found.reverse} == {
        "J": ("J", "dJ"), "J#1": ("s2", "ds2"), "s1": ("s1", "ds1"), "x": ("x", "dJ_dx"), "dx": ("dx", "ddx"),
    }  # fmt: skip


def test_without_a_target_there_are_values_alone() -> None:
    lines = show_text("{dataflow: 1, inputs: {x: 3}, nodes: {y: exp(0 * x)}}")
    assert "y = exp(s1) = exp(0) = 1" in lines
    assert lines[-1] == "There is no target, so there is nothing to differentiate: name one with --target."
    assert not any(line.startswith("In reverse") for line in lines)


ABSENT = [
    ("{x: 3, k: {value: 2, dtype: int64}}", "x * k", "k", "k: no gradient, since integers and truth values have none."),
    ("{x: 3, k: 2}", "x + 1", "k", "J does not depend on k: the gradient is 0."),
    (
        "{x: 3, k: 2}", "where(k > 1, x, 1)", "k",
        "J depends on k only through what has no derivative: the gradient is 0.",
    ),
    (
        "{x: 3, k: {value: 2, differentiable: false}}", "x * k", "k",
        "k: no gradient, since `differentiable: false` says so.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("inputs", "expression", "name", "said"), ABSENT)
@pytest.mark.parametrize("asked", [True, False])
def test_why_there_is_no_gradient(inputs: str, expression: str, name: str, said: str, asked: bool) -> None:
    text = f'{{dataflow: 1, inputs: {inputs}, nodes: {{J: "{expression}"}}, target: J}}'
    assert said in show_text(text, name if asked else None)


def test_data_from_a_file_has_no_gradient() -> None:
    from pathlib import Path

    from dataflow.document import load

    graph = load(Path(__file__).parents[2] / "graphs" / "logistic_regression.yaml")
    lines = show(explain(graph))
    assert "X, y: no gradient, since data from a file has none unless it is `differentiable: true`." in lines
    assert "Z: no gradient, since nothing that goes in has one." in lines


def test_what_a_gradient_means() -> None:
    text = "{dataflow: 1, inputs: {x: 3, y: 2}, nodes: {J: 0 * y - 2 * x}, target: J}"
    assert show_text(text, "x")[-1] == "dx = -2: if x grows by 0.001, J falls by about 0.002."
    assert show_text(text, "y")[-1] == "dy = 0: if y changes a little, J does not change."


def test_a_target_of_several_elements_is_weighed() -> None:
    text = "{dataflow: 1, inputs: {x: [1, 2]}, nodes: {y: x * x}, target: y}"
    found = explain(loads(text), cotangent=[1, 10])
    assert found.reverse[-1].value.tolist() == [2, 40]
    assert "dy = dy/dy = [1, 10] (2)   (as given)" in show(found)


def test_float32() -> None:
    found = explain(loads("{dataflow: 1, dtype: float32, inputs: {x: 0.1}, nodes: {J: x * x}, target: J}"))
    assert str(found.reverse[-1].type) == "float32"
    assert "through J = x · x, operand 1: dJ · x = 1 · 0.1 = 0.1" in show(found)


def test_a_large_rule_is_told_in_parts() -> None:
    text = "{dataflow: 1, inputs: {x: 0.3}, nodes: {J: sinc(x)}, target: J}"
    found = explain(loads(text))
    parts = found.reverse[-1].uses[0].parts
    assert len(parts) > 2
    lines = show(found)
    assert all(any(line.startswith(f"{part.name} = ") for line in lines) for part in parts)
    assert found.reverse[-1].value == execute(loads(text)).gradients["x"]


def test_arguments_are_those_of_execute() -> None:
    text = "{dataflow: 1, inputs: {x: 3}, nodes: {J: log(x)}, target: J}"
    assert f"J = log(x) = log(5) = {log(5):.6g}" in show(explain(loads(text), {"x": 5}))
