"""Two results compared as numbers: how far what moved moved, and where."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import dataflow
from dataflow.comparison.numbers import Movement, Spot, compare_values
from dataflow.comparison.products import compare_blocks
from dataflow.comparison.results import Moved, compare_results
from dataflow.derivatives import SparseBlock

LECTURE = dataflow.load(Path(__file__).parent.parent.parent / "graphs" / "lecture.yaml")


def compare(old: Any, new: Any) -> Movement:
    """How one array moved to another."""
    old, new = np.asarray(old), np.asarray(new)
    return compare_values(old, new, ((old.dtype.name, old.shape), (new.dtype.name, new.shape)))


def numbers(old: Any, new: Any, dtype: str = "float64") -> Movement:
    return compare_values(old, new, ((dtype, ()), (dtype, ())))


@pytest.mark.parametrize("value", [0.0, 1.5, math.nan, math.inf, -math.inf])
def test_numbers_that_did_not_move(value: float) -> None:
    assert not numbers(value, value).changed
    assert not numbers(np.float32(value), np.float32(value), "float32").changed
    assert not compare([value, 1.0], [value, 1.0]).changed
    assert not numbers(None, None).changed


@pytest.mark.parametrize(("old", "new", "difference", "relative"), [
    (33.0, 44.0, 11.0, 1 / 3), (2.0, -2.0, -4.0, 2.0), (0.0, 3.0, 3.0, None), (-4.0, -5.0, -1.0, 0.25),
    (2**53, 2**53 + 1, 1.0, 2**-53), (False, True, 1.0, None), (1e308, -1e308, -math.inf, math.inf),
])  # fmt: skip
def test_numbers_that_moved(old: Any, new: Any, difference: float, relative: float | None) -> None:
    movement = numbers(old, new)
    assert movement.changed
    assert movement.spot == Spot(old, new, difference)
    assert movement.relative == relative
    both = compare([7, old], [7, new])
    assert both.spot is not None
    assert (both.spot.difference, both.spot.at, both.differing, both.size) == (difference, (1,), 1, 2)
    assert both.relative == relative


@pytest.mark.parametrize(("old", "new", "lost", "regained"), [
    (1.0, math.nan, 1, 0), (math.inf, 1.0, 0, 1), (math.inf, -math.inf, 0, 0), (math.nan, math.inf, 0, 0),
])  # fmt: skip
def test_what_stops_being_finite(old: float, new: float, lost: int, regained: int) -> None:
    for movement in (numbers(old, new), compare([old], [new])):
        assert movement.changed
        assert (movement.lost_count, movement.regained, movement.relative) == (lost, regained, None)
        assert movement.spot is not None
        assert movement.spot.difference is None
        assert (movement.lost is not None) == bool(lost)


def test_an_array_says_where() -> None:
    old = np.array([[1.0, 2.0, 3.0], [4.0, 0.0, 6.0]])
    new = np.array([[1.0, 3.0, 3.0], [-4.0, 0.5, math.nan]])
    found = compare(old, new)
    assert found._replace(lost=None) == Movement(
        True, ("float64[2,3]", "float64[2,3]"), 4, 6, Spot(4.0, -4.0, -8.0, (1, 0)), 2.0, (1, 0), lost_count=1
    )
    assert found.lost is not None
    assert (found.lost.old, found.lost.at) == (6.0, (1, 2))
    assert found.as_data()["lost"] == {"old": 6.0, "new": "NaN", "difference": None, "at": [1, 2]}
    assert compare([1.0, 100.0], [2.0, 104.0])[4:7] == (Spot(100.0, 104.0, 4.0, (1,)), 1.0, (0,))


def test_integers_are_told_apart_where_floats_are_not() -> None:
    movement = compare(np.array([2**62, 5]), np.array([2**62 + 1, 5]))
    assert movement.spot == Spot(2**62, 2**62 + 1, 1.0, (0,))
    movement = compare(np.array([0, 2**64 - 1], np.uint64), np.array([1, 0], np.uint64))
    assert movement.spot is not None
    assert movement.spot.difference == -float(2**64 - 1)
    assert compare([True, False], [True, True]).differing == 1


def test_shapes_types_and_what_is_missing() -> None:
    assert compare([1.0], [1.0, 2.0]) == Movement(True, ("float64[1]", "float64[2]"))
    retyped = compare(np.ones(2), np.ones(2, np.float32))
    assert (retyped.changed, retyped.dtypes) == (False, ("float64", "float32"))
    assert compare(np.array([0.1]), np.array([0.1], np.float32)).changed
    assert compare_values(None, 1.0, (("float64", ()), ("float64", ()))).types == (None, "float64")
    assert not compare(np.zeros((0, 3)), np.zeros((0, 3))).changed
    kinds = ("float64", (2,)), ("float64", (2,))
    assert not compare_values(0.0, np.zeros(2), kinds).changed  # the gradient of what is unreached
    assert compare_values(0.0, np.array([0.0, 3.0]), kinds).spot == Spot(0.0, 3.0, 3.0, (1,))


@settings(max_examples=100)
@given(st.data())
def test_arrays_against_a_loop(data: st.DataObject) -> None:
    shape = data.draw(arrays.array_shapes(max_dims=3, max_side=3))
    elements = st.sampled_from([0.0, -0.0, 1.0, 1.5, -2.0, 1e300, -1e300, math.nan, math.inf, -math.inf])
    old, new = (data.draw(arrays.arrays(np.float64, shape, elements=elements)) for _ in range(2))
    found = compare(old, new)
    differing = [
        at for at in np.ndindex(*shape) if old[at] != new[at] and not (old[at] != old[at] and new[at] != new[at])
    ]
    assert (found.changed, found.differing) == (bool(differing), len(differing))
    finite = [at for at in differing if math.isfinite(old[at]) and math.isfinite(new[at])]
    if differing:
        assert found.spot is not None
        assert (found.spot.old, found.spot.new) == (pytest.approx(old[found.spot.at], nan_ok=True),
                                                    pytest.approx(new[found.spot.at], nan_ok=True))  # fmt: skip
        worst = max((abs(float(new[at]) - float(old[at])) for at in finite), default=None)
        assert (None if found.spot.difference is None else abs(found.spot.difference)) == worst
    ratios = [abs(float(new[at]) - float(old[at])) / abs(float(old[at])) for at in finite if old[at]]
    assert found.relative == (max(ratios) if ratios else None)
    assert found.lost_count == sum(math.isfinite(old[at]) and not math.isfinite(new[at]) for at in differing)
    assert found.regained == sum(math.isfinite(new[at]) and not math.isfinite(old[at]) for at in differing)


SUMMARY = {"count": 9, "non_finite": 0, "min": 1.0, "mean": 2.0, "max": 5.0}


def test_summaries_in_place_of_arrays() -> None:
    kinds = ("float64", (9,)), ("float64", (9,))
    assert not compare_values(SUMMARY, dict(SUMMARY), kinds).changed
    moved = compare_values(SUMMARY, SUMMARY | {"mean": 3.0, "non_finite": 2}, kinds)
    assert (moved.spot, moved.relative, moved.lost_count, moved.summarised) == (Spot(2.0, 3.0, 1.0), 0.5, 2, True)
    assert not compare_values(np.full(9, 4.0), SUMMARY | {"min": 4.0, "mean": 4.0, "max": 4.0}, kinds).changed
    assert not compare_values(0.0, SUMMARY | {"min": 0.0, "mean": 0.0, "max": 0.0}, kinds).changed
    odd: list[Any] = ["Infinity", None, "text", [], 10**400]
    for mean in odd:
        assert compare_values(SUMMARY, SUMMARY | {"mean": mean, "count": None}, kinds).changed


def test_results_of_the_lecture() -> None:
    old = dataflow.execute(LECTURE)
    assert compare_results(old, old).changed == ()
    found = compare_results(old, dataflow.execute(LECTURE, {"c": 4.0}))
    values = {item.name: item.value.spot and item.value.spot.new for item in found.moved if item.value.changed}
    slopes = {item.name: item.gradient.spot and item.gradient.spot.new for item in found.moved
              if item.gradient is not None and item.gradient.changed}  # fmt: skip
    assert values == {"c": 4.0, "u": 12.0, "v": 17.0, "J": 51.0}
    assert slopes == {"b": 12.0}
    assert [item.name for item in found.moved] == list(old.values)
    assert (found.added, found.removed, found.notes, found.lost, dict(found.retyped)) == ((), (), (), (), {})
    assert [item["name"] for item in found.as_data()["names"]] == ["b", "c", "u", "v", "J"]
    assert [item["name"] for item in found.as_data(everything=True)["names"]] == list(old.values)


def test_names_of_one_result_alone_and_renames() -> None:
    old = dataflow.execute(LECTURE)
    new = dataflow.execute(dataflow.loads(LECTURE.dump().replace("u: b", "p: b").replace("a + u", "a + p")))
    assert set(compare_results(old, new).added) == {"p"}
    assert set(compare_results(old, new).removed) == {"u"}
    renamed = compare_results(old, new, {"u": "p"})
    assert (renamed.added, renamed.removed, renamed.changed) == ((), (), ())
    assert Moved("p", "u", Movement(), Movement()) in renamed.moved


def test_what_else_differs_is_said() -> None:
    old = dataflow.execute(LECTURE)
    assert compare_results(old, dataflow.execute(LECTURE, target="v")).notes == (
        "the gradients are of two targets: of `J` and of `v`",
    )
    assert compare_results(old, dataflow.execute(LECTURE, target="J", cotangent=2.0)).notes == (
        "the reverse sweeps began with two cotangents",
    )
    bare = dataflow.execute(LECTURE.replace(target=None))
    assert compare_results(bare, old).notes == ("no gradients are compared: the old one has no target",)
    assert all(item.gradient is None for item in compare_results(bare, old).moved)
    fields = {key: getattr(old, key) for key in dataflow.Result.__slots__}
    other = dataflow.Result(**fields | {"versions": {**old.versions, "dataflow": "0.0"}, "processor": "abacus"})
    version = old.versions["dataflow"]
    assert compare_results(other, old).notes == (
        f"dataflow is of another version: 0.0, now {version}",
        f"the processor is of another kind: abacus, now {old.processor}",
    )
    first, second = (dataflow.Result(**fields | {"data": {"x.npy": digest}}) for digest in ("sha256:0", "sha256:1"))
    assert compare_results(first, second).notes == ("the data file `x.npy` has other content",)


def test_findings_are_those_that_are_new() -> None:
    text = "{dataflow: 1, inputs: {x: 1, y: 0}, nodes: {a: log(x), b: log(y), J: a + b}, target: J}"
    graph = dataflow.loads(text)
    old, new = dataflow.execute(graph), dataflow.execute(graph, {"x": 0})
    assert compare_results(old, old).findings == ()
    found = compare_results(old, new)
    assert found.lost == ("the gradient of `x`", "`a`")
    assert {finding["node"] for finding in found.findings} <= {"a", "x"}
    assert compare_results(new, old).lost == ()


def test_parts_of_expressions_are_compared_where_they_are_the_same() -> None:
    texts = ["2 * exp(a) + log(a)", "3 * exp(a) + sin(a)"]
    old, new = (
        dataflow.execute(dataflow.loads(f"{{dataflow: 1, inputs: {{a: 1}}, nodes: {{J: {text}}}}}"), hidden=True)
        for text in texts
    )
    found = compare_results(old, new)
    assert [item.label for item in found.moved] == [None, "J: `exp(a)`", None]
    assert found.added == found.removed == ()


GREEKS = """\
dataflow: 1
inputs: {x: [1, 2, 3], k: 2}
nodes:
  y: k * x ** 2
  z: sum(y)
