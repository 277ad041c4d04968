"""Every graph of the gallery: the numbers at the ends of its steps are the values and gradients of `execute`."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from dataflow import standard
from dataflow.cli.table import describe
from dataflow.document import load
from dataflow.execution import execute
from dataflow.explanation import explain
from tests.explanation.showing import compute, show

GALLERY = sorted((Path(__file__).parents[2] / "graphs").glob("*.yaml"))


@pytest.mark.parametrize("path", GALLERY, ids=[path.stem for path in GALLERY])
def test_the_last_number_of_a_step_is_that_of_execute(path: Path) -> None:
    graph = load(path)
    result = execute(graph, hidden=True)
    found = explain(graph, everything=path.stem != "chain")
    for value in found.forward:
        np.testing.assert_array_equal(value.value, result.values[value.node])
    reached = {name for name, item in result.gradients.items() if item is not None} - set(result.unreached)
    assert len(found.forward) + found.forward_left_out == len(result.values)
    assert len(found.reverse) + found.reverse_left_out == len(reached)
    for gradient in found.reverse:
        np.testing.assert_array_equal(gradient.value, result.gradients[gradient.node])
    lines = re.sub(r"\n= ", " = ", "\n".join(show(found))).splitlines()
    ends = {line.split(" = ")[0]: line.partition("   (")[0] for line in lines if " = d" in line}
    for gradient in found.reverse:
        line = ends[gradient.label]
        assert line.startswith(f"{gradient.label} = d{result.target}/d{gradient.name} = ")
        assert line.endswith(f" = {describe(gradient.value)}")


@pytest.mark.parametrize("path", GALLERY, ids=[path.stem for path in GALLERY])
def test_what_comes_back_adds_up(path: Path) -> None:
    found = explain(load(path), everything=path.stem != "chain")
    for gradient in found.reverse[1:]:
        if gradient.left_out:
            continue
        total = None
        for use in gradient.uses:
            assert use.opaque is None
            assert use.value is not None
            np.testing.assert_allclose(compute(use, found.numbers, standard()), use.value, rtol=1e-12, atol=1e-300)
            total = use.value if total is None else total + use.value
        np.testing.assert_array_equal(total, gradient.value)


def test_a_large_graph_is_cut_in_its_middle() -> None:
    graph = load(Path(__file__).parents[2] / "graphs" / "chain.yaml")
    found = explain(graph)
    assert (len(found.forward), len(found.reverse)) == (40, 40)
    assert (found.reverse[0].name, found.reverse[-1].name) == ("x250", "growth")
    whole = explain(graph, everything=True)
    assert len(whole.reverse) == 40 + found.reverse_left_out
    assert found.counts == whole.counts
    assert f"... {found.reverse_left_out:,} more; --all shows them" in show(found)


def test_a_value_that_is_used_very_often() -> None:
    graph = load(Path(__file__).parents[2] / "graphs" / "chain.yaml")
    lines = show(explain(graph, node="growth"))
    assert "growth is used 250 times: what comes back along each use adds up" in lines
    assert "... and 242 more" in lines
    gradient = execute(graph).gradients["growth"]
    assert lines[-1] == f"dgrowth = {describe(gradient)}: if growth grows by 0.001, x250 grows by about 2.40826e-05."


def test_a_node_of_a_network() -> None:
    lines = show(explain(load(Path(__file__).parents[2] / "graphs" / "two_layer_network.yaml"), node="W1"))
    assert any(line.startswith("dW1 = dJ/dW1 = Xᵀ @ ds1") for line in lines)
    assert "s1 = X @ W1 = [0, 0, 0, -0.7, ...] (4 x 3)" in lines


def test_what_is_added_to_every_row() -> None:
    lines = show(explain(load(Path(__file__).parents[2] / "graphs" / "two_layer_network.yaml")))
    place = next(index for index, line in enumerate(lines) if line.startswith("db1 = dJ/db1 = sum(ds2, axis=0)"))
    assert lines[place + 1] == "(every element of b1 is used 4 times, and what comes back adds up)"
    assert "J does not depend on probabilities: the gradient is 0." in lines
    assert "labels: no gradient, since integers and truth values have none." in lines
