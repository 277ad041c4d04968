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
from dataflow.sizes import UnknownSizeError, parse_size
from dataflow.tracing.recorder import Recorder

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


def infer_types(name: str, inputs: Sequence[tuple[str, Any]], **attributes: Any) -> list[tuple[str, OpenShape]]:
    """dtype and shape of what an operator gives, from those of its inputs; a shape is a tuple or text."""
    operator = TABLE[name]
    read = [(dtype, read_shape(shape) if isinstance(shape, str) else shape) for dtype, shape in inputs]
    operands = [None if shape is None else ArrayType(dtype, shape) for dtype, shape in read]
    operands += [None] * (0 if operator.variadic else len(operator.inputs) - len(operands))
    known = Recorder(TABLE, "float64").infer(operator, operands, fill_in(operator, attributes))
    return [(item.dtype, item.shape) for item in known]


def infer(name: str, shapes: Sequence[Any], **attributes: Any) -> list[OpenShape]:
    """The shapes that an operator gives for inputs of these shapes, each a tuple or text."""
    return [shape for _, shape in infer_types(name, add_types(name, shapes), **attributes)]


def add_types(name: str, shapes: Sequence[Any]) -> list[tuple[str, Any]]:
    """Shapes with the dtype that each input has by default."""
    operator = TABLE[name]
    names = [item.name for item in operator.inputs]
    kinds = [operator.kinds.get(names[min(index, len(names) - 1)], operator.takes) for index in range(len(shapes))]
    dtypes = {"bool": "bool", "integer": "int64"}
    return [(dtypes.get(kind, "float64"), shape) for kind, shape in zip(kinds, shapes, strict=True)]


def run_types(name: str, inputs: Sequence[tuple[str, Any]], **attributes: Any) -> list[tuple[str, tuple[int, ...]]]:
    """dtype and shape of what an operator gives for arrays, from those of its inputs."""
    operator = TABLE[name]
    rng = np.random.default_rng(4)
    arrays: list[Any] = []
    for dtype, shape in inputs:
        read = read_shape(shape) if isinstance(shape, str) else shape
        drawn = None if read is None else rng.normal(size=read)
        arrays.append(None if drawn is None else np.asarray(drawn > 0 if dtype == "bool" else drawn, dtype))
    arrays += [None] * (0 if operator.variadic else len(operator.inputs) - len(arrays))
    with np.errstate(all="ignore"):
        found = operator.forward(XP, *arrays, **fill_in(operator, attributes))
    parts = [np.asarray(part) for part in (found if operator.outputs else [found])]
    return [(part.dtype.name, part.shape) for part in parts]


def refusal(name: str, shapes: Sequence[Any], **attributes: Any) -> str:
    """What the kernel says against inputs of these shapes, after a look that the shape rule says the same."""
    with pytest.raises(ValueError) as ran:  # noqa: PT011
        run_types(name, add_types(name, shapes), **attributes)
    with pytest.raises(ValueError) as inferred:  # noqa: PT011
        infer(name, shapes, **attributes)
    assert str(inferred.value) == str(ran.value)
    assert not isinstance(inferred.value, UnknownSizeError)
    return str(ran.value)
