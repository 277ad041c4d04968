"""The given values of a run: from the graph, from outside, from files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow.errors import DataflowError, Diagnostic


def load(text: str, folder: Path | None = None) -> dataflow.Graph:
    return dataflow.loads(f"{{dataflow: 1, {text}}}", folder=None if folder is None else str(folder))


def problems(text: str, inputs: dict[str, Any] | None = None, folder: Path | None = None) -> list[Diagnostic]:
    with pytest.raises(DataflowError) as caught:
        dataflow.execute(load(text, folder), inputs or {})
    return list(caught.value.diagnostics)


FLOATS = "inputs: {x: 1, y: 2}, nodes: {z: x * y}"
ARRAY = "inputs: {x: [1, 2]}, nodes: {z: x * 2}"
TYPED = "inputs: {n: {value: 1, dtype: int8}, t: {value: true, dtype: bool}}, nodes: {z: n + n, c: logical_not(t)}"
DECLARED = "inputs: {x: {shape: [2, rows]}}, nodes: {z: x * 2}"

WRONG = [  # graph, name, value, code
    (FLOATS, "x", "text", "DF0502"),
    (FLOATS, "x", True, "DF0502"),
    (FLOATS, "x", [1, 2], "DF0503"),
    (FLOATS, "x", [], "DF0503"),
    (FLOATS, "x", np.ones(1), "DF0503"),
    (FLOATS, "x", np.ones(2), "DF0503"),
    (FLOATS, "x", 10**400, "DF0512"),
    (FLOATS, "x", 1j, "DF0502"),
    (FLOATS, "x", {"a": 1}, "DF0502"),
    (FLOATS, "x", np.array("text"), "DF0502"),
    (FLOATS, "x", np.array(1j), "DF0502"),
    (FLOATS, "x", object(), "DF0502"),
    (ARRAY, "x", 3, "DF0503"),
    (ARRAY, "x", [1, 2, 3], "DF0503"),
    (ARRAY, "x", [[1, 2]], "DF0503"),
    (ARRAY, "x", [1, [2]], "DF0501"),
    (ARRAY, "x", [[1, 2], [3]], "DF0501"),
    (ARRAY, "x", [1, "text"], "DF0502"),
    (ARRAY, "x", [1, None], "DF0502"),
    (ARRAY, "x", np.ones(3), "DF0503"),
    (ARRAY, "x", np.array(["a", "b"]), "DF0502"),
    (ARRAY, "x", np.array([None, 1]), "DF0502"),
    (ARRAY, "x", np.array([1, 2j]), "DF0502"),
    (TYPED, "n", 1.5, "DF0502"),
    (TYPED, "n", 200, "DF0512"),
    (TYPED, "n", np.array(1.5), "DF0545"),
    (TYPED, "n", np.array(200), "DF0546"),
    (TYPED, "t", 1, "DF0502"),
    (TYPED, "t", np.array(1), "DF0547"),
    (DECLARED, "x", [1, 2], "DF0503"),
    (DECLARED, "x", [[1], [2], [3]], "DF0503"),
    (DECLARED, "x", np.ones((3, 2)), "DF0503"),
]


@pytest.mark.parametrize(("text", "name", "value", "code"), WRONG, ids=[f"{row[1]}={row[2]!r:.20}" for row in WRONG])
def test_values_from_outside_that_do_not_fit(text: str, name: str, value: Any, code: str) -> None:
    (problem,) = problems(text, {name: value})
    assert problem.code == code
    assert problem.node == name
    assert name in problem.message
    assert problem.line is None  # it is not the file that is wrong


RIGHT = [  # graph, name, value, result
    (FLOATS, "x", 3, 3.0),
    (FLOATS, "x", np.float32(0.5), 0.5),
    (FLOATS, "x", np.int64(3), 3.0),
    (FLOATS, "x", np.array(3), 3.0),
    (FLOATS, "x", np.array(True), 1.0),
    (FLOATS, "x", "Infinity", math.inf),
    (FLOATS, "x", -0.0, -0.0),
    (ARRAY, "x", (3, 4), [3.0, 4.0]),
    (ARRAY, "x", ["-Infinity", 1], [-math.inf, 1.0]),
    (ARRAY, "x", np.array([3, 4]), [3.0, 4.0]),
    (ARRAY, "x", np.array([True, False]), [1.0, 0.0]),
    (ARRAY, "x", np.array([3, 4], ">f8"), [3.0, 4.0]),
    (ARRAY, "x", np.arange(8.0)[1::4], [1.0, 5.0]),
    (ARRAY, "x", np.array([3, 4], np.float32), [3.0, 4.0]),
    (TYPED, "n", -128, -128),
    (TYPED, "n", np.array(3, np.int64), 3),
    (TYPED, "t", False, False),
    (DECLARED, "x", [[], []], [[], []]),
    (DECLARED, "x", np.zeros((2, 0)), [[], []]),
    (DECLARED, "x", [[1, 2, 3], [4, 5, 6]], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
]


@pytest.mark.parametrize(
    ("text", "name", "value", "expected"), RIGHT, ids=[f"{row[1]}={row[2]!r:.30}" for row in RIGHT]
)
def test_values_from_outside_that_fit(text: str, name: str, value: Any, expected: Any) -> None:
    graph = load(text)
    result = dataflow.execute(graph, {name: value})
    np.testing.assert_array_equal(result.values[name], expected)
    assert result.types[name][0] == (graph.given[name].dtype or "float64")
    assert np.copysign(1, result.values[name]).tolist() == np.copysign(1, np.array(expected, float)).tolist()


LENGTHS = [  # shapes of a, b, c; values of these shapes; sizes
    (("[h]", "[2*h]", "[h, 2]"), ((3,), (6,), (3, 2)), {"h": 3}),
    (("[2*h]", "[]", "[]"), ((6,), (), ()), {"h": 3}),
    (("[2*h + 1]", "[]", "[]"), ((7,), (), ()), {"h": 3}),
    (("[5 - h]", "[]", "[]"), ((3,), (), ()), {"h": 2}),
    (("[h + k]", "[k]", "[]"), ((5,), (2,), ()), {"h": 3, "k": 2}),
    (("[h + k + n]", "[k + n]", "[n]"), ((9,), (5,), (2,)), {"h": 4, "k": 3, "n": 2}),
    (("[h*k, k]", "[]", "[]"), ((6, 2), (), ()), {"h": 3, "k": 2}),
    (("[h, (h - 3)//2 + 1]", "[]", "[]"), ((8, 3), (), ()), {"h": 8}),
    (("[h, h - 1]", "[]", "[]"), ((1, 0), (), ()), {"h": 1}),
    (("[2*h]", "[]", "[]"), ((0,), (), ()), {"h": 0}),
    (("[h*k, k]", "[h]", "[]"), ((0, 0), (5,), ()), {"h": 5, "k": 0}),
]


@pytest.mark.parametrize(("shapes", "given", "sizes"), LENGTHS, ids=[" ".join(row[0]) for row in LENGTHS])
def test_lengths_of_sizes(shapes: tuple[str, ...], given: tuple[tuple[int, ...], ...], sizes: dict[str, int]) -> None:
    names = "abc"
    entries = ", ".join(f"{name}: {{shape: {shape}}}" for name, shape in zip(names, shapes, strict=True))
    shown = ", ".join(f"size_{size}: {size} + 0" for size in sizes)
    values = {name: np.ones(shape) for name, shape in zip(names, given, strict=True)}
    result = dataflow.execute(load(f"inputs: {{{entries}}}, nodes: {{{shown}}}"), values)
    assert {size: result.values[f"size_{size}"] for size in sizes} == sizes


DISAGREE = [
    (("[h]", "[2*h]"), ((3,), (5,)), "`2*h` is 5 here and 6 with h = 3"),
    (("[2*h]", "[h]"), ((5,), (3,)), "`2*h` is 5 here and 6 with h = 3"),
    (("[2*h]", "[h + 1]"), ((6,), (3,)), "`h + 1` is 3 here and 4 with h = 3"),
    (("[2*h]", "[]"), ((5,), ()), "`2*h` is 5 here, which no length of `h` gives"),
    (("[h + 3]", "[]"), ((2,), ()), "`h + 3` is 2 here, which no length of `h` gives"),
    (("[h*k]", "[k]"), ((5,), (2,)), "`h*k` is 5 here, which no length of `h` gives with k = 2"),
    (("[h*k]", "[k]"), ((5,), (0,)), "`h*k` is 5 here and 0 with k = 0"),
    (("[3//k, k]", "[]"), ((1, 0), ()), "`3//k` divides by 0 with k = 0"),
]


@pytest.mark.parametrize(("shapes", "given", "message"), DISAGREE, ids=[row[2] for row in DISAGREE])
def test_lengths_that_do_not_agree(shapes: tuple[str, ...], given: tuple[tuple[int, ...], ...], message: str) -> None:
    entries = ", ".join(f"{name}: {{shape: {shape}}}" for name, shape in zip("ab", shapes, strict=True))
    values = {name: np.ones(shape) for name, shape in zip("ab", given, strict=True)}
    (problem,) = problems(f"inputs: {{{entries}}}, nodes: {{z: sum(a) + sum(b)}}", values)
    assert (problem.code, problem.message) == ("DF0514", message)
    assert problem.line is not None


def test_a_length_that_nothing_tells_matters_only_where_it_is_used() -> None:
    text = "inputs: {{a: {{shape: [h*k, k]}}}}, nodes: {{z: sum(a) + {}}}"
    assert dataflow.execute(load(text.format("k")), {"a": np.ones((0, 0))}).values["z"] == 0
    (problem,) = problems(text.format("h"), {"a": np.ones((0, 0))})
    assert (problem.code, problem.message) == ("DF0518", "the length of `h` is not known")


def test_all_problems_at_once() -> None:
    found = problems("inputs: {x: 1, y: [1, 2], z: {shape: []}}, nodes: {w: x + y + z}", {"x": "a", "y": [1]})
    assert [(item.code, item.node) for item in found] == [("DF0502", "x"), ("DF0503", "y"), ("DF0513", "z")]


def test_names_that_the_graph_does_not_have() -> None:
    with pytest.raises(dataflow.UsageError) as caught:
        dataflow.execute(load("inputs: {alpha: 1}, nodes: {beta: alpha * 2}"), {"alpa": 1, "beta": 2, "zzz": 3})
    assert [item.code for item in caught.value.diagnostics] == ["DF0904"] * 3
    hints = [str(item.hint) for item in caught.value.diagnostics]
    assert hints[0] == "did you mean `alpha`?"
    assert "it is computed" in hints[1]
    assert "alpha" in hints[2]
    with pytest.raises(dataflow.UsageError):
        dataflow.execute(load("nodes: {beta: 2 * 2}"), {"x": 1})


def test_a_missing_value_is_found_in_the_file() -> None:
    (problem,) = problems("inputs: {x: {shape: [2]}, y: 1}, nodes: {z: x * y}")
    assert problem.code == "DF0513"
    assert "--set x=" in str(problem.hint)
    assert problem.line == 1
    assert problem.node == "x"


def test_symbolic_sizes_that_disagree() -> None:
    text = "inputs: {x: {shape: [rows, 2]}, y: {shape: [rows]}}, nodes: {z: sum(x) + sum(y)}"
    (problem,) = problems(text, {"x": np.ones((3, 2)), "y": np.ones(4)})
    assert problem.code == "DF0514"
    assert problem.message == "`rows` is 4 here and 3 in `x`"
    assert dataflow.execute(load(text), {"x": np.ones((3, 2)), "y": np.ones(3)}).rows == 3
    (problem,) = problems("inputs: {x: {shape: [k, k], value: [[1, 2, 3], [4, 5, 6]]}}, nodes: {z: sum(x)}")
    assert problem.code == "DF0514"


def test_none_from_outside_is_no_value() -> None:
    (problem,) = problems(FLOATS, {"x": None})
    assert (problem.code, problem.node) == ("DF0513", "x")


def test_only_the_values_that_are_needed_are_asked_for() -> None:
    graph = load("inputs: {x: {shape: []}, y: 2}, nodes: {z: x * 2, w: y * 2}")
    assert dataflow.execute(graph, only=["w"]).values == {"w": 4.0}
    assert list(dataflow.execute(graph, only=["w", "y"]).values) == ["y", "w"]
    with pytest.raises(dataflow.DataError):
        dataflow.execute(graph, only=["z"])


def test_a_value_from_outside_in_place_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    text = "inputs: {x: {source: missing.npy, shape: [rows]}}, nodes: {z: x * 2}"
    assert problems(text, folder=tmp_path)[0].node == "x"
    result = dataflow.execute(load(text, tmp_path), {"x": np.ones(3)})
    assert result.values["z"].tolist() == [2, 2, 2]
    assert result.rows == 3
    (problem,) = problems(text, {"x": np.ones((3, 1))}, tmp_path)
    assert problem.code == "DF0503"


def test_what_is_set_is_not_part_of_the_graph() -> None:
    graph = load(FLOATS)
    assert dataflow.execute(graph, {"x": 7}).digest == graph.digest
    assert graph.inputs["x"].value == 1.0


@pytest.mark.parametrize("value", [[1, 2], np.array([1.0, 2.0])])
def test_an_input_of_which_nothing_is_said_may_be_an_array(value: Any) -> None:
    result = dataflow.execute(load("inputs: {x: {}}, nodes: {z: x * 2}"), {"x": value})
    assert result.values["z"].tolist() == [2.0, 4.0]
    assert dataflow.execute(load("inputs: {x: {}}, nodes: {z: x * 2}"), {"x": 3}).values["z"] == 6.0


def test_a_list_of_arrays_is_an_array() -> None:
    result = dataflow.execute(load("inputs: {x: {shape: [2, 2]}}, nodes: {z: x * 2}"), {"x": [np.ones(2), [1, 2]]})
    assert result.values["z"].tolist() == [[2.0, 2.0], [2.0, 4.0]]


def test_a_value_that_is_nested_without_an_end() -> None:
    endless: list[Any] = [1.0]
    endless.insert(0, endless)
    deep: list[Any] = [1.0]
    for _ in range(100_000):
        deep = [deep]
    for value in (endless, deep):
        for text in (FLOATS, ARRAY):
            assert [item.code for item in problems(text, {"x": value})] == ["DF0501"]


def test_the_largest_integers() -> None:
    assert dataflow.execute(load(FLOATS), {"x": 10**308}).values["x"] == 1e308
    assert [item.code for item in problems(FLOATS, {"x": 10**309})] == ["DF0512"]


def test_what_stands_under_a_mask_is_no_value() -> None:
    text = "inputs: {x: {shape: [n]}}, nodes: {z: x * 2}"
    (problem,) = problems(text, {"x": np.ma.masked_equal([1.0, 2.0], 2.0)})
    assert problem.code == "DF0540"
    whole = np.ma.masked_array([1.0, 2.0], mask=False)
    assert dataflow.execute(load(text), {"x": whole}).values["z"].tolist() == [2.0, 4.0]
    run = dataflow.compile(load(text))
    assert run({"x": whole}).values["z"].tolist() == [2.0, 4.0]
    with pytest.raises(DataflowError, match="DF0540"):
        run({"x": np.ma.masked_equal([1.0, 2.0], 2.0)})
