"""Compiled graphs beside `execute` where numbers are not tame: infinite slopes, no rows, integers, signs of zeros."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dataflow
from dataflow.asked import AlongRows
from dataflow.errors import DataflowError

TAME = (0.0, -0.0, 1.0, 2.0, -1.0, 0.5, 3.0)  # of which sums are exact, and at which slopes are infinite


def draw(shape: tuple[int, ...], seed: int) -> Any:
    return np.random.default_rng(seed).choice(TAME, shape)


def assert_same(found: Any, expected: Any, name: str, *, signs: bool) -> None:
    """The same numbers but for rounding, infinities and NaN at the same places, and the same signs of zeros."""
    expected = np.broadcast_to(np.asarray(0.0 if expected is None else expected, float), np.shape(found))
    np.testing.assert_allclose(np.asarray(found, float), expected, rtol=1e-9, atol=1e-9, err_msg=name)
    if signs:
        zero = (expected == 0) & (np.asarray(found) == 0)
        assert np.array_equal(np.signbit(found) & zero, np.signbit(expected) & zero), name


def _try(run: Callable[[], Any]) -> tuple[Any, list[str]]:
    """What a function gives, or the codes of the problems that it tells."""
    try:
        return run(), []
    except DataflowError as error:
        return None, [item.code for item in error.diagnostics]


def assert_as_executed(graph: dataflow.Graph, inputs: dict[str, Any], **options: Any) -> None:
    """All values and gradients, or the same refusal. Signs of zeros are those of values alone: masks turn others."""
    run = dataflow.compile(graph, outputs=list(graph.names()), workers=1, **options)
    expected, refused = _try(lambda: dataflow.execute(graph, inputs))
    found, codes = _try(lambda: run(inputs))
    assert codes == refused
    if refused:
        return
    for name, value in found.values.items():
        assert np.asarray(value).dtype == np.asarray(expected.values[name]).dtype
        assert_same(value, expected.values[name], name, signs=True)
    for name, gradient in found.gradients.items():
        assert_same(gradient, expected.gradients[name], f"gradient of {name}", signs=False)


WAYS: dict[str, tuple[int, dict[str, Any]]] = {
    "few rows": (4, {}), "blocks": (2500, {}), "limited": (2500, {"memory_limit": 10**8}),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("nodes", [
    "J: 'sum(log(x)[0:1])'",
    "l: log(x), J: 'l[0, 0]'",
    "J: 'sum(take(log(x), i, axis=1))'",
    "J: 'sum(tril(log(x)))'",
    "J: 'sum(diff(sqrt(x), axis=1)[:, 0])'",
    "J: 'sum(trapezoid(sqrt(x[:, 1:3]), axis=1) * x[:, 0])'",
    "J: 'sum(where(x > 0, log(x), 0)) + sum(floor(log(x)))'",
    "J: 'sum(where(x > 0, log(x), 0)) + sum(sign(sqrt(x)))'",
    "J: 'sum(floor(log(x))) + sum(where(x > 0, log(x), 0)) + sum(sqrt(x)[:, 1])'",
    "J: 'sum(max(log(x), axis=0)) + sum(sort(1 / x, axis=1)[:, 2])'",
])  # fmt: skip
def test_what_is_left_out_has_no_gradient(nodes: str, way: str) -> None:
    rows, options = WAYS[way]
    declared = "x: {shape: [rows, 3]}, i: {shape: [2], dtype: int64}"
    graph = dataflow.loads(f"{{dataflow: 1, inputs: {{{declared}}}, nodes: {{{nodes}}}, target: J}}")
    x = np.abs(draw((rows, 3), 1))
    x[0] = [2.0, 0.0, 0.0]
    assert_as_executed(graph, {"x": x, "i": np.array([0, 2])}, **options)


def test_what_is_left_out_has_no_gradient_along_rows(tmp_path: Path) -> None:
    nodes = "l: log(x), J: 'sum(l[:, 1])'"
    graph = dataflow.loads(f"{{dataflow: 1, inputs: {{x: {{shape: [rows, 3]}}}}, nodes: {{{nodes}}}, target: J}}")
    x = np.full((5000, 3), [0.0, 2.0, 0.0])
    limited = dataflow.execute(graph, {"x": x}, only=["x"], memory_limit=10**8).gradients["x"]
    assert np.array_equal(limited, dataflow.execute(graph, {"x": x}).gradients["x"])
    rows = AlongRows(rows_to=str(tmp_path / "rows.parquet"))
    summary = dataflow.execute(graph, {"x": x}, only=["x", "l"], along_rows=rows).gradients["x"]
    assert (summary["non_finite"], summary["max"]) == (0, 0.5)


SINGULAR = (
    "{a} * {b}", "{a} + {b}", "{a} - {b}", "{a} / {b}", "log({a})", "sqrt({a})", "1 / {a}", "{a} ** -1", "{a} ** 0.5",
    "where({a} > 0, log({a}), 0)", "where({a} > 1, where({a} > 1, {b}, -0.0), 0)", "floor({a})", "sign({a})",
    "maximum({a}, {b})", "clip({a}, min=0, max=1)", "{a} - mean({b}, axis=0)", "{a} * sum(-{b}, axis=0)", "-{a} * {b}",
    "max({a}, axis=1, keepdims=True) * {b}", "stack([{a}[:, 0], {b}[:, 1], {a}[:, 1]], axis=1)", "tril({a})",
    "concat([{a}[:, 0:2], {b}[:, 1:2]], axis=1)", "sort({a}, axis=1)", "cumulative_sum({a}, axis=1)", "{a} @ w",
    "take({a}, i, axis=1)", "hypot({a}, {b})", "xlogy({a}, {b})", "prod({a}, axis=1, keepdims=True) + {b}", "{a} * n",
)  # fmt: skip
ENDS = ("sum({a})", "mean({a})", "sum({a}[:, 0])", "1 / sum({a})", "sum(where({a} > 0, {a}, 0))", "log(sum(-{a}))")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(SINGULAR) - 1), min_size=1, max_size=7), st.sampled_from(ENDS),
       st.integers(0, 10**6), st.sampled_from([0, 3, 2500]))  # fmt: skip
def test_random_programs_with_infinite_slopes(choices: list[int], end: str, seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    names, lines = ["x", "y"], []
    for index, choice in enumerate(choices):
        a, b = rng.choice(names, 2)
        lines.append(f"n{index}: '{SINGULAR[choice].format(a=a, b=b)}'")
        names.append(f"n{index}")
    table = "shape: [rows, 3]"
    declared = (f"x: {{{table}}}, y: {{{table}}}, w: {{shape: [3, 3]}}, n: {{{table}, dtype: int64}}, "
                "i: {shape: [3], dtype: int64}")  # fmt: skip
    lines.append(f"J: '{end.format(a=names[-1])}'")
    graph = dataflow.loads(f"{{dataflow: 1, inputs: {{{declared}}}, nodes: {{{', '.join(lines)}}}, target: J}}")
    inputs = {
        "x": draw((rows, 3), seed), "y": draw((rows, 3), seed + 1), "w": draw((3, 3), seed + 2),
        "i": rng.integers(0, 3, 3), "n": rng.integers(-1, 3, (rows, 3)),
    }  # fmt: skip
    assert_as_executed(graph, inputs)


@pytest.mark.parametrize("rows", [4, 5000])
@pytest.mark.parametrize(
    "formula", ["n ** -1", "n ** -2", "n ** 2", "n ** 3", "2 ** n", "n ** 1", "1 / n", "floor_divide(n, n)"]
)
def test_powers_of_integers(formula: str, rows: int) -> None:
    declared = "n: {shape: [rows], dtype: int64}"
    graph = dataflow.loads(f"{{dataflow: 1, inputs: {{{declared}}}, nodes: {{z: '{formula}'}}}}")
    assert_as_executed(graph, {"n": np.arange(rows) % 5 + 1})
    assert_as_executed(graph, {"n": np.arange(rows) % 5 - 2})


COMPOSITES = """
import pluggy
from dataflow import Operator
hookimpl = pluggy.HookimplMarker("dataflow")

