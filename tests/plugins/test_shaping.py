"""What pads, windows, cuts, turns and makes arrays, against NumPy, autograd and slow loops, as a user meets it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from dataflow_std.kernels import shaping_references

import dataflow
from dataflow import Graph, GraphError, Node
from tests.plugins.running import close, run, weigh

RNG = np.random.default_rng(3)


def windows(x: Any, size: int, step: int) -> Any:
    return anp.stack([x[..., start : start + size] for start in range(0, x.shape[-1] - size + 1, step)], axis=-2)


X = RNG.normal(size=(4, 5, 6))
M, V = X[0], X[0, 0]
ONE: dict[str, tuple[Callable[[Any], Any], Any, str, dict[str, Any]]] = {
    "pad": (lambda x: anp.pad(x, ((1, 2), (0, 3)), "constant"), M, "pad", {"pad_width": ((1, 2), (0, 3))}),
    "rot90": (lambda x: anp.swapaxes(x, 1, 2)[..., ::-1], X, "rot90", {"k": 3, "axes": (1, 2)}),
    "matrix of a vector": (lambda x: anp.diag(x, -2), V, "diag", {"k": -2}),
    "diagonal of a matrix": (lambda x: anp.array([x[i, i + 1] for i in range(5)]), M, "diag", {"k": 1}),
    "unfold": (lambda x: windows(x, 3, 2), X, "unfold", {"size": 3, "step": 2}),
    "roll": (lambda x: anp.roll(x, 2, 1), X, "roll", {"shift": 2, "axis": 1}),
    "repeat": (lambda x: anp.repeat(x, 3, 1), X, "repeat", {"repeats": 3, "axis": 1}),
    "tile": (lambda x: anp.tile(x, (2, 1, 3)), X, "tile", {"repetitions": (2, 1, 3)}),
    "moveaxis": (lambda x: anp.moveaxis(x, (0, 1), (2, 0)), X, "moveaxis", {"source": (0, 1), "destination": (2, 0)}),
    "broadcast_to": (lambda x: anp.ones((2, 5, 6)) * x, M, "broadcast_to", {"shape": (2, 5, 6)}),
    "tril": (lambda x: anp.tril(x, 1), M, "tril", {"k": 1}),
}


@pytest.mark.parametrize("name", sorted(ONE))
def test_values_and_gradients_against_autograd(name: str) -> None:
    oracle, x, op, attributes = ONE[name]
    (z,), (dx,) = run(op, [x], attributes)
    backward, value = autograd.make_vjp(oracle)(x)
    close(z, value)
    close(dx, backward(weigh(z)))
    (z,), (dx,) = run(op, [x.astype(np.float32)], attributes, "float32")
    assert z.dtype == dx.dtype == np.float32
    close(dx, backward(weigh(z)), 1e-6)


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "wrap"])
@pytest.mark.parametrize(("shape", "pads"), [((4,), (2, 3)), ((3, 2), ((9, 8), (1, 0))), ((1, 2), ((3, 0), (0, 2)))])
def test_padding_against_numpy_and_a_loop(mode: str, shape: tuple[int, ...], pads: Any) -> None:
    x = RNG.normal(size=shape)
    (z,), (dx,) = run("pad", [x], {"pad_width": pads, "mode": mode})
    close(z, np.pad(x, pads, mode=mode))  # type: ignore[call-overload]
    close(z, shaping_references.pad(x, pad_width=pads, mode=mode))
    weights = weigh(z)
    for place in np.ndindex(shape):  # linear: the slope of an element is the weight of its copies
        unit = np.zeros(shape)
        unit[place] = 1.0
        close(dx[place], np.sum(np.pad(unit, pads, mode=mode) * weights))  # type: ignore[call-overload]


def test_padding_with_a_value() -> None:
    (z,), (dx,) = run("pad", [[1.0, 2.0]], {"pad_width": (1, 0), "value": 7.0})
    assert z.tolist() == [7.0, 1.0, 2.0]
    close(dx, np.sin([2.0, 3.0]))
    (z,), _ = run("pad", [np.array([1, 2])], {"pad_width": 1, "value": 7.0})
    assert z.dtype == np.int64
    assert z.tolist() == [7, 1, 2, 7]


@pytest.mark.parametrize(("length", "size", "step"), [(9, 3, 1), (9, 3, 2), (9, 4, 5), (30, 12, 9), (5, 5, 1)])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_windows_and_their_adjoint(length: int, size: int, step: int, axis: int) -> None:
    shape = [2, 2, 2]
    shape[axis] = length
    x = RNG.normal(size=shape)
    attributes = {"size": size, "step": step, "axis": axis}
    (z,), (dx,) = run("unfold", [x], attributes)
    close(z, shaping_references.unfold(x, **attributes))
    close(dx, shaping_references.overlap_add(weigh(z), length=length, step=step, axis=axis))
    (back,), (dz,) = run("overlap_add", [z], {"length": length, "step": step, "axis": axis})
    close(back, shaping_references.overlap_add(z, length=length, step=step, axis=axis))
    close(dz, shaping_references.unfold(weigh(back), **attributes))
    (z,), (dx,) = run("overlap_add", [z.astype(np.float32)], {"length": length, "step": step, "axis": axis}, "float32")
    assert z.dtype == dx.dtype == np.float32


def test_parts() -> None:
    x = np.arange(12.0).reshape(2, 6)
    found, (dx,) = run("split", [x], {"sections": 3, "axis": 1}, parts=3)
    assert [part.tolist() for part in found] == [part.tolist() for part in np.split(x, 3, 1)]
    close(dx, np.concatenate([weigh(part) for part in found], 1))
    found, (dx,) = run("split", [x], {"lengths": (1, 0, 5), "axis": -1}, parts=3)
    assert [part.shape for part in found] == [(2, 1), (2, 0), (2, 5)]
    close(dx, np.concatenate([weigh(part) for part in found], 1))


@pytest.mark.parametrize("indexing", ["xy", "ij"])
def test_grids(indexing: Any) -> None:
    xs = [RNG.normal(size=count) for count in (2, 3, 4)]
    found, gradients = run("meshgrid", xs, {"indexing": indexing}, parts=3)
    grids = np.meshgrid(*xs, indexing=indexing)
    places = [1, 0, 2] if indexing == "xy" else [0, 1, 2]
    for part, grid, gradient, place in zip(found, grids, gradients, places, strict=True):
        close(part, grid)
        close(gradient, np.sum(weigh(grid), axis=tuple({0, 1, 2} - {place})))


@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("num", [0, 1, 2, 7])
def test_numbers_at_equal_distances(num: int, endpoint: bool) -> None:
    (z,), (dstart, dstop) = run("linspace", [-1.3, 4.1], {"num": num, "endpoint": endpoint})
    close(z, np.linspace(-1.3, 4.1, num, endpoint=endpoint))
    part = np.linspace(0.0, 1.0, num, endpoint=endpoint)
    close(dstart, np.sum(weigh(z) * (1 - part)))
    close(dstop, np.sum(weigh(z) * part))


def test_numbers_in_the_type_of_the_graph() -> None:
    nodes = {
        "line": Node("linspace", (0, 1), {"num": 3}),
        "same": Node("full", (2,), {"shape": (3,)}),
        "whole": Node("arange", (), {"start": 1, "stop": 4}),
        "z": Node("multiply", ("line", "whole")),
        "e": Node("eye", (), {"n_rows": 3}),
        "y": Node("matmul", ("e", "z")),
        "hot": Node("one_hot", ("whole",), {"num_classes": 4, "dtype": "float64"}),
        "none": Node("zeros", (), {"shape": (2, 0)}),
        "all": Node("ones", (), {"shape": (2,), "dtype": "bool"}),
    }
    values = dataflow.execute(Graph(nodes=nodes, dtype="float32")).values
    assert {name: value.dtype.name for name, value in values.items()} == {
        "line": "float32", "same": "float32", "whole": "int64", "z": "float32", "e": "int64", "y": "float32",
        "hot": "float64", "none": "int64", "all": "bool",
    }  # fmt: skip
    assert values["y"].tolist() == [0.0, 1.0, 3.0]
    assert values["hot"].tolist() == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def test_numbers_without_inputs_in_a_file() -> None:
    text = """
