"""Random graphs: the gradients at the ends of the steps against slow twins that share no code with the sweeps."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings

from dataflow import standard
from dataflow.cli.table import describe
from dataflow.explanation import Explanation, explain
from dataflow.explanation.data import as_data
from dataflow.explanation.markdown import write_markdown
from dataflow.explanation.words import ENGLISH
from tests.explanation.showing import compute, show
from tests.sweeps.random_graphs import ArrayGraph, ScalarGraph, array_graphs, scalar_graphs


def check_steps(found: Explanation) -> None:
    """Every expression amounts to its number, and what comes back along all uses adds up to the gradient."""
    for gradient in found.reverse[1:]:
        total: Any = None
        for use in gradient.uses:
            assert use.opaque is None
            share = 0.0 if use.value is None else use.value
            amounts = compute(use, found.numbers, standard())
            np.testing.assert_allclose(amounts, share, rtol=1e-9, atol=1e-12)
            if use.value is not None:
                total = share if total is None else total + share
        np.testing.assert_array_equal(gradient.value, 0.0 if total is None else total)
    for line in (line for line in write_markdown(found, ENGLISH, describe) if "$" in line):
        assert line.count("$") % 2 == 0
    assert show(found)
    assert len(as_data(found)["reverse"]) == len(found.reverse)


@given(scalar_graphs(most=30))
@settings(max_examples=40)
def test_graphs_of_numbers(graph: ScalarGraph) -> None:
    found = explain(graph.load(), everything=True)
    check_steps(found)
    expected = dict(zip(graph.names, graph.gradients(), strict=True))
    told = {item.node: item.value for item in found.reverse if item.node in expected}
    reached = {graph.names[place] for place in graph.reached() if place in graph.named}
    assert set(told) <= reached
    assert not any(name[0] == "x" for name in reached - set(told))  # the others are made of numbers alone
    for name, gradient in told.items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-7, atol=1e-9)


@given(array_graphs())
@settings(max_examples=40)
def test_graphs_of_arrays(graph: ArrayGraph) -> None:
    found = explain(graph.load(), everything=True)
    check_steps(found)
    expected = dict(zip(graph.names, graph.twin()[1], strict=True))
    for item in found.reverse:
        if item.node in expected:
            np.testing.assert_allclose(item.value, expected[item.node], rtol=1e-9, atol=1e-12)


@given(scalar_graphs(most=20))
@settings(max_examples=20)
def test_every_value_asked_for_by_itself(graph: ScalarGraph) -> None:
    loaded = graph.load()
    whole = {item.name: item for item in explain(loaded, everything=True).reverse}
    for name in list(whole)[:6]:
        one = explain(loaded, node=name, everything=True)
        assert one.reverse[-1].name == name
        assert one.reverse[-1].value == whole[name].value
        assert [use.value for use in one.reverse[-1].uses] == [use.value for use in whole[name].uses]
