"""Operators written with JAX, to be compared with ours: `TWINS[name](*inputs, **attributes)` on its arrays.

A twin gives NotImplemented where JAX has nothing to compare with. What JAX lacks is put together from what it has, so
that the gradient is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from tests.benchmarks import jax_arrays, jax_layers, jax_linalg

jax: Any = import_module("jax")
jnp: Any = import_module("jax.numpy")
special: Any = import_module("jax.scipy.special")

SAME = (
    "add subtract multiply divide reciprocal floor_divide remainder fmod negative positive abs pow square sqrt "
    "cbrt hypot ceil floor round trunc sign exp exp2 expm1 log log2 log10 log1p logaddexp logaddexp2 sin cos "
    "tan asin acos atan atan2 rad2deg deg2rad sinc sinh cosh tanh asinh acosh atanh equal not_equal less "
    "less_equal greater greater_equal isfinite isinf isnan signbit logical_and logical_or logical_xor "
    "logical_not bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift bitwise_invert "
    "maximum minimum fmax fmin nextafter clip nan_to_num where heaviside copysign zeros_like ones_like "
    "full_like sum mean prod nansum nanmean max min all any count_nonzero argmax argmin median var std sort "
    "argsort searchsorted cumulative_sum cumulative_prod trapezoid interp"
).split()
SPECIAL = (
    "erf erfc erfcx erfinv ndtr log_ndtr ndtri logit xlogy xlog1py entr rel_entr gammaln digamma zeta gammainc "
    "gammaincc beta betaln betainc i0e i1e logsumexp"
).split()
OVERFLOW = 700.0  # beyond, the slopes of JAX's i0 and i1 are NaN


def _scan(function: Callable[..., Any], x: Any, *, axis: int | None = None) -> Any:
    return function(x, axis=0 if axis is None else axis % x.ndim)


def _linear_recurrence(x: Any, a: Any, *, axis: int = -1, reverse: bool = False) -> Any:
    def step(last: Any, item: Any) -> Any:
        z = item[0] + item[1] * last
        return z, z

    moved = [jnp.moveaxis(item, axis, 0) for item in (x, jnp.broadcast_to(a, x.shape))]
    first = jnp.zeros(moved[0].shape[1:], x.dtype)
    return jnp.moveaxis(jax.lax.scan(step, first, tuple(moved), reverse=reverse)[1], 0, axis)


def _diff(x: Any, prepend: Any = None, append: Any = None, *, axis: int = -1, n: int = 1) -> Any:
    return jnp.diff(x, n=n, axis=axis, prepend=prepend, append=append)


def _trapezoid(y: Any, x: Any = None, *, dx: float = 1.0, axis: int = -1) -> Any:
    return jnp.trapezoid(y, x, dx=dx, axis=axis) if y.size else NotImplemented


def _quantile(x: Any, *, q: Any, **attributes: Any) -> Any:
    return jnp.quantile(x, jnp.asarray(q, x.dtype), **attributes)


def _top_k(x: Any, *, k: int, axis: int = -1, largest: bool = True) -> Any:
    moved = jnp.moveaxis(x, axis, -1)
    values, places = jax.lax.top_k(moved if largest else -moved, k)
    return jnp.moveaxis(values if largest else -values, -1, axis), jnp.moveaxis(places, -1, axis)


def _bessel(function: Callable[..., Any], x: Any, *, v: int) -> Any:
    """The mean over a period, which is exact to rounding for what is smooth, once there are enough places."""
    count = 16384
    t = jnp.asarray(np.arange(count) * (2 * np.pi / count))
    return function(x[..., None], t, v).mean(axis=-1)


_jv = partial(_bessel, lambda x, t, v: jnp.cos(v * t - x * jnp.sin(t)))
_iv = partial(_bessel, lambda x, t, v: jnp.exp(x * jnp.cos(t)) * jnp.cos(v * t))

TWINS: Mapping[str, Callable[..., Any]] = {
    **{name: getattr(jnp, name) for name in SAME},
    **{name: getattr(special, name) for name in SPECIAL},
    "identity": jnp.copy,
    "lerp": lambda x, y, weight: (1 - weight) * x + weight * y,
    "frac": lambda x: jnp.modf(x)[0],
    "polygamma": lambda x, *, n: special.polygamma(n, x),
    "jv": _jv,
    "j0": partial(_jv, v=0),
    "j1": partial(_jv, v=1),
    "iv": _iv,
    "i0": lambda x: special.i0(x) if jnp.all(jnp.abs(x) < OVERFLOW) else NotImplemented,
    "i1": lambda x: special.i1(x) if jnp.all(jnp.abs(x) < OVERFLOW) else NotImplemented,
    "cumulative_max": partial(_scan, jax.lax.cummax),
    "cumulative_min": partial(_scan, jax.lax.cummin),
    "log_cumulative_sum_exp": partial(_scan, jax.lax.cumlogsumexp),
    "linear_recurrence": _linear_recurrence,
    "diff": _diff,
    "trapezoid": _trapezoid,
    "searchsorted": lambda x, y, sorter=None, **more: jnp.searchsorted(x if sorter is None else x[sorter], y, **more),
    "quantile": _quantile,
    "top_k": _top_k,
    **jax_arrays.TWINS,
    **jax_linalg.TWINS,
    **jax_layers.TWINS,
}
