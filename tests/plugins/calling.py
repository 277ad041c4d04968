"""Rules called by hand, without an engine around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from dataflow.operators import Operator
from dataflow.proof.cases import Case, make_cases


def differentiable(operator: Operator) -> list[int]:
    """The places of the inputs that have a rule."""
    return [place for place, item in enumerate(operator.inputs) if item.name in operator.differentiable]


def trials(operator: Operator, seed: int = 7) -> Iterator[Case]:
    """What the operator's examples say, or numbers from its domain in all shapes that broadcast."""
    return (case for case in make_cases(operator, seed) if case.kind in ("example", "drawn"))


def complete(operator: Operator, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes with the defaults of those that are not given."""
    return {item.name: item.default for item in operator.attributes} | dict(attributes)


def over_numpy(operators: Mapping[str, Operator]) -> Library:
    return Library(operators, numpy_arrays)


def call_rule(
    xp: Any, operator: Operator, name: str, g: Any, z: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]
) -> Any:
    assert isinstance(operator.backward, Mapping)
    rule = operator.backward[name]
    assert rule is not None
    return rule(xp, g, z, *inputs, **complete(operator, attributes))


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """What the engine does with the cotangent of an input that was broadcast."""
    extra = np.ndim(g) - len(shape)
    g = np.sum(g, axis=tuple(range(extra)), dtype=np.asarray(g).dtype)
    stretched = tuple(axis for axis, length in enumerate(shape) if length == 1 and g.shape[axis] != 1)
    return np.sum(g, axis=stretched, keepdims=True) if stretched else g
