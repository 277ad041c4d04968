"""Every operator explained: the number of each step is the engine's, and its expression amounts to that number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pytest

from dataflow import standard
from dataflow.cli.table import describe
from dataflow.execution import execute
from dataflow.explanation import explain
from dataflow.explanation.data import as_data
from dataflow.explanation.markdown import write_markdown
from dataflow.explanation.words import CHINESE
from dataflow.graph import Graph, Input, Node
from dataflow.library import Library
from dataflow.operators import VARIADIC_OUTPUTS, Operator
from dataflow.proof.cases import make_cases
from dataflow.sweeps.pullback import pull_back
from tests.explanation.showing import compute, show

OPERATORS = standard()
CASES = 5  # of each operator; the proof tries all


def make_graph(operator: Operator, inputs: Sequence[Any], attributes: Mapping[str, Any], results: int) -> Graph:
    names = [None if x is None else f"x{index}" for index, x in enumerate(inputs)]
    given = {
        name: Input(dtype=x.dtype.name, shape=x.shape)
        for name, x in zip(names, inputs, strict=True)
        if name is not None
    }
    outputs = tuple(f"z{index}" for index in range(results)) if operator.outputs else ()
    return Graph(inputs=given, nodes={"z": Node(operator.name, tuple(names), attributes, outputs)}, operators=OPERATORS)


def count_results(operator: Operator, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> int:
    from dataflow.arrays import numpy_arrays

    if operator.outputs != VARIADIC_OUTPUTS:
        return len(operator.outputs)
    return len(operator.forward(Library(OPERATORS, numpy_arrays), *inputs, **attributes))


@pytest.mark.parametrize("name", list(OPERATORS))
def test_steps_are_what_the_engine_does(name: str) -> None:
    operator = OPERATORS[name]
    if not operator.differentiable:
        pytest.skip("has no gradient")
    cases = [case for case in make_cases(operator, 7) if all(x is None or x.size for x in case.inputs)]
    for case in islice(cases, CASES):
        results = count_results(operator, case.inputs, case.attributes)
        graph = make_graph(operator, case.inputs, case.attributes, results)
        given = {f"x{index}": x for index, x in enumerate(case.inputs) if x is not None}
        value = pull_back(operator, OPERATORS, case.inputs, case.attributes, [None] * results or None).value
        parts = value if results else (value,)
        place = next((index for index, part in enumerate(parts) if np.asarray(part).dtype.kind == "f"), None)
        if place is None:
            continue
        cotangent = np.random.default_rng(7).normal(size=np.shape(parts[place])).astype(parts[place].dtype)
        target = f"z{place}" if results else "z"
        g: Any = tuple(cotangent if index == place else None for index in range(results)) if results else cotangent
        expected = pull_back(operator, OPERATORS, case.inputs, case.attributes, g).cotangents
        explanation = explain(graph, given, target=target, cotangent=cotangent)
        result = execute(graph, given, target=target, cotangent=cotangent)
        assert show(explanation)
        assert list(write_markdown(explanation, CHINESE, describe))
        assert as_data(explanation)["target"] == target
        for gradient in explanation.reverse[1:]:
            (use,) = gradient.uses
            np.testing.assert_array_equal(gradient.value, result.gradients[gradient.name])
            if use.value is None:
                assert gradient.value == 0
                continue
            np.testing.assert_array_equal(use.value, gradient.value)
            np.testing.assert_allclose(use.value, expected[int(gradient.name[1:])], rtol=1e-12)
            if use.opaque is None:
                found = compute(use, explanation.numbers, OPERATORS)
                np.testing.assert_allclose(found, use.value, rtol=1e-12, atol=1e-300)
            else:
                assert name in OPAQUE


OPAQUE = {"put_masked"}  # how many elements it takes is known with the values alone
