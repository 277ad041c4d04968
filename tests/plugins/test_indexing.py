"""What takes elements and puts them in places, and interpolation: against NumPy and slow loops, as a user meets it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from dataflow_std.kernels import indexing_references, interpolation, scatter_references

import dataflow
from dataflow import GraphError
from tests.plugins.running import close, run, weigh

RNG = np.random.default_rng(4)
X = RNG.normal(size=(3, 4, 5))
M, V = X[0], X[0, 0]

PLACES: list[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], int]] = [
    ((5,), (9,), (9,), -1), ((3, 4), (3, 6), (3, 6), 1), ((3, 4), (7, 4), (7, 4), 0), ((3, 4), (1, 6), (6,), -1),
    ((2, 3, 4), (2, 5, 4), (2, 5, 4), 1), ((3, 4), (1, 6), (3, 6), 1), ((3, 4), (3, 6), (), -1),
]  # fmt: skip


def drawn(shape: tuple[int, ...], count: tuple[int, ...], axis: int) -> Any:
    """Indices from both ends, most of them more than once."""
    return RNG.integers(-shape[axis], shape[axis], size=count)


@pytest.mark.parametrize(("shape", "count", "update", "axis"), PLACES)
def test_scatter(shape: tuple[int, ...], count: tuple[int, ...], update: tuple[int, ...], axis: int) -> None:
    x, indices, updates = RNG.normal(size=shape), drawn(shape, count, axis), RNG.normal(size=update)
    twin = partial(scatter_references.scatter, axis=axis)
    (z,), (dx, _, dupdates) = run("scatter", [x, indices, updates], {"axis": axis})
    close(z, twin(x, indices, updates))
    close(dx, by_unit(x, lambda unit: np.sum(twin(unit, indices, 0.0) * weigh(z))))
    close(dupdates, by_unit(updates, lambda unit: np.sum(twin(np.zeros(shape), indices, unit) * weigh(z))))


@pytest.mark.parametrize(("shape", "count", "update", "axis"), PLACES)
def test_scatter_add(shape: tuple[int, ...], count: tuple[int, ...], update: tuple[int, ...], axis: int) -> None:
    x, indices, updates = RNG.normal(size=shape), drawn(shape, count, axis), RNG.normal(size=update)
    twin = partial(scatter_references.scatter_add, axis=axis)
    (z,), (dx, _, dupdates) = run("scatter_add", [x, indices, updates], {"axis": axis})
    close(z, twin(x, indices, updates))
    close(dx, weigh(z))
    close(dupdates, by_unit(updates, lambda unit: np.sum(twin(np.zeros(shape), indices, unit) * weigh(z))))
    small = [x.astype("f4"), indices, updates.astype("f4")]
    (z,), (dx, _, dupdates) = run("scatter_add", small, {"axis": axis}, "float32")
    assert z.dtype == dx.dtype == dupdates.dtype == np.float32


def by_unit(x: Any, function: Any) -> Any:
    """The slopes of a linear function in each element of x."""
    slopes = np.zeros(np.shape(x))
    for place in np.ndindex(np.shape(x)):
        unit = np.zeros(np.shape(x))
        unit[place] = 1.0
        slopes[place] = function(unit)
    return slopes


def test_of_two_updates_for_one_place_the_last_one_stays_in_any_order_of_memory() -> None:
    indices = np.asfortranarray(np.array([[0, 1, 0], [1, 1, 0], [0, 0, 0]]))
    updates = np.asfortranarray(np.arange(9.0).reshape(3, 3))
    (z,), (_, _, dupdates) = run("scatter", [np.full((3, 2), -1.0), indices, updates], {})
    assert z.tolist() == [[2.0, 1.0], [5.0, 4.0], [8.0, -1.0]]
    assert (dupdates != 0).tolist() == [[False, True, True], [False, True, True], [False, False, True]]


def test_what_is_overwritten_gets_nothing() -> None:
    """log(0) is overwritten, so that its slope, inf, is not taken."""
    document = {
        "inputs": {"x": [0.0, 2.0], "i": {"value": [0], "dtype": "int64"}, "u": [0.0, 4.0]},
        "nodes": {"z": "scatter(log(x), i, sqrt(u)[1:])", "J": "sum(z)"},
    }
    gradients = execute(document).gradients
    assert gradients["x"].tolist() == [0.0, 0.5]
    assert gradients["u"].tolist() == [0.0, 0.25]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("boolean_mask(log(x), m)", [0.0, 0.5, 0.25]), ("masked_fill(log(x), x < 1, 0)", [0.0, 0.5, 0.25]),
        ("top_k(log(x), k=2)", [0.0, 0.5, 0.25]), ("segment_sum(log(x)[1:], s, num_segments=1)", [0.0, 0.5, 0.25]),
        ("unfold(log(x), size=1, step=2, axis=0)[1:]", [0.0, 0.0, 0.25]), ("rot90(outer)[0, 0]", [0.0, 0.0, 0.25]),
        ("diag(log(x))[1]", [0.0, 0.5, 0.0]), ("pad(log(x), pad_width=[0, 1], mode='edge')[1:]", [0.0, 0.5, 0.5]),
        ("put_add(log(x)[1:], s, shape=[4])", [0.0, 0.5, 0.25]), ("interp(5, p, log(x))", [0.0, 0.0, 0.25]),
        ("interp(3, p, log(x))", [0.0, 0.25, 0.125]), ("take_along_axis(log(x), i)", [0.0, 0.5, 0.0]),
    ],
)  # fmt: skip
def test_masks_are_carried(text: str, expected: list[float]) -> None:
    """At x = 0 log has the value -inf and the slope inf: who does not take it has no NaN from it."""
    integers = {"s": {"value": [0, 0], "dtype": "int64"}, "i": {"value": [1], "dtype": "int64"}}
    inputs = {"x": [0.0, 2.0, 4.0], "m": {"value": [False, True, True], "dtype": "bool"}, **integers}
    inputs["p"] = [0.0, 2.0, 4.0]
    nodes: dict[str, Any] = {"outer": "stack([log(x), log(x)])", "z": text, "J": "sum(z)"}
    if text.startswith("top_k"):
        two = {"op": "top_k", "inputs": ["y"], "attributes": {"k": 2}, "outputs": ["v", "w"]}
        nodes |= {"y": "log(x)", "z": two, "J": "sum(v)"}
    close(execute({"inputs": inputs, "nodes": nodes}).gradients["x"], expected)


def execute(document: Mapping[str, Any]) -> dataflow.Result:
    return dataflow.execute(dataflow.loads(json.dumps({"dataflow": 1, **document, "target": "J"})))


@pytest.mark.parametrize("shape", [(7,), (6, 3), (5, 2, 3), (0,), (400, 16)])
def test_sums_of_segments(shape: tuple[int, ...]) -> None:
    x, segments = RNG.normal(size=shape), RNG.integers(0, 4, size=shape[0])
    (z,), (dx, _) = run("segment_sum", [x, segments], {"num_segments": 5})
    close(z, scatter_references.segment_sum(x, segments, num_segments=5))
    close(dx, weigh(z)[segments])
    (z,), (dx, _) = run("segment_sum", [x.astype("f4"), segments], {"num_segments": 5}, "float32")
    assert z.dtype == dx.dtype == np.float32


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize(("shape", "k", "axis"), [((6,), 6, 0), ((4, 40), 3, -1), ((40, 3), 5, 0), ((2, 30, 2), 1, 1)])
def test_the_largest_and_the_smallest(shape: tuple[int, ...], k: int, axis: int, largest: bool) -> None:
    for x in (RNG.normal(size=shape), RNG.integers(0, 5, size=shape).astype(float)):  # without ties, and with many
        attributes: dict[str, Any] = {"k": k, "axis": axis, "largest": largest}
        (values, indices), (dx,) = run("top_k", [x], attributes, parts=2)
        expected = indices_of_sorted(x, axis, largest).take(range(k), axis)
        assert indices.tolist() == expected.tolist()
        assert indices.tolist() == indexing_references.top_k(x, **attributes)[1].tolist()
        close(values, np.take_along_axis(x, expected, axis))
        slopes = np.zeros(shape)
        np.put_along_axis(slopes, expected, weigh(values), axis)
        close(dx, slopes)


def indices_of_sorted(x: Any, axis: int, largest: bool) -> Any:
    return np.argsort(-x if largest else x, axis=axis, kind="stable")


def test_nan_counts_as_the_largest() -> None:
    x = np.array([*range(20), nan, 3.0])
    (values, indices), _ = run("top_k", [x], {"k": 2}, parts=2)
    np.testing.assert_array_equal(values, [nan, 19.0])
    assert indices.tolist() == [20, 19]
    (values, _), _ = run("top_k", [x], {"k": 2, "largest": False}, parts=2)
    assert values.tolist() == [0.0, 1.0]
    (values, _), _ = run("top_k", [np.array([inf, -inf, 1.0])], {"k": 3}, parts=2)
    assert values.tolist() == [inf, 1.0, -inf]


MASKS: list[tuple[Any, tuple[int, ...], dict[str, Any]]] = [
    (V, (5,), {}), (M, (4, 5), {}), (M, (4,), {}), (M, (5,), {"axis": 1}), (X, (4, 5), {"axis": -2}), (X, (3, 4), {}),
]  # fmt: skip


@pytest.mark.parametrize(("x", "shape", "attributes"), MASKS)
def test_masks_as_indices(x: Any, shape: tuple[int, ...], attributes: dict[str, Any]) -> None:
    mask = RNG.random(size=shape) < 0.5
    (z,), (dx, _) = run("boolean_mask", [x, mask], attributes)
    index: tuple[Any, ...] = (*[slice(None)] * (attributes.get("axis", 0) % x.ndim), mask)
    close(z, x[index])
    close(z, indexing_references.boolean_mask(x, mask, **attributes))
    slopes = np.zeros(x.shape)
    slopes[index] = weigh(z)
    close(dx, slopes)


def test_what_is_filled_in() -> None:
    mask = M > 0
    (z,), (dx, _, dvalue) = run("masked_fill", [M, mask, 2.5], {})
    close(z, np.where(mask, 2.5, M))
    close(dx, weigh(z) * ~mask)
    close(dvalue, np.sum(weigh(z) * mask))
    (z,), (dx, _, _) = run("masked_fill", [M.astype("f4"), mask, np.float32(2.5)], {}, "float32")
    assert z.dtype == dx.dtype == np.float32


@pytest.mark.parametrize(("shape", "count", "update", "axis"), PLACES)
def test_adjoints_of_taking(shape: tuple[int, ...], count: tuple[int, ...], update: tuple[int, ...], axis: int) -> None:
    indices, g = drawn(shape, count, axis), RNG.normal(size=update)
    (z,), (dx, _) = run("put_add_along_axis", [g, indices], {"axis": axis, "shape": shape})
    close(z, scatter_references.put_add_along_axis(g, indices, axis=axis, shape=shape))
    close(dx, by_unit(g, lambda unit: np.sum(
        scatter_references.put_add_along_axis(unit, indices, axis=axis, shape=shape) * weigh(z))))  # fmt: skip
    flat = indices[0] if len(shape) > 1 else indices
    rows = RNG.normal(size=(*shape[: axis % len(shape)], *flat.shape, *shape[axis % len(shape) + 1 :]))
    (z,), (dx, _) = run("put_add", [rows, flat], {"axis": axis, "shape": shape})
    close(z, scatter_references.put_add(rows, flat, axis=axis, shape=shape))
    close(dx, np.take(weigh(z), flat, axis))


@pytest.mark.parametrize("points", [[-1.0, 0.5, 0.6, 3.0], [0.25]])
def test_interpolation(points: list[float]) -> None:
    x, values = np.concatenate([RNG.normal(size=12) * 2, points, [inf, -inf]]), RNG.normal(size=len(points))
    (z,), (dx, dpoints, dvalues) = run("interp", [x, points, values], {})
    close(z, np.interp(x, points, values))
    close(z, interpolation.interp_reference(x, np.array(points), values))
    close(dvalues, by_unit(values, lambda unit: np.sum(np.interp(x, points, unit) * weigh(z))))
    between = np.array([index for index, at in enumerate(x) if at not in points])
    ahead, behind = (np.interp(x + h, points, values) for h in (1e-6, -1e-6))
    close(dx[between], ((ahead - behind) / 2e-6 * weigh(z))[between], 1e-8)
    assert np.shape(dpoints) == np.shape(points)
    (z,), gradients = run("interp", [x.astype("f4"), np.array(points, "f4"), values.astype("f4")], {}, "float32")
    assert {item.dtype.name for item in (z, *gradients)} == {"float32"}


def test_interpolation_in_its_points() -> None:
    points, values = np.array([-1.0, 0.5, 0.6, 3.0]), RNG.normal(size=4)
    x = RNG.uniform(-2, 4, size=30)
    (z,), (_, dpoints, _) = run("interp", [x, points, values], {})
    for index in range(4):
        h = np.zeros(4)
        h[index] = 1e-6
        slope = (np.interp(x, points + h, values) - np.interp(x, points - h, values)) / 2e-6
        np.testing.assert_allclose(dpoints[index], np.sum(slope * weigh(z)), rtol=1e-7)


@pytest.mark.parametrize(
    ("values", "slope"),
    [([0.0, 1.0, 3.0], 1.0), ([0.0, -3.0, -4.0], -1.0), ([0.0, 1.0, 0.0], 0.0), ([2.0, 2.0, 5.0], 0.0)],
)
def test_at_a_kink_the_slope_nearest_to_0(values: list[float], slope: float) -> None:
    _, (dx, dpoints, _) = run("interp", [1.0, [0.0, 1.0, 2.0], values], {})
    weight = np.sin(1.0)
    close(dx, slope * weight)
    close(dpoints, [0.0, -slope * weight, 0.0])


REFUSED: list[tuple[str, Sequence[Any], dict[str, Any], str]] = [
    ("scatter", [V, np.array([5]), 1.0], {}, "index 5 is outside -5 to 4"),
    ("scatter", [V, np.array([-6]), 1.0], {}, "index -6 is outside -5 to 4"),
    ("scatter", [V, np.array([[0]]), 1.0], {}, "as many dimensions as the result, 1, not 2"),
    ("scatter", [M, np.zeros((2, 1), int), 1.0], {}, "axis 0 of the indices has 2 elements, not 1 or 4"),
    ("scatter", [M[:1], np.zeros((2, 1), int), 1.0], {}, "axis 0 of the indices has 2 elements, not 1 or 1"),
    ("scatter", [V, np.array([0, 1]), V], {}, r"the updates have the shape \[5\], and the indices \[2\]"),
    ("scatter_add", [V, np.array([0]), 1.0], {"axis": 1}, "axis 1 is out of range for a result of 1 dimension"),
    ("scatter_add", [V[:0], np.array([0]), 1.0], {}, "there are no elements along the axis for the indices to name"),
    ("segment_sum", [V, np.array([0, 1, 2, 0, -1])], {"num_segments": 3}, "segment -1 is outside 0 to 2"),
    ("segment_sum", [V, np.array([0, 1, 2, 0, 3])], {"num_segments": 3}, "segment 3 is outside 0 to 2"),
    ("segment_sum", [V, np.array([0])], {"num_segments": 3}, r"first axis of x, not the shape \[1\]"),
    ("segment_sum", [V, np.array([0])], {"num_segments": -1}, "at least 0, not -1"),
    ("put_add", [V, np.array([0])], {"shape": (3,)}, r"x has the shape \[5\]; the indices and the shape ask for \[1\]"),
    ("put_add", [V, np.array([0])], {"shape": (3, 2)}, r"for a vector only, not for the shape \[3, 2\]"),
    ("put_add", [V[:1], np.array([3])], {"shape": (3,)}, "index 3 is outside -3 to 2"),
    ("put_add_along_axis", [V, np.array([0])], {"shape": (3,)}, r"x has the shape \[5\], and the indices \[1\]"),
    ("put_items", [V], {"key": ("1:",), "shape": (5,)}, r"the key names has the shape \[4\], and x \[5\]"),
    ("put_masked", [V, np.array([True, False])], {"shape": (2,)}, r"x has the shape \[5\], and the mask takes \[1\]"),
    ("boolean_mask", [V, np.array([True])], {}, r"the lengths \[1\], and those of x from axis 0 on are \[5\]"),
    ("boolean_mask", [V, np.array(True)], {}, "needs an axis at least"),
    ("boolean_mask", [V, np.array([True])], {"axis": 1}, "axis 1 is out of range"),
    ("top_k", [V], {"k": 6}, "k is 0 to 5, the number of elements along axis -1; not 6"),
    ("top_k", [V], {"k": -1}, "not -1"),
    ("top_k", [np.float64(1.0)], {"k": 1}, "axis -1 is out of range for a value of 0 dimensions"),
    ("interp", [V, [0.0, 0.0], [1.0, 2.0]], {}, "points have to increase: 0.0 is followed by 0.0"),
    ("interp", [V, [0.0, nan], [1.0, 2.0]], {}, "points have to increase: 0.0 is followed by nan"),
    ("interp", [V, [0.0, 1.0], [1.0]], {}, r"two vectors of equal length, not of the shapes \[2\] and \[1\]"),
    ("interp", [V, [], []], {}, "between no points"),
]  # fmt: skip


@pytest.mark.parametrize(("op", "inputs", "attributes", "message"), REFUSED)
def test_what_is_refused(op: str, inputs: Sequence[Any], attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        run(op, inputs, attributes, parts=2 if op == "top_k" else 0)
