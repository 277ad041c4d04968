"""The section of derivatives in a document: read, written, and part of what a graph is."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dataflow
from dataflow.document.derivatives import read_derivative, spell_derivative
from dataflow.entries import KINDS
from dataflow.errors import GraphError
from dataflow.graph import Derivative, Graph, freeze_derivative

HEAD = "dataflow: 1\ninputs: {x: 3, w: [1, 2]}\nnodes: {y: x * w, J: sum(y)}\n"
TEXT = f"""{HEAD}derivatives:
  a: {{jacobian: [y, J], wrt: x, sparse: true, description: both}}
  b: {{hessian: J, wrt: [x, w]}}
  c: {{jvp: y, along: {{w: [1, .nan]}}}}
  d: {{vjp: y, cotangent: [1, -.inf]}}
  e: {{hvp: J, along: {{x: 1}}, wrt: w}}
  f: {{gradient: J}}
"""


def test_every_form() -> None:
    found = dataflow.loads(TEXT).derivatives
    assert list(found) == list("abcdef")
    assert found["a"] == Derivative("jacobian", ("y", "J"), wrt=("x",), sparse=True, description="both")
    assert found["b"] == Derivative("hessian", ("J",), wrt=("x", "w"))
    assert found["c"].along["w"][0] == 1
    assert math.isnan(found["c"].along["w"][1])
    assert found["d"] == Derivative("vjp", ("y",), cotangent=(1.0, -math.inf))
    assert found["e"] == Derivative("hvp", ("J",), wrt=("w",), along={"x": 1.0})
    assert found["f"] == Derivative("gradient", ("J",))


def test_what_is_dumped_loads_as_the_same_graph() -> None:
    graph = dataflow.loads(TEXT)
    again = dataflow.loads(graph.dump())
    assert again == graph
    assert again.derivatives["a"].description == "both"
    assert again.dump() == graph.dump()
    assert "  a: {jacobian: [y, J], wrt: x, sparse: true, description: both}\n" in graph.dump()


def test_json_is_the_same_document() -> None:
    text = json.dumps({
        "dataflow": 1, "inputs": {"x": 3}, "nodes": {"y": "x ** 2"},
        "derivatives": {"g": {"jacobian": ["y"], "wrt": ["x"]}, "h": {"jvp": "y", "along": {"x": "Infinity"}}},
    })  # fmt: skip
    derivatives = dataflow.loads(text).derivatives
    assert derivatives["g"] == Derivative("jacobian", ("y",), wrt=("x",))
    assert derivatives["h"].along == {"x": math.inf}


def test_a_graph_without_derivatives_keeps_its_digest() -> None:
    """The digest that the lecture had before there were any."""
    lecture = dataflow.loads("{dataflow: 1, inputs: {a: 5, b: 3, c: 2}, nodes: {u: b*c, v: a + u, J: 3*v}, target: J}")
    assert lecture.digest[:15] == "sha256:d00fea50"
    assert "derivatives" not in lecture.canonical()


def test_derivatives_are_part_of_a_graph_and_descriptions_are_not() -> None:
    graph = dataflow.loads(f"{HEAD}derivatives: {{g: {{gradient: J, wrt: x}}}}")
    assert graph != dataflow.loads(HEAD)
    assert graph == dataflow.loads(f"{HEAD}derivatives: {{g: {{gradient: [J], wrt: [x], description: slope}}}}")
    for other in ("{gradient: J, wrt: w}", "{jacobian: J, wrt: x}", "{gradient: J}"):
        assert dataflow.loads(f"{HEAD}derivatives: {{g: {other}}}").digest != graph.digest
    assert dataflow.loads(f"{HEAD}derivatives: {{}}").digest == dataflow.loads(HEAD).digest


def test_a_graph_holds_derivatives_frozen() -> None:
    direction = [1, 2]
    graph = Graph(inputs={"w": [1, 2]}, derivatives={"d": Derivative("jvp", "w", along={"w": direction})})  # type: ignore[arg-type]
    direction.append(3)
    assert graph.derivatives["d"] == Derivative("jvp", ("w",), along={"w": (1.0, 2.0)})
    with pytest.raises(TypeError):
        graph.derivatives["d"].along["x"] = 1  # type: ignore[index]
    with pytest.raises(TypeError):
        graph.derivatives["e"] = 1  # type: ignore[index]
    assert graph.replace(derivatives={}).derivatives == {}
    assert graph.replace(name="other").derivatives == graph.derivatives


def test_a_kind_is_one_key() -> None:
    for entry in ({}, {"wrt": ["x"]}, {"gradient": "J", "hessian": "J"}):
        with pytest.raises(GraphError) as caught:
            read_derivative("d", entry)
        assert [problem.code for problem in caught.value.diagnostics] == ["DF0240"]


NAMES = st.lists(st.sampled_from("abcxyzJ"), min_size=1, max_size=3, unique=True).map(tuple)
VALUES = st.floats(allow_nan=False) | st.lists(st.floats(allow_nan=False), max_size=3)


@given(
    st.builds(
        Derivative, st.sampled_from(KINDS), NAMES, st.just(()) | NAMES,
        st.dictionaries(st.sampled_from("abc"), VALUES, max_size=2), st.none() | VALUES,
        st.sampled_from([None, True, False]), st.text(max_size=9),
    )
)  # fmt: skip
def test_what_is_spelled_is_read_again(made: Derivative) -> None:
    derivative = freeze_derivative(made)
    assert freeze_derivative(read_derivative("d", spell_derivative(derivative))) == derivative
