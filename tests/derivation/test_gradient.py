"""Gradient graphs: the reverse sweep written down. Read, run, compared with the sweep and with who shares no code."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import dataflow
from dataflow import GraphError, Input, Node, Operator, UsageError, standard
from dataflow.derivatives.knowledge import type_of
from tests.derivation.counting import count_primitives
from tests.sweeps.random_graphs import ArrayGraph, ScalarGraph, array_graphs, offer, scalar_graphs

TABLE = standard()
GALLERY = sorted((Path(__file__).parent.parent.parent / "graphs").glob("*.yaml"))


def nodes_of(graph: dataflow.Graph) -> str:
    """The equations of a graph as they are written."""
    return graph.dump().partition("nodes:\n")[2].partition("\n\n")[0].rstrip("\n")


def write(text: str, **about: Any) -> dataflow.Graph:
    return dataflow.write_gradient(dataflow.loads(f"{{dataflow: 1, {text}}}"), **about)


def test_the_lecture_reads_as_on_the_blackboard() -> None:
    graph = dataflow.load(GALLERY[0].parent / "lecture.yaml")
    assert nodes_of(dataflow.write_gradient(graph)).split("\n  ") == [
        "  dJ: 1", "dv: 3", "du: dv", "da: dv", "db: du * c", "dc: du * b",
    ]  # fmt: skip
    found = dataflow.execute(dataflow.write_gradient(graph)).values
    assert {name: found[name] for name in ("dv", "da", "du", "db", "dc")} == {
        "dv": 3,
        "da": 3,
        "du": 3,
        "db": 6,
        "dc": 9,
    }


def test_the_lecture_takes_no_more_operations_than_by_hand() -> None:
    """By hand: dv = dJ * 3, db = du * c, dc = du * b; what passes through an addition is no operation."""
    graph = dataflow.load(GALLERY[0].parent / "lecture.yaml")
    assert count_primitives(dataflow.write_gradient(graph), TABLE) <= 3


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_gallery_graphs_agree_with_their_sweeps_to_the_last_bit(path: Path) -> None:
    graph = dataflow.load(path)
    derived = dataflow.write_gradient(graph)
    assert dataflow.loads(derived.dump()) == derived
    expected, found = dataflow.execute(graph), dataflow.execute(derived.replace(source=graph.source))
    reached = [
        name for name, value in expected.gradients.items() if value is not None and name not in expected.unreached
    ]
    assert reached
    for name in reached:
        np.testing.assert_array_equal(found.values[f"d{name}"], expected.gradients[name], err_msg=name)
    bound = {name: type_of(value) for name, value in dataflow.execute(graph, only=list(graph.given)).values.items()}
    taken = count_primitives(derived, TABLE, bound)
    assert taken <= 4 * count_primitives(graph, TABLE, bound)


@settings(max_examples=60)
@given(scalar_graphs(most=25))
def test_random_scalar_graphs(drawn: ScalarGraph) -> None:
    """Against the sweep, and against complex steps, which share no code with either."""
    graph = drawn.load()
    derived = dataflow.write_gradient(graph)
    assert dataflow.loads(derived.dump()) == derived
    expected, found = dataflow.execute(graph), dataflow.execute(derived)
    slopes = dict(zip(drawn.names, drawn.gradients(), strict=True))
    for name, value in expected.gradients.items():
        if value is None or name in expected.unreached:
            continue
        assert found.values[f"d{name}"] == pytest.approx(value, rel=1e-12, abs=1e-300)
        assert found.values[f"d{name}"] == pytest.approx(slopes[name], rel=1e-8, abs=1e-8)


@settings(max_examples=60)
@given(array_graphs())
def test_random_array_graphs(drawn: ArrayGraph) -> None:
    """Against the sweep, bit for bit where the operations are the same, and against autograd."""
    graph = drawn.load()
    derived = dataflow.write_gradient(graph)
    assert dataflow.loads(derived.dump()) == derived
    expected, found = dataflow.execute(graph), dataflow.execute(derived)
    _, slopes = drawn.twin()
    for name, slope in zip(drawn.names, slopes, strict=True):
        if name in expected.unreached or expected.gradients[name] is None:
            continue
        np.testing.assert_allclose(found.values[f"d{name}"], expected.gradients[name], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(found.values[f"d{name}"], slope, rtol=1e-9, atol=1e-9)


LOGISTIC = """inputs: {X: {shape: [rows, 3]}, y: {shape: [rows]}}, parameters: {w: [0.5, -1, 2], b: 0.1},
    nodes: {z: X @ w + b, J: 'binary_cross_entropy_with_logits(z, y) + 0.1 * sum(w * w)'}, target: J"""


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_a_gradient_with_symbolic_rows_is_right_for_any_number_of_rows(rows: int) -> None:
    graph = dataflow.loads(f"{{dataflow: 1, {LOGISTIC}}}")
    derived = dataflow.write_gradient(graph)
    assert "1 / rows" in nodes_of(derived)
    rng = np.random.default_rng(rows)
    data = {"X": rng.normal(size=(rows, 3)), "y": (rng.random(rows) < 0.5).astype(float)}
    expected, found = dataflow.execute(graph, data), dataflow.execute(derived, data)
    for name in ("w", "b", "z"):
        np.testing.assert_allclose(found.values[f"d{name}"], expected.gradients[name], rtol=1e-14)


def test_a_size_that_is_used_stays_declared() -> None:
    derived = write("inputs: {x: {shape: [n]}, s: 2}, nodes: {J: 's * mean(x)'}, target: J", wrt="x")
    assert dataflow.execute(derived, {"x": [1.0, 2.0, 3.0, 4.0]}).values["dx"].tolist() == [0.5] * 4


def test_what_is_not_taken_gets_nothing() -> None:
    derived = write("inputs: {x: [0, 1, 2]}, nodes: {l: log(x), J: 'sum(where(x > 0, l, 0))'}, target: J")
    assert dataflow.execute(derived).values["dx"].tolist() == [0, 1, 0.5]
    cut = write("inputs: {x: [0, 1, 2]}, nodes: {l: log(x), m: 'l[1:]', J: sum(m * m)}, target: J")
    assert dataflow.execute(cut).values["dx"].tolist() == [0, 0, math.log(2)]


def test_a_computed_zero_stays_what_it_is() -> None:
    derived = write("inputs: {x: [0, 2]}, nodes: {J: sum(exp(log(x)))}, target: J")
    assert math.isnan(dataflow.execute(derived).values["dx"][0])


def test_float32_stays_float32() -> None:
    derived = write("dtype: float32, inputs: {x: [1, 2, 3]}, nodes: {J: mean(x * sigmoid(x))}, target: J")
    assert dataflow.execute(derived).types["dx"][0] == "float32"


def test_names_that_are_taken() -> None:
    derived = write("inputs: {x: 3, dx: 5, t1: 1}, nodes: {J: exp(x * dx) * x * t1}, target: J")
    assert {"dJ_dx", "ddx", "dt1"} <= set(derived.names())
    expected = dataflow.execute(
        dataflow.loads("{dataflow: 1, inputs: {x: 3, dx: 5, t1: 1}, nodes: {J: exp(x * dx) * x * t1}, target: J}")
    )
    assert dataflow.execute(derived).values["dJ_dx"] == expected.gradients["x"]


def test_wrt_and_what_does_not_reach_the_target() -> None:
    derived = write("inputs: {a: 2, b: 3, k: [1, 2]}, nodes: {J: a * a, u: b + 1}, target: J", wrt=["a", "b", "k"])
    values = dataflow.execute(derived).values
    assert (values["da"], values["db"], values["dk"].tolist()) == (4, 0, [0, 0])
    assert "dJ" not in values


def test_several_outputs_and_operators_without_backward_rules() -> None:
    split = "{op: unstack, inputs: [n], attributes: {axis: 0}, outputs: [p, q]}"
    text = (
        "inputs: {x: [[1, 2], [3, 5]], s: [1.5, 0.5], t: [0.1, 0.2]}, "
        f"nodes: {{n: 'layer_norm(x, s, t)', m: {split}, J: sum(p * p * q)}}, target: J"
    )
    graph = dataflow.loads(f"{{dataflow: 1, {text}}}")
    expected, found = dataflow.execute(graph), dataflow.execute(dataflow.write_gradient(graph))
    for name in ("x", "s", "t", "p", "q"):
        np.testing.assert_allclose(found.values[f"d{name}"], expected.gradients[name], rtol=1e-13)


# --- higher orders ---


def test_second_derivatives_of_the_lecture() -> None:
    graph = dataflow.load(GALLERY[0].parent / "lecture.yaml")
    values = dataflow.execute(dataflow.write_gradient(graph, order=2)).values
    assert {name: value for name, value in values.items() if name.startswith("dd")} == {"ddb_dc": 3, "ddc_db": 3}


def test_derivatives_up_to_the_fifth() -> None:
    """d^n/dx^n of exp(2x) + x^4 at 0.5, by hand."""
    derived = write("inputs: {x: 0.5}, nodes: {J: exp(2 * x) + x ** 4}, target: J", order=5)
    values = dataflow.execute(derived).values
    powers = [4 * 0.5**3, 12 * 0.5**2, 24 * 0.5, 24, 0]
    label = "dx"
    for order, power in enumerate(powers, 1):
        assert values[label] == pytest.approx(2**order * math.e + power, rel=1e-14)
        label = f"d{label}_dx"


def test_the_gradient_of_an_array_is_differentiated_along_a_direction() -> None:
    """x^T A x / 2 with a symmetric A: the Hessian is A."""
    text = "inputs: {A: {value: [[2, 1], [1, 3]], differentiable: false}}, parameters: {x: [1, 2]}, " \
        "nodes: {J: 0.5 * sum(x * (A @ x))}, target: J"  # fmt: skip
    derived = write(text, order=2)
    values = dataflow.execute(derived, {"direction_dx": [1, 0]}).values
    assert values["ddx_dx"].tolist() == [2, 1]
    assert dataflow.execute(derived).values["ddx_dx"].tolist() == [3, 4]  # ones, if none is given


def test_a_derived_graph_is_differentiated_again() -> None:
    first = dataflow.loads(write("inputs: {x: 0.3}, nodes: {J: tanh(x) * x}, target: J", wrt="x").dump())
    second = dataflow.write_gradient(first, target="dx", wrt="x")
    t = math.tanh(0.3)
    expected = 2 * (1 - t * t) - 0.3 * 2 * t * (1 - t * t)
    assert dataflow.execute(second).values["ddx_dx"] == pytest.approx(expected, rel=1e-14)


# --- refusals ---


@pytest.mark.parametrize(("text", "about", "code"), [
    ("inputs: {x: {value: [1, 2], dtype: int64}}, nodes: {J: sum(x)}, target: J", {}, "DF0232"),
    ("inputs: {x: [1, 2]}, nodes: {J: x * 2}, target: J", {}, "DF0233"),
    ("inputs: {x: [1, 2], y: [1, 2, 3]}, nodes: {J: sum(x * y)}, target: J", {}, "DF0515"),
    ("inputs: {x: {source: x.npy, differentiable: true}}, nodes: {J: sum(x)}, target: J", {}, "DF1001"),
    ("inputs: {x: [1, 2], m: {value: [true, false], dtype: bool}}, nodes: {J: 'mean(boolean_mask(x, m))'}, target: J",
     {}, "DF1001"),
])  # fmt: skip
def test_graphs_without_a_gradient(text: str, about: Any, code: str) -> None:
    with pytest.raises(GraphError) as caught:
        write(text, **about)
    assert [item.code for item in caught.value.diagnostics] == [code]
    assert caught.value.diagnostics[0].line in (1, None)


@pytest.mark.parametrize(("about", "code"), [
    ({"target": "K"}, "DF0905"), ({"wrt": "z"}, "DF0905"), ({"target": None}, "DF1003"),
])  # fmt: skip
def test_questions_about_names_that_are_not_there(about: Any, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        write("inputs: {x: 1}, nodes: {J: x * x}", **about)
    assert caught.value.diagnostics[0].code == code


def test_an_opaque_rule_is_named() -> None:
    def dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
        return np.asarray(g) * 2.0

    operators = offer(Operator("twice", "z = 2 x", forward=lambda xp, x: 2 * x, backward={"x": dx}, broadcasts=True))
    graph = dataflow.loads(
        "{dataflow: 1, inputs: {x: [1, 2]}, nodes: {y: twice(x), J: sum(y)}, target: J}", operators=operators
    )
    with pytest.raises(GraphError) as caught:
        dataflow.write_gradient(graph)
    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.node, problem.line) == ("DF1002", "y", 1)
    assert "twice" in problem.message


def test_a_graph_built_in_python() -> None:
    graph = dataflow.Graph(inputs={"x": Input(2.0)}, nodes={"y": Node("square", ("x",))}, target="y")
    assert nodes_of(dataflow.write_gradient(graph)) == "  dy: 1\n  dx: 2 * x"
