"""`dataflow verify` finds statements about axes that are not true."""

from __future__ import annotations

from typing import Any

import dataflow
from dataflow import Operator
from dataflow.axes import Maps, Places, Shapes, Treatment
from dataflow.proof.operators import verify_operator
from dataflow.proof.report import describe_failure


def test_an_author_who_says_that_a_mean_maps() -> None:
    def state(places: Places, shapes: Shapes) -> Treatment:
        return Maps.at(places[0] or 0)

    moved = Operator("moved", "z = x + mean of x", forward=lambda xp, x: x + xp.mean(x), axes=state,
                     shape=lambda x: x, backward={"x": lambda xp, g, z, x: g + xp.mean(g)})  # fmt: skip
    proof = verify_operator(moved)
    assert {failure.check for failure in proof.failures} == {"axes"}
    lines = list(describe_failure(proof.failures[0]))
    assert lines[0] == "moved: it states that it maps along axis 0, and the parts do not make the whole"
    assert verify_operator(moved.replaced(axes=None)).proved


def test_what_raises_of_a_part() -> None:
    def forward(xp: Any, x: Any) -> Any:
        return xp.reshape(x, shape=xp.shape(x)) if xp.size(x) != 1 else xp.reshape(x, shape=(7, 7))

    odd = Operator("odd", "z = x", forward=forward, shape=lambda x: x, backward={"x": lambda xp, g, z, x: g},
                   axes=lambda places, shapes: Maps.at(places[0] or 0),
                   examples=lambda rng: [((rng.normal(size=4),), {})])  # fmt: skip
    failures = verify_operator(odd, dataflow.standard()).failures
    assert "raises of a part" in failures[0].message
