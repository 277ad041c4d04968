"""Which plugins a graph needs, and in which versions."""

from __future__ import annotations

import re

import pytest

from dataflow.checks.requirements import check_requirements, satisfies
from dataflow.graph import Graph
from dataflow.registry import standard


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("1.2", "", True), ("1.2", ">=1.2", True), ("1.2", ">1.2", False), ("1.10", ">=1.9", True),
        ("1.2", ">=1.2.0", True), ("1.2.0", "==1.2", True), ("1.2.1", "==1.2", False), ("1.2", "!=1.3", True),
        ("1.2", "!=1.2.0", False), ("2", ">=1.2,<2", False), ("1.9.9", " >= 1.2 , < 2 ", True), ("1.9", "<=1.9", True),
        ("0", ">=0", True), ("0.0", "==0", True), ("1.2rc1", ">=1.2", True), ("", ">=0", False), ("", "", True),
        ("unknown", ">=1", False), ("1.2", ",,", True),
    ],
)  # fmt: skip
def test_versions(version: str, wanted: str, fits: bool) -> None:
    assert satisfies(version, wanted) is fits


@pytest.mark.parametrize(
    "wanted", ["newest", "1.2", "~=1.2", "^1", ">=", ">=x", ">=1.2 <2", ">=1..2", "=1", ">= 1.2,nope"]
)
def test_what_is_no_version(wanted: str) -> None:
    with pytest.raises(ValueError, match=re.escape(wanted.rpartition(",")[2])):
        satisfies("1.2", wanted)


def codes_of(**requires: str) -> list[tuple[str, str | None]]:
    graph = Graph(requires={name.replace("__", "-"): wanted for name, wanted in requires.items()})
    return [(item.code, item.hint) for item in check_requirements(graph, standard())]


def test_requirements() -> None:
    assert codes_of() == []
    assert codes_of(dataflow_std=">=0", dataflow__nn="", DATAFLOW_NN=">=0.0.1,<1000") == []
    assert codes_of(dataflow_std=">=1000") == [("DF0709", None)]
    assert codes_of(dataflow_sdt="") == [("DF0707", "did you mean `dataflow_std`?")]
    assert codes_of(zzz=">=1") == [("DF0707", "install it, or name its file with --plugin")]
    assert codes_of(dataflow_std="newest") == [("DF0708", "write `>=1.2`, or `>=1.2,<2`")]
