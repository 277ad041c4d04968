"""The exponential of stacks of NumPy matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import expm as expm_of_scipy

from dataflow_std.kernels.solvers import take_square


def expm(x: Any) -> Any:
    """The exponential, NaN for a member of a stack that is not finite."""
    x = take_square(x, "x")
    if not x.size:
        return np.array(x)
    finite = np.isfinite(x).all(axis=(-2, -1), keepdims=True)
    if finite.all():
        return expm_of_scipy(x).astype(x.dtype, copy=False)
    z = expm_of_scipy(np.where(finite, x, 0))
    return np.where(finite, z, np.nan).astype(x.dtype, copy=False)
