"""Convolution and its adjoints, straight from the definition: one multiplication after the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Place = tuple[int, ...]


def _axes(value: Any, count: int) -> Place:
    return (value,) * count if isinstance(value, int) else tuple(value)


def _pairs(
    x: Place, weight: Place, stride: Any, padding: Any, dilation: Any, groups: int
) -> Iterator[tuple[Place, Place, Place]]:
    """The places of z, of x and of weight that belong together."""
    count = len(weight) - 2
    steps, gaps = _axes(stride, count), _axes(dilation, count)
    reach = [gap * (n - 1) for gap, n in zip(gaps, weight[2:], strict=True)]
    if isinstance(padding, str):
        before = tuple(item // 2 if padding == "same" else 0 for item in reach)
        both = tuple(reach) if padding == "same" else (0,) * count
    else:
        before = _axes(padding, count)
        both = tuple(2 * item for item in before)
    places = [(x[2 + d] + both[d] - reach[d] - 1) // steps[d] + 1 for d in range(count)]
    outputs = weight[0] // groups
    for n, o, c in product(range(x[0]), range(weight[0]), range(weight[1])):
        for i in product(*map(range, places)):
            for k in product(*map(range, weight[2:])):
                at = tuple(steps[d] * i[d] + gaps[d] * k[d] - before[d] for d in range(count))
                if all(0 <= at[d] < x[2 + d] for d in range(count)):
                    yield (n, o, *i), (n, o // outputs * weight[1] + c, *at), (o, c, *k)


def _shape(x: Place, weight: Place, stride: Any, padding: Any, dilation: Any) -> Place:
    count = len(weight) - 2
    if padding == "same":
        return (x[0], weight[0], *x[2:])
    steps, gaps = _axes(stride, count), _axes(dilation, count)
    pads = _axes(0 if padding == "valid" else padding, count)
    lengths = [(x[2 + d] + 2 * pads[d] - gaps[d] * (weight[2 + d] - 1) - 1) // steps[d] + 1 for d in range(count)]
    return (x[0], weight[0], *lengths)


def conv(
    x: Array, weight: Array, bias: Array | None = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Array:  # fmt: skip
    """z[n, o, i] = sum of x[n, c, stride * i + dilation * k - padding] * weight[o, c, k] + bias[o]."""
    z = np.zeros(_shape(x.shape, weight.shape, stride, padding, dilation), np.result_type(x, weight))
    for out, at, k in _pairs(x.shape, weight.shape, stride, padding, dilation, groups):
        z[out] += x[at] * weight[k]
    return z if bias is None else z + bias.reshape(-1, *(1,) * (weight.ndim - 2))


def conv_input_gradient(
    g: Array, weight: Array, *, shape: Place, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Array:
    """z[n, c, stride * i + dilation * k - padding] = sum of g[n, o, i] * weight[o, c, k]."""
    z = np.zeros(shape, np.result_type(g, weight))
    for out, at, k in _pairs(shape, weight.shape, stride, padding, dilation, groups):
        z[at] += g[out] * weight[k]
    return z


def conv_weight_gradient(
    g: Array, x: Array, *, shape: Place, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Array:
    """z[o, c, k] = sum of g[n, o, i] * x[n, c, stride * i + dilation * k - padding]."""
    z = np.zeros(shape, np.result_type(g, x))
    for out, at, k in _pairs(x.shape, shape, stride, padding, dilation, groups):
        z[k] += g[out] * x[at]
    return z


def conv_transpose(
    x: Array, weight: Array, bias: Array | None = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Array:  # fmt: skip
    """z[n, o, stride * i + dilation * k - padding] = sum of x[n, c, i] * weight[c, o, k], + bias[o]."""
    count = weight.ndim - 2
    steps, cuts, more, gaps = (_axes(item, count) for item in (stride, padding, output_padding, dilation))
    lengths = [
        (x.shape[2 + d] - 1) * steps[d] - 2 * cuts[d] + gaps[d] * (weight.shape[2 + d] - 1) + more[d] + 1
        for d in range(count)
    ]
    outputs, inputs = weight.shape[1], weight.shape[0] // groups
    z = np.zeros((x.shape[0], outputs * groups, *lengths), np.result_type(x, weight))
    for n, c, o in product(range(x.shape[0]), range(weight.shape[0]), range(outputs)):
        for i, k in product(np.ndindex(*x.shape[2:]), np.ndindex(*weight.shape[2:])):
            at = tuple(steps[d] * i[d] + gaps[d] * k[d] - cuts[d] for d in range(count))
            if all(0 <= at[d] < lengths[d] for d in range(count)):
                z[(n, c // inputs * outputs + o, *at)] += x[(n, c, *i)] * weight[(c, o, *k)]
    return z if bias is None else z + bias.reshape(-1, *(1,) * count)
