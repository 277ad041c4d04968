"""The workloads for autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.benchmarks.speed.formulas import FORMULAS

LACKING = ("gmm", "logistic")  # tril, einsum of this kind, a zero's dtype


def make(name: str, data: dict[str, Any], wrt: tuple[str, ...]) -> Callable[[], Any] | None:
    """A function that computes a workload's value and gradients; None where autograd lacks what it takes."""
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.stats import norm

    if name not in FORMULAS or name in LACKING:
        return None
    fixed = {key: array for key, array in data.items() if key not in wrt}

    def value(parts: Any) -> Any:
        return FORMULAS[name](anp, norm.cdf, {**fixed, **dict(zip(wrt, parts, strict=True))})[0]

    function = autograd.value_and_grad(value)
    return lambda: function(tuple(data[key] for key in wrt))
