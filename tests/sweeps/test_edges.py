"""What a hostile user once got wrong numbers, silence or a quadratic wait for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow import DataError, GraphError, Result, StrictError

HEAD = "dataflow: 1\n"


def run(text: str, **options: Any) -> Result:
    return dataflow.execute(dataflow.loads(HEAD + text), **options)


def test_no_cotangent_passes_through_integers() -> None:
    result = run("inputs: {x: 1.7}\nnodes: {i: \"astype(x, dtype='int64')\", J: i * x}\ntarget: J")
    assert (result.values["i"], result.gradients["i"], result.gradients["x"]) == (1, None, 1.0)


def test_no_cotangent_passes_through_booleans() -> None:
    text = (
        "inputs: {x: [1.0, 0.0]}\nnodes:\n  m: astype(x, dtype='bool')\n  f: astype(m, dtype='float64')\n  J: sum(f)\n"
    )
    result = run(text + "target: J")
    assert result.values["J"] == 1.0
    assert result.gradients["x"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("text", ["0/0", "exp(1000)", "log(0)", "2 ** 2000", "inf - inf"])
def test_numbers_that_are_not_finite_are_named(text: str) -> None:
    graph = f"inputs: {{a: 1}}\nnodes:\n  b: {text}\n  c: a * b\ntarget: c"
    (first, *_) = run(graph).findings
    assert (first["code"], first["node"]) == ("DF0611", "b")
    with pytest.raises(StrictError, match="DF0611"):
        run(graph, strict=True)


def test_float32_refuses_what_it_cannot_hold() -> None:
    graph = "dtype: float32\ninputs: {f: [1, 2]}\nnodes: {b: 2 * f}"
    with pytest.raises(DataError, match="does not fit float32"):
        run(graph, inputs={"f": [1.0, 1e39]})
    assert run(graph, inputs={"f": [math.inf, 1.0]}).values["b"].tolist() == [math.inf, 2.0]


@pytest.mark.parametrize(("base", "power"), [(-math.inf, math.inf), (-0.0, 0.0), (4.0, 2.0), (math.inf, math.inf)])
def test_the_power_one_half_is_that_of_ieee_on_floats_and_arrays(base: float, power: float) -> None:
    graph = "inputs: {a: 1, v: {value: [1], shape: [n]}}\nnodes: {b: a ** 0.5}"
    values = [run(graph, inputs={"a": base}, only=["b"]).values["b"]]
    values += (
        run("inputs: {a: {shape: [n]}}\nnodes: {b: a ** 0.5}", inputs={"a": np.array([base])}).values["b"].tolist()
    )
    assert [(value, math.copysign(1, value)) for value in values] == [(power, 1.0), (power, 1.0)]


def test_many_problems_on_one_long_line_share_its_text() -> None:
    line = "nodes: {" + ", ".join(f"n{index}: zz + 1" for index in range(2_000)) + "}\n"
    with pytest.raises(GraphError) as caught:
        dataflow.loads(HEAD + line)
    found = caught.value.diagnostics
    assert len(found) == 2_000
    assert len({id(item.source) for item in found}) == 1


def test_many_look_alikes_and_unknown_operators_are_found_at_once() -> None:
    pairs = "".join(f"  \u0430{index}: 1\n  a{index}: 2\n" for index in range(3_000))
    with pytest.raises(GraphError) as caught:
        dataflow.loads(HEAD + "inputs:\n" + pairs)
    assert [item.code for item in caught.value.diagnostics] == ["DF0204"] * 3_000
    with pytest.raises(GraphError) as caught:
        dataflow.loads(HEAD + "nodes:\n" + "".join(f"  n{index}: foo{index}(1)\n" for index in range(3_000)))
    assert len(caught.value.diagnostics) == 3_000
