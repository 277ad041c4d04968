"""Shapes before anything runs, and what a kernel says, so that the two can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from dataflow import Operator, standard
from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from dataflow.shapes import ArrayType, OpenShape
from dataflow.sizes import parse_size
from dataflow.tracing.inference import infer_primitive

TABLE = standard()
XP = Library(TABLE, numpy_arrays)


def read_shape(text: str) -> Any:
    """A shape from text: "rows, 3"; "-" for an input that is not given."""
    if text == "-":
        return None
    return tuple([None if part.strip() == "?" else parse_size(part) for part in text.split(",") if part.strip()])


def fill_in(operator: Operator, attributes: dict[str, Any]) -> dict[str, Any]:
    """All attributes, those left out with their defaults."""
    return {item.name: item.default for item in operator.attributes if not item.required} | attributes


def infer(name: str, shapes: Sequence[Any], dtype: str = "float64", **attributes: Any) -> list[OpenShape]:
    """The shapes that an operator gives for inputs of these shapes, each a tuple or text."""
    operator = TABLE[name]
    read = [read_shape(shape) if isinstance(shape, str) else shape for shape in shapes]
    operands = [None if shape is None else ArrayType(dtype, shape) for shape in read]
    operands += [None] * (0 if operator.variadic else len(operator.inputs) - len(operands))
    known = infer_primitive(operator, operands, fill_in(operator, attributes), "float64")
    return [item.shape for item in known]


def run(name: str, shapes: Sequence[Any], **attributes: Any) -> list[tuple[int, ...]]:
    """The shapes of what an operator gives for arrays of these shapes."""
    operator = TABLE[name]
    rng = np.random.default_rng(4)
    inputs = [None if shape is None else rng.normal(size=shape) for shape in shapes]
    names = [item.name for item in operator.inputs]
    for index, item in enumerate(inputs):
        if item is not None and operator.kinds.get(names[min(index, len(names) - 1)]) == "bool":
            inputs[index] = item > 0
    inputs += [None] * (0 if operator.variadic else len(operator.inputs) - len(inputs))
    with np.errstate(all="ignore"):
        found = operator.forward(XP, *inputs, **fill_in(operator, attributes))
    return [np.shape(part) for part in (found if operator.outputs else [found])]


def refusal(name: str, shapes: Sequence[Any], **attributes: Any) -> str:
    """What the kernel says against inputs of these shapes, after a look that the shape rule says the same."""
    read = [read_shape(shape) if isinstance(shape, str) else shape for shape in shapes]
    with pytest.raises(ValueError) as ran:  # noqa: PT011
        run(name, read, **attributes)
    with pytest.raises(ValueError) as inferred:  # noqa: PT011
        infer(name, read, **attributes)
    assert str(inferred.value) == str(ran.value)
    return str(ran.value)
