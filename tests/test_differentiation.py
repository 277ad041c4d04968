"""Runs with derivatives: the graph's own and those asked for, at the values of the run."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow.errors import DataflowError, GraphError, StrictError, UsageError
from dataflow.graph import Derivative

HEAD = "dataflow: 1\ninputs: {x: 3, w: [1, 2], q: 7}\nnodes: {y: x * w ** 2, J: sum(y)}\n"
GRAPH = dataflow.loads(f"""{HEAD}derivatives:
  slopes: {{jacobian: y, wrt: [x, w]}}
  moving: {{jvp: [y, J], along: {{w: [1, 0], x: 2}}}}
target: J
""")
PLAIN = dataflow.loads(HEAD)


def codes(error: pytest.ExceptionInfo[DataflowError]) -> list[str]:
    return [problem.code for problem in error.value.diagnostics]


def block(result: dataflow.Result, name: str, first: str, second: str) -> Any:
    return result.derivatives[name].blocks[first, second]


def run(derivative: Derivative, **values: Any) -> Any:
    return dataflow.execute(PLAIN, values, derivatives={"d": derivative}).derivatives["d"]


def test_the_derivatives_of_a_graph() -> None:
    """By hand: y = x w^2, so dy/dx = w^2 and dy/dw = 2 x w on the diagonal."""
    result = dataflow.execute(GRAPH)
    assert list(result.derivatives) == ["slopes", "moving"]
    slopes: Any
    moving: Any
    slopes, moving = result.derivatives.values()
    assert slopes.blocks["y", "x"].tolist() == [1, 4]
    assert slopes.blocks["y", "w"].tolist() == [[6, 0], [0, 12]]
    assert (slopes.kind, slopes.of, slopes.wrt) == ("jacobian", ("y",), ("x", "w"))
    assert moving.blocks["y", ""].tolist() == [2 * 1 + 6, 2 * 4]
    assert moving.blocks["J", ""] == 16
    assert (moving.of, moving.wrt) == (("y", "J"), ("w", "x"))


def test_they_are_taken_at_the_values_of_the_run() -> None:
    result = dataflow.execute(GRAPH, {"x": 1, "w": [5, 0]}, only=["q"])
    assert list(result.values) == ["q"]
    assert block(result, "slopes", "y", "w").tolist() == [[10, 0], [0, 0]]


@pytest.mark.parametrize("only", [(), ("q",), ("x", "J"), None])
def test_what_is_reported_does_not_matter(only: Any) -> None:
    result = dataflow.execute(GRAPH, only=only)
    assert block(result, "slopes", "y", "x").tolist() == [1, 4]
    assert list(result.values) == (["x", "w", "q", "y", "J"] if only is None else list(only))
    assert list(result.gradients) == list(result.values)


def test_derivatives_that_are_asked_for_beside() -> None:
    result = dataflow.execute(GRAPH, derivatives={"more": Derivative("hessian", ("J",), wrt=("x", "w"))})
    assert list(result.derivatives) == ["slopes", "moving", "more"]
    assert block(result, "more", "w", "x").tolist() == [2, 4]
    assert result.digest == GRAPH.digest


def test_without_wrt_they_are_taken_in_all_that_is_differentiable() -> None:
    graph = dataflow.loads(
        "dataflow: 1\ninputs: {x: 3, k: {value: 2, dtype: int64}, c: {value: 1, differentiable: false}}\n"
        "parameters: {b: 4}\nnodes: {y: x ** 2 * b * c + k}"
    )
    for kind in ("gradient", "jacobian", "hessian"):
        assert dataflow.execute(graph, derivatives={"d": Derivative(kind, ("y",))}).derivatives["d"].wrt == ("x", "b")
    named = dataflow.execute(graph, derivatives={"d": Derivative("gradient", ("y",), wrt=("c",))}).derivatives["d"]
    assert named.blocks["", "c"] == 36


def test_a_hessian_times_a_direction_is_taken_in_more_than_what_moves() -> None:
    """J = x (w1^2 + w2^2): d2J/dxdw1 = 2 w1, d2J/dw1^2 = 2 x."""
    along = {"w": [1, 0]}
    everywhere = run(Derivative("hvp", ("J",), along=along))
    assert everywhere.wrt == ("x", "w", "q")
    assert {key[1]: np.asarray(part).tolist() for key, part in everywhere.blocks.items()} == {
        "x": 2, "w": [6, 0], "q": 0,
    }  # fmt: skip
    elsewhere = run(Derivative("hvp", ("J",), along=along, wrt=("x",)))
    assert (elsewhere.wrt, elsewhere.blocks) == (("x",), {("", "x"): 2.0})


def test_what_does_not_depend_is_zero_and_said() -> None:
    for kind, key in (("jacobian", ("J", "q")), ("gradient", ("", "q")), ("hessian", ("q", "q"))):
        found = run(Derivative(kind, ("J",), wrt=("q", "x")))
        assert (found.unreached, found.blocks[key]) == (("q",), 0)
    assert run(Derivative("jvp", ("J",), along={"q": 1}))[-1] == ("q",)
    assert run(Derivative("gradient", ("x",), wrt=("J",))).blocks["", "J"] == 0


def test_a_gradient_in_a_node() -> None:
    assert run(Derivative("gradient", ("J",), wrt=("y",))).blocks["", "y"].tolist() == [1, 1]
    assert run(Derivative("vjp", ("y",), wrt=("y",), cotangent=[3, 4])).blocks["", "y"].tolist() == [3, 4]


def test_numbers_arrays_and_text_as_directions() -> None:
    for direction in ([1, 0], (1.0, 0.0), np.array([1, 0]), np.array([1, 0], "float32")):
        assert run(Derivative("jvp", ("y",), along={"w": direction})).blocks["y", ""].tolist() == [6, 0]
    assert run(Derivative("jvp", ("J",), along={"x": np.float64(1)})).blocks["J", ""] == 5
    assert run(Derivative("jvp", ("J",), along={"x": "Infinity"})).blocks["J", ""] == np.inf


def test_float32_stays_float32() -> None:
    graph = dataflow.loads("{dataflow: 1, dtype: float32, inputs: {x: [1, 2]}, nodes: {y: x ** 2, J: sum(y)}}")
    asked = {
        "j": Derivative("jacobian", ("y",)), "h": Derivative("hessian", ("J",)), "g": Derivative("gradient", ("J",)),
        "v": Derivative("vjp", ("y",), cotangent=[1, 0.1]), "s": Derivative("jacobian", ("y",), sparse=True),
    }  # fmt: skip
    for product in dataflow.execute(graph, derivatives=asked).derivatives.values():
        for part in product.blocks.values():
            found: Any = getattr(part, "values", part)
            assert found.dtype == "float32"


def test_symbolic_sizes_are_those_of_the_values() -> None:
    graph = dataflow.loads(
        "dataflow: 1\ninputs: {x: {value: [1, 2, 3], shape: [rows]}}\nnodes: {J: sum(x ** 2) / rows}\n"
        "derivatives: {h: {hessian: J}}\n"
    )
    assert block(dataflow.execute(graph), "h", "x", "x").tolist() == (np.eye(3) * 2 / 3).tolist()
    assert block(dataflow.execute(graph, {"x": [1, 2]}), "h", "x", "x").tolist() == np.eye(2).tolist()


@pytest.mark.parametrize(
    ("derivative", "code"),
    [
        (Derivative("hesian", ("J",)), "DF0240"), (Derivative("jvp", ("J",)), "DF0241"),
        (Derivative("jacobian", ("Z",)), "DF0905"), (Derivative("jacobian", ("J",), wrt=("xx",)), "DF0905"),
        (Derivative("jvp", ("y",), along={"w": [1, 2, 3]}), "DF0243"), (None, "DF0252"),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly(derivative: Any, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        dataflow.execute(PLAIN, derivatives={"d": derivative})
    assert codes(caught) == [code]
    assert caught.value.diagnostics[0].message.startswith("derivative `d`: ") or code == "DF0252"
    assert caught.value.diagnostics[0].line is None


def test_a_name_that_the_graph_uses() -> None:
    with pytest.raises(UsageError) as caught:
        dataflow.execute(GRAPH, derivatives={"slopes": Derivative("gradient", ("J",))})
    assert codes(caught) == ["DF0919"]


@pytest.mark.parametrize(
    ("derivative", "code"),
    [
        (Derivative("hessian", ("y",)), "DF0233"), (Derivative("gradient", ("y",)), "DF0233"),
        (Derivative("hvp", ("y",), along={"x": 1}), "DF0233"), (Derivative("jacobian", ("b",)), "DF0232"),
        (Derivative("gradient", ("b",)), "DF0232"), (Derivative("gradient", ("J",), wrt=("b",)), "DF0245"),
        (Derivative("vjp", ("y",), cotangent=[1, 2, 3]), "DF0243"),
        (Derivative("vjp", ("y",), cotangent=np.ones((2, 1))), "DF0243"),
        (Derivative("jvp", ("y",), along={"w": np.ones(3)}), "DF0243"),
    ],
)  # fmt: skip
def test_what_the_values_do_not_allow(derivative: Derivative, code: str) -> None:
    graph = dataflow.loads("{dataflow: 1, inputs: {x: 1, w: [1, 2]}, nodes: {y: x * w, b: w > x, J: sum(y)}}")
    with pytest.raises(GraphError) as caught:
        dataflow.execute(graph, derivatives={"d": derivative})
    assert codes(caught) == [code]
    assert caught.value.diagnostics[0].line is None
    with pytest.raises(GraphError) as caught:
        dataflow.execute(graph.replace(derivatives={"d": derivative}))
    assert codes(caught) == [code]


def test_texts_are_no_direction() -> None:
    with pytest.raises(GraphError) as caught:
        run(Derivative("jvp", ("y",), along={"w": np.array(["a", "b"])}))
    assert codes(caught) == ["DF0243"]


def test_float32_does_not_hold_every_direction() -> None:
    graph = dataflow.loads("{dataflow: 1, dtype: float32, inputs: {x: [1, 2]}, nodes: {y: x ** 2}}")
    with pytest.raises(GraphError) as caught:
        dataflow.execute(graph, derivatives={"d": Derivative("jvp", ("y",), along={"x": [1e300, 0]})})
    assert codes(caught) == ["DF0243"]


def test_nothing_to_differentiate_in() -> None:
    graph = dataflow.loads("{dataflow: 1, inputs: {k: {value: 2, dtype: int64}}, nodes: {y: sin(k)}}")
    with pytest.raises(GraphError) as caught:
        dataflow.execute(graph, derivatives={"d": Derivative("jacobian", ("y",))})
    assert codes(caught) == ["DF0245"]


def test_what_is_not_finite_is_found() -> None:
    graph = dataflow.loads("{dataflow: 1, inputs: {x: [0, 1]}, nodes: {y: sqrt(x), J: sum(y)}}")
    of = {"jacobian": "y", "gradient": "J", "hessian": "J"}
    asked = {kind[0]: Derivative(kind, (name,)) for kind, name in of.items()}
    found = dataflow.execute(graph, derivatives=asked).findings
    assert [finding["code"] for finding in found] == ["DF0249"] * 3
    assert found[0]["message"].startswith("`j` is not finite: the derivative of `y` in `x` is ")
    assert found[1]["message"] == "`g` is not finite: the derivative of `J` in `x` is Infinity"
    assert found[2]["message"].startswith("`h` is not finite: the derivative of `J` in `x` and `x` is ")
    with pytest.raises(StrictError) as caught:
        dataflow.execute(graph, derivatives=asked, strict=True)
    assert codes(caught) == ["DF0249"] * 3


def test_numpy_takes_part_and_is_named() -> None:
    result = dataflow.execute(dataflow.loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: x ** 2}}"))
    assert "numpy" not in result.versions
    graph = dataflow.loads("{dataflow: 1, inputs: {x: 3}, nodes: {y: x ** 2}, derivatives: {g: {gradient: y}}}")
    result = dataflow.execute(graph, timings=True)
    assert block(result, "g", "", "x") == 6
    assert result.versions["numpy"] == np.__version__
    assert result.timings is not None
    assert "derivatives" in result.timings


def test_a_run_without_derivatives_imports_nothing_of_them() -> None:
    code = (
        "import sys, json, dataflow\n"
        "graph = dataflow.loads('{dataflow: 1, inputs: {x: [1, 2]}, nodes: {y: sum(x)}, target: y}')\n"
        "dataflow.execute(graph).to_text()\n"
        "print(json.dumps([name for name in sys.modules if 'deriv' in name or 'differ' in name]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    found = set(json.loads(done.stdout.splitlines()[-1]))
    assert {name for name in found if name.startswith("dataflow.")} <= {"dataflow.document.derivatives"}
