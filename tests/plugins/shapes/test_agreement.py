"""Rule and kernel agree on shapes that are beside those of the examples: what comes out, and what is refused how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from dataflow.proof.cases import make_cases
from tests.plugins.shapes.inferring import TABLE, add_types, infer, run_types

MODULES = (
    "dataflow_std.linalg", "dataflow_std.solvers", "dataflow_std.determinants", "dataflow_std.products",
    "dataflow_std.einsum", "dataflow_std.norms", "dataflow_std.decompositions", "dataflow_std.pseudoinverses",
    "dataflow_std.exponentials", "dataflow_nn.softmaxes", "dataflow_nn.linear", "dataflow_nn.convolution",
    "dataflow_nn.pooling", "dataflow_nn.normalization", "dataflow_nn.attention", "dataflow_nn.activations",
)  # fmt: skip
OUTSIDE = {"logsumexp": "dataflow_nn.softmaxes"}  # its forward rule is that of all reductions
NAMES = sorted(
    name
    for name, operator in TABLE.items()
    if operator.shape is not None and OUTSIDE.get(name, operator.forward.__module__) in MODULES
)
Shapes = tuple[Any, ...]


def vary(shapes: Shapes) -> Iterator[Shapes]:
    """The shapes with one of them changed: an axis more, one fewer, or an axis of another length."""
    yield shapes
    for place, shape in enumerate(shapes):
        if shape is None:
            continue
        others = [(*shape[:axis], length, *shape[axis + 1:]) for axis in range(len(shape))
                  for length in (shape[axis] + 1, 0, 1)]  # fmt: skip
        for other in [*others, shape[1:], shape[:-1], (2, *shape), ()]:
            yield (*shapes[:place], other, *shapes[place + 1 :])


def vary_attributes(attributes: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The attributes with a number in one of them changed."""
    for name, value in attributes.items():
        if type(value) is int:
            for other in (value + 1, value - 1, -1, 0, 4):
                yield {**attributes, name: other}
        elif isinstance(value, tuple) and value and type(value[0]) is int:
            for index, item in enumerate(value):
                if type(item) is int:
                    yield {**attributes, name: (*value[:index], item + 1, *value[index + 1 :])}
            yield {**attributes, name: value[1:]}
            yield {**attributes, name: (*value, 1)}
            yield {**attributes, name: (-value[0], *value[1:])}


def ask(name: str, shapes: Shapes, attributes: dict[str, Any]) -> tuple[Any, Any]:
    """What kernel and rule give: shapes, or the words of a refusal."""
    found: list[Any] = []
    for function in (run_shapes, infer):
        try:
            found.append(function(name, shapes, **attributes))
        except ValueError as error:
            found.append(str(error))
    return found[0], found[1]


def run_shapes(name: str, shapes: Sequence[Any], **attributes: Any) -> list[tuple[int, ...]]:
    return [shape for _, shape in run_types(name, add_types(name, shapes), **attributes)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_kernel_and_rule_agree(name: str) -> None:
    tried: set[Any] = set()
    for case in make_cases(TABLE[name], seed=5):
        if case.kind not in ("example", "drawn"):
            continue
        shapes = tuple([None if item is None else np.shape(item) for item in case.inputs])
        attributes = dict(case.attributes)
        for other, about in [
            *[(item, attributes) for item in vary(shapes)],
            *[(shapes, item) for item in vary_attributes(attributes)],
        ]:
            key = (other, repr(about))
            if key not in tried:
                tried.add(key)
                ran, inferred = ask(name, other, about)
                assert inferred == ran, (other, about)
    assert tried


def test_every_module_is_looked_at() -> None:
    assert {OUTSIDE.get(name, TABLE[name].forward.__module__) for name in NAMES} == set(MODULES)
