"""An affine map of the last axis, as one product of matrices whatever axes go before."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflow_nn.shapes.linear import check_draw
from dataflow_nn.shapes.linear import linear as check_shapes

Array = np.ndarray[Any, Any]


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """`x` times the transpose of `weight`, plus `bias`."""
    shape = check_shapes(x.shape, weight.shape, None if bias is None else bias.shape)
    z: Array = x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1]) @ weight.T
    if bias is not None:
        z = z + bias if bias.dtype != z.dtype else np.add(z, bias, out=z)
    return z.reshape(shape)


def bernoulli_like(x: Array, *, probability: float, seed: int) -> Array:
    """Truth values in the shape of `x`, each true with this probability, from the raw bits of PCG64.

    NumPy promises that the bits of a seeded bit generator never change.

    >>> bernoulli_like(np.zeros(6), probability=0.5, seed=1).tolist()
    [True, False, False, False, True, True]
    """
    check_draw(probability, seed)
    if probability == 1:
        return np.ones(x.shape, bool)
    size = int(np.size(x))
    bits = np.random.PCG64(seed).random_raw(-(-size // 2)).astype("<u8", copy=False).view("<u4")[:size]
    drawn: Array = bits < np.uint32(int(probability * 2**32))
    return drawn.reshape(x.shape)