dataflow: 1
inputs: {x: 0.5}
nodes:
  powers: x ** arange(stop=4)
  corner: eye(n_rows=2, n_cols=3, k=1)
  z: sum(powers)
target: z
"""
    result = dataflow.execute(dataflow.loads(text))
    assert result.values["corner"].tolist() == [[0, 1, 0], [0, 0, 1]]
    assert result.values["z"] == 1.875
    assert result.gradients["x"] == 1 + 2 * 0.5 + 3 * 0.25


REFUSED: list[tuple[str, Sequence[Any], dict[str, Any], str]] = [
    ("pad", [V], {"pad_width": -1}, "pad_width says how many elements are put on, at least 0: -1"),
    ("pad", [M], {"pad_width": ((1, 1),)}, "pad_width has 1 pairs, and x has 2 axes"),
    ("pad", [V[:0]], {"pad_width": 1, "mode": "edge"}, 'no elements, of which the mode "edge"'),
    ("pad", [np.array([1])], {"pad_width": 1, "value": 0.5}, "0.5 is no int64, which x holds"),
    ("unfold", [V], {"size": 7}, "a window has 1 to 6 elements, as many as there are along the axis; not 7"),
    ("unfold", [V], {"size": 0}, "not 0"),
    ("unfold", [V], {"size": 2, "step": 0}, "the step from one window to the next is at least 1, not 0"),
    ("unfold", [V], {"size": 2, "axis": 1}, "axis 1 is out of range for a value of 1 dimension"),
    ("overlap_add", [M], {"length": 8}, "x has 5 windows, and into 8 elements fit 3"),
    ("overlap_add", [V], {"length": 8}, "2 dimensions or more, not 1"),
    ("overlap_add", [M], {"length": 10, "axis": 1}, "axis 1 is out of range for a result of 1 dimension"),
    ("split", [V], {"sections": 4}, "axis 0 has 6 elements: they make no 4 parts of equal length"),
    ("split", [V], {"lengths": (2, 2)}, r"lengths that add up to that are needed: \[2, 2\]"),
    ("split", [V], {}, "either `sections` says how many parts"),
    ("split", [V], {"sections": 2, "lengths": (3, 3)}, "either `sections` says how many parts"),
    ("rot90", [V], {}, "axis 1 is out of range for a value of 1 dimension"),
    ("rot90", [M], {"axes": (1, -1)}, "axis 1 is named twice"),
    ("diag", [X], {}, "of 1 or 2 dimensions, not 3"),
    ("meshgrid", [M, V], {}, r"a vector, not a value of shape \[5, 6\]"),
    ("linspace", [0.0, 1.0], {"num": -1}, "at least 0; not -1"),
    ("full", [V], {"shape": (2,)}, r"one number, not of shape \[6\]"),
    ("arange", [], {"stop": 3, "step": 0}, "cannot be 0"),
    ("zeros", [], {"shape": (2, -1)}, r"a length is at least 0: \[2, -1\]"),
    ("eye", [], {"n_rows": -1}, r"a length is at least 0: \[-1, -1\]"),
    ("one_hot", [np.array([0, 3])], {"num_classes": 3}, "class 3 is outside 0 to 2"),
    ("one_hot", [np.array([-1])], {"num_classes": 3}, "class -1 is outside 0 to 2"),
]  # fmt: skip


@pytest.mark.parametrize(("op", "inputs", "attributes", "message"), REFUSED)
def test_what_is_refused(op: str, inputs: Sequence[Any], attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        run(op, inputs, attributes, parts=2 if op in ("split", "meshgrid") else 0)
