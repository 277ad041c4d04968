"""An affine map of the last axis, as one product of matrices whatever axes go before."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """`x` times the transpose of `weight`, plus `bias`."""
    if weight.ndim != 2:
        raise ValueError(f"weight has the shape {list(weight.shape)}: it needs [out, in]")
    if x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"x has the shape {list(x.shape)}: its last axis needs the {weight.shape[1]} of a weight of shape "
            f"{list(weight.shape)}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(
            f"bias has the shape {list(bias.shape)}, and {weight.shape[0]} outputs need [{weight.shape[0]}]"
        )
    z: Array = x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1]) @ weight.T
    if bias is not None:
        z += bias
    return z.reshape(*x.shape[:-1], weight.shape[0])


def bernoulli_like(x: Array, *, probability: float, seed: int) -> Array:
    """Truth values in the shape of `x`, each true with this probability, from the raw bits of PCG64.

    NumPy promises that the bits of a seeded bit generator never change.

    >>> bernoulli_like(np.zeros(6), probability=0.5, seed=1).tolist()
    [True, False, False, False, True, True]
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"a probability is from 0 to 1, not {probability}")
    if seed < 0:
        raise ValueError(f"a seed is at least 0, not {seed}")
    if probability == 1:
        return np.ones(x.shape, bool)
    size = int(np.size(x))
    bits = np.random.PCG64(seed).random_raw(-(-size // 2)).astype("<u8", copy=False).view("<u4")[:size]
    drawn: Array = bits < np.uint32(int(probability * 2**32))
    return drawn.reshape(x.shape)