def make(name, forward, takes="numeric", **more):
    return Operator(name, name, forward=forward, takes=takes, **more)

@hookimpl
def dataflow_operators():
    return [
        make("minus_minus", lambda xp, x, y: x - (-y)),
        make("sum_of_minus", lambda xp, x: xp.sum(-x)),
        make("minus_over", lambda xp, x, y: (-x) / y),
        make("product_of_minus", lambda xp, x, y: (-x) * y),
    ]
"""


@pytest.mark.parametrize("rows", [4, 5000])
@pytest.mark.parametrize("dtype", ["int64", "uint8", "uint32", "float64"])
@pytest.mark.parametrize("formula", ["minus_minus(x, y)", "sum_of_minus(x)", "minus_over(x, y)",
                                     "product_of_minus(x, y)"])  # fmt: skip
def test_signs_in_rules(formula: str, dtype: str, rows: int, tmp_path: Path) -> None:
    (tmp_path / "ops.py").write_text(COMPOSITES)
    table = dataflow.standard().with_files([str(tmp_path / "ops.py")])
    declared = f"x: {{shape: [rows], dtype: {dtype}}}, y: {{shape: [rows], dtype: int64}}"
    text = f"{{dataflow: 1, inputs: {{{declared}}}, nodes: {{z: '{formula}', w: 1 / z}}}}"
    graph = dataflow.loads(text, operators=table)
    assert_as_executed(graph, {"x": (np.arange(rows) % 3).astype(dtype), "y": np.arange(rows) % 4 + 1})


@pytest.mark.parametrize("nodes", [
    "z: 'where(x > 2, where(x > 2, x, -0.0), 0)', K: 1 / z, J: sum(x)",
    "J: 'sum(x * (x - b)) - 2'",
    "s: 'sum(-x)', K: 1 / s, J: 's * b'",
    "s: 'sum(b * -0.0)', K: 1 / s, J: 'sum(x) * b'",
    "s: 'mean(-x) - mean(x)', K: 1 / s, J: 's * b'",
    "s: 'binary_cross_entropy(sigmoid(x), x > 0, reduction=\"sum\")', K: 1 / s, J: 's * b'",
])  # fmt: skip
@pytest.mark.parametrize("x", [[], [1.0, -1.0], [1.0, 3.0], [0.0, 0.0], [-0.0]], ids=str)
def test_signs_of_zeros(nodes: str, x: list[float]) -> None:
    declared = "x: {shape: [rows]}, b: 1"
    graph = dataflow.loads(f"{{dataflow: 1, inputs: {{{declared}}}, nodes: {{{nodes}}}, target: J}}")
    assert_as_executed(graph, {"x": np.array(x)})
    found = dataflow.compile(graph)({"x": np.array(x)}).gradients["b"]
    assert np.signbit(found) == np.signbit(dataflow.execute(graph, {"x": np.array(x)}).gradients["b"])


@pytest.mark.parametrize("kind", ["npy", "parquet", "csv"])
def test_no_rows_along_rows(kind: str, tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    source = tmp_path / f"x.{kind}"
    column = "" if kind == "npy" else ", column: x"
    if kind == "npy":
        np.save(source, np.zeros(0))
    elif kind == "csv":
        source.write_text("x\n")
    else:
        parquet.write_table(pyarrow.table({"x": pyarrow.array([], pyarrow.float64())}), source)
    nodes = "z: exp(x), J: sum(z), K: J + 1, C: 'sum(z, axis=0) * 2'"
    text = f"{{dataflow: 1, inputs: {{x: {{source: {source.name}, shape: [rows]{column}}}}}, nodes: {{{nodes}}}}}"
    (tmp_path / "g.yaml").write_text(text)
    graph = dataflow.load(tmp_path / "g.yaml")
    rows_to = str(tmp_path / "rows.npy")
    found = dataflow.execute(graph, only=["z", "J", "K", "C"], along_rows=AlongRows(rows_to=rows_to)).values
    assert (found["J"], found["K"], found["C"], found["z"]["count"]) == (0.0, 1.0, 0.0, 0)
    assert np.load(rows_to).shape == (0,)


def test_the_greatest_of_no_rows_is_refused(tmp_path: Path) -> None:
    graph = dataflow.loads("{dataflow: 1, inputs: {x: {shape: [rows]}}, nodes: {z: exp(x), J: max(z)}}")
    with pytest.raises(DataflowError, match="DF0516"):
        dataflow.execute(graph, {"x": np.zeros(0)}, only=["z", "J"], along_rows=AlongRows(str(tmp_path / "r.npy")))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("formula", ["x + y", "x * y", "maximum(x, y)", "where(x > 1, x, y)", "concat([x, y])",
                                     "sum(p) * sum(q)", "outer(x, y)", "x @ y", "x == y", "x > y"])  # fmt: skip
def test_integers_without_a_common_type_are_floats_of_the_graph(formula: str, dtype: str) -> None:
    declared = ", ".join(f"{name}: {{shape: [3], dtype: {kind}}}" for name, kind in
                         [("x", "uint64"), ("y", "int64"), ("p", "uint32"), ("q", "int32")])  # fmt: skip
    text = f"{{dataflow: 1, dtype: {dtype}, inputs: {{{declared}}}, nodes: {{z: '{formula}'}}}}"
    graph = dataflow.loads(text)
    inputs = {name: np.array([1, 2, 3]) for name in "xypq"} | {"y": np.array([-4, 2, 1])}
    assert_as_executed(graph, inputs)
    found = dataflow.execute(graph, inputs)
    assert str(np.asarray(found.values["z"]).dtype) == (dtype if formula[2] not in "=>" else "bool")
    assert found.types["z"][0] == str(np.asarray(found.values["z"]).dtype)


@pytest.mark.parametrize("nodes", ["J: 'sum(x * 1e300 * 1e8)'", "J: 'sum(where(x > 0, 1e200, -1e200) * x * 1e100)'"])
def test_gradients_that_overflow_are_looked_at_in_silence(nodes: str) -> None:
    graph = dataflow.loads(f"{{dataflow: 1, inputs: {{x: {{shape: [rows]}}}}, nodes: {{{nodes}}}, target: J}}")
    assert_as_executed(graph, {"x": np.array([1.0, -1.0])})


def test_groups_of_numbers_with_infinite_slopes() -> None:
    """A graph of numbers that runs in groups, one of whose cotangents is infinity and another minus infinity."""
    nodes = ", ".join(f"n{index}: 'sqrt(x{index % 2}) * {2 * (index % 2) - 1}'" for index in range(2000))
    sums = [" + ".join(f"n{index}" for index in range(start, 2000, 4)) for start in range(4)]
    nodes += "".join(f", s{index}: '{total}'" for index, total in enumerate(sums))
    text = f"{{dataflow: 1, inputs: {{x0: 0.0, x1: 0.0}}, nodes: {{{nodes}, J: s0 + s1 + s2 + s3}}, target: J}}"
    graph = dataflow.loads(text)
    assert "groups" in dataflow.compile(graph).explain()[0]
    assert_as_executed(graph, {})


@pytest.mark.parametrize("rows", [4, 5000])
@pytest.mark.parametrize("formula", ["where(n > 1, n, -1)", "where(n > 1, 300, n)", "where(n > 1, n, 7)", "n + 300"])
def test_integers_that_do_not_fit_are_refused(formula: str, rows: int) -> None:
    """NumPy's `where` would make 255 of -1."""
    text = f"{{dataflow: 1, inputs: {{n: {{shape: [rows], dtype: uint8}}}}, nodes: {{z: '{formula}'}}}}"
    graph = dataflow.loads(text)
    inputs = {"n": np.arange(rows) % 5}
    assert_as_executed(graph, inputs)
    if "7" not in formula:
        with pytest.raises(DataflowError, match=r"DF0516.*out of bounds for uint8"):
            dataflow.execute(graph, inputs)


