"""The other standard operators agree with their rules on shapes and attributes beside those of the examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from dataflow_std import CONTENTS

from dataflow.attributes import accepts, annotations_of
from dataflow.proof.cases import make_cases
from dataflow.shapes import ArrayType
from dataflow.tracing.recorder import Recorder
from tests.plugins.shapes.inferring import TABLE, XP, fill_in
from tests.plugins.shapes.test_agreement import vary, vary_attributes

MODULES = (
    "reductions", "scans", "differences", "statistics", "sorting", "shaping", "windows", "creation", "indexing",
    "scatter", "interpolation",
)  # fmt: skip
NAMES = [name for module in MODULES for name in CONTENTS[module].split()]
OTHERS = ["astype", "full_like", "clip", "polygamma", "jv", "iv", "bitwise_and", "bitwise_invert"]


def fill(shape: Any, kind: str) -> Any:
    """Values that are no reason for a refusal: numbers in order, indices of 0, masks that take everything."""
    if shape is None:
        return None
    count = int(np.prod(shape))
    return np.reshape(np.arange(count) / 7 if kind == "f" else np.full(count, kind == "b"), shape).astype(
        {"f": float, "b": bool}.get(kind, int)
    )


def neighbours(name: str) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """Inputs and attributes of the examples, and with one shape or one attribute changed."""
    operator, tried = TABLE[name], set()
    annotations = annotations_of(operator)
    for case in make_cases(operator, seed=5):
        if case.kind not in ("example", "drawn"):
            continue
        kinds = ["f" if item is None else item.dtype.kind for item in case.inputs]
        shapes = tuple([None if item is None else item.shape for item in case.inputs])
        attributes = fill_in(operator, dict(case.attributes))
        for other, about in [
            *[(item, attributes) for item in vary(shapes)],
            *[(shapes, item) for item in vary_attributes(attributes)],
        ]:
            key = (other, repr(about))
            if key not in tried and all(accepts(annotations[item], value) for item, value in about.items()):
                tried.add(key)
                yield [fill(shape, kind) for shape, kind in zip(other, kinds, strict=True)], about


def run(name: str, inputs: list[Any], attributes: dict[str, Any]) -> Any:
    operator = TABLE[name]
    try:
        with np.errstate(all="ignore"):
            found = operator.forward(XP, *inputs, **attributes)
    except ValueError as error:
        return read_refusal(error)
    parts = [np.asarray(part) for part in (found if operator.outputs else [found])]
    return [(part.dtype.name, part.shape) for part in parts]


def read_refusal(error: ValueError) -> str:
    """What it says; of shapes that do not broadcast NumPy speaks in its own way, and the engine looks again."""
    clash = "could not be broadcast together" in str(error) or "do not fit: sizes must be" in str(error)
    return "shapes do not fit" if clash else str(error)


def infer(name: str, inputs: list[Any], attributes: dict[str, Any]) -> Any:
    operands = [None if item is None else ArrayType(item.dtype.name, item.shape) for item in inputs]
    try:
        found = Recorder(TABLE, "float64").infer(TABLE[name], operands, attributes)
    except ValueError as error:
        return read_refusal(error)
    return [(item.dtype, item.shape) for item in found]


@pytest.mark.parametrize("name", [*NAMES, *OTHERS])
def test_kernel_and_rule_agree(name: str) -> None:
    tried = 0
    for inputs, attributes in neighbours(name):
        ran, inferred = run(name, inputs, attributes), infer(name, inputs, attributes)
        if isinstance(ran, list) and isinstance(inferred, list):
            for (dtype, shape), (known, lengths) in zip(ran, inferred, strict=True):
                assert (known, len(lengths)) == (dtype, len(shape)), attributes
                assert all(a is None or "size(" in str(a) or a == b for a, b in zip(lengths, shape, strict=True)), (
                    inputs,
                    attributes,
                )
        elif not (name == "put_masked" and isinstance(ran, str) and "the mask takes" in ran):  # by how many are true
            assert inferred == ran, (inputs, attributes)
        tried += 1
    assert tried > 5
