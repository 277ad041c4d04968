"""The rules hold on arrays that have nothing but the Array API standard, so that they travel to other arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dataflow import standard
from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from dataflow.operators import Operator
from tests.arrays.strict import StrictArrays, unwrap, wrap
from tests.plugins.calling import complete, trials

TABLE = standard()
STRICT = Library(TABLE, StrictArrays(TABLE))
NUMPY = Library(TABLE, numpy_arrays)


def run(xp: Library, operator: Operator, inputs: Any, attributes: Any, g: Any) -> list[Any]:
    """The value, and what each written rule gives."""
    absent = 0 if operator.variadic else len(operator.inputs) - len(inputs)
    inputs = [*inputs, *[None] * absent]
    z = operator.forward(xp, *inputs, **attributes)
    parts = list(z) if isinstance(z, tuple | list) else [z]
    backward: Any = operator.backward
    rules = [backward] if callable(backward) else list((backward or {}).values())
    for rule in rules:
        if rule is not None:
            given = rule(xp, g, tuple(z) if isinstance(z, list) else z, *inputs, **complete(operator, attributes))
            found = given.values() if isinstance(given, dict) else given
            parts += found if isinstance(found, tuple | list | type({}.values())) else [found]
    return parts


@pytest.mark.parametrize("name", sorted(TABLE))
def test_rules_hold_on_strict_arrays(name: str) -> None:
    operator = TABLE[name]
    rng = np.random.default_rng(8)
    with np.errstate(all="ignore"):
        for trial in trials(operator):
            z = operator.forward(NUMPY, *trial.inputs, **trial.attributes)
            g: Any = [rng.normal(size=np.shape(part)) for part in z] if isinstance(z, tuple | list) else None
            g = rng.normal(size=np.shape(z)) if g is None else tuple(g)
            expected = run(NUMPY, operator, trial.inputs, trial.attributes, g)
            inputs = [None if x is None else wrap(np.array(x)) for x in trial.inputs]
            g = tuple(map(wrap, g)) if isinstance(g, tuple) else wrap(np.asarray(g))
            found = run(STRICT, operator, inputs, trial.attributes, g)
            for a, b in zip(found, expected, strict=True):
                if b is None:  # no cotangent: an optional input that was not given
                    assert a is None
                    continue
                np.testing.assert_allclose(unwrap(a), b, rtol=1e-12, atol=1e-13)
