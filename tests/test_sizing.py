"""Sizes in graphs: declared in shapes, computed with, used as numbers and in attributes, for any number of rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import dataflow
from dataflow.checks import check
from dataflow.errors import DataError, DataflowError
from dataflow.graph import Graph, Input, Node, freeze_input
from dataflow.registry import standard
from dataflow.sizes import SymbolicSize, parse_size
from dataflow.sizing import list_sizes, put_sizes, resolve_attributes, uses_sizes

OPERATORS = standard()
LEAST_SQUARES = """
dataflow: 1
inputs:
  X: {shape: [rows, 2]}
  y: {shape: [rows]}
parameters:
  w: [0.5, -1]
nodes:
  residuals: X @ w - y
  loss: 1 / (2 * rows) * sum(residuals ** 2)
target: loss
"""


def load(text: str, folder: Path | None = None) -> Graph:
    return dataflow.loads(f"{{dataflow: 1, {text}}}", folder=None if folder is None else str(folder))


def codes(text: str, inputs: dict[str, Any] | None = None, **asked: Any) -> list[tuple[str, str | None]]:
    with pytest.raises(DataflowError) as caught:
        dataflow.execute(load(text), inputs or {}, **asked)
    return [(item.code, item.node) for item in caught.value.diagnostics]


@pytest.mark.parametrize("rows", [1, 3, 10])
def test_a_mean_over_any_number_of_rows(rows: int) -> None:
    rng = np.random.default_rng(rows)
    X, y = rng.normal(size=(rows, 2)), rng.normal(size=rows)
    result = dataflow.execute(dataflow.loads(LEAST_SQUARES), {"X": X, "y": y})
    residuals = X @ [0.5, -1] - y
    assert result.values["loss"] == pytest.approx((residuals**2).mean() / 2, rel=1e-14)
    np.testing.assert_allclose(result.gradients["w"], X.T @ residuals / rows, rtol=1e-13)
    assert result.rows == rows


def test_the_digest_is_that_of_the_graph_as_written() -> None:
    graph = dataflow.loads(LEAST_SQUARES)
    digests = {
        json.loads(dataflow.execute(graph, {"X": np.ones((rows, 2)), "y": np.ones(rows)}).to_bytes())["graph"]["digest"]
        for rows in (2, 5)
    }
    assert digests == {graph.digest}


USES = [  # nodes, name, expected; of x of shape [rows, 2*k], 3 by 4
    ("n: rows", "n", 3.0),
    ("n: -rows ** 2", "n", -9.0),
    ("n: 1 / (2 * k)", "n", 0.25),
    ("n: 'x[0, 0] + k'", "n", 2.0),
    ("n: {op: divide, inputs: [x, rows]}", "n", np.arange(12.0).reshape(3, 4) / 3),
    ("n: {op: divide, inputs: {y: rows, x: 6}}", "n", 2.0),
    ("n: 'reshape(x, shape=[k, 2*rows])'", "n", np.arange(12.0).reshape(2, 6)),
    ("n: 'reshape(x, shape=[-1, rows])'", "n", np.arange(12.0).reshape(4, 3)),
    ("n: 'reshape(x, shape=[k*rows*2])'", "n", np.arange(12.0)),
    ("n: {op: reshape, inputs: [x], attributes: {shape: [2*rows, k]}}", "n", np.arange(12.0).reshape(6, 2)),
    ("n: {op: reshape, inputs: [x], attributes: {shape: [rows * rows + 3]}}", "n", np.arange(12.0)),
    ("n: 'zeros(shape=[rows - 1, (rows - 1)//2])'", "n", np.zeros((2, 1))),
    ("n: 'roll(arange(stop=rows), shift=1 - rows)'", "n", [2, 0, 1]),
    ("n: 'pad(arange(stop=k), pad_width=[[k, rows - k]])'", "n", [0, 0, 0, 1, 0]),
    ("n: 'zeros(shape=[1 + 1])'", "n", [0, 0]),
]  # fmt: skip


@pytest.mark.parametrize(("nodes", "name", "expected"), USES, ids=[row[0] for row in USES])
def test_uses(nodes: str, name: str, expected: Any) -> None:
    graph = load(f"inputs: {{x: {{shape: [rows, 2*k]}}}}, nodes: {{{nodes}}}")
    result = dataflow.execute(graph, {"x": np.arange(12.0).reshape(3, 4)})
    np.testing.assert_array_equal(result.values[name], expected)
    again = dataflow.loads(graph.dump())
    assert again == graph
    assert again.digest == graph.digest
    assert again.dump() == graph.dump()


SIZES = st.recursive(
    st.one_of(st.integers(0, 20).map(str), st.sampled_from(["rows", "k", "höhe", "e3", "_x"])),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "//"]), inner).map(
        lambda parts: f"({' '.join(parts)})"
    ),
    max_leaves=6,
)


@given(st.lists(SIZES, max_size=3))
@settings(max_examples=100)
def test_any_sizes_are_written_as_they_are_read(texts: list[str]) -> None:
    entry = freeze_input(Input(shape=("rows", "k", "höhe", "e3", "_x", *texts)))
    node = Node("reshape", ("x",), {"shape": entry.shape})
    graph = Graph(inputs={"x": entry}, nodes={"y": node, "z": node._replace(description="spelled out")})
    assume(not check(graph, OPERATORS))
    again = dataflow.loads(graph.dump())
    assert again == graph
    assert again.nodes["z"] == graph.nodes["z"]


def test_sizes_are_written_as_they_are_read() -> None:
    text = load("inputs: {x: {shape: [rows*2, 3 + 1]}}, nodes: {n: 'reshape(x / rows, shape=[4, rows + rows])'}").dump()
    assert "x: {shape: [2*rows, 4]}\n" in text
    assert "n: reshape(x / rows, shape=[4, 2*rows])\n" in text


def test_another_spelling_is_the_same_graph() -> None:
    spelled = "inputs: {{x: {{shape: [rows]}}}}, nodes: {{n: {{op: reshape, inputs: [x], attributes: {{shape: {}}}}}}}"
    first, second, third = (
        load(spelled.format(text)) for text in ("[1, rows]", "[3 - 2, rows - 1 + 1]", "[1, rows*1]")
    )
    assert first == second == third
    assert first.digest == second.digest
    assert load("inputs: {x: {shape: [rows]}}, nodes: {n: 'reshape(x, shape=[1, ''rows''])'}").nodes == first.nodes


def test_a_number_of_float32_stays_one() -> None:
    graph = load("dtype: float32, inputs: {x: {shape: [rows]}}, nodes: {m: sum(x) / rows, n: rows}")
    result = dataflow.execute(graph, {"x": [1, 2, 4, 5]})
    assert {name: (result.types[name][0], result.values[name]) for name in ("m", "n")} == {
        "m": ("float32", 3.0), "n": ("float32", 4.0),
    }  # fmt: skip


def test_hidden_parts_are_shown_with_the_names_of_sizes() -> None:
    graph = load("inputs: {x: {shape: [rows]}}, nodes: {y: 1 + sum(x) / rows}, target: y")
    result = dataflow.execute(graph, {"x": [1, 2]}, hidden=True)
    assert result.labels is not None
    assert [label["text"] for label in result.labels.values()] == ["sum(x)", "sum(x) / rows"]
    graph = load("inputs: {x: {shape: [rows]}}, nodes: {y: sum(x / (rows - 2))}")
    assert "`x / (rows - 2)` in `y`" in dataflow.execute(graph, {"x": [1, 2]}).findings[0]["message"]


def test_the_gradient_of_what_is_sized_is_proved() -> None:
    from dataflow.proof.graphs import verify_graph

    graph = load("inputs: {x: {value: [1, 2, 4], shape: [rows]}}, nodes: {y: sum(x ** 2) / rows}, target: y")
    assert verify_graph(graph).verdict == "agrees"


def test_both_sweeps_by_slot() -> None:
    run = dataflow.execution.sweep(load("inputs: {x: {value: [1, 2], shape: [n]}}, nodes: {y: sum(x) / n}, target: y"))
    assert run.values[run.plan.slots["y"]] == 1.5


# --- only ---

SEVERAL = """inputs: {
  x: {value: [1, 2, 3], shape: [rows]}, y: {value: [[1, 2]], shape: [m, rows - 1]}, z: {shape: [k]}, w: {value: 4},
}, nodes: {a: w / rows, b: w * k, c: w + m, d: w * 2, e: y * 1}"""


@pytest.mark.parametrize(("name", "expected"), [("a", 4 / 3), ("c", 5.0), ("d", 8.0), ("e", [[1.0, 2.0]])])
def test_only_knows_sizes_of_inputs_that_are_not_needed(name: str, expected: Any) -> None:
    result = dataflow.execute(load(SEVERAL), only=[name])
    assert list(result.values) == [name]
    np.testing.assert_allclose(result.values[name], expected, rtol=1e-15)


def test_only_asks_for_a_value_that_would_tell_a_size() -> None:
    assert codes(SEVERAL, only=["b"]) == [("DF0518", "z")]
    assert dataflow.execute(load(SEVERAL), {"z": [1, 2]}, only="b").values["b"] == 8.0
    assert codes(SEVERAL) == [("DF0513", "z")]


def test_only_takes_no_notice_of_sizes_that_are_not_needed(tmp_path: Path) -> None:
    text = "inputs: {x: {value: [1, 2], shape: [n]}, y: {source: missing.npy, shape: [n, k]}}, nodes: {a: sum(x) / n}"
    assert dataflow.execute(load(text, tmp_path), only=["a"]).values["a"] == 1.5


# --- the four functions ---


def test_sizes_that_shapes_mention() -> None:
    graph = Graph(
        inputs={"x": Input(shape=("a", "2*b + c//d", 3, "nonsense +"))}, parameters={"p": Input(shape=("e",))}
    )
    assert list_sizes(graph) == {"a", "b", "c", "d", "e"}
    assert list_sizes(Graph(inputs={"x": 1, "y": Input(shape=(2, 3))})) == frozenset()


@pytest.mark.parametrize(
    ("node", "used"),
    [
        (Node("add", ("x", "rows")), True),
        (Node("add", ("x", "x")), False),
        (Node("add", ("x", 1)), False),
        (Node("reshape", ("x",), {"shape": (2, "rows")}), True),
        (Node("reshape", ("x",), {"shape": (2, "2*rows")}), True),
        (Node("reshape", ("x",), {"shape": (2, -1)}), False),
        (Node("getitem", ("x",), {"key": ("rows",)}), False),
        (Node("astype", ("x",), {"dtype": "rows"}), False),
        (Node("unknown", ("x",), {"shape": ("rows",)}), False),
    ],
)
def test_whether_a_graph_uses_sizes(node: Node, used: bool) -> None:
    graph = Graph(inputs={"x": Input(shape=("rows",))}, nodes={"n": node})
    assert uses_sizes(graph, OPERATORS) is used
    assert not uses_sizes(graph.replace(inputs={"x": Input(shape=(3,)), "rows": 1}), OPERATORS)


def test_lengths_put_in_keep_what_else_a_graph_is() -> None:
    graph = load(
        "name: a, description: b, inputs: {x: {shape: [rows, k]}}, target: n, nodes: {"
        "m: {op: reshape, inputs: [x], attributes: {shape: [rows*k]}, description: flat}, n: sum(m) / rows}"
    )
    sized = put_sizes(graph, {"rows": 3, "k": 2}, OPERATORS)
    assert sized.nodes["m"] == graph.nodes["m"]._replace(attributes={"shape": (6,)})
    assert sized.nodes["n"].inputs == ("n#1", 3)
    assert (sized.source, sized.operators, sized.target) == (graph.source, graph.operators, "n")
    assert sized.inputs == graph.inputs
    assert put_sizes(sized, {"rows": 3, "k": 2}, OPERATORS) == sized


def test_lengths_that_are_not_known_stay() -> None:
    graph = load("inputs: {x: {shape: [rows, k]}}, nodes: {m: 'reshape(x, shape=[rows*k, 1])', n: sum(x) / rows / k}")
    half = put_sizes(graph, {"k": 2}, OPERATORS)
    assert half.nodes["m"].attributes == {"shape": ("2*rows", 1)}
    assert put_sizes(half, {"rows": 3}, OPERATORS) == put_sizes(graph, {"rows": 3, "k": 2}, OPERATORS)


@pytest.mark.parametrize(
    ("shape", "lengths", "message"),
    [
        ("rows - 4", {"rows": 3}, "`rows - 4` in the attribute `shape` of `reshape` is -1 with rows = 3"),
        ("6//(k - rows)", {"rows": 3, "k": 3}, "`6//(k - rows)` in the attribute `shape` of `reshape` divides by 0"),
        (
            "rows*k",
            {"rows": 2**40, "k": 2**40},
            "`k*rows` in the attribute `shape` of `reshape` is larger than 64 bits",
        ),
    ],
)
def test_lengths_that_are_none(shape: str, lengths: dict[str, int], message: str) -> None:
    graph = load(f"inputs: {{x: {{shape: [rows, k]}}}}, nodes: {{m: 'reshape(x, shape=[1, {shape}])'}}")
    with pytest.raises(DataError) as caught:
        put_sizes(graph, lengths, OPERATORS)
    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.path) == ("DF0519", ("nodes", "m", "attributes", "shape", 1))
    assert problem.message.startswith(message)


def test_attributes_are_resolved_where_sizes_may_stand() -> None:
    rows = SymbolicSize.named("rows")
    node = Node("pad", ("x",), {"pad_width": (("rows", "2*rows - rows"), (0, "1 + 1")), "mode": "edge"})
    assert resolve_attributes(node, OPERATORS["pad"]) == {"pad_width": ((rows, rows), (0, 2)), "mode": "edge"}
    plain = Node("sum", ("x",), {"axis": (0, 1)})
    assert resolve_attributes(plain, OPERATORS["sum"]) is plain.attributes
    padded = Node("conv", ("x", "w"), {"padding": "same", "stride": ("k", 1)})
    assert resolve_attributes(padded, OPERATORS["conv"]) == {"padding": "same", "stride": (parse_size("k"), 1)}
    wrong = Node("reshape", ("x",), {"shape": ("rows +", "3")})
    assert resolve_attributes(wrong, OPERATORS["reshape"]) == {"shape": ("rows +", "3")}
