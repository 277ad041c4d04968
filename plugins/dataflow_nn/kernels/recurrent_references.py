"""Recurrent cells straight from the definition: one unit of one sample after the other."""

from __future__ import annotations

from math import exp, tanh
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def _sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x))


def _product(x: Array, weight: Array, bias: Array | None, row: int) -> float:
    total = sum(float(a) * float(b) for a, b in zip(x, weight[row], strict=True))
    return total + (0.0 if bias is None else float(bias[row]))


def lstm_cell(
    x: Array, h: Array, c: Array, weight_ih: Array, weight_hh: Array, bias_ih: Array | None = None,
    bias_hh: Array | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """Input, forget, cell and output gate."""
    units, hidden, cell = h.shape[-1], np.zeros(h.shape), np.zeros(h.shape)
    for place in np.ndindex(*x.shape[:-1]):
        for u in range(units):
            i, f, g, o = (_product(x[place], weight_ih, bias_ih, k * units + u)
                          + _product(h[place], weight_hh, bias_hh, k * units + u) for k in range(4))  # fmt: skip
            cell[(*place, u)] = _sigmoid(f) * c[(*place, u)] + _sigmoid(i) * tanh(g)
            hidden[(*place, u)] = _sigmoid(o) * tanh(cell[(*place, u)])
    return hidden, cell


def gru_cell(
    x: Array, h: Array, weight_ih: Array, weight_hh: Array, bias_ih: Array | None = None, bias_hh: Array | None = None
) -> Array:
    """Reset, update and new gate."""
    units, hidden = h.shape[-1], np.zeros(h.shape)
    for place in np.ndindex(*x.shape[:-1]):
        for u in range(units):
            given = [_product(x[place], weight_ih, bias_ih, k * units + u) for k in range(3)]
            kept = [_product(h[place], weight_hh, bias_hh, k * units + u) for k in range(3)]
            reset, update = _sigmoid(given[0] + kept[0]), _sigmoid(given[1] + kept[1])
            new = tanh(given[2] + reset * kept[2])
            hidden[(*place, u)] = (1 - update) * new + update * float(h[(*place, u)])
    return hidden
