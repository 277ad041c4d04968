"""Special functions of several arguments on arrays: SciPy's, but a number among float32 arrays widens nothing."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import special

from dataflow_std.shapes.special import check_order
from dataflow_std.stirling import LARGE, log_beta


def _narrow(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, in the dtype that NumPy's own functions would choose."""

    def narrowed(*inputs: Any) -> Any:
        dtype = np.result_type(*inputs)
        return function(*[np.asarray(x, dtype) for x in inputs])

    return narrowed


FUNCTIONS = SimpleNamespace(
    gammaln=special.gammaln, log=np.log, log1p=np.log1p, maximum=np.maximum, minimum=np.minimum, where=np.where
)


def _betaln(a: Any, b: Any) -> Any:
    z, large = special.betaln(a, b), _are_large(a, b)
    return np.where(large, log_beta(FUNCTIONS, a, b), z)[()] if np.any(large) else z


def _beta(a: Any, b: Any) -> Any:
    z, large = special.beta(a, b), _are_large(a, b)
    return np.where(large, np.exp(log_beta(FUNCTIONS, a, b)), z)[()] if np.any(large) else z


def _are_large(a: Any, b: Any) -> Any:
    """Where SciPy subtracts large logarithms of Gamma: at (9e5, 1) seven digits of B are lost."""
    return (np.maximum(a, b) >= LARGE) & (np.minimum(a, b) > 0) & np.isfinite(a) & np.isfinite(b)


beta = _narrow(_beta)
betainc = _narrow(special.betainc)
betaln = _narrow(_betaln)
gammainc = _narrow(special.gammainc)
gammaincc = _narrow(special.gammaincc)
xlog1py = _narrow(special.xlog1py)
xlogy = _narrow(special.xlogy)
zeta = _narrow(special.zeta)


def polygamma(x: Any, *, n: int) -> Any:
    """The derivative of order n of digamma. Raises `ValueError` for a negative order."""
    check_order("n", "polygamma", n)
    result = special.polygamma(n, x)
    return result.astype(x.dtype) if hasattr(x, "dtype") else result