def test_infinity_times_nothing_is_not_lost_in_einsum() -> None:
    """NumPy adds up first what a repeated factor multiplies."""
    nodes = "S: 'sum(einsum(x, y, equation=\"ij,ik->jk\"))', J: 1 / S"
    graph = dataflow.loads(
        f"{{dataflow: 1, inputs: {{x: {{shape: [2, 2]}}, y: {{shape: [2, 2]}}}}, nodes: {{{nodes}}}, target: J}}"
    )
    inputs = {"x": np.zeros((2, 2)), "y": np.array([[1.0, 0.0], [2.0, 0.0]])}
    assert_as_executed(graph, inputs)
    assert np.isnan(dataflow.compile(graph)(inputs).gradients["x"]).all()


def test_what_is_swept_gives_arrays_of_the_callers_own() -> None:
    text = ("{dataflow: 1, inputs: {x: {shape: [rows]}, m: {shape: [rows], dtype: bool}}, "
            "nodes: {y: 'boolean_mask(x, m)', v: y, J: sum(y)}, target: J}")  # fmt: skip
    run = dataflow.compile(dataflow.loads(text), outputs=["x", "y", "v"])
    assert "whole values" in run.explain({"x": draw((9,), 1), "m": draw((9,), 2) > 0})[0]
    x, m = draw((5000,), 1), draw((5000,), 2) > 0
    found = run({"x": x, "m": m})
    arrays = [*found.values.values(), *found.gradients.values(), x]
    for index, one in enumerate(arrays):
        assert one.flags.writeable
        assert not any(np.shares_memory(one, other) for other in arrays[:index])
