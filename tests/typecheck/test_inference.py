"""Shapes before anything runs: they agree with what comes out, wrong ones are found at their line, sizes must agree."""

from __future__ import annotations

from typing import Any

import pytest

import dataflow
from dataflow import Operator, standard
from dataflow.shapes import ArrayType
from dataflow.sizes import parse_size
from dataflow.typecheck import check_types, infer_types, list_unknown
from tests.sweeps.random_graphs import offer
from tests.typecheck.agreement import compare
from tests.typecheck.drawn import break_graph, draw

TABLE = standard()


def infer(text: str, **about: Any) -> Any:
    graph = dataflow.loads(f"{{dataflow: 1, {text}}}", **about)
    return infer_types(graph, graph.operators)


@pytest.mark.parametrize("seed", range(150))
def test_random_graphs_have_the_types_of_what_comes_out(seed: int) -> None:
    assert compare(seed)[0] > 0


@pytest.mark.parametrize("seed", range(60))
def test_a_wrong_shape_is_found_at_its_line_and_once(seed: int) -> None:
    text, line = break_graph(draw(seed), seed)
    graph = dataflow.loads(text)
    found = graph.source.locate_all(check_types(graph, TABLE).found)
    assert [(item.line, item.node) for item in found] == [(line, "wrong")], text
    assert found[0].code in ("DF0515", "DF0516", "DF0517")
    assert found[0].found is not None


def test_the_message_says_where_each_shape_comes_from() -> None:
    text = "dataflow: 1\ninputs:\n  X: {shape: [rows, 3]}\n  w: [1, 2, 3, 4]\nnodes:\n  v: w * 2\n  y: sin(X @ v)\n"
    graph = dataflow.loads(text)
    (problem,) = graph.source.locate_all(check_types(graph, TABLE).found)
    assert (problem.code, problem.line, problem.column) == ("DF0516", 7, 10)
    assert problem.found == "`X` is float64[rows, 3] (line 3); `v` is float64[4] (line 6), from `w` float64[4] (line 4)"


# --- symbolic sizes ---


def test_symbolic_sizes_go_through_the_graph() -> None:
    types = infer(
        "inputs: {X: {shape: [rows, 2*h]}, W: {shape: [2*h, k]}}, nodes: {z: X @ W, s: 'sum(z, axis=0)',"
        " c: 'concat([z, z], axis=1)', r: 'reshape(X, shape=[-1])', f: 'X[1:]', m: mean(z)}"
    ).types
    shown = {name: str(types[name]) for name in ("z", "s", "c", "r", "f", "m")}
    assert shown == {
        "z": "float64[rows, k]", "s": "float64[k]", "c": "float64[rows, 2*k]", "r": "float64[2*h*rows]",
        "f": "float64[rows - 1, 2*h]", "m": "float64",
    }  # fmt: skip


def test_a_size_that_has_to_be_a_number_is_that_number_from_there_on() -> None:
    found = infer("inputs: {x: {shape: [n]}, w: [1, 2, 3]}, nodes: {y: x + w, z: y * 2, u: x * 3}")
    assert [(name, length, node) for name, length, node in found.assumed] == [("n", 3, "y")]
    assert str(found.types["z"]) == "float64[3]"
    assert not found.found


@pytest.mark.parametrize("nodes", [
    "{y: 'x + ones(shape=[3])', z: 'x + ones(shape=[4])'}",
    "{y: 'x @ ones(shape=[3])', z: 'stack([x, ones(shape=[5])], axis=0)'}",
])  # fmt: skip
def test_sizes_that_contradict_each_other(nodes: str) -> None:
    found = infer(f"inputs: {{x: {{shape: [n]}}}}, nodes: {nodes}")
    assert [item.node for item in found.found] == ["z"]
    assert "n = 3 since `y` needs it" in (found.found[0].found or "")


def test_computed_sizes_that_can_never_be_equal() -> None:
    found = infer("inputs: {x: {shape: [n]}, y: {shape: [n + 1]}}, nodes: {z: x * y}")
    assert [item.code for item in found.found] == ["DF0515"]
    solved = infer("inputs: {x: {shape: [2*n]}, y: [1, 2, 3, 4, 5, 6]}, nodes: {z: x * y}")
    assert solved.assumed[0][:2] == ("n", 3)
    odd = infer("inputs: {x: {shape: [2*n]}, y: [1, 2, 3]}, nodes: {z: x * y}")
    assert [item.code for item in odd.found] == ["DF0515"]


# --- what is not known ---


def test_what_is_known_only_with_the_data_is_said_and_not_guessed() -> None:
    found = infer("inputs: {x: {source: x.npy}, m: {value: [true, false], dtype: bool}, w: [1, 2]}, "
                  "nodes: {y: exp(x), z: y + 1, k: 'boolean_mask(w, m)', s: sum(k)}")  # fmt: skip
    assert set(found.unknown) == {"x", "y", "z"}
    assert list(list_unknown(found)) == ["the shape of `x.npy` is not declared, and known when it is read"]
    assert str(found.types["k"]) == "float64[size(boolean_mask(m), 0, 0)]"
    assert str(found.types["s"]) == "float64"


def test_two_columns_of_one_table_have_the_same_rows() -> None:
    found = infer("inputs: {a: {source: t.csv, column: a}, b: {source: t.csv, columns: [b, c]}}, "
                  "nodes: {y: a @ b}")  # fmt: skip
    assert str(found.types["y"]) == "float64[2]"
    assert not found.assumed


def test_an_opaque_operator_is_named_and_one_with_a_rule_is_known() -> None:
    def double(xp: Any, x: Any) -> Any:
        import numpy as np

        return np.concatenate([x, x])

    opaque = Operator("doubled", "", forward=double, backward={"x": None})
    (reason,) = set(infer("inputs: {x: [1, 2]}, nodes: {y: doubled(x)}", operators=offer(opaque)).unknown.values())
    assert "doubled" in reason
    stated = opaque.replaced(shape=lambda x: (2 * x[0], *x[1:]))
    types = infer("inputs: {x: {shape: [n]}}, nodes: {y: doubled(x)}", operators=offer(stated)).types
    assert types["y"] == ArrayType("float64", (parse_size("2*n"),))


def test_a_rule_that_fails_on_symbols_is_no_fault_of_the_graph() -> None:
    def choose(xp: Any, x: Any) -> Any:
        return x if xp.sum(x) > 0 else -x

    found = infer("inputs: {x: [1, 2]}, nodes: {y: choose(x)}", operators=offer(Operator("choose", "", forward=choose)))
    assert not found.found
    assert "y" in found.unknown


# --- memory ---


def test_a_graph_that_would_need_terabytes_is_refused_in_a_sentence() -> None:
    graph = dataflow.loads(
        "{dataflow: 1, inputs: {x: 1}, nodes: {y: 'broadcast_to(x, shape=[1000000, 1000000])', z: exp(y)}}"
    )
    (problem,) = check_types(graph, TABLE).found
    assert problem.code == "DF0607"
    assert problem.message.startswith("`z` (float64[1000000, 1000000]) needs 8 TB, and this machine has ")
    with pytest.raises(dataflow.GraphError, match="8 TB"):
        dataflow.execute(graph)
    assert dataflow.execute(graph, only=["x"]).values == {"x": 1.0}


def test_large_graphs_of_numbers_are_not_looked_at() -> None:
    lines = "".join(f"  x{i + 1}: x{i} * 2\n" for i in range(20_001))
    graph = dataflow.loads(f"dataflow: 1\ninputs: {{x0: 1}}\nnodes:\n{lines}")
    assert check_types(graph, TABLE).types == {}
