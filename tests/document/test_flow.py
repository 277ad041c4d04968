"""Expressions that YAML cut at their commas are put together again for the message, and nothing else is."""

from __future__ import annotations

import pytest

from dataflow.document import loads
from dataflow.errors import Diagnostic, GraphError

HEAD = "dataflow: 1\ninputs: {a: 1, b: 2}\n"


def refuse(nodes: str) -> list[Diagnostic]:
    with pytest.raises(GraphError) as caught:
        loads(HEAD + nodes)
    return list(caught.value.diagnostics)


def test_each_cut_expression_is_one_problem() -> None:
    first, second = refuse("nodes: {y: where(a > b, a, b), z: 'a', w: 2 * max(b, 1) + min(7, 3)}")
    assert [item.code for item in (first, second)] == ["DF0307", "DF0307"]
    assert first.hint == 'put it in quotes: y: "where(a > b, a, b)"'
    assert second.hint == 'put it in quotes: w: "2 * max(b, 1) + min(7, 3)"'
    assert (first.found, second.found) == ("where(a > b", "2 * max(b")


@pytest.mark.parametrize(
    "nodes", ["nodes:\n  y: 1 + a\n  z:\n", "nodes: {y: 1 + a, z}", "nodes:\n  y: (a + b)\n  z:\n"]
)
def test_an_empty_entry_after_a_whole_expression_is_just_empty(nodes: str) -> None:
    (problem,) = refuse(nodes)
    assert (problem.code, problem.message) == ("DF0252", "`nodes.z` is nothing")


def test_an_expression_that_never_ends_is_joined_to_nothing() -> None:
    codes = {item.code for item in refuse("nodes: {y: max(a, c, d, z: 2}")}
    assert codes == {"DF0252", "DF0301"}


def test_an_expression_cut_into_very_many_parts() -> None:
    parts = ", ".join(f"a{index}" for index in range(100_000))
    (problem,) = refuse(f"nodes: {{y: max(a, {parts}, b)}}")
    assert problem.code == "DF0307"
