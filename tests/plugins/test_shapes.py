"""The shape rule of every operator gives what running it gives, on everything that the proof tries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from dataflow import Operator, standard
from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from dataflow.proof.cases import make_cases
from dataflow.shapes import ArrayType
from dataflow.sweeps.arrays import quiet
from dataflow.sweeps.conversion import convert
from dataflow.sweeps.plan import Step
from dataflow.tracing.inference import infer_primitive

TABLE = standard()
XP = Library(TABLE, numpy_arrays)
STATED = [name for name in TABLE if TABLE[name].kernels is not None or TABLE[name].shape is not None]


def run(operator: Operator, inputs: Any, attributes: Any, default: str) -> list[Any]:
    """The outputs of an operator as the engine computes them."""
    step = Step(operator.name, operator, (), (), attributes, ())
    with quiet():
        found = operator.forward(XP, *convert(step, list(inputs), np.dtype(default)), **attributes)
    return [np.asarray(part) for part in (found if operator.outputs else [found])]


def type_of(value: Any) -> Any:
    return None if value is None else ArrayType(value.dtype.name, value.shape) if hasattr(value, "dtype") else value


@np.errstate(over="ignore")
def narrow(value: Any) -> Any:
    return value.astype("float32") if hasattr(value, "dtype") and value.dtype.kind == "f" else value


def count(value: Any) -> Any:
    if not hasattr(value, "dtype") or value.dtype.kind != "f":
        return value
    return np.nan_to_num(value, posinf=3, neginf=-3).clip(-9, 9).astype("int32")


def variants(inputs: Any) -> Iterator[tuple[Any, str]]:
    """The inputs as they are, in float32, and with integers in place of floats."""
    yield inputs, "float64"
    yield [narrow(item) for item in inputs], "float32"
    yield [count(item) for item in inputs], "float64"


@pytest.mark.parametrize("name", STATED)
def test_types_are_those_of_what_comes_out(name: str) -> None:
    operator = TABLE[name]
    tried = 0
    for case in make_cases(operator, seed=3):
        attributes = {item.name: item.default for item in operator.attributes if not item.required} | dict(
            case.attributes
        )
        for inputs, default in variants(case.inputs):
            operands = [type_of(item) for item in inputs]
            try:
                with np.errstate(all="ignore"):
                    found = run(operator, inputs, attributes, default)
            except (ValueError, IndexError, TypeError, OverflowError, np.linalg.LinAlgError):
                continue
            expected = [(part.dtype.name, part.shape) for part in found]
            inferred = infer_primitive(operator, operands, attributes, default)
            assert len(inferred) == len(expected), case
            for (dtype, shape), known in zip(expected, inferred, strict=True):
                assert known.dtype == dtype, (case.inputs, attributes, default)
                assert len(known.shape) == len(shape), (case.inputs, attributes)
                assert all(a is None or a == b for a, b in zip(known.shape, shape, strict=True)), (
                    operands,
                    attributes,
                    known,
                    shape,
                )
            tried += 1
    assert tried
