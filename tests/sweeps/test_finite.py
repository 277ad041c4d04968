"""What stops being finite is named: the first node of each sweep, with the inputs that did it."""

from __future__ import annotations

from typing import Any

import pytest

import dataflow


def run(text: str, **options: Any) -> dataflow.Result:
    return dataflow.execute(dataflow.loads(f"{{dataflow: 1, {text}}}"), **options)


def codes(result: dataflow.Result) -> list[str]:
    return [item["code"] for item in result.findings]


@pytest.mark.parametrize("x", ["0", "[0, 1, 0]"])
def test_the_first_node_of_the_forward_sweep(x: str) -> None:
    total = "d" if x == "0" else "sum(d)"
    result = run(f"inputs: {{x: {x}, y: 2}}, nodes: {{a: x * y, b: log(a), c: b * 2, d: c + x, J: {total}}}, target: J")
    forward = result.findings[0]
    assert (forward["code"], forward["sweep"], forward["node"], forward["operator"]) == (
        "DF0611",
        "forward",
        "b",
        "log",
    )
    assert forward["found"] == ("-Infinity" if x == "0" else "-Infinity at [0] (and 1 more)")
    assert forward["inputs"] == {"a": "0.0" if x == "0" else "float64[3]"}
    assert "`log(a)` in `b` is -Infinity" in forward["message"]


def test_the_first_node_of_the_reverse_sweep() -> None:
    result = run("inputs: {x: 0}, nodes: {a: sqrt(x), b: a * 3, J: b + 1}, target: J")
    assert codes(result) == ["DF0612"]
    reverse = result.findings[0]
    assert (reverse["node"], reverse["operator"], reverse["found"]) == ("x", "sqrt", "Infinity")
    assert reverse["inputs"] == {"x": "0.0"}
    assert "gradient of `x`" in reverse["message"]
    assert "`sqrt(x)` in `a`" in reverse["message"]


def test_a_hidden_node_is_named_by_its_owner() -> None:
    result = run("inputs: {x: 0}, nodes: {J: 1 + log(x * 2)}, target: J")
    assert result.findings[0]["node"] == "J"
    assert result.findings[0]["operator"] == "log"
    assert "in `J`" in result.findings[0]["message"]
    assert "#" not in result.findings[0]["message"]
    assert all("#" not in key for item in result.findings for key in item.get("inputs", {}))


def test_what_nothing_takes_is_harmless() -> None:
    result = run("inputs: {x: [0, 1]}, nodes: {l: log(x), J: 'sum(where(x > 0, l, 0))'}, target: J")
    assert codes(result) == ["DF0613"]
    assert result.findings[0]["nodes"] == ["l"]
    assert result.gradients["x"].tolist() == [0, 1]
    assert run("inputs: {x: 0}, nodes: {l: log(x), J: x * 2}, target: J", strict=True).findings[0]["code"] == "DF0613"


def test_a_given_value_that_is_not_finite() -> None:
    result = run("inputs: {x: .nan, y: 1}, nodes: {J: x * y}, target: J")
    assert result.findings[0]["node"] == "x"
    assert result.findings[0]["message"] == "`x` is given as NaN"


def test_a_number_that_is_not_finite_is_meant() -> None:
    assert run("inputs: {x: 1}, nodes: {J: 'where(x > 0, x, inf)', K: 'minimum(x, inf)'}, target: J").findings == ()


def test_without_a_target_the_first_of_all() -> None:
    result = run("inputs: {x: 0}, nodes: {a: 1 / x, b: a - a, c: exp(x)}")
    assert codes(result) == ["DF0611"]
    assert result.findings[0]["node"] == "a"


def test_nothing_to_say() -> None:
    assert run("inputs: {x: 1}, nodes: {a: log(x), J: a}, target: J").findings == ()
    assert run("inputs: {n: {value: [1, 2], dtype: int64}}, nodes: {c: n > 1}").findings == ()


@pytest.mark.parametrize(("text", "found"), [
    ("inputs: {x: 0}, nodes: {J: log(x)}, target: J", ["DF0611", "DF0612"]),
    ("inputs: {x: 0}, nodes: {J: sqrt(x)}, target: J", ["DF0612"]),
    ("inputs: {x: [0, 4]}, nodes: {y: sqrt(x), J: sum(y)}, target: J", ["DF0612"]),
    ("inputs: {x: 0}, nodes: {y: 1 / x}", ["DF0611"]),
    ("inputs: {x: 1000}, nodes: {y: exp(x), J: y + 1}, target: J", ["DF0611", "DF0612"]),
])  # fmt: skip
def test_strict_refuses(text: str, found: list[str]) -> None:
    with pytest.raises(dataflow.StrictError) as caught:
        run(text, strict=True)
    assert caught.value.exit_code == 3
    assert [item.code for item in caught.value.diagnostics] == found
    assert all(item.line == 1 for item in caught.value.diagnostics)


def test_strict_lets_pass_what_is_finite_or_harmless() -> None:
    result = run("inputs: {x: [0, 1]}, nodes: {J: 'sum(where(x > 0, log(x), 0))'}, target: J", strict=True)
    assert result.values["J"] == 0.0


def test_an_infinity_that_is_taken_and_does_no_harm_to_the_gradient() -> None:
    """exp(-1/x) at 0 goes through inf to a finite target: the gradient is NaN, and it is said where that began."""
    result = run("inputs: {x: 0}, nodes: {a: 1 / x, J: exp(-a)}, target: J")
    assert result.values["J"] == 0.0
    assert codes(result)[0] in ("DF0611", "DF0612")
    assert "DF0612" in codes(result)