derivatives:
  slopes: {jacobian: y, wrt: [x, k]}
  push: {jvp: y, along: {k: 1}}
  plain: {gradient: z, wrt: x}
"""


def test_derivatives_beside_the_gradient() -> None:
    old = dataflow.execute(dataflow.loads(GREEKS))
    assert compare_results(old, old).changed == ()
    assert [item.name for item in compare_results(old, old).products] == [
        "slopes[y, x]", "slopes[y, k]", "push[y]", "plain[x]",
    ]  # fmt: skip
    found = compare_results(old, dataflow.execute(dataflow.loads(GREEKS), {"k": 5}))
    spots = {item.name: item.value.spot for item in found.products}
    assert spots["slopes[y, x]"] == Spot(12.0, 30.0, 18.0, (2, 2))  # 2 k x
    assert spots["slopes[y, k]"] is spots["push[y]"] is None  # x ** 2
    assert spots["plain[x]"] == Spot(12.0, 30.0, 18.0, (2,))
    other = dataflow.execute(dataflow.loads(GREEKS.replace("jacobian: y, wrt: [x, k]", "gradient: z, wrt: k")))
    assert compare_results(old, other).notes == ("the derivative `slopes` is another: a jacobian, now a gradient",)
    renamed = dataflow.execute(dataflow.loads(GREEKS.replace("k", "rate")))
    pairs = {item.old_name: item.name for item in compare_results(old, renamed, {"k": "rate"}).products}
    assert pairs["slopes[y, k]"] == "slopes[y, rate]"


def test_sparse_blocks() -> None:
    old = SparseBlock((2, 3), np.array([0, 1]), np.array([1, 2]), np.array([4.0, 5.0]))
    new = SparseBlock((2, 3), np.array([0, 0]), np.array([1, 2]), np.array([4.0, 8.0]))
    kinds = ("float64[2,3]", "float64[2,3]")
    assert not compare_blocks(old, old).changed
    for first in (old, old.to_dense()):
        for second in (new, new.to_dense()):
            found = compare_blocks(first, second)
            assert found == Movement(True, kinds, 2, 6, Spot(0.0, 8.0, 8.0, (0, 2)), 1.0, (1, 2))
    assert not compare_blocks(old, old.to_dense().reshape(2, 3, 1)).changed
    assert compare_blocks(old, new._replace(shape=(3, 3))).spot is None
    huge = SparseBlock((10**9, 10**9), np.array([7]), np.array([10**9 - 1]), np.array([1.0]))
    assert compare_blocks(huge, huge._replace(values=np.array([3.0]))).spot == Spot(1.0, 3.0, 2.0, (7, 10**9 - 1))
