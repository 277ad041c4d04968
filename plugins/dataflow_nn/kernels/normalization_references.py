"""Normalisation straight from the definition: one group after the other, with sums of Python's own."""

from __future__ import annotations

from collections.abc import Iterator
from math import fsum, sqrt
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Axes = int | tuple[int, ...]


def _groups(shape: tuple[int, ...], axis: Axes) -> Iterator[list[tuple[int, ...]]]:
    """The places that are normalised together."""
    axes = {item % len(shape) for item in (axis if isinstance(axis, tuple) else (axis,))}
    groups: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for place in np.ndindex(*shape):
        groups.setdefault(tuple(item for d, item in enumerate(place) if d not in axes), []).append(place)
    yield from groups.values()


def _statistics(values: list[float], epsilon: float, centered: bool) -> tuple[float, float]:
    mean = fsum(values) / len(values) if centered else 0.0
    return mean, 1 / sqrt(fsum((x - mean) ** 2 for x in values) / len(values) + epsilon)


def _full(weight: Array | None, shape: tuple[int, ...], default: float) -> Array:
    return np.full(shape, default) if weight is None else np.broadcast_to(weight, shape)


def normalize(
    x: Array, weight: Array | None = None, bias: Array | None = None, *, axis: Axes, epsilon: float = 1e-5,
    centered: bool = True,
) -> Array:  # fmt: skip
    """(x - mean) / (mean of (x - mean) ** 2 + epsilon) ** (1/2) * weight + bias."""
    z, factors, terms = np.zeros(x.shape), _full(weight, x.shape, 1.0), _full(bias, x.shape, 0.0)
    for group in _groups(x.shape, axis):
        mean, scale = _statistics([float(x[place]) for place in group], epsilon, centered)
        for place in group:
            z[place] = (x[place] - mean) * scale * factors[place] + terms[place]
    return z


def normalize_gradient(
    g: Array, x: Array, weight: Array | None = None, *, axis: Axes, epsilon: float = 1e-5, centered: bool = True
) -> tuple[Array, Array, Array]:
    """The chain rule, from every element of a group to every other."""
    dx, factors = np.zeros(x.shape), _full(weight, x.shape, 1.0)
    dweight = np.zeros((1,) * x.ndim if weight is None else weight.shape)
    dbias = np.zeros_like(dweight)
    for group in _groups(x.shape, axis):
        mean, scale = _statistics([float(x[place]) for place in group], epsilon, centered)
        y = {place: (x[place] - mean) * scale for place in group}
        share = 1 / len(group)
        for i in group:
            for j in group:
                slope = scale * ((i == j) - (share if centered else 0.0) - share * y[i] * y[j])
                dx[j] += g[i] * factors[i] * slope
            if weight is not None:
                at = tuple(0 if length == 1 else item for item, length in zip(i, weight.shape, strict=True))
                dweight[at] += g[i] * y[i]
                dbias[at] += g[i]
    return dx, dweight, dbias


def _along(weight: Array | None, ndim: int, axes: tuple[int, ...], shape: tuple[int, ...]) -> Array | None:
    return None if weight is None else weight.reshape([shape[d] if d in axes else 1 for d in range(ndim)])


def layer_norm(
    x: Array, weight: Array | None = None, bias: Array | None = None, *, axis: Axes = -1, epsilon: float = 1e-5
) -> Array:
    """Groups along the axes."""
    axes = tuple(item % x.ndim for item in (axis if isinstance(axis, tuple) else (axis,)))
    weight, bias = _along(weight, x.ndim, axes, x.shape), _along(bias, x.ndim, axes, x.shape)
    return normalize(x, weight, bias, axis=axes, epsilon=epsilon)


def rms_norm(x: Array, weight: Array | None = None, *, axis: Axes = -1, epsilon: float = 1e-6) -> Array:
    """Groups along the axes, the mean not subtracted."""
    axes = tuple(item % x.ndim for item in (axis if isinstance(axis, tuple) else (axis,)))
    return normalize(x, _along(weight, x.ndim, axes, x.shape), axis=axes, epsilon=epsilon, centered=False)


def batch_norm(
    x: Array, weight: Array | None = None, bias: Array | None = None, running_mean: Array | None = None,
    running_var: Array | None = None, *, epsilon: float = 1e-5,
) -> Array:  # fmt: skip
    """Groups of one channel, or the statistics that are given."""
    z = np.zeros(x.shape)
    for channel in range(x.shape[1]):
        part = x[:, channel]
        mean, scale = (
            _statistics([float(item) for item in part.reshape(-1)], epsilon, True) if part.size else (0.0, 1.0)
        )
        if running_mean is not None and running_var is not None:
            mean, scale = float(running_mean[channel]), 1 / sqrt(float(running_var[channel]) + epsilon)
        factor = 1.0 if weight is None else weight[channel]
        z[:, channel] = (part - mean) * scale * factor + (0.0 if bias is None else bias[channel])
    return z


def group_norm(
    x: Array, weight: Array | None = None, bias: Array | None = None, *, num_groups: int, epsilon: float = 1e-5
) -> Array:
    """Groups of some channels of one sample."""
    z, size = np.zeros(x.shape), x.shape[1] // num_groups
    for sample in range(x.shape[0]):
        for first in range(0, x.shape[1], size):
            part = x[sample, first : first + size]
            mean, scale = _statistics([float(item) for item in part.reshape(-1)], epsilon, True)
            z[sample, first : first + size] = (part - mean) * scale
    factors, terms = (_along(item, x.ndim, (1,), x.shape) for item in (weight, bias))
    return z * (1.0 if factors is None else factors) + (0.0 if terms is None else terms)


def instance_norm(x: Array, weight: Array | None = None, bias: Array | None = None, *, epsilon: float = 1e-5) -> Array:
    """Groups of one channel of one sample."""
    return group_norm(x, weight, bias, num_groups=x.shape[1], epsilon=epsilon)
